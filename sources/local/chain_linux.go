package local

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mislaid/sources/ntacl"
)

// chainOf reads the rights of the file at path, an absolute path without
// symbolic links, and of every directory above it. It follows no link and needs
// no more than the right to pass the directories.
func chainOf(path string) (chain, error) {
	const flags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Open("/", flags|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, wrapErrno(err)
	}
	defer func() { closeDir(fd) }()
	root, err := nodeOf(fd, "/")
	if err != nil {
		return nil, err
	}
	c := chain{root}
	path = filepath.Clean(path)
	for rest := strings.TrimPrefix(path, "/"); rest != ""; {
		name, more, deeper := strings.Cut(rest, "/")
		rest = more
		add := 0
		if deeper {
			add = unix.O_DIRECTORY
		}
		next, err := unix.Openat(fd, name, flags|add, 0)
		if err != nil {
			return nil, wrapErrno(err)
		}
		closeDir(fd)
		fd = next
		at := strings.TrimSuffix(path[:len(path)-len(rest)], "/")
		if rest == "" {
			at = path
		}
		n, err := nodeOf(fd, at)
		if err != nil {
			return nil, err
		}
		c = append(c, n)
	}
	c[len(c)-1].nt = readDescriptors(fd)
	return c, nil
}

func nodeOf(fd int, path string) (node, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return node{}, wrapErrno(err)
	}
	n := node{
		path: path, mode: st.Mode, uid: st.Uid, gid: st.Gid, nlink: uint64(st.Nlink),
		ctime: time.Unix(0, unix.TimespecToNsec(st.Ctim)),
	}
	n.acl, n.aclErr = readACL(fd)
	return n, nil
}

// aclAttribute is where Linux keeps the access ACL; acl(5).
const aclAttribute = "system.posix_acl_access"

// readACL returns the ACL of what fd refers to, nil when there is none.
func readACL(fd int) (acl, error) {
	value, err := attribute(fd, aclAttribute)
	if value == nil || err != nil {
		return nil, err
	}
	return parseACL(value)
}

// readDescriptors reads the security descriptors of what fd refers to.
func readDescriptors(fd int) (d descriptors) {
	switch value, err := attribute(fd, remoteAttribute); {
	case err != nil:
		d.remoteErr = err
	case value == nil:
		d.remoteErr = errNotShown
	default:
		d.remote, d.remoteErr = ntacl.Parse(value)
	}
	value, err := attribute(fd, sharedAttribute)
	if value != nil && err == nil {
		d.shared, err = ntacl.ParseSamba(value)
	}
	d.sharedErr = err
	return d
}

// attribute returns the extended attribute of what fd refers to, nil when there
// is none. The detour over /proc is for O_PATH descriptors, which fgetxattr(2)
// refuses.
func attribute(fd int, name string) ([]byte, error) {
	link := fmt.Sprintf("/proc/self/fd/%d", fd)
	buf := make([]byte, 512)
	for {
		n, err := unix.Getxattr(link, name, buf)
		switch {
		case err == nil:
			return buf[:n], nil
		case errors.Is(err, unix.ENODATA), errors.Is(err, unix.EOPNOTSUPP):
			return nil, nil
		case errors.Is(err, unix.ERANGE) && len(buf) < 1<<16:
			buf = make([]byte, 2*len(buf))
		case errors.Is(err, unix.EINTR):
		default:
			return nil, err
		}
	}
}
