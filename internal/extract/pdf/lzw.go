package pdf

import (
	"bufio"
	"io"
)

// lzw decodes LZW as PDF has it (7.4.4.2): most significant bits first, and
// codes that by default grow one early, which compress/lzw does not know.
type lzw struct {
	r      *bufio.Reader
	early  int
	bits   uint32
	have   uint
	width  uint
	next   int
	last   int // the code before, -1 for none
	prefix [4096]uint16
	suffix [4096]byte
	stack  []byte // of what is to be read, backwards
	done   bool
}

const (
	lzwClear = 256
	lzwEnd   = 257
)

func newLZW(r io.Reader, early bool) *lzw {
	z := &lzw{r: bufio.NewReader(r)}
	if early {
		z.early = 1
	}
	z.reset()
	return z
}

func (z *lzw) reset() { z.width, z.next, z.last = 9, 258, -1 }

// Read implements io.Reader.
func (z *lzw) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(z.stack) == 0 {
			if z.done || !z.step() {
				z.done = true
				break
			}
			continue
		}
		p[n] = z.stack[len(z.stack)-1]
		z.stack = z.stack[:len(z.stack)-1]
		n++
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// step reads a code. It reports whether there is more to come.
func (z *lzw) step() bool {
	for z.have < z.width {
		c, err := z.r.ReadByte()
		if err != nil {
			return false
		}
		z.bits, z.have = z.bits<<8|uint32(c), z.have+8
	}
	z.have -= z.width
	code := int(z.bits>>z.have) & (1<<z.width - 1)
	switch {
	case code == lzwClear:
		z.reset()
		return true
	case code == lzwEnd, code > z.next, z.last < 0 && code > 255:
		return false
	}
	at := code
	if code == z.next { // it is defined by itself
		z.stack = append(z.stack, 0)
		at = z.last
	}
	for at > 255 {
		z.stack = append(z.stack, z.suffix[at])
		at = int(z.prefix[at])
	}
	z.stack = append(z.stack, byte(at))
	if code == z.next {
		z.stack[0] = byte(at)
	}
	if z.last >= 0 && z.next < 4096 {
		z.prefix[z.next], z.suffix[z.next] = uint16(z.last), byte(at)
		z.next++
		if z.next+z.early >= 1<<z.width && z.width < 12 {
			z.width++
		}
	}
	z.last = code
	return true
}
