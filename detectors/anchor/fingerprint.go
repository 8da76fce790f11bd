package anchor

import (
	"math"
	"math/bits"
	"strings"
)

// buckets is how many sets of fingerprints the kernel tells apart: one for each
// bit of a byte.
const buckets = 8

// rarest returns the offset of the three neighbouring bytes of text that are
// least likely in source code and prose; of equals the last.
func rarest(text string) int {
	best, at := math.Inf(1), 0
	for i := range len(text) - 2 {
		p := weight(text[i]) * weight(text[i+1]) * weight(text[i+2])
		if p <= best {
			best, at = p, i
		}
	}
	return at
}

// weight is about how often a byte occurs among 1,000 bytes of text or source
// code. Only the order of magnitude matters.
func weight(c byte) float64 {
	switch {
	case c == ' ':
		return 120
	case strings.IndexByte("etaoinsr", c) >= 0:
		return 50
	case strings.IndexByte("lcdupmfgh", c) >= 0:
		return 20
	case c >= 'a' && c <= 'z':
		return 8
	case c >= '0' && c <= '9', c == '\t', c == '\n', c == '/', c == '.', c == '_', c == '-', c == '(', c == ')', c == ',':
		return 10
	case strings.IndexByte("JKQXZ", c) >= 0:
		return 1
	case c >= 'A' && c <= 'Z':
		return 3
	case c > 0x20 && c < 0x7f:
		return 4
	}
	return 0.5
}

// bucket is the fingerprints that share one bit: for each of the three bytes,
// the low and high nibbles that occur in it; all high ones for the third, which
// the kernel does not look at. A bucket also lets through mixtures of its
// members.
type bucket struct{ low, high [3]uint16 }

func bucketOf(mark uint32) (b bucket) {
	for k := range 3 {
		c := mark >> (8 * k) & 0xff
		b.low[k] = 1 << (c & 15)
		b.high[k] = 1 << (c >> 4)
	}
	b.high[2] = 0x00ff // of ASCII
	return b
}

func (b bucket) merge(o bucket) bucket {
	for k := range 3 {
		b.low[k] |= o.low[k]
		b.high[k] |= o.high[k]
	}
	return b
}

// load is about how often three bytes of text pass the bucket, in 10^-9.
func (b bucket) load() float64 {
	p := 1.0
	for k := range 3 {
		sum := 0.0
		for low := b.low[k]; low != 0; low &= low - 1 {
			for high := b.high[k]; high != 0; high &= high - 1 {
				sum += weight(byte(bits.TrailingZeros16(high)<<4 | bits.TrailingZeros16(low)))
			}
		}
		p *= sum
	}
	return p
}

// pack puts fingerprints into at most eight buckets. While there are more, it
// merges the two whose union lets the least additional text through.
func pack(marks []uint32) []bucket {
	var bs []bucket
	seen := make(map[uint32]bool, len(marks))
	for _, m := range marks {
		if !seen[m] {
			seen[m] = true
			bs = append(bs, bucketOf(m))
		}
	}
	for len(bs) > buckets {
		best, x, y := math.Inf(1), 0, 1
		for i := range bs {
			for j := i + 1; j < len(bs); j++ {
				cost := bs[i].merge(bs[j]).load() - bs[i].load() - bs[j].load()
				if cost < best {
					best, x, y = cost, i, j
				}
			}
		}
		bs[x] = bs[x].merge(bs[y])
		bs[y] = bs[len(bs)-1]
		bs = bs[:len(bs)-1]
	}
	return bs
}
