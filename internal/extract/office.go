package extract

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// officeKind returns what unwraps a zip that is an office document, nil for any
// other zip. Documents are known by the parts that their formats demand
// (ECMA-376-2, 10.1.2; OpenDocument 1.3 part 2, 3.3).
func officeKind(r *zip.Reader) func(w *walk, p place, r *zip.Reader) error {
	for _, f := range r.File {
		switch f.Name {
		case "[Content_Types].xml":
			return unpackOOXML
		case "mimetype":
			if isOpenDocument(f) {
				return unpackOpenDocument
			}
		}
	}
	return nil
}

// unpackOOXML unwraps docx, xlsx, pptx and their kin.
func unpackOOXML(w *walk, p place, r *zip.Reader) error {
	var book *workbook
	for _, f := range r.File {
		var err error
		switch name := strings.ToLower(f.Name); {
		case strings.HasPrefix(name, "xl/worksheets/") && path.Ext(name) == ".xml":
			if book == nil {
				if book, err = w.workbook(p, r); err != nil {
					return err
				}
				defer book.free(w)
			}
			err = w.part(p, f, func(x io.Reader) error { return w.sheet(p, book, f.Name, x) })
		case name == "xl/sharedstrings.xml":
			continue // with the sheets that use them, and at the end
		case isProse(name):
			at := p
			if name != "word/document.xml" {
				at = p.in(strings.TrimSuffix(path.Base(f.Name), ".xml"))
			}
			err = w.part(at, f, func(x io.Reader) error { return w.derived(at, "", paragraphs(x, officeRules), nil) })
		case strings.HasSuffix(name, ".rels"), name == "[content_types].xml":
			at := p.in(f.Name)
			err = w.part(at, f, func(x io.Reader) error { return w.derived(at, "", attributes(x), nil) })
		default:
			err = w.zipEntry(p, f)
		}
		if err != nil {
			return err
		}
	}
	if book == nil {
		return nil
	}
	return w.derived(p, "shared strings", book.unused(), nil)
}

// isProse reports whether an OOXML part holds paragraphs.
func isProse(name string) bool {
	if path.Ext(name) != ".xml" {
		return false
	}
	dir, base := path.Split(name)
	switch dir {
	case "word/":
		for _, known := range []string{"document", "header", "footer", "comments", "footnotes", "endnotes"} {
			if strings.HasPrefix(base, known) {
				return true
			}
		}
		return false
	case "word/glossary/":
		return base == "document.xml"
	case "ppt/slides/", "ppt/notesslides/", "ppt/slidemasters/", "ppt/slidelayouts/", "ppt/comments/", "ppt/diagrams/", "ppt/notesmasters/",
		"ppt/charts/", "xl/drawings/", "xl/charts/", "xl/threadedcomments/", "xl/diagrams/", "word/charts/", "word/diagrams/":
		return true
	}
	return dir == "xl/" && strings.HasPrefix(base, "comments") || dir == "docprops/"
}

// part reads a part of a document with read. What goes wrong with it is a gap
// at its place; the error ends the walk.
func (w *walk) part(p place, f *zip.File, read func(io.Reader) error) error {
	if w.entries++; w.entries > w.limits.Entries {
		return w.spoiled(p, w.exhausted())
	}
	rc, made, err := w.zipOpen(f)
	if err != nil {
		w.visitor.Gap(p.inner, fmt.Errorf("%s: %w", f.Name, err))
		return nil
	}
	defer rc.Close()
	return w.spoiled(p, read(&meter{w: w, r: tornReader(rc), made: made}))
}

// element says what an element of a document's XML means.
type element struct {
	text      bool   // the text in it counts
	paragraph bool   // its end is the end of a line
	cell      bool   // its end is a tab, whatever paragraphs it holds
	row       bool   // its end is the end of a line
	inserts   string // it is empty, and stands for these characters
}

// rules are the elements that mean something, by name.
type rules map[string]element

// with lets each of some elements mean more.
func (ru rules) with(names string, mean func(*element)) rules {
	for _, name := range strings.Fields(names) {
		e := ru[name]
		mean(&e)
		ru[name] = e
	}
	return ru
}

func words(s string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// officeRules are those of WordprocessingML, DrawingML and the properties of
// OOXML documents (ECMA-376-1). Deleted text and field codes count.
var officeRules = rules{
	"tab": {inserts: "\t"}, "br": {inserts: "\n"}, "cr": {inserts: "\n"}, "noBreakHyphen": {inserts: "-"},
	"tc": {cell: true}, "tr": {row: true},
}.with(
	"t delText instrText v lpwstr lpstr text Author title subject creator keywords description lastModifiedBy category Manager Company HyperlinkBase Template pos",
	func(e *element) { e.text = true },
).with(
	"p text lpwstr lpstr title subject creator keywords description lastModifiedBy category Manager Company HyperlinkBase Template si pt",
	func(e *element) { e.paragraph = true },
)

// paragraphs reads the XML of a document as plain text: a line for each
// paragraph, with its runs joined, and for each row of a table.
func paragraphs(r io.Reader, ru rules) io.Reader {
	x := newXMLScanner(r)
	inText, inCell := 0, 0
	broken := false // a paragraph ended in a cell: a line break if more follows
	return &produced{step: func(dst []byte) ([]byte, error) {
		t, err := x.next()
		if err != nil {
			return dst, err
		}
		if t.kind == xmlText {
			if inText == 0 || len(t.text) == 0 {
				return dst, nil
			}
			if broken {
				dst, broken = append(dst, '\n'), false
			}
			return t.append(dst), nil
		}
		e, known := ru[string(t.name)]
		if !known {
			return dst, nil
		}
		if t.kind == xmlStart {
			switch {
			case e.text:
				inText++
			case e.cell:
				inCell++
			}
			if e.inserts == "" {
				return dst, nil
			}
			if broken {
				dst, broken = append(dst, '\n'), false
			}
			return append(dst, e.inserts...), nil
		}
		switch {
		case e.row:
			broken = false
			dst = append(dst, '\n')
		case e.cell:
			inCell = max(inCell-1, 0)
			broken = false
			dst = append(dst, '\t')
		case e.paragraph && inCell > 0:
			broken = true
		case e.paragraph:
			dst = append(dst, '\n')
		}
		if e.text {
			inText = max(inText-1, 0)
		}
		return dst, nil
	}}
}

// attributes reads the values of all attributes, one per line: the targets of
// links stand there and nowhere else.
func attributes(r io.Reader) io.Reader {
	x := newXMLScanner(r)
	return &produced{step: func(dst []byte) ([]byte, error) {
		t, err := x.next()
		if err != nil {
			return dst, err
		}
		if t.kind == xmlStart {
			if v := t.attr("Target"); v != "" {
				dst = append(append(dst, v...), '\n')
			}
		}
		return dst, nil
	}}
}

// isOpenDocument reports whether the mimetype entry says so.
func isOpenDocument(f *zip.File) bool {
	rc, err := f.Open()
	if err != nil {
		return false
	}
	defer rc.Close()
	b, err := io.ReadAll(io.LimitReader(rc, 64))
	return (err == nil || errors.Is(err, io.EOF)) && strings.HasPrefix(string(b), "application/vnd.oasis.opendocument")
}
