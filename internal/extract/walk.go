package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
)

// Input is the bytes of one thing, read from its beginning, or at random where
// At is not nil. Size is -1 where it is not known.
type Input struct {
	io.Reader
	At   io.ReaderAt
	Size int64
}

// Visitor takes what lies in an item. It is called by one goroutine.
type Visitor interface {
	// Text takes a stream that is wrapped in nothing more. inner is its path
	// within the item, "" for the item itself. at names its places, once it was
	// read; nil: lines and columns serve. An error ends the walk.
	Text(inner string, r io.Reader, at *Places) error

	// Gap takes something that could not be read, or not to its end.
	Gap(inner string, err error)
}

// Walker unwraps items, one at a time. It belongs to one goroutine.
type Walker struct {
	Limits    Limits
	Passwords Passwords
	Process   *Process // runs the formats that are isolated; nil: they run here

	keys  *keys
	stock stock
}

// Version changes when something else would be found in the same bytes.
const Version = 2

// headSize is how much of a stream is looked at to tell what it is.
const headSize = 4 << 10

// Wrapped reports whether a stream that begins with head holds other streams.
// It is cheap: it is asked of every item.
func Wrapped(head []byte) bool { return formatOf(head) != nil }

// Walk hands all that lies in an item to v. What cannot be read is told to v;
// the error is v's own or ctx's.
func (wr *Walker) Walk(ctx context.Context, in Input, v Visitor) error {
	l := wr.Limits.withDefaults() // they bound the layers one by one, and all of them together
	limited, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	if wr.keys == nil {
		wr.keys = &keys{passwords: wr.Passwords.list()}
	}
	w := &walk{ctx: limited, limits: l, visitor: v, process: wr.Process, apart: wr.Process == nil, keys: wr.keys, stock: &wr.stock, size: max(in.Size, 0)}
	err := w.stream(place{}, in)
	if ctx.Err() != nil || err == nil {
		return ctx.Err()
	}
	if end := new(over); errors.As(err, &end) {
		return end.err
	}
	v.Gap("", err)
	return nil
}

// walk is the unwrapping of one item.
type walk struct {
	ctx     context.Context
	limits  Limits
	visitor Visitor
	process *Process
	apart   bool // this is a child: it may take more memory
	keys    *keys
	stock   *stock

	size     int64 // of the item, in bytes; 0 not known
	produced int64
	entries  int
	held     int64 // bytes held in memory for reading at random
}

// place is where in an item a stream lies.
type place struct {
	inner string
	depth int
}

// in returns the place of something called name in p.
func (p place) in(name string) place {
	return place{inner: p.inner + "!" + shown(name), depth: p.depth + 1}
}

// over ends a walk: err is what Walk returns, nil after a limit of the whole
// item, which the visitor has been told.
type over struct{ err error }

func (e *over) Error() string {
	if e.err == nil {
		return "the walk is over"
	}
	return e.err.Error()
}

// stream looks at one stream and unwraps it or hands it over. Its error ends
// the walk: a limit of the whole item, the visitor's, or ctx's.
func (w *walk) stream(p place, in Input) error {
	br := w.stock.reader(in.Reader)
	defer w.stock.putReader(br)
	head, err := br.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return w.text(p, io.MultiReader(bytes.NewReader(head), failed{err}), nil)
	}
	in.Reader = br
	f := formatOf(head)
	if f != nil && p.depth >= w.limits.Depth {
		w.visitor.Gap(p.inner, limitf("more than %d wrappings within one another", w.limits.Depth))
		f = nil
	}
	if f == nil {
		return w.text(p, br, nil)
	}
	if w.process != nil && f.apart(head) {
		err = w.process.unpack(w, f, p, in)
	} else {
		err = w.guarded(f, p, in)
	}
	return w.spoiled(p, err)
}

// guarded runs a format's reader here. A panic in it is an error: hostile
// content costs what lies in it and no more. The panic's value is not kept,
// because it could quote the content.
func (w *walk) guarded(f *format, p place, in Input) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%s: %w at %s", f.name, ErrFailed, panicSite())
		}
	}()
	if err := f.unpack(w, p, in); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}

// panicSite names the function that panicked.
func panicSite() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") || !more {
			return f.Function
		}
	}
}

