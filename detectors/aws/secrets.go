package aws

import (
	"bytes"

	"mislaid/detectors"
	"mislaid/detectors/unwrap"
	"mislaid/internal/secret"
)

// secretLen is the length of a secret access key: 30 bytes in base64.
const secretLen = 40

// secrets appends the runs of exactly 40 characters that may be secrets.
func (r *region) secrets(dst []detectors.Atom) []detectors.Atom {
	b := r.Bytes
	// Any run of 40 has a character at one of these places; after the end of a
	// run or a foreign character, the next run cannot reach its 40th earlier.
	for i := secretLen - 1; i < len(b); i += secretLen {
		if !isBase64(b[i]) {
			continue
		}
		from := i
		for from > 0 && isBase64(b[from-1]) {
			from--
		}
		for i < len(b) && isBase64(b[i]) {
			i++
		}
		if i-from == secretLen && !goesOn(b, from, i) {
			dst = r.secret(dst, span{from, i}, b[from:i])
		}
	}
	return dst
}

// secretNames are the ends of names that secrets are given. Near them escapes
// are undone, so that a secret that is written with some is found far from its
// id too.
var secretNames = []string{
	"ecret_access_key", "ecretAccessKey", "ECRET_ACCESS_KEY", "ecret access key", "ecret-access-key",
	"ecret_key", "ecretKey", "ECRET_KEY", "ecret-key", "ecret.key",
	`ecret\`, `ECRET\`, "ecret%", "ECRET%", "ecret&", "ECRET&", "ecret=E2", "ECRET=E2", // and the rest is escaped
	`\u30b7\u30fc\u30af`, `\u30B7\u30FC\u30AF`, "%E3%82%B7%E3%83%BC", "&#12471;&#12540;", "&#x30B7;&#x30FC;", // シー(クレット)
}

// goesOn reports whether a run of base64 is longer than b[from:to), if what
// stands beside it is padding, or the escape of such a character. The whole is
// then seen when the escapes are undone.
func goesOn(b []byte, from, to int) bool {
	part := func(r rune) bool { return r == '+' || r == '/' || r == '=' || r > 0 && r < 0x80 && isAlnum(byte(r)) }
	if to < len(b) {
		switch b[to] {
		case '=':
			_, n := unwrap.Escape(b[to:min(len(b), to+3)])
			return n != 3 // "=3D" and the like may be escapes, and "=\r\n"
		case '\\', '%', '&':
			if r, n := unwrap.Escape(b[to:min(len(b), to+10)]); n > 0 && part(r) {
				return true
			}
		}
	}
	if from > 0 && b[from-1] == ';' {
		if i := bytes.LastIndexByte(b[max(0, from-10):from], '&'); i >= 0 {
			i += max(0, from-10)
			if r, n := unwrap.Escape(b[i:from]); n == from-i && part(r) {
				return true
			}
		}
	}
	return false
}

// secret appends the atom of a secret that is written at s, unless it is
// something else.
func (r *region) secret(dst []detectors.Atom, s span, value []byte) []detectors.Atom {
	drop := func(filter, why string) []detectors.Atom {
		r.Drop(detectors.PartSecret, s.from, s.to, len(value), filter, "%s", why)
		return dst
	}
	sample := isSampleSecret(value)
	if !sample && !isRandom(value) {
		return drop("not random", "a hash, an alphabet or a repeated pattern: no random key looks so")
	}
	l := r.labelOf(s.from)
	named := l.kind == secretLabel
	if !named && !sample {
		switch {
		case !r.nearID(s):
			return drop("no label", "no name calls it a secret, and no key id stands near")
		case l.kind == foreignLabel || l.kind == idLabel && !r.adjacent(s):
			return drop("other label", "its name says that it is something else")
		case endsBlock(r.Bytes, s):
			return drop("block", "no name calls it a secret, and it is a line of a block of base64")
		case looksLikeText(value, r.adjacent(s)):
			return drop("text", "no name calls it a secret, and it reads like words, a path or a number")
		case insideLonger(r.Bytes, s):
			return drop("inside longer", "no name calls it a secret, and it is a piece of a longer token")
		}
	} else if !named && !r.nearID(s) {
		return drop("no label", "a sample, but no name calls it a secret and no key id stands near")
	}
	a := r.atom(detectors.PartSecret, s, l.name)
	a.Labelled = named
	a.Placeholder = sample
	a.Value = secret.New(value)
	return append(dst, a)
}

// adjacent reports whether an id stands so close to s that they must be told
// apart by nothing but a sign or a short word.
func (r *region) adjacent(s span) bool {
	const beside = 100
	for _, id := range r.ids {
		if id.to <= s.from && s.from-id.to < beside || s.to <= id.from && id.from-s.to < beside {
			return true
		}
	}
	return false
}

// endsBlock reports whether a line of base64 that is longer stands right before
// or behind the line of s.
func endsBlock(b []byte, s span) bool {
	before := bytes.TrimRight(b[:s.from], " \t\r\n")
	if len(before) < s.from && bytes.IndexByte(b[len(before):s.from], '\n') >= 0 {
		n := 0
		for n < len(before) && n < 61 && isBase64(before[len(before)-1-n]) {
			n++
		}
		if n >= 60 {
			return true
		}
	}
	return false
}

// insideLonger reports whether s is a piece of a longer text of base64url: a
// token with '-', '_' or '.' in it.
func insideLonger(b []byte, s span) bool {
	joint := func(at, beyond int) bool {
		if at < 0 || at >= len(b) || beyond < 0 || beyond >= len(b) || !isAlnum(b[beyond]) {
			return false
		}
		return b[at] == '-' || b[at] == '_' || b[at] == '.'
	}
	return joint(s.from-1, s.from-2) || joint(s.to, s.to+1)
}
