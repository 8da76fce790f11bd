//go:build unix && !linux

package local

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const (
	oNoatime = 0 // no such flag here
	oPath    = 0
)

// readDir adds the entries of the directory h to l, unsorted. What was read
// before an error stays in l.
func readDir(h handle, l *listing, _ bool) error {
	fd, err := unix.Openat(h, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return wrapErrno(err)
	}
	f := os.NewFile(uintptr(fd), ".")
	defer func() { _ = f.Close() }()
	for {
		ents, err := f.ReadDir(1024)
		for _, e := range ents {
			l.add([]byte(e.Name()), kindOfFileMode(e.Type()))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return wrapErrno(err)
		}
	}
}

// pseudo is always false: there are no such file systems here.
func pseudo(handle) bool { return false }
