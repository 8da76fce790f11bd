package slackexport

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/flate"
)

// A ZIP lists its files at its end. Of one whose end is missing, as when a download
// was cut off, the files are found by going from one to the next: each has a header
// of its own (APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.9 and 4.3.12). A list is made
// of what was found, and put behind the file for archive/zip to read.

const (
	localSig, centralSig, endSig        = 0x04034b50, 0x02014b50, 0x06054b50
	end64Sig, locatorSig, descriptorSig = 0x06064b50, 0x07064b50, 0x08074b50
	localSize                           = 30
	hasDescriptor                       = 1 << 3 // flag: sizes follow the bytes
	unknownSize                         = 1 << 62
)

// mended is a ZIP with the list of its files behind it.
type mended struct {
	r    io.ReaderAt
	size int64 // of r
	list []byte
}

// ReadAt implements io.ReaderAt.
func (m *mended) ReadAt(p []byte, off int64) (n int, err error) {
	if off < m.size {
		n, err = m.r.ReadAt(p[:min(int64(len(p)), m.size-off)], off)
		if n == len(p) || off+int64(n) < m.size {
			return n, err
		}
	}
	more, err := bytes.NewReader(m.list).ReadAt(p[n:], off+int64(n)-m.size)
	return n + more, err
}

// length is how many bytes there are.
func (m *mended) length() int64 { return m.size + int64(len(m.list)) }

// local is a file of a torn ZIP.
type local struct {
	head             []byte // its header's bytes from the version on, without sizes
	name             []byte
	crc              uint32
	packed, unpacked uint64
	off              int64
}

// mend lists the files of a ZIP that lacks its end. whole is how many bytes of it
// are files.
func mend(r io.ReaderAt, size int64) (m *mended, whole int64, err error) {
	m = &mended{r: r, size: size}
	n, off := 0, int64(0)
	for off < size {
		l, next, err := readLocal(r, off, size)
		if err != nil {
			break
		}
		m.list = l.appendTo(m.list)
		if n++; len(m.list) > maxDirectory {
			break
		}
		off = next
	}
	if n == 0 {
		return nil, 0, errNoZip
	}
	m.list = appendEnd(m.list, size, uint64(n))
	return m, min(off, size), nil
}

var errNoZip = errors.New("not a ZIP")

// readLocal reads the header at off, and finds where the next one must be.
func readLocal(r io.ReaderAt, off, size int64) (l local, next int64, err error) {
	head := make([]byte, localSize)
	if _, err := r.ReadAt(head, off); err != nil || binary.LittleEndian.Uint32(head) != localSig {
		return l, 0, errNoZip
	}
	rest := make([]byte, int(binary.LittleEndian.Uint16(head[26:]))+int(binary.LittleEndian.Uint16(head[28:])))
	if _, err := r.ReadAt(rest, off+localSize); err != nil {
		return l, 0, errNoZip
	}
	nameSize := binary.LittleEndian.Uint16(head[26:])
	l = local{
		head: head[4:14], name: rest[:nameSize], crc: binary.LittleEndian.Uint32(head[14:]), off: off,
		packed: uint64(binary.LittleEndian.Uint32(head[18:])), unpacked: uint64(binary.LittleEndian.Uint32(head[22:])),
	}
	l.long(rest[nameSize:])
	data := off + localSize + int64(len(rest))
	flags, method := binary.LittleEndian.Uint16(head[6:]), binary.LittleEndian.Uint16(head[8:])
	if flags&hasDescriptor != 0 && l.packed == 0 {
		return l.measured(r, data, size, method)
	}
	if l.packed > uint64(size-data) { // it is the one that is cut off
		l.packed = uint64(size - data)
		return l, size, nil
	}
	return l, data + int64(l.packed), nil
}

// long reads the sizes of more than 4 GB.
func (l *local) long(extra []byte) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return
		}
		field := extra[:n]
		extra = extra[n:]
		if id != 1 {
			continue
		}
		for _, size := range []*uint64{&l.unpacked, &l.packed} {
			if *size == math.MaxUint32 && len(field) >= 8 {
				*size, field = binary.LittleEndian.Uint64(field), field[8:]
			}
		}
	}
}

