package detectors

import (
	"bytes"
	"cmp"
	"slices"

	"mislaid/detectors/anchor"
	"mislaid/detectors/unwrap"
)

// Window is a span of a stream with its surroundings.
type Window struct {
	Name      string // the base name of the stream's file, "" none
	Head      []byte // the first HeadSize bytes of the stream, or as many as there are
	Bytes     []byte // context, owned span, context
	Base      int64  // offset of Bytes[0] in the stream
	From, To  int    // the owned span within Bytes: atoms belong to the window that owns their first byte
	Line      int    // line number at From
	LineStart int64  // offset of the first byte of the line that From stands in; -1 unknown
}

// Finder finds atoms in windows. It belongs to one goroutine.
type Finder struct {
	Trace *Trace // hears what is dropped; nil nobody does

	set     *Set
	scanner *anchor.Scanner
	hits    []anchor.Hit
	peek    []anchor.Hit // of a block that may be worth decoding
	near    []byte       // a squeezed region
	head    []byte       // a squeezed head

	layers    [maxDepth]layer
	heads     [maxDepth]unwrap.Text
	plainHead []byte // the head with its layers undone; nil until it is needed
}

func newFinder(s *Set) *Finder { return &Finder{set: s, scanner: s.anchors.NewScanner()} }

var newline = []byte{'\n'}

// Find appends the atoms whose first byte lies in the window's owned span, in
// order of Off, and returns the line number and line start at To. The answer
// depends only on the stream, never on where windows were cut. It allocates
// nothing for a window without an anchor.
func (f *Finder) Find(dst []Atom, w Window) (atoms []Atom, line int, lineStart int64) {
	// An anchor matters to an atom within Reach, or by lengthening the region
	// that such an anchor begins: twice Reach, in characters of up to two bytes.
	// Where escapes are undone, it matters within layerReach.
	look := max(4*f.set.reach, layerReach+longRun)
	lo := max(w.From-look, 0)
	hi := min(w.To+look, len(w.Bytes))
	var lines int
	f.hits, lines = f.scan(f.hits[:0], w.Bytes[lo:hi])
	owned := w.Bytes[w.From:w.To]

	first, drops := len(dst), f.Trace.drops()
	if len(f.hits) > 0 {
		for i := range f.hits {
			f.hits[i].Off += lo
		}
		for d := range f.set.detectors {
			dst = f.findPlain(dst, w, d)
			dst = f.findWide(dst, w, d)
		}
		dst = f.findWrapped(dst, w, unwrapped{text: w.Bytes, cut: w.Base > 0}, f.hits)
		if found := dst[first:]; len(found) > 0 {
			slices.SortStableFunc(found, comparePlace)
			kept, rest := prefer(slices.CompactFunc(found, samePlace), true)
			destroy(rest)
			n := copy(found, kept)
			clear(found[n:])
			dst = dst[:first+n]
			number(dst[first:], w)
		}
		if f.Trace != nil {
			numberDrops(f.Trace.Drops[drops:], w)
		}
		if f.plainHead != nil {
			f.plainHead = nil
			for i := range f.heads {
				f.heads[i].Clear()
			}
		}
	}

	lines -= bytes.Count(w.Bytes[lo:w.From], newline) + bytes.Count(w.Bytes[w.To:hi], newline)
	lineStart = w.LineStart
	if lines > 0 {
		lineStart = w.Base + int64(w.From+bytes.LastIndexByte(owned, '\n')+1)
	}
	return dst, w.Line + lines, lineStart
}

// scan is the scanner's Scan without the hits that lack what must follow them.
func (f *Finder) scan(hits []anchor.Hit, b []byte) (found []anchor.Hit, lines int) {
	hits, lines = f.scanner.Scan(hits, b)
	if !f.set.tails {
		return hits, lines
	}
	found = hits[:0]
	for _, h := range hits {
		if sh := &f.set.shapes[h.ID]; sh.digits+sh.base32 == 0 || sh.followed(b, h) {
			found = append(found, h)
		}
	}
	return found, lines
}

// followed reports whether what stands behind a hit in b, as far as it is seen,
// is what its shape says.
func (sh *shape) followed(b []byte, h anchor.Hit) bool {
	step := 1
	if h.Wide {
		step = 2
	}
	at := h.Off + sh.size*step
	for n := range max(sh.digits, sh.base32) {
		if at+n*step >= len(b) {
			return sh.digits == 0
		}
		i := at + n*step
		if h.Wide && sh.base32 > 0 && (b[i-1] != 0 || i+1 < len(b) && b[i+1] != 0) {
			return true // no character of ASCII
		}
		switch c := b[i]; {
		case n < sh.digits && (c < '0' || c > '9'):
			return false
		case n < sh.base32 && unwrap.Begins(c):
			return true
		case n < sh.base32 && (c < 'A' || c > 'Z') && (c < '2' || c > '7'):
			return false
		}
	}
	return true
}

// findPlain shows detector d the regions around its anchors.
func (f *Finder) findPlain(dst []Atom, w Window, d int) []Atom {
	det := &f.set.detectors[d]
	l := lane{b: w.Bytes, step: 1}
	s := sweep{lane: l, reach: det.Reach}
	for _, h := range f.hits {
		if size, ok := f.wantedBy(h, d); ok && !h.Wide {
			if r, ok := s.add(h.Off, size, f.set.shapes[h.ID].bits[d]); ok {
				dst = f.show(dst, w, d, l, r)
			}
		}
	}
	if r, ok := s.last(); ok {
		dst = f.show(dst, w, d, l, r)
	}
	return dst
}

// wantedBy returns the size of a hit's anchor and whether detector d asked for it.
func (f *Finder) wantedBy(h anchor.Hit, d int) (size int, ok bool) {
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
	before, drops := len(dst), f.Trace.drops()
	dst = f.set.detectors[d].Find(dst, Near{Name: w.Name, Head: head, Bytes: near, Base: base / unit, Anchors: r.anchors, Trace: f.Trace})
	if f.Trace != nil {
		f.Trace.own(drops, d, unit, parity, from, to)
	}
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

// drops returns how many drops there are.
func (t *Trace) drops() int {
	if t == nil {
		return 0
	}
	return len(t.Drops)
}

// own keeps of the drops from first on those that begin in [from, to), as show
// does with atoms.
func (t *Trace) own(first, detector int, unit, parity, from, to int64) {
	kept := t.Drops[:first]
	for _, d := range t.Drops[first:] {
		if unit == 2 {
			d.Wide = true
			d.Off, d.End = 2*d.Off+parity, 2*d.End+parity
		}
		if from <= d.Off && d.Off < to {
			d.Detector = detector
			kept = append(kept, d)
		}
	}
	t.Drops = kept
}

// numberDrops sets Line and LineStart of drops.
func numberDrops(drops []Drop, w Window) {
	slices.SortStableFunc(drops, func(a, b Drop) int { return cmp.Compare(a.Off, b.Off) })
	at := make([]Atom, len(drops))
	for i, d := range drops {
		at[i].Off = d.Off
	}
	number(at, w)
	for i := range drops {
		drops[i].Line, drops[i].LineStart = at[i].Line, at[i].LineStart
	}
}

func destroy(atoms []Atom) {
	for _, a := range atoms {
		a.Value.Destroy()
	}
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
