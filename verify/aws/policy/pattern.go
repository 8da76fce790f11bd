package policy

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Pattern is a shape of strings with * (any run) and ? (any one character). The
// zero Pattern is the empty string alone.
type Pattern struct{ steps []step }

// step is one byte, any one byte, or any run of bytes.
type step struct {
	kind stepKind
	c    byte
}

type stepKind uint8

const (
	aByte stepKind = iota
	anyByte
	anyRun
)

// anything matches every string.
var anything = Glob("*")

// Glob returns the pattern that s is.
func Glob(s string) Pattern {
	var p Pattern
	for i := range len(s) {
		switch s[i] {
		case '*':
			p.star()
		case '?':
			p.steps = append(p.steps, step{kind: anyByte})
		default:
			p.steps = append(p.steps, step{kind: aByte, c: s[i]})
		}
	}
	return p
}

// Exactly returns the pattern of s alone, whatever characters it has.
func Exactly(s string) Pattern {
	var p Pattern
	for i := range len(s) {
		p.steps = append(p.steps, step{kind: aByte, c: s[i]})
	}
	return p
}

func (p *Pattern) star() {
	if n := len(p.steps); n == 0 || p.steps[n-1].kind != anyRun {
		p.steps = append(p.steps, step{kind: anyRun})
	}
}

// Match reports whether p matches s.
func (p Pattern) Match(s string) bool {
	set := p.start()
	for i := range len(s) {
		set = p.next(set, s[i])
	}
	return p.accepts(set)
}

// matchFold reports whether pattern matches s without regard to case, as IAM
// compares actions.
func matchFold(pattern, s string) bool {
	return Glob(strings.ToLower(pattern)).Match(strings.ToLower(s))
}

// A state of a pattern is the set of the steps that may come next, sorted. Of
// the runs among them only the last counts: whatever an earlier one could still
// lead to, the later one can too. So a set holds one run and what follows it.

func (p Pattern) start() []int { return p.close([]int{0}) }

// close adds what follows a run that takes nothing, and drops what a later run
// stands for.
func (p Pattern) close(set []int) []int {
	for i := 0; i < len(set); i++ {
		at := set[i]
		if at < len(p.steps) && p.steps[at].kind == anyRun && !slices.Contains(set, at+1) {
			set = append(set, at+1)
		}
	}
	slices.Sort(set)
	set = slices.Compact(set)
	for i := len(set) - 1; i > 0; i-- {
		if at := set[i]; at < len(p.steps) && p.steps[at].kind == anyRun {
			return set[i:]
		}
	}
	return set
}

func (p Pattern) next(set []int, c byte) []int {
	var out []int
	for _, at := range set {
		if at == len(p.steps) {
			continue
		}
		switch s := p.steps[at]; {
		case s.kind == anyRun:
			out = append(out, at)
		case s.kind == anyByte, s.c == c:
			out = append(out, at+1)
		}
	}
	return p.close(out)
}

func (p Pattern) accepts(set []int) bool { return slices.Contains(set, len(p.steps)) }

// mostStates bounds the search of exists. Real policies stay far below: their
// patterns are short and share their beginnings.
const mostStates = 20_000

// exists reports whether some string is matched by each of all and by none of
// none. decided is false when that would take too long to find out.
func exists(all, none []Pattern) (found, decided bool) {
	for _, p := range none {
		if len(p.steps) == 1 && p.steps[0].kind == anyRun {
			return false, true
		}
	}
	type node struct{ sets [][]int }
	patterns := slices.Concat(all, none)
	letters := alphabet(patterns)
	first := node{make([][]int, len(patterns))}
	for i, p := range patterns {
		first.sets[i] = p.start()
	}
	seen := map[string]bool{key(first.sets): true}
	queue := []node{first}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if accepted(patterns, n.sets, len(all)) {
			return true, true
		}
	letters:
		for _, c := range letters {
			next := node{make([][]int, len(patterns))}
			for i, p := range patterns {
				next.sets[i] = p.next(n.sets[i], c)
				if i < len(all) && len(next.sets[i]) == 0 {
					continue letters
				}
			}
			k := key(next.sets)
			if seen[k] {
				continue
			}
			if len(seen) == mostStates {
				return false, false
			}
			seen[k] = true
			queue = append(queue, next)
		}
	}
	return false, true
}

func accepted(patterns []Pattern, sets [][]int, all int) bool {
	for i, p := range patterns {
		if p.accepts(sets[i]) != (i < all) {
			return false
		}
	}
	return true
}

// alphabet returns the bytes that the patterns tell apart, and one that stands
// for all others.
func alphabet(patterns []Pattern) []byte {
	var used [256]bool
	for _, p := range patterns {
		for _, s := range p.steps {
			if s.kind == aByte {
				used[s.c] = true
			}
		}
	}
	var letters []byte
	other := false
	for _, c := range []byte(order()) {
		if used[c] {
			letters = append(letters, c)
		} else if !other {
			letters, other = append(letters, c), true
		}
	}
	return letters
}

// order is all bytes, those that are likely in names first, so that the one
// that stands for the others is a plain one.
func order() string {
	var b strings.Builder
	for c := byte('a'); c <= 'z'; c++ {
		b.WriteByte(c)
	}
	for c := range 256 {
		if c < 'a' || c > 'z' {
			b.WriteByte(byte(c))
		}
	}
	return b.String()
}

func key(sets [][]int) string {
	var b []byte
	for _, s := range sets {
		for _, at := range s {
			b = binary.AppendUvarint(b, uint64(at)+1)
		}
		b = append(b, 0)
	}
	return string(b)
}
