package anchor

import (
	"encoding/binary"
	"math/bits"
)

// base64Bit is 1 for the bytes that runs are made of, and 0 for all others.
var base64Bit = func() (bit [256]uint8) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		bit[c] = 1
	}
	return bit
}()

// runAt inserts the run b[p:p+run], whose length and neighbours of its class
// are known to be right, unless what follows or what it consists of rules it
// out.
func (s *Set) runAt(hits []Hit, from int, b []byte, p int) []Hit {
	end := p + s.run
	if end < len(b) && b[end] == '=' || isDigest(b[p:end]) || isWords(b[p:end]) {
		return hits
	}
	return insert(hits, from, Hit{Off: p, ID: int32(len(s.literals))})
}

// longID is the ID of the hits of long runs.
func (s *Set) longID() int32 { return int32(len(s.literals)) + 1 }

// isLong reports whether the run b[p:], of which size characters are known and
// more if size is s.long, is long enough, and no digest.
func (s *Set) isLong(b []byte, p, size int) bool {
	if size < s.long && (size != s.long-1 || p+size >= len(b) || b[p+size] != '=') {
		return false
	}
	return (!isDigest(b[p:p+8]) || !isDigest(b[p:p+s.long-1])) && !isName(b[p:p+s.long-1])
}

// hexKind is 0 for digits, and a bit each for the letters a to f, A to F, and
// all other bytes.
var hexKind = func() (kind [256]uint8) {
	for c := range kind {
		switch {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'f':
			kind[c] = 1
		case c >= 'A' && c <= 'F':
			kind[c] = 2
		default:
			kind[c] = 4
		}
	}
	return kind
}()

// isDigest reports whether run is hexadecimal with letters of one case. It does
// not stop early: a jump that is guessed wrong costs more than the rest.
func isDigest(run []byte) bool {
	var kind uint8
	for _, c := range run {
		kind |= hexKind[c]
	}
	return kind <= 2
}

// The classes of base64 characters.
const (
	lower = 1 << iota
	upper
	digit
	sign
)

var (
	classOf = func() (class [256]uint8) {
		for c := range class {
			switch {
			case c >= 'a' && c <= 'z':
				class[c] = lower
			case c >= 'A' && c <= 'Z':
				class[c] = upper
			case c >= '0' && c <= '9':
				class[c] = digit
			default:
				class[c] = sign
			}
		}
		return class
	}()

	// changes is 1 where one class after another ends a word: an upper-case
	// letter begins one.
	changes = func() (step [16 * 16]uint8) {
		for a := range 16 {
			for b := range 16 {
				if a != b && (a != upper || b != lower) {
					step[a<<4|b] = 1
				}
			}
		}
		return step
	}()
)

// fewWords is so many words that 40 random characters have more of: 19 on
// average, fewer than this once in 15,000 times.
const fewWords = 8

// isWords reports whether run is a few words written together, a path or an
// identifier, or without any upper-case or any lower-case letter.
func isWords(run []byte) bool {
	seen, ends := wording(run)
	return seen&lower == 0 || seen&upper == 0 || ends < fewWords
}

// isName reports whether a run, which begins with b, is an identifier or a path
// rather than base64 of text: half or more of it is small letters, and it has no
// capitals, or no digits and few words.
func isName(run []byte) bool {
	b := run
	var small int
	var digits, capitals uint64
	half := len(b) / 8 * 4 // of whole words
	for ; len(b) >= 8; b = b[8:] {
		v := binary.LittleEndian.Uint64(b) | tops // base64 is ASCII
		small += bits.OnesCount64((v - 'a'*ones8) & tops)
		digits |= (v - '0'*ones8) &^ (v - ('9'+1)*ones8)
		capitals |= (v - 'A'*ones8) &^ (v - ('Z'+1)*ones8)
	}
	switch {
	case small < half || digits&tops != 0 && capitals&tops != 0:
		return false
	case capitals&tops == 0:
		return true
	}
	_, ends := wording(run)
	return ends < fewWords
}

// ones8 and tops have a one in each byte, at the bottom and at the top.
const (
	ones8 = 0x0101010101010101
	tops  = 0x8080808080808080
)

// wording returns the classes that occur in run and how many words end within it.
func wording(run []byte) (seen uint8, ends int) {
	last := classOf[run[0]]
	for _, c := range run {
		class := classOf[c]
		seen |= class
		ends += int(changes[last<<4|class])
		last = class
	}
	return seen, ends
}
