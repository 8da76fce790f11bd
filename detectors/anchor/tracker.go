//go:build amd64 && !purego

package anchor

import "math/bits"

// edge is how many base64 characters at an end of a block make the kernel
// report it. The longer part of a run that two blocks share is not shorter.
const edge = 16

// tracker finds exact runs in the bit masks of the blocks that the kernel
// reports, in order. Its work for a block is bounded.
type tracker struct {
	set  *Set
	from int // where the hits of this scan begin
	next int // offset behind the last block
	open int // base64 characters at the end of that block, from the beginning of their run
}

// settled is an open count that no run adds up to.
const settled = 1 << 32

// block inserts the exact runs that end in the block at b[off:], and those that
// end behind it unless the next block is the one that follows it (joined).
func (t *tracker) block(hits []Hit, b []byte, off int, mask uint64, joined bool) []Hit {
	run := t.set.run
	head := bits.TrailingZeros64(^mask)
	if off != t.next {
		t.open = 0
		if head >= edge {
			t.open = backward(b, off, edge)
		}
	}
	t.next = off + blockSize
	if head == blockSize {
		t.open = settled // longer than any exact run
		return hits
	}
	if t.open+head == run {
		hits = t.set.runAt(hits, t.from, b, off-t.open)
	}
	if start := inner(mask, run); start > 0 {
		hits = t.set.runAt(hits, t.from, b, off+start)
	}
	t.open = bits.LeadingZeros64(^mask)
	if !joined && t.open >= edge {
		if t.open+forward(b, off+blockSize, run) == run {
			hits = t.set.runAt(hits, t.from, b, t.next-t.open)
		}
		t.open = settled
	}
	return hits
}

// inner returns the index of the run of exactly so many ones in mask that has
// zeros on both sides, 0 if there is none. There is room for one.
func inner(mask uint64, run int) int {
	m := mask & (mask >> 1)
	m &= m >> 2
	m &= m >> 4
	m &= m >> 8
	m &= m >> 16
	m &= m >> (run - 32)
	if m == 0 {
		return 0
	}
	start := bits.TrailingZeros64(m)
	if end := start + bits.TrailingZeros64(^(mask >> start)); end == blockSize || end-start != run {
		return 0
	}
	return start
}

// backward counts the base64 characters before b[i:], at most limit.
func backward(b []byte, i, limit int) int {
	n := 0
	for n < limit && n < i && base64Chars[b[i-1-n]] {
		n++
	}
	return n
}

// forward counts the base64 characters in b[i:], at most limit.
func forward(b []byte, i, limit int) int {
	n := 0
	for n < limit && i+n < len(b) && base64Chars[b[i+n]] {
		n++
	}
	return n
}
