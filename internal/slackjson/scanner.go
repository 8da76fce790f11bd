package slackjson

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind says what a Token is.
type Kind uint8

// The kinds of tokens.
const (
	Leaf  Kind = iota // a string value, or a piece of one
	Key               // the name of an object's member, or a piece of one
	Bare              // a number, a literal, or whatever else stands outside of strings
	Open              // { or [
	Close             // } or ]
)

// Token is one part of a JSON text.
type Token struct {
	Kind  Kind
	Bytes []byte // decoded; valid until the next call of Next
	More  bool   // the string goes on in the next token
	Depth int    // how many brackets are open around it; for Open and Close without its own
	Off   int64  // of its first byte in the JSON text, the quote of a string included
}

// bufferSize bounds the pieces in which a long string comes.
const bufferSize = 64 << 10

// maxDepth is how many brackets are told apart. Below that every string is a
// Leaf, which loses no text.
const maxDepth = 10_000

// Scanner splits a JSON text into tokens. It never refuses a text: what is no
// JSON comes as Bare, so that nothing is left unseen. Strings are not checked
// for being UTF-8. It allocates nothing per token and holds one buffer. It
// belongs to one goroutine.
type Scanner struct {
	r        io.Reader
	rerr     error
	buf      []byte
	pos, end int   // what of buf has not been looked at
	base     int64 // offset of buf[0]
	depth    int
	objects  []uint64 // bit n: the bracket at depth n is {
	wantKey  bool
	inString bool // the last token had More set
	kind     Kind // of that string
	start    int64
	tok      Token // the one that Next returns
}

// NewScanner returns a Scanner of r.
func NewScanner(r io.Reader) *Scanner {
	s := &Scanner{buf: make([]byte, bufferSize)}
	s.Reset(r)
	return s
}

// Reset makes the Scanner begin with another text.
func (s *Scanner) Reset(r io.Reader) {
	*s = Scanner{r: r, buf: s.buf, objects: s.objects[:0]}
}

// Clear forgets the bytes that were read.
func (s *Scanner) Clear() { clear(s.buf) }

