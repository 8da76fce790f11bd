package anchor

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
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
		p := weight(text[i]) * weight(text[i+1]) * weight(text[i+2]) * habit(text[i], text[i+1], text[i+2])
		if p <= best {
			best, at = p, i
		}
	}
	return at
}

// habit is about how much more often three bytes stand side by side in source
// code than their weights say, counted in the Go module cache: words are common,
// and a sign or a capital inside of one is not.
func habit(a, b, c byte) float64 {
	switch kind(a) + kind(b) + kind(c) {
	case "AAA":
		return 30
	case "Aaa", "a0-":
		return 5
	case "aaa":
		return 1
	case "aAa", "aaA", "aAA":
		return 0.02
	case "a-a":
		return 0.003
	case "-aa":
		return 0.03
	case "aa-":
		return 0.2
	case "a-A", "-aA", "-Aa":
		return 0.05
	case "A-A":
		return 1.5
	}
	return 0.5
}

// kind maps a byte to one of its kind.
func kind(c byte) string {
	switch {
	case c >= 'a' && c <= 'z':
		return "a"
	case c >= 'A' && c <= 'Z':
		return "A"
	case c >= '0' && c <= '9':
		return "0"
	}
	return "-"
}

// weights is weight by byte, for ASCII.
var weights = func() (w [128]float64) {
	for c := range w {
		w[c] = weight(byte(c))
	}
	return w
}()

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
				sum += weights[bits.TrailingZeros16(high)<<4|bits.TrailingZeros16(low)]
			}
		}
		p *= sum
	}
	return p
}

// choose picks for each text the offset of its fingerprint and a bucket for it,
// so that the buckets together let little other text through. It puts the texts
// in one by one, where they add least, and then tries each again among the
// others until nothing gets better.
func choose(texts []string) (at []int, bs []bucket) {
	at = make([]int, len(texts))
	in := make([]int, len(texts)) // bucket of each
	members := make([][]int, buckets)
	loads := make([]float64, buckets)
	bs = make([]bucket, buckets)
	rebuild := func(k int) {
		bs[k] = bucket{}
		for _, i := range members[k] {
			bs[k] = bs[k].merge(bucketOf(markAt(texts[i], at[i])))
		}
		loads[k] = bs[k].load()
	}
	put := func(i int) {
		best := math.Inf(1)
		for p := range len(texts[i]) - 2 {
			b := bucketOf(markAt(texts[i], p))
			own := habit(texts[i][p], texts[i][p+1], texts[i][p+2])
			for k := range bs {
				// A bucket of one lets through that alone, which habits know better.
				cost := bs[k].merge(b).load() - loads[k]
				if len(members[k]) == 0 {
					cost = b.load() * own
				}
				if cost += 1e-3 * b.load() * own; cost < best {
					best, at[i], in[i] = cost, p, k
				}
			}
		}
		members[in[i]] = append(members[in[i]], i)
		rebuild(in[i])
	}
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(texts[a]), len(texts[b])) })
	for _, i := range order {
		put(i)
	}
	for range 3 {
		for _, i := range order {
			k := in[i]
			members[k] = slices.DeleteFunc(members[k], func(m int) bool { return m == i })
			rebuild(k)
			put(i)
		}
	}
	return at, bs
}

func markAt(text string, at int) uint32 {
	return uint32(text[at]) | uint32(text[at+1])<<8 | uint32(text[at+2])<<16
}
