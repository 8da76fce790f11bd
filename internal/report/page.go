package report

import (
	"io"
	"strings"
)

// page writes cleaned, wrapped and coloured lines.
type page struct {
	w   io.Writer
	o   Options
	err error

	remarks map[string]bool // that were made
}

func (t *page) told(remark string) bool { return t.remarks[remark] }

func (t *page) tell(remark string) {
	if t.remarks == nil {
		t.remarks = make(map[string]bool)
	}
	t.remarks[remark] = true
}

// line writes text after an indent, wrapped, all of it in one style.
func (t *page) line(indent int, st style, s string) {
	for _, l := range wrap(Clean(s), t.columns(indent)) {
		t.raw(strings.Repeat(" ", indent) + t.o.paint(st, l))
	}
}

// columns is how much fits behind an indent; 0 is any number.
func (t *page) columns(indent int) int {
	if t.o.Width <= 0 {
		return 0
	}
	return max(t.o.Width-indent, 20)
}

// field writes a label in a column of its own, and text beside it.
func (t *page) field(label, s string) {
	if s == "" {
		return
	}
	const indent, column = 2, 13
	for i, l := range wrap(Clean(s), t.columns(column)) {
		if i > 0 {
			label = ""
		}
		pad := strings.Repeat(" ", column-indent-len(label))
		t.raw("  " + t.o.paint(faint, label) + pad + l)
	}
}

// raw writes one line as it is.
func (t *page) raw(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, s+"\n")
	}
}
