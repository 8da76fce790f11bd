package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"mislaid/detectors"
	"mislaid/internal/extract"
	"mislaid/internal/journal"
	"mislaid/sources"
)

// Extraction says how what items are wrapped in is opened.
type Extraction struct {
	Off       bool
	Limits    extract.Limits
	Passwords extract.Passwords
	Command   []string // starts a program that calls extract.Serve; nil: every format is read in this process
}

func (o Options) walker() *extract.Walker {
	if o.Extract.Off {
		return nil
	}
	wr := &extract.Walker{Limits: o.Extract.Limits, Passwords: o.Extract.Passwords}
	if len(o.Extract.Command) > 0 {
		wr.Process = &extract.Process{Command: o.Extract.Command}
	}
	return wr
}

// innerStream is one stream that lies in an item and holds candidates.
type innerStream struct {
	path  string
	first int // index of its first candidate
	place func(a detectors.Atom) (journal.Position, string)
}

// innerGap is something in an item that could not be read.
type innerGap struct {
	path string
	err  error
}

// innerOf returns the stream that holds candidate i, nil for the item itself.
func (f *finds) innerOf(i int) *innerStream {
	n, found := slices.BinarySearchFunc(f.inner, i, func(s innerStream, i int) int { return s.first - i })
	if !found {
		n--
	}
	if n < 0 {
		return nil
	}
	return &f.inner[n]
}

// gaps are the records of what could not be read in an item.
func (f *finds) gaps(o Options, ref sources.Ref, path string) []journal.Record {
	var records []journal.Record
	for _, g := range f.unread {
		records = append(records, gapRecord(o, ref, path, g.path, g.err))
	}
	return records
}

// unwrap scans what lies in an item that is wrapped in something. The window
// holds its beginning, and is needed for what lies in it.
func (w *worker) unwrap(ctx context.Context, it sources.Item, f finds, body sources.Body, r io.Reader, first span) (finds, error) {
	head := bytes.Clone(w.win.buf[:first.have])
	defer clear(head)
	all := errors.Is(first.err, io.EOF)
	in := extract.Input{Reader: io.MultiReader(bytes.NewReader(head), r), Size: f.attr.Size}
	f.bytes = max(f.attr.Size, int64(first.have))
	switch {
	case all:
		in.At, in.Size = bytes.NewReader(head), int64(len(head))
		f.bytes = in.Size
	case it.Ranges:
		at := &ranges{w: w, ctx: ctx, it: it}
		at.it.Attr = f.attr // every range must be of the version that was opened
		defer at.close()
		blocks := extract.NewBlocks(at, rangeSize, rangesKept)
		defer blocks.Forget()
		in.At, in.Size = blocks, f.attr.Size
	}
	f.place = place(it)
	u := &unwrapping{worker: w, ctx: ctx, it: it, finds: &f}
	err := w.wrap.Walk(ctx, in, u)
	if err == nil && slices.ContainsFunc(f.unread, func(g innerGap) bool { return g.path == "" }) {
		err = w.raw(ctx, it, head, all, u)
	}
	if err != nil || len(f.candidates) == 0 {
		return f, err
	}
	w.Progress.Candidates.Add(int64(len(f.candidates)))
	if all {
		sum := sha256.Sum256(head)
		f.sum = hex.EncodeToString(sum[:])
	} else if f.sum, err = w.sum(ctx, it, f, nil); err != nil {
		return f, err
	}
	if changed, cerr := body.Changed(); cerr == nil && changed {
		err = fmt.Errorf("%s: %w", it.Path, sources.ErrChanged)
	}
	return f, err
}

// raw scans the bytes of an item whose wrapping could not be opened, as they
// are: what is not compressed in it is found.
func (w *worker) raw(ctx context.Context, it sources.Item, head []byte, all bool, u *unwrapping) error {
	if all {
		return u.Text("", bytes.NewReader(head), nil)
	}
	if w.info.Once {
		return nil
	}
	it.Attr = u.finds.attr
	body, err := w.src.Open(ctx, it, 0, -1)
	if err != nil {
		return err
	}
	defer body.Close()
	return u.Text("", w.paced(ctx, body), nil)
}

// unwrapping is the extract.Visitor of one item.
type unwrapping struct {
	*worker
	ctx   context.Context
	it    sources.Item
	finds *finds
}

