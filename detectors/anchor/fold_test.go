package anchor

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var foldWords = []string{"api", "secret", "-----begin", "ghp_", "AWS_Key", "key", "eyj", "keykey", "a b", "x.y-z"}

func naiveWords(list []string, b []byte) (hits []Hit) {
	for i := range b {
		for id, w := range list {
			if i+len(w) <= len(b) && bytes.EqualFold(b[i:i+len(w)], []byte(w)) && isASCII(b[i:i+len(w)]) {
				hits = append(hits, Hit{Off: i, ID: 7 + int32(id)})
			}
			n := 2*len(w) - 1
			if i+n > len(b) {
				continue
			}
			var narrow []byte
			zeros := true
			for k := range n {
				if k%2 == 0 {
					narrow = append(narrow, b[i+k])
				} else {
					zeros = zeros && b[i+k] == 0
				}
			}
			if zeros && bytes.EqualFold(narrow, []byte(w)) && isASCII(narrow) {
				hits = append(hits, Hit{Off: i, ID: 7 + int32(id), Wide: true})
			}
		}
	}
	return hits
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 })
}

// TestWordsFindWhatIsThere compares Scan with its contract.
func TestWordsFindWhatIsThere(t *testing.T) {
	w, err := CompileWords(foldWords)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		var b []byte
		for range rapid.IntRange(0, 20).Draw(t, "pieces") {
			piece := rapid.SampledFrom(append([]string{"\x00", "K", "\u212a", "ſ", "\n", "e", "-"}, foldWords...)).Draw(t, "piece")
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				piece = strings.ToUpper(piece)
			case 1:
				piece = wide(piece)
			}
			b = append(b, piece...)
		}
		got := w.Scan([]Hit{{Off: 99}}, b, 7)[1:]
		want := naiveWords(foldWords, b)
		slices.SortStableFunc(want, func(a, b Hit) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		sortEqual(got)
		sortEqual(want)
		found += len(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%q: got %v, want %v", b, got, want)
		}
	})
	if found == 0 {
		t.Error("nothing was ever found: the test tested nothing")
	}
}

// sortEqual orders hits of equal place and word, which Scan may give either way.
func sortEqual(hits []Hit) {
	slices.SortStableFunc(hits, func(a, b Hit) int {
		switch {
		case a.before(b):
			return -1
		case b.before(a):
			return 1
		case a.Wide == b.Wide:
			return 0
		case a.Wide:
			return 1
		}
		return -1
	})
}

func TestCompileWordsRefuses(t *testing.T) {
	for name, list := range map[string][]string{
		"none": nil, "short": {"ab"}, "twice": {"abc", "ABC"}, "not ASCII": {"schlüssel"}, "control": {"ab\nc"}, "too many": make([]string, MaxWords+1),
	} {
		if _, err := CompileWords(list); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkWords(b *testing.B) {
	w, err := CompileWords([]string{"api", "auth", "secret", "token", "passw", "credential", "ghp_", "xoxb-", "glpat-", "-----begin"})
	if err != nil {
		b.Fatal(err)
	}
	text := bytes.Repeat([]byte("func (s *server) handle(w http.ResponseWriter, r *http.Request) error { return s.next(w, r) }\n"), 6000)
	b.SetBytes(int64(len(text)))
	var hits []Hit
	for b.Loop() {
		hits = w.Scan(hits[:0], text, 0)
	}
}
