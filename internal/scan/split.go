package scan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"mislaid/detectors"
	"mislaid/internal/extract"
	"mislaid/sources"
)

// splitFrom is the size in bytes from which an item that allows ranges is read
// by several goroutines, in parts of partSize bytes.
const (
	splitFrom = 64 << 20
	partSize  = 16 << 20
)

// split reads an item in parts, each with a margin on both sides, and merges
// their atoms: the result equals that of one pass. head is its beginning.
func (w *worker) split(ctx context.Context, it sources.Item, attr sources.Attr, head []byte) (found, error) {
	it.Attr = attr // every part must be of the version that was opened

	raw, err := w.parts(ctx, it, attr.Size, head, 1, func(r io.Reader) io.Reader { return r })
	if err != nil {
		return raw, err
	}
	order, wide := extract.UTF16(head)
	if !wide {
		return raw, nil
	}
	narrowHead := make([]byte, len(head)/2)
	_, _ = fill(extract.Narrow(bytes.NewReader(head), order), narrowHead)
	narrow, err := w.parts(ctx, it, attr.Size, narrowHead, 2, func(r io.Reader) io.Reader { return extract.Narrow(r, order) })
	raw.atoms = mergeWide(raw.atoms, narrow.atoms)
	return raw, err
}

// part is what one part gave. Its lines count from 0, its first line may begin
// before it.
type part struct {
	atoms []detectors.Atom
	lines int
	start int64 // offset of the first byte of the last line, -1 if the part has no line break
}

// parts reads size bytes, which are unit bytes per byte that decode gives, and
// merges the parts in order.
func (w *worker) parts(ctx context.Context, it sources.Item, size int64, head []byte, unit int64, decode func(io.Reader) io.Reader) (found, error) {
	length := w.partSize / unit
	size /= unit
	results := make([]part, (size+length-1)/length)
	var next atomic.Int64
	var read atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(w.Jobs, len(results), runtime.GOMAXPROCS(0)) { // nothing waits here: more would share the cache
		g.Go(func() (err error) {
			defer catch(&err)
			win := newWindow(w.Options, w.cpu)
			win.name = w.win.name
			margin := int64(win.margin)
			for {
				i := next.Add(1) - 1
				if i >= int64(len(results)) {
					return nil
				}
				from := i * length
				to := min(from+length, size)
				begin, end := max(0, from-margin), min(size, to+margin)
				body, err := w.src.Open(ctx, it, begin*unit, (end-begin)*unit)
				if err != nil {
					return err
				}
				d, err := win.drag(ctx, decode(w.paced(ctx, body)), span{read: begin, from: from, to: to, start: lineStartOf(from), head: head})
				body.Close()
				results[i] = part{atoms: slices.Clone(d.atoms), lines: d.line, start: d.start}
				win.clearIf(len(d.atoms) > 0)
				read.Add((to - from) * unit)
				if errors.Is(err, io.ErrUnexpectedEOF) {
					return fmt.Errorf("%s: shorter than it was: %w", it.Path, sources.ErrChanged)
				}
				if err != nil {
					return err
				}
			}
		})
	}
	err := g.Wait()
	out := found{n: read.Load()}
	line, start := 1, int64(0)
	for _, p := range results {
		for _, a := range p.atoms {
			a.Line += line
			if a.LineStart < 0 {
				a.LineStart = start
			}
			out.atoms = append(out.atoms, a)
		}
		line += p.lines
		if p.start >= 0 {
			start = p.start
		}
	}
	if err == nil && len(out.atoms) > maxAtoms {
		destroyAtoms(out.atoms[maxAtoms:])
		out.atoms, err = out.atoms[:maxAtoms], errTooManyAtoms
	}
	return out, err
}

// lineStartOf is where the first line of a part begins, as far as the part
// itself knows.
func lineStartOf(from int64) int64 {
	if from == 0 {
		return 0
	}
	return -1
}

// mergeWide joins the atoms of an item's UTF-16 reading, at offsets of units,
// with those found in its bytes. Where both found the same place the UTF-16
// reading is kept: it saw the whole text.
func mergeWide(raw, narrow []detectors.Atom) []detectors.Atom {
	for i := range narrow {
		a := &narrow[i]
		a.Off, a.End = 2*a.Off, 2*a.End
		if a.LineStart >= 0 {
			a.LineStart *= 2
		}
		a.Wide = true
	}
	out := slices.Clone(narrow)
	k := 0
	for _, a := range raw {
		for k < len(narrow) && narrow[k].End <= a.Off {
			k++
		}
		if k < len(narrow) && narrow[k].Off < a.End {
			a.Value.Destroy()
			continue
		}
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b detectors.Atom) int { return cmp.Compare(a.Off, b.Off) })
	return out
}
