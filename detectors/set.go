package detectors

import (
	"cmp"

	"fmt"
	"slices"
	"strings"

	"mislaid/detectors/anchor"
)

// Set is detectors compiled together. Safe for concurrent use.
type Set struct {
	name      string
	detectors []Detector
	anchors   *anchor.Set
	shapes    []shape // by the id of an anchor's hit
	run, long int     // the ids of exact and long runs
	reach     int     // the greatest Reach
	tails     bool    // some anchor wants digits or base32 behind it
}

// shape is what one anchor means to the detectors that asked for it.
type shape struct {
	size  int    // characters
	users uint64 // bit i: detectors[i] wants a region around it
	label bool   // escapes near it are undone, and no further off

	digits int      // so many must follow
	base32 int      // so many must follow, or fewer before an escape
	bits   []uint64 // by detector: Near.Anchors for it
}

// longRun is the length, in characters, from which on a run is tried as base64.
// Shorter ones are tried near anchors alone.
const longRun = 41

// maxDetectors is the width of shape.users.
const maxDetectors = 64

// NewSet compiles detectors. It fails on an anchor that is too short or a
// detector without anchors.
func NewSet(ds ...Detector) (*Set, error) {
	if len(ds) == 0 || len(ds) > maxDetectors {
		return nil, fmt.Errorf("detectors: a set holds 1 to %d detectors, not %d", maxDetectors, len(ds))
	}
	s := &Set{detectors: slices.Clone(ds)}
	var (
		names    []string
		literals []string
		words    []string
		ofWords  []shape
		run      shape
	)
	enter := func(literal string, label bool) (at int) {
		if at = slices.Index(literals, literal); at >= 0 {
			s.shapes[at].label = s.shapes[at].label && label
			return at
		}
		literals = append(literals, literal)
		s.shapes = append(s.shapes, shape{size: len(literal), label: label})
		return len(literals) - 1
	}
	for i, d := range ds {
		switch {
		case d.Name == "" || slices.Contains(names, label(d)):
			return nil, fmt.Errorf("detectors: the name %q is empty or taken", d.Name)
		case len(d.Anchors) == 0:
			return nil, fmt.Errorf("detectors: %s has no anchors", d.Name)
		case d.Find == nil || d.Join == nil || d.Reach <= 0:
			return nil, fmt.Errorf("detectors: %s lacks Find, Join or Reach", d.Name)
		}
		names = append(names, label(d))
		s.reach = max(s.reach, d.Reach)
		for k, a := range d.Anchors {
			bit := uint64(1) << min(k, 63)
			switch {
			case a.fields() != 1:
				return nil, fmt.Errorf("detectors: an anchor of %s is not exactly one of literal, word and run", d.Name)
			case a.Run != 0 && run.size != 0 && a.Run != run.size:
				return nil, fmt.Errorf("detectors: %s wants runs of %d where another wants %d", d.Name, a.Run, run.size)
			case a.Run != 0:
				run.size = a.Run
				run.users |= 1 << i
				run.bits = withBit(run.bits, i, bit)
			case a.Word != "":
				at := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, a.Word) })
				if at < 0 {
					at = len(words)
					words = append(words, a.Word)
					ofWords = append(ofWords, shape{size: len(a.Word)})
				}
				ofWords[at].users |= 1 << i
				ofWords[at].bits = withBit(ofWords[at].bits, i, bit)
			default:
				at := enter(a.Literal, a.Label)
				s.shapes[at].digits, s.shapes[at].base32 = a.Digits, a.Base32
				s.tails = s.tails || a.Digits > 0 || a.Base32 > 0
				if !a.Label {
					s.shapes[at].users |= 1 << i
					s.shapes[at].bits = withBit(s.shapes[at].bits, i, bit)
				}
				if a.Encoded && !a.Label {
					for _, l := range base64Forms(a.Literal) {
						enter(l, false)
					}
				}
				if a.Encoded {
					for _, l := range escapedForms(a.Literal) {
						enter(l, a.Label)
					}
				}
			}
		}
	}
	var err error
	if s.anchors, err = anchor.Compile(literals, run.size, longRun, words...); err != nil {
		return nil, fmt.Errorf("detectors: %w", err)
	}
	s.run, s.long = len(literals), len(literals)+1
	s.shapes = append(append(s.shapes, run, shape{size: longRun}), ofWords...)
	s.name = strings.Join(names, "+")
	return s, nil
}

// withBit returns bits with one more of detector i.
func withBit(bits []uint64, i int, bit uint64) []uint64 {
	for len(bits) <= i {
		bits = append(bits, 0)
	}
	bits[i] |= bit
	return bits
}

// fields counts the fields that are set.
func (a Anchor) fields() (n int) {
	for _, set := range [...]bool{a.Literal != "", a.Word != "", a.Run != 0} {
		if set {
			n++
		}
	}
	return n
}

// label names one detector and its version.
func label(d Detector) string { return fmt.Sprintf("%s/%d", d.Name, d.Version) }

// Name names the detectors and their versions: it changes when the Set would
// find something else in the same bytes.
func (s *Set) Name() string { return s.name }

// Margin is how many bytes of context a Window needs on both sides of its
// owned span, wherever the stream has them: the greatest Reach and RunLimit,
// three times, because a character of UTF-16 is two bytes, and more in base64.
func (s *Set) Margin() int { return 3 * (s.reach + RunLimit) }

// NewFinder returns the scratch space of one goroutine.
func (s *Set) NewFinder() *Finder { return newFinder(s) }

// Join returns the candidates that the atoms of one whole stream make, atoms in
// any order, and tells t, which may be nil, how.
func (s *Set) Join(dst []Candidate, atoms []Atom, t *Trace) []Candidate {
	first := len(dst)
	own := slices.Clone(atoms)
	slices.SortFunc(own, func(a, b Atom) int {
		return cmp.Or(cmp.Compare(a.Detector, b.Detector), comparePlace(a, b))
	})
	own, _ = prefer(slices.CompactFunc(own, samePlace), false)
	if t != nil {
		t.Atoms = append(t.Atoms, own...)
		slices.SortStableFunc(t.Atoms, comparePlace)
		slices.SortStableFunc(t.Drops, func(a, b Drop) int { return cmp.Compare(a.Off, b.Off) })
	}
	for len(own) > 0 {
		d := own[0].Detector
		n := 1
		for n < len(own) && own[n].Detector == d {
			n++
		}
		if d >= 0 && d < len(s.detectors) {
			dst = s.detectors[d].Join(dst, own[:n:n], t)
		}
		own = own[n:]
	}
	if t != nil {
		t.Candidates = append(t.Candidates, dst[first:]...)
	}
	return dst
}

// comparePlace orders atoms by where they stand.
func comparePlace(a, b Atom) int {
	return cmp.Or(cmp.Compare(a.Off, b.Off), cmp.Compare(a.End, b.End), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Detector, b.Detector), cmp.Compare(a.Depth, b.Depth), compareBool(a.Form, b.Form), cmp.Compare(a.ID, b.ID))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// samePlace reports whether a and b are one atom that was found twice.
func samePlace(a, b Atom) bool {
	return a.Off == b.Off && a.End == b.End && a.Part == b.Part && a.Detector == b.Detector && a.Depth == b.Depth && a.ID == b.ID
}
