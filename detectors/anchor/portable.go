package anchor

import (
	"bytes"
	"encoding/binary"
)

var newline = []byte{'\n'}

// scanPortable is Scan in plain Go: one pass for each kind of place, as the
// standard library's assembly makes short work of newlines and NULs.
func (sc *Scanner) scanPortable(dst []Hit, b []byte) ([]Hit, int) {
	s, from := sc.set, len(dst)
	if len(s.literals) > 0 {
		dst = s.narrowPass(dst, b)
	}
	if s.run > 0 || s.long > 0 {
		sc.side = s.runPass(sc.side[:0], b)
		dst = merge(dst, from, sc.side)
	}
	if len(s.literals) > 0 && bytes.IndexByte(b, 0) >= 0 {
		sc.side = s.widePass(sc.side[:0], b)
		dst = merge(dst, from, sc.side)
	}
	return dst, bytes.Count(b, newline)
}

// narrowPass looks up the pair of bytes at every even offset: of the two pairs
// of a fingerprint one stands there.
func (s *Set) narrowPass(hits []Hit, b []byte) []Hit {
	from, i := len(hits), 0
	for ; i+8 <= len(b); i += 8 {
		v := binary.LittleEndian.Uint64(b[i:])
		if s.pairs[uint16(v)]|s.pairs[uint16(v>>16)]|s.pairs[uint16(v>>32)]|s.pairs[uint16(v>>48)] != 0 {
			for k := range 4 {
				pair := s.pairs[uint16(v>>(16*k))]
				if pair&secondPair != 0 {
					hits = s.literalsAt(hits, from, b, i+2*k-1)
				}
				if pair&firstPair != 0 {
					hits = s.literalsAt(hits, from, b, i+2*k)
				}
			}
		}
	}
	for p := max(i-1, 0); p < len(b); p++ {
		hits = s.literalsAt(hits, from, b, p)
	}
	return hits
}

// widePass does the same for UTF-16: in each four bytes stand two pairs of
// characters, one at even and one at odd offsets, with a zero byte within.
func (s *Set) widePass(hits []Hit, b []byte) []Hit {
	i := 0
	for ; i+4 <= len(b); i += 4 {
		v := binary.LittleEndian.Uint32(b[i:])
		if v&0x0000ff00 == 0 && s.pairs[uint16(v&0xff|v>>8&0xff00)] != 0 {
			hits = s.wideAt(hits, 0, b, i-2)
			hits = s.wideAt(hits, 0, b, i)
		}
		if v&0x00ff0000 == 0 && s.pairs[uint16(v>>8&0xff|v>>16&0xff00)] != 0 {
			hits = s.wideAt(hits, 0, b, i-1)
			hits = s.wideAt(hits, 0, b, i+1)
		}
	}
	return s.wideAt(hits, 0, b, i-2) // its second pair may need a byte that is not there
}

// runPass probes bytes half a run apart, and a few between: every run contains
// such a stretch that begins at a multiple of that distance. Each byte is read
// at most a few times, however long the runs are.
func (s *Set) runPass(hits []Hit, b []byte) []Hit {
	step := s.run / 2
	if s.run == 0 {
		step = s.long / 2
	}
	for i := 0; i+step < len(b); {
		if base64Bit[b[i]]&base64Bit[b[i+step/4]]&base64Bit[b[i+step/2]]&base64Bit[b[i+3*step/4]]&base64Bit[b[i+step]] == 0 {
			i += step
			continue
		}
		start, end := i, i+1
		for start > 0 && base64Bit[b[start-1]] != 0 {
			start-- // ends within a step: the stretch before this one was no part of a run
		}
		for end+4 <= len(b) && base64Bit[b[end]]&base64Bit[b[end+1]]&base64Bit[b[end+2]]&base64Bit[b[end+3]] != 0 {
			end += 4
		}
		for end < len(b) && base64Bit[b[end]] != 0 {
			end++
		}
		if end-start == s.run {
			hits = s.runAt(hits, 0, b, start)
		}
		if s.long > 0 && s.isLong(b, start, end-start) {
			hits = insert(hits, 0, Hit{Off: start, ID: s.longID()})
		}
		i += step
		for i < end {
			i += step
		}
	}
	return hits
}
