package extract

import (
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxDictionary is the largest dictionary or window, in bytes, that a
// decompressor may ask for: what zstd's own program accepts by default.
const maxDictionary = 128 << 20

func unpackGzip(w *walk, p place, in Input) error {
	c := &counter{r: in.Reader}
	r, err := gzip.NewReader(c)
	if err != nil {
		return torn(err)
	}
	return w.layer(p, tornReader(r), c.count)
}

func unpackZstd(w *walk, p place, in Input) error {
	c := &counter{r: in.Reader}
	r, err := zstd.NewReader(c, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxDictionary), zstd.WithDecoderLowmem(true))
	if err != nil {
		return torn(err)
	}
	defer r.Close()
	return w.layer(p, tornReader(r), c.count)
}

func unpackBzip2(w *walk, p place, in Input) error {
	c := &counter{r: in.Reader}
	return w.layer(p, tornReader(bzip2.NewReader(c)), c.count)
}

func unpackXZ(w *walk, p place, in Input) error {
	c := &counter{r: in.Reader}
	r, err := xz.ReaderConfig{DictCap: maxDictionary}.NewReader(c)
	if err != nil {
		return torn(err)
	}
	return w.layer(p, tornReader(r), c.count)
}

// torn makes a decompressor's complaint one of ours.
func torn(err error) error {
	if err == nil || errors.Is(err, ErrLimit) || errors.Is(err, ErrTorn) || errors.Is(err, ErrEncrypted) || errors.Is(err, ErrUnsupported) {
		return err
	}
	if end := new(over); errors.As(err, &end) {
		return err
	}
	if errors.Is(err, io.EOF) { // who reads must not take it for the end
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w (%w)", ErrTorn, err)
}

// tornReader says of every failure that the stream is torn.
func tornReader(r io.Reader) io.Reader { return &complaining{r, torn} }
