package scan

import (
	"bytes"
	"slices"
	"testing"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

// testDetector finds "<kid:NAME>" and "<sec:NAME>", and pairs each id with the
// first secret at or after it, as far off as it may be.
func testDetector() detectors.Detector {
	return detectors.Detector{
		Name: "test", Version: 1, Reach: 64,
		Anchors: []detectors.Anchor{{Literal: "<kid:"}, {Literal: "<sec:"}, {Literal: "<bug:"}},
		Find: func(dst []detectors.Atom, n detectors.Near) []detectors.Atom {
			near, base := n.Bytes, n.Base
			for i := 0; i < len(near); i++ {
				rest := near[i:]
				end := bytes.IndexByte(rest, '>')
				switch {
				case end < 0 || end > 40:
				case bytes.HasPrefix(rest, []byte("<bug:")):
					panic("quotes the content: " + string(rest))
				case bytes.HasPrefix(rest, []byte("<kid:")):
					dst = append(dst, detectors.Atom{Part: detectors.PartID, ID: string(rest[5:end]), Off: base + int64(i), End: base + int64(i+end+1)})
				case bytes.HasPrefix(rest, []byte("<sec:")):
					dst = append(dst, detectors.Atom{Part: detectors.PartSecret, Value: secret.New(rest[5:end]), Off: base + int64(i), End: base + int64(i+end+1)})
				}
			}
			return dst
		},
		Join: func(dst []detectors.Candidate, atoms []detectors.Atom, _ *detectors.Trace) []detectors.Candidate {
			for i, a := range atoms {
				if a.Part != detectors.PartID {
					continue
				}
				c := detectors.Candidate{Credential: secret.Credential{Kind: secret.KeyID, ID: a.ID}, Confidence: detectors.High, Atoms: []detectors.Atom{a}}
				if k := slices.IndexFunc(atoms[i:], func(b detectors.Atom) bool { return b.Part == detectors.PartSecret }); k >= 0 {
					c.Credential.Kind, c.Credential.Secret = secret.AccessKey, atoms[i+k].Value
					c.Atoms = append(c.Atoms, atoms[i+k])
				}
				dst = append(dst, c)
			}
			return dst
		},
	}
}

func testSet(t testing.TB) *detectors.Set {
	t.Helper()
	set, err := detectors.NewSet(testDetector())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// spotOf tells the line and column of an offset the slow way.
func spotOf(text []byte, off int64) (line, column int) {
	before := text[:off]
	return 1 + bytes.Count(before, []byte("\n")), int(off) - bytes.LastIndexByte(before, '\n')
}
