package aws

import (
	"bytes"
	"strings"
)

// column returns the heading, lower case, of the CSV column that near[i] stands
// in: "" when the stream does not begin with a line of headings that name a
// part of a key.
func (r *region) column(i int) string {
	names, sep := r.headings()
	if sep == 0 {
		return ""
	}
	row, ok := r.rowBefore(i)
	if !ok {
		return ""
	}
	return heading(names, sep, columnsIn(row, sep))
}

// cell returns the value, in the row around near[i], of the first column whose
// heading is accepted: "" when there is none.
func (r *region) cell(i int, accept func(name string) bool) string {
	names, sep := r.headings()
	if sep == 0 {
		return ""
	}
	row, ok := r.rowBefore(i)
	if !ok {
		return ""
	}
	rest := r.Bytes[i:]
	if n := bytes.IndexByte(rest[:min(len(rest), hintReach)], '\n'); n >= 0 {
		rest = rest[:n]
	} else {
		rest = rest[:min(len(rest), hintReach)]
	}
	row = r.Bytes[i-len(row) : i+len(rest)]
	for n := 0; ; n++ {
		name := heading(names, sep, n)
		if name == "" {
			return ""
		}
		if accept(name) {
			return strings.Trim(string(bytes.TrimSpace(cellAt(row, sep, n))), `"`)
		}
	}
}

// headings returns the first line of the stream and its separator, 0 if it does
// not hold headings.
func (r *region) headings() (line []byte, sep byte) {
	line = bytes.TrimPrefix(r.Head, []byte("\xef\xbb\xbf"))
	if n := bytes.IndexByte(line[:min(len(line), 512)], '\n'); n >= 0 {
		line = bytes.TrimRight(line[:n], "\r")
	} else {
		return nil, 0
	}
	for _, c := range []byte(",;\t|") {
		if bytes.IndexByte(line, c) > 0 {
			sep = c
			break
		}
	}
	if sep == 0 || !containsFold(line, "key") && !containsFold(line, "secret") {
		return nil, 0
	}
	return line, sep
}

func containsFold(b []byte, low string) bool {
	for i := 0; i+len(low) <= len(b); i++ {
		if bytes.EqualFold(b[i:i+len(low)], []byte(low)) {
			return true
		}
	}
	return false
}

// rowBefore returns the part of a line before near[i], unless it is the first
// line or begins out of sight.
func (r *region) rowBefore(i int) (row []byte, ok bool) {
	from := max(i-recordReach, 0)
	n := bytes.LastIndexByte(r.Bytes[from:i], '\n')
	if n < 0 {
		return nil, false
	}
	return r.Bytes[from+n+1 : i], true
}

// columnsIn counts the separators in b that stand outside of quotes.
func columnsIn(b []byte, sep byte) int {
	n, quoted := 0, false
	for _, c := range b {
		if c == '"' {
			quoted = !quoted
		} else if c == sep && !quoted {
			n++
		}
	}
	return n
}

// cellAt returns cell n of a row.
func cellAt(row []byte, sep byte, n int) []byte {
	from, quoted := 0, false
	for i, c := range row {
		switch {
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			if n == 0 {
				return row[from:i]
			}
			n--
			from = i + 1
		}
	}
	if n > 0 {
		return nil
	}
	return row[from:]
}

// heading returns heading n, lower case.
func heading(names []byte, sep byte, n int) string {
	return strings.ToLower(strings.Trim(string(bytes.TrimSpace(cellAt(names, sep, n))), `" `))
}
