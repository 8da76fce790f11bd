package extract

import (
	"bytes"
	"io"
)

// UTF16 says whether a stream that begins with head is UTF-16 text, and in
// which byte order. A byte order mark decides; without one, text whose units
// are nearly all ASCII is recognised by its NULs. Other text without a mark is
// not recognised: its ASCII parts are found where they stand.
func UTF16(head []byte) (order ByteOrder, ok bool) {
	if len(head) < 4 {
		return 0, false
	}
	switch {
	case head[0] == 0xFF && head[1] == 0xFE:
		return LittleEndian, head[2] != 0 || head[3] != 0 // else it is UTF-32
	case head[0] == 0xFE && head[1] == 0xFF:
		return BigEndian, head[2] != 0 || head[3] != 0 // else it is binary: documents' properties begin so
	}
	head = head[:len(head)&^1]
	if bytes.IndexByte(head[:min(len(head), 64)], 0) < 0 {
		return 0, false
	}
	var high [2]int // units whose first or second byte alone is zero
	for i := 0; i < len(head); i += 2 {
		switch {
		case head[i] == 0 && head[i+1] == 0:
			return 0, false // text holds no NUL character
		case head[i] == 0:
			high[BigEndian]++
		case head[i+1] == 0:
			high[LittleEndian]++
		}
	}
	units := len(head) / 2
	switch {
	case high[LittleEndian]*10 >= units*9:
		return LittleEndian, true
	case high[BigEndian]*10 >= units*9:
		return BigEndian, true
	}
	return 0, false
}

// ByteOrder is the order of the two bytes of a UTF-16 unit.
type ByteOrder int

// The byte orders.
const (
	LittleEndian ByteOrder = iota
	BigEndian
)

// Narrow reads UTF-16 as one byte per unit: an ASCII character as itself, any
// other unit as 0xFF. Byte i of the result is the unit at bytes 2i and 2i+1 of
// r, the byte order mark included, so that offsets map back exactly.
// Credentials and the labels beside them are ASCII.
func Narrow(r io.Reader, order ByteOrder) io.Reader {
	return &narrow{r: r, order: order}
}

type narrow struct {
	r     io.Reader
	order ByteOrder
	buf   []byte // raw bytes; an odd one may be left in buf[0]
	left  int
	err   error
}

// Read implements io.Reader.
func (n *narrow) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if n.err != nil {
		return 0, n.err
	}
	if want := min(2*len(p), 128<<10); len(n.buf) < want {
		buf := make([]byte, want)
		copy(buf, n.buf[:n.left])
		n.buf = buf
	}
	got := n.left
	var err error
	for got < 2 && err == nil {
		var m int
		m, err = n.r.Read(n.buf[got:min(len(n.buf), 2*len(p))])
		got += m
	}
	units := got / 2
	high, low := 1, 0
	if n.order == BigEndian {
		high, low = 0, 1
	}
	for i := range units {
		c := n.buf[2*i+low]
		if n.buf[2*i+high] != 0 || c >= 0x80 {
			c = 0xFF
		}
		p[i] = c
	}
	n.left = got % 2
	if n.left == 1 {
		n.buf[0] = n.buf[got-1]
	}
	n.err = err
	return units, err
}
