package msrpc

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"

	"mislaid/sources/ntacl"
)

// encoder writes NDR; C706 chapter 14. The first error stays.
type encoder struct {
	b    []byte
	refs uint32
	err  error
}

func (e *encoder) align(n int) {
	for len(e.b)%n != 0 {
		e.b = append(e.b, 0)
	}
}

func (e *encoder) u16(v uint16) {
	e.align(2)
	e.b = binary.LittleEndian.AppendUint16(e.b, v)
}

func (e *encoder) u32(v uint32) {
	e.align(4)
	e.b = binary.LittleEndian.AppendUint32(e.b, v)
}

// pointer writes a pointer that is not null.
func (e *encoder) pointer() {
	e.refs += 4
	e.u32(0x00020000 + e.refs)
}

// text writes a conformant varying string of UTF-16 with its NUL.
func (e *encoder) text(s string) {
	units := append(utf16.Encode([]rune(s)), 0)
	e.u32(uint32(len(units)))
	e.u32(0)
	e.u32(uint32(len(units)))
	for _, u := range units {
		e.b = binary.LittleEndian.AppendUint16(e.b, u)
	}
}

// sid writes an RPC_SID; MS-DTYP 2.4.2.3.
func (e *encoder) sid(s ntacl.SID) {
	b, _ := s.AppendBinary(nil)
	if len(b) == 0 {
		e.err = errors.New("no SID to ask about")
		return
	}
	e.u32(uint32(b[1]))
	e.b = append(e.b, b...)
}

// sids writes a counted array of pointers to SIDs.
func (e *encoder) sids(list []ntacl.SID) {
	e.u32(uint32(len(list)))
	e.pointer()
	e.u32(uint32(len(list)))
	for range list {
		e.pointer()
	}
	for _, s := range list {
		e.sid(s)
	}
}

func (e *encoder) handle(h handle) { e.align(4); e.b = append(e.b, h[:]...) }

// handle is what a server gives for something it holds open.
type handle [20]byte

// decoder reads NDR. The first error stays, and everything after it is zero.
type decoder struct {
	b   []byte
	at  int
	err error
}

func (d *decoder) fail() { d.err = errWire }

// take returns the next n bytes, nil when there are fewer.
func (d *decoder) take(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.b)-d.at {
		d.fail()
		return nil
	}
	d.at += n
	return d.b[d.at-n : d.at]
}

func (d *decoder) skip(n int) { d.take(n) }

func (d *decoder) align(n int) {
	if off := d.at % n; off != 0 {
		d.take(n - off)
	}
}

func (d *decoder) u8() uint8 {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u16() uint16 {
	d.align(2)
	if b := d.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) u32() uint32 {
	d.align(4)
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) u64() uint64 {
	d.align(8)
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// pointer reports whether what a pointer points to follows.
func (d *decoder) pointer() bool { return d.u32() != 0 }

// count reads the number of elements of a conformant array and makes sure that
// so many of at least size bytes each can follow.
func (d *decoder) count(size int) int {
	n := d.u32()
	if d.err != nil || uint64(n)*uint64(size) > uint64(len(d.b)-d.at) {
		d.fail()
		return 0
	}
	return int(n)
}

// text reads a conformant varying string of UTF-16, without a NUL at its end.
func (d *decoder) text() string {
	d.u32() // room
	if d.u32() != 0 {
		d.fail() // it begins at its beginning
	}
	n := d.count(2)
	b := d.take(2 * n)
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	for len(units) > 0 && units[len(units)-1] == 0 {
		units = units[:len(units)-1]
	}
	return string(utf16.Decode(units))
}

// counted reads the head of an RPC_UNICODE_STRING and reports whether its text
// follows; MS-DTYP 2.3.10.
func (d *decoder) counted() bool {
	d.align(4)
	d.u16()
	d.u16()
	return d.pointer()
}

// sid reads an RPC_SID.
func (d *decoder) sid() ntacl.SID {
	n := d.count(4)
	const head = 8
	b := d.take(head + 4*n)
	if b == nil {
		return ntacl.SID{}
	}
	s, size, err := ntacl.DecodeSID(b)
	if err != nil || size != len(b) {
		d.fail()
		return ntacl.SID{}
	}
	return s
}

// sids reads a counted array of pointers to SIDs.
func (d *decoder) sids() []ntacl.SID {
	d.u32()
	if !d.pointer() {
		return nil
	}
	n := d.count(4)
	present := 0
	for range n {
		if d.pointer() {
			present++
		}
	}
	var list []ntacl.SID
	for range present {
		s := d.sid()
		if d.err != nil {
			return nil
		}
		list = append(list, s)
	}
	return list
}

// numbers reads a conformant array of 32-bit numbers.
func (d *decoder) numbers() []uint32 {
	list := make([]uint32, d.count(4))
	for i := range list {
		list[i] = d.u32()
	}
	return list
}

func (d *decoder) handle() (h handle) {
	d.align(4)
	copy(h[:], d.take(len(h)))
	return h
}
