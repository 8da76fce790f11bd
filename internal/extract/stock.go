package extract

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// readAhead is the size of the buffer that is before a stream, in bytes.
const readAhead = 64 << 10

// stock is what a walker uses again for one stream after the other: most things
// in an archive are smaller than what it takes to read them. It belongs to one
// goroutine.
type stock struct {
	readers   []*bufio.Reader
	inflaters []io.ReadCloser
	gunzips   []*gzip.Reader
	zstds     []*zstd.Decoder
}

func take[T any](from *[]T) (x T, ok bool) {
	n := len(*from) - 1
	if n < 0 {
		return x, false
	}
	x = (*from)[n]
	*from = (*from)[:n]
	return x, true
}

// reader returns a buffer before r, to be given back.
func (s *stock) reader(r io.Reader) *bufio.Reader {
	if br, ok := take(&s.readers); ok {
		br.Reset(r)
		return br
	}
	return bufio.NewReaderSize(r, readAhead)
}

func (s *stock) putReader(br *bufio.Reader) {
	br.Reset(nil)
	s.readers = append(s.readers, br)
}

// inflate reads DEFLATE. Closing it gives it back.
func (s *stock) inflate(r io.Reader) io.ReadCloser {
	in := &inflating{stock: s, before: s.reader(r)}
	if z, ok := take(&s.inflaters); ok && z.(flate.Resetter).Reset(in.before, nil) == nil {
		in.ReadCloser = z
	} else {
		in.ReadCloser = flate.NewReader(in.before)
	}
	return in
}

type inflating struct {
	io.ReadCloser
	stock  *stock
	before *bufio.Reader
}

// Close implements io.Closer.
func (in *inflating) Close() error {
	if in.before == nil {
		return nil
	}
	err := in.ReadCloser.Close()
	in.stock.putReader(in.before)
	in.before = nil
	in.stock.inflaters = append(in.stock.inflaters, in.ReadCloser)
	in.ReadCloser = io.NopCloser(failed{io.ErrClosedPipe})
	return err
}

// gunzip reads gzip, to be given back.
func (s *stock) gunzip(r io.Reader) (*gzip.Reader, error) {
	if z, ok := take(&s.gunzips); ok {
		return z, z.Reset(r)
	}
	return gzip.NewReader(r)
}

// zstd reads Zstandard of windows of at most so many bytes, to be given back. A
// stock is always asked for the same.
func (s *stock) zstd(r io.Reader, most uint64) (*zstd.Decoder, error) {
	if z, ok := take(&s.zstds); ok {
		return z, z.Reset(r)
	}
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(most), zstd.WithDecoderLowmem(true))
}

// putZstd takes a decoder back, and lets go of it if it may hold much.
func (s *stock) putZstd(z *zstd.Decoder, read int64) {
	if read > maxWindow || z.Reset(nil) != nil {
		z.Close()
		return
	}
	s.zstds = append(s.zstds, z)
}
