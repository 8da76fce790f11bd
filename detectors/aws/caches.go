package aws

import (
	"bytes"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

// caches appends the tokens that the CLI keeps: of IAM Identity Center, beside
// "startUrl", and of aws login, beside "dpopKey".
func (r *region) caches(dst []detectors.Atom) []detectors.Atom {
	seen := -1
	add := func(i int, kind secret.Kind, names ...string) {
		from, to := max(0, i-nearReach), min(len(r.Bytes), i+reach-hintReach)
		for _, name := range names {
			s, ok := r.quotedAfter(from, to, name)
			if !ok || s.from == seen {
				continue
			}
			seen = s.from
			a := r.wholeAtom(kind, s, r.Bytes[s.from:s.to])
			if v, ok := r.quotedAfter(from, to, "region"); ok && isRegion(string(r.Bytes[v.from:v.to])) {
				a.Hints.Region = string(r.Bytes[v.from:v.to])
			}
			if v, ok := r.quotedAfter(from, to, "expiresAt"); ok {
				a.Hints.Expires = expiryIn(append([]byte("expires "), r.Bytes[v.from:v.to]...))
			}
			dst = append(dst, a)
			return
		}
	}
	r.each("startUrl", func(i int) { add(i, secret.SSOToken, "accessToken", "refreshToken", "clientSecret") })
	r.each("dpopKey", func(i int) { add(i, secret.LoginToken, "refreshToken", "dpopKey") })
	return dst
}

// quotedAfter returns the string that a JSON object in [from, to) has under a
// name: at least 20 characters of a token, or any for a short one.
func (r *region) quotedAfter(from, to int, name string) (s span, ok bool) {
	b := r.Bytes
	i := bytes.Index(b[from:to], []byte(`"`+name+`"`))
	if i < 0 {
		return s, false
	}
	i += from + len(name) + 2
	for i < to && (b[i] == ':' || b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	if i >= to || b[i] != '"' {
		return s, false
	}
	i++
	end := runAt(b, i, detectors.RunLimit, func(c byte) bool { return c > ' ' && c < 0x7f && c != '"' && c != '\\' })
	if end >= len(b) || b[end] != '"' {
		return s, false // cut off, or a mark of a template
	}
	if name != "region" && name != "expiresAt" && end-i < idLen {
		return s, false
	}
	return span{i, end}, true
}
