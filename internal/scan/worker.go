package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"

	"mislaid/detectors"
	"mislaid/internal/extract"
	"mislaid/internal/journal"
	"mislaid/internal/pace"
	"mislaid/sources"
)

// worker owns items, one at a time, from opening to commit. It belongs to one
// goroutine.
type worker struct {
	Options
	src  sources.Source
	info sources.Info
	win  *window
	cpu  tokens
	hash *journal.SeenHasher
	wrap *extract.Walker // nil: nothing is unwrapped

	splitFrom, partSize int64 // bytes
}

func newWorker(o Options, src sources.Source, cpu tokens) *worker {
	return &worker{
		Options: o, src: src, info: src.Info(), win: newWindow(o, cpu), cpu: cpu, hash: o.hasher(), wrap: o.walker(),
		splitFrom: splitFrom, partSize: partSize,
	}
}

// close ends the worker's child process, if it has one.
func (w *worker) close() {
	if w.wrap != nil && w.wrap.Process != nil {
		_ = w.wrap.Process.Close() // it only reads
	}
}

// handle does a job's task and ends the job. Only an error of the sink, or
// ctx's, is returned.
func (w *worker) handle(ctx context.Context, j job) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch j.task {
	case taskKeep:
		return w.keep(ctx, &j)
	case taskFind:
		if ended, err := w.find(ctx, &j); ended {
			return err
		}
	case taskLook:
		if ended, err := w.look(ctx, &j); ended {
			return err
		}
	case taskAgain:
		if found, err := w.again(ctx, &j); !found {
			return err
		}
	}
	it := j.item
	path := it.Path // alone: the pointer makes the heap keep what it points into
	w.Progress.Current.Store(&path)
	f, err := w.scan(ctx, it)
	defer func() { f.destroy() }()
	if err == nil {
		err = w.streams(ctx, it, &f)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if w.Log.Enabled(ctx, slog.LevelDebug) {
		w.Log.Debug("item", "source", w.info.Name, "path", it.Path, "bytes", f.bytes, "candidates", len(f.candidates), "error", err)
	}
	if errors.Is(err, sources.ErrSession) && j.mark != nil {
		return j.lose(err)
	}
	d := done{counts: journal.Counts{Items: 1, Bytes: f.bytes}, seen: w.seen(&it, &f, err)}
	if reason, ok := skipReason(err); ok {
		w.Progress.Skipped.Add(1)
		return w.end(ctx, &j, done{counts: journal.Counts{Skipped: map[string]int64{reason: 1}}}, nil)
	}
	records := f.gaps(w.Options, w.ref(it), it.Path)
	if err != nil {
		d.counts.Items = 0
		records = append(records, gapRecord(w.Options, w.ref(it), it.Path, "", err))
	} else {
		w.Progress.Items.Add(1)
		if j.first != nil {
			j.first.add(j.key)
		}
	}
	if len(f.candidates) == 0 && (err != nil || len(j.earlier) == 0) {
		return w.end(ctx, &j, d, records)
	}
	var settled []journal.Record
	if len(f.candidates) > 0 {
		var lost error
		settled, lost = w.settle(ctx, it, f)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if lost != nil {
			return j.lose(lost)
		}
	}
	if err == nil {
		taken, lost := w.gone(ctx, it, missing(j.earlier, settled))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if lost != nil {
			return j.lose(lost)
		}
		records = append(records, taken...)
	}
	w.win.clear()
	if err := w.end(ctx, &j, d, append(settled, records...)); err != nil {
		return err
	}
	w.submit(it.Path, f.candidates)
	return nil
}

func (w *worker) ref(it sources.Item) sources.Ref {
	return sources.Ref{Source: w.info.Name, Container: it.Container, Item: it.ID}
}

// finds is what one item gave.
type finds struct {
	atoms      []detectors.Atom // own the secrets of the candidates
	candidates []detectors.Candidate
	attr       sources.Attr
	bytes      int64
	sum        string // SHA-256 of the item's bytes, hex; "" not known
	place      func(a detectors.Atom) (pos journal.Position, within string)
	marks      map[int]string // by line: the comment that asks to pass over it
	inner      []innerStream  // what lies in the item, in the order of its candidates; nil: the item is wrapped in nothing
	unread     []innerGap
	streams    int         // how many lie in it
	explained  []Explained // those of them that a Trace tells something of
}

func (f *finds) destroy() {
	destroyAtoms(f.atoms)
	for _, c := range f.candidates {
		c.Credential.Destroy()
	}
}

