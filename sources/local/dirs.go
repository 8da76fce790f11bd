package local

import (
	"errors"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
)

// dirs holds open directories of one tree, those used lately, found by their
// raw path relative to the root. What was let go is opened again from the
// nearest held ancestor, one component at a time. Safe for concurrent use.
//
// It is a table in which a directory has one place, by the hash of its path,
// and keeps it until another needs it: no lock stands between the readers, who
// come here for every file, and the crawler.
type dirs struct {
	root   *dir
	follow bool // components may be symbolic links
	seed   maphash.Seed
	held   []atomic.Pointer[dir]
}

// dir is an open directory. It stays open while it is in use or held.
type dir struct {
	path string
	h    handle
	id   dirID
	refs atomic.Int32 // users, and one for being held; 0: closed

	reading sync.Mutex // the position of h in the directory
	moved   bool       // that position is not the start
}

// take adds a user, unless d is closed.
func (d *dir) take() bool {
	for {
		n := d.refs.Load()
		if n == 0 {
			return false
		}
		if d.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// give takes a user away.
func (d *dir) give() {
	if d.refs.Add(-1) == 0 {
		closeDir(d.h)
	}
}

// list reads the entries of d into l, sorted. What was read before an error
// is in l.
func (d *dir) list(l *listing) error {
	l.reset()
	d.reading.Lock()
	err := readDir(d.h, l, d.moved)
	d.moved = true
	d.reading.Unlock()
	l.sort()
	return err
}

// dirID tells directories apart; the zero value means "cannot tell".
type dirID struct{ dev, ino uint64 }

// newDirs returns an empty table that holds at most limit directories besides
// the root.
func newDirs(root handle, id dirID, limit int, follow bool) *dirs {
	c := &dirs{
		root: &dir{h: root, id: id}, follow: follow,
		seed: maphash.MakeSeed(), held: make([]atomic.Pointer[dir], max(1, limit)),
	}
	c.root.refs.Store(1)
	return c
}

// place is where the directory at path is held, if it is.
func (c *dirs) place(path string) *atomic.Pointer[dir] {
	return &c.held[maphash.String(c.seed, path)%uint64(len(c.held))]
}

// acquire returns the directory at path ("" is the root), which the caller must
// release. Errors are those of the operating system.
func (c *dirs) acquire(path string) (*dir, error) {
	d, rest := c.nearest(path)
	for rest != "" {
		name, more, _ := strings.Cut(rest, "/")
		next, err := c.step(d, path[:len(path)-len(rest)+len(name)], name)
		c.release(d)
		if err != nil {
			return nil, err
		}
		d, rest = next, more
	}
	return d, nil
}

// nearest returns the deepest held directory on the way to path, in use, and
// what is left of path.
func (c *dirs) nearest(path string) (*dir, string) {
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		d := c.place(path[:i]).Load()
		if d == nil || d.path != path[:i] || !d.take() {
			continue
		}
		if i == len(path) {
			return d, ""
		}
		return d, path[i+1:]
	}
	c.root.take()
	return c.root, path
}

// step opens the directory name in d and holds it under path, in place of
// whatever was held there.
func (c *dirs) step(d *dir, path, name string) (*dir, error) {
	h, err := c.openDir(d, name)
	if err != nil {
		return nil, err
	}
	id, err := identify(h)
	if err != nil {
		closeDir(h)
		return nil, err
	}
	n := &dir{path: path, h: h, id: id}
	n.refs.Store(2)
	if old := c.place(path).Swap(n); old != nil {
		old.give()
	}
	return n, nil
}

func (c *dirs) openDir(d *dir, name string) (handle, error) {
	h, err := openSub(d.h, name, c.follow)
	if errors.Is(err, errTooManyOpen) {
		c.shed()
		h, err = openSub(d.h, name, c.follow)
	}
	return h, err
}

// retain makes d stay open until one more release.
func (c *dirs) retain(d *dir) { d.take() }

// release gives back what acquire returned.
func (c *dirs) release(d *dir) { d.give() }

// forget makes the next acquire of path, and of every directory above it, look
// at the tree again.
func (c *dirs) forget(path string) {
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		place := c.place(path[:i])
		if d := place.Load(); d != nil && d.path == path[:i] && place.CompareAndSwap(d, nil) {
			d.give()
		}
	}
}

// shed lets go of all held directories: the process is out of descriptors.
func (c *dirs) shed() {
	for i := range c.held {
		if d := c.held[i].Swap(nil); d != nil {
			d.give()
		}
	}
}

func (c *dirs) close() {
	c.shed()
	c.root.give()
}
