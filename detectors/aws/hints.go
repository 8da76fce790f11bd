package aws

import (
	"bytes"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mislaid/detectors"
)

// hints reads the context of an atom: what the record, the line or the
// paragraph around it says of profile, region, store and expiry.
func (r *region) hints(s span, rec record) detectors.Hints {
	scope := r.scope(s, rec, hintReach)
	b := r.Bytes[scope.from:scope.to]
	h := detectors.Hints{
		Profile:  cleanHint(r.profile(s, rec, b)),
		Region:   regionIn(b, s.from-scope.from),
		Endpoint: cleanHint(endpointIn(b)),
	}
	if s.to-s.from == idLen && r.Bytes[s.from+1] == idPrefixes[1][1] {
		// Between a temporary key and its expiry often stands its token.
		long := r.scope(s, rec, reach-hintReach)
		h.Expires = expiryIn(r.Bytes[long.from:long.to])
	}
	h.Partition = partitionIn(b, h.Region)
	return h
}

// scope returns the bytes that may speak of the atom at s: its line when other
// values of a key stand in it, else its record or paragraph, up to ahead bytes
// after it.
func (r *region) scope(s span, rec record, ahead int) span {
	line := r.lineAround(s.from)
	if rec.kind == lineRecord && r.isRow(line, s) {
		return line
	}
	// Behind a long token near may end anywhere: only what follows closely
	// after the beginning of an atom is always there.
	after := s.to + ahead
	if s.to-s.from != idLen {
		after = max(s.to, min(after, s.from+nearReach))
	}
	sc := span{max(s.from-hintReach, 0), min(after, len(r.Bytes))}
	if rec.kind == sectionRecord || rec.kind == blockRecord {
		sc.from = max(sc.from, rec.from)
	} else if n := bytes.LastIndex(r.Bytes[sc.from:s.from], []byte("\n\n")); n >= 0 {
		sc.from += n + 2
	}
	rest := r.Bytes[s.to:sc.to]
	cut := len(rest)
	switch rec.kind {
	case sectionRecord:
		if n := bytes.Index(rest, []byte("\n[")); n >= 0 {
			cut = n
		}
	case blockRecord:
		cut = closing(rest)
	default:
		if n := bytes.Index(rest, []byte("\n\n")); n >= 0 {
			cut = n
		}
	}
	sc.to = s.to + cut
	return sc
}

// isRow reports whether a line holds another value of a key beside s.
func (r *region) isRow(line, s span) bool {
	run := 0
	for i := line.from; i < line.to; i++ {
		if i == s.from {
			i, run = s.to, 0
			continue
		}
		if !isBase64(r.Bytes[i]) {
			run = 0
		} else if run++; run >= idLen {
			return true
		}
	}
	return false
}

// closing returns where the bracket that is open at b[0] closes.
func closing(b []byte) int {
	depth := 0
	for i, c := range b {
		switch c {
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			if depth--; depth < 0 {
				return i
			}
		}
	}
	return len(b)
}

// profile returns the name of the record: a section, a user.
func (r *region) profile(s span, rec record, scope []byte) string {
	if rec.kind == sectionRecord {
		return rec.name
	}
	if name := r.userOf(s); name != "" {
		return name
	}
	line := r.lineAround(s.from)
	if l := r.Bytes[line.from:line.to]; bytes.HasPrefix(l, []byte("ACCESSKEY\t")) {
		cells := bytes.Split(bytes.TrimRight(l, "\r"), []byte{'\t'})
		return string(cells[len(cells)-1])
	}
	return valueAfter(scope, "UserName")
}

// valueAfter returns the quoted value that follows a quoted name.
func valueAfter(b []byte, name string) string {
	i := bytes.Index(b, []byte(`"`+name+`"`))
	if i < 0 {
		return ""
	}
	b = bytes.TrimLeft(b[i+len(name)+2:], ": \t\r\n")
	if len(b) == 0 || b[0] != '"' {
		return ""
	}
	end := bytes.IndexByte(b[1:], '"')
	if end < 0 {
		return ""
	}
	return string(b[1 : 1+end])
}

// expiryIn returns the first time that a setting says a key expires.
func expiryIn(b []byte) time.Time {
	i := indexFold(b, "expir")
	if i < 0 {
		return time.Time{}
	}
	b = b[i:]
	b = b[:min(len(b), 80)]
	for i := 0; i+len("2006-01-02T15:04:05") <= len(b); i++ {
		if b[i] != '2' || b[i+4:][0] != '-' {
			continue
		}
		v := b[i:]
		n := 0
		for n < len(v) && (isDigit(v[n]) || strings.IndexByte("-:.TZ+", v[n]) >= 0) {
			n++
		}
		if t, err := time.Parse(time.RFC3339, string(v[:n])); err == nil {
			return t.UTC()
		}
		if t, err := time.Parse("2006-01-02T15:04:05", strings.TrimRight(string(v[:n]), ".")); err == nil {
			return t
		}
	}
	return time.Time{}
}

// maxHint is the longest hint, in bytes.
const maxHint = 64

// cleanHint returns s if it may be shown: short, printable, and nothing that
// could itself be a secret.
func cleanHint(s string) string {
	if len(s) > maxHint || !utf8.ValidString(s) || isValue([]byte(strings.ToUpper(s))) {
		return ""
	}
	for _, c := range s {
		if !unicode.IsPrint(c) || c == utf8.RuneError {
			return ""
		}
	}
	b := []byte(s)
	for i := 0; i < len(b); i++ {
		n := i
		for n < len(b) && isBase64(b[n]) {
			n++
		}
		if n-i >= idLen && detectors.Entropy(b[i:n]) >= 3.8 && longest(b[i:n], isDigit) < n-i {
			return ""
		}
		i = n
	}
	return s
}
