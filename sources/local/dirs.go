package local

import (
	"container/list"
	"errors"
	"strings"
	"sync"
)

// dirs holds open directories of one tree, the most recently used ones, keyed
// by their raw path relative to the root. What was let go is opened again from
// the nearest held ancestor, one component at a time. Safe for concurrent use.
type dirs struct {
	root   *dir
	max    int  // directories held while nobody uses them
	follow bool // components may be symbolic links

	mu   sync.Mutex
	byID map[string]*list.Element // of *dir
	lru  *list.List               // front: used last
}

// dir is an open directory. It stays open while it is in use or cached.
type dir struct {
	path   string
	h      handle
	id     dirID
	refs   int  // guarded by dirs.mu, as is cached
	cached bool // in dirs.byID

	reading sync.Mutex // the position of h in the directory
	moved   bool       // that position is not the start
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

func newDirs(root handle, id dirID, limit int, follow bool) *dirs {
	return &dirs{
		root: &dir{h: root, id: id}, max: limit, follow: follow,
		byID: make(map[string]*list.Element), lru: list.New(),
	}
}

// acquire returns the directory at path ("" is the root), which the caller must
// release. Errors are those of the operating system.
func (c *dirs) acquire(path string) (*dir, error) {
	if path == "" {
		return c.root, nil
	}
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
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if e := c.byID[path[:i]]; e != nil {
			c.lru.MoveToFront(e)
			d := e.Value.(*dir)
			d.refs++
			if i == len(path) {
				return d, ""
			}
			return d, path[i+1:]
		}
	}
	return c.root, path
}

// step opens the directory name in d and holds it under path.
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
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byID[path]; e != nil { // another goroutine was faster
		closeDir(h)
		held := e.Value.(*dir)
		held.refs++
		return held, nil
	}
	n := &dir{path: path, h: h, id: id, refs: 1, cached: true}
	c.byID[path] = c.lru.PushFront(n)
	c.evict(c.max)
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
func (c *dirs) retain(d *dir) {
	if d == c.root {
		return
	}
	c.mu.Lock()
	d.refs++
	c.mu.Unlock()
}

// release gives back what acquire returned.
func (c *dirs) release(d *dir) {
	if d == c.root {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	d.refs--
	if d.refs == 0 && !d.cached {
		closeDir(d.h)
	}
}

// forget makes the next acquire of path, and of every directory above it, look
// at the tree again.
func (c *dirs) forget(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if e := c.byID[path[:i]]; e != nil {
			c.drop(e)
		}
	}
}

// shed lets go of all held directories: the process is out of descriptors.
func (c *dirs) shed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evict(0)
}

func (c *dirs) evict(keep int) {
	for c.lru.Len() > keep {
		c.drop(c.lru.Back())
	}
}

func (c *dirs) drop(e *list.Element) {
	d := e.Value.(*dir)
	c.lru.Remove(e)
	delete(c.byID, d.path)
	d.cached = false
	if d.refs == 0 {
		closeDir(d.h)
	}
}

func (c *dirs) close() {
	c.shed()
	closeDir(c.root.h)
}
