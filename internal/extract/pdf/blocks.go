package pdf

import (
	"bytes"
	"errors"
	"io"
)

// blocks reads a file in blocks and keeps those it read last: objects that are
// used together stand together.
type blocks struct {
	r    io.ReaderAt
	size int64
	held [16]block
	tick int
	err  error // the first failure to read, which is not the document's fault
}

type block struct {
	no   int64 // plus one: zero is none
	used int
	b    []byte
}

const blockSize = 64 << 10

// block returns block no; what could not be read is missing at its end.
func (f *blocks) block(no int64) []byte {
	f.tick++
	oldest := &f.held[0]
	for i := range f.held {
		h := &f.held[i]
		if h.no == no+1 {
			h.used = f.tick
			return h.b
		}
		if h.used < oldest.used {
			oldest = h
		}
	}
	if cap(oldest.b) == 0 {
		oldest.b = make([]byte, blockSize)
	}
	n, err := f.r.ReadAt(oldest.b[:blockSize], no*blockSize)
	if err != nil && !errors.Is(err, io.EOF) && f.err == nil {
		f.err = err
	}
	oldest.b = oldest.b[:n]
	oldest.no, oldest.used = no+1, f.tick
	return oldest.b
}

// ReadAt implements io.ReaderAt.
func (f *blocks) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at < 0 || at >= f.size {
			return n, io.EOF
		}
		b := f.block(at / blockSize)
		i := int(at % blockSize)
		if i >= len(b) {
			if f.err != nil {
				return n, f.err
			}
			return n, io.ErrUnexpectedEOF
		}
		n += copy(p[n:], b[i:])
	}
	return n, nil
}

// read returns up to n bytes at off.
func (f *blocks) read(off int64, n int) []byte {
	p := make([]byte, n)
	got, _ := f.ReadAt(p, off) // a failure is kept in err
	return p[:got]
}

func (f *blocks) section(off, n int64) *io.SectionReader { return io.NewSectionReader(f, off, n) }

// find returns how far behind off a word begins, -1 if it does not occur.
func (f *blocks) find(off int64, word []byte) int64 {
	var carry []byte
	for at := off; at < f.size; {
		b := f.block(at / blockSize)
		i := int(at % blockSize)
		if i >= len(b) {
			return -1
		}
		b = b[i:]
		joined := append(carry, b...)
		if i := bytes.Index(joined, word); i >= 0 {
			return at - off - int64(len(carry)) + int64(i)
		}
		at += int64(len(b))
		keep := min(len(joined), len(word)-1)
		carry = bytes.Clone(joined[len(joined)-keep:])
	}
	return -1
}

// free clears what is held.
func (f *blocks) free() {
	for i := range f.held {
		clear(f.held[i].b[:cap(f.held[i].b)])
		f.held[i] = block{}
	}
}
