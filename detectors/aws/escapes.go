package aws

import (
	"bytes"

	"mislaid/detectors"
)

// escaped appends secrets that an escape breaks or lengthens: JSON's \/, the
// %2F and %2B of links, &#x2F; of markup, =2F and the soft line break of
// quoted-printable, and an escape right before the secret (\n, =3D, %3A). They
// are looked for around ids only.
func (r *region) escaped(dst []detectors.Atom) []detectors.Atom {
	done := 0
	for _, id := range r.ids {
		from, to := max(id.from-nearReach, done), min(id.to+nearReach, len(r.Bytes))
		for i := from; i < to; i++ {
			switch r.Bytes[i] {
			case '\\', '%', '&', '=':
			default:
				continue
			}
			s := r.escapedRun(i)
			if s.to <= s.from || s.to <= done {
				continue
			}
			dst = r.escapedSecret(dst, s)
			done = s.to
			i = max(i, s.to-1)
		}
		done = max(done, to)
	}
	return dst
}

// escapedRun returns the longest text of base64 characters and escapes of '/'
// and '+' that has an escape at near[i], or begins right after one there.
func (r *region) escapedRun(i int) span {
	b := r.Bytes
	from, to := i, i
	if _, n := unescape(b[i:]); n == 0 {
		// An escape of something else: the run begins behind it.
		from = i + escapeLen(b[i:])
		to = from
		if from == i {
			return span{}
		}
	} else {
		for i-from < maxEscaped {
			n := 0
			if from > 0 && isBase64(b[from-1]) {
				n = 1
			}
			if k := escapeEnding(b[:from]); k > 0 {
				n = k
			}
			if n == 0 {
				break
			}
			from -= n
		}
	}
	for to < len(b) {
		if isBase64(b[to]) {
			to++
		} else if c, n := unescape(b[to:]); c != 0 || n > 0 && to+n < len(b) && isBase64(b[to+n]) {
			to += n
		} else {
			break
		}
	}
	return span{from, to}
}

// maxEscaped is more than a secret can be long when every character is escaped
// as six. A run is followed back no further: it is too long already.
const maxEscaped = 6*secretLen + 2

// escapedSecret appends the atom of the secret written at s, if it is one.
func (r *region) escapedSecret(dst []detectors.Atom, s span) []detectors.Atom {
	b := r.Bytes
	var plain [secretLen]byte
	n, escapes := 0, 0
	// What precedes the run may be the rest of an escape: "\n" or "=3D".
	if k := strayEscape(b, s.from); k > 0 && s.to-s.from >= secretLen+k {
		s.from += k
		escapes++
	} else if escapeBefore(b, s.from) > 0 || s.from >= 2 && b[s.from-2] == '\\' {
		escapes++
	}
	for i := s.from; i < s.to; {
		c, k := b[i], 1
		if !isBase64(c) {
			c, k = unescape(b[i:])
			escapes++
		}
		if k == 0 || n == secretLen && c != 0 {
			return dst
		}
		if c != 0 {
			plain[n] = c
			n++
		}
		i += k
	}
	if n != secretLen || escapes == 0 || s.to < len(b) && b[s.to] == '=' {
		return dst
	}
	dst = r.secret(dst, s, plain[:])
	clear(plain[:])
	return dst
}

// strayEscape returns how many characters at near[i:] belong to an escape that
// begins right before it.
func strayEscape(b []byte, i int) int {
	switch {
	case i >= 1 && b[i-1] == '\\' && i < len(b) && (b[i] == 'n' || b[i] == 't' || b[i] == 'r'):
		return 1
	case i >= 1 && (b[i-1] == '=' || b[i-1] == '%') && i+1 < len(b) && isHex(b[i]) && isHex(b[i+1]):
		return 2
	}
	return 0
}

// escapeLen returns the length of an escape of any other character at b[0].
func escapeLen(b []byte) int {
	switch {
	case len(b) >= 2 && b[0] == '\\' && (b[1] == 'n' || b[1] == 't' || b[1] == 'r'):
		return 2
	case len(b) >= 6 && b[0] == '\\' && b[1] == 'u' && isAll(b[2:6], isHex):
		return 6
	case len(b) >= 3 && (b[0] == '=' || b[0] == '%') && isHex(b[1]) && isHex(b[2]):
		return 3
	case b[0] == '&':
		if n := bytes.IndexByte(b[:min(len(b), 8)], ';'); n > 1 {
			return n + 1
		}
	}
	return 0
}

// escapes are the ways to write '/' and '+', and a break that means nothing.
var escapes = []struct {
	text []byte
	c    byte
}{
	{[]byte(`\/`), '/'}, {[]byte(`\u002f`), '/'}, {[]byte(`\u002b`), '+'}, {[]byte(`\x2f`), '/'}, {[]byte(`\x2b`), '+'},
	{[]byte("%2f"), '/'}, {[]byte("%2b"), '+'},
	{[]byte("&#x2f;"), '/'}, {[]byte("&#x2b;"), '+'}, {[]byte("&#47;"), '/'}, {[]byte("&#43;"), '+'},
	{[]byte("=2f"), '/'}, {[]byte("=2b"), '+'}, {[]byte("=\r\n"), 0}, {[]byte("=\n"), 0},
}

// escapeEnding returns the length of the escape of '/' or '+' that b ends with.
func escapeEnding(b []byte) int {
	for _, e := range escapes {
		if n := len(b) - len(e.text); n >= 0 && bytes.EqualFold(b[n:], e.text) {
			return len(e.text)
		}
	}
	return 0
}

// unescape returns the character that an escape at b[0] stands for, 0 for none,
// and the length of the escape, 0 if there is no such escape.
func unescape(b []byte) (c byte, n int) {
	for _, e := range escapes {
		if len(b) >= len(e.text) && b[0] == e.text[0] && bytes.EqualFold(b[:len(e.text)], e.text) {
			return e.c, len(e.text)
		}
	}
	return 0, 0
}
