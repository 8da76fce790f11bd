package smb2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

var le = binary.LittleEndian

// headerSize is the size in bytes of a message's header ([MS-SMB2] 2.2.1).
const headerSize = 64

// command is what a message asks for.
type command uint16

const (
	cmdNegotiate      command = 0
	cmdSessionSetup   command = 1
	cmdLogoff         command = 2
	cmdTreeConnect    command = 3
	cmdTreeDisconnect command = 4
	cmdCreate         command = 5
	cmdClose          command = 6
	cmdRead           command = 8
	cmdWrite          command = 9 // to pipes
	cmdIoctl          command = 11
	cmdEcho           command = 13
	cmdQueryDirectory command = 14
	cmdQueryInfo      command = 16
)

// Flags of a header.
const (
	flagResponse = 1
	flagAsync    = 2
	flagRelated  = 4
	flagSigned   = 8
)

// header reads the fields of a message of at least headerSize bytes.
type header []byte

func (h header) status() Status      { return Status(le.Uint32(h[8:])) }
func (h header) command() command    { return command(le.Uint16(h[12:])) }
func (h header) credits() int        { return int(le.Uint16(h[14:])) }
func (h header) flags() uint32       { return le.Uint32(h[16:]) }
func (h header) next() int           { return int(le.Uint32(h[20:])) }
func (h header) messageID() uint64   { return le.Uint64(h[24:]) }
func (h header) treeID() uint32      { return le.Uint32(h[36:]) }
func (h header) sessionID() uint64   { return le.Uint64(h[40:]) }
func (h header) signature() []byte   { return h[48:64] }
func (h header) body() []byte        { return h[headerSize:] }
func (h header) setFlags(f uint32)   { le.PutUint32(h[16:], f) }
func (h header) setNext(n int)       { le.PutUint32(h[20:], uint32(n)) }
func (h header) setSession(s uint64) { le.PutUint64(h[40:], s) }

var magic = [4]byte{0xFE, 'S', 'M', 'B'}

// ProtocolError says that a server does not speak the protocol.
type ProtocolError struct{ What string }

func (e *ProtocolError) Error() string { return "the server breaks the protocol: " + e.What }

var errShort = &ProtocolError{"a message is cut short"}

// body reads the fields of a message. Once a read went beyond its end, all
// give zeros, and err says so.
type body struct {
	b   []byte
	err error
}

func (b *body) need(n int) bool {
	if b.err != nil {
		return false
	}
	if n < 0 || n > len(b.b) {
		b.err = errShort
		return false
	}
	return true
}

func (b *body) u16(off int) uint16 {
	if !b.need(off + 2) {
		return 0
	}
	return le.Uint16(b.b[off:])
}

func (b *body) u32(off int) uint32 {
	if !b.need(off + 4) {
		return 0
	}
	return le.Uint32(b.b[off:])
}

func (b *body) u64(off int) uint64 {
	if !b.need(off + 8) {
		return 0
	}
	return le.Uint64(b.b[off:])
}

// bytes returns n bytes at off.
func (b *body) bytes(off, n uint32) []byte {
	if uint64(off)+uint64(n) > uint64(len(b.b)) {
		b.err = errShort
	}
	if b.err != nil {
		return nil
	}
	return b.b[off : off+n]
}

// variable returns n bytes at an offset that counts from the header's start,
// as all offsets in SMB 2 do.
func (b *body) variable(off, n uint32) []byte {
	if n == 0 {
		return nil
	}
	if off < headerSize {
		b.err = errShort
		return nil
	}
	return b.bytes(off-headerSize, n)
}

// checked returns b's bytes if its structure size is what it should be.
func checked(msg header, size uint16) (*body, error) {
	b := &body{b: msg.body()}
	if got := b.u16(0); b.err == nil && got != size {
		b.err = &ProtocolError{fmt.Sprintf("structure size %d, not %d", got, size)}
	}
	return b, b.err
}

// fileTime reads a FILETIME: 100 ns since 1601, 0 is no time.
func fileTime(v uint64) time.Time {
	if v == 0 || v > 1<<63-1 {
		return time.Time{}
	}
	const epoch = 11644473600 // seconds from 1601 to 1970
	return time.Unix(int64(v/1e7)-epoch, int64(v%1e7)*100).UTC()
}

// appendUTF16 appends a name as the wire has it. s is UTF-8 or, for names that
// are not valid UTF-16, what decodeUTF16 made of them.
func appendUTF16(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			r = rune(s[i])
			if u, ok := surrogate(s[i:]); ok {
				r, n = u, 3
			}
			dst = le.AppendUint16(dst, uint16(r))
			i += n
			continue
		}
		if r > 0xFFFF {
			hi, lo := utf16.EncodeRune(r)
			dst = le.AppendUint16(le.AppendUint16(dst, uint16(hi)), uint16(lo))
		} else {
			dst = le.AppendUint16(dst, uint16(r))
		}
		i += n
	}
	return dst
}

// surrogate reads half a surrogate pair in the three bytes that UTF-8 would
// have for it.
func surrogate(s string) (rune, bool) {
	if len(s) < 3 || s[0] != 0xED || s[1]&0xE0 != 0xA0 || s[2]&0xC0 != 0x80 {
		return 0, false
	}
	return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), true
}

// decodeUTF16 reads a name. Half a surrogate pair becomes the three bytes that
// UTF-8 would have for it, so that no two names become one and appendUTF16
// gives the name again.
func decodeUTF16(dst []byte, b []byte) []byte {
	for i := 0; i+1 < len(b); i += 2 {
		u := rune(le.Uint16(b[i:]))
		if !utf16.IsSurrogate(u) {
			dst = utf8.AppendRune(dst, u)
			continue
		}
		if i+3 < len(b) {
			if r := utf16.DecodeRune(u, rune(le.Uint16(b[i+2:]))); r != utf8.RuneError {
				dst = utf8.AppendRune(dst, r)
				i += 2
				continue
			}
		}
		dst = append(dst, 0xED, 0x80|byte(u>>6)&0x3F, 0x80|byte(u)&0x3F)
	}
	return dst
}

func encodeUTF16(s string) []byte { return appendUTF16(make([]byte, 0, 2*len(s)), s) }

// align8 rounds up to a multiple of 8.
func align8(n int) int { return (n + 7) &^ 7 }

var errClosed = errors.New("the connection is closed")
