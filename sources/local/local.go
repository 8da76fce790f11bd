package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"mislaid/internal/pace"
	"mislaid/internal/paths"
	"mislaid/sources"
)

// Config says what to crawl. Only Root must be set.
type Config struct {
	Root string // a directory or a single file; a link given as the root is followed

	// Include and Exclude are doublestar patterns: with a slash they are
	// matched against the slash path relative to the root, without one against
	// the last name of it. What matches a directory holds for all within.
	Include, Exclude []string

	OneFileSystem  bool   // stay on the file system of the root
	FollowSymlinks bool   // follow links, out of the root as well; not on Windows
	Attrs          bool   // list size, time and version as well, at the price of one more call per file
	MaxDirs        int    // directories held open while idle; 0: 256, less where descriptors are scarce
	Etc            string // the directory that describes the machine (passwd, group, exports, …); "": /etc

	Ops pace.Limiter // opening a file and listing a directory; nil: no limit
}

// Source is a tree or a file of this machine. It is safe for concurrent use.
type Source struct {
	config  Config
	filter  paths.Filter
	info    sources.Info
	root    string // absolute, without links, of the directory that dirs.root is
	leaf    string // the one file that is listed, as it is called in root; "" is the whole tree
	leafID  string
	dirs    *dirs
	pseudo  bool // the root lies in a pseudo file system
	machine view
	close   sync.Once
}

// idleDirs is how many directories are held unless Config says otherwise: as
// many as a bounded queue of items before the readers is likely to span.
const idleDirs = 512

// ContainerID is the ID of the one container of a Source.
const ContainerID = "."

// New opens the root. The error is a *sources.RootError when the root cannot be read.
func New(c Config) (*Source, error) {
	if err := checkConfig(c); err != nil {
		return nil, err
	}
	f, err := paths.NewFilter(c.Include, c.Exclude)
	if err != nil {
		return nil, err
	}
	s := &Source{config: c, filter: f}
	if err := s.openRoot(); err != nil {
		return nil, &sources.RootError{Source: "file://" + filepath.ToSlash(c.Root), Err: err}
	}
	etc := c.Etc
	if etc == "" {
		etc = "/etc"
	}
	s.machine = newView(etc)
	s.info.Notes = s.machine.notes(filepath.Join(s.root, s.leaf))
	return s, nil
}

func (s *Source) openRoot() error {
	abs, err := filepath.Abs(s.config.Root)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return typed(err)
	}
	st, err := os.Stat(real)
	if err != nil {
		return typed(err)
	}
	switch {
	case st.IsDir():
		s.root = real
	case st.Mode().IsRegular():
		s.root, s.leaf = filepath.Dir(real), filepath.Base(real)
		s.leafID = paths.Legible(filepath.Base(abs))
	default:
		return errors.New("neither a directory nor a regular file")
	}
	h, err := openRoot(s.root, s.leaf == "")
	if err != nil {
		return err
	}
	if s.leaf != "" {
		if err := readable(h, s.leaf); err != nil {
			closeDir(h)
			return err
		}
	}
	id, err := identify(h)
	if err != nil {
		closeDir(h)
		return err
	}
	limit := s.config.MaxDirs
	if limit <= 0 {
		limit = idleDirs
	}
	s.dirs = newDirs(h, id, max(1, min(limit, descriptorLimit()/4)), s.config.FollowSymlinks)
	s.pseudo = pseudo(h)
	title := paths.Legible(abs)
	s.info = sources.Info{Name: "file://" + filepath.ToSlash(title), Type: "local", Title: title, Looks: true}
	return nil
}

// readable reports why the file name in h cannot be opened, if it cannot.
func readable(h handle, name string) error {
	f, err := openFile(h, name, false)
	if err != nil {
		return err
	}
	closeFile(f)
	return nil
}

// typed adds the sentinel of package sources to an error of package os.
func typed(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", sources.ErrDenied, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", sources.ErrGone, err)
	}
	return err
}

// Info describes the tree.
func (s *Source) Info() sources.Info {
	i := s.info
	i.Notes = append([]string(nil), i.Notes...)
	return i
}

// Containers lists the one container, the whole tree.
func (s *Source) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(sources.Container{}, err)
			return
		}
		yield(sources.Container{ID: ContainerID, Name: s.info.Title}, nil)
	}
}

// Items lists the tree depth first, the entries of each directory sorted by the
// bytes of their names. Leaving out and failing are errors with an item: a
// *sources.SkipError, or one that wraps ErrDenied, ErrGone or ErrUnsupported.
func (s *Source) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		if c.ID != ContainerID {
			yield(sources.Item{}, fmt.Errorf("local: no container %q: %w", c.ID, sources.ErrGone))
			return
		}
		if s.leaf != "" {
			s.single(ctx, after, yield)
			return
		}
		w := &walk{src: s, ctx: ctx, yield: yield}
		w.run(after)
	}
}

