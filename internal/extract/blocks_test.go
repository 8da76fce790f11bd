package extract

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// countingAt counts what it is asked.
type countingAt struct {
	io.ReaderAt
	asked int
}

func (c *countingAt) ReadAt(p []byte, off int64) (int, error) {
	c.asked++
	return c.ReaderAt.ReadAt(p, off)
}

// TestBlocks: what is read through blocks is what stands there.
func TestBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")
		c := NewBlocks(bytes.NewReader(b), rapid.IntRange(1, 50).Draw(t, "size"), rapid.IntRange(1, 4).Draw(t, "keep"))
		for range rapid.IntRange(1, 30).Draw(t, "reads") {
			off, n := rapid.Int64Range(0, 400).Draw(t, "off"), rapid.IntRange(0, 120).Draw(t, "n")
			want, got := make([]byte, n), make([]byte, n)
			wn, werr := bytes.NewReader(b).ReadAt(want, off)
			gn, gerr := c.ReadAt(got, off)
			if n > 0 && (wn != gn || !bytes.Equal(want, got) || errors.Is(werr, io.EOF) != errors.Is(gerr, io.EOF)) {
				t.Fatalf("at %d: %d bytes, %v, want %d, %v", off, gn, gerr, wn, werr)
			}
		}
	})
}

// TestBlocksAsk: what is read byte by byte is asked for once a block.
func TestBlocksAsk(t *testing.T) {
	at := &countingAt{ReaderAt: bytes.NewReader(make([]byte, 1<<20))}
	c := NewBlocks(at, 64<<10, 4)
	for off := int64(0); off < 1<<20; off += 512 {
		if _, err := c.ReadAt(make([]byte, 512), off); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ReadAt(make([]byte, 4), 0); err != nil { // a table that is looked at again and again
			t.Fatal(err)
		}
	}
	if at.asked != 16 {
		t.Errorf("%d questions for 16 blocks", at.asked)
	}
}
