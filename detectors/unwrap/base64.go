package unwrap

import (
	"encoding/base64"
	"slices"
	"unicode/utf8"
)

const (
	minBlock = 16 // characters; less decodes to less than anything of interest
	minLine  = 40 // characters of a line that goes on in the next
	softLine = 75 // characters of a line that quoted-printable has broken

	// How many beginnings of a block are tried in words that '-' and '_' join:
	// each takes as long as what follows it.
	maxStarts = 32
)

// base64Bytes and alnumBytes mark classes of bytes.
var base64Bytes, alnumBytes = func() (b, a [256]bool) {
	for c := range 256 {
		c := byte(c)
		a[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		b[c] = a[c] || c == '+' || c == '/'
	}
	return b, a
}()

func isBase64(c byte) bool { return base64Bytes[c] }
func isAlnum(c byte) bool  { return alnumBytes[c] }

// Block is base64 that may go on over several lines.
type Block struct {
	From, To int // in the source, padding included
	line     int // length of a full line, 0 if there is one line
	first    int // where its first line that is seen whole begins
	url      bool
}

// BlockAt returns the block that begins at src[i], the first character of a
// run. cut says that it may have begun before src.
func BlockAt(src []byte, i int, cut bool) Block {
	b := Block{From: i, first: i}
	at := i
	for {
		end, url := runEnd(src, at)
		b.To = end
		b.url = b.url || url
		n := end - at
		next := softBreak(src, end, n)
		if cut && at == i {
			next = softBreak(src, end, softLine)
		}
		if next == end || next >= len(src) || !isBase64(src[next]) || n < minLine && (!cut || at != i) {
			break
		}
		switch {
		case at == i && cut:
			b.first = next // phases are counted from there
		case b.line == 0:
			b.line = n
		case n != b.line:
			next = end
		}
		if next == end {
			break
		}
		at = next
	}
	for k := 0; k < 2 && b.To < len(src) && src[b.To] == '='; k++ {
		b.To++
	}
	return b
}

// BlockAround returns the block around src[i], which is a character of base64:
// the one that begins as far before it as lines go on. cut says that src begins
// in the middle of a longer text.
func BlockAround(src []byte, i int, cut bool) (b Block, begun bool) {
	from := runStart(src, i)
	for {
		prev := lineBefore(src, from)
		if prev < 0 {
			break
		}
		start := runStart(src, prev)
		if prev-start+1 < minLine && (!cut || !atStart(src, start)) {
			break
		}
		from = start
	}
	cut = cut && atStart(src, from)
	return BlockAt(src, from, cut), cut
}

// atStart reports whether nothing but a line break stands before src[i].
func atStart(src []byte, i int) bool {
	if i > 4 {
		return false
	}
	for _, c := range src[:i] {
		if c != '\r' && c != '\n' && c != '=' && c != '\\' && c != 'n' {
			return false
		}
	}
	return true
}

// Plausible reports whether the run at src[i:] may be base64 of text: it is not
// short and full of control characters from the start.
func Plausible(src []byte, i int) bool {
	const look, long = 24, 200
	if i+look > len(src) || !isBase64(src[i+look-1]) {
		return true
	}
	if i > 0 {
		switch src[i-1] {
		case '-', '_', ';', '\\', '%', '=':
			return true // its beginning may be elsewhere
		}
	}
	for k := i + look; k < min(len(src), i+long); k++ {
		if !isBase64(src[k]) {
			var buf [look / 4 * 3]byte
			n, err := base64.RawStdEncoding.Decode(buf[:], src[i:i+look])
			for _, c := range buf[:n] {
				if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != 0 && c != 0x1b || c == 0x7f {
					return false
				}
			}
			return err == nil
		}
	}
	return true
}

// runStart returns the beginning of the run around src[i], in either alphabet.
func runStart(src []byte, i int) int {
	for i > 0 && (isBase64(src[i-1]) || src[i-1] == '-' || src[i-1] == '_') {
		i--
	}
	for i < len(src) && !isBase64(src[i]) {
		i++
	}
	if i > 0 && src[i-1] == '\\' && i+1 < len(src) && (src[i] == 'n' || src[i] == 'r' || src[i] == 't') {
		i++ // the letter of an escape
	}
	return i
}

// lineBefore returns the last character of base64 before the line break that
// stands right before src[i], -1 if there is none.
func lineBefore(src []byte, i int) int {
	for k := 2; k <= 32 && i-k >= 0; k++ {
		if isBase64(src[i-k]) && (lineBreak(src, i-k+1) == i || src[i-k+1] == '=' && lineBreak(src, i-k+2) == i) {
			return i - k
		}
	}
	return -1
}

// runEnd returns the end of the run at src[i:], in either alphabet.
func runEnd(src []byte, i int) (end int, url bool) {
	for i < len(src) {
		switch c := src[i]; {
		case isBase64(c):
			i++
		case (c == '-' || c == '_') && i+1 < len(src) && (isBase64(src[i+1]) || src[i+1] == '-' || src[i+1] == '_'):
			url = true
			i++
		default:
			return i, url
		}
	}
	return i, url
}

// lineBreak returns what follows the line break at src[i:], i if there is none:
// with the white space around it and the marks of a quotation or a comment
// behind it, or written as an escape.
func lineBreak(src []byte, i int) int {
	at, broken := i, false
	for at < len(src) && at-i < 32 {
		switch c := src[at]; {
		case c == '\n':
			if broken {
				return i // an empty line ends the block
			}
			broken = true
		case c == '\\' && at+1 < len(src) && (src[at+1] == 'n' || src[at+1] == 'r'):
			broken = broken || src[at+1] == 'n'
			at++
		case c == ' ', c == '\t', c == '\r':
		case broken && (c == '>' || c == '#' || c == '*' || c == '|'):
		default:
			if !broken {
				return i
			}
			return at
		}
		at++
	}
	if !broken {
		return i
	}
	return at
}

// softBreak is lineBreak for the end of a line of n characters, which may be one
// that quoted-printable has broken.
func softBreak(src []byte, i, n int) int {
	if i < len(src) && src[i] == '=' && n >= 70 && n <= 76 {
		if next := lineBreak(src, i+1); next == i+2 || next == i+3 {
			return next
		}
	}
	return lineBreak(src, i)
}

// Escaped reports whether the block goes on, before or behind it, in an escaped
// character of base64: then it is decoded when that is undone.
func Escaped(src []byte, b Block) bool {
	inside := func(r rune) bool { return r > 0 && r < 0x80 && (isBase64(byte(r)) || r == '-' || r == '_') }
	if b.To < len(src) && (src[b.To] == '\\' || src[b.To] == '%' || src[b.To] == '&') {
		if r, n := Escape(src[b.To:]); n > 0 && inside(r) {
			return true
		}
	}
	for k := 2; k <= 8 && k <= b.From; k++ {
		switch src[b.From-k] {
		case '\\', '%', '&':
			r, n := Escape(src[b.From-k:])
			return n == k && inside(r)
		}
	}
	return false
}

// block appends the block at src[i:] decoded, if it is wanted, and returns its
// length, 0 if it is not.
func (t *Text) block(src []byte, i int, cut bool, wanted func([]byte) bool) int {
	if !cut && !Plausible(src, i) {
		return 0
	}
	if i < t.joined && t.starts == maxStarts {
		return 0
	}
	b := lineOf(src, i)
	if b.url || i > 0 && (src[i-1] == '-' || src[i-1] == '_') {
		if i >= t.joined {
			t.joined, t.starts = b.To, 0
		}
		t.starts++
	}
	if i >= t.dead {
		b = BlockAt(src, i, cut)
	}
	if Escaped(src, b) {
		return 0
	}
	if !t.decode(src, b, cut, wanted) {
		line := lineOf(src, i)
		if line.To == b.To {
			return 0
		}
		// Its first line alone may be a block, and so may each that follows.
		t.dead = b.To
		if b = line; Escaped(src, b) || !t.decode(src, b, cut, wanted) {
			return 0
		}
	}
	t.begin(src, i)
	at := cursor{lines: t.lines}
	if wide, high := isWide(t.out); wide {
		for k := 0; k+1 < len(t.out); k += 2 {
			unit := rune(t.out[k+high])<<8 | rune(t.out[k+1-high])
			var buf [utf8.UTFMax]byte
			for _, c := range buf[:utf8.EncodeRune(buf[:], unit)] {
				t.put(c, at.of(t.phase+k/3*4+k%3))
			}
		}
		return b.To - i
	}
	t.Bytes = append(t.Bytes, t.out...)
	t.At = slices.Grow(t.At, len(t.out))
	for k := 0; k < len(t.out); k += 3 {
		for c := range min(3, len(t.out)-k) {
			t.At = append(t.At, int32(at.of(t.phase+k/3*4+c)))
		}
	}
	return b.To - i
}

// cursor tells where the characters of a block stand, in their order.
type cursor struct {
	lines []line
	begun int // characters before lines[0]
}

// of returns where character n stands. n never goes back.
func (c *cursor) of(n int) int {
	for n-c.begun >= c.lines[0].to-c.lines[0].from {
		c.begun += c.lines[0].to - c.lines[0].from
		c.lines = c.lines[1:]
	}
	return c.lines[0].from + n - c.begun
}

func lineOf(src []byte, i int) Block {
	end, url := runEnd(src, i)
	b := Block{From: i, To: end, first: i, url: url}
	for k := 0; k < 2 && b.To < len(src) && src[b.To] == '='; k++ {
		b.To++
	}
	return b
}

// Wanted reports whether the block holds something that is wanted.
func (t *Text) Wanted(src []byte, b Block, cut bool, wanted func([]byte) bool) bool {
	return t.decode(src, b, cut, wanted)
}

// decode decodes a block into t.out, with its lines in t.lines, and reports whether it is wanted. Where its beginning was not seen, all four
// phases are tried.
func (t *Text) decode(src []byte, b Block, cut bool, wanted func([]byte) bool) bool {
	if b.To-b.From < minBlock {
		return false
	}
	clear(t.raw)
	t.raw, t.lines = t.raw[:0], t.lines[:0]
	for at := b.first; at < b.To; {
		end := at
		for end < b.To && (isBase64(src[end]) || b.url && (src[end] == '-' || src[end] == '_')) {
			end++
		}
		t.raw = append(t.raw, src[at:end]...)
		t.lines = append(t.lines, line{at, end})
		if at = softBreak(src[:b.To], end, end-at); at == end {
			break
		}
	}
	if b.url {
		for i, c := range t.raw {
			switch c {
			case '-':
				t.raw[i] = '+'
			case '_':
				t.raw[i] = '/'
			}
		}
	}
	phases := 1
	if cut {
		phases = 4
	}
	for p := 0; p < phases && p < len(t.raw); p++ {
		raw := t.raw[p:]
		if len(raw)%4 == 1 {
			raw = raw[:len(raw)-1]
		}
		clear(t.out)
		t.out = slices.Grow(t.out[:0], base64.RawStdEncoding.DecodedLen(len(raw)))
		n, err := base64.RawStdEncoding.Decode(t.out[:cap(t.out)], raw)
		t.out = t.out[:n]
		if err == nil && n > 0 && wanted(t.out) {
			t.phase = p
			return true
		}
	}
	return false
}

// isWide reports whether b is UTF-16 text with some ASCII in it, and which byte
// of two is the high one.
func isWide(b []byte) (wide bool, high int) {
	b = b[:min(len(b), 4<<10)&^1]
	if len(b) < 8 {
		return false, 0
	}
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i&1]++
		}
	}
	if zeros[0] > zeros[1] {
		return zeros[0]*8 >= len(b) && zeros[1]*8 <= zeros[0], 0
	}
	return zeros[1]*8 >= len(b) && zeros[0]*8 <= zeros[1], 1
}
