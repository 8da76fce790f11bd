package pdf

import (
	"strings"
)

// glyph is what one code of a font shows.
type glyph struct {
	text  string
	width float64 // of its advance, in units of text space for a size of 1
	space bool    // it is the code 32 of one byte, which word spacing widens
}

// font turns the strings of a content stream into glyphs.
type font struct {
	simple    *[256]glyph // nil for a composite font
	vertical  bool
	codes     *cmap // how codes lie in strings, and their glyph numbers; nil: two bytes each, which are glyph numbers
	direct    bool  // codes of two bytes are characters
	toUnicode *cmap
	ordering  string            // the collection of its glyph numbers
	fromFile  map[uint32]string // characters by glyph number, from the font itself
	widths    map[uint32]float64
	width     float64 // of glyphs that widths does not tell
	glyphs    map[uint32]glyph
}

// each calls f for the glyphs of a string.
func (f *font) each(s []byte, show func(glyph)) {
	if f.simple != nil {
		for _, c := range s {
			show(f.simple[c])
		}
		return
	}
	for len(s) > 0 {
		var c uint32
		n := min(2, len(s))
		if f.codes != nil {
			c, n = f.codes.next(s)
		} else {
			c = codeOf(text(s[:n]))
		}
		s = s[n:]
		show(f.composite(c, n))
	}
}

// composite returns the glyph of a code of n bytes.
func (f *font) composite(c uint32, n int) glyph {
	key := c | uint32(n)<<29
	if g, ok := f.glyphs[key]; ok {
		return g
	}
	cid := c
	if f.codes != nil && len(f.codes.ranges) > 0 {
		cid, _ = f.codes.number(c)
	}
	w, ok := f.widths[cid]
	if !ok {
		w = f.width
	}
	g := glyph{text: f.character(c, cid, n), width: w, space: n == 1 && c == ' '}
	if len(f.glyphs) < maxMapped {
		f.glyphs[key] = g
	}
	return g
}

func (f *font) character(c, cid uint32, n int) string {
	if f.toUnicode != nil {
		if s, ok := f.toUnicode.characters(c); ok && useful(s) {
			return plain(s)
		}
	}
	switch {
	case n == 1 && c < 0x80 && f.codes != nil:
		return plain(string(rune(c)))
	case f.direct && n == 2:
		return plain(utf16Text(text([]byte{byte(c >> 8), byte(c)})))
	}
	if s, ok := f.fromFile[cid]; ok {
		return plain(s)
	}
	if r := collected(f.ordering, cid); r != 0 {
		return string(r)
	}
	return unknown
}

// unknown stands for a glyph whose character cannot be told, so that what lies
// beside it is not joined.
const unknown = "\uFFFD"

// useful reports whether a font's own map tells something.
func useful(s string) bool { return s != "" && s != "\x00" && s != unknown }

// collected returns the ASCII character of a glyph number in Adobe's
// collections, 0 for any other (Adobe TN 5078, 5079, 5080, 5093).
func collected(ordering string, cid uint32) rune {
	half := uint32(0)
	switch ordering {
	case "Japan1":
		half = 231
	case "GB1":
		half = 814
	case "CNS1":
		half = 13648
	case "Korea1":
		half = 8094
	default:
		return 0
	}
	switch {
	case cid >= 1 && cid <= 95:
		return rune(cid) + 31
	case cid >= half && cid < half+95:
		return rune(cid-half) + 32
	}
	return 0
}