// Text implements extract.Visitor.
func (u *unwrapping) Text(inner string, r io.Reader, places *extract.Places) error {
	begin := whole
	begin.have, begin.err = u.win.prime(r)
	head := u.win.buf[:begin.have]
	order, wide := extract.UTF16(head[:min(len(head), detectors.HeadSize)])
	if wide {
		held := bytes.Clone(head) // the window is needed for what is made of it
		defer clear(held)
		r = io.MultiReader(bytes.NewReader(held), failing{r, begin.err})
		r, begin = extract.Narrow(r, order), whole
	}
	if inner != "" {
		defer func(name string) { u.win.name = name }(u.win.name)
		u.win.name = innerName(inner)
	}
	d, err := u.win.drag(u.ctx, r, begin)
	u.finds.streams++
	defer u.explain(inner, places, d.n)
	atoms := slices.Clone(d.atoms)
	if wide {
		atoms = mergeWide(nil, atoms)
	}
	u.finds.atoms = append(u.finds.atoms, atoms...)
	if errors.Is(err, errTooManyAtoms) {
		u.Gap(inner, err)
		err = nil
	}
	if err != nil || len(atoms) == 0 {
		return err
	}
	first := len(u.finds.candidates)
	found := u.Set.Join(nil, atoms, u.Trace)
	if u.Accept != nil {
		found = slices.DeleteFunc(found, func(c detectors.Candidate) bool { return !u.Accept(c, u.it.Path+inner) })
	}
	u.finds.candidates = append(u.finds.candidates, found...)
	if len(u.finds.candidates) > first {
		u.finds.inner = append(u.finds.inner, innerStream{path: inner, first: first, place: innerPlace(places)})
	}
	return nil
}

// explain keeps what was told of one stream.
func (u *unwrapping) explain(inner string, places *extract.Places, n int64) {
	if !u.Trace.On() {
		return
	}
	if t := *u.Trace; len(t.Atoms)+len(t.Drops)+len(t.Candidates) > 0 {
		at := innerPlace(places)
		u.finds.explained = append(u.finds.explained, Explained{
			Path: inner, Trace: t, Bytes: n, Place: func(a detectors.Atom) journal.Position { p, _ := at(a); return p },
		})
	}
	*u.Trace = detectors.Trace{}
}

// failing reads r, or has come to an error already.
type failing struct {
	r   io.Reader
	err error // nil: not yet
}

// Read implements io.Reader.
func (f failing) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.r.Read(p)
}

// innerName is the file name at the end of an inner path.
func innerName(inner string) string {
	inner = inner[strings.LastIndexAny(inner, "!/")+1:]
	return strings.TrimPrefix(inner, "attachment ")
}

// Gap implements extract.Visitor.
func (u *unwrapping) Gap(inner string, err error) {
	u.finds.unread = append(u.finds.unread, innerGap{inner, err})
}

// innerPlace returns how the position of an inner stream's atoms is told.
func innerPlace(places *extract.Places) func(a detectors.Atom) (journal.Position, string) {
	lines := place(sources.Item{})
	return func(a detectors.Atom) (journal.Position, string) {
		p, within := lines(a)
		p.Name = places.At(a.Off)
		return p, within
	}
}

// rangeSize is how much of an item is read at once when it is read at random, and
// rangesKept how many such pieces are kept.
const (
	rangeSize  = 256 << 10
	rangesKept = 8
)

// ranges reads an item at random. It keeps one open body for as long as reading
// goes forward.
type ranges struct {
	w    *worker
	ctx  context.Context
	it   sources.Item
	body sources.Body
	next int64 // where body reads on
}

// ReadAt implements io.ReaderAt. It is not safe for concurrent use.
func (s *ranges) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.it.Attr.Size {
		return 0, io.EOF
	}
	if s.body == nil || s.next != off {
		s.close()
		body, err := s.w.src.Open(s.ctx, s.it, off, -1)
		if err != nil {
			return 0, err
		}
		s.body, s.next = body, off
	}
	n, err := fill(s.w.paced(s.ctx, s.body), p)
	s.next += int64(n)
	if n == len(p) {
		err = nil
	}
	return n, err
}

func (s *ranges) close() {
	if s.body != nil {
		_ = s.body.Close() // it was only read
		s.body = nil
	}
}
