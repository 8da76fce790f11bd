package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"mislaid/sources"
)

// Mem is a Source in memory. Items of a container are listed in the order of
// their IDs. It is safe for concurrent use, also while it is changed.
type Mem struct {
	name string

	mu         sync.Mutex
	containers []*memContainer
	faults     []*Fault
	version    int
	open       int
	attrs      bool
	opens      int
	expired    int // change tokens up to it are worth nothing
}

type memContainer struct {
	id      string
	items   map[string]*memItem
	changes bool
	removed map[string]int // ID → what version of the place took it away
}

type memItem struct {
	item     sources.Item
	data     []byte
	version  string
	seq      int
	mod      time.Time
	audience sources.Audience
	listed   error // yielded with the item instead of nil
}

// Op is an operation of a Source that a Fault can hit.
type Op string

// The operations.
const (
	OpContainers Op = "containers"
	OpItems      Op = "items" // once per item, before it is yielded
	OpItem       Op = "item"
	OpOpen       Op = "open"
	OpRead       Op = "read"
	OpAudience   Op = "audience"
)

// Fault makes operations go wrong.
type Fault struct {
	Op        Op
	Container string // "": any
	Item      string // ID; "": any
	Offset    int64  // OpRead: bytes before it are still delivered
	Err       error  // OpItems: ends the sequence unless Keep
	Keep      bool   // OpItems: the error comes with the item and the listing goes on
	Wait      bool   // instead of failing, wait until the context is done
	Times     int    // how often; 0: always
}

// NewMem returns an empty place called mem://name.
func NewMem(name string) *Mem { return &Mem{name: name} }

// MemID is the ID under which Mem lists a path: the path itself, quoted where it
// could not live in JSON.
func MemID(path string) string {
	if utf8.ValidString(path) && !strings.ContainsFunc(path, unicode.IsControl) && !strings.HasPrefix(path, `"`) {
		return path
	}
	return strconv.Quote(path)
}

// Put adds an item or replaces its bytes, which gives it a new version.
func (m *Mem) Put(container, path string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.container(container)
	if c == nil {
		c = &memContainer{id: container, items: map[string]*memItem{}, removed: map[string]int{}}
		m.containers = append(m.containers, c)
	}
	id := MemID(path)
	it := c.items[id]
	if it == nil {
		it = &memItem{
			item: sources.Item{
				Container: container, ID: id, Path: path, Attr: sources.Attr{Size: -1},
				Cursor: sources.Cursor(id), Ranges: true,
			},
			audience: sources.Audience{
				Now: sources.ReachOf(sources.OwnerOnly), Ever: sources.ReachOf(sources.OwnerOnly), EverKnown: true,
				Heads: sources.Heads{Min: 1, Max: 1},
			},
		}
		c.items[id] = it
	}
	m.version++
	it.data, it.version, it.seq = slices.Clone(data), "v"+strconv.Itoa(m.version), m.version
	delete(c.removed, id)
	it.mod = time.Unix(int64(m.version), 0)
}

// Remove takes an item away.
func (m *Mem) Remove(container, path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.container(container); c != nil && c.items[MemID(path)] != nil {
		delete(c.items, MemID(path))
		m.version++
		c.removed[MemID(path)] = m.version
	}
}

// Drop takes a whole container away.
func (m *Mem) Drop(container string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.containers = slices.DeleteFunc(m.containers, func(c *memContainer) bool { return c.id == container })
}

// Attrs makes listings tell size, time and version.
func (m *Mem) Attrs() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attrs = true
}

// Opens counts how often an item was opened.
func (m *Mem) Opens() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.opens
}

// Edit changes how an item is listed.
func (m *Mem) Edit(container, path string, edit func(*sources.Item)) {
	m.edit(container, path, func(it *memItem) { edit(&it.item) })
}

// List makes the listing yield err with the item.
func (m *Mem) List(container, path string, err error) {
	m.edit(container, path, func(it *memItem) { it.listed = err })
}

