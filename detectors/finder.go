package detectors

import (
	"bytes"
	"slices"

	"mislaid/detectors/anchor"
)

// Window is a span of a stream with its surroundings.
type Window struct {
	Head      []byte // the first HeadSize bytes of the stream, or as many as there are
	Bytes     []byte // context, owned span, context
	Base      int64  // offset of Bytes[0] in the stream
	From, To  int    // the owned span within Bytes: atoms belong to the window that owns their first byte
	Line      int    // line number at From
	LineStart int64  // offset of the first byte of the line that From stands in; -1 unknown
}

// Finder finds atoms in windows. It belongs to one goroutine.
type Finder struct {
	set     *Set
	scanner *anchor.Scanner
	hits    []anchor.Hit
	near    []byte // a squeezed region
	head    []byte // a squeezed head
}

var newline = []byte{'\n'}

// Find appends the atoms whose first byte lies in the window's owned span, in
// order of Off, and returns the line number and line start at To. The answer
// depends only on the stream, never on where windows were cut. It allocates
// nothing for a window without an anchor.
func (f *Finder) Find(dst []Atom, w Window) (atoms []Atom, line int, lineStart int64) {
	// An anchor matters to an atom within Reach, or by lengthening the region
	// that such an anchor begins: twice Reach, in characters of up to two bytes.
	lo := max(w.From-4*f.set.reach, 0)
	hi := min(w.To+4*f.set.reach, len(w.Bytes))
	var lines int
	f.hits, lines = f.scanner.Scan(f.hits[:0], w.Bytes[lo:hi])
	owned := w.Bytes[w.From:w.To]

	first := len(dst)
	if len(f.hits) > 0 {
		for i := range f.hits {
			f.hits[i].Off += lo
		}
		for d := range f.set.detectors {
			dst = f.findPlain(dst, w, d)
			dst = f.findWide(dst, w, d)
		}
		if found := dst[first:]; len(found) > 0 {
			slices.SortStableFunc(found, comparePlace)
			dst = dst[:first+len(slices.CompactFunc(found, samePlace))]
			number(dst[first:], w)
		}
	}

	lines -= bytes.Count(w.Bytes[lo:w.From], newline) + bytes.Count(w.Bytes[w.To:hi], newline)
	lineStart = w.LineStart
	if lines > 0 {
		lineStart = w.Base + int64(w.From+bytes.LastIndexByte(owned, '\n')+1)
	}
	return dst, w.Line + lines, lineStart
}

// findPlain shows detector d the regions around its anchors.
func (f *Finder) findPlain(dst []Atom, w Window, d int) []Atom {
	det := &f.set.detectors[d]
	l := lane{b: w.Bytes, step: 1}
	s := sweep{lane: l, reach: det.Reach}
	for _, h := range f.hits {
		if size, ok := f.wanted(h, d); ok && !h.Wide {
			if r, ok := s.add(h.Off, size); ok {
				dst = f.show(dst, w, d, l, r)
			}
		}
	}
	if r, ok := s.last(); ok {
		dst = f.show(dst, w, d, l, r)
	}
	return dst
}

// wanted returns the size of a hit's anchor and whether detector d asked for it.
func (f *Finder) wanted(h anchor.Hit, d int) (size int, ok bool) {
	sh := f.set.shapes[h.ID]
	return sh.size, sh.users>>d&1 == 1
}

// show calls Find on a region of a lane and keeps the owned atoms.
func (f *Finder) show(dst []Atom, w Window, d int, l lane, r region) []Atom {
	head, near := w.Head, w.Bytes
	if l.step == 1 {
		near = near[r.from:r.to:r.to]
	} else {
		head, near = f.squeezeHead(w.Head), f.squeeze(l, r.from, r.to)
	}
	// Characters of UTF-16 are counted two by two from the stream's beginning.
	base, unit := w.Base+int64(l.index(r.from)), int64(l.step)
	parity := base % unit
	// The owned span and the region's own, as offsets in the stream.
	from := w.Base + int64(max(w.From, l.index(r.first)))
	to := w.Base + int64(min(w.To, l.index(r.last)))
	before := len(dst)
	dst = f.set.detectors[d].Find(dst, head, near, base/unit)
	kept := dst[:before]
	for _, a := range dst[before:] {
		if l.step == 2 {
			a.Wide = true
			a.Off, a.End = 2*a.Off+parity, 2*a.End+parity
			if a.Record > 0 {
				a.Record = 2*(a.Record-1) + parity + 1
			}
		}
		if a.Off < from || to <= a.Off {
			a.Value.Destroy()
			continue
		}
		a.Detector = d
		kept = append(kept, a)
	}
	clear(dst[len(kept):])
	clear(f.near) // no copy of a secret outlives the call
	clear(f.head)
	return kept
}

// number sets Line and LineStart of atoms, which are in order of Off.
func number(atoms []Atom, w Window) {
	at, line, start := w.From, w.Line, w.LineStart
	for i := range atoms {
		a := &atoms[i]
		to := int(a.Off - w.Base)
		if n := bytes.Count(w.Bytes[at:to], newline); n > 0 {
			line += n
			start = w.Base + int64(at+bytes.LastIndexByte(w.Bytes[at:to], '\n')+1)
		}
		at = to
		a.Line, a.LineStart = line, start
	}
}
