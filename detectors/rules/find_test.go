package rules

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"

	"mislaid/detectors"
	"mislaid/detectors/detectortest"
	"mislaid/internal/secret"
)

func newSet(t testing.TB, s *Set) *detectors.Set {
	t.Helper()
	set, err := detectors.NewSet(s.Detector())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// various are rules of all sorts: bounded and not, with the keyword within the
// match and beside it, on one line and on several.
const various = `
[[rules]]
id = "token"
regex = '''\btok_[A-Za-z0-9]{10,30}\b'''
keywords = ["tok_"]
[[rules]]
id = "assigned"
regex = '''(?i)[\w.-]{0,50}?(?:key|secret)[\w.-]{0,20}[\s'"]{0,3}(?:=|:)[\s'"]{0,5}([a-z0-9]{12,40})(?:['"\s;]|$)'''
keywords = ["key", "secret"]
entropy = 2.5
[[rules]]
id = "beside"
regex = '''\b[a-f0-9]{16}\b'''
keywords = ["acme"]
[[rules]]
id = "block"
regex = '''(?s)-----BEGIN X-----.*?-----END X-----'''
keywords = ["-----BEGIN"]
[[rules]]
id = "greedy"
regex = '''key[ -~]+'''
keywords = ["key"]
`

func variousSet(t testing.TB) *Set {
	t.Helper()
	s, err := Load("various", []byte(various))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func describe(as []detectors.Atom) []string {
	var out []string
	for _, a := range as {
		out = append(out, detectortest.Describe(a))
	}
	return out
}

func text(t *rapid.T) []byte {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
	noise := func(n int, alphabet string) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	piece := func(kind int) string {
		switch kind {
		case 0:
			return "tok_" + noise(r.IntN(32), "abcXYZ0189")
		case 1:
			return "api_KEY = '" + noise(r.IntN(45), "abcdefgh01234567") + "'\n"
		case 2:
			return "acme"
		case 3:
			return " " + noise(16, "0123456789abcdef") + " "
		case 4:
			return "-----BEGIN X-----\n" + noise(r.IntN(9000), "abcXYZ0189\n") + "\n-----END X-----\n"
		case 5:
			return noise(r.IntN(6000), "ab cd\n\x00é{}()\"")
		case 6:
			return strings.Repeat("key ", r.IntN(600))
		case 7:
			return noise(r.IntN(4000), "abcdefghijklmnopqrstuvwxyz0123456789")
		}
		return []string{"\n", " ", "=", "key", "\"", "tok_"}[r.IntN(6)]
	}
	var out []byte
	for range rapid.IntRange(1, 5).Draw(t, "sections") {
		var b strings.Builder
		for range rapid.IntRange(1, 8).Draw(t, "pieces") {
			b.WriteString(piece(rapid.IntRange(0, 9).Draw(t, "piece")))
		}
		if rapid.IntRange(0, 3).Draw(t, "wide") == 0 {
			for _, u := range utf16.Encode([]rune(b.String())) {
				out = append(out, byte(u), byte(u>>8))
			}
		} else {
			out = append(out, b.String()...)
		}
	}
	return out
}

// TestAnyCut: what a rule finds does not depend on where windows were cut.
func TestAnyCut(t *testing.T) {
	set := newSet(t, variousSet(t))
	total := 0
	rapid.Check(t, func(t *rapid.T) {
		b := text(t)
		want := describe(detectortest.Atoms(set, b, len(b)))
		total += len(want)
		size := len(b)/rapid.IntRange(2, 7).Draw(t, "windows") + rapid.IntRange(1, 999).Draw(t, "more")
		got := describe(detectortest.Atoms(set, b, size))
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("windows of %d: %d atoms, want %d; first difference at %d:\n got %q\nwant %q", size, len(got), len(want), i, got[i:min(i+1, len(got))], want[i:min(i+1, len(want))])
			}
		}
	})
	if total == 0 {
		t.Error("nothing was ever found: the test tested nothing")
	}
}

// TestOnlyNearKeywords: a secret far from the keyword is not seen, one near is.
func TestOnlyNearKeywords(t *testing.T) {
	set := newSet(t, variousSet(t))
	secret := "0123456789abcdef"
	for gap, want := range map[int]int{10: 1, minReach - 40: 1, minReach + 10: 0, 5000: 0} {
		for _, text := range []string{"acme" + strings.Repeat(" ", gap) + secret + " ", secret + strings.Repeat(" ", gap) + "acme "} {
			if got := detectortest.Atoms(set, []byte(text), len(text)); len(got) != want {
				t.Errorf("%d bytes apart: %d finds, want %d", gap, len(got), want)
			}
		}
	}
}

