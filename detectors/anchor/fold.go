package anchor

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Limits of CompileWords.
const (
	MinWord  = 3    // bytes
	MaxWords = 4096 // words in a set
)

// Words is words that are found in whatever case they are written, compiled
// together. Safe for concurrent use.
//
// It is slower than a Set, about 1 GB/s: three neighbouring bytes, folded to 5
// bits each, are looked up in a table of bits that fits the first cache.
type Words struct {
	words []word
	grams [gramCount / 64]uint64
	first [gramCount]uint16 // 1 + index of the first word that is noticed by a gram; 0 none
}

// gramCount is how many folded groups of three bytes there are.
const gramCount = 1 << 15

// word is one word and the three bytes by which it is noticed.
type word struct {
	text string // lower case
	at   int    // offset of its gram
	next uint16 // 1 + index of the next word with the same gram; 0 none
}

// folded maps a byte to 5 bits, letters of both cases to the same ones.
var folded = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z':
			t[c] = uint8(c-'a') + 1
		case c >= 'A' && c <= 'Z':
			t[c] = uint8(c-'A') + 1
		case c >= '0' && c <= '9':
			t[c] = 27
		case c == '_':
			t[c] = 28
		case c == '-':
			t[c] = 29
		case c == '.':
			t[c] = 30
		case c >= ' ' && c < 0x7f:
			t[c] = 31
		}
	}
	return t
}()

// CompileWords prepares words. Each is MinWord or more printable ASCII bytes
// and stands once in the list, whatever its case.
func CompileWords(list []string) (*Words, error) {
	if len(list) == 0 || len(list) > MaxWords {
		return nil, fmt.Errorf("anchor: %d words, want 1 to %d", len(list), MaxWords)
	}
	w := new(Words)
	seen := make(map[string]bool, len(list))
	for _, text := range list {
		if len(text) < MinWord {
			return nil, fmt.Errorf("anchor: word %q is shorter than %d bytes", text, MinWord)
		}
		for i := range len(text) {
			if c := text[i]; c < ' ' || c >= 0x7f {
				return nil, fmt.Errorf("anchor: word %q has byte %#02x", text, c)
			}
		}
		low := strings.ToLower(text)
		if seen[low] {
			return nil, fmt.Errorf("anchor: word %q twice", text)
		}
		seen[low] = true
		at := rarest(low)
		gram := gramOf(low[at], low[at+1], low[at+2])
		w.words = append(w.words, word{text: low, at: at, next: w.first[gram]})
		w.first[gram] = uint16(len(w.words))
		w.grams[gram>>6] |= 1 << (gram & 63)
	}
	return w, nil
}

func gramOf(a, b, c byte) uint32 {
	return uint32(folded[a])<<10 | uint32(folded[b])<<5 | uint32(folded[c])
}

// Scan appends all occurrences of the words in b, also as UTF-16, ordered by
// Off and then ID. The ID of a hit is first plus the index of its word. It
// allocates only to let dst grow.
func (w *Words) Scan(dst []Hit, b []byte, first int32) []Hit {
	from := len(dst)
	var gram uint32
	for i, c := range b {
		gram = (gram<<5 | uint32(folded[c])) & (gramCount - 1)
		if w.grams[gram>>6]>>(gram&63)&1 != 0 && i >= 2 {
			dst = w.at(dst, from, b, i-2, gram, first)
		}
	}
	if bytes.IndexByte(b, 0) < 0 {
		return dst
	}
	plain := len(dst)
	for i := 0; i+4 < len(b); i++ {
		if b[i+1] != 0 || b[i+3] != 0 {
			continue
		}
		if gram := gramOf(b[i], b[i+2], b[i+4]); w.grams[gram>>6]>>(gram&63)&1 != 0 {
			dst = w.wideAt(dst, plain, b, i, gram, first)
		}
	}
	if plain > from && len(dst) > plain {
		slices.SortStableFunc(dst[from:], func(a, b Hit) int { return cmp.Or(cmp.Compare(a.Off, b.Off), cmp.Compare(a.ID, b.ID)) })
	}
	return dst
}

// at inserts the words whose gram stands at b[p:].
func (w *Words) at(hits []Hit, from int, b []byte, p int, gram uint32, first int32) []Hit {
	for id := w.first[gram]; id != 0; {
		x := &w.words[id-1]
		off := p - x.at
		if off >= 0 && off+len(x.text) <= len(b) && isFolded(b[off:], x.text, 1) {
			hits = insert(hits, from, Hit{Off: off, ID: first + int32(id-1)})
		}
		id = x.next
	}
	return hits
}

// wideAt does the same for UTF-16.
func (w *Words) wideAt(hits []Hit, from int, b []byte, p int, gram uint32, first int32) []Hit {
	for id := w.first[gram]; id != 0; {
		x := &w.words[id-1]
		off := p - 2*x.at
		if off >= 0 && off+2*len(x.text)-1 <= len(b) && isFolded(b[off:], x.text, 2) {
			hits = insert(hits, from, Hit{Off: off, ID: first + int32(id-1), Wide: true})
		}
		id = x.next
	}
	return hits
}

// isFolded reports whether b begins with low in any case, a character every
// step bytes with zero bytes between.
func isFolded(b []byte, low string, step int) bool {
	for i := range len(low) {
		c := b[i*step]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != low[i] || step == 2 && i > 0 && b[2*i-1] != 0 {
			return false
		}
	}
	return true
}
