package aws

import (
	"bytes"
	"strconv"
	"time"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

const (
	signature = "X-Amz-Signature"
	queryID   = "AWSAccessKeyId"
)

// presigned appends signed links, which open one object to whoever has them:
// those of Signature Version 4 by their signature, those of Version 2 by theirs
// behind a key id. A link with the action "connect" is a password of RDS.
func (r *region) presigned(dst []detectors.Atom) []detectors.Atom {
	b := r.Bytes
	r.each(signature, func(i int) {
		from := i + len(signature)
		from += runAt(b, from, 4, func(c byte) bool { return c == '=' || c == '%' || c == '3' || c == 'D' || c == 'd' }) - from
		end := runAt(b, from, 65, isLowerHex)
		for end-from > 64 { // "%3D" may end in what looks like hexadecimal
			from++
		}
		if end-from != 64 {
			return
		}
		l := linkAround(b, from)
		if l.id == "" {
			r.Drop(detectors.PartWhole, from, end, 64, "no link", "a signature without the X-Amz-Credential of its link")
			return
		}
		kind := secret.PresignedURL
		if l.action == "connect" {
			kind = secret.RDSToken
		}
		a := r.wholeAtom(kind, span{from, end}, b[from:end])
		l.apply(&a)
		dst = append(dst, a)
	})
	for _, id := range r.ids {
		if !bytes.HasSuffix(b[:id.from], []byte(queryID+"=")) {
			continue
		}
		if a, ok := r.signedV2(id); ok {
			dst = append(dst, a)
		}
	}
	return dst
}

// signedV2 returns the link of Signature Version 2 around a key id.
func (r *region) signedV2(id span) (a detectors.Atom, ok bool) {
	b := r.Bytes
	l := span{max(id.from-nearReach, 0), min(id.to+nearReach, len(b))}
	if n := bytes.LastIndexAny(b[l.from:id.from], " \t\r\n\"'<>"); n >= 0 {
		l.from += n + 1
	}
	if n := bytes.IndexAny(b[id.to:l.to], " \t\r\n\"'<>"); n >= 0 {
		l.to = id.to + n
	}
	text := b[l.from:l.to]
	i := bytes.Index(text, []byte("Signature="))
	if i < 0 {
		return a, false
	}
	from := l.from + i + len("Signature=")
	end := runAt(b, from, 60, func(c byte) bool { return isPadded(c) || c == '%' })
	if n := end - from; n < 26 || n > 50 {
		return a, false
	}
	a = r.wholeAtom(secret.PresignedURL, span{from, end}, b[from:end])
	key := string(b[id.from:id.to])
	a.Account, _ = accountOf(key)
	a.Placeholder = isSampleID(key)
	if i := bytes.Index(text, []byte("Expires=")); i >= 0 {
		at := i + len("Expires=")
		if s, err := strconv.ParseInt(string(text[at:runAt(text, at, 11, isDigit)]), 10, 64); err == nil {
			a.Hints.Expires = time.Unix(s, 0).UTC()
		}
	}
	return a, true
}
