package detectors_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"mislaid/detectors"
	"mislaid/detectors/aws"
	"mislaid/detectors/detectortest"
)

func newSet(t testing.TB, ds ...detectors.Detector) *detectors.Set {
	t.Helper()
	s, err := detectors.NewSet(ds...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// whole searches a stream as one window.
func whole(set *detectors.Set, stream []byte) ([]detectors.Atom, int, int64) {
	return set.NewFinder().Find(nil, detectors.Window{
		Head:  stream[:min(len(stream), detectors.HeadSize)],
		Bytes: stream, To: len(stream), Line: 1,
	})
}

// describe names atoms by all that is known of them.
func describe(as []detectors.Atom) []string {
	var out []string
	for _, a := range as {
		out = append(out, detectortest.Describe(a))
	}
	return out
}

// stream draws a stream of prose, keys, labels, base64, UTF-16 and binary.
func stream(t *rapid.T) []byte {
	k := detectortest.NewKeys(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7)))
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "noise"), 8))
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
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
			return k.KeyID("AKIA", 123456789012)
		case 1:
			return k.KeyID("ASIA", 210987654321)
		case 2:
			return k.Secret()
		case 3:
			return k.TokenOf(100 + r.IntN(300))
		case 4:
			return "aws_access_key_id="
		case 5:
			return "\naws_secret_access_key = "
		case 6:
			return strings.ReplaceAll(k.SecretWith(), "/", `\/`)
		case 7:
			return "\n[profile-" + noise(2, "abc") + "]\n"
		case 8:
			return noise(r.IntN(3000), base64)
		case 9:
			return noise(r.IntN(3000), "ab cd\n\x00é{}()\"")
		case 10:
			return k.TokenOf(12000 + r.IntN(8000))
		case 11:
			return noise(r.IntN(60), base64) + "AKIA" + noise(r.IntN(20), base64)
		case 12:
			return "\nregion = us-gov-west-1\nendpoint_url = https://s3.example.org\n"
		case 13:
			return `{"SessionToken":"` + noise(200, base64) + `","Expiration":"2026-01-02T03:04:05Z"}`
		case 14:
			return noise(20000, base64)
		case 15:
			return "シークレット: "
		}
		return []string{"\n", " ", ":", "\n\n", "=", "\"", "%3D", `\n`, "{", "}", "\t"}[r.IntN(11)]
	}
	var out []byte
	for range rapid.IntRange(0, 14).Draw(t, "sections") {
		var text strings.Builder
		for range rapid.IntRange(1, 12).Draw(t, "pieces") {
			text.WriteString(piece(rapid.SampledFrom([]int{0, 0, 0, 1, 2, 2, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16}).Draw(t, "piece")))
		}
		switch rapid.IntRange(0, 5).Draw(t, "coding") {
		case 0:
			out = append(out, utf16of(text.String(), false)...)
		case 1:
			out = append(out, utf16of(text.String(), true)...)
		default:
			out = append(out, text.String()...)
		}
	}
	return out
}

