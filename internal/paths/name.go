package paths

import (
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Escape appends raw to dst as valid UTF-8 without control characters. Bytes
// that are not valid UTF-8 and the bytes of control characters become \xHH. A
// backslash becomes \x5c only where it would read as such an escape, so that
// Unescape(Escape(raw)) == raw for every raw.
func Escape(dst []byte, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c == '\\' && isEscape(raw[i:]), c < 0x20, c == 0x7f:
			dst = appendEscape(dst, c)
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(raw[i:])
			if r == utf8.RuneError && n == 1 || r < 0xa0 {
				for _, b := range raw[i : i+n] {
					dst = appendEscape(dst, b)
				}
			} else {
				dst = append(dst, raw[i:i+n]...)
			}
			i += n
		}
	}
	return dst
}

// Legible is a raw path as it can be shown and kept.
func Legible(raw string) string { return string(Escape(nil, []byte(raw))) }

func appendEscape(dst []byte, c byte) []byte {
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}

// isEscape reports whether b begins with \x and two lower-case hex digits.
func isEscape[T []byte | string](b T) bool {
	return len(b) >= 4 && b[0] == '\\' && b[1] == 'x' && unhex(b[2]) >= 0 && unhex(b[3]) >= 0
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// Unescape undoes escape. It returns s itself when s holds no escape.
func Unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for i < len(s) {
		if isEscape(s[i:]) {
			b = append(b, byte(unhex(s[i+2])<<4|unhex(s[i+3])))
			i += 4
			continue
		}
		b = append(b, s[i])
		i++
	}
	return string(b)
}

// SplitID returns the raw directory path ("" is the root) and the raw name that
// an ID stands for. ok is false for an ID that no listing can have given: one
// that is empty, absolute, or holds an empty component, ".", ".." or NUL.
func SplitID(id string) (dir, name string, ok bool) {
	raw := Unescape(id)
	if strings.IndexByte(raw, 0) >= 0 {
		return "", "", false
	}
	start := 0
	for i := 0; i <= len(raw); i++ {
		if i < len(raw) && raw[i] != '/' {
			continue
		}
		switch raw[start:i] {
		case "", ".", "..":
			return "", "", false
		}
		if i < len(raw) {
			start = i + 1
		}
	}
	if start == 0 {
		return "", raw, true
	}
	return raw[:start-1], raw[start:], true
}