// plain writes characters that only look special as what they are: ligatures as
// letters, unusual spaces and hyphens as the usual ones.
func plain(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 || s[i] < ' ' {
			ascii = false
			break
		}
	}
	if ascii {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == 0xFB00:
			b.WriteString("ff")
		case r == 0xFB01:
			b.WriteString("fi")
		case r == 0xFB02:
			b.WriteString("fl")
		case r == 0xFB03:
			b.WriteString("ffi")
		case r == 0xFB04:
			b.WriteString("ffl")
		case r == 0xFB05, r == 0xFB06:
			b.WriteString("st")
		case r == 0xA0, r >= 0x2000 && r <= 0x200A, r == 0x202F, r == 0x3000, r == '\t', r == '\n', r == '\r':
			b.WriteByte(' ')
		case r == 0xAD, r == 0x2010, r == 0x2011:
			b.WriteByte('-')
		case r == 0x200B, r == 0x200C, r == 0x200D, r == 0x2060, r == 0xFEFF:
		case r >= 0xFF01 && r <= 0xFF5E:
			b.WriteRune(r - 0xFF01 + '!')
		case r < ' ':
			b.WriteString(unknown)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// font returns a font by its dictionary; fonts that are objects of their own are
// kept.
func (d *Document) font(o object) *font {
	r, named := o.(ref)
	if named {
		if f, ok := d.fonts[r.num]; ok {
			return f
		}
	}
	t := d.dict(o)
	if t == nil {
		return nil
	}
	f := d.readFont(t)
	if named {
		if len(d.fonts) >= maxFonts {
			clear(d.fonts)
		}
		d.fonts[r.num] = f
	}
	return f
}

// maxFonts is how many fonts are kept.
const maxFonts = 128

func (d *Document) readFont(t dict) *font {
	f := &font{}
	if s := d.stream(t["ToUnicode"]); s != nil {
		if r, image, err := d.decode(s); err == nil && image == "" {
			f.toUnicode, _ = parseCMap(r) // what was read before an error serves
		}
	}
	if d.name(t["Subtype"]) == "Type0" {
		d.readComposite(f, t)
	} else {
		d.readSimple(f, t)
	}
	return f
}

// readSimple reads a font whose codes are bytes (9.6).
func (d *Document) readSimple(f *font, t dict) {
	f.simple = new([256]glyph)
	scale := 0.001
	if d.name(t["Subtype"]) == "Type3" {
		if m := d.array(t["FontMatrix"]); len(m) >= 1 {
			scale = d.number(m[0])
		}
	}
	desc := d.dict(t["FontDescriptor"])
	names := d.encoding(t, desc)
	base := baseFont(string(d.name(t["BaseFont"])))
	missing := d.number(desc["MissingWidth"]) * scale
	firstChar := int(integer(d.resolve(t["FirstChar"])))
	widths := d.array(t["Widths"])
	for c := range f.simple {
		g := &f.simple[c]
		g.space = c == ' '
		g.text = names[c]
		if f.toUnicode != nil {
			if s, ok := f.toUnicode.characters(uint32(c)); ok && useful(s) {
				g.text = s
			}
		}
		g.text = plain(g.text)
		if g.text == "" {
			g.text = unknown
		}
		switch i := c - firstChar; {
		case i >= 0 && i < len(widths):
			g.width = d.number(widths[i]) * scale
		case widths != nil:
			g.width = missing
		default:
			g.width = standardWidth(base, g.text)
		}
	}
}

// standardWidth returns the width of a character in a standard font.
func standardWidth(base, s string) float64 {
	if strings.HasPrefix(base, "Courier") {
		return 0.6
	}
	w, ok := standardWidths[base]
	if !ok {
		w = standardWidths["Helvetica"]
	}
	if len(s) == 1 && s[0] >= 32 && s[0] < 127 {
		return float64(w[s[0]-32]) / 1000
	}
	return float64(w['n'-32]) / 1000
}

// baseFont returns the standard font whose widths a font's name asks for.
func baseFont(s string) string {
	if i := strings.IndexByte(s, '+'); i == 6 {
		s = s[7:]
	}
	bold := strings.Contains(s, "Bold")
	italic := strings.Contains(s, "Italic") || strings.Contains(s, "Oblique")
	switch {
	case strings.HasPrefix(s, "Courier"):
		return "Courier"
	case strings.HasPrefix(s, "Times"):
		switch {
		case bold && italic:
			return "Times-BoldItalic"
		case bold:
			return "Times-Bold"
		case italic:
			return "Times-Italic"
		}
		return "Times-Roman"
	case bold:
		return "Helvetica-Bold"
	}
	return "Helvetica"
}

// readComposite reads a font whose codes have one byte or more (9.7).
func (d *Document) readComposite(f *font, t dict) {
	f.glyphs = make(map[uint32]glyph)
	f.widths = make(map[uint32]float64)
	switch e := d.resolve(t["Encoding"]).(type) {
	case name:
		s := string(e)
		f.vertical = strings.HasSuffix(s, "-V")
		switch {
		case strings.HasPrefix(s, "Identity"):
		case strings.HasPrefix(s, "Uni"):
			f.direct = true
		default: // one byte for ASCII, two for the rest
			f.codes = &cmap{spaces: []codeSpace{{1, 0, 0x80}, {1, 0xA0, 0xDF}, {2, 0x8140, 0xFEFE}}}
			if !strings.Contains(s, "RKSJ") {
				f.codes.spaces = []codeSpace{{1, 0, 0x80}, {2, 0x8140, 0xFEFE}}
			}
		}
	case *stream:
		f.vertical = d.number(e.dict["WMode"]) == 1
		if r, image, err := d.decode(e); err == nil && image == "" {
			f.codes, _ = parseCMap(r) // what was read before an error serves
		}
	}
	kids := d.array(t["DescendantFonts"])
	if len(kids) == 0 {
		return
	}
	kid := d.dict(kids[0])
	if o, ok := d.resolve(d.dict(kid["CIDSystemInfo"])["Ordering"]).(text); ok {
		f.ordering = string(o)
	}
	if f.toUnicode == nil && !f.direct {
		if s := d.stream(d.dict(kid["FontDescriptor"])["FontFile2"]); s != nil {
			if b, _ := d.all(s, maxFontFile); len(b) > 0 {
				f.fromFile = trueTypeCharacters(b)
			}
		}
	}
	f.width = 1
	if w, ok := d.resolve(kid["DW"]).(float64); ok {
		f.width = w / 1000
	}
	if f.vertical {
		f.width = 1 // of what is above and below, all are alike but in rare fonts
		return
	}
	d.readWidths(f, d.array(kid["W"]))
}

// readWidths reads "c [w1 w2]" and "c1 c2 w" (9.7.4.3).
func (d *Document) readWidths(f *font, w array) {
	for i := 0; i+1 < len(w); {
		from := code(d.resolve(w[i]))
		if a, ok := d.resolve(w[i+1]).(array); ok {
			for k, o := range a {
				if from >= 0 && len(f.widths) < maxMapped {
					f.widths[uint32(from+k)] = d.number(o) / 1000
				}
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			return
		}
		to, width := code(d.resolve(w[i+1])), d.number(w[i+2])/1000
		for c := from; c >= 0 && c <= to && len(f.widths) < maxMapped; c++ {
			f.widths[uint32(c)] = width
		}
		i += 3
	}
}
