package anchor

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// words is a set of literals as a detector might ask for, with shared and
// overlapping fingerprints.
var words = []string{
	"AKIA", "ASIA", "ABIA", "ACCA", "ABSK", "bedrock-api-key-", "ecret", "ECRET", "ecre",
	"QUtJQ", "BS0lB", "FLSU", "X-Amz-Credential", "SigninToken=", "secretary",
}

func compile(t testing.TB, literals []string, run, long int) *Set {
	t.Helper()
	s, err := Compile(literals, run, long)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// paths returns the set as each path runs it: portable, and the kernel where
// there is one.
func paths(t testing.TB, literals []string, run, long int) map[string]*Set {
	t.Helper()
	portable := compile(t, literals, run, long)
	portable.kernel = false
	all := map[string]*Set{"portable": portable}
	if hasKernel() {
		all["kernel"] = compile(t, literals, run, long)
	}
	return all
}

// spoken is the words in an identifier or a path, and smalls its small letters.
var (
	spoken = regexp.MustCompile(`[A-Z]+[a-z]*|[a-z]+|[0-9]+|[+/]+`)
	smalls = regexp.MustCompile(`[a-z]`)
)

// naive is Scan by its contract alone.
func naive(literals []string, run, long int, b []byte) (hits []Hit, newlines int) {
	const class = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	in := func(i int) bool { return i >= 0 && i < len(b) && strings.IndexByte(class, b[i]) >= 0 }
	wides := make([][]byte, len(literals))
	for id, l := range literals {
		wides[id] = []byte(strings.TrimSuffix(wide(l), "\x00"))
	}
	for i := range b {
		if b[i] == '\n' {
			newlines++
		}
		for id, l := range literals {
			if b[i] != l[0] {
				continue
			}
			if i+len(l) <= len(b) && string(b[i:i+len(l)]) == l {
				hits = append(hits, Hit{Off: i, ID: int32(id)})
			}
			if bytes.HasPrefix(b[i:], wides[id]) {
				hits = append(hits, Hit{Off: i, ID: int32(id), Wide: true})
			}
		}
		n := 0
		if long != 0 && in(i) && !in(i-1) {
			for in(i + n) {
				n++
			}
		}
		if long != 0 && n >= long-1 {
			word := string(b[i : i+min(n, long-1)])
			start := word[:len(word)/8*8]
			name := (!strings.ContainsAny(start, "0123456789") && len(spoken.FindAllString(word, -1)) <= fewWords || strings.ToLower(start) == start) && len(smalls.FindAllString(start, -1)) >= len(start)/2
			digest := name || strings.Trim(word, "0123456789abcdef") == "" || strings.Trim(word, "0123456789ABCDEF") == ""
			if !digest && (n >= long || n == long-1 && i+n < len(b) && b[i+n] == '=') {
				hits = append(hits, Hit{Off: i, ID: int32(len(literals)) + 1})
			}
		}
		if run == 0 || i+run > len(b) || in(i-1) || in(i+run) || i+run < len(b) && b[i+run] == '=' {
			continue
		}
		whole := true
		for k := i; k < i+run && whole; k++ {
			whole = in(k)
		}
		if !whole {
			continue
		}
		word := string(b[i : i+run])
		digest := len(spoken.FindAllString(word, -1)) <= fewWords || strings.ToLower(word) == word || strings.ToUpper(word) == word || strings.Trim(word, "0123456789abcdef") == "" || strings.Trim(word, "0123456789ABCDEF") == ""
		if !digest {
			hits = append(hits, Hit{Off: i, ID: int32(len(literals))})
		}
	}
	slices.SortFunc(hits, func(x, y Hit) int { return cmp.Or(cmp.Compare(x.Off, y.Off), cmp.Compare(x.ID, y.ID)) })
	return hits, newlines
}

// check fails when a path's answer for b is not the naive one.
func check(t testing.TB, sets map[string]*Set, literals []string, run, long int, b []byte) (hits int) {
	t.Helper()
	want, wantLines := naive(literals, run, long, b)
	for name, s := range sets {
		got, lines := s.NewScanner().Scan(nil, b)
		if !slices.Equal(got, want) || lines != wantLines {
			t.Fatalf("%s, run %d, %d bytes %q\n got %v, %d lines\nwant %v, %d lines", name, run, len(b), b, got, lines, want, wantLines)
		}
	}
	return len(want)
}
