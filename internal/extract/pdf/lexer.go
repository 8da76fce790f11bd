package pdf

import (
	"errors"
	"io"
)

// lexer reads objects from a file or a content stream. It is lenient: whatever
// stands there gives objects or keywords, and only the end, a failure to read
// and an object beyond all measure are errors.
type lexer struct {
	r      io.Reader
	buf    []byte
	pos    int
	off    int64 // of buf[0] in r
	err    error
	tok    []byte
	budget int // bytes that the object being read may still take
}

// maxObject is the longest object but for a stream's bytes, in bytes of its
// source: in memory it takes some ten times as much.
const maxObject = 4 << 20

// maxNesting is how deep arrays and dictionaries may lie in one another.
const maxNesting = 100

var errObject = errors.New("an object is too long or too deep")

func newLexer(r io.Reader, size int) *lexer { return &lexer{r: r, buf: make([]byte, 0, size)} }

// at is the offset of the next byte.
func (l *lexer) at() int64 { return l.off + int64(l.pos) }

// peek returns the next byte, -1 at the end.
func (l *lexer) peek() int {
	if l.pos < len(l.buf) || l.fill() {
		return int(l.buf[l.pos])
	}
	return -1
}

// next returns the next byte and passes it, -1 at the end.
func (l *lexer) next() int {
	if l.pos < len(l.buf) || l.fill() {
		l.pos++
		return int(l.buf[l.pos-1])
	}
	return -1
}

func (l *lexer) fill() bool {
	if l.err != nil {
		return false
	}
	l.budget -= len(l.buf)
	l.off += int64(len(l.buf))
	l.pos = 0
	l.buf = l.buf[:cap(l.buf)]
	n := 0
	for tries := 0; n == 0 && l.err == nil && tries < 100; tries++ {
		n, l.err = l.r.Read(l.buf)
	}
	if n == 0 && l.err == nil {
		l.err = io.ErrNoProgress
	}
	l.buf = l.buf[:n]
	return n > 0
}

// Classes of bytes (7.2.3).
const (
	regular = iota
	space
	delimiter
)

var classes = func() (c [256]uint8) {
	for _, b := range "\x00\t\n\f\r " {
		c[b] = space
	}
	for _, b := range "()<>[]{}/%" {
		c[b] = delimiter
	}
	return c
}()

// skipSpace passes white space and comments.
func (l *lexer) skipSpace() {
	for {
		c := l.peek()
		switch {
		case c < 0:
			return
		case c == '%':
			for c >= 0 && c != '\n' && c != '\r' {
				c = l.next()
			}
		case classes[c] == space:
			l.pos++
		default:
			return
		}
	}
}

// value reads an object, or a keyword: what is none of the others. The error is
// io.EOF at the end.
func (l *lexer) value() (object, error) {
	l.budget = maxObject
	return l.nested(0)
}

func (l *lexer) nested(depth int) (object, error) {
	if l.budget < 0 || depth > maxNesting {
		return nil, errObject
	}
	l.skipSpace()
	c := l.next()
	switch {
	case c < 0:
		if l.err == nil {
			l.err = io.EOF
		}
		return nil, l.err
	case c == '/':
		return name(l.name()), nil
	case c == '(':
		return l.literal()
	case c == '<':
		if l.peek() == '<' {
			l.pos++
			return l.dict(depth)
		}
		return l.hex()
	case c == '[':
		return l.list("]", depth)
	case c == '>':
		if l.peek() == '>' {
			l.pos++
			return keyword(">>"), nil
		}
		return keyword(">"), nil
	case classes[c] == delimiter:
		return keyword([]byte{byte(c)}), nil
	}
	return l.word(byte(c)), nil
}

// word reads a number or a keyword that begins with c.
func (l *lexer) word(c byte) object {
	if c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
		if n, ok := l.number(c); ok {
			return n
		}
	} else {
		l.tok = append(l.tok[:0], c)
	}
	for c := l.peek(); c >= 0 && classes[c] == regular && len(l.tok) < 128; c = l.peek() {
		l.tok = append(l.tok, byte(c))
		l.pos++
	}
	switch string(l.tok) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	if op, ok := operators[string(l.tok)]; ok {
		return op
	}
	return keyword(l.tok)
}

// number reads a number; what it passed is in tok when it is none.
func (l *lexer) number(c byte) (float64, bool) {
	l.tok = l.tok[:0]
	sign, whole, fraction, scale, digits := 1.0, 0.0, 0.0, 1.0, 0
	point := false
	for {
		switch {
		case c >= '0' && c <= '9':
			digits++
			if point {
				scale /= 10
				fraction += float64(c-'0') * scale
			} else {
				whole = whole*10 + float64(c-'0')
			}
		case c == '.' && !point:
			point = true
		case c == '-' && digits == 0:
			sign = -1
		case c == '+' && digits == 0:
		case c == '-' || c == '.': // some write 12-34 or 1.2.3: what follows tells nothing
		default:
			return 0, false
		}
		l.tok = append(l.tok, c)
		n := l.peek()
		if n < 0 || classes[n] != regular || len(l.tok) > 64 {
			break
		}
		if (n < '0' || n > '9') && n != '.' && n != '-' && n != '+' {
			if digits > 0 { // an operator that follows at once: "0Tc"
				break
			}
			return 0, false
		}
		c = byte(n)
		l.pos++
	}
	return sign * (whole + fraction), digits > 0 || point
}

