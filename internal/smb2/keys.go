package smb2

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
)

// Dialects.
const (
	dialect202 = 0x0202
	dialect210 = 0x0210
	dialect300 = 0x0300
	dialect302 = 0x0302
	dialect311 = 0x0311
)

// Algorithms of signing and encryption as SMB 3.1.1 numbers them.
const (
	signHMAC = 0
	signCMAC = 1
	signGMAC = 2

	cipherCCM = 1
	cipherGCM = 2
)

// keys are what a session signs and encrypts with. Nil functions mean that the
// session has no key: it is anonymous or a guest's.
type keys struct {
	sign   func(msg header, response bool) [16]byte // over a message whose signature is zero
	seal   cipher.AEAD                              // to the server; nil: cannot be encrypted
	unseal cipher.AEAD
}

// kdf is SP 800-108 in counter mode with HMAC-SHA256, to 128 bits.
func kdf(key []byte, label, context string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte{0, 0, 0, 1})
	h.Write([]byte(label))
	h.Write([]byte{0})
	h.Write([]byte(context))
	h.Write([]byte{0, 0, 0, 128})
	return h.Sum(nil)[:16]
}

// newKeys derives a session's keys ([MS-SMB2] 3.2.5.3.1). preauth is the hash of
// the messages up to here, for 3.1.1.
func newKeys(session []byte, dialect uint16, signing, encryption uint16, preauth [64]byte) (k keys, err error) {
	key := make([]byte, 16)
	copy(key, session)
	if dialect < dialect300 {
		k.sign = func(msg header, _ bool) (sum [16]byte) { return hmacSum(key, msg) }
		return k, nil
	}
	signKey, inKey, outKey := kdf(key, "SMB2AESCMAC\x00", "SmbSign\x00"), kdf(key, "SMB2AESCCM\x00", "ServerIn \x00"), kdf(key, "SMB2AESCCM\x00", "ServerOut\x00")
	if dialect == dialect311 {
		context := string(preauth[:])
		signKey, inKey, outKey = kdf(key, "SMBSigningKey\x00", context), kdf(key, "SMBC2SCipherKey\x00", context), kdf(key, "SMBS2CCipherKey\x00", context)
	}
	block, err := aes.NewCipher(signKey)
	if err != nil {
		return k, err
	}
	switch signing {
	case signHMAC:
		k.sign = func(msg header, _ bool) [16]byte { return hmacSum(signKey, msg) }
	case signGMAC:
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return k, err
		}
		k.sign = func(msg header, response bool) [16]byte { return gmac(gcm, msg, response) }
	default:
		k.sign = func(msg header, _ bool) [16]byte { return cmac(block, msg) }
	}
	if k.seal, err = newAEAD(inKey, encryption); err != nil {
		return k, err
	}
	k.unseal, err = newAEAD(outKey, encryption)
	return k, err
}

func newAEAD(key []byte, encryption uint16) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	switch encryption {
	case cipherGCM:
		return cipher.NewGCM(block)
	case cipherCCM:
		return ccm{block}, nil
	}
	return nil, nil
}

func hmacSum(key []byte, msg []byte) (sum [16]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(msg)
	copy(sum[:], h.Sum(nil))
	return sum
}

// gmac is GCM over nothing but extra data. The nonce holds the message's id,
// who sent it, and whether it is a cancel request, which we never send.
func gmac(gcm cipher.AEAD, msg header, response bool) (sum [16]byte) {
	var nonce [12]byte
	copy(nonce[:], msg[24:32])
	if response {
		nonce[8] = 1
	}
	gcm.Seal(sum[:0], nonce[:], nil, msg)
	return sum
}

// cmac is AES-CMAC (RFC 4493).
func cmac(block cipher.Block, msg []byte) (mac [16]byte) {
	var sub [16]byte
	block.Encrypt(sub[:], sub[:])
	double(&sub)
	for len(msg) > 16 {
		subtle.XORBytes(mac[:], mac[:], msg[:16])
		block.Encrypt(mac[:], mac[:])
		msg = msg[16:]
	}
	var last [16]byte
	copy(last[:], msg)
	if len(msg) < 16 {
		last[len(msg)] = 0x80
		double(&sub)
	}
	subtle.XORBytes(last[:], last[:], sub[:])
	subtle.XORBytes(mac[:], mac[:], last[:])
	block.Encrypt(mac[:], mac[:])
	return mac
}

func double(b *[16]byte) {
	carry := b[0] >> 7
	for i := range 15 {
		b[i] = b[i]<<1 | b[i+1]>>7
	}
	b[15] = b[15]<<1 ^ carry*0x87
}

// signMessage puts the signature into a message that is sent.
func (k *keys) signMessage(msg header) {
	msg.setFlags(msg.flags() | flagSigned)
	clear(msg.signature())
	sum := k.sign(msg, false)
	copy(msg.signature(), sum[:])
}

// verify reports whether a message that was received bears its signature. It
// changes msg and puts it back.
func (k *keys) verify(msg header) bool {
	var got [16]byte
	copy(got[:], msg.signature())
	clear(msg.signature())
	want := k.sign(msg, true)
	copy(msg.signature(), got[:])
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// transformSize is the size in bytes of what stands before an encrypted message
// ([MS-SMB2] 2.2.41).
const transformSize = 52

var sealedMagic = [4]byte{0xFD, 'S', 'M', 'B'}

// encrypt appends msg as it goes over the wire.
func (k *keys) encrypt(dst, msg []byte, session uint64) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, transformSize)...)
	t := dst[at:]
	copy(t, sealedMagic[:])
	nonce := t[20 : 20+k.seal.NonceSize()]
	_, _ = rand.Read(nonce) // never fails
	le.PutUint32(t[36:], uint32(len(msg)))
	le.PutUint16(t[42:], 1)
	le.PutUint64(t[44:], session)
	dst = k.seal.Seal(dst, nonce, msg, t[20:transformSize])
	tag := dst[len(dst)-16:]
	copy(dst[at+4:], tag)
	return dst[:len(dst)-16]
}

// decrypt returns the message in a frame, which it overwrites.
func (k *keys) decrypt(frame []byte, session uint64) ([]byte, error) {
	if len(frame) < transformSize+headerSize || k.unseal == nil || le.Uint16(frame[42:]) != 1 || le.Uint64(frame[44:]) != session {
		return nil, &ProtocolError{"an encrypted message of no session of ours"}
	}
	var tag [16]byte
	copy(tag[:], frame[4:20])
	nonce, extra := frame[20:20+k.unseal.NonceSize()], frame[20:transformSize]
	sealed := append(frame[transformSize:], tag[:]...)
	msg, err := k.unseal.Open(nil, nonce, sealed, extra)
	if err != nil {
		return nil, errUnsealed
	}
	return msg, nil
}

// preauth is the running hash over the messages before the session has a key.
type preauth [64]byte

func (p *preauth) add(msg []byte) {
	h := sha512.New()
	h.Write(p[:])
	h.Write(msg)
	h.Sum(p[:0])
}
