//go:build unix

package local

import (
	"os"
	"strings"
)

// mount is a mounted file system.
type mount struct {
	point, fstype string
	source        string   // what is mounted: //host/share, host:/path
	options       []string // of the file system, such as sec=sys
}

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
			m := mount{point: unoctal(f[4]), fstype: g[0]}
			if len(g) >= 3 {
				m.source, m.options = unoctal(g[1]), strings.Split(g[2], ",")
			}
			list = append(list, m)
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

// smb reports whether the mount is a share of a server that speaks SMB.
func (m mount) smb() bool { return m.fstype == "cifs" || m.fstype == "smb3" || m.fstype == "smbfs" }

// nfs reports whether the mount is an export of a server that speaks NFS.
func (m mount) nfs() bool { return m.fstype == "nfs" || m.fstype == "nfs4" }

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
