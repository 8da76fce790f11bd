package pdf

import (
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// encoding returns the characters of a simple font's codes (9.6.5).
func (d *Document) encoding(t, desc dict) (names [256]string) {
	var base name
	enc := d.resolve(t["Encoding"])
	switch e := enc.(type) {
	case name:
		base = e
	case dict:
		base = d.name(e["BaseEncoding"])
	}
	switch base {
	case "WinAnsiEncoding":
		names = latin(winUpper)
	case "MacRomanEncoding":
		names = latin(macUpper)
	case "StandardEncoding":
		names = standard()
	default:
		var own map[int]string
		if desc != nil {
			own = d.builtIn(desc)
		}
		names = standard()
		if d.name(t["Subtype"]) == "TrueType" {
			names = latin(winUpper)
		}
		for c, s := range own {
			names[c] = s
		}
	}
	e, ok := enc.(dict)
	if !ok {
		return names
	}
	c := 0
	for _, o := range d.array(e["Differences"]) {
		switch o := d.resolve(o).(type) {
		case float64:
			c = code(o)
		case name:
			if c >= 0 && c < 256 {
				if s, ok := glyphText(string(o)); ok {
					names[c] = s
				} else if d.name(t["Subtype"]) != "Type3" || names[c] == "" {
					names[c] = numbered(string(o), names[c])
				}
			}
			c++
		}
	}
	return names
}

// numbered returns what a name like "a65" or "c65" of a font without real names
// stands for; was if it says nothing.
func numbered(s, was string) string {
	if s == ".notdef" {
		return ""
	}
	if len(s) >= 2 && len(s) <= 4 {
		if n, err := strconv.Atoi(s[1:]); err == nil && n > 32 && n < 127 {
			return string(rune(n))
		}
	}
	return was
}

// latin returns an encoding that is ASCII below 128.
func latin(upper string) (names [256]string) {
	for c := 32; c < 127; c++ {
		names[c] = string(rune(c))
	}
	c := 128
	for _, r := range upper {
		if r != 0 {
			names[c] = string(r)
		}
		c++
	}
	return names
}

func standard() [256]string {
	names := latin(standardUpper)
	names['\''], names['`'] = "\u2019", "\u2018"
	return names
}

// glyphTable is glyphNames as a map.
var glyphTable = sync.OnceValue(func() map[string]rune {
	m := make(map[string]rune, 600)
	words := strings.Fields(glyphNames)
	for i := 0; i+1 < len(words); i += 2 {
		if n, err := strconv.ParseUint(words[i+1], 16, 21); err == nil {
			m[words[i]] = rune(n)
		}
	}
	return m
})

// glyphText returns the characters that a glyph's name stands for (Adobe Glyph
// List Specification, 2).
func glyphText(s string) (string, bool) {
	if r, ok := glyphTable()[s]; ok {
		return string(r), true
	}
	if s == ".notdef" || s == "" {
		return "", false
	}
	if i := strings.IndexByte(s, '.'); i > 0 {
		return glyphText(s[:i])
	}
	if strings.Contains(s, "_") {
		var b strings.Builder
		for _, part := range strings.Split(s, "_") {
			t, ok := glyphText(part)
			if !ok {
				return "", false
			}
			b.WriteString(t)
		}
		return b.String(), true
	}
	digits := ""
	switch {
	case strings.HasPrefix(s, "uni") && len(s) >= 7:
		digits = s[3:7]
	case s[0] == 'u' && len(s) >= 5 && len(s) <= 7:
		digits = s[1:]
	}
	if n, err := strconv.ParseUint(digits, 16, 21); err == nil && utf8.ValidRune(rune(n)) {
		return string(rune(n)), true
	}
	return "", false
}

// docText reads a text string: UTF-16 or UTF-8 with a mark, or PDFDocEncoding
// (7.9.2.2).
func docText(s text) string {
	switch {
	case strings.HasPrefix(string(s), "\xFE\xFF"):
		return utf16Text(s[2:])
	case strings.HasPrefix(string(s), "\xFF\xFE"): // not allowed, but written
		b := []byte(s[2:])
		for i := 0; i+1 < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
		return utf16Text(text(b))
	case strings.HasPrefix(string(s), "\xEF\xBB\xBF"):
		return string(s[3:])
	}
	upper := []rune(docUpper)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x80 {
			b.WriteByte(c)
		} else {
			b.WriteRune(upper[c-0x80])
		}
	}
	return b.String()
}
