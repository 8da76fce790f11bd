package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

var errNoDirectory = fmt.Errorf("its directory is missing or too large; what was found from its beginning was read: %w", ErrTorn)

func newBuffered(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }

// zipStream reads a zip by its local headers (APPNOTE.TXT 4.3.7).
type zipStream struct{ r *bufio.Reader }

// streamed is an entry of a zipStream.
type streamed struct {
	name string
	r    io.Reader
	made func() int64
	err  error // why it cannot be read
	lost bool  // and what follows cannot be found
}

// next returns the next entry, after the bytes of the one before were read. It
// skips over anything that is no entry.
func (z *zipStream) next() (streamed, error) {
	if err := z.seek(); err != nil {
		return streamed{}, err
	}
	var h [localHeader]byte
	if _, err := io.ReadFull(z.r, h[:]); err != nil {
		return streamed{}, io.EOF
	}
	le := binary.LittleEndian
	flags, method := le.Uint16(h[6:]), le.Uint16(h[8:])
	packed := int64(le.Uint32(h[18:]))
	name := make([]byte, le.Uint16(h[26:]))
	if _, err := io.ReadFull(z.r, name); err != nil {
		return streamed{}, io.EOF
	}
	if _, err := z.r.Discard(int(le.Uint16(h[28:]))); err != nil {
		return streamed{}, io.EOF
	}
	e := streamed{name: string(name)}
	unsized := flags&8 != 0 && packed == 0 || packed == 1<<32-1
	var raw io.Reader = z.r
	if !unsized {
		raw = io.LimitReader(z.r, packed)
	}
	switch {
	case flags&encryptedFlag != 0:
		e.err = ErrEncrypted
	case method == 8:
		c := &byteCounter{r: bufio.NewReader(raw)}
		if unsized {
			c.r = z.r // so that nothing behind the entry is swallowed
		}
		e.r, e.made = flate.NewReader(c), func() int64 { return c.n }
	case method == 0 && !unsized:
		e.r = raw
	default:
		e.err = ErrUnsupported
	}
	if e.err != nil {
		if unsized {
			e.lost = true
		} else if _, err := io.Copy(io.Discard, raw); err != nil {
			e.lost = true
		}
		return e, nil
	}
	if !unsized {
		e.r = &drained{r: e.r, rest: raw}
	}
	return e, nil
}

// seek moves to the next local header.
func (z *zipStream) seek() error {
	for {
		head, err := z.r.Peek(4)
		if err != nil {
			return io.EOF
		}
		if string(head) == "PK\x03\x04" {
			return nil
		}
		window, _ := z.r.Peek(z.r.Buffered())
		n := bytes.Index(window, []byte("PK\x03\x04"))
		if n < 0 {
			n = max(len(window)-3, 1)
		}
		if _, err := z.r.Discard(n); err != nil {
			return io.EOF
		}
	}
}

// drained reads r and then what r left of the entry's own bytes.
type drained struct{ r, rest io.Reader }

// Read implements io.Reader.
func (d *drained) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if err != nil {
		_, _ = io.Copy(io.Discard, d.rest) // its error comes with the next header
	}
	return n, err
}

// byteCounter is a bufio.Reader that counts. Reading byte by byte, a
// decompressor takes nothing that is not its own.
type byteCounter struct {
	r *bufio.Reader
	n int64
}

// Read implements io.Reader.
func (c *byteCounter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte implements io.ByteReader.
func (c *byteCounter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}
