package smb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"mislaid/internal/smb2"
	"mislaid/sources"
)

// body is an open file, or a range of one. A file that fits into one answer is
// opened, read and closed in one round trip; a larger one is read a chunk ahead.
type body struct {
	src   *Source
	ctx   context.Context
	stop  context.CancelFunc
	share string
	path  string
	id    string
	info  smb2.Info // as it stood when it was opened

	have   []byte // read from the server and not yet asked for
	off    int64  // of what follows have
	end    int64  // where reading ends
	buf    *[]byte
	ahead  chan chunk // the next chunk, when one is on its way
	pin    *link
	tree   *smb2.Tree // that file is open on
	file   *smb2.File
	closed bool
}

type chunk struct {
	buf *[]byte
	n   int
	err error
}

// chunkSize is how many bytes are asked for at once.
const chunkSize = 1 << 20

// smallSize is the buffer for files of which no size is known, in bytes.
const smallSize = 64 << 10

var (
	chunks = sync.Pool{New: func() any { b := make([]byte, chunkSize); return &b }}
	smalls = sync.Pool{New: func() any { b := make([]byte, smallSize); return &b }}
)

func getBuffer(n int64) *[]byte {
	pool := &chunks
	if n <= smallSize {
		pool = &smalls
	}
	b, _ := pool.Get().(*[]byte)
	return b
}

func putBuffer(b *[]byte) {
	switch {
	case b == nil:
	case len(*b) == chunkSize:
		chunks.Put(b)
	default:
		smalls.Put(b)
	}
}

// Open opens a file, or n bytes of it from off.
func (s *Source) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if off < 0 {
		return nil, fmt.Errorf("smb: %s: negative offset", it.ID)
	}
	r, path, err := s.locate(it.Container, it.ID)
	if err != nil {
		return nil, err
	}
	b := &body{src: s, share: r.share, path: path, id: it.ID, off: off, end: 1<<63 - 1}
	if n >= 0 && off+n >= off {
		b.end = off + n
	}
	b.ctx, b.stop = context.WithCancel(ctx)
	if err := b.open(it); err != nil {
		b.discard()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return b, nil
}

