package slackexport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"mislaid/sources"
)

// folder is an export that was unpacked. An os.Root keeps everything below it,
// whatever links lie there.
type folder struct{ root *os.Root }

func openFolder(dir string) (*folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, typed(err)
	}
	return &folder{root}, nil
}

// errNotRegular is a FIFO, a device, or whatever else is no file.
var errNotRegular = &sources.SkipError{Reason: "not a regular file"}

// openRegular opens a file by open without waiting for anybody, and refuses what
// is no regular file.
func openRegular(open func(string, int, fs.FileMode) (*os.File, error), name string) (*os.File, error) {
	f, err := open(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, typed(err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func (d *folder) dirs() ([]string, error) {
	list, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, typed(err)
	}
	var dirs []string
	for _, e := range list {
		if e.IsDir() {
			dirs = append(dirs, e.Name())
		}
	}
	return dirs, nil
}

func (d *folder) under(ctx context.Context, dir string, yield func(entry, error) bool) {
	if err := ctx.Err(); err != nil {
		yield(entry{}, err)
		return
	}
	d.walk(ctx, dir, dir == "", yield)
}

// walk lists the files below dir in order of their names. Two names compare as
// the paths below them do: a folder counts as its name and a slash.
func (d *folder) walk(ctx context.Context, dir string, flat bool, yield func(entry, error) bool) bool {
	open := dir
	if open == "" {
		open = "."
	}
	f, err := d.root.Open(open)
	if errors.Is(err, fs.ErrNotExist) && !strings.Contains(dir, "/") {
		return true // a conversation in which nobody said anything
	}
	if err != nil {
		return yield(entry{name: dir}, typed(err))
	}
	list, err := f.ReadDir(-1)
	_ = f.Close()
	if err != nil {
		return yield(entry{name: dir}, typed(err))
	}
	sortEntries(list)
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			yield(entry{}, err)
			return false
		}
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir():
			if !flat && !d.walk(ctx, name, false, yield) {
				return false
			}
			continue
		case e.Type()&fs.ModeSymlink != 0:
			err = &sources.SkipError{Reason: "symlink"}
		case !e.Type().IsRegular():
			err = errNotRegular
		default:
			err = nil
		}
		found := entry{name: name, size: -1}
		if err == nil {
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				found = entryOf(name, info)
			}
			err = typed(err)
		}
		if !yield(found, err) {
			return false
		}
	}
	return true
}

func entryOf(name string, info fs.FileInfo) entry {
	return entry{
		name: name, size: info.Size(), mod: info.ModTime(),
		version: fmt.Sprintf("%d-%d", info.ModTime().UnixNano(), info.Size()),
	}
}

func (d *folder) find(name string) (entry, error) {
	if !fs.ValidPath(name) && !oddButPlain(name) {
		return entry{}, fmt.Errorf("not in the export: %w", sources.ErrGone)
	}
	info, err := d.root.Lstat(name)
	if err != nil {
		return entry{}, typed(notThere(err))
	}
	switch {
	case info.IsDir():
		return entry{}, fmt.Errorf("a folder: %w", sources.ErrGone)
	case !info.Mode().IsRegular():
		return entry{}, errNotRegular
	}
	return entryOf(name, info), nil
}

// oddButPlain reports whether name, which is no UTF-8, is still a plain relative
// path.
func oddButPlain(name string) bool {
	if name == "" || strings.ContainsRune(name, 0) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// notThere makes a path that leads through a file, or is too long to exist, one
// that does not exist.
func notThere(err error) error {
	for _, e := range []error{syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.EINVAL} {
		if errors.Is(err, e) {
			return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
	}
	return err
}

func (d *folder) open(e entry) (io.ReadCloser, error) {
	return openRegular(d.root.OpenFile, e.name)
}

func (d *folder) torn() error { return nil }

func (d *folder) close() error { return d.root.Close() }

// sortEntries orders a folder's entries as the paths below them are ordered.
func sortEntries(list []fs.DirEntry) {
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(pathName(a), pathName(b)) })
}

func pathName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
