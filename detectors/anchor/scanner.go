package anchor

import (
	"encoding/binary"
	"slices"
)

// Hit is one place.
type Hit struct {
	Off  int   // offset of its first byte; of a wide hit, of the first character's byte that is not zero
	ID   int32 // index of the literal; the number of literals for an exact run, one more for a long run, two more and the index of the word for a word
	Wide bool  // the literal or word is written as UTF-16, little or big endian, at any alignment
}

// before is the order of hits: by offset, then by literal.
func (h Hit) before(o Hit) bool {
	return h.Off < o.Off || h.Off == o.Off && h.ID < o.ID
}

// Scanner is the scratch space of one goroutine.
type Scanner struct {
	set  *Set
	side []Hit // hits that are merged in after a pass
	word []Hit // those of words
	kernelScratch
}

// NewScanner returns the scratch space of one goroutine.
func (s *Set) NewScanner() *Scanner { return &Scanner{set: s} }

// Scan appends all occurrences of the literals and words in b, overlapping ones
// too, and all exact runs, ordered by Off and then ID. It returns them with the number
// of '\n' in b. It allocates only to let dst or the scratch space grow, and
// keeps neither b nor a copy of any of it.
//
// An exact run is as many of [A-Za-z0-9+/] as the set says, with none of them
// before it and none of them nor '=' behind it; the ends of b count as other
// bytes. A run that could be a digest in hexadecimal, all digits and letters of
// one case from a to f, is left out, and so is one of a few words: in source
// trees and logs nearly all exact runs of 40 are SHA-1, paths and identifiers.
//
// A long run has as many of them as the set says, or one less and '=' behind
// it. It is left out when its beginning could be a digest or an identifier: then
// it is no base64 of text.
//
// A literal counts as UTF-16 when a zero byte stands between each two of its
// characters.
func (sc *Scanner) Scan(dst []Hit, b []byte) (hits []Hit, newlines int) {
	from := len(dst)
	if sc.set.kernel {
		dst, newlines = sc.scanKernel(dst, b)
	} else {
		dst, newlines = sc.scanPortable(dst, b)
	}
	if sc.set.words != nil {
		sc.word = sc.set.words.Scan(sc.word[:0], b, int32(len(sc.set.literals))+2)
		dst = merge(dst, from, sc.word)
	}
	return dst, newlines
}

// insert appends h to the ordered hits[from:]. The passes find hits in nearly
// that order: a hit is never more than a literal and a run late.
func insert(hits []Hit, from int, h Hit) []Hit {
	hits = append(hits, h)
	i := len(hits) - 1
	for ; i > from && h.before(hits[i-1]); i-- {
		hits[i] = hits[i-1]
	}
	hits[i] = h
	return hits
}

// merge appends the ordered side to the ordered hits[from:] so that the whole
// is ordered.
func merge(hits []Hit, from int, side []Hit) []Hit {
	i, j := len(hits)-1, len(side)-1
	hits = slices.Grow(hits, len(side))[:len(hits)+len(side)]
	for k := len(hits) - 1; j >= 0; k-- {
		if i >= from && side[j].before(hits[i]) {
			hits[k] = hits[i]
			i--
		} else {
			hits[k] = side[j]
			j--
		}
	}
	return hits
}

// literalsAt inserts the literals whose fingerprint stands at b[p:].
func (s *Set) literalsAt(hits []Hit, from int, b []byte, p int) []Hit {
	if p < 0 || p+4 > len(b) {
		return hits
	}
	mark := binary.LittleEndian.Uint32(b[p:])
	for id := s.first[hash(mark)]; id != 0; {
		l := &s.literals[id-1]
		off := p - l.at
		if l.mark == mark && off >= 0 && off+len(l.text) <= len(b) && string(b[off:off+len(l.text)]) == l.text {
			hits = insert(hits, from, Hit{Off: off, ID: int32(id - 1)})
		}
		id = l.next
	}
	return hits
}

// wideAt inserts the literals whose fingerprint stands at b[p:] as UTF-16.
func (s *Set) wideAt(hits []Hit, from int, b []byte, p int) []Hit {
	if p < 0 || p+7 > len(b) || b[p+1] != 0 || b[p+3] != 0 || b[p+5] != 0 {
		return hits
	}
	mark := uint32(b[p]) | uint32(b[p+2])<<8 | uint32(b[p+4])<<16 | uint32(b[p+6])<<24
	for id := s.first[hash(mark)]; id != 0; {
		l := &s.literals[id-1]
		if off := p - 2*l.at; l.mark == mark && isWide(b, off, l.text) {
			hits = insert(hits, from, Hit{Off: off, ID: int32(id - 1), Wide: true})
		}
		id = l.next
	}
	return hits
}

// isWide reports whether text stands at b[off:] with a zero byte between its
// characters.
func isWide(b []byte, off int, text string) bool {
	if off < 0 || off+2*len(text)-1 > len(b) {
		return false
	}
	b = b[off : off+2*len(text)-1]
	for i := range len(text) {
		if b[2*i] != text[i] || i > 0 && b[2*i-1] != 0 {
			return false
		}
	}
	return true
}