// TestNothingCutOff: a piece of something longer than a rule can see is no find.
func TestNothingCutOff(t *testing.T) {
	set := newSet(t, variousSet(t))
	for _, n := range []int{3000, maxReach, 20_000} {
		text := "-----BEGIN X-----" + strings.Repeat("a", n) + "-----END X-----"
		want := 0
		if len(text) <= maxReach {
			want = 1
		}
		if got := detectortest.Atoms(set, []byte(text), len(text)); len(got) != want {
			t.Errorf("a block of %d bytes: %d finds, want %d", len(text), len(got), want)
		}
	}
	if got := detectortest.Atoms(set, []byte("key"+strings.Repeat("x", 50_000)), 512); len(got) != 0 {
		t.Errorf("%d pieces of an endless match", len(got))
	}
}

// TestDense is about work that grows with the square of the keywords.
func TestDense(t *testing.T) {
	set := newSet(t, variousSet(t))
	begun := time.Now()
	for _, unit := range []string{"key", "keykey ", "key=", "tok ", "secret=abc1", "-----BEGIN"} {
		detectortest.Atoms(set, []byte(strings.Repeat(unit, (32<<10)/len(unit))), 64<<10)
	}
	if d := time.Since(begun); d > time.Minute {
		t.Errorf("200 kB took %v", d)
	}
}

func TestAccept(t *testing.T) {
	s := variousSet(t)
	tok := "tok_" + "aB3dE5gH7jK9mN1pQ3"
	detectortest.Accept(t, s.Detector(), detectortest.Example{
		Name: "token", Text: "the token is " + tok + ".",
		Want: want(t, s, "token", tok),
	})
}

func TestLongest(t *testing.T) {
	for expr, want := range map[string]int{
		"abc": 3, "a{2,5}b": 6, "a*": maxReach, "a+b": maxReach, "(a|bcd)x?": 4, `\ba{4}$`: 4, "[a-z]{3}": 3, "[^a]": 4, ".": 4, "(?i)a": 4, "é": 2, "a{2,}": maxReach, "(a{30}){30}": 900,
	} {
		re := regexp.MustCompile(expr)
		if got := reachOf(re); got != max(want, minReach) {
			t.Errorf("%s: %d, want %d", expr, got, want)
		}
	}
}

func TestCannotBeGuessed(t *testing.T) {
	k := detectortest.NewKeys(rand.New(rand.NewPCG(1, 2)))
	for value, want := range map[string]bool{
		k.Secret(): true, "hunter2": false, strings.Repeat("a", 500): false,
		"correct-horse-battery-staple-and-some-more-words": false, "Correct-Horse-Battery-Staple-And-Some-More-Words": false, "postgres://scott:tiger@db/x": false, "01234567890123456789012345678901234567890123456789": false,
		"q7W8e9R0t1Y2u3I4o5P6a7S8d9F0g1H2": true,
	} {
		if got := cannotBeGuessed([]byte(value)); got != want {
			t.Errorf("%d characters: %v, want %v", len(value), got, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte("key = 'abcdefgh01234567'"), 7)
	f.Add([]byte("k\x00e\x00y\x00=\x00a\x00"), 2)
	f.Add([]byte("-----BEGIN X-----\n-----END X-----"), 1)
	s := variousSet(f)
	set := newSet(f, s)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 1 || len(b)/size > 100 {
			size = len(b)/10 + 1
		}
		want := detectortest.Atoms(set, b, len(b)+1)
		if got := detectortest.Atoms(set, b, size); !slices.Equal(describe(got), describe(want)) {
			t.Fatalf("windows of %d find something else", size)
		}
		for _, a := range want {
			if a.Off < 0 || a.End <= a.Off || a.End > int64(len(b))+1 { // half a character of UTF-16 may end it
				t.Fatalf("an atom at [%d, %d) of %d", a.Off, a.End, len(b))
			}
		}
		set.Join(nil, want, nil)
	})
}

func want(t *testing.T, s *Set, id, value string) []secret.Credential {
	t.Helper()
	r := s.rules[s.byID[id]]
	return []secret.Credential{{Kind: r.Kind, Secret: secret.New([]byte(value)), Guessable: !r.Random && !cannotBeGuessed([]byte(value))}}
}
