package extract

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// isNotebook reports whether head begins a Jupyter notebook (nbformat 4): an
// object whose cells say what they are.
func isNotebook(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	return len(head) > 0 && head[0] == '{' && bytes.Contains(head, []byte(`"cells"`)) && bytes.Contains(head, []byte(`"cell_type"`))
}

// unpackNotebook hands over the cells of a notebook as they are shown: their
// source, what it printed, and everything else that stands in strings.
func unpackNotebook(w *walk, p place, in Input) error {
	n := &notebook{dec: json.NewDecoder(in.Reader), places: &Places{}}
	n.dec.UseNumber()
	n.places.names = func(i int) string { return n.named[i] }
	if err := w.derived(p, "", &produced{step: n.step}, n.places); err != nil {
		return err
	}
	for i, b := range n.pictures {
		if err := w.child(p, fmt.Sprintf("picture %d", i+1), base64.NewDecoder(base64.StdEncoding, strings.NewReader(b)), nil); err != nil {
			return err
		}
	}
	return nil
}

// notebook reads the strings of a notebook.
type notebook struct {
	dec      *json.Decoder
	path     []level
	cell     int
	off      int64
	places   *Places
	named    []string
	pictures []string
	held     int
}

// level is an object or a list that is open.
type level struct {
	list bool
	key  string // of an object, the one whose value comes next; "" before a key
	at   int    // index in a list
}

// maxPictures is how many bytes of pictures are held, as they are written.
const maxPictures = 32 << 20

// step reads the next thing.
func (n *notebook) step(dst []byte) ([]byte, error) {
	t, err := n.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) && len(n.path) == 0 {
			return dst, io.EOF
		}
		return dst, torn(errors.New("it is no valid JSON"))
	}
	defer func() { n.off += int64(len(dst)) }()
	if d, ok := t.(json.Delim); ok {
		switch d {
		case '{', '[':
			n.path = append(n.path, level{list: d == '['})
			return n.open(dst), nil
		}
		lines := d == ']' && n.lines()
		n.path = n.path[:len(n.path)-1]
		if lines {
			dst = append(dst, '\n')
		}
		if k := len(n.path); k == 3 && n.path[2].key == "outputs" {
			n.name(dst, fmt.Sprintf("cell %d", n.cell))
		}
		n.passed()
		return dst, nil
	}
	top := &n.path[max(0, len(n.path)-1)]
	s, isString := t.(string)
	if !top.list && top.key == "" {
		top.key = s
		if isString && !n.shown() && s != "" {
			dst = append(append(dst, s...), ": "...)
			return dst, nil
		}
		if s == "" {
			top.key = " "
		}
		return dst, nil
	}
	switch {
	case isString && n.picture():
		if n.held += len(s); n.held <= maxPictures {
			n.pictures = append(n.pictures, strings.ReplaceAll(s, "\n", ""))
		}
	case isString && n.lines():
		dst = append(dst, s...)
	case t != nil:
		dst = append(fmt.Append(dst, t), '\n')
	default:
		dst = append(dst, '\n')
	}
	n.passed()
	return dst, nil
}

// passed says that a value ended.
func (n *notebook) passed() {
	if k := len(n.path) - 1; k >= 0 {
		n.path[k].key = ""
		n.path[k].at++
	}
}

// open names the cell that begins, and what it printed.
func (n *notebook) open(dst []byte) []byte {
	k := len(n.path)
	name := ""
	switch {
	case k == 3 && n.path[0].key == "cells" && n.path[1].list:
		n.cell = n.path[1].at + 1
		name = fmt.Sprintf("cell %d", n.cell)
	case k == 4 && n.path[2].key == "outputs":
		name = fmt.Sprintf("cell %d output", n.cell)
	case k == 2 && n.path[0].key != "cells":
		name = n.path[0].key
	default:
		return dst
	}
	n.name(dst, name)
	return dst
}

// name says where what follows stands.
func (n *notebook) name(dst []byte, name string) {
	if n.places.add(n.off + int64(len(dst))) {
		n.named = append(n.named, name)
	}
}

// shown reports whether the key is one of those that only say what a cell is
// made of.
func (n *notebook) shown() bool {
	switch n.path[len(n.path)-1].key {
	case "source", "text", "outputs", "cells", "data", "text/plain", "text/html", "traceback":
		return true
	}
	return false
}

// lines reports whether the list that is open is a text cut into lines.
func (n *notebook) lines() bool {
	k := len(n.path)
	if k < 2 || !n.path[k-1].list {
		return false
	}
	key := n.path[k-2].key
	return key == "source" || key == "text" || strings.HasPrefix(key, "text/") || key == "application/javascript"
}

// picture reports whether the string that comes next is a picture.
func (n *notebook) picture() bool {
	for _, l := range n.path[max(0, len(n.path)-2):] {
		if strings.HasPrefix(l.key, "image/") && l.key != "image/svg+xml" {
			return true
		}
	}
	return false
}
