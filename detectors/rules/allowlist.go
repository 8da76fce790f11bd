package rules

import (
	"bytes"
	"regexp"
	"strings"
)

// Allowlist says which matches of a rule are no finds.
type Allowlist struct {
	All       bool   // all of what is given must hold; else any of it
	Target    string // what Regexps are matched against: "secret", "match" or "line"
	Regexps   []*regexp.Regexp
	Stopwords []string // lower case: the secret contains one, in any case
	Paths     []*regexp.Regexp
}

// The targets of an allowlist.
const (
	targetSecret = "secret"
	targetMatch  = "match"
	targetLine   = "line"
)

// excuses reports whether an allowlist that has nothing to do with paths, or
// any part of one that needs no path, excuses a match.
func (a *Allowlist) excuses(secret, match, line []byte) bool {
	if a.All && len(a.Paths) > 0 {
		return false // excusesPath decides
	}
	on := secret
	switch a.Target {
	case targetMatch:
		on = match
	case targetLine:
		on = line
	}
	return a.holds(on, secret)
}

// holds reports whether the parts without a path hold.
func (a *Allowlist) holds(on, secret []byte) bool {
	re, stop := anyMatch(a.Regexps, on), hasWord(secret, a.Stopwords)
	if a.All {
		return (len(a.Regexps) == 0 || re) && (len(a.Stopwords) == 0 || stop) && len(a.Regexps)+len(a.Stopwords) > 0
	}
	return re || stop
}

// excusesPath reports whether an allowlist excuses a secret because of its path.
func (a *Allowlist) excusesPath(path string, secret []byte) bool {
	if len(a.Paths) == 0 || !anyMatch(a.Paths, []byte(path)) {
		return false
	}
	return !a.All || len(a.Regexps)+len(a.Stopwords) == 0 || a.holds(secret, secret)
}

func anyMatch(list []*regexp.Regexp, b []byte) bool {
	for _, re := range list {
		if re.Match(b) {
			return true
		}
	}
	return false
}

func hasWord(b []byte, words []string) bool {
	if len(words) == 0 {
		return false
	}
	low := bytes.ToLower(b)
	defer clear(low)
	for _, w := range words {
		if bytes.Contains(low, []byte(w)) {
			return true
		}
	}
	return false
}

// lowered returns words in lower case.
func lowered(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToLower(w)
	}
	return out
}
