package pdf

import (
	"bytes"
	"encoding/binary"
)

// maxFontFile is how much of a font's program is read.
const maxFontFile = 16 << 20

// builtIn returns the encoding that a font's program has of its own, as far as
// it names characters; nil if it tells none.
func (d *Document) builtIn(desc dict) map[int]string {
	if s := d.stream(desc["FontFile"]); s != nil {
		b, _ := d.all(s, 64<<10) // its encoding stands before what is encrypted
		return type1Encoding(b)
	}
	if s := d.stream(desc["FontFile3"]); s != nil && d.name(s.dict["Subtype"]) == "Type1C" {
		b, _ := d.all(s, maxFontFile)
		return cffEncoding(b)
	}
	return nil
}

// type1Encoding reads "dup 65 /A put" (Adobe Type 1 Font Format, 2.2).
func type1Encoding(b []byte) map[int]string {
	i := bytes.Index(b, []byte("/Encoding"))
	if i < 0 {
		return nil
	}
	b = b[i:]
	if end := bytes.Index(b, []byte("currentfile eexec")); end >= 0 {
		b = b[:end]
	}
	l := newLexer(bytes.NewReader(b), 4<<10)
	m := make(map[int]string)
	var last [2]object
	for {
		o, err := l.value()
		if err != nil {
			return m
		}
		if k, ok := o.(keyword); ok {
			switch k {
			case "put":
				if n, ok := last[1].(name); ok {
					if c := code(last[0]); c >= 0 && c < 256 {
						if s, ok := glyphText(string(n)); ok {
							m[c] = s
						}
					}
				}
			case "StandardEncoding":
				return nil
			case "def", "readonly":
				if len(m) > 0 {
					return m
				}
			}
			continue
		}
		last[0], last[1] = last[1], o
	}
}

// cffEncoding reads the encoding of a compact font (Adobe TN 5176).
func cffEncoding(b []byte) map[int]string {
	if len(b) < 4 {
		return nil
	}
	_, rest := cffIndex(b[min(int(b[2]), len(b)):])
	tops, rest := cffIndex(rest)
	strs, _ := cffIndex(rest)
	if len(tops) == 0 {
		return nil
	}
	top := cffDict(tops[0])
	if _, cid := top[cffROS]; cid {
		return nil
	}
	encAt, glyphsAt := top[16], top[17]
	if encAt < 2 || glyphsAt <= 0 || encAt >= len(b) || glyphsAt >= len(b) {
		return nil // a standard encoding
	}
	glyphs, _ := cffIndex(b[glyphsAt:])
	sids := cffCharset(b, top[15], len(glyphs))
	called := func(gid int) (string, bool) {
		if gid <= 0 || gid >= len(sids) {
			return "", false
		}
		sid := sids[gid]
		if sid < cffStandardStrings {
			return cffStandard(sid)
		}
		if sid -= cffStandardStrings; sid < len(strs) {
			return glyphText(string(strs[sid]))
		}
		return "", false
	}
	m := make(map[int]string)
	put := func(c, gid int) {
		if s, ok := called(gid); ok {
			m[c] = s
		}
	}
	e := b[encAt:]
	switch {
	case len(e) >= 2 && e[0]&0x7f == 0:
		for i := 0; i < int(e[1]) && 2+i < len(e); i++ {
			put(int(e[2+i]), i+1)
		}
	case len(e) >= 2 && e[0]&0x7f == 1:
		gid := 1
		for i := 0; i < int(e[1]) && 3+2*i < len(e); i++ {
			for k := 0; k <= int(e[3+2*i]); k++ {
				put(int(e[2+2*i])+k, gid)
				gid++
			}
		}
	}
	return m
}

const (
	cffROS             = 1230 // operator 12 30
	cffStandardStrings = 391
)

// cffStandard returns the character of a standard string, for those that are
// printable ASCII: they are the first 95, in order.
func cffStandard(sid int) (string, bool) {
	switch {
	case sid == 8:
		return "\u2019", true
	case sid == 65:
		return "\u2018", true
	case sid >= 1 && sid <= 95:
		return string(rune(sid + 31)), true
	case sid == 109:
		return "fi", true
	case sid == 110:
		return "fl", true
	case sid == 104:
		return "'", true
	case sid == 116:
		return "\u2022", true
	}
	return "", false
}

// cffIndex reads an index and returns what follows it.
func cffIndex(b []byte) (items [][]byte, rest []byte) {
	if len(b) < 3 {
		return nil, nil
	}
	n, size := int(binary.BigEndian.Uint16(b)), int(b[2])
	if n == 0 {
		return nil, b[2:]
	}
	base := 3 + (n+1)*size - 1
	if size < 1 || size > 4 || base >= len(b) {
		return nil, nil
	}
	off := func(i int) int { return int(bigEndian(b[3+i*size : 3+(i+1)*size])) }
	for i := range n {
		from, to := base+off(i), base+off(i+1)
		if from > to || to > len(b) || from < 0 {
			return items, nil
		}
		items = append(items, b[from:to])
	}
	return items, b[base+off(n):]
}

