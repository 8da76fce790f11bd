//go:build unix

package local

import (
	"errors"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"

	"mislaid/sources"
)

// handle is an open directory.
type handle = int

// errTooManyOpen is matched by EMFILE and ENFILE.
var errTooManyOpen = errors.New("too many open files")

// errLinkLoop is matched by ELOOP.
var errLinkLoop = errors.New("too many symbolic links")

// sysError is an errno of an operation on a path component.
type sysError struct{ errno unix.Errno }

func (e sysError) Error() string { return e.errno.Error() }
func (e sysError) Unwrap() error { return e.errno }

func (e sysError) Is(target error) bool {
	switch e.errno {
	case unix.EMFILE, unix.ENFILE:
		return target == errTooManyOpen
	case unix.EACCES, unix.EPERM:
		return target == sources.ErrDenied
	case unix.ELOOP:
		return target == sources.ErrGone || target == errLinkLoop
	case unix.ENOENT, unix.ENOTDIR, unix.ESTALE:
		return target == sources.ErrGone
	}
	return false
}

func wrapErrno(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return sysError{errno}
	}
	return err
}

// retry calls f until a signal no longer interrupts it.
func retry(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// leasePatience bounds the wait for another process (an SMB server, say) to
// give up its lease on a file; see fcntl(2), F_SETLEASE.
const (
	leasePatience = 40
	leasePause    = 50 * time.Millisecond
)

// openAt opens name in the directory h for reading and leaves its access time
// alone where that is allowed.
func openAt(h handle, name string, flags int) (fd int, err error) {
	flags |= unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK
	noatime := oNoatime
	for wait := 0; ; {
		fd, err = unix.Openat(h, name, flags|noatime, 0)
		switch {
		case err == nil:
			return fd, nil
		case err == unix.EINTR:
		case err == unix.EPERM && noatime != 0:
			noatime = 0
		case err == unix.EAGAIN && wait < leasePatience:
			wait++
			time.Sleep(leasePause)
		default:
			return -1, wrapErrno(err)
		}
	}
}

// openSub opens the directory name in h.
func openSub(h handle, name string, follow bool) (handle, error) {
	return openAt(h, name, unix.O_DIRECTORY|linkFlag(follow))
}

// openFile opens name in h for reading. The caller must check that it is a
// regular file.
func openFile(h handle, name string, follow bool) (int, error) {
	return openAt(h, name, linkFlag(follow))
}

func linkFlag(follow bool) int {
	if follow {
		return 0
	}
	return unix.O_NOFOLLOW
}

// openRoot opens the directory that a tree hangs on. list says whether its
// entries will be read.
func openRoot(path string, list bool) (handle, error) {
	flags := unix.O_DIRECTORY | unix.O_CLOEXEC
	if !list {
		flags |= oPath
	}
	var fd int
	err := retry(func() (err error) { fd, err = unix.Open(path, flags, 0); return err })
	if err != nil {
		return -1, wrapErrno(err)
	}
	return fd, nil
}

func closeDir(h handle) { _ = unix.Close(h) }

// identify says which directory h is.
func identify(h handle) (dirID, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(h, &st) }); err != nil {
		return dirID{}, wrapErrno(err)
	}
	return dirID{dev: uint64(st.Dev), ino: st.Ino}, nil
}

// statAt says what name in h is, and its size.
func statAt(h handle, name string, follow bool) (kind, int64, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow {
		flags = 0
	}
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstatat(h, name, &st, flags) }); err != nil {
		return kindUnknown, 0, wrapErrno(err)
	}
	return kindOf(uint32(st.Mode)), st.Size, nil
}

// attrAt says what name in h is, and what there is to say of its bytes.
func attrAt(h handle, name string, follow bool) (kind, sources.Attr, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow {
		flags = 0
	}
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstatat(h, name, &st, flags) }); err != nil {
		return kindUnknown, sources.Attr{}, wrapErrno(err)
	}
	return kindOf(uint32(st.Mode)), stampOf(&st).attr(), nil
}

func kindOf(mode uint32) kind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return kindFile
	case unix.S_IFDIR:
		return kindDir
	case unix.S_IFLNK:
		return kindLink
	case unix.S_IFIFO:
		return kindFIFO
	case unix.S_IFSOCK:
		return kindSocket
	case unix.S_IFCHR, unix.S_IFBLK:
		return kindDevice
	}
	return kindOther
}

// modeString writes a Unix mode as ls does.
func modeString(mode uint32) string {
	m := fs.FileMode(mode & 0o777)
	switch kindOf(mode) {
	case kindDir:
		m |= fs.ModeDir
	case kindLink:
		m |= fs.ModeSymlink
	}
	return m.String()
}

// descriptorLimit is how many descriptors this process may hold.
func descriptorLimit() int {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return 64
	}
	return int(min(uint64(lim.Cur), 1<<20))
}

// checkConfig refuses what this platform cannot do.
func checkConfig(Config) error { return nil }
