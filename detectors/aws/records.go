package aws

import "bytes"

// recordKind says what kind of structured record an atom stands in.
type recordKind uint8

const (
	noRecord recordKind = iota
	lineRecord
	sectionRecord // from a line [name] on
	blockRecord   // after an opening bracket
)

// record is a structured record: where it begins in near.
type record struct {
	kind recordKind
	from int
	name string // of a section
}

// recordOf returns the record around near[i]: the innermost open bracket, the
// section of an ini file, or the line.
func (r *region) recordOf(i int) record {
	b := r.Bytes
	lo := max(i-recordReach, 0)
	depth, line := 0, -1
	for j := i - 1; j >= lo; j-- {
		switch b[j] {
		case '\n':
			if line < 0 {
				line = j + 1
			}
		case ')', '}', ']':
			depth++
		case '(', '{', '[':
			if b[j] == '[' && line >= 0 && (j == 0 || b[j-1] == '\n') {
				if name, ok := sectionName(b[j:i]); ok {
					return record{sectionRecord, j, name}
				}
			}
			if depth == 0 {
				return record{kind: blockRecord, from: j}
			}
			depth--
		}
	}
	switch {
	case line >= 0:
		return record{kind: lineRecord, from: line}
	case lo == 0:
		return record{kind: lineRecord}
	}
	return record{}
}

// sectionName returns the name in a line that is nothing but [name].
func sectionName(b []byte) (name string, ok bool) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return "", false
	}
	l := bytes.TrimRight(b[:end], "\r \t")
	if len(l) < 3 || l[len(l)-1] != ']' {
		return "", false
	}
	l = bytes.TrimSpace(l[1 : len(l)-1])
	if len(l) == 0 || bytes.ContainsAny(l, "{}()[],") {
		return "", false
	}
	return string(bytes.Trim(bytes.TrimPrefix(l, []byte("profile ")), `"'`)), true
}

// lineAround returns the line that near[i] stands in, within hintReach.
func (r *region) lineAround(i int) span {
	from := max(i-hintReach, 0)
	if n := bytes.LastIndexByte(r.Bytes[from:i], '\n'); n >= 0 {
		from += n + 1
	}
	to := min(i+hintReach, len(r.Bytes))
	if n := bytes.IndexByte(r.Bytes[i:to], '\n'); n >= 0 {
		to = i + n
	}
	return span{from, to}
}
