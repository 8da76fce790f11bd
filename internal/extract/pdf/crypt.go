package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // the standard handler's own (7.6.4): it reads, and protects nothing
	"crypto/rc4" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
)

// crypt decrypts what the standard security handler encrypted (7.6).
type crypt struct {
	key     []byte
	own     ref // the object that tells of the encryption, which is not encrypted
	streams method
	texts   method
	plain   bool // metadata is not encrypted
}

// method is how bytes are encrypted.
type method uint8

const (
	methodNone method = iota
	methodRC4
	methodAES128
	methodAES256
)

// padding completes a short password (7.6.4.3.2).
var padding = []byte("\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A")

// security is what an encryption dictionary says.
type security struct {
	version, revision int64
	bits              int64
	owner, user       []byte
	ownerKey, userKey []byte
	perms             int64
	id                []byte
	metadata          bool
}

// newCrypt finds the password that opens a document.
func newCrypt(d *Document, enc dict, id []byte, passwords [][]byte) (*crypt, error) {
	if f := d.name(enc["Filter"]); f != "Standard" {
		return nil, fmt.Errorf("%w or a certificate, by a handler that is not the standard one", ErrEncrypted)
	}
	bytesOf := func(k name) []byte { t, _ := d.resolve(enc[k]).(text); return []byte(t) }
	s := security{
		version: integer(d.resolve(enc["V"])), revision: integer(d.resolve(enc["R"])), bits: integer(d.resolve(enc["Length"])),
		owner: bytesOf("O"), user: bytesOf("U"), ownerKey: bytesOf("OE"), userKey: bytesOf("UE"),
		perms: integer(d.resolve(enc["P"])), id: id, metadata: d.resolve(enc["EncryptMetadata"]) != false,
	}
	c := &crypt{plain: !s.metadata}
	switch s.version {
	case 1:
		s.bits = 40
		c.streams, c.texts = methodRC4, methodRC4
	case 2, 3:
		c.streams, c.texts = methodRC4, methodRC4
	case 4, 5:
		filters := d.dict(enc["CF"])
		of := func(k name) method {
			f := d.dict(filters[d.name(enc[k])])
			switch d.name(f["CFM"]) {
			case "V2":
				return methodRC4
			case "AESV2":
				return methodAES128
			case "AESV3":
				return methodAES256
			}
			return methodNone
		}
		c.streams, c.texts = of("StmF"), of("StrF")
		if s.version == 4 {
			s.bits = 128
		}
	default:
		return nil, fmt.Errorf("%w, by a method that is not known", ErrEncrypted)
	}
	if s.bits < 40 || s.bits > 256 || s.bits%8 != 0 {
		s.bits = 40
	}
	for _, p := range passwords {
		if s.version == 5 {
			c.key = s.modernKey(p)
		} else {
			c.key = s.classicKey(p)
		}
		if c.key != nil {
			return c, nil
		}
	}
	return nil, ErrEncrypted
}

// classicKey returns the key that a password gives, nil if it is wrong
// (7.6.4.3, 7.6.4.4). The password may be the user's or the owner's.
func (s *security) classicKey(password []byte) []byte {
	if key := s.userPassword(password); key != nil {
		return key
	}
	if len(s.owner) < 32 {
		return nil
	}
	// Algorithm 7: the owner's password gives the user's.
	sum := md5.Sum(padded(password)) //nolint:gosec // see the import
	digest := sum[:]
	n := 5
	if s.revision >= 3 {
		n = int(s.bits / 8)
		for range 50 {
			sum = md5.Sum(digest[:16]) //nolint:gosec // see the import
			digest = sum[:]
		}
	}
	user := bytes.Clone(s.owner[:32])
	rounds := 1
	if s.revision >= 3 {
		rounds = 20
	}
	for i := rounds - 1; i >= 0; i-- {
		rc4With(digest[:min(n, 16)], byte(i), user)
	}
	return s.userPassword(user)
}

func padded(password []byte) []byte {
	return append(bytes.Clone(password[:min(len(password), 32)]), padding...)[:32]
}

func rc4With(key []byte, xor byte, b []byte) {
	k := bytes.Clone(key)
	for i := range k {
		k[i] ^= xor
	}
	if c, err := rc4.NewCipher(k); err == nil { //nolint:gosec // see the import
		c.XORKeyStream(b, b)
	}
}

