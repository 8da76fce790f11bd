// Package awstest is what tests need to verify keys without AWS: keys made at
// run time, a fake STS that checks signatures by itself and plays what no test
// server emits, and the real IAM and STS server versitygw.
//
// This package knows how STS behaves. It does not know the code under test, and
// shares none with it or with the AWS SDK.
package awstest

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
)

// Account is the account of the keys that name no other.
const Account = "029608264753"

// KeyID returns a new key id, prefix (AKIA, ASIA) and 16 characters, from
// which account can be decoded offline.
func KeyID(prefix, account string) string {
	var number uint64
	for _, digit := range account {
		number = number*10 + uint64(digit-'0')
	}
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	low := uint64(raw[2]) & 0x7f
	binary.BigEndian.PutUint64(raw[:8], 1<<47|number<<7|low)
	return prefix + base32.StdEncoding.EncodeToString(raw[2:12])
}

// Secret returns a new secret of 40 characters.
func Secret() string { return random(30) }

// Token returns a new session token.
func Token() string { return "FwoGZXIvYXdz" + random(240) }

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}
