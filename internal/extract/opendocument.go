package extract

import (
	"archive/zip"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// unpackOpenDocument unwraps odt, ods, odp and their kin.
func unpackOpenDocument(w *walk, p place, r *zip.Reader) error {
	for _, f := range r.File {
		var err error
		switch f.Name {
		case "content.xml":
			err = w.part(p, f, func(x io.Reader) error {
				text, at := openText(x)
				return w.derived(p, "", text, at)
			})
		case "styles.xml", "meta.xml": // headers and footers; properties
			at := p.in(f.Name)
			err = w.part(at, f, func(x io.Reader) error {
				text, places := openText(x)
				return w.derived(at, "", text, places)
			})
		case "mimetype":
		default:
			err = w.zipEntry(p, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openText reads the XML of an OpenDocument as plain text: a line for each
// paragraph, and for each row of a table with its cells between tabs. at names
// the cells of tables ("Sheet2!B14"), slides, comments and notes; OpenDocument
// 1.3 part 3, 9.1.
func openText(r io.Reader) (io.Reader, *Places) {
	x := newXMLScanner(r)
	var (
		off           int64
		tables        []string
		rows, columns []int // of the tables that are open
		again         []int // rows beyond the first that their last one stands for
		m             Places
		cells         []cell   // by the index in m
		around        []string // names of what is open that has one: a slide, a comment
		slides        int
		broken        bool
		covered       int // annotations and the like count as paragraphs
	)
	m.names = func(i int) string { return cells[i].name(tables) }
	here := func(at int) {
		c := cell{around: strings.Join(around, " ")}
		if n := len(rows) - 1; n >= 0 {
			c.table, c.row, c.column = len(tables)-1, rows[n], columns[n]
		}
		if m.add(off + int64(at)) {
			cells = append(cells, c)
		}
	}
	step := func(dst []byte) ([]byte, error) {
		t, err := x.next()
		if err != nil {
			return dst, err
		}
		depth := len(rows) - 1
		put := func(s string) {
			if broken {
				dst = append(dst, '\n')
				broken = false
			}
			dst = append(dst, s...)
		}
		switch name := string(t.name); t.kind {
		case xmlText:
			if len(t.text) > 0 && !blank(t.text) || covered > 0 && len(t.text) > 0 {
				put("")
				dst = t.append(dst)
			}
		case xmlStart:
			if called := openPlaces[name]; called != "" {
				if name == "page" {
					slides++
					called = fmt.Sprintf("slide %d", slides)
				}
				dst = append(dst, '\n')
				around = append(around, called)
				here(len(dst))
			}
			switch name {
			case "p", "h":
				covered++
			case "table":
				tables = append(tables, t.attr("name"))
				rows, columns, again = append(rows, 0), append(columns, 0), append(again, 0)
			case "table-row":
				if depth >= 0 {
					rows[depth] += again[depth] + 1
					columns[depth], again[depth] = 0, repeated(t.attr("number-rows-repeated"), 1<<20)
				}
			case "table-cell", "covered-table-cell":
				if depth >= 0 {
					columns[depth]++
					here(len(dst))
					columns[depth] += repeated(t.attr("number-columns-repeated"), 16384)
				}
			case "s":
				put(spaces(t.attr("c")))
			case "tab":
				put("\t")
			case "line-break":
				put("\n")
			case "a":
				if link := t.attr("href"); link != "" {
					put(link + " ")
				}
			}
		case xmlEnd:
			if openPlaces[name] != "" {
				dst = append(dst, '\n')
				around = around[:max(0, len(around)-1)]
				here(len(dst))
			}
			switch name {
			case "p", "h":
				covered = max(covered-1, 0)
				if depth >= 0 {
					broken = true
				} else {
					dst = append(dst, '\n')
				}
			case "table-cell", "covered-table-cell":
				broken = false
				dst = append(dst, '\t')
			case "table-row":
				broken = false
				dst = append(dst, '\n')
			case "table":
				if depth >= 0 {
					rows, columns, again = rows[:depth], columns[:depth], again[:depth]
					here(len(dst))
				}
			case "user-defined", "title", "description", "subject", "keyword", "creator", "initial-creator":
				dst = append(dst, '\n')
			}
		}
		off += int64(len(dst))
		return dst, nil
	}
	return &produced{step: step}, &m
}

// openPlaces are the elements whose text has a place of its own.
var openPlaces = map[string]string{
	"page": "slide", "annotation": "comment", "note-body": "note", "notes": "notes", "header": "header", "footer": "footer",
	"header-left": "header", "footer-left": "footer", "header-first": "header", "footer-first": "footer", "tracked-changes": "deleted",
}

// cell is a cell of a table, or a place with a name.
type cell struct {
	table, row, column int
	around             string
}

func (c cell) name(tables []string) string {
	if c.row == 0 || c.column == 0 {
		return c.around
	}
	s := cellName(c.row, c.column)
	if c.table < len(tables) && tables[c.table] != "" {
		s = tables[c.table] + "!" + s
	}
	return strings.TrimSpace(s + " " + c.around)
}

// repeated reads how many cells or rows beyond the first one stands for. What no
// sheet has is taken for none.
func repeated(s string, most int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0
	}
	return n - 1
}

// spaces are those that <text:s c="n"/> stands for, within reason.
func spaces(c string) string {
	n, err := strconv.Atoi(c)
	if err != nil || n < 1 {
		n = 1
	}
	const many = "                                "
	return many[:min(n, len(many))]
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
