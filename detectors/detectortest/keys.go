// Package detectortest makes keys for tests and holds the suite that every
// detector must pass.
//
// Keys are made at run time, so that no file of the repository holds a string
// that a detector finds.
//
// This package knows how real keys are laid out and how a stream may be cut,
// moved and encoded. It does not know how a detector works.
package detectortest

import (
	crand "crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Keys makes keys from one source of randomness. Not safe for concurrent use.
type Keys struct{ r *rand.Rand }

// NewKeys returns a maker whose keys depend on r alone.
func NewKeys(r *rand.Rand) *Keys { return &Keys{r} }

// fresh returns a maker that never makes the same key twice.
func fresh() *Keys {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails
	return NewKeys(rand.New(rand.NewChaCha8(seed)))
}

// KeyID returns a new random key id of an account, of the layout in use since
// 2019: after the prefix, base32 of a bit 1, 40 bits of account and 39 random bits.
func KeyID(prefix string, account uint64) string { return fresh().KeyID(prefix, account) }

// Secret returns a new random secret access key.
func Secret() string { return fresh().Secret() }

// Token returns a new random session token of a usual length.
func Token() string { return fresh().Token() }

// KeyID is KeyID from k's randomness.
func (k *Keys) KeyID(prefix string, account uint64) string {
	for {
		hi := 1<<63 | account<<23 | k.r.Uint64()>>41
		lo := k.r.Uint32()
		id := prefix + base32of(hi, uint16(lo))
		varied := distinct(id) >= 11
		if account < 1<<24 { // nothing but zeros in its first half
			varied = distinct(id[12:]) >= 6
		}
		if varied && !strings.Contains(id, "EXAMPLE") {
			return id
		}
	}
}

// base32of encodes the 80 bits of hi and lo.
func base32of(hi uint64, lo uint16) string {
	var raw [10]byte
	binary.BigEndian.PutUint64(raw[:], hi)
	binary.BigEndian.PutUint16(raw[8:], lo)
	var out []byte
	var acc, bits uint
	for _, c := range raw {
		acc = acc<<8 | uint(c)
		for bits += 8; bits >= 5; {
			bits -= 5
			out = append(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[acc>>bits&31])
		}
	}
	return string(out)
}

// distinct counts the different bytes of s: a random id with few of them is
// rightly taken for a made-up one.
func distinct(s string) int {
	seen := map[byte]bool{}
	for i := range len(s) {
		seen[s[i]] = true
	}
	return len(seen)
}

// Secret is Secret from k's randomness. It passes over the few in a hundred
// that read like words or digits, which a detector may refuse without a label.
func (k *Keys) Secret() string {
	for {
		s := base64.StdEncoding.EncodeToString(k.bytes(30))
		if distinct(s) >= 27 && strings.ContainsAny(s, "0123456789") && !strings.HasPrefix(s, "//") && !wordy(s) {
			return s
		}
	}
}

// wordy reports whether s reads like words, a path or a number.
func wordy(s string) bool {
	run, changes := 0, 0
	last := kindOf(s[0])
	for i := range len(s) {
		k := kindOf(s[i])
		if k == last {
			run++
		} else {
			run = 1
			if last != 'A' || k != 'a' {
				changes++
			}
		}
		if last = k; run >= 7 {
			return true
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		if strings.Trim(part, "abcdefghijklmnopqrstuvwxyz") == "" && len(part) >= 4 {
			return true
		}
	}
	return changes < 9
}

// kindOf maps a character to one of its kind.
func kindOf(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '0'
	case c >= 'a' && c <= 'z':
		return 'a'
	case c >= 'A' && c <= 'Z':
		return 'A'
	}
	return '/'
}

// SecretWith is Secret with each of the characters '/' and '+' in it.
func (k *Keys) SecretWith() string {
	for {
		if s := k.Secret(); strings.Contains(s[1:39], "/") && strings.Contains(s[1:39], "+") {
			return s
		}
	}
}

// Token is Token from k's randomness.
func (k *Keys) Token() string { return k.TokenOf(300 + k.r.IntN(400)) }

// TokenOf returns a token of about n characters.
func (k *Keys) TokenOf(n int) string {
	opening := []string{"IQoJb3JpZ2lu" + "X2Vj", "FwoGZXIv" + "YXdz", "FQoGZXIv" + "YXdz"}[k.r.IntN(3)]
	return opening + base64.StdEncoding.EncodeToString(k.bytes(n*3/4))
}

func (k *Keys) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(k.r.Uint32())
	}
	return b
}

// SMTPPassword is an SMTP password of SES that was derived from nothing: the
// version byte and 32 random bytes.
func (k *Keys) SMTPPassword() string {
	return base64.StdEncoding.EncodeToString(append([]byte{4}, k.bytes(32)...))
}

// BedrockKey is a long-term API key of Bedrock of a user and an account.
func (k *Keys) BedrockKey(user, account string) string {
	return "ABSK" + base64.StdEncoding.EncodeToString([]byte(user+"-at-"+account+":"+k.Base64(32)))
}

// Signed is the query of a link that an id has signed, for seconds from a time
// in the form 20060102T150405Z.
func (k *Keys) Signed(id, region, service, at string, seconds int) string {
	return fmt.Sprintf("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s%%2F%s%%2F%s%%2F%s%%2Faws4_request&X-Amz-Date=%s&X-Amz-Expires=%d&X-Amz-SignedHeaders=host&X-Amz-Signature=%x",
		id, at[:8], region, service, at, seconds, k.bytes(32))
}

// Base64 is n random bytes in base64.
func (k *Keys) Base64(n int) string { return base64.StdEncoding.EncodeToString(k.bytes(n)) }
