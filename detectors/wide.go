package detectors

// A lane is one way to read a window as characters: byte after byte, or as the
// UTF-16 text that begins at one of two parities, in one of two byte orders.
type lane struct {
	b    []byte
	odd  int  // index in b of character 0: 0 or 1
	step int  // bytes per character: 1 or 2
	big  bool // the high byte comes first
}

// notASCII stands for every character of UTF-16 that is not ASCII.
const notASCII = 0xff

// len returns the number of characters.
func (l lane) len() int { return (len(l.b) - l.odd + l.step - 1) / l.step }

// index returns the index in b of the low byte of character i.
func (l lane) index(i int) int { return l.odd + i*l.step }

// at returns character i.
func (l lane) at(i int) byte {
	if l.step == 1 {
		return l.b[i]
	}
	q := l.odd + 2*i
	high := q + 1
	if l.big {
		high = q - 1
	}
	if l.b[q] >= 0x80 || high >= 0 && high < len(l.b) && l.b[high] != 0 {
		return notASCII
	}
	return l.b[q]
}

// anyAnchor says of a region that every anchor may stand in it. Lanes overlap, so
// that what one lane sees may have its anchor in another.
const anyAnchor = 1<<64 - 1

// findWide shows detector d the UTF-16 regions around its anchors, squeezed to
// one byte per character. Lane comes after lane, because where the lanes of two
// byte orders overlap, the first to find an atom has it.
func (f *Finder) findWide(dst []Atom, w Window, d int) []Atom {
	for i := range 4 {
		l := lane{b: w.Bytes, odd: i & 1, step: 2, big: i&2 != 0}
		s := sweep{lane: l, reach: f.set.detectors[d].Reach}
		for _, h := range f.hits {
			size, ok := f.wantedBy(h, d)
			if !ok || !h.Wide || h.Off&1 != l.odd || bigEndian(w.Bytes, h.Off, size, w.Base) != l.big {
				continue
			}
			if r, ok := s.add(h.Off/2, size, anyAnchor); ok {
				dst = f.show(dst, w, d, l, r)
			}
		}
		if r, ok := s.last(); ok {
			dst = f.show(dst, w, d, l, r)
		}
	}
	return dst
}

// orderReach is how many characters either side decide the byte order.
const orderReach = 32

// bigEndian reports whether the UTF-16 text around an anchor, whose first
// character has its low byte at p, has its high bytes first.
//
// A byte other than zero right before the anchor's first character is not its
// high byte, nor is one right after its last. Failing that, a character that is
// not ASCII shows its byte order where it stands next to one that is. Between
// ASCII characters both orders read the same, and text is taken to begin at an
// even offset.
func bigEndian(b []byte, p, size int, base int64) bool {
	if p > 0 && b[p-1] != 0 {
		return false
	}
	if end := p + 2*size - 1; end < len(b) && b[end] != 0 {
		return true
	}
	votes := 0
	for q := max(p-2*orderReach, p&1); q <= p+2*orderReach && q+1 < len(b); q += 2 {
		if q == 0 || b[q] < 0x80 {
			continue
		}
		switch before, after := b[q-1] != 0, b[q+1] != 0; {
		case before && !after:
			votes++
		case after && !before:
			votes--
		}
	}
	if votes != 0 {
		return votes > 0
	}
	return (base+int64(p))&1 == 1
}

// squeeze returns the characters [from, to) of a lane, valid until the next call.
func (f *Finder) squeeze(l lane, from, to int) []byte {
	f.near = f.near[:0]
	for i := from; i < to; i++ {
		f.near = append(f.near, l.at(i))
	}
	return f.near
}

// squeezeHead returns the head of a stream of UTF-16, one byte per character
// and without its byte order mark; the head of any other stream as it is.
func (f *Finder) squeezeHead(head []byte) []byte {
	l := lane{b: head, step: 2}
	switch {
	case len(head) < 4:
		return head
	case head[0] == 0xff && head[1] == 0xfe:
		l.b = head[2:]
	case head[0] == 0xfe && head[1] == 0xff:
		l.b, l.odd, l.big = head[2:], 1, true
	case head[0] != 0 && head[1] == 0:
	case head[0] == 0 && head[1] != 0:
		l.odd, l.big = 1, true
	default:
		return head
	}
	f.head = f.head[:0]
	for i := range l.len() {
		f.head = append(f.head, l.at(i))
	}
	return f.head
}
