package pdf

import (
	"io"
	"slices"
	"strings"
)

// Note is what somebody attached to a page: a comment, a link, a form field.
type Note struct {
	Kind string // "comment", "link", "field NAME"
	Text string
}

// maxNotes is how many notes of one page are read.
const maxNotes = 100_000

// Notes returns what is attached to the page and says something.
func (p *Page) Notes() []Note {
	var notes []Note
	add := func(kind, s string) {
		if s = strings.TrimSpace(s); s != "" && len(notes) < maxNotes {
			notes = append(notes, Note{kind, s})
		}
	}
	for _, o := range p.d.array(p.dict["Annots"]) {
		t := p.d.dict(o)
		switch p.d.name(t["Subtype"]) {
		case "Widget":
			continue // with the form
		case "Link":
			add("link", p.d.text(p.d.dict(t["A"])["URI"]))
			continue
		}
		// T is who wrote it, or its name; RC is its rich text.
		lines := []string{p.d.text(t["T"]), p.d.text(t["Subj"]), p.d.text(t["Contents"])}
		if rich := p.d.text(t["RC"]); rich != "" {
			lines = append(lines, withoutTags(rich))
		}
		lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
		add("comment", strings.Join(slices.Compact(lines), "\n"))
		add("comment", p.d.text(p.d.dict(t["A"])["URI"]))
	}
	return notes
}

