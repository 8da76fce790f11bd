package aws

import (
	"bytes"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

// minToken is the shortest session token, in characters. AWS promises no
// greatest size (STS API reference); detectors.RunLimit bounds it here.
const minToken = 100

// tokenOpenings begin session tokens: base64 of a header and "origin_ec" or
// "aws".
var tokenOpenings = []string{"IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz", "FQoDYXdz", "AQoDYXdz", "AgoJb3JpZ2lu"}

// tokenMarks are parts of the openings, so that three searches find the six.
var tokenMarks = [][]byte{[]byte("oJb3JpZ2lu"), []byte("oGZXIvYXdz"), []byte("oDYXdz")}

// tokens appends the session tokens: those with a known opening, and those that
// a label names near a temporary id.
func (r *region) tokens(dst []detectors.Atom) []detectors.Atom {
	b := r.Bytes
	for _, mark := range tokenMarks {
		for i := 0; ; {
			n := bytes.Index(b[i:], mark)
			if n < 0 {
				break
			}
			i += n
			from := i - 2
			i += len(mark)
			if from < 0 || !hasOpening(b[from:]) || !tokenBegins(b, from) {
				continue
			}
			if s := (span{from, r.tokenEnd(from)}); s.to > from {
				dst = r.token(dst, s, true)
				i = s.to
			}
		}
	}
	done := 0
	for _, id := range r.ids {
		if b[id.from+1] != 'S' {
			continue
		}
		from, to := max(id.from-nearReach, done), min(id.to+nearReach, len(b))
		for i := from; i < to; i++ {
			if !isBase64(b[i]) {
				continue
			}
			start := i
			for i < len(b) && isBase64(b[i]) {
				i++
			}
			if i-start < minToken || start > 0 && isBase64(b[start-1]) || hasOpening(b[start:]) || r.labelOf(start).kind != tokenLabel {
				continue
			}
			if s := (span{start, r.tokenEnd(start)}); s.to > start {
				dst = r.token(dst, s, false)
			}
		}
		done = max(done, to)
	}
	return dst
}

func hasOpening(b []byte) bool {
	for _, o := range tokenOpenings {
		if len(b) >= len(o) && string(b[:len(o)]) == o {
			return true
		}
	}
	return false
}

// tokenBegins reports whether a token may begin at b[i:]. Two letters of an
// escape that is not undone may stand before one.
func tokenBegins(b []byte, i int) bool { return i == 0 || !isBase64(b[i-1]) }

// tokenEnd returns where the token that begins at from ends, 0 if what stands
// there is none.
func (r *region) tokenEnd(from int) int {
	b := r.Bytes
	i := from
	for i < len(b) && isBase64(b[i]) {
		i++
	}
	for k := 0; k < 2 && i < len(b) && b[i] == '='; k++ {
		i++
	}
	if n := i - from; n < minToken || n > detectors.RunLimit {
		return 0
	}
	return i
}

// token appends the atom of the token written at s.
func (r *region) token(dst []detectors.Atom, s span, known bool) []detectors.Atom {
	value := r.Bytes[s.from:s.to]
	l := r.labelOf(s.from)
	a := r.atom(detectors.PartToken, s, l.name)
	a.Labelled = known || l.kind == tokenLabel
	a.Placeholder = isSampleSecret(value)
	a.Value = secret.New(value)
	return append(dst, a)
}
