package pdf

import (
	"bufio"
	"bytes"
	"encoding/ascii85"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// maxFilters is how many filters one stream may go through.
const maxFilters = 8

// decode returns a reader of a stream's bytes. Where its last filter is one of
// an image, image is its name and the bytes are still encoded by it.
func (d *Document) decode(s *stream) (r io.Reader, image name, err error) {
	filters := d.list(first(s.dict, "Filter", "F"))
	parms := d.list(first(s.dict, "DecodeParms", "DP"))
	if len(filters) > maxFilters {
		return nil, "", tornf("%d filters", len(filters))
	}
	r = d.raw(s)
	if d.crypt != nil && s.dict["Type"] != name("XRef") && (len(filters) == 0 || d.name(filters[0]) != "Crypt") {
		if r, err = d.crypt.reader(r, s); err != nil {
			return nil, "", err
		}
	}
	for i, f := range filters {
		var p dict
		if i < len(parms) {
			p = d.dict(parms[i])
		}
		switch n := d.name(f); n {
		case "FlateDecode", "Fl":
			r, err = d.predicted(inflate(r), p)
		case "LZWDecode", "LZW":
			early := true
			if e, ok := d.resolve(p["EarlyChange"]).(float64); ok {
				early = e != 0
			}
			r, err = d.predicted(newLZW(r, early), p)
		case "ASCII85Decode", "A85":
			r = ascii85.NewDecoder(&armour{r: bufio.NewReader(r)})
		case "ASCIIHexDecode", "AHx":
			r = &hexReader{r: bufio.NewReader(r)}
		case "RunLengthDecode", "RL":
			r = &runs{r: bufio.NewReader(r)}
		case "Crypt":
		case "DCTDecode", "DCT", "JPXDecode", "CCITTFaxDecode", "CCF", "JBIG2Decode":
			return &charged{d, r}, n, nil
		default:
			return nil, "", tornf("an unknown filter")
		}
		if err != nil {
			return nil, "", err
		}
	}
	return &charged{d, r}, "", nil
}

// list resolves to an array, of which one object alone is a short form.
func (d *Document) list(o object) array {
	switch o := d.resolve(o).(type) {
	case nil:
		return nil
	case array:
		return o
	default:
		return array{o}
	}
}

// first returns the entry of the first key that there is.
func first(d dict, keys ...name) object {
	for _, k := range keys {
		if o, ok := d[k]; ok {
			return o
		}
	}
	return nil
}

// all reads up to most bytes of a stream.
func (d *Document) all(s *stream, most int64) ([]byte, error) {
	r, image, err := d.decode(s)
	if err != nil {
		return nil, err
	}
	if image != "" {
		return nil, tornf("an image where text belongs")
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if int64(len(b)) > most {
		return b[:most], fmt.Errorf("%w: a stream of more than %d bytes", ErrLimit, most)
	}
	return b, err
}

// charged charges what is read through it.
type charged struct {
	d *Document
	r io.Reader
}

// Read implements io.Reader.
func (c *charged) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if full := c.d.charge(n); full != nil {
		return 0, full
	}
	return n, err
}

// inflate reads a zlib stream and checks nothing: what its writer got wrong
// is no reason to read less.
func inflate(r io.Reader) io.Reader {
	br := bufio.NewReaderSize(r, 4<<10)
	for range 4 { // white space that does not belong there
		c, err := br.Peek(1)
		if err != nil || c[0] != '\r' && c[0] != '\n' {
			break
		}
		_, _ = br.Discard(1) // it was peeked at
	}
	if h, err := br.Peek(2); err == nil && h[0]&0x0f == 8 && (int(h[0])<<8|int(h[1]))%31 == 0 {
		_, _ = br.Discard(2) // it was peeked at
	}
	return &lenient{r: flate.NewReader(br)}
}

// lenient says of every failure that the stream is torn.
type lenient struct{ r io.Reader }

// Read implements io.Reader.
func (l *lenient) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = tornf("compressed data")
	}
	return n, err
}

