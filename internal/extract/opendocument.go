package extract

import (
	"archive/zip"
	"io"
	"strconv"
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
				text, _ := openText(x)
				return w.derived(at, "", text, nil)
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
// the cells of tables ("Sheet2!B14"); OpenDocument 1.3 part 3, 9.1.
func openText(r io.Reader) (io.Reader, *Places) {
	x := newXMLScanner(r)
	var (
		off           int64
		tables        []string
		rows, columns []int // of the tables that are open
		m             Places
		cells         []cell // by the index in m
		broken        bool
		covered       int // annotations and the like count as paragraphs
	)
	m.names = func(i int) string { return cells[i].name(tables) }
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
			switch name {
			case "p", "h":
				covered++
			case "table":
				tables = append(tables, t.attr("name"))
				rows, columns = append(rows, 0), append(columns, 0)
			case "table-row":
				if depth >= 0 {
					rows[depth]++
					columns[depth] = 0
				}
			case "table-cell", "covered-table-cell":
				if depth >= 0 {
					columns[depth]++
					if m.add(off + int64(len(dst))) {
						cells = append(cells, cell{len(tables) - 1, rows[depth], columns[depth]})
					}
					columns[depth] += repeated(t.attr("number-columns-repeated"))
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
					rows, columns = rows[:depth], columns[:depth]
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

// cell is a cell of a table.
type cell struct{ table, row, column int }

func (c cell) name(tables []string) string {
	s := cellName(c.row, c.column)
	if c.table < len(tables) && tables[c.table] != "" {
		s = tables[c.table] + "!" + s
	}
	return s
}

// repeated reads how many cells beyond the first a cell stands for. What no
// sheet has is taken for none.
func repeated(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 16384 {
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
