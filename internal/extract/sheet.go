package extract

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// workbook is what the sheets of an xlsx share (ECMA-376-1, 18).
type workbook struct {
	names   map[string]string // sheet names by part
	strings []byte            // all shared strings, one after the other
	ends    []uint32          // where each one ends in strings
	used    []uint64          // bit i: a cell shows string i
	held    int64
	tooMany bool // the strings are more than may be held, and none is
}

// maxStrings is how many bytes of shared strings are held: their index counts.
const maxStrings = 1<<31 - 1

// workbook reads what the sheets share. What of it cannot be held is a gap, and
// is scanned as a text of its own.
func (w *walk) workbook(p place, r *zip.Reader) (*workbook, error) {
	b := &workbook{names: make(map[string]string)}
	targets := make(map[string]string) // sheet part by relation
	for _, f := range r.File {
		if f.Name != "xl/_rels/workbook.xml.rels" {
			continue
		}
		if err := w.part(p.in(f.Name), f, func(x io.Reader) error {
			return eachStart(x, func(t xmlToken) {
				if string(t.name) == "Relationship" {
					target := t.attr("Target")
					if !strings.HasPrefix(target, "/") {
						target = path.Join("xl", target)
					}
					targets[t.attr("Id")] = strings.TrimPrefix(target, "/")
				}
			})
		}); err != nil {
			return b, err
		}
	}
	for _, f := range r.File {
		var err error
		switch f.Name {
		case "xl/workbook.xml":
			err = w.part(p.in(f.Name), f, func(x io.Reader) error {
				return eachStart(x, func(t xmlToken) {
					if string(t.name) == "sheet" {
						b.names[targets[t.attr("id")]] = t.attr("name")
					}
				})
			})
		case "xl/sharedStrings.xml":
			err = w.part(p.in(f.Name), f, func(x io.Reader) error { return b.read(w, x) })
			if err == nil && b.tooMany {
				err = w.part(p.in(f.Name), f, func(x io.Reader) error {
					return w.derived(p, "shared strings", paragraphs(x, officeRules), nil)
				})
			}
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// eachStart calls f for the start tags of an XML stream.
func eachStart(r io.Reader, f func(xmlToken)) error {
	x := newXMLScanner(r)
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if t.kind == xmlStart {
			f(t)
		}
	}
}

// read reads the shared strings. The error says when they are more than may be
// held.
func (b *workbook) read(w *walk, r io.Reader) error {
	x := newXMLScanner(r)
	inText, phonetic := false, false
	b.free(w)
	defer func() { // also where reading failed: what came before it is shown
		b.used = make([]uint64, len(b.ends)/64+1)
		b.held = int64(len(b.strings) + 5*len(b.ends))
		w.held += b.held
	}()
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t.kind {
		case xmlText:
			if inText && !phonetic {
				b.strings = t.append(b.strings)
			}
		case xmlStart:
			inText = inText || string(t.name) == "t"
			phonetic = phonetic || string(t.name) == "rPh"
		case xmlEnd:
			switch string(t.name) {
			case "t":
				inText = false
			case "rPh":
				phonetic = false
			case "si":
				b.ends = append(b.ends, uint32(len(b.strings)))
			}
		}
		if n := int64(len(b.strings) + 4*len(b.ends)); n > w.limits.Memory-w.held || n > maxStrings {
			b.free(w)
			b.tooMany = true
			return limitf("its shared strings are more than the %d bytes that may be held; cells that show them are empty", w.limits.Memory)
		}
	}
	return nil
}

// free lets go of the strings.
func (b *workbook) free(w *walk) {
	clear(b.strings)
	w.held -= b.held
	b.strings, b.ends, b.held = nil, nil, 0
}

// string returns a shared string by its index as a cell writes it.
func (b *workbook) string(index []byte) []byte {
	n, err := strconv.Atoi(string(bytes.TrimSpace(index)))
	if err != nil || n < 0 || n >= len(b.ends) {
		return nil
	}
	b.used[n/64] |= 1 << (n % 64)
	return b.text(n)
}

func (b *workbook) text(n int) []byte {
	from := uint32(0)
	if n > 0 {
		from = b.ends[n-1]
	}
	return b.strings[from:b.ends[n]]
}

// unused reads the strings that no cell shows: what was deleted may still stand
// there.
func (b *workbook) unused() io.Reader {
	n := 0
	return &produced{step: func(dst []byte) ([]byte, error) {
		for ; n < len(b.ends); n++ {
			if b.used[n/64]>>(n%64)&1 == 0 {
				dst = append(append(dst, b.text(n)...), '\n')
				n++
				return dst, nil
			}
		}
		return dst, io.EOF
	}}
}

// minNamed is the shortest text of a cell, in bytes, whose place is remembered:
// nothing shorter is looked for.
const minNamed = 12

// sheet hands over the cells of one sheet, row by row, between tabs.
func (w *walk) sheet(p place, book *workbook, part string, r io.Reader) error {
	name := book.names[part]
	if name == "" {
		name = strings.TrimSuffix(path.Base(part), ".xml")
	}
	text, at := cells(r, book)
	return w.derived(p, name, text, at)
}

// cells reads the cells of a sheet's XML: the value of each as it is shown, or
// its formula where that quotes something.
func cells(r io.Reader, book *workbook) (io.Reader, *Places) {
	x := newXMLScanner(r)
	var (
		off         int64
		row, column int
		shared      bool // the cell's value is the number of a shared string
		value, form []byte
		in          *[]byte // what the text that is read is part of
		m           Places
	)
	var places [][2]int32 // row and column, by the index in m
	m.names = func(i int) string { return cellName(int(places[i][0]), int(places[i][1])) }
	step := func(dst []byte) ([]byte, error) {
		t, err := x.next()
		if err != nil {
			return dst, err
		}
		switch t.kind {
		case xmlText:
			if in != nil {
				*in = t.append(*in)
			}
		case xmlStart:
			switch string(t.name) {
			case "row":
				row++
				if n, err := strconv.Atoi(string(t.find("r"))); err == nil {
					row = n
				}
				column = 0
			case "c":
				column++
				if _, c, ok := parseCell(t.find("r")); ok {
					column = c
				}
				shared, value, form = string(t.find("t")) == "s", value[:0], form[:0]
			case "v", "t":
				in = &value
			case "f":
				in = &form
			case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter", "formula1", "formula2":
				in, value = &value, value[:0]
			case "hyperlink":
				if tip := t.attr("tooltip"); tip != "" {
					dst = append(append(dst, tip...), '\n')
				}
			}
		case xmlEnd:
			switch string(t.name) {
			case "v", "t", "f":
				in = nil
			case "c":
				text := value
				if shared {
					text = book.string(value)
				}
				if len(text)+len(form) >= minNamed && m.add(off+int64(len(dst))) {
					places = append(places, [2]int32{int32(row), int32(column)})
				}
				dst = append(dst, text...)
				if bytes.IndexByte(form, '"') >= 0 {
					dst = append(append(dst, ' '), form...)
				}
				dst = append(dst, '\t')
			case "row":
				dst = append(dst, '\n')
			case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter", "formula1", "formula2":
				in = nil
				dst = append(append(dst, value...), '\n')
			}
		}
		off += int64(len(dst))
		return dst, nil
	}
	return &produced{step: step}, &m
}

// cellName writes a place as a spreadsheet does: B14. Both count from 1.
func cellName(row, column int) string {
	var letters string
	for column > 0 {
		column--
		letters = string(rune('A'+column%26)) + letters
		column /= 26
	}
	return fmt.Sprintf("%s%d", letters, row)
}

// parseCell reads what cellName writes.
func parseCell(s []byte) (row, column int, ok bool) {
	i := 0
	for i < len(s) && s[i] >= 'A' && s[i] <= 'Z' && i < 4 {
		column = column*26 + int(s[i]-'A') + 1
		i++
	}
	row, err := strconv.Atoi(string(s[i:]))
	return row, column, err == nil && column > 0 && row > 0
}