// Next returns the next token, which is valid until the call after. After the last one the error is io.EOF, or
// io.ErrUnexpectedEOF where the text is cut off; an error of the reader comes
// after what was read before it.
func (s *Scanner) Next() (*Token, error) {
	if s.inString {
		return s.text()
	}
	for {
		for s.pos < s.end {
			c := s.buf[s.pos]
			switch c {
			case ' ', '\t', '\n', '\r':
				s.pos++
				for s.pos+8 <= s.end && binary.LittleEndian.Uint64(s.buf[s.pos:]) == spaces {
					s.pos += 8
				}
			case ',':
				s.pos++
				s.wantKey = s.inObject()
			case ':':
				s.pos++
				s.wantKey = false
			case '"':
				s.start = s.base + int64(s.pos)
				s.pos++
				s.kind = Leaf
				if s.wantKey {
					s.kind, s.wantKey = Key, false
				}
				return s.text()
			case '{', '[':
				t := s.token(Open, s.base+int64(s.pos))
				t.Bytes = s.buf[s.pos : s.pos+1]
				s.pos++
				s.push(c == '{')
				return t, nil
			case '}', ']':
				s.pop()
				t := s.token(Close, s.base+int64(s.pos))
				t.Bytes = s.buf[s.pos : s.pos+1]
				s.pos++
				return t, nil
			default:
				return s.bare(), nil
			}
		}
		if err := s.fill(s.pos); err != nil {
			if errors.Is(err, io.EOF) && s.depth > 0 {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// token begins the token that Next returns.
func (s *Scanner) token(k Kind, off int64) *Token {
	t := &s.tok
	t.Kind, t.More, t.Depth, t.Off = k, false, s.depth, off
	return t
}

// fill reads more, and keeps the bytes from keep on at the buffer's beginning.
func (s *Scanner) fill(keep int) error {
	n := copy(s.buf, s.buf[keep:s.end])
	s.base += int64(keep)
	s.pos, s.end = s.pos-keep, n
	return s.more()
}

// more reads into what is free of the buffer.
func (s *Scanner) more() error {
	for idle := 0; s.rerr == nil; idle++ {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		s.rerr = err
		if n > 0 {
			return nil
		}
		if idle == 100 && err == nil {
			s.rerr = io.ErrNoProgress
		}
	}
	return s.rerr
}

func (s *Scanner) push(object bool) {
	if s.depth < maxDepth {
		i := s.depth / 64
		if i == len(s.objects) {
			s.objects = append(s.objects, 0)
		}
		if object {
			s.objects[i] |= 1 << (s.depth % 64)
		} else {
			s.objects[i] &^= 1 << (s.depth % 64)
		}
	}
	s.depth++
	s.wantKey = s.inObject()
}

func (s *Scanner) pop() {
	if s.depth > 0 {
		s.depth--
	}
	s.wantKey = false
}

func (s *Scanner) inObject() bool {
	d := s.depth - 1
	return d >= 0 && d < maxDepth && s.objects[d/64]>>(d%64)&1 == 1
}

// Eight equal bytes in a word.
const (
	ones   = 0x0101010101010101
	highs  = 0x80 * ones
	spaces = ' ' * ones
)

// plainBytes returns how many bytes of b come before a quote or a backslash.
// It looks at eight at a time: where one of them, xored with what is looked
// for, is zero, subtracting one borrows into its high bit.
func plainBytes(b []byte) int {
	i := 0
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		q, s := w^('"'*ones), w^('\\'*ones)
		if hit := ((q-ones)&^q | (s-ones)&^s) & highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
		i += 8
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// text returns the string, or the next piece of it, that begins at pos. Escapes
// are decoded in place: what they stand for is never longer.
func (s *Scanner) text() (*Token, error) {
	t := s.token(s.kind, s.start)
	s.inString = false
	from, w, r := s.pos, s.pos, s.pos
	for {
		run := r
		r += plainBytes(s.buf[r:s.end])
		if w != run {
			copy(s.buf[w:], s.buf[run:r])
		}
		w += r - run
		if r < s.end && s.buf[r] == '"' {
			s.pos = r + 1
			t.Bytes = s.buf[from:w]
			return t, nil
		}
		if r < s.end {
			n, size := unescape(s.buf[w:], s.buf[r:s.end])
			if size > 0 {
				w, r = w+n, r+size
				continue
			}
		}
		// The buffer ends within the string, or within an escape: what is
		// decoded moves to its beginning, what is not follows at once.
		n := copy(s.buf, s.buf[from:w])
		rest := copy(s.buf[n:], s.buf[r:s.end])
		s.base += int64(r - n)
		s.end, s.pos, from, w, r = n+rest, n, 0, n, n
		var err error
		full := s.end == len(s.buf)
		if !full {
			err = s.more()
		}
		switch {
		case err == nil && !full:
		case n > 0:
			t.Bytes, t.More, s.inString = s.buf[:n], true, true
			return t, nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
}

// unescape decodes the escape that src begins with into dst. It returns how
// many bytes it wrote and read; read nothing means that src is cut off.
func unescape(dst, src []byte) (n, size int) {
	if len(src) < 2 {
		return 0, 0
	}
	c := src[1]
	switch c {
	case 'n':
		c = '\n'
	case 't':
		c = '\t'
	case 'r':
		c = '\r'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'u':
		return unescapeRune(dst, src)
	}
	dst[0] = c // quotes, slashes, and escapes that do not exist: the byte itself
	return 1, 2
}

func unescapeRune(dst, src []byte) (n, size int) {
	if len(src) < 6 {
		return 0, 0
	}
	r, ok := hex4(src[2:6])
	if !ok {
		dst[0] = 'u'
		return 1, 2
	}
	if !utf16.IsSurrogate(r) {
		return utf8.EncodeRune(dst[:utf8.UTFMax], r), 6
	}
	if len(src) >= 7 && src[6] != '\\' || len(src) >= 8 && src[7] != 'u' {
		return utf8.EncodeRune(dst[:utf8.UTFMax], utf8.RuneError), 6
	}
	if len(src) < 12 {
		return 0, 0
	}
	if low, ok := hex4(src[8:12]); ok {
		if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
			return utf8.EncodeRune(dst[:utf8.UTFMax], both), 12
		}
	}
	return utf8.EncodeRune(dst[:utf8.UTFMax], utf8.RuneError), 6
}

func hex4(b []byte) (r rune, ok bool) {
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// bare returns what stands outside of strings up to the next byte that JSON
// gives a meaning.
func (s *Scanner) bare() *Token {
	t := s.token(Bare, s.base+int64(s.pos))
	from := s.pos
	for {
		for s.pos < s.end && !delimiter[s.buf[s.pos]] {
			s.pos++
		}
		if s.pos < s.end {
			break
		}
		if from == 0 && s.end == len(s.buf) {
			t.More = true
			break
		}
		if s.fill(from) != nil {
			from = 0
			break
		}
		from = 0
	}
	t.Bytes = s.buf[from:s.pos]
	return t
}

// delimiter marks the bytes at which what stands outside of strings ends.
var delimiter = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, ',': true, ':': true, '"': true, '{': true, '}': true, '[': true, ']': true}
