// Package aws recognises AWS access keys: key ids, secret access keys and
// session tokens, and joins those that belong together.
//
// An id has a shape of its own and a secret has none, so a run of 40 base64
// characters counts only where a label names it or an id stands near. Which
// secret belongs to which id is decided once per stream, by record, label and
// distance. The account number is read from the id without asking anyone.
//
// This package knows how AWS credentials are written down and what looks like
// one and is not. It does not know where bytes come from, whether a key is
// alive, or what it may do.
package aws

import (
	"slices"

	"mislaid/detectors"
)

const (
	// reach is the neighbourhood of an anchor. It holds nearReach to an id and
	// from there lookBack to a label, or recordReach to the record's beginning.
	reach = 2 << 10

	nearReach   = 800  // how far from an id an unlabelled secret may stand
	recordReach = 1000 // how far before an atom its record may begin
	lookBack    = 240  // how far before an atom its label may begin
	hintReach   = 400  // how far from an atom its context is looked for
)

// anchors are the detector's, those that find asks about first.
var anchors = func() (as []detectors.Anchor) {
	as = append(as, detectors.Anchor{Run: secretLen})
	for _, l := range idPrefixes {
		as = append(as, detectors.Anchor{Literal: l, Encoded: true, Base32: idLen/2 - 2})
	}
	for _, l := range tokenOpenings {
		as = append(as, detectors.Anchor{Literal: l})
	}
	as = append(as, detectors.Anchor{Literal: atAccount, Digits: accountLen})
	for _, l := range wholeAnchors {
		as = append(as, detectors.Anchor{Literal: l})
	}
	for _, l := range secretNames {
		as = append(as, detectors.Anchor{Literal: l, Label: true})
	}
	return as
}()

// standing is Near.Anchors for some literals.
func standing(literals ...string) (bits uint64) {
	for i, a := range anchors {
		if slices.Contains(literals, a.Literal) {
			bits |= 1 << min(i, 63)
		}
	}
	return bits
}

var (
	idsStand    = standing(idPrefixes...)
	tokensStand = standing(tokenOpenings...)
)

// New returns the detector of AWS access keys.
func New() detectors.Detector {
	return detectors.Detector{
		Name:    "aws",
		Version: 4,
		Reach:   reach,
		Find:    find,
		Join:    join,
		Anchors: slices.Clone(anchors),
	}
}

// region is the bytes around some anchors, as Find is given them.
type region struct {
	detectors.Near
	ids []span // the ids in Bytes, in order
}

// span is a part of a region.
type span struct{ from, to int }

// find is the Detector's Find.
func find(dst []detectors.Atom, n detectors.Near) []detectors.Atom {
	var few [8]span
	r := region{Near: n}
	if n.Anchors&idsStand != 0 {
		r.ids = appendIDs(few[:0], &n)
	}
	for _, id := range r.ids {
		dst = r.id(dst, id)
	}
	dst = r.secrets(dst)
	if n.Anchors&tokensStand != 0 || len(r.ids) > 0 {
		dst = r.tokens(dst)
	}
	return r.whole(dst)
}

// atom begins an atom at a span: its place, record, label and hints.
func (r *region) atom(part detectors.Part, s span, name string) detectors.Atom {
	rec := r.recordOf(s.from)
	a := detectors.Atom{
		Part:  part,
		Off:   r.Base + int64(s.from),
		End:   r.Base + int64(s.to),
		Label: cleanHint(name),
		Hints: r.hints(s, rec),
	}
	a.Hints.Label = a.Label
	if _, column, ok := r.transposed(s.from); ok {
		a.Record = r.Base + int64(column) + 1
	} else if rec.kind != noRecord {
		a.Record = r.Base + int64(rec.from) + 1
	}
	return a
}

// nearID reports whether an id stands within nearReach of s.
func (r *region) nearID(s span) bool {
	// The first id that does not end too far before s.
	lo, hi := 0, len(r.ids)
	for lo < hi {
		mid := (lo + hi) / 2
		if r.ids[mid].to+nearReach < s.from {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(r.ids) && r.ids[lo].from <= s.to+nearReach
}
