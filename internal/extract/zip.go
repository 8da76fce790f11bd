package extract

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxDirectory is the largest central directory, in bytes, that is read into
// memory. A larger one belongs to an archive of more than about 200,000 entries,
// which is read from its beginning instead.
const maxDirectory = 16 << 20

func unpackZip(w *walk, p place, in Input) error {
	in, done, err := w.atRandom(in)
	if errors.Is(err, ErrLimit) {
		return w.zipSequential(p, in.Reader)
	}
	if err != nil {
		return err
	}
	defer done()
	if n, ok := directorySize(in.At, in.Size); !ok || n > maxDirectory {
		return w.zipSequential(p, io.NewSectionReader(in.At, 0, in.Size))
	}
	r, err := zip.NewReader(in.At, in.Size)
	if err != nil {
		return w.zipSequential(p, io.NewSectionReader(in.At, 0, in.Size))
	}
	if kind := officeKind(r); kind != nil {
		return kind(w, p, r)
	}
	return w.zipEntries(p, r)
}

// zipEntries unwraps every entry.
func (w *walk) zipEntries(p place, r *zip.Reader) error {
	if r.Comment != "" {
		if err := w.derived(p, "comment", strings.NewReader(r.Comment), nil); err != nil {
			return err
		}
	}
	for _, f := range r.File {
		if err := w.zipEntry(p, f); err != nil {
			return err
		}
	}
	return nil
}

// zipEntry unwraps one entry.
func (w *walk) zipEntry(p place, f *zip.File) error {
	name := "/" + strings.TrimPrefix(entryName(f.Name), "/")
	if f.Comment != "" {
		if err := w.derived(p.in(name), "comment", strings.NewReader(f.Comment), nil); err != nil {
			return err
		}
	}
	if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
		return nil
	}
	rc, made, err := w.zipOpen(f)
	if err != nil {
		w.visitor.Gap(p.in(name).inner, err)
		return nil
	}
	defer rc.Close()
	return w.child(p, name, tornReader(rc), made)
}

// encryptedFlag is bit 0 of an entry's general purpose flags.
const encryptedFlag = 1

// zipOpen opens an entry. made is as child takes it.
func (w *walk) zipOpen(f *zip.File) (rc io.ReadCloser, made func() int64, err error) {
	if f.Flags&encryptedFlag != 0 {
		rc, err := w.unlockZip(f)
		return rc, func() int64 { return int64(min(f.CompressedSize64, 1<<62)) }, err
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, nil, torn(err)
	}
	c := &counter{r: raw}
	rc, err = w.zipMethod(f.Method, c)
	return &summed{ReadCloser: rc, sum: crc32.NewIEEE(), want: f.CRC32, size: int64(min(f.UncompressedSize64, 1<<62)), rest: c}, c.count, err
}

// Methods that zip programs write besides those of archive/zip (APPNOTE.TXT
// 6.3.10, 4.4.5).
const (
	methodBzip2 = 12
	methodZstd  = zstd.ZipMethodWinZip
)

// zipMethod undoes what an entry was compressed with.
func (w *walk) zipMethod(method uint16, r io.Reader) (io.ReadCloser, error) {
	switch method {
	case zip.Store:
		return io.NopCloser(r), nil
	case zip.Deflate:
		return w.stock.inflate(r), nil
	case methodBzip2:
		return io.NopCloser(bzip2.NewReader(r)), nil
	case methodZstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, torn(err)
		}
		return z.IOReadCloser(), nil
	}
	return nil, ErrUnsupported
}

// directorySize returns the size of a zip's central directory as its end record
// tells it.
func directorySize(r io.ReaderAt, size int64) (int64, bool) {
	const record = 22
	tail := make([]byte, min(size, record+64<<10))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, false
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < record {
		return 0, false
	}
	n := int64(binary.LittleEndian.Uint32(tail[i+12:]))
	if n == 1<<32-1 { // in the zip64 record, and at least so large
		return n, true
	}
	return n, true
}

// localHeader is the fixed part of what stands before an entry's bytes.
const localHeader = 30

// zipSequential reads the entries of a zip whose central directory is missing
// or too large, one after the other from its beginning. It always says that the
// archive was not read as it is meant to be.
func (w *walk) zipSequential(p place, r io.Reader) error {
	z := &zipStream{r: newBuffered(r)}
	for {
		e, err := z.next()
		if errors.Is(err, io.EOF) {
			return errNoDirectory
		}
		if err != nil {
			return err
		}
		name := "/" + strings.TrimPrefix(entryName(e.name), "/")
		if e.err != nil {
			w.visitor.Gap(p.in(name).inner, e.err)
			if e.lost {
				return errNoDirectory
			}
			continue
		}
		if strings.HasSuffix(e.name, "/") {
			continue
		}
		if err := w.child(p, name, tornReader(e.r), e.made); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, &meter{w: w, r: e.r}); err != nil {
			return errNoDirectory // where the next entry begins cannot be told
		}
	}
}