// name reads a name after its slash.
func (l *lexer) name() []byte {
	l.tok = l.tok[:0]
	for c := l.peek(); c >= 0 && classes[c] == regular && len(l.tok) < 4096; c = l.peek() {
		l.pos++
		if c == '#' {
			a := hexDigit(l.peek())
			if a >= 0 {
				l.pos++
				if b := hexDigit(l.peek()); b >= 0 {
					l.pos++
					c = a<<4 | b
				} else {
					l.tok = append(l.tok, '#')
					c = int("0123456789abcdef"[a])
				}
			}
		}
		l.tok = append(l.tok, byte(c))
	}
	return l.tok
}

// literal reads a string after its opening parenthesis.
func (l *lexer) literal() (object, error) {
	l.tok = l.tok[:0]
	for depth := 1; ; {
		c := l.next()
		switch c {
		case -1:
			return text(l.tok), nil
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text(l.tok), nil
			}
		case '\r':
			if l.peek() == '\n' {
				l.pos++
			}
			c = '\n'
		case '\\':
			if c = l.escape(); c < 0 {
				continue
			}
		}
		if len(l.tok) >= maxObject {
			return nil, errObject
		}
		l.tok = append(l.tok, byte(c))
	}
}

// escape reads what follows a backslash; -1: it stands for nothing.
func (l *lexer) escape() int {
	c := l.next()
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case '\r':
		if l.peek() == '\n' {
			l.pos++
		}
		return -1
	case '\n':
		return -1
	}
	if c < '0' || c > '7' {
		return c
	}
	v := c - '0'
	for range 2 {
		d := l.peek()
		if d < '0' || d > '7' {
			break
		}
		l.pos++
		v = v<<3 | (d - '0')
	}
	return v & 0xff
}

// hex reads a string after its '<'.
func (l *lexer) hex() (object, error) {
	l.tok = l.tok[:0]
	half, odd := 0, false
	for {
		c := l.next()
		if c < 0 || c == '>' {
			break
		}
		d := hexDigit(c)
		if d < 0 {
			continue
		}
		if odd = !odd; odd {
			half = d << 4
			continue
		}
		if len(l.tok) >= maxObject {
			return nil, errObject
		}
		l.tok = append(l.tok, byte(half|d))
	}
	if odd {
		l.tok = append(l.tok, byte(half))
	}
	return text(l.tok), nil
}

func hexDigit(c int) int {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return -1
}

// list reads objects up to a closing keyword, joining what names an object.
func (l *lexer) list(end keyword, depth int) (array, error) {
	var a array
	for {
		o, err := l.nested(depth + 1)
		if err != nil {
			return a, err
		}
		switch k, ok := o.(keyword); {
		case !ok:
			a = append(a, o)
		case k == end:
			return a, nil
		case k == "R":
			a = joinRef(a)
		case k == "endobj" || k == "stream" || k == ">>" || k == "]": // its end is missing
			return a, nil
		}
	}
}

// joinRef makes a reference of the last two objects.
func joinRef(a array) array {
	if n := len(a); n >= 2 {
		num, gen := integer(a[n-2]), integer(a[n-1])
		if num < 0 || num > 1<<31 || gen < 0 || gen > 1<<16 {
			return append(a[:n-2], nil)
		}
		return append(a[:n-2], ref{uint32(num), uint32(gen)})
	}
	return a
}

// dict reads a dictionary after its "<<".
func (l *lexer) dict(depth int) (object, error) {
	a, err := l.list(">>", depth)
	if err != nil && len(a) == 0 {
		return nil, err
	}
	d := make(dict, len(a)/2)
	for i := 0; i < len(a); i++ {
		k, ok := a[i].(name)
		if !ok {
			continue
		}
		if i++; i < len(a) {
			if _, twice := d[k]; !twice {
				d[k] = a[i]
			}
		}
	}
	return d, err
}

// operators are keywords as objects, so that reading one allocates nothing.
var operators = func() map[string]object {
	m := make(map[string]object)
	for _, s := range []string{
		"R", "obj", "endobj", "stream", "endstream", "xref", "trailer", "n", "f", "b", "B", "b*", "B*", "BDC", "BI", "BMC", "BT", "BX", "c", "cm",
		"CS", "cs", "d", "d0", "d1", "Do", "DP", "EI", "EMC", "ET", "EX", "f*", "F", "G", "g", "gs", "h", "i", "ID", "j", "J", "K", "k", "l", "M", "m",
		"MP", "q", "Q", "re", "RG", "rg", "ri", "s", "S", "SC", "sc", "SCN", "scn", "sh", "T*", "Tc", "Td", "TD", "Tf", "Tj", "TJ", "TL", "Tm", "Tr",
		"Ts", "Tw", "Tz", "v", "w", "W", "W*", "y", "'", "\"", "def", "endbfchar", "endbfrange",
	} {
		m[s] = keyword(s)
	}
	return m
}()