// spoiled makes a gap of what went wrong with one stream, and returns what ends
// the whole walk.
func (w *walk) spoiled(p place, err error) error {
	if err == nil {
		return nil
	}
	if end := new(over); errors.As(err, &end) {
		return end
	}
	full := w.exhausted()
	switch {
	case full == nil:
		w.visitor.Gap(p.inner, err)
		return nil
	case errors.Is(full, context.Canceled):
		return &over{full}
	}
	w.visitor.Gap(p.inner, full)
	return &over{}
}

// text hands a stream over.
func (w *walk) text(p place, r io.Reader, at *Places) error {
	t := &tail{r: r}
	if err := w.visitor.Text(p.inner, t, at); err != nil {
		return &over{err}
	}
	return w.spoiled(p, t.err)
}

// tail keeps an error of reading to itself: the visitor sees the end of the
// stream, so that what stood before it is not lost.
type tail struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (t *tail) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, io.EOF
	}
	n, err := t.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err, err = err, io.EOF
	}
	return n, err
}

// child unwraps something called name that lies at p. made returns how many
// bytes it was made of so far, or at most; nil means that nothing was expanded.
func (w *walk) child(p place, name string, r io.Reader, made func() int64) error {
	if w.entries++; w.entries > w.limits.Entries {
		return w.exhausted()
	}
	return w.stream(p.in(name), Input{Reader: &meter{w: w, r: r, made: made}, Size: -1})
}

// layer unwraps what the thing at p was made of, where that has no name of its
// own. made is as for child.
func (w *walk) layer(p place, r io.Reader, made func() int64) error {
	p.depth++
	return w.stream(p, Input{Reader: &meter{w: w, r: r, made: made}, Size: -1})
}

// derived hands over text that was made of the thing at p, which has a place of
// its own only where name is not empty.
func (w *walk) derived(p place, name string, r io.Reader, at *Places) error {
	if name != "" {
		if w.entries++; w.entries > w.limits.Entries {
			return w.exhausted()
		}
		p = p.in(name)
	}
	return w.text(p, &meter{w: w, r: r}, at)
}

// exhausted says which limit of the whole item was reached; nil: none.
func (w *walk) exhausted() error {
	switch {
	case errors.Is(w.ctx.Err(), context.DeadlineExceeded):
		return limitf("unpacking took more than %s", w.limits.Timeout)
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case w.produced > w.limits.Bytes:
		return limitf("more than %d bytes unpacked", w.limits.Bytes)
	case w.size > 0 && w.produced > itemFloor && w.produced/w.limits.Ratio > w.size:
		return limitf("more than %d times as much unpacked as it is large", w.limits.Ratio)
	case w.entries > w.limits.Entries:
		return limitf("more than %d things in it", w.limits.Entries)
	}
	return nil
}

// meter charges what is read through it.
type meter struct {
	w    *walk
	r    io.Reader
	made func() int64
	n    int64
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.w.produced += int64(n)
	if full := m.w.exhausted(); full != nil {
		return n, full
	}
	if m.made != nil && m.n > ratioFloor && m.n > m.w.limits.Ratio*max(m.made(), 1) {
		return n, limitf("more than %d times as large as what it was made of", m.w.limits.Ratio)
	}
	return n, err
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) count() int64 { return c.n }

// atRandom returns in for reading at random, held in memory if it must be, and
// a function that lets go of it. With an error that wraps ErrLimit, the answer
// can be read in order, from its beginning.
func (w *walk) atRandom(in Input) (Input, func(), error) {
	if in.At != nil && in.Size >= 0 {
		return in, func() {}, nil
	}
	room := w.limits.Memory - w.held
	var b []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		b = append(b, buf[:n]...)
		if int64(len(b)) > room {
			in.Reader = io.MultiReader(bytes.NewReader(b), in.Reader)
			return in, nil, limitf("larger than the %d bytes that may be held", w.limits.Memory)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return in, nil, err
		}
	}
	clear(buf)
	w.held += int64(len(b))
	at := bytes.NewReader(b)
	return Input{Reader: at, At: at, Size: int64(len(b))}, func() { w.held -= int64(len(b)); clear(b) }, nil
}

// failed is a reader that has come to an error.
type failed struct{ err error }

// Read implements io.Reader.
func (f failed) Read([]byte) (int, error) { return 0, f.err }
