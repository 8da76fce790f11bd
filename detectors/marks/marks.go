// Package marks finds the comments by which people ask scanners to pass over a
// line. They stand in scanned content, so whoever writes there controls them:
// they are looked for only when the operator trusts that content.
//
// This package knows how the comments are spelled. It does not know what they
// stand beside, or who trusts them.
package marks

import (
	"bytes"

	"mislaid/detectors"
)

// words are the comments: ours and those of gitleaks and TruffleHog.
var words = []string{"mislaid:allow", "gitleaks:allow", "trufflehog:ignore"}

// New returns a detector whose atoms are the comments, with the word as ID. It
// makes no candidates.
func New() detectors.Detector {
	d := detectors.Detector{
		Name: "marks", Version: 1, Reach: 32, Find: find,
		Join: func(dst []detectors.Candidate, _ []detectors.Atom, _ *detectors.Trace) []detectors.Candidate {
			return dst
		},
	}
	for _, w := range words {
		d.Anchors = append(d.Anchors, detectors.Anchor{Literal: w})
	}
	return d
}

func find(dst []detectors.Atom, n detectors.Near) []detectors.Atom {
	for _, w := range words {
		for from := 0; ; {
			i := bytes.Index(n.Bytes[from:], []byte(w))
			if i < 0 {
				break
			}
			from += i
			off := n.Base + int64(from)
			from += len(w)
			dst = append(dst, detectors.Atom{Part: detectors.PartMark, ID: w, Off: off, End: off + int64(len(w))})
		}
	}
	return dst
}
