package anchor

import (
	"errors"
	"fmt"
)

// Limits of Compile.
const (
	MinLiteral  = 4   // bytes
	MaxLiterals = 200 // literals in a set
	MinRun      = 32  // bytes
	MaxRun      = 63  // bytes
	MinLong     = 32  // bytes
)

// Set is literals, at most one run length, and words, compiled together. Safe
// for concurrent use.
type Set struct {
	literals []literal
	words    *Words // nil: none
	run      int    // 0: none
	long     int    // 0: none
	kernel   bool   // take the assembly path

	first  [256]uint8     // hash of a fingerprint → 1 + index of its first literal; 0 none
	pairs  [1 << 16]uint8 // two neighbouring bytes, low byte first → firstPair, secondPair
	tables tables
}

// What two bytes can be in a fingerprint.
const (
	firstPair  = 1 << iota // its first and second byte
	secondPair             // its second and third byte
)

// literal is one literal and the four bytes by which it is noticed.
type literal struct {
	text string
	at   int    // offset of the fingerprint in text
	mark uint32 // the fingerprint, first byte lowest
	next uint8  // 1 + index of the next literal with the same hash; 0 none
}

// tables is what the kernel reads; kernel_amd64.s knows the layout. Each table
// of 16 is there twice, once for each half of a vector register.
type tables struct {
	marks   [6][32]byte // low and high nibble of the first byte of a fingerprint, of the second, low of the third and fourth: the buckets that have it
	base64  [2][32]byte // by low and high nibble
	nibble  [32]byte    // 0x0f
	newline [32]byte    // '\n'
}

// Compile prepares a set. Each literal is MinLiteral or more ASCII bytes other
// than NUL, is matched case by case, and stands once in the list. run is 0 or a
// length from MinRun to MaxRun; long is 0 or a length of at least MinLong, from
// which on a run of base64 is reported, exact or not. Words are found in any
// case and cost a pass of their own: see CompileWords.
func Compile(literals []string, run, long int, words ...string) (*Set, error) {
	if len(literals) > MaxLiterals {
		return nil, fmt.Errorf("anchor: %d literals, at most %d are allowed", len(literals), MaxLiterals)
	}
	if run != 0 && (run < MinRun || run > MaxRun) {
		return nil, fmt.Errorf("anchor: run of %d, want 0 or %d to %d", run, MinRun, MaxRun)
	}
	if long != 0 && (long < MinLong || long > MaxRun+1 || run != 0 && long < run) {
		return nil, fmt.Errorf("anchor: long runs of %d, want 0 or %d to %d, and no less than an exact run", long, MinLong, MaxRun+1)
	}
	if len(literals) == 0 && run == 0 && long == 0 && len(words) == 0 {
		return nil, errors.New("anchor: nothing to find")
	}
	s := &Set{run: run, long: long, kernel: hasKernel()}
	if len(words) > 0 {
		var err error
		if s.words, err = CompileWords(words); err != nil {
			return nil, err
		}
	}
	seen := make(map[string]bool, len(literals))
	for _, text := range literals {
		if len(text) < MinLiteral {
			return nil, fmt.Errorf("anchor: literal %q is shorter than %d bytes", text, MinLiteral)
		}
		for i := range len(text) {
			if c := text[i]; c == 0 || c >= 0x80 {
				return nil, fmt.Errorf("anchor: literal %q has byte %#02x", text, c)
			}
		}
		if seen[text] {
			return nil, fmt.Errorf("anchor: literal %q twice", text)
		}
		seen[text] = true
	}
	at, packed := choose(literals)
	for i, text := range literals {
		s.add(text, at[i])
	}
	s.fill(packed)
	return s, nil
}

// add enters a literal into the lookups that verify a fingerprint.
func (s *Set) add(text string, at int) {
	mark := markAt(text, at)
	h := hash(mark)
	s.literals = append(s.literals, literal{text: text, at: at, mark: mark, next: s.first[h]})
	s.first[h] = uint8(len(s.literals))
	s.pairs[mark&0xffff] |= firstPair
	s.pairs[mark>>8&0xffff] |= secondPair
}

// fill builds the kernel's tables.
func (s *Set) fill(packed []bucket) {
	for i := range s.tables.nibble {
		s.tables.nibble[i] = 0x0f
		s.tables.newline[i] = '\n'
	}
	for i, b := range packed {
		for k, nibbles := range [...]uint16{b.low[0], b.high[0], b.low[1], b.high[1], b.low[2], b.low[3]} {
			for n := range 16 {
				bit := byte(nibbles>>n&1) << i
				s.tables.marks[k][n] |= bit
				s.tables.marks[k][16+n] |= bit
			}
		}
	}
	if s.run == 0 && s.long == 0 {
		return
	}
	// The characters stand in the six rows 0x20 to 0x70: a bit for each row.
	for c, in := range base64Bit {
		if in != 0 {
			bit := byte(1) << (c>>4 - 2)
			for half := 0; half < 32; half += 16 {
				s.tables.base64[0][half+c&15] |= bit
				s.tables.base64[1][half+c>>4] |= bit
			}
		}
	}
}

// hash spreads fingerprints over 256 places.
func hash(mark uint32) uint8 { return uint8(mark * 0x9e3779b1 >> 24) }
