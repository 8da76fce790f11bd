package extract

import (
	"archive/zip"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// aesMethod is the method of an entry that is encrypted as WinZip does; the
// method that it was compressed with stands in an extra field ("AES Encryption
// Information", winzip.com).
const aesMethod = 99

// strongFlag is bit 6 of an entry's general purpose flags: it is encrypted in
// PKWARE's own way, which is not published whole.
const strongFlag = 1 << 6

// unlockZip opens an entry with the first password that fits.
func (w *walk) unlockZip(f *zip.File) (io.ReadCloser, error) {
	if f.Flags&strongFlag != 0 {
		return nil, ErrEncrypted
	}
	var opened io.ReadCloser
	ok, err := w.open(func(password string) (bool, error) {
		if ok, err := w.fitsZip(f, password); !ok || err != nil {
			return false, err
		}
		var err error
		opened, err = w.decryptZip(f, password)
		return err == nil, err
	})
	if err == nil && !ok {
		err = w.locked()
	}
	return opened, err
}

// errWrongPassword is what a password that does not fit says.
var errWrongPassword = errors.New("wrong password")

// sureZip is how much of an entry is read, in bytes, to see that a password
// fits: the check in ZipCrypto's header lets one in 256 pass. What was stored
// is read to its end, for nothing but its checksum tells.
const sureZip = 1 << 20

func (w *walk) fitsZip(f *zip.File, password string) (bool, error) {
	rc, err := w.decryptZip(f, password)
	if errors.Is(err, errWrongPassword) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer rc.Close()
	if f.Method == aesMethod { // 16 bits told, and more at its end
		return true, nil
	}
	most := int64(sureZip)
	if f.Method == zip.Store {
		most = int64(min(f.CompressedSize64, 1<<62))
	}
	_, err = io.Copy(io.Discard, io.LimitReader(&deadlined{w, rc}, most))
	if full := w.exhausted(); full != nil {
		return false, full
	}
	return err == nil, nil
}

// deadlined reads until the walk must end.
type deadlined struct {
	w *walk
	r io.Reader
}

// Read implements io.Reader.
func (d *deadlined) Read(p []byte) (int, error) {
	if full := d.w.exhausted(); full != nil {
		return 0, full
	}
	return d.r.Read(p)
}

// decryptZip opens an entry with a password. It returns errWrongPassword if the
// entry's own check says so.
func (w *walk) decryptZip(f *zip.File, password string) (io.ReadCloser, error) {
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, torn(err)
	}
	method, sum := f.Method, f.CRC32
	var plain io.Reader
	if method == aesMethod {
		var version uint16
		if plain, version, method, err = openZipAES(raw, f, password); err != nil {
			return nil, err
		}
		if version == 2 {
			sum = 0 // AE-2 has no checksum of the plain bytes
		}
	} else if plain, err = openZipCrypto(raw, f, password); err != nil {
		return nil, err
	}
	rc, err := w.zipMethod(method, plain)
	return &summed{ReadCloser: rc, sum: crc32.NewIEEE(), want: sum, size: int64(min(f.UncompressedSize64, 1<<62)), rest: plain}, err
}

// summed checks what was read at its end.
type summed struct {
	io.ReadCloser
	sum  hash.Hash32
	want uint32 // 0: nothing to check
	size int64  // that it should have
	n    int64
	rest io.Reader // what the bytes are made of: it may have a check of its own
}

// Read implements io.Reader.
func (s *summed) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.sum.Write(p[:n])
	s.n += int64(n)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if _, err := io.Copy(io.Discard, s.rest); err != nil {
		return n, err
	}
	if s.n != s.size || s.want != 0 && s.sum.Sum32() != s.want {
		return n, zip.ErrChecksum
	}
	return n, err
}

// zipCrypto is PKWARE's old cipher (APPNOTE.TXT 6.1).
type zipCrypto struct {
	r    io.Reader
	keys [3]uint32
}

// cryptoHeader is how many bytes of noise an entry of zipCrypto begins with.
const cryptoHeader = 12

