package extract

import (
	"errors"
	"io"
)

// A Blocks reads what is read at random in blocks, and keeps some: readers of
// archives and databases ask for a few bytes at a time, here and there, and every
// question may go to a server. It belongs to one goroutine.
type Blocks struct {
	at     io.ReaderAt
	size   int64 // of a block, in bytes
	blocks []block
	clock  uint64
}

type block struct {
	n    int64 // number of the block
	used uint64
	b    []byte
	err  error // what reading it ended with: io.EOF for the last one
}

// NewBlocks returns a Blocks that keeps up to keep blocks of size bytes of at.
func NewBlocks(at io.ReaderAt, size, keep int) *Blocks {
	return &Blocks{at: at, size: int64(size), blocks: make([]block, 0, keep)}
}

// ReadAt implements io.ReaderAt.
func (c *Blocks) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("a negative offset")
	}
	n := 0
	for n < len(p) {
		b := c.block((off + int64(n)) / c.size)
		from := (off + int64(n)) % c.size
		if from < int64(len(b.b)) {
			n += copy(p[n:], b.b[from:])
			continue
		}
		if b.err != nil {
			return n, b.err
		}
		return n, io.EOF
	}
	return n, nil
}

// block returns the nth block. One that could not be read is not kept.
func (c *Blocks) block(n int64) *block {
	c.clock++
	oldest := 0
	for i := range c.blocks {
		if c.blocks[i].n == n {
			c.blocks[i].used = c.clock
			return &c.blocks[i]
		}
		if c.blocks[i].used < c.blocks[oldest].used {
			oldest = i
		}
	}
	if len(c.blocks) < cap(c.blocks) {
		oldest = len(c.blocks)
		c.blocks = append(c.blocks, block{})
	}
	b := &c.blocks[oldest]
	if b.b == nil {
		b.b = make([]byte, c.size)
	}
	b.b = b.b[:c.size]
	got, err := c.at.ReadAt(b.b, n*c.size)
	*b = block{n: n, used: c.clock, b: b.b[:max(got, 0)], err: err}
	if err != nil && !errors.Is(err, io.EOF) {
		b.n = -1
	}
	return b
}

// Forget clears what is kept.
func (c *Blocks) Forget() {
	for i := range c.blocks {
		clear(c.blocks[i].b[:cap(c.blocks[i].b)])
		c.blocks[i].n = -1
	}
}
