package extract

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"hash"
	"io"
	"unicode/utf16"
)

// defaultPassword is what Excel protects a workbook with that nobody gave a
// password ([MS-OFFCRYPTO] 2.4.2.3): it opens without being asked.
const defaultPassword = "VelvetSweatshop"

// maxEncryptionInfo is the largest description of an encryption, in bytes.
const maxEncryptionInfo = 64 << 10

// officeCipher is how a document is encrypted ([MS-OFFCRYPTO] 2.3.4).
type officeCipher interface {
	// key returns the document's key if the password fits, else nil.
	key(w *walk, password string) []byte

	// decrypt decrypts the nth segment of segmentSize bytes in place; the last
	// is shorter, and a whole number of blocks.
	decrypt(block cipher.Block, n uint32, b []byte)
}

// segmentSize is how many bytes of a package are encrypted as one.
const segmentSize = 4096

// errNoCipher says that a description of an encryption is not understood.
var errNoCipher = errors.New("no encryption that is known")

// unlockOffice unwraps the package of an encrypted document.
func (w *walk) unlockOffice(p place, info, pkg io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(info, maxEncryptionInfo))
	if err != nil {
		return torn(err)
	}
	c, err := officeCipherOf(b)
	if err != nil {
		return ErrEncrypted // in a way that no password helps with
	}
	key := c.key(w, defaultPassword)
	if key == nil {
		if ok, err := w.open(func(password string) (bool, error) {
			key = c.key(w, password)
			return key != nil, nil
		}); err != nil || !ok {
			return errors.Join(err, w.locked())
		}
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return torn(err)
	}
	var size [8]byte
	if _, err := io.ReadFull(pkg, size[:]); err != nil {
		return torn(err)
	}
	n := int64(min(binary.LittleEndian.Uint64(size[:]), 1<<62))
	plain := &produced{step: decrypting(c, block, pkg)}
	return w.layer(p, io.LimitReader(plain, n), nil)
}

// decrypting returns the steps of a package.
func decrypting(c officeCipher, block cipher.Block, pkg io.Reader) func([]byte) ([]byte, error) {
	segment := uint32(0)
	buf := make([]byte, segmentSize)
	return func(dst []byte) ([]byte, error) {
		n, err := io.ReadFull(pkg, buf)
		b := buf[:n&^(aes.BlockSize-1)]
		c.decrypt(block, segment, b)
		segment++
		dst = append(dst, b...)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return dst, err
	}
}

// officeCipherOf reads the stream EncryptionInfo.
func officeCipherOf(b []byte) (officeCipher, error) {
	if len(b) < 8 {
		return nil, errNoCipher
	}
	le := binary.LittleEndian
	major, minor := le.Uint16(b), le.Uint16(b[2:])
	switch {
	case major == 4 && minor == 4:
		return agileCipherOf(b[8:])
	case minor == 2 && major >= 2 && major <= 4:
		return standardCipherOf(b[8:])
	}
	return nil, errNoCipher
}

// agileKey is what agile encryption says of one key.
type agileKey struct {
	Salt      []byte
	Block     int
	KeyBits   int
	Hash      func() hash.Hash
	Spins     uint32
	Input     []byte // of the verifier
	Value     []byte // its hash
	Encrypted []byte // the document's key
}

// agileCipher is "agile encryption" ([MS-OFFCRYPTO] 2.3.4.10 to 2.3.4.15).
type agileCipher struct{ data, password agileKey }

func agileCipherOf(b []byte) (officeCipher, error) {
	type attributes struct {
		Salt      string `xml:"saltValue,attr"`
		Block     int    `xml:"blockSize,attr"`
		KeyBits   int    `xml:"keyBits,attr"`
		Hash      string `xml:"hashAlgorithm,attr"`
		Cipher    string `xml:"cipherAlgorithm,attr"`
		Chaining  string `xml:"cipherChaining,attr"`
		Spins     uint32 `xml:"spinCount,attr"`
		Input     string `xml:"encryptedVerifierHashInput,attr"`
		Value     string `xml:"encryptedVerifierHashValue,attr"`
		Encrypted string `xml:"encryptedKeyValue,attr"`
	}
	var doc struct {
		Data attributes   `xml:"keyData"`
		Keys []attributes `xml:"keyEncryptors>keyEncryptor>encryptedKey"`
	}
	if err := xml.Unmarshal(b, &doc); err != nil || len(doc.Keys) == 0 {
		return nil, errNoCipher
	}
	hashes := map[string]func() hash.Hash{"SHA1": sha1.New, "SHA-1": sha1.New, "SHA256": sha256.New, "SHA384": sha512.New384, "SHA512": sha512.New}
	read := func(a attributes) (k agileKey, ok bool) {
		k = agileKey{Block: a.Block, KeyBits: a.KeyBits, Hash: hashes[a.Hash], Spins: a.Spins}
		ok = k.Hash != nil && a.Cipher == "AES" && a.Chaining == "ChainingModeCBC" && k.Block == aes.BlockSize &&
			(k.KeyBits == 128 || k.KeyBits == 192 || k.KeyBits == 256)
		for from, to := range map[*string]*[]byte{&a.Salt: &k.Salt, &a.Input: &k.Input, &a.Value: &k.Value, &a.Encrypted: &k.Encrypted} {
			var err error
			*to, err = base64.StdEncoding.DecodeString(*from)
			ok = ok && err == nil && len(*to)%aes.BlockSize == 0
		}
		return k, ok
	}
	var c agileCipher
	var ok bool
	if c.data, ok = read(doc.Data); !ok {
		return nil, errNoCipher
	}
	for _, k := range doc.Keys { // those of certificates hold no such key
		if c.password, ok = read(k); ok && len(c.password.Encrypted) >= c.data.KeyBits/8 {
			return &c, nil
		}
	}
	return nil, errNoCipher
}

