package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unpackRTF hands over the text of a document in Rich Text Format (1.9.1), notes,
// fields, hidden text and properties included, and the objects in it.
func unpackRTF(w *walk, p place, in Input) error {
	t := &rtf{
		r:      bufio.NewReaderSize(in.Reader, 64<<10),
		places: &Places{},
		limit:  w.limits.Memory - w.held,
		groups: []rtfGroup{{skip: 1}},
	}
	t.places.names = func(i int) string { return t.named[i] }
	if err := w.derived(p, "", &produced{step: t.step}, t.places); err != nil {
		return err
	}
	if t.lost {
		w.visitor.Gap(p.inner, limitf("its objects are more than the %d bytes that may be held", t.limit))
	}
	for i, o := range t.objects {
		name, body := rtfObject(o)
		if name == "" {
			name = fmt.Sprintf("object %d", i+1)
		}
		if err := w.child(p, name, body, nil); err != nil {
			return err
		}
		clear(o)
	}
	return nil
}

// rtf reads the text of a document.
type rtf struct {
	r       *bufio.Reader
	groups  []rtfGroup // that are open, the innermost last
	ended   bool
	units   []uint16 // characters of \u, as far as they belong together
	pass    int      // characters that stand for the last \u where it is not known
	off     int64
	places  *Places
	named   []string
	objects [][]byte
	object  []byte // the one that is being read
	half    int    // its half byte, plus one; 0: none
	held    int64
	limit   int64
	lost    bool
}

// rtfGroup is what ends with a closing brace.
type rtfGroup struct {
	kind  rtfKind
	place string
	skip  int // \uc
	first bool
	star  bool // \* was read
}

type rtfKind uint8

const (
	rtfText rtfKind = iota
	rtfIgnored
	rtfData // hexadecimal digits of an object
	rtfHead // properties: each group is a line
)

// rtfPlaces are the destinations that have a place of their own.
var rtfPlaces = map[string]string{
	"annotation": "comment", "footnote": "note", "header": "header", "headerl": "header", "headerr": "header", "headerf": "header",
	"footer": "footer", "footerl": "footer", "footerr": "footer", "footerf": "footer", "info": "properties", "userprops": "properties",
	"shptxt": "text box", "atnauthor": "comment", "docvar": "properties",
}

// rtfSkipped are the destinations that hold no text.
var rtfSkipped = words("fonttbl colortbl pict listtable listoverridetable rsidtbl generator themedata colorschememapping latentstyles datastore " +
	"xmlnstbl wgrffmtfilter panose falt blipuid bin levelnumbers leveltext pgptbl mmathPr stylesheet revtbl filetbl")

// rtfKept are the destinations that readers may ignore and we do not.
var rtfKept = words("annotation fldinst atnauthor atnid userprops docvar company manager category doccomm hlinkbase shptxt shpinst xe tc footnote pntext " +
	"nonshppict objdata bkmkstart ftnsep passwordhash sn sv sp txfieldtext datafield")

// maxRTFGroups is how deep groups may lie in one another.
const maxRTFGroups = 1000

func (t *rtf) group() *rtfGroup { return &t.groups[len(t.groups)-1] }

// step reads to the next line break, or so.
func (t *rtf) step(dst []byte) ([]byte, error) {
	from := len(dst)
	for len(dst)-from < 4<<10 {
		c, err := t.r.ReadByte()
		if err != nil {
			dst = t.flush(dst)
			t.off += int64(len(dst))
			if errors.Is(err, io.EOF) && !t.ended {
				err = torn(errors.New("a group has no end"))
			}
			return dst, err
		}
		switch c {
		case '{':
			dst = t.flush(dst)
			g := *t.group()
			g.first, g.star = true, false
			if len(t.groups) < maxRTFGroups {
				t.groups = append(t.groups, g)
			}
		case '}':
			dst = t.close(t.flush(dst))
		case '\\':
			if dst, err = t.control(dst); err != nil {
				t.off += int64(len(dst))
				return dst, torn(err)
			}
		case '\r', '\n':
		default:
			dst = t.char(dst, c)
		}
	}
	t.off += int64(len(dst))
	return dst, nil
}

// close ends a group.
func (t *rtf) close(dst []byte) []byte {
	g := *t.group()
	if len(t.groups) == 1 {
		return dst
	}
	t.groups = t.groups[:len(t.groups)-1]
	t.ended = len(t.groups) == 1
	if g.kind == rtfData && t.group().kind != rtfData {
		if len(t.object) > 0 {
			t.objects = append(t.objects, t.object)
		}
		t.object, t.half = nil, 0
	}
	if g.place != t.group().place || g.kind == rtfHead {
		dst = t.moved(append(dst, '\n'))
	}
	return dst
}

// moved remembers that what follows stands elsewhere.
func (t *rtf) moved(dst []byte) []byte {
	name := t.group().place
	if n := len(t.named); (n > 0 || name != "") && (n == 0 || t.named[n-1] != name) && t.places.add(t.off+int64(len(dst))) {
		t.named = append(t.named, name)
	}
	return dst
}

// char takes a byte of text.
func (t *rtf) char(dst []byte, c byte) []byte {
	g := t.group()
	g.first = false
	if t.pass > 0 {
		t.pass--
		return dst
	}
	switch g.kind {
	case rtfIgnored:
		return dst
	case rtfData:
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if d < 0 {
			return dst
		}
		if t.half == 0 {
			t.half = d + 1
			return dst
		}
		t.add(byte((t.half-1)<<4 | d))
		t.half = 0
		return dst
	}
	dst = t.flush(dst)
	if c < 0x80 {
		return append(dst, c)
	}
	return latin1(dst, []byte{c})
}