// userPassword is Algorithm 2, checked by Algorithm 6.
func (s *security) userPassword(password []byte) []byte {
	h := md5.New() //nolint:gosec // see the import
	h.Write(padded(password))
	h.Write(s.owner[:min(len(s.owner), 32)])
	var p [4]byte
	binary.LittleEndian.PutUint32(p[:], uint32(s.perms))
	h.Write(p[:])
	h.Write(s.id)
	if s.revision >= 4 && !s.metadata {
		h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	n := min(int(s.bits/8), 16)
	key := h.Sum(nil)
	if s.revision >= 3 {
		for range 50 {
			sum := md5.Sum(key[:n]) //nolint:gosec // see the import
			key = sum[:]
		}
	} else {
		n = 5
	}
	key = key[:n]
	want := bytes.Clone(padding)
	if s.revision >= 3 {
		h.Reset()
		h.Write(padding)
		h.Write(s.id)
		want = h.Sum(nil)
		for i := range 20 {
			rc4With(key, byte(i), want)
		}
	} else {
		rc4With(key, 0, want)
	}
	if !bytes.HasPrefix(s.user, want) {
		return nil
	}
	return key
}

// modernKey is Algorithm 2.A, for AES-256: nil if the password is wrong.
func (s *security) modernKey(password []byte) []byte {
	if len(s.user) < 48 || len(s.owner) < 48 || len(s.userKey) < 32 || len(s.ownerKey) < 32 {
		return nil
	}
	password = password[:min(len(password), 127)]
	digest := func(salt, user []byte) []byte {
		if s.revision < 6 {
			sum := sha256.Sum256(bytes.Join([][]byte{password, salt, user}, nil))
			return sum[:]
		}
		return hardened(password, salt, user)
	}
	open := func(salt, user, sealed []byte) []byte {
		b, err := aes.NewCipher(digest(salt, user))
		if err != nil {
			return nil
		}
		key := make([]byte, 32)
		cipher.NewCBCDecrypter(b, make([]byte, 16)).CryptBlocks(key, sealed[:32])
		return key
	}
	if bytes.Equal(digest(s.user[32:40], nil), s.user[:32]) {
		return open(s.user[40:48], nil, s.userKey)
	}
	if user := s.user[:48]; bytes.Equal(digest(s.owner[32:40], user), s.owner[:32]) {
		return open(s.owner[40:48], user, s.ownerKey)
	}
	return nil
}

// hardened is Algorithm 2.B.
func hardened(password, salt, user []byte) []byte {
	sum := sha256.Sum256(bytes.Join([][]byte{password, salt, user}, nil))
	k := sum[:]
	for round := 0; ; round++ {
		one := bytes.Join([][]byte{password, k, user}, nil)
		e := bytes.Repeat(one, 64)
		b, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(b, k[16:32]).CryptBlocks(e, e)
		rest := 0
		for _, c := range e[:16] {
			rest += int(c)
		}
		var h hash.Hash
		switch rest % 3 {
		case 0:
			h = sha256.New()
		case 1:
			h = sha512.New384()
		default:
			h = sha512.New()
		}
		h.Write(e)
		k = h.Sum(nil)
		if round >= 63 && int(e[len(e)-1]) <= round-31 {
			return k[:32]
		}
	}
}

// objectKey is the key of one object (7.6.3.2).
func (c *crypt) objectKey(m method, id ref) []byte {
	if m == methodAES256 {
		return c.key
	}
	h := md5.New() //nolint:gosec // see the import
	h.Write(c.key)
	h.Write([]byte{byte(id.num), byte(id.num >> 8), byte(id.num >> 16), byte(id.gen), byte(id.gen >> 8)})
	if m == methodAES128 {
		h.Write([]byte("sAlT"))
	}
	return h.Sum(nil)[:min(len(c.key)+5, 16)]
}

// strings decrypts the strings of an object.
func (c *crypt) strings(o object, id ref) object {
	switch o := o.(type) {
	case text:
		return text(c.bytes([]byte(o), id))
	case array:
		for i := range o {
			o[i] = c.strings(o[i], id)
		}
	case dict:
		for k, v := range o {
			o[k] = c.strings(v, id)
		}
	}
	return o
}

func (c *crypt) bytes(b []byte, id ref) []byte {
	switch c.texts {
	case methodNone:
		return b
	case methodRC4:
		rc4With(c.objectKey(methodRC4, id), 0, b)
		return b
	}
	block, err := aes.NewCipher(c.objectKey(c.texts, id))
	if err != nil || len(b) < 32 || len(b)%16 != 0 {
		return nil
	}
	out := b[16:]
	cipher.NewCBCDecrypter(block, b[:16]).CryptBlocks(out, out)
	return unpad(out)
}

// unpad takes off the padding that fills the last block.
func unpad(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] >= 1 && b[n-1] <= 16 {
		return b[:n-int(b[n-1])]
	}
	return b
}

// reader decrypts a stream.
func (c *crypt) reader(r io.Reader, s *stream) (io.Reader, error) {
	m := c.streams
	if c.plain && s.dict["Type"] == name("Metadata") {
		m = methodNone
	}
	switch m {
	case methodNone:
		return r, nil
	case methodRC4:
		k, err := rc4.NewCipher(c.objectKey(m, s.id)) //nolint:gosec // see the import
		if err != nil {
			return nil, tornf("its encryption")
		}
		return cipher.StreamReader{S: k, R: r}, nil
	}
	block, err := aes.NewCipher(c.objectKey(m, s.id))
	if err != nil {
		return nil, tornf("its encryption")
	}
	iv := make([]byte, 16)
	if _, err := io.ReadFull(r, iv); err != nil {
		return bytes.NewReader(nil), nil
	}
	return &cbc{r: r, mode: cipher.NewCBCDecrypter(block, iv)}, nil
}

// cbc decrypts blocks as they come, and takes the padding off the last one.
type cbc struct {
	r    io.Reader
	mode cipher.BlockMode
	buf  [4096]byte
	rest []byte // decrypted
	held [16]byte
	full bool // held is the last block so far
	done bool
}

// Read implements io.Reader.
func (c *cbc) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		if c.done {
			return 0, io.EOF
		}
		c.step()
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *cbc) step() {
	at := 0
	if c.full {
		at = copy(c.buf[:], c.held[:])
	}
	n, err := io.ReadFull(c.r, c.buf[at:len(c.buf)-16+at&^15])
	n &^= 15
	c.mode.CryptBlocks(c.buf[at:at+n], c.buf[at:at+n])
	all := c.buf[:at+n]
	if err != nil {
		c.done = true
		c.rest = unpad(all)
		return
	}
	c.full = true
	copy(c.held[:], all[len(all)-16:])
	c.rest = all[:len(all)-16]
}