// SetAudience sets who can read an item.
func (m *Mem) SetAudience(container, path string, a sources.Audience) {
	m.edit(container, path, func(it *memItem) { it.audience = a })
}

func (m *Mem) edit(container, path string, f func(*memItem)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it := m.find(container, MemID(path))
	if it == nil {
		panic("sourcetest: no item " + strconv.Quote(path))
	}
	f(it)
}

// Fail orders a fault. Of several that apply the first one hits.
func (m *Mem) Fail(f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, &f)
}

// Heal calls off all faults.
func (m *Mem) Heal() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = nil
}

// Opened counts the bodies that are open.
func (m *Mem) Opened() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open
}

func (m *Mem) container(id string) *memContainer {
	for _, c := range m.containers {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (m *Mem) find(container, id string) *memItem {
	if c := m.container(container); c != nil {
		return c.items[id]
	}
	return nil
}

// hit returns the fault that is due, and counts it.
func (m *Mem) hit(op Op, container, item string, end int64) *Fault {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, f := range m.faults {
		if f.Op != op || f.Container != "" && f.Container != container || f.Item != "" && f.Item != item ||
			op == OpRead && end < f.Offset {
			continue
		}
		due := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				m.faults = slices.Delete(m.faults, i, i+1)
			}
		}
		return &due
	}
	return nil
}

// fail waits or fails as ordered.
func (m *Mem) fail(ctx context.Context, op Op, container, item string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.hit(op, container, item, 0).apply(ctx)
}

func (f *Fault) apply(ctx context.Context) error {
	if f == nil {
		return nil
	}
	if f.Wait {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.Err
}

// Info describes the place.
func (m *Mem) Info() sources.Info {
	return sources.Info{Name: "mem://" + m.name, Type: "mem", Title: m.name, Streams: 2}
}

// Containers lists the containers in the order in which they were made.
func (m *Mem) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) {
		m.mu.Lock()
		list := slices.Clone(m.containers)
		m.mu.Unlock()
		for _, c := range list {
			if err := m.fail(ctx, OpContainers, c.id, ""); err != nil {
				yield(sources.Container{}, err)
				return
			}
			if !yield(sources.Container{ID: c.id, Name: c.id, Changes: c.changes}, nil) {
				return
			}
		}
	}
}

// Items lists a container in the order of IDs, or its changes in the order in
// which they happened. A cursor of a container with changes is the token that
// was good when the listing began, and the last ID while it lasts.
func (m *Mem) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(sources.Item{}, err)
			return
		}
		l := m.listing(c.ID, string(after))
		if l.expired {
			yield(sources.Item{}, fmt.Errorf("mem: %q: %w", after, sources.ErrExpired))
			return
		}
		for _, id := range l.ids {
			it, listed, ok := m.listed(c.ID, id)
			if !ok && !l.changes {
				continue
			}
			if !ok {
				it, listed = sources.Item{Container: c.ID, ID: id, Path: id}, fmt.Errorf("mem: %q: %w", id, sources.ErrGone)
			}
			it.Cursor = l.cursor(it, id)
			if f := m.hit(OpItems, c.ID, it.ID, 0); f != nil {
				err := f.apply(ctx)
				if !f.Keep {
					yield(sources.Item{}, err)
					return
				}
				listed = err
			}
			if err := ctx.Err(); err != nil {
				yield(sources.Item{}, err)
				return
			}
			if !yield(it, listed) {
				return
			}
		}
		if l.token >= 0 {
			yield(sources.Item{Cursor: sources.Cursor(fmt.Sprintf("changes %d", l.end))}, nil)
		}
	}
}

// listed returns how an item is listed, and whether it is still there.
func (m *Mem) listed(container, id string) (it sources.Item, err error, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.find(container, id)
	if now == nil {
		return sources.Item{}, nil, false
	}
	return m.told(now), now.listed, true
}

