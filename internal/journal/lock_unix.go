//go:build unix && !aix && !solaris

package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openNoFollow opens path unless its last component is a symlink. O_NONBLOCK
// keeps a FIFO from blocking the open; on a regular file it means nothing.
func openNoFollow(path string, flag int) (*os.File, error) {
	return os.OpenFile(path, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
}

// lock takes the file for this process alone, until it is closed.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// syncDir makes a new name in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil // some file systems cannot flush a directory
	}
	return errors.Join(err, d.Close())
}
