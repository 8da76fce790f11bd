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
		p := weight(text[i]) * weight(text[i+1]) * weight(text[i+2]) * habit(text[i:i+3])
		if p <= best {
			best, at = p, i
		}
	}
	return at
}

// habit is about how much more often bytes stand side by side in source code
// than their weights say, counted for each three in the Go module cache: words
// are common, and a sign or a capital inside of one is not.
func habit(text string) float64 {
	more := 1.0
	for i := range len(text) - 2 {
		more *= habitOf(text[i], text[i+1], text[i+2])
	}
	return more
}

func habitOf(a, b, c byte) float64 {
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

// markSize is how many bytes a fingerprint has.
const markSize = 4

// bucket is the fingerprints that share one bit: for each of their bytes, the
// low and high nibbles that occur in it; all high ones for the third and the
// fourth, which the kernel does not look at. A bucket also lets through mixtures
// of its members.
type bucket struct{ low, high [markSize]uint16 }

func bucketOf(mark uint32) (b bucket) {
	for k := range markSize {
		c := mark >> (8 * k) & 0xff
		b.low[k] = 1 << (c & 15)
		b.high[k] = 1 << (c >> 4)
	}
	b.high[2], b.high[3] = 0x00ff, 0x00ff // of ASCII
	return b
}

func (b bucket) merge(o bucket) bucket {
	for k := range markSize {
		b.low[k] |= o.low[k]
		b.high[k] |= o.high[k]
	}
	return b
}

// load is about how often four bytes of text pass the bucket, in 10^-12.
func (b bucket) load() float64 {
	p := 1.0
	for k := range markSize {
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

// commonLoad is how often each of commonText occurs, about, in 10^-12.
const commonLoad = 5e8

// commonText is four bytes each that source code and prose are full of, more
// than their letters tell, counted in the Go module cache.
var commonText = []string{
	"tion", "type", "turn", "etur", "retu", "alue", "ring", "trin", "atio", "ype\"", "valu", "stri", "urn ", "func", "ield", "rror", "ing ", "err ",
	" nil", "ions", "ptio", "eque", "unc ", " str", "uest", "ques", "for ", "name", "ogle", "oogl", "ader", "eade", "requ", " int", "port", "erro",
	"test", "elds", "ject", " res", "Fiel", "http", "spon", "espo", "onse", "byte", "scri", " con", "pons", "uint", "onst", "ment", "crip", "ript",
	"cati", "sion", "ted ", "Name", "escr", " req", "onte", "nter", "text", "ype ", "and ", "aram", "with", "Erro", "code", "Word", "desc", "inte",
	"ctio", "call", "the ", "The ", "Head", "json", "able", "Type", "cons", "rati", "Resp", "vice", "Requ", "Cont", "0x00", "0x10", "x000", "rete",
	"cred", "read", "ered", "ires", "ared", "Time", "ETE ", "TEST", "ATTE", "ASSE",
}

// lets reports whether the bucket lets four bytes through.
func (b bucket) lets(text string) bool {
	for k := range markSize {
		if c := text[k]; b.low[k]>>(c&15)&1 == 0 || b.high[k]>>(c>>4)&1 == 0 {
			return false
		}
	}
	return true
}

// common returns what a bucket lets through of it.
func (b bucket) common() float64 {
	sum := 0.0
	for _, text := range commonText {
		if b.lets(text) {
			sum += commonLoad
		}
	}
	return sum
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
	commons := make([]float64, buckets)
	bs = make([]bucket, buckets)
	rebuild := func(k int) {
		bs[k] = bucket{}
		for _, i := range members[k] {
			bs[k] = bs[k].merge(bucketOf(markAt(texts[i], at[i])))
		}
		loads[k] = bs[k].load()
		commons[k] = bs[k].common()
	}
	put := func(i int) {
		best := math.Inf(1)
		for p := range len(texts[i]) - markSize + 1 {
			b := bucketOf(markAt(texts[i], p))
			own := b.load() * habit(texts[i][p:p+markSize])
			for k := range bs {
				// A bucket of one lets through that alone, which habits know better.
				cost := max(bs[k].merge(b).load()-loads[k], 0)
				if len(members[k]) == 0 {
					cost = 0
				}
				if cost += own; cost < best {
					cost += bs[k].merge(b).common() - commons[k]
				}
				if cost < best {
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
	return uint32(text[at]) | uint32(text[at+1])<<8 | uint32(text[at+2])<<16 | uint32(text[at+3])<<24
}