func utf16of(s string, big bool) []byte {
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

// TestAnyCut compares windows, cut anywhere and with any sufficient context,
// with one window over the whole stream.
func TestAnyCut(t *testing.T) {
	set := newSet(t, aws.New())
	total := 0
	rapid.Check(t, func(t *rapid.T) {
		b := stream(t)
		want, wantLine, wantStart := whole(set, b)
		total += len(want)
		f := set.NewFinder()
		var got []detectors.Atom
		line, start := 1, int64(0)
		for from := 0; from < len(b); {
			to := min(len(b), from+rapid.OneOf(rapid.IntRange(1, 200), rapid.IntRange(1, 9000), rapid.IntRange(1, 40_000), rapid.IntRange(5000, 60_000)).Draw(t, "window"))
			lo := max(0, from-set.Margin()-rapid.IntRange(0, 300).Draw(t, "before"))
			hi := min(len(b), to+set.Margin()+rapid.IntRange(0, 300).Draw(t, "after"))
			got, line, start = f.Find(got, detectors.Window{
				Head: b[:min(len(b), detectors.HeadSize)], Bytes: b[lo:hi], Base: int64(lo),
				From: from - lo, To: to - lo, Line: line, LineStart: start,
			})
			from = to
		}
		if g, w := describe(got), describe(want); !slices.Equal(g, w) {
			for i := range max(len(g), len(w)) {
				if i >= len(g) || i >= len(w) || g[i] != w[i] {
					t.Fatalf("%d atoms, want %d; first difference at %d:\n got %q\nwant %q", len(g), len(w), i, g[i:min(i+1, len(g))], w[i:min(i+1, len(w))])
				}
			}
		}
		if line != wantLine || start != wantStart && len(b) > 0 {
			t.Fatalf("ended at line %d from %d, want %d from %d", line, start, wantLine, wantStart)
		}
		if wantLine != 1+bytes.Count(b, []byte("\n")) {
			t.Fatalf("counted %d lines, want %d", wantLine, 1+bytes.Count(b, []byte("\n")))
		}
	})
	if total == 0 {
		t.Error("no stream had an atom: the test tested nothing")
	}
}

// TestFindAllocatesNothing holds for windows without an anchor.
func TestFindAllocatesNothing(t *testing.T) {
	set := newSet(t, aws.New())
	f := set.NewFinder()
	for name, b := range map[string][]byte{
		"text":   []byte(strings.Repeat("the quick brown fox jumps over the lazy dog\n", 6000)),
		"binary": bytes.Repeat([]byte{0, 1, 2, 0xff, 'A', 0}, 40_000),
		"sha1":   []byte(strings.Repeat("da39a3ee5e6b4b0d3255bfef95601890afd80709  file\n", 4000)),
	} {
		w := detectors.Window{Bytes: b, Base: 0, From: 100, To: len(b) - 100, Line: 1}
		if n := testing.AllocsPerRun(20, func() {
			if atoms, _, _ := f.Find(nil, w); atoms != nil {
				t.Errorf("%s: found atoms", name)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestUnknownLineStart keeps an unknown line start unknown until a line ends.
func TestUnknownLineStart(t *testing.T) {
	set := newSet(t, aws.New())
	id := detectortest.KeyID("AKIA", 1)
	b := []byte(id + " x\n" + id + "\n")
	atoms, line, start := set.NewFinder().Find(nil, detectors.Window{Bytes: b, To: len(b), Base: 500, Line: 0, LineStart: -1})
	if len(atoms) != 2 || atoms[0].Line != 0 || atoms[0].LineStart != -1 || atoms[1].Line != 1 || atoms[1].LineStart != 523 {
		t.Errorf("got %q", describe(atoms))
	}
	if line != 2 || start != 500+int64(len(b)) {
		t.Errorf("ended at line %d from %d", line, start)
	}
}

// TestDenseStreams is not about time: it would not end if the work grew with
// the square of the anchors.
func TestDenseStreams(t *testing.T) {
	set := newSet(t, aws.New())
	id := detectortest.KeyID("AKIA", 1)
	for name, unit := range map[string]string{
		"ids":       id + " ",
		"glued ids": strings.ToLower(id) + id,
		"wide ids":  string(utf16of(id+" ", false)),
		"anchors":   "AKIA" + strings.Repeat("a", 2100),
		"prefixes":  "AKIAAKIA",
		"secrets":   detectortest.Secret() + "\n",
		"escapes":   id + strings.Repeat("%2F", 30),
		"openings":  "FwoGZXIv" + "YXdz",
		"joined":    "AKIA_",
		"dashes":    "AKIA-a-",
	} {
		b := []byte(strings.Repeat(unit, (1<<20)/len(unit)))
		atoms, _, _ := whole(set, b)
		if name == "ids" && len(atoms) != len(b)/len(unit) {
			t.Errorf("%s: %d atoms, want %d", name, len(atoms), len(b)/len(unit))
		}
		set.Join(nil, atoms, nil)
	}
}
