package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"mislaid/internal/extract/pdf"
)

// isPDF reports whether head holds a PDF's header: at the beginning, or behind
// bytes that do not belong to it (ISO 32000-2, 7.5.2; readers accept 1024).
func isPDF(head []byte) bool {
	i := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-"))
	return i == 0 || i > 0 && bytes.Contains(head[i:], []byte(" obj"))
}

// unpackPDF hands over the text of a PDF's pages, what stands around it, and
// its attached files.
func unpackPDF(w *walk, p place, in Input) error {
	in, done, err := w.atRandom(in)
	if err != nil {
		return err
	}
	defer done()
	made := max(in.Size, 1)
	var decoded int64
	charge := func(n int) error {
		decoded += int64(n)
		w.produced += int64(n)
		if full := w.exhausted(); full != nil {
			return full
		}
		if decoded > ratioFloor && decoded/w.limits.Ratio > made {
			return limitf("more than %d times as large as what it was made of", w.limits.Ratio)
		}
		return nil
	}
	doc, err := w.openPDF(in, charge)
	if err != nil {
		return pdfError(err)
	}
	defer doc.Close()
	if doc.Torn {
		w.visitor.Gap(p.inner, fmt.Errorf("%w (its end is missing)", ErrTorn))
	}
	if err := w.pdfPages(p, doc); err != nil {
		return err
	}
	if err := w.pdfAround(p, doc); err != nil {
		return err
	}
	if w.pictures {
		if err := w.pdfPictures(p, doc); err != nil {
			return err
		}
	}
	for f := range doc.Files {
		r, err := f.Open()
		at := "attachment " + entryName(f.Name)
		if f.Name == "" {
			at = "attachment"
		}
		if err != nil {
			w.visitor.Gap(p.in(at).inner, pdfError(err))
			continue
		}
		if err := w.child(p, at, &complaining{r, pdfError}, nil); err != nil {
			return err
		}
	}
	return nil
}

// pdfPages hands over the text of the pages and of the notes on them as one
// stream, whose places are the pages.
func (w *walk) pdfPages(p place, doc *pdf.Document) error {
	next, stop := iter.Pull(doc.Pages)
	defer stop()
	places := &Places{}
	var names []string
	places.names = func(i int) string { return names[i] }
	var off int64
	mark := func(at int, name string) {
		if places.add(off + int64(at)) {
			names = append(names, name)
		}
	}
	step := func(dst []byte) ([]byte, error) {
		page, ok := next()
		if !ok {
			return dst, io.EOF
		}
		called := fmt.Sprintf("page %d", page.Number)
		mark(0, called)
		dst, err := page.AppendText(dst)
		if err != nil {
			if full := w.exhausted(); full != nil {
				return dst, full
			}
			if errors.Is(err, ErrLimit) {
				return dst, err
			}
			w.visitor.Gap(p.in(called).inner, pdfError(err))
		}
		for _, n := range page.Notes() {
			mark(len(dst), called+" "+n.Kind)
			dst = append(append(dst, n.Text...), '\n')
		}
		off += int64(len(dst))
		return dst, nil
	}
	return w.derived(p, "", &produced{step: step}, places)
}

// pdfPictures hands over the pictures on the pages, as files of their own.
func (w *walk) pdfPictures(p place, doc *pdf.Document) error {
	for page := range doc.Pages {
		n := 0
		for picture := range page.Pictures {
			n++
			at := fmt.Sprintf("page %d picture %d", page.Number, n)
			r, err := picture.Open()
			if err != nil {
				w.visitor.Gap(p.in(at).inner, pdfError(err))
				continue
			}
			if err := w.child(p, at, &complaining{r, pdfError}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// pdfAround hands over what stands on no page.
func (w *walk) pdfAround(p place, doc *pdf.Document) error {
	var fields, scripts []byte
	for name, value := range doc.Fields {
		if fields = append(fields, name+": "+value+"\n"...); len(fields) > maxAround {
			w.visitor.Gap(p.in("form").inner, limitf("more than %d bytes in its form", maxAround))
			break
		}
	}
	for s := range doc.Scripts {
		if scripts = append(scripts, s+"\n"...); len(scripts) > maxAround {
			w.visitor.Gap(p.in("script").inner, limitf("more than %d bytes in its scripts", maxAround))
			break
		}
	}
	for _, part := range []struct {
		name string
		text []byte
	}{
		{"properties", doc.AppendProperties(nil)}, {"form", fields}, {"bookmarks", doc.AppendOutline(nil)}, {"script", scripts},
	} {
		if len(part.text) == 0 {
			continue
		}
		err := w.derived(p, part.name, bytes.NewReader(part.text), nil)
		clear(part.text)
		if err != nil {
			return err
		}
	}
	if r := doc.Metadata(); r != nil {
		return w.derived(p, "metadata", &complaining{r, pdfError}, nil)
	}
	return nil
}

// openPDF opens a document, with a password if it asks for one.
func (w *walk) openPDF(in Input, charge func(n int) error) (*pdf.Document, error) {
	doc, err := pdf.Open(in.At, in.Size, pdf.Config{Charge: charge})
	if !errors.Is(err, pdf.ErrEncrypted) {
		return doc, err
	}
	fits, err := w.open(func(password string) (bool, error) {
		var err error
		doc, err = pdf.Open(in.At, in.Size, pdf.Config{Charge: charge, Passwords: [][]byte{[]byte(password)}})
		if errors.Is(err, pdf.ErrEncrypted) {
			return false, nil
		}
		return err == nil, err
	})
	if err == nil && !fits {
		err = w.locked()
	}
	return doc, err
}

// maxAround is how much of a form's fields, and of scripts, is read.
const maxAround = 16 << 20

// pdfError puts a complaint about a PDF into our words.
func pdfError(err error) error {
	kind := ErrTorn
	switch {
	case errors.Is(err, ErrLimit), errors.Is(err, ErrTorn), errors.Is(err, ErrEncrypted):
		return err
	case errors.Is(err, pdf.ErrEncrypted):
		return ErrEncrypted
	case errors.Is(err, pdf.ErrLimit):
		kind = ErrLimit
	case !errors.Is(err, pdf.ErrTorn):
		return torn(err)
	}
	return &remote{what: err.Error(), kind: kind}
}
