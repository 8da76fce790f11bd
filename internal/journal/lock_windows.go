package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// openNoFollow opens path unless its last component is a symlink.
func openNoFollow(path string, flag int) (*os.File, error) {
	if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("open %s: is a symbolic link", path)
	}
	return os.OpenFile(path, flag, 0o600)
}

// lock takes the file for this process alone, until it is closed. A lock on
// Windows keeps others from reading what it covers: this one covers a byte far
// behind the end, so that a running scan can be followed.
func lock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrLocked
	}
	return err
}

// syncDir does nothing: NTFS journals names itself.
func syncDir(string) error { return nil }
