package aws

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

const (
	eksPrefix   = "k8s-aws-v1."
	ecrPayload  = "eyJwYXlsb2Fk" // base64 of {"payload
	ecrAuth     = "QVdTOmV5S"    // base64 of AWS:eyJ, in Docker's configuration
	signinToken = "SigninToken="
)

// tokensOfServices appends the short-lived tokens of EKS and ECR, and links
// that sign in to the console.
func (r *region) tokensOfServices(dst []detectors.Atom) []detectors.Atom {
	b := r.Bytes
	r.each(eksPrefix, func(i int) {
		from := i + len(eksPrefix)
		end := runAt(b, from, detectors.RunLimit, isPadded)
		if end-from < 100 {
			return
		}
		a := r.wholeAtom(secret.EKSToken, span{i, end}, b[i:end])
		withDecoded(b[from:end], func(text []byte) { parseLink(text).apply(&a) })
		dst = append(dst, a)
	})
	for _, opening := range []string{ecrPayload, ecrAuth} {
		r.each(opening, func(i int) {
			if i > 0 && isBase64(b[i-1]) {
				return
			}
			end := runAt(b, i, detectors.RunLimit, isPadded)
			if end-i < 200 || !isECRToken(b[i:end]) {
				return
			}
			a := r.wholeAtom(secret.ECRToken, span{i, end}, b[i:end])
			a.Hints.Expires = ecrExpiry(b[i:end])
			dst = append(dst, a)
		})
	}
	r.each(signinToken, func(i int) {
		from := i + len(signinToken)
		end := runAt(b, from, detectors.RunLimit, func(c byte) bool { return isPadded(c) || c == '%' })
		if end-from < 100 {
			return
		}
		dst = append(dst, r.wholeAtom(secret.SigninURL, span{from, end}, b[from:end]))
	})
	return dst
}

// isECRToken reports whether b is base64 to its end and, where it is a user and
// password, has base64 for a password: what AWS's documentation made up has not.
func isECRToken(b []byte) (ok bool) {
	withDecoded(b, func(text []byte) {
		inner, pair := bytes.CutPrefix(text, []byte("AWS:"))
		ok = !pair || isAll(inner, isPadded)
	})
	return ok
}

// ecrExpiry reads when a token of ECR says that it expires, from its JSON or
// from a user and password in base64.
func ecrExpiry(b []byte) (at time.Time) {
	withDecoded(b, func(text []byte) {
		if inner, ok := bytes.CutPrefix(text, []byte("AWS:")); ok {
			plain := make([]byte, base64.StdEncoding.DecodedLen(len(inner)))
			n, _ := base64.StdEncoding.Decode(plain, inner)
			defer clear(plain)
			text = plain[:n]
		}
		const name = `"expiration":`
		if i := bytes.Index(text, []byte(name)); i >= 0 {
			i += len(name)
			if s, err := strconv.ParseInt(string(bytes.TrimSpace(text[i:runAt(text, i, 12, func(c byte) bool { return isDigit(c) || c == ' ' })])), 10, 64); err == nil {
				at = time.Unix(s, 0).UTC()
			}
		}
	})
	return at
}
