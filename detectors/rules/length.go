package rules

import (
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// reachOf returns how far from its keywords an expression is tried: as far as
// its longest match is long, within limits.
func reachOf(re *regexp.Regexp) int {
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return maxReach // it was compiled in some other way
	}
	return min(max(longest(tree), minReach), maxReach)
}

// longest returns the length in bytes of the longest match, maxReach where
// there is no bound or a greater one.
func longest(re *syntax.Regexp) int {
	n := 0
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 {
				n += utf8.UTFMax // other cases may be longer
			} else {
				n += len(string(r))
			}
		}
	case syntax.OpCharClass:
		n = 1
		if k := len(re.Rune); k > 0 && re.Rune[k-1] >= utf8.RuneSelf {
			n = utf8.UTFMax
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		n = utf8.UTFMax
	case syntax.OpStar, syntax.OpPlus:
		n = maxReach
	case syntax.OpRepeat:
		if re.Max < 0 {
			return maxReach
		}
		n = re.Max * longest(re.Sub[0])
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			n = max(n, longest(sub))
		}
	default: // what matches nothing, groups, sequences, x?
		for _, sub := range re.Sub {
			n += longest(sub)
		}
	}
	return min(n, maxReach)
}
