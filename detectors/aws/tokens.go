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

// tokenBegins reports whether a token may begin at b[i:].
func tokenBegins(b []byte, i int) bool {
	return i == 0 || !isBase64(b[i-1]) || escapeBefore(b, i) > 0 || i >= 2 && b[i-2] == '\\' && isLower(b[i-1])
}

// tokenEnd returns where the token that begins at from ends, 0 if what stands
// there is none. An escape far behind the beginning ends a token like any other
// character, because near shows only the run of base64 so far out; a token with
// escapes must end before that.
func (r *region) tokenEnd(from int) int {
	const visible = reach - hintReach
	b := r.Bytes
	i, escapes, limit := from, 0, detectors.RunLimit
	for i < len(b) {
		if isBase64(b[i]) {
			i++
		} else if c, n := unescape(b[i:]); c != 0 && i+n <= from+visible {
			i += n
			escapes++
		} else {
			break
		}
	}
	for range 2 {
		switch {
		case i < len(b) && b[i] == '=' && (i+3 > len(b) || string(b[i:i+3]) != "=3D"):
			i++
		case i+3 <= min(len(b), from+visible) && (bytes.EqualFold(b[i:i+3], []byte("%3d")) || string(b[i:i+3]) == "=3D"):
			i += 3
			escapes++
		}
	}
	if escapes > 0 {
		limit = visible
	}
	if n := i - from; n < minToken || n > limit {
		return 0
	}
	return i
}

// token appends the atom of the token written at s.
func (r *region) token(dst []detectors.Atom, s span, known bool) []detectors.Atom {
	raw := r.Bytes[s.from:s.to]
	plain := raw
	if bytes.ContainsAny(raw, `\%&`) || bytes.ContainsRune(bytes.TrimRight(raw, "="), '=') {
		plain = make([]byte, 0, len(raw))
		for i := 0; i < len(raw); {
			if c, n := unescape(raw[i:]); c != 0 {
				plain = append(plain, c)
				i += n
			} else if n := escapeLen(raw[i:]); n > 0 {
				plain = append(plain, '=')
				i += n
			} else {
				plain = append(plain, raw[i])
				i++
			}
		}
		defer clear(plain)
	}
	l := r.labelOf(s.from)
	a := r.atom(detectors.PartToken, s, l.name)
	a.Labelled = known || l.kind == tokenLabel
	a.Placeholder = isSampleSecret(plain)
	a.Value = secret.New(plain)
	return append(dst, a)
}
