package detectors

import (
	"cmp"
	"slices"

	"mislaid/detectors/anchor"
	"mislaid/detectors/unwrap"
)

const (
	maxDepth = 3 // layers of encoding that are undone

	// How far around an anchor, in bytes, escapes are undone, and how far what
	// is found counts: the rest is context, which escapes make longer than it
	// is elsewhere.
	layerReach = 8 << 10
	layerOwn   = 4 << 10
	labelReach = 2 << 10 // around a label
	labelOwn   = 1 << 10
)

// layer is the scratch space of one depth.
type layer struct {
	text  unwrap.Text
	hits  []anchor.Hit
	zones []zone
	own   []zone // the parts of zones whose atoms count, in the window's Bytes
}

// zone is a part of a text that is read with its escapes undone.
type zone struct{ from, to int }

// merged returns zones in order and apart.
func merged(zones []zone) []zone {
	slices.SortFunc(zones, func(a, b zone) int { return cmp.Compare(a.from, b.from) })
	n := 0
	for _, z := range zones {
		if n > 0 && z.from <= zones[n-1].to {
			zones[n-1].to = max(zones[n-1].to, z.to)
			continue
		}
		zones[n] = z
		n++
	}
	return zones[:n]
}

// within reports whether i is in one of zones, which are in order and apart.
func within(zones []zone, i int) bool {
	n, ok := slices.BinarySearchFunc(zones, i, func(z zone, i int) int { return cmp.Compare(z.from, i) })
	return ok || n > 0 && i < zones[n-1].to
}

// unwrapped is a text with layers undone, and where its bytes are written.
type unwrapped struct {
	text  []byte
	at    []int32 // index in the window's Bytes for each, and one more; nil: text is the window's
	own   []zone  // the parts of the window's Bytes whose atoms count
	up    *unwrapped
	cut   bool // it begins in the middle of the stream
	depth int  // layers that are undone
	form  bool // '+' was taken for a space in one of them
}

// differReach is how many characters either side of an atom decide whether a
// reading tells more of it than the one below: about as many as its label and
// its context stand in.
const differReach = 500

// differs reports whether u reads otherwise around its character i than the
// text that it was unwrapped from. If not, what is found there is found in that
// text too: a reading counts for what it undoes nearby, never for what it
// undoes far away, which windows part.
func (u *unwrapped) differs(i int) bool {
	below, k := u.up.text, int(u.at[i])
	if u.up.at != nil {
		k, _ = slices.BinarySearch(u.up.at, u.at[i])
	}
	if i < differReach && !u.cut && i != k {
		return true // something before it was left out
	}
	for d := 0; d < differReach && i+d < len(u.text) && k+d < len(below); d++ {
		if u.text[i+d] != below[k+d] {
			return true
		}
	}
	for d := 1; d <= differReach && d <= i && d <= k; d++ {
		if u.text[i-d] != below[k-d] {
			return true
		}
	}
	return false
}

// findWrapped appends the atoms that are seen only when what is around the
// anchors of u is unwrapped, or base64 decoded.
func (f *Finder) findWrapped(dst []Atom, w Window, u unwrapped, hits []anchor.Hit) []Atom {
	if u.depth == maxDepth {
		return dst
	}
	l := &f.layers[u.depth]
	l.zones = f.zones(l, u, hits)
	for _, z := range l.zones {
		how := unwrap.Reading{Wanted: f.wanted, Cut: u.cut}
		dst, how.Form = f.findReading(dst, w, u, z, how)
		if how.Form {
			dst, _ = f.findReading(dst, w, u, z, how)
		}
	}
	return dst
}

// findReading appends the atoms of one reading of a zone, and reports whether
// it may be a form too.
func (f *Finder) findReading(dst []Atom, w Window, u unwrapped, z zone, how unwrap.Reading) (atoms []Atom, form bool) {
	l := &f.layers[u.depth]
	defer l.text.Clear()
	changed, form := l.text.Layer(u.text, z.from, z.to, how)
	if !changed {
		return dst, false
	}
	if u.at != nil {
		for i, at := range l.text.At {
			l.text.At[i] = u.at[at]
		}
	}
	l.hits, _ = f.scan(l.hits[:0], l.text.Bytes)
	if len(l.hits) == 0 {
		return dst, form
	}
	in := unwrapped{text: l.text.Bytes, at: l.text.At, own: l.own, up: &u, cut: u.cut || z.from > 0, depth: u.depth + 1, form: u.form || how.Form}
	for d := range f.set.detectors {
		dst = f.findIn(dst, w, d, in, l.hits)
	}
	return f.findWrapped(dst, w, in, l.hits), form
}

