//go:build !unix

package local

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"mislaid/sources"
)

// handle is an open directory.
type handle = *os.Root

// These are matched by nothing here.
var (
	errTooManyOpen = errors.New("too many open files")
	errLinkLoop    = errors.New("too many symbolic links")
)

// sysError is an error of an operation on a path component.
type sysError struct{ err error }

func (e sysError) Error() string { return e.err.Error() }
func (e sysError) Unwrap() error { return e.err }

func (e sysError) Is(target error) bool {
	switch target {
	case sources.ErrDenied:
		return errors.Is(e.err, fs.ErrPermission)
	case sources.ErrGone:
		return errors.Is(e.err, fs.ErrNotExist)
	}
	return false
}

func wrapError(err error) error {
	if err == nil {
		return nil
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return sysError{err}
}

func openSub(h handle, name string, _ bool) (handle, error) {
	st, err := h.Lstat(name)
	if err != nil {
		return nil, wrapError(err)
	}
	if !st.IsDir() {
		return nil, sysError{fs.ErrNotExist}
	}
	sub, err := h.OpenRoot(name)
	return sub, wrapError(err)
}

// openFile opens name in h for reading. The caller must check that it is a
// regular file.
func openFile(h handle, name string, _ bool) (*os.File, error) {
	st, err := h.Lstat(name)
	if err != nil {
		return nil, wrapError(err)
	}
	if !st.Mode().IsRegular() {
		return nil, sysError{fs.ErrNotExist}
	}
	f, err := h.Open(name)
	if err != nil {
		return nil, wrapError(err)
	}
	return f, nil
}

func openRoot(path string, _ bool) (handle, error) {
	h, err := os.OpenRoot(path)
	return h, wrapError(err)
}

func closeDir(h handle) { _ = h.Close() }

// identify cannot tell directories apart here; only followed links need it.
func identify(handle) (dirID, error) { return dirID{}, nil }

func statAt(h handle, name string, _ bool) (kind, int64, error) {
	st, err := h.Lstat(name)
	if err != nil {
		return kindUnknown, 0, wrapError(err)
	}
	return kindOfFileMode(st.Mode()), st.Size(), nil
}

// attrAt says what name in h is, and what there is to say of its bytes.
func attrAt(h handle, name string, _ bool) (kind, sources.Attr, error) {
	st, err := h.Lstat(name)
	if err != nil {
		return kindUnknown, sources.Attr{}, wrapError(err)
	}
	return kindOfFileMode(st.Mode()), attrOf(st), nil
}

// readDir adds the entries of the directory h to l, unsorted. What was read
// before an error stays in l.
func readDir(h handle, l *listing, _ bool) error {
	f, err := h.Open(".")
	if err != nil {
		return wrapError(err)
	}
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
			return wrapError(err)
		}
	}
}

func pseudo(handle) bool { return false }

func descriptorLimit() int { return 1 << 20 }

// checkConfig refuses what this platform cannot do.
func checkConfig(c Config) error {
	if c.FollowSymlinks {
		return errors.New("local: links cannot be followed on this platform")
	}
	return nil
}