func (s *Source) single(ctx context.Context, after sources.Cursor, yield func(sources.Item, error) bool) {
	if string(after) == s.leafID {
		return
	}
	it, err := s.Item(ctx, sources.Ref{Source: s.info.Name, Container: ContainerID, Item: s.leafID})
	if ctx.Err() != nil {
		yield(sources.Item{}, ctx.Err())
		return
	}
	if err != nil {
		it = s.item(s.leafID)
	}
	yield(it, err)
}

// item is the Item of a regular file.
func (s *Source) item(id string) sources.Item {
	return sources.Item{
		Container: ContainerID, ID: id, Path: id, Attr: sources.Attr{Size: -1},
		Cursor: sources.Cursor(id), Ranges: true,
	}
}

// Item finds a file again by its ID.
func (s *Source) Item(ctx context.Context, ref sources.Ref) (sources.Item, error) {
	if err := ctx.Err(); err != nil {
		return sources.Item{}, err
	}
	dirPath, name, err := s.locate(ref.Item)
	if err == nil && ref.Container != ContainerID {
		err = fmt.Errorf("local: no container %q: %w", ref.Container, sources.ErrGone)
	}
	if err != nil {
		return sources.Item{}, err
	}
	if s.leaf == "" && !s.filter.Wanted(joinRaw(dirPath, name)) {
		return sources.Item{}, &sources.SkipError{Reason: "excluded"}
	}
	var k kind
	it := s.item(ref.Item)
	err = s.within(dirPath, func(d *dir) (err error) {
		k, it.Attr, err = attrAt(d.h, name, s.config.FollowSymlinks)
		return err
	})
	if err != nil {
		return sources.Item{}, fmt.Errorf("local: %s: %w", ref.Item, sentinel(err))
	}
	if k == kindDir {
		return sources.Item{}, fmt.Errorf("local: %s: is a directory: %w", ref.Item, sources.ErrGone)
	}
	if k != kindFile {
		return sources.Item{}, &sources.SkipError{Reason: k.skipReason()}
	}
	return it, nil
}

// Open reads n bytes of the item from off. The Body and its Read follow ctx.
// An item that is no regular file by now is a *sources.SkipError.
func (s *Source) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dirPath, name, err := s.locate(it.ID)
	if err != nil {
		return nil, err
	}
	if off < 0 {
		return nil, fmt.Errorf("local: %s: negative offset", it.ID)
	}
	if err := s.pace(ctx); err != nil {
		return nil, err
	}
	var f file
	err = s.within(dirPath, func(d *dir) (err error) {
		f, err = openFile(d.h, name, s.config.FollowSymlinks)
		if errors.Is(err, errTooManyOpen) {
			s.dirs.shed()
			f, err = openFile(d.h, name, s.config.FollowSymlinks)
		}
		if err != nil {
			if k, _, statErr := statAt(d.h, name, s.config.FollowSymlinks); statErr == nil && k != kindFile && k != kindDir {
				return &sources.SkipError{Reason: k.skipReason()}
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("local: open %s: %w", it.ID, sentinel(err))
	}
	b := newBody(ctx, s, it.ID, f, off, n)
	if err := b.check(it.Attr.Version); err != nil {
		_ = b.Close()
		return nil, err
	}
	return b, nil
}

// pace waits until the limit lets one more operation happen.
func (s *Source) pace(ctx context.Context) error {
	if s.config.Ops == nil {
		return nil
	}
	return s.config.Ops.Wait(ctx, 1)
}

// within calls f with the directory at the raw path. When something is gone it
// looks a second time without the held descriptors, which may be those of a
// directory that was replaced since.
func (s *Source) within(path string, f func(*dir) error) error {
	for again := path != ""; ; again = false {
		d, err := s.dirs.acquire(path)
		if err == nil {
			err = f(d)
			s.dirs.release(d)
		}
		if err == nil || !again || !isGone(err) {
			return err
		}
		s.dirs.forget(path)
	}
}

// locate returns the raw directory and name that an ID stands for.
func (s *Source) locate(id string) (dirPath, name string, err error) {
	if s.leaf != "" {
		if id != s.leafID {
			return "", "", fmt.Errorf("local: %s: %w", id, sources.ErrGone)
		}
		return "", s.leaf, nil
	}
	dirPath, name, ok := paths.SplitID(id)
	if !ok || !validName(id) {
		return "", "", fmt.Errorf("local: no listing gives the ID %q: %w", id, sources.ErrGone)
	}
	return dirPath, name, nil
}

// sentinel makes an error of the operating system wrap the one of package
// sources that it matches, so that both can be told.
func sentinel(err error) error {
	for _, s := range []error{sources.ErrDenied, sources.ErrGone} {
		if errors.Is(err, s) {
			return fmt.Errorf("%w (%w)", s, err)
		}
	}
	return err
}

func isGone(err error) bool { return errors.Is(err, sources.ErrGone) }

func joinRaw(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// Close lets go of all directories.
func (s *Source) Close() error {
	s.close.Do(s.dirs.close)
	return nil
}