// predicted undoes a predictor (7.4.4.4).
func (d *Document) predicted(r io.Reader, p dict) (io.Reader, error) {
	predictor := integer(d.resolve(p["Predictor"]))
	if predictor < 2 {
		return r, nil
	}
	get := func(k name, def int64) int64 {
		if n, ok := d.resolve(p[k]).(float64); ok {
			return integer(n)
		}
		return def
	}
	colors, bits, columns := get("Colors", 1), get("BitsPerComponent", 8), get("Columns", 1)
	if colors < 1 || colors > 64 || bits < 1 || bits > 32 || columns < 1 || columns > 1<<20 {
		return nil, tornf("a predictor without measure")
	}
	pr := &predictedReader{r: bufio.NewReader(r), tiff: predictor == 2, bpp: int(max(1, colors*bits/8))}
	if pr.tiff && bits != 8 {
		return r, nil // only images have such
	}
	n := int((colors*bits*columns + 7) / 8)
	pr.row, pr.prev = make([]byte, n), make([]byte, n)
	return pr, nil
}

type predictedReader struct {
	r         *bufio.Reader
	tiff      bool
	bpp       int
	row, prev []byte
	rest      []byte
	err       error
}

// Read implements io.Reader.
func (p *predictedReader) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		p.step()
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *predictedReader) step() {
	kind := byte(0)
	if !p.tiff {
		if kind, p.err = p.r.ReadByte(); p.err != nil {
			return
		}
	}
	p.row, p.prev = p.prev, p.row
	n, err := io.ReadFull(p.r, p.row)
	if err != nil {
		p.err = err
		if errors.Is(err, io.ErrUnexpectedEOF) {
			p.err = io.EOF
		}
	}
	row, prev := p.row[:n], p.prev
	for i := range row {
		var left, up, corner byte
		if i >= p.bpp {
			left, corner = row[i-p.bpp], prev[i-p.bpp]
		}
		up = prev[i]
		switch {
		case p.tiff, kind == 1:
			row[i] += left
		case kind == 2:
			row[i] += up
		case kind == 3:
			row[i] += byte((int(left) + int(up)) / 2)
		case kind == 4:
			row[i] += paeth(left, up, corner)
		}
	}
	p.rest = row
}

func paeth(a, b, c byte) byte {
	pa, pb, pc := int(b)-int(c), int(a)-int(c), int(a)+int(b)-2*int(c)
	pa, pb, pc = max(pa, -pa), max(pb, -pb), max(pc, -pc)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

// armour ends base 85 text where it says, and passes its prefix.
type armour struct {
	r       *bufio.Reader
	started bool
}

// Read implements io.Reader.
func (a *armour) Read(p []byte) (int, error) {
	if !a.started {
		a.started = true
		if h, err := a.r.Peek(2); err == nil && string(h) == "<~" {
			_, _ = a.r.Discard(2) // it was peeked at
		}
	}
	n, err := a.r.Read(p)
	if i := bytes.IndexByte(p[:n], '~'); i >= 0 {
		return i, io.EOF
	}
	return n, err
}

type hexReader struct {
	r    *bufio.Reader
	done bool
}

// Read implements io.Reader.
func (h *hexReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && !h.done {
		v, digits := 0, 0
		for digits < 2 {
			c, err := h.r.ReadByte()
			if err != nil || c == '>' {
				h.done = true
				break
			}
			if d := hexDigit(int(c)); d >= 0 {
				v, digits = v<<4|d, digits+1
			}
		}
		if digits == 0 {
			break
		}
		if digits == 1 {
			v <<= 4
		}
		p[n] = byte(v)
		n++
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

type runs struct {
	r      *bufio.Reader
	copies int // bytes still to copy
	again  int // times to repeat c
	c      byte
}

// Read implements io.Reader.
func (u *runs) Read(p []byte) (int, error) {
	for n := range p {
		for u.copies == 0 && u.again == 0 {
			c, err := u.r.ReadByte()
			if err != nil || c == 128 {
				return n, io.EOF
			}
			if c < 128 {
				u.copies = int(c) + 1
				continue
			}
			u.again = 257 - int(c)
			if u.c, err = u.r.ReadByte(); err != nil {
				return n, io.EOF
			}
		}
		if u.again > 0 {
			u.again--
			p[n] = u.c
			continue
		}
		c, err := u.r.ReadByte()
		if err != nil {
			return n, io.EOF
		}
		u.copies--
		p[n] = c
	}
	return len(p), nil
}