// zones returns what is to be unwrapped of a text, in order and apart, and sets
// l.own.
func (f *Finder) zones(l *layer, u unwrapped, hits []anchor.Hit) []zone {
	zones, own, done := l.zones[:0], l.own[:0], 0
	for _, h := range hits {
		sh := f.set.shapes[h.ID]
		from, to, reach, owns := h.Off, h.Off+sh.size, layerReach, layerOwn
		switch {
		case h.Wide, sh.size == 0, int(h.ID) == f.set.run:
			continue // a bare run is found as it stands
		case int(h.ID) == f.set.long:
			if h.Off < done || h.Off > 0 && !unwrap.Plausible(u.text, h.Off) {
				continue
			}
			b, cut := unwrap.BlockAround(u.text, h.Off, u.cut)
			done = b.To
			if !unwrap.Escaped(u.text, b) && !l.text.Wanted(u.text, b, cut, f.wanted) {
				continue
			}
			from, to = b.From, b.To
		case sh.label:
			reach, owns = labelReach, labelOwn
			if !holdsEscaped(u.text[max(from-owns, 0):min(to+owns, len(u.text))]) {
				continue
			}
		}
		zones = append(zones, zone{max(from-reach, 0), runOn(u.text, min(to+reach, len(u.text)))})
		o := zone{max(from-owns, 0), min(to+owns, len(u.text))}
		if u.at != nil {
			o = zone{int(u.at[o.from]), int(u.at[o.to])}
		}
		own = append(own, o)
	}
	l.own = merged(own)
	return merged(zones)
}

// runOn moves the end of a zone to the end of the run that it cuts, escapes and
// all, at most RunLimit.
func runOn(b []byte, end int) int {
	for limit := min(len(b), end+RunLimit); end < limit; end++ {
		if !inRun[b[end]] && !inEscape[b[end]] {
			break
		}
	}
	return end
}

// holdsEscaped reports whether b holds a stretch of runs and escapes that is
// longer than a run that is found as it stands: a value with escapes in it.
func holdsEscaped(b []byte) bool {
	n, escaped := 0, false
	for i, c := range b {
		switch {
		case inRun[c], inEscape[c]:
			n++
			if escaped = escaped || inEscape[c] || c == '='; escaped && n >= longRun {
				return true
			}
		case (c == '\n' || c == '\r') && i > 0 && (b[i-1] == '=' || b[i-1] == '\r'): // a soft line break
		default:
			n, escaped = 0, false
		}
	}
	return false
}

// inEscape marks the characters of escapes that are in no run.
var inEscape = [256]bool{'\\': true, '%': true, '&': true, ';': true, '#': true}

// wanted reports whether decoded bytes hold an anchor.
func (f *Finder) wanted(decoded []byte) bool {
	f.peek, _ = f.scan(f.peek[:0], decoded)
	return len(f.peek) > 0
}

// findIn shows detector d the regions around its anchors in an unwrapped text.
func (f *Finder) findIn(dst []Atom, w Window, d int, u unwrapped, hits []anchor.Hit) []Atom {
	s := sweep{lane: lane{b: u.text, step: 1}, reach: f.set.detectors[d].Reach}
	for _, h := range hits {
		if size, ok := f.wantedBy(h, d); ok && !h.Wide {
			if r, ok := s.add(h.Off, size, f.set.shapes[h.ID].bits[d]); ok {
				dst = f.showIn(dst, w, d, u, r)
			}
		}
	}
	if r, ok := s.last(); ok {
		dst = f.showIn(dst, w, d, u, r)
	}
	return dst
}