// scan reads an item and returns what it holds, also beside an error. It reads
// a second time if the item changed under it; after that the error says so, and
// only finds that stand close together are kept: two versions cannot have been
// spliced into them.
func (w *worker) scan(ctx context.Context, it sources.Item) (f finds, err error) {
	defer catch(&err)
	for try := 0; ; try++ {
		f, err = w.scanOnce(ctx, it)
		if !errors.Is(err, sources.ErrChanged) || w.info.Once {
			return f, err
		}
		if try == 1 {
			f.candidates = slices.DeleteFunc(f.candidates, func(c detectors.Candidate) bool {
				return extent(c) > ownSpan
			})
			return f, err
		}
		f.destroy()
		it.Attr.Version = "" // whichever it is by now
	}
}

// extent is how many bytes a candidate's atoms span.
func extent(c detectors.Candidate) int64 {
	lo, hi := c.Atoms[0].Off, c.Atoms[0].End
	for _, a := range c.Atoms {
		lo, hi = min(lo, a.Off), max(hi, a.End)
	}
	return hi - lo
}

// catch turns a panic of the function that defers it into its error: hostile
// content costs one item, not the run. The panic's value is not kept, because
// it could quote the content.
func catch(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("internal error at %s: this is our bug, please report it", panicSite())
	}
}

// panicSite names the function that panicked.
func panicSite() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") || !more {
			return fmt.Sprintf("%s:%d", f.Function, f.Line)
		}
	}
}

func (w *worker) scanOnce(ctx context.Context, it sources.Item) (f finds, err error) {
	w.win.name = baseName(it.Path)
	if it.Inline != nil {
		return w.scanInline(ctx, it)
	}
	if err := w.wait(ctx); err != nil {
		return f, err
	}
	body, err := w.src.Open(ctx, it, 0, -1)
	if err != nil {
		return f, err
	}
	defer body.Close()
	f.attr = body.Attr()
	if reason := w.skipAttr(f.attr); reason != "" {
		return f, &sources.SkipError{Reason: reason}
	}
	r := w.paced(ctx, body)
	first := whole
	first.have, first.err = w.win.prime(r)
	size := int64(first.have)
	if first.err == nil { // there is more than the window holds
		size = f.attr.Size
	}
	if w.MaxFileSize > 0 && size > w.MaxFileSize {
		return f, &sources.SkipError{Reason: skipLarge}
	}
	if w.wrap != nil && extract.Wrapped(w.win.buf[:first.have]) {
		return w.unwrap(ctx, it, f, body, r, first)
	}

	var found found
	if first.err == nil && it.Ranges && size >= w.splitFrom && w.Jobs > 1 {
		found, err = w.split(ctx, it, f.attr, w.win.buf[:detectors.HeadSize])
	} else {
		found, err = w.whole(ctx, it, r, first)
	}
	f.bytes = found.n
	if err != nil && !errors.Is(err, errTooManyAtoms) {
		destroyAtoms(found.atoms)
		return f, err
	}
	if len(found.atoms) == 0 {
		return f, err
	}
	f.atoms = found.atoms
	f.place = place(it)
	w.join(&f, it)
	if len(f.candidates) == 0 {
		return f, err
	}
	w.Progress.Candidates.Add(int64(len(f.candidates)))
	if err == nil {
		f.sum, err = w.sum(ctx, it, f, found.whole)
	}
	if changed, cerr := body.Changed(); cerr == nil && changed && err == nil {
		err = fmt.Errorf("%s: %w", it.Path, sources.ErrChanged)
	}
	return f, err
}

// join makes candidates of an item's atoms and keeps those that count at its
// path.
func (w *worker) join(f *finds, it sources.Item) {
	f.candidates = w.Set.Join(nil, slices.Clone(f.atoms), w.Trace)
	for _, a := range f.atoms {
		if a.Part == detectors.PartMark {
			if f.marks == nil {
				f.marks = make(map[int]string)
			}
			f.marks[a.Line] = a.ID
		}
	}
	if w.Accept == nil {
		return
	}
	reject := func(c detectors.Candidate) bool { return !w.Accept(c, it.Path) }
	f.candidates = slices.DeleteFunc(f.candidates, reject)
	w.Trace.Reject(reject, "path", "its rule does not apply at this path")
}

// mark returns the comment on one of the lines of a candidate's parts, "" there
// is none.
func (f *finds) mark(c detectors.Candidate) string {
	for _, a := range c.Atoms {
		if word := f.marks[a.Line]; word != "" {
			return word
		}
	}
	return ""
}

