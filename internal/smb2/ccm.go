package smb2

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// ccm is AES-CCM (RFC 3610) with a nonce of 11 and a tag of 16 bytes, as SMB
// 3.0 encrypts. The standard library has no CCM.
type ccm struct{ block cipher.Block }

const (
	ccmNonce = 11
	ccmTag   = 16
)

func (c ccm) NonceSize() int { return ccmNonce }
func (c ccm) Overhead() int  { return ccmTag }

func (c ccm) tag(nonce, plain, extra []byte) (mac [16]byte) {
	mac[0] = 1<<6 | (ccmTag-2)/2<<3 | (15 - ccmNonce - 1)
	copy(mac[1:], nonce)
	binary.BigEndian.PutUint32(mac[12:], uint32(len(plain)))
	c.block.Encrypt(mac[:], mac[:])
	if len(extra) > 0 { // shorter than 65,280 bytes
		head := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(extra)), uint16(len(extra)))
		c.mix(&mac, append(head, extra...))
	}
	c.mix(&mac, plain)
	var s0 [16]byte
	c.counter(nonce, 0).XORKeyStream(s0[:], s0[:])
	subtle.XORBytes(mac[:], mac[:], s0[:])
	return mac
}

func (c ccm) mix(mac *[16]byte, b []byte) {
	for len(b) > 0 {
		n := subtle.XORBytes(mac[:], mac[:], b[:min(16, len(b))])
		b = b[n:]
		c.block.Encrypt(mac[:], mac[:])
	}
}

func (c ccm) counter(nonce []byte, n byte) cipher.Stream {
	iv := make([]byte, 16)
	iv[0] = 15 - ccmNonce - 1
	copy(iv[1:], nonce)
	iv[15] = n
	return cipher.NewCTR(c.block, iv)
}

func (c ccm) Seal(dst, nonce, plain, extra []byte) []byte {
	tag := c.tag(nonce, plain, extra)
	at := len(dst)
	dst = append(dst, plain...)
	c.counter(nonce, 1).XORKeyStream(dst[at:], dst[at:])
	return append(dst, tag[:]...)
}

func (c ccm) Open(dst, nonce, sealed, extra []byte) ([]byte, error) {
	if len(sealed) < ccmTag {
		return nil, errUnsealed
	}
	text, tag := sealed[:len(sealed)-ccmTag], sealed[len(sealed)-ccmTag:]
	at := len(dst)
	dst = append(dst, text...)
	c.counter(nonce, 1).XORKeyStream(dst[at:], dst[at:])
	want := c.tag(nonce, dst[at:], extra)
	if subtle.ConstantTimeCompare(tag, want[:]) != 1 {
		clear(dst[at:])
		return nil, errUnsealed
	}
	return dst, nil
}

var errUnsealed = errors.New("an encrypted message was changed on its way")
