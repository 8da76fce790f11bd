package local

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// dirs holds open directories of one tree, those used lately, keyed by their
// raw path relative to the root. What was let go is opened again from the
// nearest held ancestor, one component at a time. Safe for concurrent use: the
// way to a held directory takes no lock that a system call is made under.
type dirs struct {
	root   *dir
	max    int  // directories held while nobody uses them
	follow bool // components may be symbolic links

	mu   sync.RWMutex
	held map[string]*dir
	ring []*dir // the held ones in the order in which they may go
}

// dir is an open directory. It stays open while it is in use or held.
type dir struct {
	path string
	h    handle
	id   dirID
	refs atomic.Int32 // users, and one for being held; 0: closed
	used atomic.Bool  // since its turn to go came last

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
			d.used.Store(true)
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

func newDirs(root handle, id dirID, limit int, follow bool) *dirs {
	c := &dirs{root: &dir{h: root, id: id}, max: limit, follow: follow, held: make(map[string]*dir)}
	c.root.refs.Store(1)
	return c
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
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if d := c.held[path[:i]]; d != nil && d.take() {
			if i == len(path) {
				return d, ""
			}
			return d, path[i+1:]
		}
	}
	c.root.take()
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
	n := &dir{path: path, h: h, id: id}
	n.refs.Store(2)

	c.mu.Lock()
	other := c.held[path]
	if other != nil && other.take() { // another goroutine was faster
		c.mu.Unlock()
		closeDir(h)
		return other, nil
	}
	c.held[path] = n
	c.ring = append(c.ring, n)
	gone := c.evict(c.max)
	c.mu.Unlock()
	giveAll(gone)
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
	var gone []*dir
	c.mu.Lock()
	for i := len(path); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if d := c.held[path[:i]]; d != nil {
			delete(c.held, d.path)
			c.ring = slices.DeleteFunc(c.ring, func(r *dir) bool { return r == d })
			gone = append(gone, d)
		}
	}
	c.mu.Unlock()
	giveAll(gone)
}

// shed lets go of all held directories: the process is out of descriptors.
func (c *dirs) shed() {
	c.mu.Lock()
	gone := c.evict(0)
	c.mu.Unlock()
	giveAll(gone)
}

// evict takes directories out until at most keep are held, and returns them.
// One that was used since its last turn goes to the end of the queue first.
func (c *dirs) evict(keep int) (gone []*dir) {
	for len(c.ring) > keep {
		d := c.ring[0]
		c.ring = c.ring[1:]
		if keep > 0 && d.used.Swap(false) {
			c.ring = append(c.ring, d)
			continue
		}
		delete(c.held, d.path)
		gone = append(gone, d)
	}
	return gone
}

func giveAll(gone []*dir) {
	for _, d := range gone {
		d.give()
	}
}

func (c *dirs) close() {
	c.shed()
	c.root.give()
}