// cffDict reads the operands of the operators that have one integer, or more of
// which the first counts.
func cffDict(b []byte) map[int]int {
	m := make(map[int]int)
	operand, have := 0, false
	for i := 0; i < len(b); {
		c := int(b[i])
		i++
		n, ok := 0, true
		switch {
		case c >= 32 && c <= 246:
			n = c - 139
		case c >= 247 && c <= 250 && i < len(b):
			n = (c-247)*256 + int(b[i]) + 108
			i++
		case c >= 251 && c <= 254 && i < len(b):
			n = -(c-251)*256 - int(b[i]) - 108
			i++
		case c == 28 && i+1 < len(b):
			n = int(int16(binary.BigEndian.Uint16(b[i:])))
			i += 2
		case c == 29 && i+3 < len(b):
			n = int(int32(binary.BigEndian.Uint32(b[i:])))
			i += 4
		case c == 30:
			for i < len(b) && b[i]&0xf != 0xf && b[i]>>4 != 0xf {
				i++
			}
			i++
		default:
			ok = false
			if c == 12 && i < len(b) {
				c = 1200 + int(b[i])
				i++
			}
			m[c] = operand
			have, operand = false, 0
		}
		if ok && !have {
			operand, have = n, true
		}
	}
	return m
}

// cffCharset returns the string numbers of the glyphs.
func cffCharset(b []byte, at, glyphs int) []int {
	sids := make([]int, 1, max(glyphs, 1))
	if at <= 2 || at >= len(b) {
		for i := 1; i < glyphs && at == 0; i++ { // ISOAdobe
			sids = append(sids, i)
		}
		return sids
	}
	kind := b[at]
	b = b[at+1:]
	for len(sids) < glyphs {
		left := 0
		if len(b) < 2 {
			return sids
		}
		sid := int(binary.BigEndian.Uint16(b))
		b = b[2:]
		switch {
		case kind == 1 && len(b) >= 1:
			left, b = int(b[0]), b[1:]
		case kind == 2 && len(b) >= 2:
			left, b = int(binary.BigEndian.Uint16(b)), b[2:]
		case kind != 0:
			return sids
		}
		for i := 0; i <= left && len(sids) < glyphs; i++ {
			sids = append(sids, sid+i)
		}
	}
	return sids
}

// trueTypeCharacters returns the characters of a font's glyphs by their number,
// from its own map (OpenType 1.9, cmap formats 4 and 12).
func trueTypeCharacters(b []byte) map[uint32]string {
	if len(b) < 12 {
		return nil
	}
	var table []byte
	for i := 0; i < int(binary.BigEndian.Uint16(b[4:])) && 12+16*i+16 <= len(b); i++ {
		e := b[12+16*i:]
		if string(e[:4]) != "cmap" {
			continue
		}
		off, n := int64(binary.BigEndian.Uint32(e[8:])), int64(binary.BigEndian.Uint32(e[12:]))
		if off < int64(len(b)) {
			table = b[off:min(off+n, int64(len(b)))]
		}
	}
	if len(table) < 4 {
		return nil
	}
	m := make(map[uint32]string)
	put := func(gid, c uint32) {
		if _, known := m[gid]; !known && gid != 0 && len(m) < maxMapped && c <= 0x10FFFF {
			m[gid] = string(rune(c))
		}
	}
	for i := 0; i < int(binary.BigEndian.Uint16(table[2:])) && 4+8*i+8 <= len(table); i++ {
		e := table[4+8*i:]
		platform := binary.BigEndian.Uint16(e)
		off := int64(binary.BigEndian.Uint32(e[4:]))
		if platform != 0 && platform != 3 || off+16 > int64(len(table)) {
			continue
		}
		switch sub := table[off:]; binary.BigEndian.Uint16(sub) {
		case 4:
			cmapSegments(sub, put)
		case 12:
			for k := 0; k < int(binary.BigEndian.Uint32(sub[12:])) && 16+12*k+12 <= len(sub) && len(m) < maxMapped; k++ {
				g := sub[16+12*k:]
				from, to, gid := binary.BigEndian.Uint32(g), binary.BigEndian.Uint32(g[4:]), binary.BigEndian.Uint32(g[8:])
				for c := from; c <= to && c-from < 1<<16; c++ {
					put(gid+c-from, c)
				}
			}
		}
	}
	return m
}

// cmapSegments reads format 4.
func cmapSegments(b []byte, put func(gid, c uint32)) {
	n := int(binary.BigEndian.Uint16(b[6:])) / 2
	if len(b) < 16+8*n {
		return
	}
	u16 := func(i int) uint32 {
		if i+2 > len(b) {
			return 0
		}
		return uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for i := range n {
		to, from := u16(14+2*i), u16(16+2*n+2*i)
		delta, at := u16(16+4*n+2*i), 16+6*n+2*i
		offset := u16(at)
		for c := from; c <= to && c != 0xFFFF; c++ {
			gid := (c + delta) & 0xffff
			if offset != 0 {
				if gid = u16(at + int(offset) + 2*int(c-from)); gid != 0 {
					gid = (gid + delta) & 0xffff
				}
			}
			put(gid, c)
		}
	}
}