// showIn calls Find on a region of an unwrapped text and keeps the owned atoms,
// at the places where they are written.
func (f *Finder) showIn(dst []Atom, w Window, d int, u unwrapped, r region) []Atom {
	if f.plainHead == nil {
		f.plainHead = f.unwrapHead(w.Head)
	}
	place := func(off int64) int64 { return w.Base + int64(u.at[r.from+int(off)]) }
	end := func(off int64) int64 {
		i := r.from + int(off)
		if i > 0 && u.at[i] > u.at[i-1]+16 {
			return w.Base + int64(u.at[i-1]) + 1 // what follows it was left out
		}
		return w.Base + int64(u.at[i])
	}
	owned := func(off int64) bool {
		i := r.from + int(off)
		at := int(u.at[i])
		if at < w.From || w.To <= at || i < r.first || r.last <= i {
			return false
		}
		for x := &u; x != nil && x.own != nil; x = x.up {
			if !within(x.own, at) {
				return false
			}
		}
		return u.differs(i)
	}
	before, drops := len(dst), f.Trace.drops()
	dst = f.set.detectors[d].Find(dst, Near{Name: w.Name, Head: f.plainHead, Bytes: u.text[r.from:r.to:r.to], Anchors: r.anchors, Trace: f.Trace})
	if f.Trace != nil {
		kept := f.Trace.Drops[:drops]
		for _, x := range f.Trace.Drops[drops:] {
			if owned(x.Off) {
				x.Off, x.End, x.Detector, x.Depth = place(x.Off), end(x.End), d, uint8(u.depth)
				kept = append(kept, x)
			}
		}
		f.Trace.Drops = kept
	}
	kept := dst[:before]
	for _, a := range dst[before:] {
		if !owned(a.Off) {
			a.Value.Destroy()
			continue
		}
		a.Off, a.End, a.Detector, a.Depth, a.Form = place(a.Off), end(a.End), d, uint8(u.depth), u.form
		if a.Record > 0 {
			a.Record = place(a.Record-1) + 1
		}
		kept = append(kept, a)
	}
	clear(dst[len(kept):])
	return kept
}

// headLayers is how much of a stream's beginning is unwrapped: a line of
// headings.
const headLayers = 1 << 10

// unwrapHead returns the beginning of a stream with its layers undone.
func (f *Finder) unwrapHead(head []byte) []byte {
	head = head[:min(len(head), headLayers)]
	all := func(b []byte) bool {
		for _, c := range b[:min(len(b), 64)] {
			if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
				return false
			}
		}
		return true
	}
	for i := range f.heads {
		t := &f.heads[i]
		if changed, _ := t.Layer(head, 0, len(head), unwrap.Reading{Wanted: all}); !changed {
			break
		}
		head = t.Bytes
	}
	return head
}

// prefer leaves one of the atoms that are readings of the same bytes at
// different depths: the one that takes in more of them, then the one whose
// label tells what it is or at least a name, then the deeper one. A part that was read inside a
// whole credential is none. atoms are in order of Off; here says that only
// readings from the same byte on are compared, which windows do not part. What
// is left out comes last, so that its owner can destroy it.
func prefer(atoms []Atom, here bool) (kept, rest []Atom) {
	kept = make([]Atom, 0, len(atoms))
	for _, a := range atoms {
		take := true
		for i := len(kept) - 1; i >= 0 && i >= len(kept)-8; i-- {
			k := &kept[i]
			shared := min(k.End, a.End) - a.Off
			switch {
			case k.Detector != a.Detector, here && k.Off != a.Off, k.Depth == a.Depth && k.Off != a.Off, 2*shared <= min(k.End-k.Off, a.End-a.Off):
				continue // not two readings of the same
			case k.Part == a.Part:
				if better(a, *k) {
					*k, a = a, *k
				}
				take = false
			case k.Part == PartWhole && a.Part != PartID && k.Depth < a.Depth && a.End <= k.End:
				take = false
			default:
				continue
			}
			break
		}
		if take {
			kept = append(kept, a)
		} else {
			rest = append(rest, a)
		}
	}
	return kept, rest
}

func better(a, b Atom) bool {
	if x, y := a.End-a.Off, b.End-b.Off; x != y {
		return x > y
	}
	if a.Labelled != b.Labelled {
		return a.Labelled
	}
	if (a.Label == "") != (b.Label == "") {
		return a.Label != ""
	}
	return a.Depth > b.Depth
}
