package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// xmlScanner reads the tags and texts of an XML stream: no more than documents
// need, and many times as fast as encoding/xml. It checks nothing: what is not
// well formed gives some tags and texts. Names come without their prefix.
type xmlScanner struct {
	r    *bufio.Reader
	long []byte // a tag that does not fit the buffer
	open bool   // the '<' of a tag was read
	bare bool   // the last start tag was <x/>: its end is still to be told
	last []byte
}

// xmlKind says what an xmlToken is.
type xmlKind uint8

const (
	xmlStart xmlKind = iota
	xmlEnd
	xmlText
)

// xmlToken is valid until the next call of next.
type xmlToken struct {
	kind  xmlKind
	name  []byte // of a tag, without prefix
	attrs []byte // of a start tag, as written
	text  []byte // as written: entities are not decoded
	raw   bool   // text of a CDATA section
}

// maxTag is the longest tag, in bytes, that is read whole.
const maxTag = 256 << 10

func newXMLScanner(r io.Reader) *xmlScanner {
	br := bufio.NewReaderSize(r, 64<<10)
	head, _ := br.Peek(256)
	if order, wide := UTF16(head); wide {
		br = bufio.NewReaderSize(Narrow(br, order), 64<<10)
	}
	return &xmlScanner{r: br}
}

// next returns the next tag or text; io.EOF at the end.
func (x *xmlScanner) next() (xmlToken, error) {
	if x.bare {
		x.bare = false
		return xmlToken{kind: xmlEnd, name: x.last}, nil
	}
	for {
		if !x.open {
			text, err := x.r.ReadSlice('<')
			if err == nil {
				x.open = true
				text = text[:len(text)-1]
			} else if len(text) == 0 || !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
				return xmlToken{}, err
			}
			if len(text) > 0 {
				return xmlToken{kind: xmlText, text: text}, nil
			}
		}
		x.open = false
		t, ok, err := x.tag()
		if err != nil || ok {
			return t, err
		}
	}
}

// tag reads what follows a '<'. ok is false for what tells nothing.
func (x *xmlScanner) tag() (t xmlToken, ok bool, err error) {
	b, err := x.until('>')
	if err != nil {
		return t, false, err
	}
	switch {
	case bytes.HasPrefix(b, []byte("![CDATA[")):
		for !bytes.HasSuffix(b, []byte("]]")) {
			more, err := x.until('>')
			if err != nil {
				return t, false, err
			}
			b = append(append(x.long[:0], b...), '>')
			b = append(b, more...)
			x.long = b
			if len(b) > maxTag {
				return t, false, nil
			}
		}
		return xmlToken{kind: xmlText, text: b[len("![CDATA[") : len(b)-2], raw: true}, true, nil
	case bytes.HasPrefix(b, []byte("!--")):
		for !bytes.HasSuffix(b, []byte("--")) {
			if b, err = x.until('>'); err != nil {
				return t, false, err
			}
		}
		return t, false, nil
	case len(b) == 0, b[0] == '!', b[0] == '?':
		return t, false, nil
	case b[0] == '/':
		return xmlToken{kind: xmlEnd, name: localName(bytes.TrimSpace(b[1:]))}, true, nil
	}
	for bytes.IndexByte(b, '"') >= 0 && bytes.Count(b, []byte{'"'})%2 == 1 && len(b) < maxTag { // a '>' within quotes
		more, err := x.until('>')
		if err != nil {
			return t, false, err
		}
		b = append(append(append([]byte(nil), b...), '>'), more...)
	}
	if bytes.HasSuffix(b, []byte("/")) {
		b = b[:len(b)-1]
		x.bare = true
	}
	name, attrs := b, []byte(nil)
	for i, c := range b {
		if c <= ' ' {
			name, attrs = b[:i], b[i+1:]
			break
		}
	}
	name = localName(name)
	x.last = append(x.last[:0], name...)
	return xmlToken{kind: xmlStart, name: name, attrs: attrs}, true, nil
}

// until reads to the delimiter, which it drops. Of more than maxTag bytes it
// keeps the beginning.
func (x *xmlScanner) until(delim byte) ([]byte, error) {
	b, err := x.r.ReadSlice(delim)
	if err == nil {
		return b[:len(b)-1], nil
	}
	x.long = append(x.long[:0], b...)
	for errors.Is(err, bufio.ErrBufferFull) {
		b, err = x.r.ReadSlice(delim)
		if len(x.long) < maxTag {
			x.long = append(x.long, b...)
		}
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(x.long, []byte{delim}), nil
}

func localName(b []byte) []byte {
	if i := bytes.IndexByte(b, ':'); i >= 0 {
		return b[i+1:]
	}
	return b
}

// attr returns the value of an attribute, decoded; name is without prefix.
func (t xmlToken) attr(name string) string { return string(appendDecoded(nil, t.find(name))) }

// find returns the value of an attribute as it is written, nil for none.
func (t xmlToken) find(name string) []byte {
	b := t.attrs
	for {
		i := bytes.IndexByte(b, '=')
		if i < 0 {
			return nil
		}
		key := localName(bytes.TrimSpace(b[:i]))
		b = bytes.TrimLeft(b[i+1:], " \t\r\n")
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return b[1 : 1+end]
		}
		b = b[end+2:]
	}
}

// append appends the token's text, decoded.
func (t xmlToken) append(dst []byte) []byte {
	if t.raw {
		return append(dst, t.text...)
	}
	return appendDecoded(dst, t.text)
}

// appendDecoded appends text with its entities decoded.
func appendDecoded(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i]...)
		text = text[i:]
		end := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if end < 0 {
			dst = append(dst, '&')
			text = text[1:]
			continue
		}
		r := entity(string(text[1:end]))
		if r < 0 {
			dst = append(dst, text[:end+1]...)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		text = text[end+1:]
	}
}

// entity returns the character that an entity stands for, -1 for none.
func entity(name string) rune {
	switch name {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	if len(name) < 2 || name[0] != '#' {
		return -1
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil {
		return -1
	}
	return rune(n)
}
