package extract

import (
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// maxDictionary is the largest dictionary or window, in bytes, that a
// decompressor may ask for: what zstd's own program accepts by default.
const maxDictionary = 128 << 20

// maxWindow is the largest window, in bytes, of a zstd frame that is read in
// this process: what every level but the --ultra ones asks for.
const maxWindow = 8 << 20

// wideZstd reports whether a zstd frame asks for a larger window.
func wideZstd(head []byte) bool {
	var h zstd.Header
	return h.Decode(head) == nil && h.WindowSize > maxWindow
}

func unpackGzip(w *walk, p place, in Input) error {
	c := &counter{r: in.Reader}
	r, err := w.stock.gunzip(c)
	if err != nil {
		return torn(err)
	}
	defer func() { w.stock.gunzips = append(w.stock.gunzips, r) }()
	return w.layer(p, tornReader(r), c.count)
}

func unpackZstd(w *walk, p place, in Input) error {
	c := &counter{r: in.Reader}
	most := uint64(maxWindow)
	if w.apart {
		most = maxDictionary
	}
	r, err := w.stock.zstd(c, most)
	if err != nil {
		return torn(err)
	}
	begun := w.produced
	defer func() { w.stock.putZstd(r, w.produced-begun) }()
	return w.layer(p, tornReader(r), c.count)
}

func unpackBzip2(w *walk, p place, in Input) error {
	c := &counter{r: in.Reader}
	return w.layer(p, tornReader(bzip2.NewReader(c)), c.count)
}

func unpackXZ(w *walk, p place, in Input) error {
	b := w.stock.reader(in.Reader)
	defer w.stock.putReader(b)
	head, _ := b.Peek(xzHead) // an error comes again with the next read
	if xzDictionary(head) > maxDictionary {
		return limitf("it asks for a dictionary of more than %d bytes", maxDictionary)
	}
	c := &counter{r: b}
	r, err := xz.ReaderConfig{DictCap: lzma.MinDictCap}.NewReader(c) // at least: the block says how much
	if err != nil {
		return torn(err)
	}
	return w.layer(p, tornReader(r), c.count)
}

// xzHead is how much of an xz file xzDictionary looks at.
const xzHead = 64

// xzDictionary returns the size of the dictionary that the first block of an xz
// file asks for ("The .xz File Format" 1.2.1, 3.1 and 5.3.1), -1 if it cannot be
// told.
func xzDictionary(head []byte) int64 {
	const stream, lzma2 = 12, 0x21
	if len(head) < stream+2 {
		return -1
	}
	flags, b := head[stream+1], head[stream+2:]
	for _, sized := range []byte{0x40, 0x80} { // of the block, packed and unpacked
		if flags&sized == 0 {
			continue
		}
		_, n := binary.Uvarint(b)
		if n <= 0 {
			return -1
		}
		b = b[n:]
	}
	for range flags&3 + 1 {
		id, n := binary.Uvarint(b)
		if n <= 0 || n == len(b) {
			return -1
		}
		b = b[n:]
		size, n := binary.Uvarint(b)
		if n <= 0 || size >= uint64(len(b)-n) {
			return -1
		}
		b = b[n:]
		if id == lzma2 && size == 1 && b[0] < 40 {
			return int64(2|b[0]&1) << (b[0]/2 + 11)
		}
		if id == lzma2 && size == 1 && b[0] == 40 {
			return 1<<32 - 1
		}
		b = b[size:]
	}
	return -1
}

// torn makes a decompressor's complaint one of ours.
func torn(err error) error {
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return limitf("it asks for a window that is too large")
	}
	if err == nil || errors.Is(err, ErrLimit) || errors.Is(err, ErrTorn) || errors.Is(err, ErrEncrypted) || errors.Is(err, ErrUnsupported) {
		return err
	}
	if end := new(over); errors.As(err, &end) {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrTorn, err)
}

// tornReader says of every failure that the stream is torn.
func tornReader(r io.Reader) io.Reader { return &complaining{r, torn} }