// open opens the file and reads its first chunk.
func (b *body) open(it sources.Item) error {
	want := int64(smallSize)
	if it.Attr.Size >= 0 {
		want = max(0, it.Attr.Size-b.off)
	}
	want = min(want, b.end-b.off, chunkSize)
	keep := it.Attr.Size < 0 || b.end-b.off > want && it.Attr.Size-b.off > want
	b.buf = getBuffer(want)
	var n int
	if err := b.src.wait(b.ctx); err != nil {
		return err
	}
	err := b.src.atOn(b.ctx, b.share, b.path, &b.pin, func(ctx context.Context, t *smb2.Tree, path string) (err error) {
		keep := keep || want > int64(t.MostRead())
		b.file, n, err = t.Open(ctx, path, 0, (*b.buf)[:want], b.off, keep)
		b.tree = t
		if err != nil && b.file != nil {
			b.info = b.file.Info
			_ = b.file.Close()
		}
		return err
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("smb: open %s: %w", b.id, sentinel(err))
	}
	b.info = b.file.Info
	if b.info.Index == 0 { // this server tells the number in listings alone
		b.info.Index = indexIn(it.Attr.Version)
	}
	if it.Attr.Version != "" && it.Attr.Version != version(b.info) {
		return fmt.Errorf("smb: %s: %w", b.id, sources.ErrChanged)
	}
	b.end = min(b.end, b.info.Size)
	b.have = (*b.buf)[:n]
	b.off += int64(n)
	if errors.Is(err, io.EOF) || n == 0 && want > 0 {
		b.end = b.off
	}
	if b.off < b.end {
		b.readAhead()
	}
	return nil
}

// same reports whether two answers are about the same version of a file. Not
// every answer has the number of the file.
func same(a, b smb2.Info) bool {
	if a.Index == 0 || b.Index == 0 {
		a.Index, b.Index = 0, 0
	}
	return version(a) == version(b)
}

// indexIn returns the number of the file in a version, 0 if there is none.
func indexIn(version string) uint64 {
	n, _ := strconv.ParseUint(version[strings.LastIndexByte(version, '-')+1:], 16, 64)
	return n
}

// readAhead asks for the next chunk.
func (b *body) readAhead() {
	b.ahead = make(chan chunk, 1)
	off, want := b.off, min(b.end-b.off, chunkSize)
	go func() {
		c := chunk{buf: getBuffer(want)}
		c.n, c.err = b.readAt((*c.buf)[:want], off)
		b.ahead <- c
	}()
}

// readAt reads from the open file, which it opens again after a lost
// connection, provided it is still the same version.
func (b *body) readAt(p []byte, off int64) (n int, err error) {
	if err := b.src.wait(b.ctx); err != nil {
		return 0, err
	}
	err = b.src.atOn(b.ctx, b.share, b.path, &b.pin, func(ctx context.Context, t *smb2.Tree, path string) error {
		if b.file == nil || b.tree != t {
			f, _, err := t.Open(ctx, path, 0, nil, 0, true)
			if err != nil {
				return err
			}
			b.file, b.tree = f, t
			if !same(b.info, f.Info) {
				return sources.ErrChanged
			}
		}
		n, err = b.file.ReadAt(ctx, p, off)
		if status, _ := smb2.StatusOf(err); status == smb2.StatusFileClosed || status == smb2.StatusInvalidHandle {
			b.file = nil
		}
		return err
	})
	return n, err
}

// Attr says how the file stood when it was opened.
func (b *body) Attr() sources.Attr { return attr(b.info) }

// Read reads on. It returns the context's error once that is done.
func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil && !b.closed {
		return 0, err
	}
	switch {
	case b.closed:
		return 0, fmt.Errorf("smb: %s: %w", b.id, fs.ErrClosed)
	case len(p) == 0:
		return 0, nil
	case len(b.have) == 0 && b.ahead == nil:
		return 0, io.EOF
	case len(b.have) == 0:
		if err := b.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.have)
	b.have = b.have[n:]
	if len(b.have) == 0 && b.ahead == nil {
		return n, io.EOF // saves a call for each small file
	}
	return n, nil
}

// next takes the chunk that was read ahead.
func (b *body) next() error {
	var c chunk
	select {
	case c = <-b.ahead:
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
	b.ahead = nil
	putBuffer(b.buf)
	b.buf = c.buf
	b.have = (*c.buf)[:c.n]
	b.off += int64(c.n)
	switch {
	case b.ctx.Err() != nil:
		return b.ctx.Err()
	case errors.Is(c.err, io.EOF) || c.err == nil && c.n == 0:
		return io.EOF // it was cut short
	case c.err != nil:
		return fmt.Errorf("smb: read %s: %w", b.id, sentinel(c.err))
	}
	if b.off < b.end {
		b.readAhead()
	}
	return nil
}

// Changed asks the server how the file at the path stands now.
func (b *body) Changed() (bool, error) {
	if b.closed {
		return false, fmt.Errorf("smb: %s: %w", b.id, fs.ErrClosed)
	}
	var now smb2.Info
	err := b.src.at(b.ctx, b.share, b.path, func(ctx context.Context, t *smb2.Tree, path string) (err error) {
		now, err = t.Stat(ctx, path, 0)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("smb: %s: %w", b.id, sentinel(err))
	}
	return !same(b.info, now), nil
}

// Close closes the file. A second Close is an error and harms nothing.
func (b *body) Close() error {
	if b.closed {
		return fmt.Errorf("smb: %s: %w", b.id, fs.ErrClosed)
	}
	b.discard()
	return nil
}

// discard ends what is under way and gives everything back.
func (b *body) discard() {
	b.closed = true
	b.stop()
	if b.ahead != nil {
		c := <-b.ahead // its call ends with the context
		putBuffer(c.buf)
	}
	putBuffer(b.buf)
	b.have, b.buf = nil, nil
	if b.file != nil {
		_ = b.file.Close() // nothing was written, and a dead connection has closed it
	}
}