func openZipCrypto(raw io.Reader, f *zip.File, password string) (io.Reader, error) {
	z := &zipCrypto{r: raw, keys: [3]uint32{0x12345678, 0x23456789, 0x34567890}}
	for i := range len(password) {
		z.update(password[i])
	}
	var head [cryptoHeader]byte
	if _, err := io.ReadFull(z, head[:]); err != nil {
		return nil, torn(err)
	}
	check := byte(f.CRC32 >> 24)
	if f.Flags&8 != 0 { // the checksum was not known yet
		check = byte(f.ModifiedTime >> 8) //nolint:staticcheck // the field as it is written
	}
	if head[cryptoHeader-1] != check && head[cryptoHeader-1] != byte(f.CRC32>>24) {
		return nil, errWrongPassword
	}
	return z, nil
}

func (z *zipCrypto) update(b byte) {
	k := &z.keys
	k[0] = crc32.IEEETable[byte(k[0])^b] ^ k[0]>>8
	k[1] = (k[1]+uint32(byte(k[0])))*134775813 + 1
	k[2] = crc32.IEEETable[byte(k[2])^byte(k[1]>>24)] ^ k[2]>>8
}

// Read implements io.Reader.
func (z *zipCrypto) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	for i := range p[:n] {
		t := z.keys[2] | 2
		p[i] ^= byte(t * (t ^ 1) >> 8)
		z.update(p[i])
	}
	return n, err
}

// zipAES is WinZip's cipher: AES in counter mode, with a little-endian counter,
// and a message authentication code behind.
type zipAES struct {
	r     io.Reader // of the bytes without the code
	code  io.Reader
	block cipher.Block
	count uint64
	pad   [aes.BlockSize]byte
	used  int
	mac   hash.Hash
}

// Sizes of what stands around the encrypted bytes.
const (
	aesCheck = 2
	aesCode  = 10
)

func openZipAES(raw io.Reader, f *zip.File, password string) (plain io.Reader, version, method uint16, err error) {
	version, strength, method, ok := aesField(f.Extra)
	if !ok {
		return nil, 0, 0, fmt.Errorf("%w (no field of its encryption)", ErrTorn)
	}
	size := 8 * (int(strength) + 1) // of the key: 16, 24 or 32
	head := make([]byte, size/2+aesCheck)
	if _, err := io.ReadFull(raw, head); err != nil {
		return nil, 0, 0, torn(err)
	}
	n := int64(min(f.CompressedSize64, 1<<62)) - int64(len(head)) - aesCode
	if n < 0 {
		return nil, 0, 0, fmt.Errorf("%w (too short for its encryption)", ErrTorn)
	}
	key, err := pbkdf2.Key(sha1.New, password, head[:size/2], 1000, 2*size+aesCheck)
	if err != nil {
		return nil, 0, 0, err
	}
	defer clear(key)
	if !bytes.Equal(key[2*size:], head[size/2:]) {
		return nil, 0, 0, errWrongPassword
	}
	block, err := aes.NewCipher(key[:size])
	if err != nil {
		return nil, 0, 0, err
	}
	z := &zipAES{r: io.LimitReader(raw, n), code: raw, block: block, used: aes.BlockSize, mac: hmac.New(sha1.New, bytes.Clone(key[size:2*size]))}
	return z, version, method, nil
}

// aesField reads the extra field of an AES entry.
func aesField(extra []byte) (version uint16, strength byte, method uint16, ok bool) {
	const id = 0x9901
	le := binary.LittleEndian
	for len(extra) >= 4 {
		tag, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			break
		}
		if field := extra[4 : 4+n]; tag == id && n >= 7 {
			return le.Uint16(field), field[4], le.Uint16(field[5:]), field[4] >= 1 && field[4] <= 3
		}
		extra = extra[4+n:]
	}
	return 0, 0, 0, false
}

// Read implements io.Reader.
func (z *zipAES) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	z.mac.Write(p[:n])
	for i := range p[:n] {
		if z.used == len(z.pad) {
			z.count++
			clear(z.pad[:])
			binary.LittleEndian.PutUint64(z.pad[:], z.count)
			z.block.Encrypt(z.pad[:], z.pad[:])
			z.used = 0
		}
		p[i] ^= z.pad[z.used]
		z.used++
	}
	if errors.Is(err, io.EOF) && z.code != nil {
		var code [aesCode]byte
		_, cerr := io.ReadFull(z.code, code[:])
		z.code = nil
		if cerr != nil || !hmac.Equal(code[:], z.mac.Sum(nil)[:aesCode]) {
			return n, zip.ErrChecksum
		}
	}
	return n, err
}