// scanInline scans bytes that the listing delivered.
func (w *worker) scanInline(ctx context.Context, it sources.Item) (f finds, err error) {
	found, err := w.whole(ctx, it, bytes.NewReader(it.Inline), whole)
	f.attr, f.bytes, f.atoms = it.Attr, found.n, found.atoms
	f.place = place(it)
	w.join(&f, it)
	sum := sha256.Sum256(it.Inline)
	f.sum = hex.EncodeToString(sum[:])
	return f, err
}

// sum returns the SHA-256 of the item's bytes. It reads the item again unless
// whole holds it; a published sample in a large item is not worth that.
func (w *worker) sum(ctx context.Context, it sources.Item, f finds, whole []byte) (string, error) {
	h := sha256.New()
	switch {
	case whole != nil:
		h.Write(whole)
	case w.info.Once:
		return "", nil
	case !slices.ContainsFunc(f.candidates, func(c detectors.Candidate) bool { return !c.Placeholder }):
		return "", nil
	default:
		it.Attr = f.attr
		body, err := w.src.Open(ctx, it, 0, -1)
		if err != nil {
			return "", err
		}
		defer body.Close()
		if _, err := io.Copy(h, w.paced(ctx, body)); err != nil {
			return "", err
		}
		if changed, err := body.Changed(); err == nil && changed {
			return "", fmt.Errorf("%s: %w", it.Path, sources.ErrChanged)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// found is the atoms of one item.
type found struct {
	atoms []detectors.Atom
	n     int64  // bytes of the item read
	whole []byte // the item itself where a window held all of it
}

// place returns how the position of an item's atoms is told, and the ID of the
// message that they stand in where the item is made of messages.
func place(it sources.Item) func(a detectors.Atom) (pos journal.Position, within string) {
	return func(a detectors.Atom) (journal.Position, string) {
		p := journal.Position{Offset: a.Off, Line: a.Line}
		if a.LineStart >= 0 {
			p.Column = int(a.Off-a.LineStart) + 1
		}
		if a.Wide && a.LineStart >= 0 {
			p.Column = int(a.Off-a.LineStart)/2 + 1
		}
		if it.At != nil {
			s := it.At(a.Off)
			p.Line, p.Column, p.Name, p.Author, p.Left, p.Time, p.Link = s.Line, s.Column, s.Name, s.Author, s.Left, s.Time, s.Link
			return p, s.Item
		}
		return p, ""
	}
}

// whole drags the window over one reader, and over its UTF-16 reading if it has
// one.
func (w *worker) whole(ctx context.Context, it sources.Item, r io.Reader, s span) (found, error) {
	d, err := w.win.drag(ctx, r, s)
	out := found{atoms: slices.Clone(d.atoms), n: d.n, whole: d.whole}
	if err != nil {
		return out, err
	}
	order, wide := extract.UTF16(d.head)
	if !wide {
		return out, nil
	}
	again := io.Reader(nil)
	if d.whole != nil {
		again = bytes.NewReader(d.whole)
	} else if !w.info.Once && it.Inline == nil {
		body, err := w.src.Open(ctx, it, 0, -1)
		if err != nil {
			return out, err
		}
		defer body.Close()
		again = w.paced(ctx, body)
	} else {
		return out, nil
	}
	text := newWindow(w.Options, w.cpu)
	text.name = w.win.name
	narrow, err := text.drag(ctx, extract.Narrow(again, order), whole)
	out.atoms = mergeWide(out.atoms, slices.Clone(narrow.atoms))
	return out, err
}

// baseName returns the last part of an item's path.
func baseName(path string) string {
	i := len(path)
	for i > 0 && path[i-1] != '/' && path[i-1] != '\\' {
		i--
	}
	return path[i:]
}

// paced returns r, slowed down to the limit on reads and held back by the gate
// where there are such.
func (w *worker) paced(ctx context.Context, r io.Reader) io.Reader {
	if w.Reads == nil && w.Gate == nil {
		return r
	}
	return &pacedReader{ctx, r, w.Reads, w.Gate}
}

type pacedReader struct {
	ctx         context.Context
	r           io.Reader
	limit, gate pace.Limiter // may be nil
}

// Read implements io.Reader.
func (p *pacedReader) Read(b []byte) (int, error) {
	if p.gate != nil {
		if err := p.gate.Wait(p.ctx, 1); err != nil {
			return 0, err
		}
	}
	if p.limit == nil {
		return p.r.Read(b)
	}
	n, err := p.r.Read(b[:min(len(b), 64<<10)])
	if n > 0 {
		if werr := p.limit.Wait(p.ctx, n); werr != nil {
			return n, werr
		}
	}
	return n, err
}
