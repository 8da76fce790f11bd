package scan

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"mislaid/detectors"
)

// ownSpan is how many bytes of a stream one window owns.
const ownSpan = 512 << 10

// maxAtoms is how many atoms of one stream are held for Join. What lies beyond
// is a gap: a stream with more is made to exhaust us.
const maxAtoms = 100_000

// errTooManyAtoms says that a stream holds more than maxAtoms.
var errTooManyAtoms = errors.New("more than 100,000 strings that look like parts of a credential")

// window is the reusable buffer that a worker drags over streams. It belongs to
// one goroutine.
type window struct {
	finder *detectors.Finder
	margin int
	cpu    tokens
	read   *atomic.Int64 // bytes read, for people to watch
	buf    []byte
	head   []byte
	name   string // base name of the stream's file
	atoms  []detectors.Atom
}

func newWindow(o Options, cpu tokens) *window {
	f := o.Set.NewFinder()
	f.Trace = o.Trace
	return &window{
		finder: f,
		margin: o.Set.Margin(),
		cpu:    cpu,
		read:   &o.Progress.Bytes,
		buf:    make([]byte, ownSpan+2*o.Set.Margin()),
		head:   make([]byte, 0, detectors.HeadSize),
	}
}

// span is a stretch of a stream, and where its reading begins: at most a margin
// before it.
type span struct {
	read     int64 // offset of the reader's first byte
	from, to int64 // the stretch whose atoms are wanted; to < 0: to the end
	line     int   // line number at from
	start    int64 // offset of the first byte of that line, -1 unknown
	head     []byte

	// What prime has read into the window already.
	have int
	err  error
}

// whole is the span of a stream that is read from its beginning.
var whole = span{to: -1, line: 1}

// dragged is what dragging a window over a span gave.
type dragged struct {
	atoms []detectors.Atom // the window's own: valid until its next drag
	n     int64            // bytes read
	line  int              // line number at the span's end
	start int64            // offset of the first byte of that line, -1 before the span
	head  []byte           // the stream's beginning, as far as it was read: valid as long
	whole []byte           // the stream itself where the window held all of it, else nil
}

// prime reads the beginning of r into the window. io.EOF says that it is all.
func (w *window) prime(r io.Reader) (n int, err error) { return fill(r, w.buf) }

// drag reads r to the span's end and finds the atoms in it. With an error
// comes what was found until then.
func (w *window) drag(ctx context.Context, r io.Reader, s span) (d dragged, err error) {
	w.atoms = w.atoms[:0]
	w.head = append(w.head[:0], s.head...)
	d.head = w.head
	d.line, d.start = s.line, s.start

	base := s.read // offset of buf[0]
	from := int(s.from - s.read)
	n, rerr := s.have, s.err // bytes in buf, and what the reader said last
	for {
		if rerr == nil {
			var m int
			m, rerr = fill(r, w.buf[n:])
			n += m
		}
		w.read.Add(base + int64(n) - s.read - d.n)
		d.n = base + int64(n) - s.read
		end := errors.Is(rerr, io.EOF)
		if rerr != nil && !end {
			err = rerr
			end = true
		}
		if len(w.head) == 0 && base == 0 {
			d.head = w.buf[:min(n, detectors.HeadSize)]
		}
		to := n
		if !end {
			to = n - w.margin
		}
		switch {
		case s.to >= 0 && base+int64(to) >= s.to:
			to = int(s.to - base)
			end = true
		case s.to >= 0 && end && err == nil:
			err = io.ErrUnexpectedEOF
		}
		if to > from {
			w.cpu.take()
			w.atoms, d.line, d.start = w.finder.Find(w.atoms, detectors.Window{
				Name: w.name, Head: d.head, Bytes: w.buf[:n], Base: base, From: from, To: to, Line: d.line, LineStart: d.start,
			})
			w.cpu.give()
		}
		if len(w.atoms) > maxAtoms {
			destroyAtoms(w.atoms[maxAtoms:])
			w.atoms = w.atoms[:maxAtoms]
			err = errTooManyAtoms
			end = true
		}
		if end {
			if base == 0 && err == nil && s.to < 0 {
				d.whole = w.buf[:n]
			}
			d.atoms = w.atoms
			return d, err
		}
		if err := ctx.Err(); err != nil {
			destroyAtoms(w.atoms)
			w.atoms = w.atoms[:0]
			return d, err
		}
		if len(w.head) == 0 {
			w.head = append(w.head, d.head...) // the window moves on
			d.head = w.head
		}
		keep := max(0, to-w.margin)
		rerr = nil
		n = copy(w.buf, w.buf[keep:n])
		base += int64(keep)
		from = to - keep
	}
}

// fill reads until p is full or r has an error to tell.
func fill(r io.Reader, p []byte) (n int, err error) {
	for idle := 0; n < len(p) && err == nil; {
		var m int
		m, err = r.Read(p[n:])
		n += m
		if idle++; m > 0 {
			idle = 0
		} else if idle == 100 && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

// clear forgets the bytes of an item that held a credential.
func (w *window) clear() { w.clearIf(true) }

func (w *window) clearIf(held bool) {
	if !held {
		return
	}
	clear(w.buf)
	clear(w.head[:cap(w.head)])
	clear(w.atoms[:cap(w.atoms)])
}

func destroyAtoms(atoms []detectors.Atom) {
	for _, a := range atoms {
		a.Value.Destroy()
	}
}