// told returns an item with what listings tell of it. The caller holds the lock.
func (m *Mem) told(it *memItem) sources.Item {
	out := it.item
	if m.attrs {
		out.Attr = sources.Attr{Size: int64(len(it.data)), ModTime: it.mod, Version: it.version}
	}
	return out
}

// Item finds an item again.
func (m *Mem) Item(ctx context.Context, ref sources.Ref) (sources.Item, error) {
	if err := m.fail(ctx, OpItem, ref.Container, ref.Item); err != nil {
		return sources.Item{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	it := m.find(ref.Container, ref.Item)
	if it == nil {
		return sources.Item{}, fmt.Errorf("mem: %q: %w", ref.Item, sources.ErrGone)
	}
	return m.told(it), nil
}

// Open opens an item. What is read is what the item holds at that moment, as
// with a place whose items change under the reader.
func (m *Mem) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	if err := m.fail(ctx, OpOpen, it.Container, it.ID); err != nil {
		return nil, err
	}
	if off < 0 || off > 0 && !it.Ranges {
		return nil, fmt.Errorf("mem: %q cannot be opened at %d", it.ID, off)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.find(it.Container, it.ID)
	if now == nil {
		return nil, fmt.Errorf("mem: %q: %w", it.ID, sources.ErrGone)
	}
	if it.Attr.Version != "" && it.Attr.Version != now.version {
		return nil, fmt.Errorf("mem: %q: %w", it.ID, sources.ErrChanged)
	}
	m.open++
	m.opens++
	opened := sources.Attr{Size: int64(len(now.data)), ModTime: now.mod, Version: now.version}
	return &memBody{ctx: ctx, mem: m, item: now, opened: opened, off: off, left: max(n, -1)}, nil
}

// Audience returns what SetAudience set; the owner alone otherwise.
func (m *Mem) Audience(ctx context.Context, it sources.Item) (sources.Audience, error) {
	unknown := sources.Audience{
		Now: sources.UnknownReach(), Ever: sources.UnknownReach(), Heads: sources.Heads{Max: -1},
		Unresolved: []string{"the audience could not be asked for"},
	}
	if err := m.fail(ctx, OpAudience, it.Container, it.ID); err != nil {
		return unknown, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.find(it.Container, it.ID)
	if now == nil {
		return unknown, fmt.Errorf("mem: %q: %w", it.ID, sources.ErrGone)
	}
	return now.audience, nil
}

// Close does nothing.
func (m *Mem) Close() error { return nil }

type memBody struct {
	ctx    context.Context
	mem    *Mem
	item   *memItem
	opened sources.Attr // as it stood then
	off    int64
	left   int64 // -1: to the end
	closed bool
}

var errClosed = errors.New("mem: closed")

func (b *memBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.closed {
		return 0, errClosed
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	if b.left > 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	f := b.mem.hit(OpRead, b.item.item.Container, b.item.item.ID, b.off+int64(len(p)))
	if f != nil {
		if b.off >= f.Offset {
			return 0, f.apply(b.ctx)
		}
		p = p[:f.Offset-b.off]
		if f.Times > 0 { // it has not hit yet
			b.mem.Fail(Fault{Op: f.Op, Container: f.Container, Item: f.Item, Offset: f.Offset, Err: f.Err, Wait: f.Wait, Times: 1})
		}
	}
	b.mem.mu.Lock()
	defer b.mem.mu.Unlock()
	if b.off >= int64(len(b.item.data)) {
		return 0, io.EOF
	}
	n := copy(p, b.item.data[b.off:])
	b.off += int64(n)
	if b.left > 0 {
		b.left -= int64(n)
	}
	return n, nil
}

func (b *memBody) Attr() sources.Attr { return b.opened }

func (b *memBody) Changed() (bool, error) {
	b.mem.mu.Lock()
	defer b.mem.mu.Unlock()
	return b.item.version != b.opened.Version, nil
}

func (b *memBody) Close() error {
	b.mem.mu.Lock()
	defer b.mem.mu.Unlock()
	if b.closed {
		return errClosed
	}
	b.closed = true
	b.mem.open--
	return nil
}
