//go:build unix

package local

import (
	"os"
	"strings"
)

// mount is a mounted file system.
type mount struct{ point, fstype string }

// readMounts reads the mounts of this process; none where there is no /proc.
func readMounts() []mount {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	return parseMounts(data)
}

// parseMounts reads the format of /proc/PID/mountinfo; proc_pid_mountinfo(5).
func parseMounts(data []byte) []mount {
	var list []mount
	for line := range strings.Lines(string(data)) {
		before, after, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if ok && len(f) >= 5 && len(g) >= 1 {
			list = append(list, mount{point: unoctal(f[4]), fstype: g[0]})
		}
	}
	return list
}

// unoctal resolves \ooo.
func unoctal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && isOctal(s[i+1:]) {
			b = append(b, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// mountOf returns the mount on which path lies: the last one with the longest
// mount point, as later mounts hide earlier ones.
func mountOf(list []mount, path string) (best mount) {
	for _, m := range list {
		if under(path, m.point) && len(m.point) >= len(best.point) {
			best = m
		}
	}
	return best
}

// remote reports whether a server decides who reads what is on the mount, or a
// program of which we know nothing.
func (m mount) remote() bool {
	switch m.fstype {
	case "cifs", "smb3", "smbfs", "nfs", "nfs4", "9p", "virtiofs", "ceph", "glusterfs", "lustre", "afs",
		"gpfs", "beegfs", "ncpfs", "coda", "fuse", "fuseblk":
		return true
	}
	return strings.HasPrefix(m.fstype, "fuse.")
}
