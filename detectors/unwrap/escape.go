package unwrap

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// What Escape returns for a rune that is none.
const (
	Nothing = -1  // the escape stands for no character: a soft line break, a zero-width space
	rawByte = -2  // rawByte-c: the byte c, which may be a piece of a character
	Foreign = 0x1 // a character of a double-byte set that is of no interest
)

// Escape returns the character that an escape at b[0] stands for, and the
// length of the escape, 0 if there is none. A result below Nothing is a byte
// alone: ByteOf tells which.
func Escape(b []byte) (r rune, n int) {
	switch b[0] {
	case '\\':
		return backslash(b)
	case '%':
		if v, ok := hex(b, 1, 2); ok {
			return single(byte(v)), 3
		}
		if len(b) > 1 && b[1] == 'u' {
			if v, ok := hex(b, 2, 4); ok {
				return v, 6
			}
		}
	case '=':
		return quoted(b, false)
	case '&':
		return entity(b)
	case '<':
		for _, tag := range []string{"<wbr>", "<wbr/>", "<wbr />"} {
			if len(b) >= len(tag) && bytes.EqualFold(b[:len(tag)], []byte(tag)) {
				return Nothing, len(tag)
			}
		}
	case 0x1b:
		return shift(b)
	}
	if b[0] >= 0x80 {
		return beyondASCII(b)
	}
	return 0, 0
}

// Begins reports whether an escape may begin with c.
func Begins(c byte) bool { return !plain[c] && !base64Bytes[c] }

// ByteOf returns the byte that a result of Escape stands for, if it is one.
func ByteOf(r rune) (c byte, ok bool) {
	if r <= rawByte {
		return byte(rawByte - r), true
	}
	if r >= 0 && r < utf8.RuneSelf {
		return byte(r), true
	}
	return 0, false
}

// single is a byte as a result of Escape.
func single(c byte) rune {
	if c < utf8.RuneSelf {
		return rune(c)
	}
	return rawByte - rune(c)
}

// rune appends what the escape src[at:at+n] stands for.
func (t *Text) rune(src []byte, r rune, at, n int) {
	var buf [utf8.UTFMax]byte
	text := buf[:0]
	if c, ok := ByteOf(r); ok {
		text = append(text, c)
	} else if r = simple(r); r != Nothing {
		text = utf8.AppendRune(text, r)
	}
	if !t.begun && bytes.Equal(text, src[at:at+n]) {
		return // it stands for itself
	}
	t.begin(src, at)
	for _, c := range text {
		t.put(c, at)
	}
}

// backslash reads the escapes of JSON, JavaScript, C, shells and Markdown.
func backslash(b []byte) (r rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch c := b[1]; {
	case c == 'n':
		return '\n', 2
	case c == 'r':
		return '\r', 2
	case c == 't':
		return '\t', 2
	case c == '\n':
		return Nothing, 2
	case c == '\r' && len(b) > 2 && b[2] == '\n':
		return Nothing, 3
	case c == 'u':
		v, ok := hex(b, 2, 4)
		if !ok {
			return 0, 0
		}
		if utf16.IsSurrogate(v) && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
			if low, ok := hex(b, 8, 4); ok {
				return utf16.DecodeRune(v, low), 12
			}
		}
		return v, 6
	case c == 'x':
		if v, ok := hex(b, 2, 2); ok {
			return single(byte(v)), 4
		}
	case c == 'e' && len(b) > 2 && b[2] == '[':
		return 0x1b, 2
	case c >= '0' && c <= '3' && len(b) >= 4 && isOctal(b[2]) && isOctal(b[3]):
		return single((c-'0')<<6 | (b[2]-'0')<<3 | (b[3] - '0')), 4
	case c > ' ' && c < 0x7f && !isAlnum(c):
		return rune(c), 2
	}
	return 0, 0
}

// quoted reads quoted-printable. Its writers escape every '=', so that an escape
// alone is taken only for a sign that they have reason to escape, and not for
// the beginning of a value behind the name of a key; among escapes any is taken.
func quoted(b []byte, behind bool) (r rune, n int) {
	switch {
	case len(b) >= 2 && b[1] == '\n':
		return Nothing, 2
	case len(b) >= 3 && b[1] == '\r' && b[2] == '\n':
		return Nothing, 3
	}
	v, ok := hexUpper(b)
	if !ok {
		return 0, 0
	}
	c := byte(v)
	if !behind && !bytes.ContainsRune([]byte("=/+ \t\r\n\"'._:&<>{}[]"), v) {
		if _, more := hexUpper(b[3:]); !more {
			return 0, 0
		}
	}
	return single(c), 3
}

// hexUpper reads "=XX" at b[0].
func hexUpper(b []byte) (v rune, ok bool) {
	if len(b) < 3 || b[0] != '=' || b[1] >= 'a' || b[2] >= 'a' {
		return 0, false
	}
	return hex(b, 1, 2)
}

// padding returns how many '=' behind the run src[run:end) fill up its last
// group, where they stand at the end of a line and might be read as a soft line
// break too. Writers of quoted-printable break lines of about 76 characters.
func padding(src []byte, run, end int, cut bool) int {
	n := end
	for n < len(src) && src[n] == '=' {
		n++
	}
	pads := n - end
	if pads < 1 || pads > 2 || (n-run)%4 != 0 && !cut || n < len(src) && src[n] != '\n' && src[n] != '\r' {
		return 0
	}
	line := n - 1 - bytes.LastIndexByte(src[max(0, n-80):n], '\n') - max(0, n-80)
	if line >= 70 && line <= 78 || n-run < 40 && !cut && (run == 0 || src[run-1] != '=') {
		return 0
	}
	return pads
}

// entities are the names of characters in markup that matter here.
var entities = map[string]rune{
	"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\'', "nbsp": ' ', "plus": '+', "sol": '/', "equals": '=', "colon": ':', "semi": ';',
	"lowbar": '_', "UnderBar": '_', "num": '#', "comma": ',', "period": '.', "dash": '-', "hyphen": '-', "NewLine": '\n', "Tab": '\t', "bsol": '\\',
	"percnt": '%', "lbrack": '[', "rbrack": ']', "lpar": '(', "rpar": ')', "lcub": '{', "rcub": '}', "vert": '|', "ZeroWidthSpace": Nothing,
	"zwnj": Nothing, "zwj": Nothing, "shy": Nothing, "ldquo": '"', "rdquo": '"', "lsquo": '\'', "rsquo": '\'', "ensp": ' ', "emsp": ' ', "thinsp": ' ',
}

// entity reads the characters of XML and HTML.
func entity(b []byte) (r rune, n int) {
	end := bytes.IndexByte(b[:min(len(b), 18)], ';')
	if end < 3 {
		return 0, 0
	}
	if b[1] != '#' {
		r, ok := entities[string(b[1:end])]
		if !ok {
			return 0, 0
		}
		return r, end + 1
	}
	digits, base := b[2:end], rune(10)
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	if len(digits) == 0 || len(digits) > 7 {
		return 0, 0
	}
	for _, c := range digits {
		d := hexDigit(c)
		if d < 0 || d >= base {
			return 0, 0
		}
		r = r*base + d
	}
	if r > utf8.MaxRune || r == 0 {
		return 0, 0
	}
	return r, end + 1
}

// hex reads digits hexadecimal digits from b[from:].
func hex(b []byte, from, digits int) (v rune, ok bool) {
	if from+digits > len(b) {
		return 0, false
	}
	for _, c := range b[from : from+digits] {
		d := hexDigit(c)
		if d < 0 {
			return 0, false
		}
		v = v<<4 | d
	}
	return v, true
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }
