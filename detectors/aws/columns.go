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
	rest := r.Bytes[i:]
	if n := bytes.IndexByte(rest[:min(len(rest), hintReach)], '\n'); n >= 0 {
		rest = rest[:n]
	} else {
		rest = rest[:min(len(rest), hintReach)]
	}
	from := i - len(row)
	row = r.Bytes[from : i+len(rest)]
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
// above it that is one, or the first line of the stream.
func (r *region) headingsAbove(i int) (line []byte, sep byte) {
	lo := max(i-recordReach, 0)
	end := lo + bytes.LastIndexByte(r.Bytes[lo:i], '\n')
	for end > lo {
		from := lo + bytes.LastIndexByte(r.Bytes[lo:end], '\n') + 1
		if from == lo && lo > 0 {
			break // it may begin out of sight
		}
		if names, sep := headingsIn(r.Bytes[from:end]); sep != 0 {
			return names, sep
		}
		if bytes.ContainsAny(r.Bytes[from:end], "={}") {
			break // no table
		}
		end = from - 1
	}
	return r.headings()
}

// headingsIn returns a line and its separator, 0 if it does not hold headings.
func headingsIn(line []byte) (names []byte, sep byte) {
	line = bytes.TrimRight(line, "\r")
	if len(line) > 400 || !namesPart(line) || bytes.ContainsAny(line, "={}():<") || isValue(line) || holdsValue(line) {
		return nil, 0
	}
	for _, c := range []byte(",;\t|") {
		if bytes.IndexByte(line, c) > 0 || c == '|' && bytes.Count(line, []byte{'|'}) > 1 {
			return line, c
		}
	}
	return nil, 0
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
