//go:build unix && !linux

package local

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

var errNoACL = errors.New("ACLs are not read on this platform")

// chainOf reads the modes of the file at path, an absolute path without
// symbolic links, and of every directory above it. ACLs are not read.
func chainOf(path string) (chain, error) {
	path = filepath.Clean(path)
	var c chain
	for end := 1; ; {
		at := path[:end]
		var st unix.Stat_t
		if err := retry(func() error { return unix.Lstat(at, &st) }); err != nil {
			return nil, wrapErrno(err)
		}
		n := node{
			path: at, mode: uint32(st.Mode), uid: st.Uid, gid: st.Gid, nlink: uint64(st.Nlink),
			ctime: time.Unix(0, unix.TimespecToNsec(st.Ctim)),
		}
		c = append(c, n)
		if end == len(path) {
			c[len(c)-1].aclErr = errNoACL
			return c, nil
		}
		if i := strings.IndexByte(path[end+1:], '/'); i >= 0 {
			end += 1 + i
		} else {
			end = len(path)
		}
	}
}