// What each thing that is derived from a password is for (2.3.4.13).
var (
	agileInput = []byte{0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79}
	agileValue = []byte{0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e}
	agileDoc   = []byte{0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6}
)

func (c *agileCipher) key(w *walk, password string) []byte {
	k := &c.password
	h := spun(w, k.Hash(), k.Salt, password, k.Spins)
	if h == nil {
		return nil
	}
	open := func(use, b []byte) []byte {
		sum := k.Hash()
		sum.Write(h)
		sum.Write(use)
		block, err := aes.NewCipher(fitted(sum.Sum(nil), k.KeyBits/8))
		if err != nil {
			return nil
		}
		plain := bytes.Clone(b)
		cipher.NewCBCDecrypter(block, fitted(k.Salt, k.Block)).CryptBlocks(plain, plain)
		return plain
	}
	sum := k.Hash()
	sum.Write(open(agileInput, k.Input))
	want := sum.Sum(nil)
	if got := open(agileValue, k.Value); len(got) < len(want) || !hmac.Equal(got[:len(want)], want) {
		return nil
	}
	return open(agileDoc, k.Encrypted)[:c.data.KeyBits/8]
}

func (c *agileCipher) decrypt(block cipher.Block, n uint32, b []byte) {
	sum := c.data.Hash()
	sum.Write(c.data.Salt)
	sum.Write(binary.LittleEndian.AppendUint32(nil, n))
	cipher.NewCBCDecrypter(block, fitted(sum.Sum(nil), c.data.Block)).CryptBlocks(b, b)
}

// fitted cuts b to n bytes, or fills it up (2.3.4.11).
func fitted(b []byte, n int) []byte {
	b = append([]byte(nil), b[:min(n, len(b))]...)
	for len(b) < n {
		b = append(b, 0x36)
	}
	return b
}

// spun hashes a salt and a password, and the hash again and again. It returns
// nil where the walk ends first.
func spun(w *walk, h hash.Hash, salt []byte, password string, spins uint32) []byte {
	h.Write(salt)
	for _, unit := range utf16.Encode([]rune(password)) {
		h.Write([]byte{byte(unit), byte(unit >> 8)})
	}
	sum := h.Sum(nil)
	var count [4]byte
	for i := range spins {
		if i%4096 == 0 && w.exhausted() != nil {
			return nil
		}
		binary.LittleEndian.PutUint32(count[:], i)
		h.Reset()
		h.Write(count[:])
		h.Write(sum)
		sum = h.Sum(sum[:0])
	}
	return sum
}

// standardCipher is "standard encryption" ([MS-OFFCRYPTO] 2.3.4.5 to 2.3.4.9).
type standardCipher struct {
	size           int // of the key, in bytes
	salt           []byte
	verifier, hash []byte
}

func standardCipherOf(b []byte) (officeCipher, error) {
	le := binary.LittleEndian
	if len(b) < 4 {
		return nil, errNoCipher
	}
	n := int64(le.Uint32(b))
	if n < 32 || n > int64(len(b)-4) {
		return nil, errNoCipher
	}
	head, v := b[4:4+n], b[4+n:]
	size := int(min(le.Uint32(head[16:]), 1<<16)) / 8
	if alg := le.Uint32(head[8:]); alg < 0x660E || alg > 0x6610 || size != 16 && size != 24 && size != 32 { // AES
		return nil, errNoCipher
	}
	const salt, verifier, hashed = 16, 16, 32
	if len(v) < 4+salt+verifier+4+hashed || le.Uint32(v) != salt {
		return nil, errNoCipher
	}
	v = v[4:]
	return &standardCipher{size: size, salt: v[:salt], verifier: v[salt : salt+verifier], hash: v[salt+verifier+4:][:hashed]}, nil
}

func (c *standardCipher) key(w *walk, password string) []byte {
	const spins = 50_000
	h := spun(w, sha1.New(), c.salt, password, spins)
	if h == nil {
		return nil
	}
	final := sha1.Sum(append(h, 0, 0, 0, 0))
	var derived []byte
	for _, fill := range []byte{0x36, 0x5c} {
		pad := bytes.Repeat([]byte{fill}, sha1.BlockSize)
		for i, x := range final {
			pad[i] ^= x
		}
		sum := sha1.Sum(pad)
		derived = append(derived, sum[:]...)
	}
	key := derived[:c.size]
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	verifier, want := bytes.Clone(c.verifier), bytes.Clone(c.hash)
	c.decrypt(block, 0, verifier)
	c.decrypt(block, 0, want)
	if sum := sha1.Sum(verifier); !hmac.Equal(sum[:], want[:len(sum)]) {
		return nil
	}
	return key
}

// decrypt decrypts block by block: this is ECB, as the format wants it.
func (c *standardCipher) decrypt(block cipher.Block, _ uint32, b []byte) {
	for ; len(b) >= aes.BlockSize; b = b[aes.BlockSize:] {
		block.Decrypt(b, b)
	}
}