// measured finds the end of a file whose sizes follow its bytes, by inflating it.
func (l local) measured(r io.ReaderAt, data, size int64, method uint16) (local, int64, error) {
	l.packed, l.unpacked = uint64(size-data), unknownSize
	if method != zip.Deflate {
		return l, size, nil // where its bytes end is not to be told
	}
	in := &counted{r: bufio.NewReaderSize(io.NewSectionReader(r, data, size-data), 64<<10)}
	z := flate.NewReader(in)
	out, err := io.Copy(io.Discard, &bounded{ReadCloser: z, left: max((size-data)*maxRatio, freeSize)})
	if err != nil {
		return l, size, nil //nolint:nilerr // it is the one that is cut off, or damaged: reading it tells
	}
	l.packed, l.unpacked = uint64(in.n), uint64(out)
	end := data + in.n
	tail := make([]byte, 28)
	n, _ := r.ReadAt(tail, end) // as much as there is
	tail = tail[:n]
	at := 0
	if len(tail) >= 4 && binary.LittleEndian.Uint32(tail) == descriptorSig {
		at = 4
	}
	if len(tail) < at+12 {
		l.packed, l.unpacked = uint64(size-data), unknownSize // what would prove its bytes is missing
		return l, size, nil
	}
	l.crc = binary.LittleEndian.Uint32(tail[at:])
	if wide := at + 20; len(tail) >= wide && binary.LittleEndian.Uint64(tail[at+4:]) == l.packed && binary.LittleEndian.Uint64(tail[at+12:]) == l.unpacked {
		return l, end + int64(wide), nil
	}
	return l, end + int64(at+12), nil
}

// counted counts what is read. It implements io.ByteReader, so that inflating reads
// no byte too many.
type counted struct {
	r *bufio.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte implements io.ByteReader.
func (c *counted) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// appendTo appends the file's entry in the list.
func (l local) appendTo(list []byte) []byte {
	var extra []byte
	short := func(n uint64) uint32 {
		if n < math.MaxUint32 {
			return uint32(n)
		}
		extra = binary.LittleEndian.AppendUint64(extra, n)
		return math.MaxUint32
	}
	unpacked, packed, off := short(l.unpacked), short(l.packed), short(uint64(l.off))
	if len(extra) > 0 {
		extra = append(binary.LittleEndian.AppendUint16([]byte{1, 0}, uint16(len(extra))), extra...)
	}
	list = binary.LittleEndian.AppendUint32(list, centralSig)
	list = append(list, 45, 0)
	list = append(list, l.head...)
	for _, n := range []uint32{l.crc, packed, unpacked} {
		list = binary.LittleEndian.AppendUint32(list, n)
	}
	list = binary.LittleEndian.AppendUint16(list, uint16(len(l.name)))
	list = binary.LittleEndian.AppendUint16(list, uint16(len(extra)))
	list = append(list, make([]byte, 10)...) // no comment, no attributes
	list = binary.LittleEndian.AppendUint32(list, off)
	return append(append(list, l.name...), extra...)
}

// appendEnd appends the end of the list, in the form for any number of files.
func appendEnd(list []byte, at int64, files uint64) []byte {
	size := uint64(len(list))
	end := binary.LittleEndian.AppendUint32(list, end64Sig)
	end = binary.LittleEndian.AppendUint64(end, 44)
	end = append(end, 45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	for _, n := range []uint64{files, files, size, uint64(at)} {
		end = binary.LittleEndian.AppendUint64(end, n)
	}
	end = binary.LittleEndian.AppendUint32(end, locatorSig)
	end = append(end, 0, 0, 0, 0)
	end = binary.LittleEndian.AppendUint64(end, uint64(at)+size)
	end = append(end, 1, 0, 0, 0)
	end = binary.LittleEndian.AppendUint32(end, endSig)
	end = append(end, 0, 0, 0, 0)
	end = append(end, bytes.Repeat([]byte{0xff}, 12)...) // see above
	return append(end, 0, 0)
}

// errTorn is what is behind the last file that was found.
func errTorn(files int, whole int64) error {
	return fmt.Errorf("the ZIP is cut off: %d files stand in its first %d bytes, and what came behind them is lost: %w", files, whole, io.ErrUnexpectedEOF)
}
