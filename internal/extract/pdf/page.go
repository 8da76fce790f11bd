package pdf

import (
	"bytes"
	"errors"
	"io"
)

// Pages yields the pages in order. It stops when yield returns false.
func (d *Document) Pages(yield func(*Page) bool) {
	n := 0
	seen := make(map[uint32]bool)
	emit := func(t, resources dict) bool {
		n++
		return yield(&Page{d: d, Number: n, dict: t, resources: resources})
	}
	type node struct {
		o         object
		resources dict
	}
	todo := []node{{o: d.root()["Pages"]}}
	for len(todo) > 0 && d.stopped == nil {
		k := len(todo) - 1
		at := todo[k]
		todo = todo[:k]
		if r, ok := at.o.(ref); ok {
			if seen[r.num] {
				continue
			}
			seen[r.num] = true
		}
		t := d.dict(at.o)
		if t == nil {
			continue
		}
		if own := d.dict(t["Resources"]); own != nil {
			at.resources = own
		}
		kids, ok := d.resolve(t["Kids"]).(array)
		if !ok || d.name(t["Type"]) == "Page" {
			if !emit(t, at.resources) {
				return
			}
			continue
		}
		if len(todo)+len(kids) > maxObjects {
			return
		}
		for i := len(kids) - 1; i >= 0; i-- {
			todo = append(todo, node{kids[i], at.resources})
		}
	}
	if n > 0 || d.stopped != nil {
		return
	}
	for num := range d.objects { // the tree is broken: pages are known by their type
		t, ok := d.load(ref{num, 0}).(dict)
		if ok && t["Type"] == name("Page") && !emit(t, d.dict(t["Resources"])) {
			return
		}
	}
}

// Page is a page of a document.
type Page struct {
	Number int // from 1

	d         *Document
	dict      dict
	resources dict
}

// AppendText appends the text that stands on the page, with the fields and
// stamps that are drawn on it. The error says what of it could not be read; the
// rest is there.
func (p *Page) AppendText(dst []byte) ([]byte, error) {
	out := &layout{}
	c := newContent(p.d, out)
	err := c.run(&joined{d: p.d, parts: p.d.contents(p.dict["Contents"])}, p.resources)
	for _, o := range p.d.array(p.dict["Annots"]) {
		if stop := p.d.appearance(o, out); stop != nil && err == nil {
			err = stop
		}
	}
	from := len(dst)
	dst = out.write(append(dst, out.written...))
	clear(out.written)
	return appendRejoined(dst, from), errors.Join(err, p.d.failed())
}

// failed returns the failure to read the file, which is told once.
func (d *Document) failed() error {
	err := d.file.err
	d.file.err = nil
	return err
}

// contents returns the streams that make up a page's content.
func (d *Document) contents(o object) []*stream {
	var all []*stream
	for _, part := range d.list(o) {
		if s := d.stream(part); s != nil {
			all = append(all, s)
		}
	}
	return all
}

// joined reads streams one after the other, with a space between them. One that
// is torn does not keep the next from being read; its error comes at the end.
type joined struct {
	d     *Document
	parts []*stream
	r     io.Reader
	err   error
}

// Read implements io.Reader.
func (j *joined) Read(p []byte) (int, error) {
	for {
		if j.d.stopped != nil {
			return 0, j.d.stopped
		}
		if j.r == nil {
			if len(j.parts) == 0 {
				if j.err != nil {
					return 0, j.err
				}
				return 0, io.EOF
			}
			r, image, err := j.d.decode(j.parts[0])
			j.parts = j.parts[1:]
			if err != nil || image != "" {
				j.err = errors.Join(j.err, err)
				continue
			}
			j.r = io.MultiReader(r, bytes.NewReader([]byte{'\n'}))
		}
		n, err := j.r.Read(p)
		if err != nil {
			j.r = nil
			if !errors.Is(err, io.EOF) {
				j.err = errors.Join(j.err, err)
			}
		}
		if n > 0 {
			return n, nil
		}
	}
}

// appearance draws what stands for an annotation (12.5.5).
func (d *Document) appearance(o object, out *layout) error {
	t := d.dict(o)
	if t == nil || d.name(t["Subtype"]) == "Popup" {
		return nil
	}
	normal := d.resolve(d.dict(t["AP"])["N"])
	if states, ok := normal.(dict); ok {
		normal = d.resolve(states[d.name(t["AS"])])
	}
	s, ok := normal.(*stream)
	if !ok {
		return nil
	}
	c := newContent(d, out)
	if rect := d.array(t["Rect"]); len(rect) == 4 {
		c.state.ctm = identity.moved(min(d.number(rect[0]), d.number(rect[2])), min(d.number(rect[1]), d.number(rect[3])))
	}
	out.close()
	return c.form(s, nil)
}
