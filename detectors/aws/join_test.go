package aws

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mislaid/detectors"
	"mislaid/detectors/detectortest"
	"mislaid/internal/secret"
)

// atoms draws atoms as a stream may have them, in order of place.
func atoms(t *rapid.T) []detectors.Atom {
	k := detectortest.NewKeys(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 9)))
	var ids, secrets []string
	for range 6 {
		ids = append(ids, k.KeyID("AKIA", account), k.KeyID("ASIA", account))
		secrets = append(secrets, k.Secret())
	}
	var out []detectors.Atom
	off, line := int64(0), 1
	for range rapid.IntRange(0, 60).Draw(t, "atoms") {
		off += rapid.SampledFrom([]int64{1, 30, 200, 5000, 1 << 20}).Draw(t, "gap")
		line += rapid.SampledFrom([]int{0, 1, 2, 9}).Draw(t, "lines")
		a := detectors.Atom{
			Part: rapid.SampledFrom([]detectors.Part{detectors.PartID, detectors.PartSecret, detectors.PartToken}).Draw(t, "part"),
			Off:  off, End: off + secretLen, Line: line,
			Record: rapid.SampledFrom([]int64{0, 0, 1, 2}).Draw(t, "record"),
			Label:  rapid.SampledFrom([]string{"", "aws_secret_access_key", "x_key", "prod_secret"}).Draw(t, "label"),
		}
		switch a.Part {
		case detectors.PartID:
			a.ID = rapid.SampledFrom(ids).Draw(t, "id")
			a.Placeholder = a.ID == ids[0]
		default:
			s := rapid.SampledFrom(secrets).Draw(t, "secret")
			a.Value, a.Placeholder = secret.New([]byte(s)), s == secrets[0]
			a.Labelled = rapid.Bool().Draw(t, "labelled")
		}
		off = a.End
		out = append(out, a)
	}
	return out
}

// summary names candidates by everything but their secrets.
func summary(cs []detectors.Candidate) []string {
	var out []string
	for _, c := range cs {
		s := fmt.Sprint(c.Credential.Kind, c.Credential.ID, c.Credential.Fingerprint(), c.Score, c.Confidence, c.Account, c.Placeholder, c.Hints)
		for _, a := range c.Atoms {
			s += " " + detectortest.Describe(a)
		}
		out = append(out, s)
	}
	return out
}

// TestJoin checks what holds for any atoms.
func TestJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := atoms(t)
		cs := join(nil, slices.Clone(in), nil)
		if again := join(nil, slices.Clone(in), nil); !slices.Equal(summary(cs), summary(again)) {
			t.Fatal("the same atoms made other candidates")
		}
		idPlaces := map[int64]int{}
		for _, c := range cs {
			if len(c.Atoms) == 0 || c.Score <= 0 {
				t.Fatalf("a candidate without atoms or score: %+v", c)
			}
			if c.Atoms[0].Part == detectors.PartID {
				idPlaces[c.Atoms[0].Off]++
			}
			for _, a := range c.Atoms {
				if !slices.ContainsFunc(in, func(b detectors.Atom) bool { return a.Off == b.Off && a.Part == b.Part }) {
					t.Fatal("a candidate of foreign atoms")
				}
				if a.Placeholder != c.Placeholder && a.Part != detectors.PartToken && a.ID == c.Credential.ID {
					t.Fatal("a sample was paired with a real key")
				}
			}
			if isTemp := c.Credential.Kind == secret.SessionKey; !c.Credential.Token.IsZero() && !isTemp {
				t.Fatal("a long-term key with a token")
			}
		}
		for _, a := range in {
			if a.Part != detectors.PartID {
				continue
			}
			if n := idPlaces[a.Off]; n < 1 || n > maxSecrets {
				t.Fatalf("an id stands in %d candidates", n)
			}
		}
	})
}

// TestJoinMany is not about time: it would not end if the work grew with the
// square of the atoms.
func TestJoinMany(t *testing.T) {
	k := detectortest.NewKeys(rand.New(rand.NewPCG(1, 9)))
	id := k.KeyID("AKIA", account)
	for name, n := range map[string]struct {
		lines, step int
		labelled    bool
		record      int64
	}{"one line": {0, 60, true, 1}, "lines": {1, 60, true, 0}, "bare": {1, 60, false, 0}, "far": {9, 9000, true, 0}} {
		var in []detectors.Atom
		for i := range 100_000 {
			a := detectors.Atom{Off: int64(i * n.step), End: int64(i*n.step + 20), Line: i * n.lines, Record: n.record}
			if i%2 == 0 {
				a.Part, a.ID = detectors.PartID, fmt.Sprintf("%s%07d", id[:13], i)
			} else {
				a.Part, a.Value, a.Labelled = detectors.PartSecret, secret.New(fmt.Appendf(nil, "%040d", i)), n.labelled
			}
			in = append(in, a)
		}
		cs := join(nil, in, nil)
		if len(cs) != 50_000 {
			t.Errorf("%s: %d candidates, want 50000", name, len(cs))
		}
		for _, c := range cs {
			if c.Atoms[0].Off+int64(n.step) != c.Atoms[len(c.Atoms)-1].Off {
				t.Errorf("%s: the id at %d got the secret at %d", name, c.Atoms[0].Off, c.Atoms[len(c.Atoms)-1].Off)
				break
			}
		}
	}
}
