// Package rules finds secrets by rules that are data: a regular expression, the
// keywords beside which it is tried, and what speaks against a match. Rules
// come from a file in a subset of the gitleaks TOML format, or from a package
// that ships them.
//
// A rule's expression never sees a window, only the neighbourhood of its own
// keywords, as far as its longest match may reach. A rule without keywords is
// refused: it would have to be tried on every byte.
//
// This package knows rules, their format and how they are tried. It does not
// know where the file or the bytes come from, or whether a secret is in use.
package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mislaid/detectors"
	"mislaid/detectors/anchor"
	"mislaid/internal/secret"
)

// Rule finds one kind of secret.
type Rule struct {
	ID         string
	Kind       secret.Kind
	Regexp     *regexp.Regexp
	Group      int      // the group that holds the secret; 0: the first that matched, or the whole match
	Keywords   []string // the expression is tried only near one of them, in any case
	Entropy    float64  // the secret must have more bits per byte than this
	Path       *regexp.Regexp
	Allow      []Allowlist
	Confidence detectors.Confidence

	// Random says that the secrets are random throughout by their format, and so
	// cannot be guessed. Without it a secret has a fingerprint only if it looks
	// like that itself.
	Random bool

	// Check looks closer at what matched; may be nil. near is what the expression
	// was tried on and group the secret's place in it; match is the whole match.
	Check func(near []byte, match, group Span) Checked
}

// Span is bytes [From, To) of a slice.
type Span struct{ From, To int }

// Checked is what a Check makes of a match.
type Checked struct {
	Why     string // why it is no secret; "" it is one
	Secret  []byte // the secret in a form that is the same wherever it stands; nil: the group as it is
	Profile string // the account or user that it is of, as it stands beside it
}

const (
	// maxReach is how far from a keyword a match may reach, and minReach how far
	// the expression always sees, in bytes.
	maxReach = 8 << 10
	minReach = 256

	cell       = 2 * maxReach // see find
	maxKeyword = 64

	// reach is the Detector's: all keywords that matter to a cell lie within
	// twice as much of any of its bytes.
	reach = cell + maxKeyword
)

// Set is rules compiled together. Safe for concurrent use.
type Set struct {
	name    string
	version int
	rules   []compiled
	byID    map[string]int
	words   *anchor.Words
	users   [][]int // by word: the rules that have it
	anchors []detectors.Anchor
}

type compiled struct {
	Rule
	reach int // from a keyword and of a match, in bytes
}

// New compiles rules. name and version are the detector's: they must change
// whenever a rule does.
func New(name string, version int, list []Rule) (*Set, error) {
	s := &Set{name: name, version: version, byID: make(map[string]int)}
	index := make(map[string]int)
	var words []string
	for i, r := range list {
		r.Keywords = lowered(r.Keywords)
		if err := r.check(); err != nil {
			return nil, err
		}
		if _, taken := s.byID[r.ID]; taken {
			return nil, fmt.Errorf("rules: the rule %s is there twice", r.ID)
		}
		s.byID[r.ID] = i
		s.rules = append(s.rules, compiled{r, reachOf(r.Regexp)})
		for _, k := range r.Keywords {
			at, ok := index[k]
			if !ok {
				at = len(words)
				index[k] = at
				words = append(words, k)
				s.users = append(s.users, nil)
				s.anchors = append(s.anchors, detectors.Anchor{Word: k})
			}
			if !slices.Contains(s.users[at], i) {
				s.users[at] = append(s.users[at], i)
			}
		}
	}
	var err error
	if s.words, err = anchor.CompileWords(words); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return s, nil
}

// check refuses a rule that cannot be tried as it says.
func (r *Rule) check() error {
	if r.Regexp == nil || len(r.Keywords) == 0 {
		return fmt.Errorf("rules: %s has no expression or no keywords", r.ID)
	}
	for _, k := range r.Keywords {
		if len(k) < anchor.MinWord || len(k) > maxKeyword {
			return fmt.Errorf("rules: a keyword of %s is not %d to %d bytes long", r.ID, anchor.MinWord, maxKeyword)
		}
	}
	if r.Regexp.MatchString("") {
		return fmt.Errorf("rules: the expression of %s matches nothing at all, and so everywhere", r.ID)
	}
	return nil
}

// Detector returns the rules as one detector.
func (s *Set) Detector() detectors.Detector {
	return detectors.Detector{
		Name: s.name, Version: s.version, Reach: reach, Anchors: s.anchors,
		Find: s.find, Join: s.join,
	}
}

// join makes each atom a candidate of its own.
func (s *Set) join(dst []detectors.Candidate, atoms []detectors.Atom, _ *detectors.Trace) []detectors.Candidate {
	for _, a := range atoms {
		r := &s.rules[s.byID[a.ID]]
		dst = append(dst, detectors.Candidate{
			Credential: secret.Credential{Kind: r.Kind, Secret: a.Value, Guessable: !r.Random && !cannotBeGuessed(a.Value.Reveal())},
			Confidence: r.Confidence,
			Score:      1,
			Hints:      a.Hints,
			Atoms:      []detectors.Atom{a},
		})
	}
	return dst
}

// cannotBeGuessed reports whether a secret has 128 bits or more as far as one
// can believe its looks: the entropy of its bytes times their number, of
// characters that random strings are written in and that change their kind
// often. Words, paths and numbers do not count, however long.
func cannotBeGuessed(b []byte) bool {
	changes, digits := 0, 0
	for i, c := range b {
		if !isToken(c) {
			return false
		}
		if i > 0 && kindOf(c) != kindOf(b[i-1]) {
			changes++
		}
		if kindOf(c) == '0' {
			digits++
		}
	}
	return changes >= len(b)/4 && digits >= len(b)/20 && detectors.Entropy(b)*float64(len(b)) >= 128
}

func isToken(c byte) bool {
	return kindOf(c) != 0 || strings.IndexByte("+/=_-.~", c) >= 0
}

// kindOf tells digits, small and large letters, and 0 for all others.
func kindOf(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '0'
	case c >= 'a' && c <= 'z':
		return 'a'
	case c >= 'A' && c <= 'Z':
		return 'A'
	}
	return 0
}

// Allows reports whether a candidate of these rules may stand at a path. What
// depends on the path is decided here, because a detector is not told it.
func (s *Set) Allows(c detectors.Candidate, path string) bool {
	if len(c.Atoms) == 0 {
		return true
	}
	i, ok := s.byID[c.Atoms[0].ID]
	if !ok || s.rules[i].Kind != c.Credential.Kind {
		return true // of another detector
	}
	r := &s.rules[i]
	if r.Path != nil && !r.Path.MatchString(path) {
		return false
	}
	for j := range r.Allow {
		if r.Allow[j].excusesPath(path, c.Credential.Secret.Reveal()) {
			return false
		}
	}
	return true
}
