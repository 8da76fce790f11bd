//go:build amd64 && !purego

package anchor

import (
	"math/bits"

	"golang.org/x/sys/cpu"
)

const (
	blockSize  = 64
	narrowLook = 3       // bytes behind a block that scanNarrow reads
	wideLook   = 6       // bytes behind a block that scanWide reads
	span       = 1 << 18 // bytes that one kernel call may take: the scheduler cannot interrupt it
	pad        = 0xff    // no literal has it, and it is neither base64, newline nor NUL
)

// block is what a kernel reports of 64 bytes in which there may be something.
type block struct {
	off    uint64 // offset of the first byte
	marks  uint64 // bit i: a fingerprint may stand at byte i
	base64 uint64 // bit i: byte i is a base64 character
}

// kernelScratch is what the assembly path needs.
type kernelScratch struct {
	blocks [128]block
	tail   [2*blockSize + wideLook]byte
}

func hasKernel() bool { return cpu.X86.HasAVX2 }

// scanNarrow goes through p[:n] by 64-byte blocks as long as a block and the 3
// bytes behind it are there, and max > 0 reports are not yet made. It returns
// how many it made (none for a block that is base64 throughout and has no
// fingerprint), the offset of the first byte that is not done, and of the
// bytes done the newlines and whether (non-zero) one is NUL.
//
//go:noescape
func scanNarrow(p *byte, n int, t *tables, out *block, max int) (count, next, newlines, nul int)

// scanWide does the same for fingerprints of UTF-16, with 6 bytes behind a
// block. It leaves base64 zero.
//
//go:noescape
func scanWide(p *byte, n int, t *tables, out *block, max int) (count, next int)

// scanKernel is Scan by the assembly kernels.
func (sc *Scanner) scanKernel(dst []Hit, b []byte) ([]Hit, int) {
	s, from := sc.set, len(dst)
	runs := newTracker(s, from)
	newlines, nuls := 0, 0
	for base := 0; base < len(b); {
		in := sc.piece(b[base:], narrowLook)
		count, next, lines, nul := scanNarrow(&in[0], len(in), &s.tables, &sc.blocks[0], len(sc.blocks))
		newlines += lines
		nuls |= nul
		for i := range sc.blocks[:count] {
			x := &sc.blocks[i]
			off := base + int(x.off)
			for m := x.marks; m != 0; m &= m - 1 {
				dst = s.literalsAt(dst, from, b, off+bits.TrailingZeros64(m))
			}
			if off != runs.next && runs.nothing(x.base64) {
				continue
			}
			if s.run > 0 {
				joined := i+1 < count && sc.blocks[i+1].off == x.off+blockSize
				dst = runs.block(dst, b, off, x.base64, joined)
			}
			if s.long > 0 {
				dst = runs.longRuns(dst, b, off, x.base64)
			}
		}
		base += next
	}
	if nuls != 0 && len(s.literals) > 0 {
		sc.side = sc.scanWide(sc.side[:0], b)
		dst = merge(dst, from, sc.side)
	}
	clear(sc.tail[:])
	return dst, newlines
}

// scanWide appends the literals written as UTF-16.
func (sc *Scanner) scanWide(hits []Hit, b []byte) []Hit {
	s := sc.set
	for base := 0; base < len(b); {
		in := sc.piece(b[base:], wideLook)
		count, next := scanWide(&in[0], len(in), &s.tables, &sc.blocks[0], len(sc.blocks))
		for i := range sc.blocks[:count] {
			x := &sc.blocks[i]
			for m := x.marks; m != 0; m &= m - 1 {
				hits = s.wideAt(hits, 0, b, base+int(x.off)+bits.TrailingZeros64(m))
			}
		}
		base += next
	}
	return hits
}

// piece returns what the next kernel call is given of b: the beginning, or a
// padded copy when less is left than a block and the look bytes behind it.
func (sc *Scanner) piece(b []byte, look int) []byte {
	if len(b) >= blockSize+look {
		return b[:min(len(b), span)]
	}
	n := copy(sc.tail[:], b)
	for i := n; i < len(sc.tail); i++ {
		sc.tail[i] = pad
	}
	blocks := (n + blockSize - 1) / blockSize
	return sc.tail[:blocks*blockSize+look]
}
