package aws

import (
	"bytes"
	"encoding/base64"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

const (
	bedrockPrefix      = "ABSK" // then base64 of "USER-at-ACCOUNT:secret"
	bedrockShortPrefix = "bedrock-api-key-"
)

// bedrock appends the API keys of Bedrock. A long-term key names its IAM user
// and account (write-ups by Wiz and BeyondTrust, 2025); a short-term key is a
// signed link.
func (r *region) bedrock(dst []detectors.Atom) []detectors.Atom {
	b := r.Bytes
	r.each(bedrockPrefix, func(i int) {
		if i > 0 && isBase64URL(b[i-1]) {
			return
		}
		end := runAt(b, i, 512, isBase64)
		pad := runAt(b, end, 2, func(c byte) bool { return c == '=' })
		if end-i < 60 {
			return
		}
		raw := b[i+len(bedrockPrefix) : end]
		plain, err := base64.RawStdEncoding.DecodeString(string(raw[:len(raw)-len(raw)%4]))
		defer clear(plain)
		user, rest, ok := bytes.Cut(plain, []byte{':'})
		at := bytes.LastIndex(user, []byte("-at-"))
		if err != nil || !ok || at < 1 || len(rest) < 16 || len(user)-at-4 != 12 || !isAll(user[at+4:], isDigit) {
			r.Drop(detectors.PartWhole, i, end, end-i, "not decodable", "an API key of Bedrock decodes to a user, an account and a secret")
			return
		}
		a := r.wholeAtom(secret.BedrockKey, span{i, pad}, b[i:pad])
		a.ID, a.Account = cleanHint(string(user)), string(user[at+4:])
		a.Hints.Profile = cleanHint(string(user[:at]))
		dst = append(dst, a)
	})
	r.each(bedrockShortPrefix, func(i int) {
		from := i + len(bedrockShortPrefix)
		end := runAt(b, from, detectors.RunLimit, isPadded)
		if end-from < 100 {
			return
		}
		a := r.wholeAtom(secret.BedrockShortKey, span{i, end}, b[i:end])
		withDecoded(b[from:end], func(text []byte) { parseLink(text).apply(&a) })
		dst = append(dst, a)
	})
	return dst
}

// withDecoded calls f with what base64 of either alphabet stands for, if it is any.
func withDecoded(b []byte, f func(text []byte)) {
	b = bytes.TrimRight(b, "=")
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(b, "-_") {
		enc = base64.RawURLEncoding
	}
	text := make([]byte, enc.DecodedLen(len(b)))
	defer clear(text)
	if n, err := enc.Decode(text, b); err == nil {
		f(text[:n])
	}
}
