package unwrap

import "unicode/utf8"

// simple returns the ASCII character that a reader takes r for, Nothing for
// one that cannot be seen, and r itself otherwise.
func simple(r rune) rune {
	switch {
	case r < 0x80:
		return r
	case r == 0xad, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r == 0x180e, r >= 0xfe00 && r <= 0xfe0f:
		return Nothing
	case r == 0xa0, r == 0x3000, r >= 0x2000 && r <= 0x200a, r == 0x202f, r == 0x205f:
		return ' '
	case r == 0x2028, r == 0x2029, r == 0x85:
		return '\n'
	case r >= 0x2018 && r <= 0x201b, r == 0x2032, r == 0xb4:
		return '\''
	case r >= 0x201c && r <= 0x201f, r == 0xab, r == 0xbb, r == 0x2033, r >= 0x300c && r <= 0x300f:
		return '"'
	case r >= 0x2010 && r <= 0x2015, r == 0x2212:
		return '-'
	case r == 0x2190, r == 0x2192, r == 0x21d2:
		return '>'
	case r >= 0xff01 && r <= 0xff5e: // the full-width forms
		return r - 0xff01 + '!'
	}
	return r
}

// beyondASCII reads a character that begins with a byte of 0x80 or more: of
// UTF-8, or else of a double-byte set, whose second byte may look like a letter
// and glue itself to what follows.
func beyondASCII(b []byte) (r rune, n int) {
	if r, n := utf8.DecodeRune(b); r != utf8.RuneError || n > 1 {
		return r, n
	}
	if len(b) < 2 || b[0] == 0x80 || b[0] == 0xa0 || b[0] == 0xff || b[1] < 0x40 || b[1] == 0x7f || b[1] == 0xff {
		return 0, 0
	}
	if b[0] >= 0xa1 && b[0] <= 0xdf && b[1] < 0x80 {
		return 0, 0 // a half-width katakana of Shift_JIS, or a letter of a European set
	}
	return doubleByte(b[0], b[1]), 2
}

// doubleByte reads a character of Shift_JIS, as far as labels are made of them:
// kana, punctuation and the full-width Latin letters (JIS X 0208, rows 1 to 5).
func doubleByte(lead, trail byte) rune {
	k := rune(trail)
	switch {
	case lead == 0x83 && trail >= 0x40 && trail <= 0x96: // katakana
		if trail > 0x7f {
			k--
		}
		return 0x30a1 + k - 0x40
	case lead == 0x82 && trail >= 0x9f && trail <= 0xf1: // hiragana
		return 0x3041 + k - 0x9f
	case lead == 0x82 && trail >= 0x4f && trail <= 0x58:
		return '0' + k - 0x4f
	case lead == 0x82 && trail >= 0x60 && trail <= 0x79:
		return 'A' + k - 0x60
	case lead == 0x82 && trail >= 0x81 && trail <= 0x9a:
		return 'a' + k - 0x81
	case lead == 0x81:
		if r, ok := rowOne[trail]; ok {
			return r
		}
	}
	return Foreign
}

// rowOne is the punctuation of Shift_JIS that stands in or around labels.
var rowOne = map[byte]rune{
	0x40: ' ', 0x41: '、', 0x42: '。', 0x43: ',', 0x44: '.', 0x45: '・', 0x46: ':', 0x47: ';', 0x5b: 'ー', 0x5e: '/', 0x69: '(', 0x6a: ')',
	0x6d: '[', 0x6e: ']', 0x75: '"', 0x76: '"', 0x7b: '+', 0x7c: '-', 0x81: '=', 0xa8: '>',
}

// shift reads what begins with ESC: a terminal's colours, and a stretch of ISO-2022-JP, which is written in 7 bits between two
// escape sequences, as one foreign character; the letters that end a sequence
// are glued to what follows otherwise.
func shift(b []byte) (r rune, n int) {
	const longest = 4 << 10 // a stretch ends with its line
	if len(b) < 3 {
		return 0, 0
	}
	if b[1] == '(' {
		return Foreign, 3
	}
	if b[1] == '[' { // a colour of a terminal
		for i := 2; i < min(len(b), 20); i++ {
			if c := b[i]; c >= '@' && c <= '~' {
				return Nothing, i + 1
			} else if c < '0' || c > '?' {
				break
			}
		}
		return 0, 0
	}
	if b[1] != '$' {
		return 0, 0
	}
	for i := 3; i < min(len(b), longest); i++ {
		if b[i] == '\n' {
			return Foreign, i
		}
		if b[i] == 0x1b && i+2 < len(b) {
			return Foreign, i
		}
	}
	return 0, 0
}