// add takes a byte of an object.
func (t *rtf) add(c byte) {
	if t.held >= t.limit {
		t.lost = true
		return
	}
	t.held++
	t.object = append(t.object, c)
}

// flush writes the characters of \u that were read.
func (t *rtf) flush(dst []byte) []byte {
	if len(t.units) == 0 {
		return dst
	}
	for _, r := range utf16.Decode(t.units) {
		dst = utf8.AppendRune(dst, r)
	}
	t.units = t.units[:0]
	return dst
}

// control reads what follows a backslash.
func (t *rtf) control(dst []byte) ([]byte, error) {
	c, err := t.r.ReadByte()
	if err != nil {
		return dst, err
	}
	if c|0x20 < 'a' || c|0x20 > 'z' {
		return t.symbol(dst, c)
	}
	word := []byte{c}
	var digits []byte
	for {
		c, err = t.r.ReadByte()
		if err != nil {
			break
		}
		if len(digits) == 0 && len(word) < 64 && c|0x20 >= 'a' && c|0x20 <= 'z' {
			word = append(word, c)
			continue
		}
		if len(digits) < 11 && (c >= '0' && c <= '9' || c == '-' && len(digits) == 0) {
			digits = append(digits, c)
			continue
		}
		if c != ' ' {
			_ = t.r.UnreadByte() // it was just read
		}
		break
	}
	n, nerr := strconv.Atoi(string(digits))
	if nerr != nil {
		n = 1
	}
	return t.word(dst, string(word), n)
}

// symbol does a control that is one character.
func (t *rtf) symbol(dst []byte, c byte) ([]byte, error) {
	switch c {
	case '\'':
		var h [2]byte
		if _, err := io.ReadFull(t.r, h[:]); err != nil {
			return dst, err
		}
		n, err := strconv.ParseUint(string(h[:]), 16, 8)
		if err != nil {
			return dst, nil
		}
		if t.group().kind == rtfData {
			return dst, nil
		}
		return t.char(dst, byte(n)), nil
	case '*':
		t.group().star = true
		return dst, nil
	case '~':
		return t.char(dst, ' '), nil
	case '_':
		return t.char(dst, '-'), nil
	case '-', ':', '|':
		return dst, nil
	case '\n', '\r':
		return t.char(dst, '\n'), nil
	}
	return t.char(dst, c), nil
}

// word does a control word.
func (t *rtf) word(dst []byte, word string, n int) ([]byte, error) {
	g := t.group()
	if g.first || g.star {
		starred := g.star
		g.first, g.star = false, false
		place, placed := rtfPlaces[word]
		switch {
		case word == "objdata":
			g.kind = rtfData
			return dst, nil
		case rtfSkipped[word], starred && !rtfKept[word] && !placed:
			g.kind = rtfIgnored
		case placed:
			g.place = place
			if place == "properties" {
				g.kind = rtfHead
			}
			dst = t.moved(dst)
		}
	}
	switch word {
	case "bin":
		return dst, t.binary(int64(n))
	case "uc":
		g.skip = max(0, min(n, 16))
	case "u":
		if g.kind != rtfIgnored && g.kind != rtfData {
			t.units = append(t.units, uint16(n))
		}
		t.pass = g.skip
		return dst, nil
	case "par", "line", "row", "sect", "page", "column", "nestrow":
		return t.char(t.flush(dst), '\n'), nil
	case "tab", "cell", "nestcell":
		return t.char(t.flush(dst), '\t'), nil
	case "emdash", "endash":
		return t.char(t.flush(dst), '-'), nil
	case "lquote", "rquote":
		return t.char(t.flush(dst), '\''), nil
	case "ldblquote", "rdblquote":
		return t.char(t.flush(dst), '"'), nil
	case "emspace", "enspace", "qmspace":
		return t.char(t.flush(dst), ' '), nil
	}
	return dst, nil
}

// binary passes bytes that stand as they are, or takes them for an object.
func (t *rtf) binary(n int64) error {
	n = max(0, n)
	if t.group().kind != rtfData {
		_, err := io.CopyN(io.Discard, t.r, n)
		return err
	}
	for range n {
		c, err := t.r.ReadByte()
		if err != nil {
			return err
		}
		t.add(c)
	}
	return nil
}

// rtfObject takes an object out of what OLE 1.0 put around it ([MS-OLEDS] 2.2).
func rtfObject(b []byte) (name string, body io.Reader) {
	rest, at := b, 8
	word := func() string {
		if at+4 > len(rest) {
			at = len(rest)
			return ""
		}
		n := int(min(binary.LittleEndian.Uint32(rest[at:]), 1<<16))
		at += 4
		if at+n > len(rest) {
			at = len(rest)
			return ""
		}
		s := strings.TrimRight(string(rest[at:at+n]), "\x00")
		at += n
		return s
	}
	if len(b) < 16 || binary.LittleEndian.Uint32(b[4:]) != 2 {
		return "", bytes.NewReader(b)
	}
	class := word()
	word()
	word()
	if at+4 > len(rest) {
		return "", bytes.NewReader(b)
	}
	native := rest[at+4:]
	if n := binary.LittleEndian.Uint32(rest[at:]); int64(n) < int64(len(native)) {
		native = native[:n]
	}
	if class == "Package" {
		if name, data, ok := packaged(io.NewSectionReader(bytes.NewReader(native), 0, int64(len(native)))); ok {
			return "attachment " + entryName(name), data
		}
	}
	return "", bytes.NewReader(native)
}
