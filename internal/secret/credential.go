package secret

import (
	"crypto/sha256"
	"encoding/hex"
)

// Kind names what a credential is, in reports and records.
type Kind string

// The kinds of AWS credential.
const (
	AccessKey  Kind = "aws-access-key"  // a long-term key id and its secret
	SessionKey Kind = "aws-session-key" // a temporary key id, its secret and, where found, its session token
	KeyID      Kind = "aws-key-id"      // a key id alone
	SecretKey  Kind = "aws-secret-key"  // a secret alone
)

// Credential is what a verifier needs. It lives in memory only.
type Credential struct {
	Kind   Kind
	ID     string // the key id, whole: an identifier, not a secret; "" when unknown
	Secret Value
	Token  Value // session token of a temporary key

	Guessable bool // the secret could be found by trying: it has no fingerprint
}

// Destroy clears the secret and the token, for every copy of c.
func (c Credential) Destroy() {
	c.Secret.Destroy()
	c.Token.Destroy()
}

// Fingerprint names a credential without telling it: the first 32 hex digits
// of SHA-256 over "mislaid/v1", NUL, key id, NUL, secret (an absent part is
// empty). It is the same on every machine and in every release, so that teams
// can match findings. An AWS secret has 240 random bits and cannot be guessed
// from it; a kind whose secret can be guessed must have no fingerprint.
type Fingerprint string

// Fingerprint returns the fingerprint of c. The session token is not part of
// it: one temporary key stays one credential wherever its token was cut off.
// That of a guessable secret is empty.
func (c Credential) Fingerprint() Fingerprint {
	if c.Guessable {
		return ""
	}
	h := sha256.New()
	h.Write([]byte("mislaid/v1\x00"))
	h.Write([]byte(c.ID))
	h.Write([]byte{0})
	h.Write(c.Secret.Reveal())
	return Fingerprint(hex.EncodeToString(h.Sum(nil))[:32])
}
