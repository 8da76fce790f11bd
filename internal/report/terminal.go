package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Clean makes a name from a scanned place, or an answer from a network, safe
// to print: whatever is not a printable character (control characters, escape
// sequences, bidirectional overrides, invisible characters, bytes that are not
// UTF-8) is shown as \x1b or \u202e. Letters of all scripts stay.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case printable(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

func isClean(s string) bool {
	for i, r := range s {
		if !printable(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return false
		}
	}
	return true
}

// ideographicSpace is the one space beside ' ' that is common in file names.
const ideographicSpace = '\u3000'

func printable(r rune) bool { return unicode.IsPrint(r) || r == ideographicSpace }

// columns is how many columns of a terminal a clean string takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// wrap breaks s at spaces into lines of at most cols columns, and keeps every
// other space. A word that is longer stands alone on its line, whole, so that
// it can be copied. cols <= 0 means one line.
func wrap(s string, cols int) []string {
	if cols <= 0 || columns(s) <= cols {
		return []string{s}
	}
	var lines []string
	line, used := "", 0
	for i, word := range strings.Split(s, " ") {
		w := columns(word)
		switch {
		case i == 0:
			line, used = word, w
		case used+1+w > cols && used > 0:
			lines = append(lines, line)
			line, used = word, w
		default:
			line, used = line+" "+word, used+1+w
		}
	}
	return append(lines, line)
}

// style is an SGR sequence of ECMA-48; "" is none.
type style string

const (
	plain   style = ""
	bold    style = "1"
	faint   style = "2"
	red     style = "31"
	boldRed style = "1;31"
	yellow  style = "33"
	cyan    style = "36"
	green   style = "32"
)

// paint wraps clean text in a style, where colour is wanted.
func (o Options) paint(st style, s string) string {
	if !o.Color || st == plain || s == "" {
		return s
	}
	return "\x1b[" + string(st) + "m" + s + "\x1b[0m"
}
