package detectortest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

// Example is a text and the credentials that are in it.
type Example struct {
	Name string
	Text string
	Want []secret.Credential // each once, whatever the number of its places

	AtStart bool // it is found only at the beginning of a stream (headings)
	Plain   bool // it is not found inside other bytes as UTF-16 (a secret far from its id, escapes)

	// Check looks at the candidates of the text alone; may be nil.
	Check func(t *testing.T, cs []detectors.Candidate)
}

// Accept runs an example through the engine: alone, at the start, the middle
// and the end of a longer stream, many times, back to back, cut into two
// windows at every offset, and as UTF-16 in both byte orders inside binary
// data. Each time exactly the wanted credentials must come out.
func Accept(t *testing.T, d detectors.Detector, ex Example) {
	t.Helper()
	set, err := detectors.NewSet(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Run(ex.Name, func(t *testing.T) {
		text := []byte(ex.Text)
		want := describe(ex.Want)
		same := func(how string, stream []byte) {
			t.Helper()
			if got := describe(credentials(Scan(set, stream, len(stream)))); !slices.Equal(got, want) {
				t.Errorf("%s: got %d credentials\n\t%s\nwant %d\n\t%s", how, len(got), strings.Join(got, "\n\t"), len(want), strings.Join(want, "\n\t"))
			}
		}
		if got := Scan(set, nil, 1); len(got) != 0 {
			t.Errorf("found %d candidates in nothing", len(got))
		}
		same("alone", text)
		if ex.Check != nil {
			ex.Check(t, Scan(set, text, len(text)))
		}
		filler := []byte(strings.Repeat("\n\nNothing of interest happens in this paragraph, line after line.\n", 90))
		same("at the start", join(text, filler))
		if !ex.AtStart {
			same("at the end", join(filler, []byte("\n"), text))
			same("in the middle", join(filler, []byte("\n"), text, filler))
			same("many times", bytes.Repeat(join(text, filler), 5))
			same("back to back", join(text, []byte("\n"), text))
		}
		everyCut(t, set, text)
		if !ex.Plain {
			junk := []byte{1, 2, 3, 0xfe, 0x80, 0x9d, 7}
			for _, big := range []bool{false, true} {
				for odd := range 2 {
					how := fmt.Sprintf("as UTF-16, big endian %v, odd %d", big, odd)
					if ex.AtStart {
						if odd == 0 {
							same(how, wide(ex.Text, big))
						}
					} else {
						same(how, join(junk[odd:6], wide("\n\n"+ex.Text+"\n", big), junk))
					}
				}
			}
		}
	})
}

// everyCut compares one window with two, for every place to cut.
func everyCut(t *testing.T, set *detectors.Set, text []byte) {
	t.Helper()
	if len(text) > 3<<10 {
		return // cut at random places by the engine's own tests
	}
	want := atomsOf(Atoms(set, text, len(text)))
	for cut := 1; cut < len(text); cut++ {
		if got := atomsOf(Atoms(set, text, cut)); !slices.Equal(got, want) {
			t.Errorf("cut into windows of %d bytes: got %q, want %q", cut, got, want)
			return
		}
	}
}

// Scan returns the candidates in a stream that is read in windows of a size.
func Scan(set *detectors.Set, stream []byte, size int) []detectors.Candidate {
	return set.Join(nil, Atoms(set, stream, size), nil)
}

// Atoms returns the atoms in a stream that is read in windows of a size, each
// with as much context as the engine asks for.
func Atoms(set *detectors.Set, stream []byte, size int) []detectors.Atom {
	f := set.NewFinder()
	var atoms []detectors.Atom
	line, start := 1, int64(0)
	for from := 0; from < len(stream); from += size {
		to := min(from+size, len(stream))
		lo, hi := max(from-set.Margin(), 0), min(to+set.Margin(), len(stream))
		atoms, line, start = f.Find(atoms, detectors.Window{
			Head:      stream[:min(len(stream), detectors.HeadSize)],
			Bytes:     stream[lo:hi],
			Base:      int64(lo),
			From:      from - lo,
			To:        to - lo,
			Line:      line,
			LineStart: start,
		})
	}
	return atoms
}

// credentials returns the different credentials of candidates.
func credentials(cs []detectors.Candidate) []secret.Credential {
	var out []secret.Credential
	seen := map[string]bool{}
	for _, c := range cs {
		if d := describe([]secret.Credential{c.Credential})[0]; !seen[d] {
			seen[d] = true
			out = append(out, c.Credential)
		}
	}
	return out
}

// describe names credentials, sorted, by what identifies them and nothing secret.
func describe(cs []secret.Credential) []string {
	var out []string
	for _, c := range cs {
		token := secret.Credential{Secret: c.Token}.Fingerprint()[:8]
		out = append(out, fmt.Sprintf("%s %s %s token %s", c.Kind, c.ID, shown(c.Fingerprint()), token))
	}
	slices.Sort(out)
	return out
}

// atomsOf names atoms by all that the engine and the detector say of them.
func atomsOf(as []detectors.Atom) []string {
	var out []string
	for _, a := range as {
		out = append(out, Describe(a))
	}
	return out
}

// Describe names an atom by all that the engine and the detector say of it,
// and nothing secret.
func Describe(a detectors.Atom) string {
	value := secret.Credential{Secret: a.Value}.Fingerprint()[:8]
	return fmt.Sprintf("%d:%d-%d %s %s line %d from %d record %d label %q %v wide %v placeholder %v hints %+v",
		a.Part, a.Off, a.End, a.ID, value, a.Line, a.LineStart, a.Record, a.Label, a.Labelled, a.Wide, a.Placeholder, a.Hints)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// wide encodes s as UTF-16 without a byte order mark.
func wide(s string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

// shown shortens a fingerprint, which a secret that can be guessed does not have.
func shown(f secret.Fingerprint) string { return string(f[:min(len(f), 8)]) }
