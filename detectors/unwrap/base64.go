package unwrap

import (
	"bytes"
	"encoding/base64"
)

const (
	minBlock = 16 // characters; less decodes to less than anything of interest
	minLine  = 40 // characters of a line that goes on in the next
)

func isBase64(c byte) bool { return isAlnum(c) || c == '+' || c == '/' }

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
		next := lineBreak(src, end)
		if next == end || next >= len(src) || !isBase64(src[next]) || n < minLine && !(cut && at == i) {
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
		if prev-start+1 < minLine {
			break
		}
		from = start
	}
	cut = cut && from == 0
	return BlockAt(src, from, cut), cut
}

// runStart returns the beginning of the run around src[i], in either alphabet.
func runStart(src []byte, i int) int {
	for i > 0 && (isBase64(src[i-1]) || src[i-1] == '-' || src[i-1] == '_') {
		i--
	}
	for i < len(src) && !isBase64(src[i]) {
		i++
	}
	return i
}

// lineBefore returns the last character of base64 before the line break that
// stands right before src[i], -1 if there is none.
func lineBefore(src []byte, i int) int {
	for k := 1; k <= 32 && i-k >= 0; k++ {
		if isBase64(src[i-k]) && lineBreak(src, i-k+1) == i {
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

// block appends the block at src[i:] decoded, if it is wanted, and returns its
// length, 0 if it is not.
func (t *Text) block(src []byte, i int, cut bool, wanted func([]byte) bool) int {
	b := lineOf(src, i)
	if i >= t.dead {
		b = BlockAt(src, i, cut)
	}
	if !t.decode(src, b, cut, wanted) {
		line := lineOf(src, i)
		if line.To == b.To {
			return 0
		}
		// Its first line alone may be a block, and so may each that follows.
		t.dead = b.To
		if b = line; !t.decode(src, b, cut, wanted) {
			return 0
		}
	}
	if wide, high := isWide(t.out); wide {
		for k := 1 - high; k < len(t.out); k += 2 {
			c := t.out[k]
			if h := k + 2*high - 1; h >= 0 && h < len(t.out) && t.out[h] != 0 {
				c = 0xff
			}
			t.put(c, int(t.at[k/3*4+k%3]))
		}
		return b.To - i
	}
	for k, c := range t.out {
		t.put(c, int(t.at[k/3*4+k%3]))
	}
	return b.To - i
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

// decode decodes a block into t.out, with the places of its characters in t.at,
// and reports whether it is wanted. Where its beginning was not seen, all four
// phases are tried.
func (t *Text) decode(src []byte, b Block, cut bool, wanted func([]byte) bool) bool {
	if b.To-b.From < minBlock {
		return false
	}
	t.raw, t.at = t.raw[:0], t.at[:0]
	for at := b.first; at < b.To; {
		end := at
		for end < b.To && (isBase64(src[end]) || b.url && (src[end] == '-' || src[end] == '_')) {
			t.raw = append(t.raw, src[end])
			t.at = append(t.at, int32(end))
			end++
		}
		if at = lineBreak(src[:b.To], end); at == end {
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
		t.out = append(t.out[:0], make([]byte, base64.RawStdEncoding.DecodedLen(len(raw)))...)
		n, err := base64.RawStdEncoding.Decode(t.out, raw)
		t.out = t.out[:n]
		if err == nil && n > 0 && wanted(t.out) {
			t.at = t.at[p:]
			return true
		}
	}
	return false
}

// isWide reports whether b is UTF-16 text that is mostly ASCII, and which byte
// of two is the high one.
func isWide(b []byte) (wide bool, high int) {
	b = b[:min(len(b), 4<<10)&^1]
	if len(b) < 8 || bytes.IndexByte(b[:8], 0) < 0 {
		return false, 0
	}
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i&1]++
		}
	}
	switch {
	case zeros[1]*4 >= len(b)/2*3 && zeros[0]*8 < len(b)/2:
		return true, 1
	case zeros[0]*4 >= len(b)/2*3 && zeros[1]*8 < len(b)/2:
		return true, 0
	}
	return false, 0
}
