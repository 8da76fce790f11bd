package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mislaid/detectors/detectortest"
)

// keys makes credentials. Its secrets are what AWS hands out: 30 random bytes,
// none passed over because it would be hard to find.
type keys struct {
	r     *rand.Rand
	maker *detectortest.Keys
}

func newKeys(r *rand.Rand) *keys { return &keys{r, detectortest.NewKeys(r)} }

const (
	base32Set = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	alnumSet  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// account is a random account number.
func (k *keys) account() uint64 { return 10_000_000_000 + k.r.Uint64N(989_999_999_999) }

// longTerm is a long-term id; one in eight is of the layout from before 2019,
// whose fifth letter is I or J and which tells no account.
func (k *keys) longTerm(account uint64) string {
	if k.r.IntN(8) == 0 {
		return "AKIA" + pick(k.r, "I", "J") + k.of(base32Set, 15)
	}
	return k.maker.KeyID("AKIA", account)
}

func (k *keys) temporary(account uint64) string { return k.maker.KeyID("ASIA", account) }

func (k *keys) secret() string { return base64.StdEncoding.EncodeToString(k.bytes(30)) }

// token is a session token of one of the known openings, up to 2.4 kB long.
func (k *keys) token() string {
	n := 200 + k.r.IntN(700)
	if k.r.IntN(6) == 0 {
		n += 900
	}
	opening := pick(k.r, "IQoJb3JpZ2lu"+"X2Vj", "FwoGZXIv"+"YXdz", "FQoGZXIv"+"YXdz", "FQoD"+"YXdz")
	return opening + base64.StdEncoding.EncodeToString(k.bytes(n))
}

func (k *keys) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(k.r.Uint32())
	}
	return b
}

func (k *keys) hex(n int) string { return hex.EncodeToString(k.bytes(n)) }

func (k *keys) base64(n int) string { return base64.StdEncoding.EncodeToString(k.bytes(n)) }

// of is n random characters of a set.
func (k *keys) of(set string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = set[k.r.IntN(len(set))]
	}
	return string(b)
}

func (k *keys) uuid() string {
	h := k.hex(16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// jwt is a JSON Web Token that nobody signed.
func (k *keys) jwt() string {
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT","kid":"`+k.hex(8)+`"}`)) + "." +
		enc.EncodeToString([]byte(`{"sub":"`+k.uuid()+`","iat":1700000000,"aud":"web"}`)) + "." + enc.EncodeToString(k.bytes(256))
}

// smtp derives the SES SMTP password of a secret (Amazon SES Developer Guide,
// "Obtaining Amazon SES SMTP credentials").
func smtp(secret, region string) string {
	sig := []byte("AWS4" + secret)
	for _, part := range []string{"11111111", region, "ses", "aws4_request", "SendRawEmail"} {
		m := hmac.New(sha256.New, sig)
		m.Write([]byte(part))
		sig = m.Sum(nil)
	}
	return base64.StdEncoding.EncodeToString(append([]byte{4}, sig...))
}

// presigned is the query of a presigned URL, signature version 4.
func (k *keys) presigned(id, region, service, token string) string {
	t := time.Unix(1_600_000_000+k.r.Int64N(150_000_000), 0).UTC()
	q := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + id + "%2F" + t.Format("20060102") + "%2F" + region + "%2F" + service +
		"%2Faws4_request&X-Amz-Date=" + t.Format("20060102T150405Z") + fmt.Sprintf("&X-Amz-Expires=%d", 60*(1+k.r.IntN(10080)))
	if token != "" {
		q += "&X-Amz-Security-Token=" + percent(token)
	}
	return q + "&X-Amz-SignedHeaders=host&X-Amz-Signature=" + k.hex(32)
}

// pick is one of several strings.
func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// percent escapes everything that RFC 3986 does not leave unreserved.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(alnumSet+"-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
