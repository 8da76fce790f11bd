package detectors_test

import (
	"math"
	"strings"
	"testing"

	"mislaid/detectors"
)

// fake returns a detector with anchors that reports each as an atom.
func fake(name string, anchors ...detectors.Anchor) detectors.Detector {
	return detectors.Detector{
		Name: name, Version: 3, Reach: 16, Anchors: anchors,
		Find: func(dst []detectors.Atom, n detectors.Near) []detectors.Atom {
			near, base := n.Bytes, n.Base
			for _, a := range anchors {
				for from := 0; a.Literal != ""; {
					n := strings.Index(string(near[from:]), a.Literal)
					if n < 0 {
						break
					}
					off := base + int64(from+n)
					dst = append(dst, detectors.Atom{Part: detectors.PartID, ID: a.Literal, Off: off, End: off + int64(len(a.Literal)), Record: off + 1})
					from += n + 1
				}
			}
			return dst
		},
		Join: func(dst []detectors.Candidate, atoms []detectors.Atom, _ *detectors.Trace) []detectors.Candidate {
			return append(dst, detectors.Candidate{Score: len(atoms), Atoms: atoms})
		},
	}
}

func TestNewSet(t *testing.T) {
	lit := func(s string) detectors.Anchor { return detectors.Anchor{Literal: s} }
	broken := fake("x", lit("abcd"))
	broken.Find = nil
	for name, ds := range map[string][]detectors.Detector{
		"none":          nil,
		"no anchors":    {fake("x")},
		"short anchor":  {fake("x", lit("abc"))},
		"empty anchor":  {fake("x", detectors.Anchor{})},
		"double anchor": {fake("x", detectors.Anchor{Literal: "abcd", Run: 40})},
		"two runs":      {fake("x", detectors.Anchor{Run: 40}), fake("y", detectors.Anchor{Run: 41})},
		"same name":     {fake("x", lit("abcd")), fake("x", lit("abcd"))},
		"no name":       {fake("", lit("abcd"))},
		"no Find":       {broken},
	} {
		if _, err := detectors.NewSet(ds...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s := newSet(t, fake("x", lit("abcd")), fake("y", lit("abcd"), detectors.Anchor{Run: 40}))
	if s.Name() != "x/3+y/3" {
		t.Errorf("the set is called %q", s.Name())
	}
}

// TestSeveralDetectors shows each detector the regions of its own anchors and
// each Join its own atoms, once, in order.
func TestSeveralDetectors(t *testing.T) {
	s := newSet(t, fake("x", detectors.Anchor{Literal: "abcd"}, detectors.Anchor{Literal: "same"}), fake("y", detectors.Anchor{Literal: "wxyz"}, detectors.Anchor{Literal: "same"}))
	b := []byte("wxyz" + strings.Repeat(" ", 99) + "abcd same " + strings.Repeat(" ", 99) + "abcd")
	atoms, _, _ := whole(s, b)
	var got []string
	for _, a := range atoms {
		got = append(got, a.ID)
	}
	if want := "wxyz abcd same same abcd"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	atoms = append(atoms, atoms[0]) // found twice
	cs := s.Join(nil, atoms, nil)
	if len(cs) != 2 || cs[0].Score != 3 || cs[1].Score != 2 {
		t.Fatalf("got %d candidates", len(cs))
	}
	for i, c := range cs {
		for k, a := range c.Atoms {
			if a.Detector != i || k > 0 && a.Off < c.Atoms[k-1].Off {
				t.Errorf("detector %d got the atom of %d at %d", i, a.Detector, a.Off)
			}
		}
	}
}

func TestWideOffsets(t *testing.T) {
	s := newSet(t, fake("x", detectors.Anchor{Literal: "abcd"}))
	for _, big := range []bool{false, true} {
		first := 3
		if big {
			first = 4
		}
		atoms, _, _ := whole(s, append([]byte{9, 9, 9}, utf16of("abcd ぱabcd", big)...))
		if len(atoms) != 2 {
			t.Fatalf("big endian %v: %d atoms", big, len(atoms))
		}
		for i, a := range atoms {
			if off := int64(first + 12*i); !a.Wide || a.Off != off || a.End != off+8 || a.Record != off+1 {
				t.Errorf("big endian %v: %+v, want offset %d", big, a, off)
			}
		}
	}
}

func TestEntropy(t *testing.T) {
	for s, want := range map[string]float64{"": 0, "a": 0, "aaaa": 0, "ab": 1, "aabb": 1, "abcd": 2, "0123456789abcdef": 4, "aaab": 0.8112781244591328} {
		if got := detectors.Entropy([]byte(s)); math.Abs(got-want) > 1e-9 {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
	b := []byte(strings.Repeat("xyz", 50))
	if n := testing.AllocsPerRun(10, func() { detectors.Entropy(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestWhatFollows cuts no region where what must follow an anchor does not.
func TestWhatFollows(t *testing.T) {
	digits := newSet(t, fake("x", detectors.Anchor{Literal: "abcd", Digits: 3}))
	base32 := newSet(t, fake("x", detectors.Anchor{Literal: "abcd", Base32: 4}))
	for _, c := range []struct {
		text           string
		digits, base32 bool
	}{
		{"abcd", false, true}, // the end: it may go on
		{"abcd123x", true, false},
		{"abcd12xx", false, false},
		{"abcdAZ27 ", false, true},
		{"abcdAZ28 ", false, false},
		{"abcdAZ 7 ", false, false},
		{`abcdA\u0042`, false, true},
		{"abcd%41", false, true},
		{"abcd=\r\nA", false, true},
		{"abcd\xe2\x80\x8bA", false, true},
	} {
		for name, x := range map[string]struct {
			set  *detectors.Set
			want bool
		}{"digits": {digits, c.digits}, "base32": {base32, c.base32}} {
			for _, text := range []string{c.text, string(utf16of(c.text, false))} {
				atoms, _, _ := whole(x.set, []byte(text))
				if got := len(atoms) > 0; got != x.want {
					t.Errorf("%s, %q: found %v, want %v", name, text, got, x.want)
				}
			}
		}
	}
}
