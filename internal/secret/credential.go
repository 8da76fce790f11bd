package secret

import (
	"crypto/sha256"
	"encoding/hex"
)

// Kind names what a credential is, in reports and records.
type Kind string

// The kinds of AWS credential.
const (
	AccessKey    Kind = "aws-access-key"    // a long-term key id and its secret
	SessionKey   Kind = "aws-session-key"   // a temporary key id, its secret and, where found, its session token
	KeyID        Kind = "aws-key-id"        // a key id alone
	SecretKey    Kind = "aws-secret-key"    // a secret alone
	SessionToken Kind = "aws-session-token" // a session token alone

	BedrockKey      Kind = "aws-bedrock-key"       // a long-term API key of Bedrock
	BedrockShortKey Kind = "aws-bedrock-short-key" // a short-term one: a signed link in base64
	SMTPPassword    Kind = "aws-ses-smtp-password" // of SES; its user name is a key id
	CodeCommit      Kind = "aws-codecommit-password"
	ConsolePassword Kind = "aws-console-password"
	SSOToken        Kind = "aws-sso-token"     // the cache of IAM Identity Center
	LoginToken      Kind = "aws-login-token"   // the cache of aws login
	PresignedURL    Kind = "aws-presigned-url" // opens one object
	EKSToken        Kind = "aws-eks-token"
	RDSToken        Kind = "aws-rds-token"
	ECRToken        Kind = "aws-ecr-token"
	SigninURL       Kind = "aws-signin-url"     // a federation link into the console
	CloudFrontKey   Kind = "aws-cloudfront-key" // a key pair that signs links and cookies
)

// Askable reports whether STS can be asked about a credential of this kind. Any
// other kind must be sent nowhere.
func (k Kind) Askable() bool { return k == AccessKey || k == SessionKey }

// SignsExpiry reports whether the expiry of a credential of this kind is part of
// what was signed, so that it proves what it says.
func (k Kind) SignsExpiry() bool {
	switch k {
	case BedrockShortKey, PresignedURL, EKSToken, RDSToken:
		return true
	}
	return false
}

// HoldsExpiry reports whether a credential of this kind holds its expiry, though
// nothing proves it.
func (k Kind) HoldsExpiry() bool { return k == ECRToken }

// Guessable reports whether the secret of this kind may have been chosen by a
// person.
func (k Kind) Guessable() bool { return k == ConsolePassword }

// Credential is what a verifier needs. It lives in memory only.
type Credential struct {
	Kind   Kind
	ID     string // the key id or user name, whole: an identifier, not a secret; "" when unknown
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
	if c.Guessable || c.Kind.Guessable() {
		return ""
	}
	h := sha256.New()
	h.Write([]byte("mislaid/v1\x00"))
	h.Write([]byte(c.ID))
	h.Write([]byte{0})
	h.Write(c.Secret.Reveal())
	return Fingerprint(hex.EncodeToString(h.Sum(nil))[:32])
}
