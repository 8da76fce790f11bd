package detectors

import "fmt"

// Trace hears how one stream was judged. The functions that search fill it as
// they decide, so that it cannot tell another story than the search. It holds
// no secret and no scanned bytes but the labels and hints that atoms have.
//
// A nil *Trace hears nothing and costs nothing: its methods return at once. One
// that is not nil belongs to one goroutine. Set Finder.Trace, give the same to
// Set.Join, and read it afterwards.
type Trace struct {
	Atoms      []Atom      // the stream's, in order of place, as Join was given them
	Drops      []Drop      // what looked like an atom and was dropped, in order of place
	Pairs      []Pairing   // which atoms were weighed together
	Candidates []Candidate // what Join made
}

// Drop is something that a filter turned away.
type Drop struct {
	Part      Part
	Off, End  int64  // its bytes in the stream
	Length    int    // characters, escapes undone
	Filter    string // a name that stays the same: "entropy", "digest", "no label"
	Why       string // in words
	Detector  int    // index in the Set
	Line      int    // as Atom has them
	LineStart int64
	Wide      bool
	Depth     uint8
}

// Pairing is two atoms that may belong together, and what speaks for it.
type Pairing struct {
	ID, Other Atom // a key id, and a secret or token
	Points    []Point
	Score     int    // the sum of the points
	Chosen    bool   // they were joined
	Why       string // why or why not
}

// Point is one reason of a score.
type Point struct {
	Points int
	Why    string
}

// On reports whether anyone listens: a caller that must compute what it tells
// asks first.
func (t *Trace) On() bool { return t != nil }

// Drop says that what stands at [off, end) of n was turned away.
func (n *Near) Drop(p Part, off, end, length int, filter, format string, args ...any) {
	if n.Trace == nil {
		return
	}
	n.Trace.Drops = append(n.Trace.Drops, Drop{
		Part: p, Off: n.Base + int64(off), End: n.Base + int64(end), Length: length,
		Filter: filter, Why: fmt.Sprintf(format, args...),
	})
}

// Pair says how two atoms were weighed.
func (t *Trace) Pair(p Pairing) {
	if t == nil {
		return
	}
	for _, pt := range p.Points {
		p.Score += pt.Points
	}
	t.Pairs = append(t.Pairs, p)
}

// Reject moves the candidates that were turned away after Join to the drops.
func (t *Trace) Reject(rejected func(Candidate) bool, filter, why string) {
	if t == nil {
		return
	}
	kept := t.Candidates[:0]
	for _, c := range t.Candidates {
		if !rejected(c) {
			kept = append(kept, c)
			continue
		}
		a := c.Atoms[0]
		t.Drops = append(t.Drops, Drop{
			Part: a.Part, Off: a.Off, End: a.End, Length: int(a.End - a.Off), Filter: filter, Why: why,
			Detector: a.Detector, Line: a.Line, LineStart: a.LineStart, Wide: a.Wide,
		})
	}
	t.Candidates = kept
}