// withoutTags is rich text without its markup.
func withoutTags(s string) string {
	var b strings.Builder
	for s != "" {
		before, rest, ok := strings.Cut(s, "<")
		b.WriteString(before)
		if !ok {
			break
		}
		tag, after, _ := strings.Cut(rest, ">")
		if strings.HasPrefix(tag, "/p") || strings.HasPrefix(tag, "br") {
			b.WriteByte('\n')
		}
		s = after
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&").Replace(b.String())
}

// text returns a text string, or the text of a stream that stands for one.
func (d *Document) text(o object) string {
	switch o := d.resolve(o).(type) {
	case text:
		return docText(o)
	case *stream:
		b, _ := d.all(o, maxObject) // what was read before an error serves
		return docText(text(b))
	}
	return ""
}

// AppendProperties appends what a document says of itself: a line for each
// entry of its information dictionary.
func (d *Document) AppendProperties(dst []byte) []byte {
	info := d.dict(d.trailer["Info"])
	keys := make([]string, 0, len(info))
	for k := range info {
		keys = append(keys, string(k))
	}
	slices.Sort(keys)
	for _, k := range keys {
		if s := d.text(info[name(k)]); s != "" {
			dst = append(append(append(append(dst, k...), ": "...), s...), '\n')
		}
	}
	return dst
}

// Metadata returns a reader of the document's XMP, nil if it has none.
func (d *Document) Metadata() io.Reader {
	s := d.stream(d.root()["Metadata"])
	if s == nil {
		return nil
	}
	r, image, err := d.decode(s)
	if err != nil || image != "" {
		return nil
	}
	return r
}

// AppendOutline appends the titles of the bookmarks, a line each.
func (d *Document) AppendOutline(dst []byte) []byte {
	seen := make(map[uint32]bool)
	todo := []object{d.dict(d.root()["Outlines"])["First"]}
	for len(todo) > 0 && len(seen) < maxObjects {
		r, ok := todo[len(todo)-1].(ref)
		todo = todo[:len(todo)-1]
		if !ok || seen[r.num] {
			continue
		}
		seen[r.num] = true
		t := d.dict(r)
		if s := d.text(t["Title"]); s != "" {
			dst = append(append(dst, s...), '\n')
		}
		if s := d.text(d.dict(t["A"])["URI"]); s != "" {
			dst = append(append(dst, s...), '\n')
		}
		todo = append(todo, t["Next"], t["First"])
	}
	return dst
}

// Fields yields the fields of the document's form that have a value, by their
// full names (12.7.4).
func (d *Document) Fields(yield func(name, value string) bool) {
	type node struct {
		o      object
		prefix string
		depth  int
	}
	var todo []node
	for _, o := range slices.Backward(d.array(d.dict(d.root()["AcroForm"])["Fields"])) {
		todo = append(todo, node{o: o})
	}
	seen := make(map[uint32]bool)
	for len(todo) > 0 && len(seen) < maxObjects {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if r, ok := at.o.(ref); ok {
			if seen[r.num] {
				continue
			}
			seen[r.num] = true
		}
		t := d.dict(at.o)
		full := at.prefix
		if own := d.text(t["T"]); own != "" && len(full) < 1<<10 {
			full = strings.TrimPrefix(full+"."+own, ".")
		}
		for _, k := range []name{"V", "DV", "TU", "RV"} {
			values := []object{t[k]}
			if a := d.array(t[k]); a != nil {
				values = a
			}
			for _, v := range values {
				if s := d.text(v); s != "" && !yield(full, s) {
					return
				}
			}
		}
		if at.depth < maxNesting {
			for _, o := range slices.Backward(d.array(t["Kids"])) {
				todo = append(todo, node{o, full, at.depth + 1})
			}
		}
	}
}

// File is a file that is attached to a document.
type File struct {
	Name string
	Open func() (io.Reader, error)
}

// Files yields the attached files, each once: those of the document and those of
// its pages' annotations, scripts and the data of forms among them.
func (d *Document) Files(yield func(File) bool) {
	seen := make(map[ref]bool)
	emit := func(called string, s *stream) bool {
		if s == nil || seen[s.id] {
			return true
		}
		seen[s.id] = true
		return yield(File{Name: called, Open: func() (io.Reader, error) {
			r, _, err := d.decode(s)
			return r, err
		}})
	}
	spec := func(o object) bool {
		t := d.dict(o)
		called := d.text(first(t, "UF", "F", "Unix", "DOS"))
		files := d.dict(t["EF"])
		for _, k := range []name{"UF", "F", "Unix", "DOS", "Mac"} {
			if !emit(called, d.stream(files[k])) {
				return false
			}
		}
		return true
	}
	script := func(o object) bool { return emit("script", d.stream(d.dict(o)["JS"])) }
	names := d.dict(d.root()["Names"])
	if !d.eachName(names["EmbeddedFiles"], spec) || !d.eachName(names["JavaScript"], script) || !script(d.root()["OpenAction"]) {
		return
	}
	for _, o := range d.array(d.root()["AF"]) {
		if !spec(o) {
			return
		}
	}
	xfa := d.resolve(d.dict(d.root()["AcroForm"])["XFA"])
	for _, o := range append(d.list(xfa), nil) {
		if !emit("form.xml", d.stream(o)) {
			return
		}
	}
	for page := range d.Pages {
		for _, o := range d.array(page.dict["Annots"]) {
			t := d.dict(o)
			if !spec(t["FS"]) || !script(t["A"]) {
				return
			}
		}
		for _, o := range d.array(page.dict["AF"]) {
			if !spec(o) {
				return
			}
		}
	}
}

// Scripts yields the scripts that are strings: those that are streams are Files.
func (d *Document) Scripts(yield func(string) bool) {
	one := func(o object) bool {
		s, ok := d.resolve(d.dict(o)["JS"]).(text)
		return !ok || yield(docText(s))
	}
	if one(d.root()["OpenAction"]) {
		d.eachName(d.dict(d.root()["Names"])["JavaScript"], one)
	}
}

// eachName calls f for the values of a name tree (7.9.6), until it returns
// false.
func (d *Document) eachName(tree object, f func(object) bool) bool {
	seen := make(map[uint32]bool)
	todo := []object{tree}
	for len(todo) > 0 && len(seen) < maxObjects {
		o := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if r, ok := o.(ref); ok {
			if seen[r.num] {
				continue
			}
			seen[r.num] = true
		}
		t := d.dict(o)
		pairs := d.array(t["Names"])
		for i := 1; i < len(pairs); i += 2 {
			if !f(pairs[i]) {
				return false
			}
		}
		todo = append(todo, d.array(t["Kids"])...)
	}
	return true
}
