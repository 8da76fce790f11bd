package pdf

import (
	"errors"
	"io"
	"sort"
	"unicode/utf16"
)

// cmap maps the codes of a font's strings to glyphs or characters (9.7.5,
// 9.10.3; Adobe TN 5014).
type cmap struct {
	spaces []codeSpace
	chars  map[uint32]string // of a code, in characters
	ranges []codeRange       // sorted by from, for what chars does not tell
	sorted bool
}

// codeSpace is a range of codes that have some bytes.
type codeSpace struct {
	bytes    int
	from, to uint32
}

// codeRange maps codes to consecutive numbers.
type codeRange struct {
	from, to, first uint32
}

// maxMapped is how many entries of a font's map are held.
const maxMapped = 1 << 17

// parseCMap reads a CMap: with bf entries it tells characters, with cid entries
// numbers.
func parseCMap(r io.Reader) (*cmap, error) {
	m := &cmap{chars: make(map[uint32]string)}
	l := newLexer(r, 4<<10)
	var stack []object
	for {
		o, err := l.value()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		op, ok := o.(keyword)
		if !ok {
			if stack = append(stack, o); len(stack) > 1<<16 {
				stack = stack[:0]
			}
			continue
		}
		switch op {
		case "endcodespacerange":
			for i := 0; i+1 < len(stack); i += 2 {
				a, _ := stack[i].(text)
				b, _ := stack[i+1].(text)
				if len(a) > 0 && len(a) == len(b) && len(a) <= 4 && len(m.spaces) < 256 {
					m.spaces = append(m.spaces, codeSpace{len(a), codeOf(a), codeOf(b)})
				}
			}
		case "endbfchar":
			for i := 0; i+1 < len(stack); i += 2 {
				a, _ := stack[i].(text)
				m.put(codeOf(a), characters(stack[i+1]))
			}
		case "endbfrange":
			for i := 0; i+2 < len(stack); i += 3 {
				m.bfRange(stack[i], stack[i+1], stack[i+2])
			}
		case "endcidchar":
			for i := 0; i+1 < len(stack); i += 2 {
				a, _ := stack[i].(text)
				m.addRange(codeOf(a), codeOf(a), uint32(max(code(stack[i+1]), 0)))
			}
		case "endcidrange":
			for i := 0; i+2 < len(stack); i += 3 {
				a, _ := stack[i].(text)
				b, _ := stack[i+1].(text)
				m.addRange(codeOf(a), codeOf(b), uint32(max(code(stack[i+2]), 0)))
			}
		}
		stack = stack[:0]
	}
}

func (m *cmap) put(c uint32, s string) {
	if len(m.chars) < maxMapped {
		m.chars[c] = s
	}
}

func (m *cmap) addRange(from, to, first uint32) {
	if to >= from && len(m.ranges) < maxMapped {
		m.ranges = append(m.ranges, codeRange{from, to, first})
		m.sorted = false
	}
}

func (m *cmap) bfRange(from, to, dst object) {
	a, _ := from.(text)
	b, _ := to.(text)
	lo, hi := codeOf(a), codeOf(b)
	switch dst := dst.(type) {
	case array:
		for i, o := range dst {
			if uint32(i) > hi-lo {
				break
			}
			m.put(lo+uint32(i), characters(o))
		}
	case text:
		s := []rune(characters(dst))
		if len(s) == 1 {
			m.addRange(lo, hi, uint32(s[0]))
			return
		}
		for c := lo; c <= hi && c-lo < 256 && len(s) > 0; c++ {
			m.put(c, string(s))
			s[len(s)-1]++
		}
	}
}

// number returns what a code is mapped to by a range.
func (m *cmap) number(c uint32) (uint32, bool) {
	if !m.sorted {
		sort.SliceStable(m.ranges, func(i, j int) bool { return m.ranges[i].from < m.ranges[j].from })
		m.sorted = true
	}
	i := sort.Search(len(m.ranges), func(i int) bool { return m.ranges[i].from > c })
	for back := 1; back <= 8 && i-back >= 0; back++ { // ranges may overlap, but rarely do
		if r := m.ranges[i-back]; c <= r.to {
			return r.first + (c - r.from), true
		}
	}
	return 0, false
}

// characters returns what a code is mapped to, as text.
func (m *cmap) characters(c uint32) (string, bool) {
	if s, ok := m.chars[c]; ok {
		return s, true
	}
	if n, ok := m.number(c); ok && n <= 0x10FFFF {
		return string(rune(n)), true
	}
	return "", false
}

// next reads a code at the beginning of s, which is not empty.
func (m *cmap) next(s []byte) (c uint32, n int) {
	for n = 1; n <= 4 && n <= len(s); n++ {
		c = c<<8 | uint32(s[n-1])
		for _, sp := range m.spaces {
			if sp.bytes == n && within(c, sp, n) {
				return c, n
			}
		}
	}
	// None fits: as many bytes as the shortest one has.
	shortest := 2
	for _, sp := range m.spaces {
		shortest = min(shortest, sp.bytes)
	}
	shortest = min(shortest, len(s))
	return codeOf(text(s[:shortest])), shortest
}

// within compares byte by byte, as code spaces are meant.
func within(c uint32, sp codeSpace, n int) bool {
	for i := range n {
		b, lo, hi := byte(c>>(8*i)), byte(sp.from>>(8*i)), byte(sp.to>>(8*i))
		if b < lo || b > hi {
			return false
		}
	}
	return true
}

// codeOf returns the bytes of a code as a number.
func codeOf(s text) uint32 {
	var c uint32
	for i := 0; i < len(s) && i < 4; i++ {
		c = c<<8 | uint32(s[i])
	}
	return c
}

// characters reads UTF-16BE, or the name of a glyph.
func characters(o object) string {
	switch o := o.(type) {
	case text:
		if len(o) == 1 {
			return string(rune(o[0]))
		}
		return utf16Text(o)
	case name:
		s, _ := glyphText(string(o))
		return s
	}
	return ""
}

// utf16Text reads UTF-16BE.
func utf16Text(s text) string {
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}
