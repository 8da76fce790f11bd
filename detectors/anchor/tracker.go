//go:build amd64 && !purego

package anchor

import "math/bits"

// tracker finds exact runs in the bit masks of the blocks that the kernel
// reports, in order. Its work for a block is bounded.
type tracker struct {
	set  *Set
	from int // where the hits of this scan begin
	next int // offset behind the last block
	open int // base64 characters at the end of that block, from the beginning of their run

	longTo int // where the long run ends that was found last, as far as it was seen; -1 none

	least int // characters of a run that a block must hold if the run is to be noticed there
	whole int // characters of the shortest run of interest
}

func newTracker(s *Set, from int) tracker {
	t := tracker{set: s, from: from, next: -1, longTo: -1, whole: max(s.long-1, 0)} // a long run may be one shorter, before '='
	if s.run > 0 && (s.long == 0 || s.run < t.whole) {
		t.whole = s.run
	}
	t.least = t.whole / 2
	return t
}

// nothing reports whether a block tells nothing of runs that its neighbours do
// not tell, unless it follows one that did: it holds no whole run, and no half of
// one at either end. Most runs in source text are words and short paths.
func (t *tracker) nothing(mask uint64) bool {
	return t.whole == 0 || bits.TrailingZeros64(^mask) < t.least && bits.LeadingZeros64(^mask) < t.least && ones(mask, t.whole) == 0
}

// settled is an open count that no run adds up to.
const settled = 1 << 32

// block inserts the exact runs that end in the block at b[off:], and those that
// end behind it unless the next block is the one that follows it (joined).
func (t *tracker) block(hits []Hit, b []byte, off int, mask uint64, joined bool) []Hit {
	run := t.set.run
	head := bits.TrailingZeros64(^mask)
	half := (run + 1) / 2 // at least so much of a run lies in one block
	if off != t.next {
		if !joined && ones(mask, half) == 0 {
			return hits
		}
		t.open = 0 // or base64 throughout: either way a short head makes no run
		if head >= half {
			t.open = backward(b, off, run)
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
	if !joined && t.open >= half {
		if t.open+forward(b, off+blockSize, run) == run {
			hits = t.set.runAt(hits, t.from, b, t.next-t.open)
		}
		t.open = settled
	}
	return hits
}

// longRuns inserts the long runs of which the block at b[off:] is the first that
// holds half as many characters as a long run has.
func (t *tracker) longRuns(hits []Hit, b []byte, off int, mask uint64) []Hit {
	if t.longTo == off { // it goes on
		head := bits.TrailingZeros64(^mask)
		if head == blockSize {
			t.longTo = off + blockSize
			return hits
		}
		mask &^= 1<<head - 1
		t.longTo = -1
	}
	long := t.set.long
	for rest := ones(mask, long/2); rest != 0; {
		i := bits.TrailingZeros64(rest)
		n := bits.TrailingZeros64(^(mask >> i))
		start, end := off+i, off+i+n
		if i == 0 {
			start -= backward(b, off, long)
		}
		size := end - start
		if i+n == blockSize && size < long {
			size += forward(b, end, long-size)
		}
		if t.set.isLong(b, start, size) {
			hits = insert(hits, t.from, Hit{Off: start, ID: t.set.longID()})
		}
		if i+n == blockSize {
			t.longTo = end // whatever it is, its end is no run of its own
			break
		}
		rest &^= 1<<(i+n) - 1
	}
	return hits
}

// inner returns the index of the run of exactly so many ones in mask that has
// zeros on both sides, 0 if there is none. There is room for one.
func inner(mask uint64, run int) int {
	m := ones(mask, run)
	if m == 0 {
		return 0
	}
	start := bits.TrailingZeros64(m)
	if end := start + bits.TrailingZeros64(^(mask >> start)); end == blockSize || end-start != run {
		return 0
	}
	return start
}

// ones returns mask with only those bits left from which n ones stand in a row
// upwards; n is 16 to 64.
func ones(mask uint64, n int) uint64 {
	for k := 1; k <= 8; k *= 2 {
		mask &= mask >> k
	}
	if n > 32 {
		mask &= mask >> 16
		n -= 16
	}
	return mask & (mask >> (n - 16))
}

// backward counts the base64 characters before b[i:], at most limit.
func backward(b []byte, i, limit int) int {
	n := 0
	for n < limit && n < i && base64Bit[b[i-1-n]] != 0 {
		n++
	}
	return n
}

// forward counts the base64 characters in b[i:], at most limit.
func forward(b []byte, i, limit int) int {
	n := 0
	for n < limit && i+n < len(b) && base64Bit[b[i+n]] != 0 {
		n++
	}
	return n
}
