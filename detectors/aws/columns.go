package aws

import (
	"bytes"
	"strings"
)

// column returns the heading, lower case, of the column of a table that near[i]
// stands in: "" when no headings that name a part of a key stand above it.
func (r *region) column(i int) string {
	row, ok := r.rowBefore(i)
	if !ok {
		return ""
	}
	names, sep := r.headingsAbove(i)
	if sep == 0 {
		return ""
	}
	return heading(names, sep, columnsIn(row, sep))
}

// cell returns the value, in the row around near[i], of the first column whose
// heading is accepted: "" when there is none.
func (r *region) cell(i int, accept func(name string) bool) string {
	s, ok := r.cellSpan(i, accept)
	if !ok {
		return ""
	}
	return string(r.Bytes[s.from:s.to])
}

// cellSpan returns where that value stands, without its quotes.
func (r *region) cellSpan(i int, accept func(name string) bool) (s span, ok bool) {
	row, ok := r.rowBefore(i)
	if !ok {
		return s, false
	}
	names, sep := r.headingsAbove(i)
	if sep == 0 {
		return s, false
	}
	from := i - len(row)
	row = r.Bytes[from : i+lineLeft(r.Bytes[i:])]
	for n := 0; ; n++ {
		name := heading(names, sep, n)
		if name == "" && n > columnsIn(names, sep) {
			return s, false
		}
		if name == "" || !accept(name) {
			continue
		}
		at, to := cellBounds(row, sep, n)
		for at < to && (row[at] == ' ' || row[at] == '"' || row[at] == '`') {
			at++
		}
		for at < to && (row[to-1] == ' ' || row[to-1] == '"' || row[to-1] == '\r' || row[to-1] == '`') {
			to--
		}
		return span{from + at, from + to}, at < to
	}
}

// transposed returns the label of the value at near[i:] in a table whose rows are
// the parts and whose columns are the keys, and where the record of its column
// begins: near's index of the table's first row, and on by the column.
func (r *region) transposed(i int) (l label, record int, ok bool) {
	row, ok := r.rowBefore(i)
	if !ok {
		return l, 0, false
	}
	for _, sep := range []byte(",;\t|") {
		column := columnsIn(row, sep)
		first := 0
		if sep == '|' {
			first = 1
		}
		if column <= first {
			continue
		}
		name := heading(row, sep, first)
		k := kindOf(name)
		if k != idLabel && k != secretLabel || len(name) > 40 {
			continue
		}
		end := i + lineLeft(r.Bytes[i:])
		from := i - len(row)
		width := columnsIn(r.Bytes[from:end], sep)
		if width < first+2 {
			continue
		}
		lo := max(from-hintReach, 0)
		top := from
		for top > lo {
			above := lo + bytes.LastIndexByte(r.Bytes[lo:top-1], '\n') + 1
			if above == lo && lo > 0 || columnsIn(r.Bytes[above:top-1], sep) != width {
				break
			}
			top = above
		}
		return label{name, k}, top + column, true
	}
	return l, 0, false
}

// headings returns the first line of the stream and its separator, 0 if it does
// not hold headings.
func (r *region) headings() (line []byte, sep byte) {
	line = bytes.TrimPrefix(r.Head, []byte("\xef\xbb\xbf"))
	n := bytes.IndexByte(line[:min(len(line), 512)], '\n')
	if n < 0 {
		return nil, 0
	}
	return headingsIn(line[:n])
}

// headingsAbove returns the headings of the row around near[i]: the nearest line
// above it, or the first line of the stream, that holds some and has as many
// cells as the row.
func (r *region) headingsAbove(i int) (line []byte, sep byte) {
	lo := max(i-recordReach, 0)
	end := lo + bytes.LastIndexByte(r.Bytes[lo:i], '\n')
	row := r.Bytes[end+1 : i+lineLeft(r.Bytes[i:])]
	fits := func(names []byte, sep byte) bool { return sep != 0 && columnsIn(names, sep) == columnsIn(row, sep) }
	for end > lo {
		from := lo + bytes.LastIndexByte(r.Bytes[lo:end], '\n') + 1
		if from == lo && lo > 0 {
			break // it may begin out of sight
		}
		if names, sep := headingsIn(r.Bytes[from:end]); fits(names, sep) {
			return names, sep
		}
		end = from - 1
	}
	if names, sep := r.headings(); fits(names, sep) {
		return names, sep
	}
	return nil, 0
}

// lineLeft returns how much of a line is left at b[0:], within hintReach.
func lineLeft(b []byte) int {
	b = b[:min(len(b), hintReach)]
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		return n
	}
	return len(b)
}

// headingsIn returns a line and its separator, 0 if it does not hold headings:
// cells of a few words, one of which names a part of a credential. What is
// written before them on their line is cut off.
func headingsIn(line []byte) (names []byte, sep byte) {
	line = bytes.TrimRight(line, "\r")
	if len(line) > 600 || !namesPart(line) {
		return nil, 0
	}
	if i := bytes.LastIndexAny(line, "={}():<>"); i >= 0 {
		line = bytes.TrimPrefix(bytes.TrimLeft(line[i+1:], " \t"), []byte{'"'})
	}
	if bytes.Count(line, []byte{'"'})%2 == 1 {
		line = line[bytes.LastIndexByte(line, '"')+1:]
	}
	if len(line) > 400 || isValue(line) || holdsValue(line) {
		return nil, 0
	}
	most := 0
	for _, c := range []byte(",;\t|") {
		if n := columnsIn(line, c); n > most {
			sep, most = c, n
		}
	}
	if sep == 0 {
		return nil, 0
	}
	named := false
	for n := range most + 1 {
		name := heading(line, sep, n)
		if len(name) > 48 {
			return nil, 0
		}
		k := kindOf(name)
		named = named || k == idLabel || k == secretLabel || k == tokenLabel || strings.Contains(name, "password") || strings.Contains(name, "パスワード")
	}
	if !named {
		return nil, 0
	}
	return line, sep
}

// namesPart reports whether a line of headings names a part of a credential.
func namesPart(line []byte) bool {
	return containsFold(line, "key") || containsFold(line, "secret") || containsFold(line, "password") ||
		bytes.Contains(line, []byte("アクセスキー")) || bytes.Contains(line, []byte("パスワード"))
}

// holdsValue reports whether a line holds a run that is no word: a line of
// values is none of headings.
func holdsValue(line []byte) bool {
	run, digits := 0, 0
	for _, c := range line {
		if !isAlnum(c) {
			run, digits = 0, 0
			continue
		}
		if isDigit(c) {
			digits++
		}
		if run++; run >= idLen && digits > 0 || run > 32 {
			return true
		}
	}
	return false
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
	from, to := cellBounds(row, sep, n)
	return row[from:to]
}

// cellBounds returns where cell n of a row stands.
func cellBounds(row []byte, sep byte, n int) (from, to int) {
	quoted := false
	for i, c := range row {
		switch {
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			if n == 0 {
				return from, i
			}
			n--
			from = i + 1
		}
	}
	if n > 0 {
		return len(row), len(row)
	}
	return from, len(row)
}

// heading returns heading n, lower case.
func heading(names []byte, sep byte, n int) string {
	return strings.ToLower(strings.Trim(string(bytes.TrimSpace(cellAt(names, sep, n))), `" `))
}
