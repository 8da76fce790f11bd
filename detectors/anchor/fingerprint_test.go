package anchor

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestChoose checks that every fingerprint is of its text and stays in a bucket.
func TestChoose(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 10 {
		texts := make([]string, 1+r.IntN(60))
		for i := range texts {
			var b strings.Builder
			for range MinLiteral + r.IntN(12) {
				b.WriteByte(byte(1 + r.IntN(0x7f)))
			}
			texts[i] = b.String()
		}
		at, packed := choose(texts)
		if len(packed) > buckets {
			t.Fatalf("%d buckets", len(packed))
		}
		for i, text := range texts {
			if at[i] < 0 || at[i]+3 > len(text) {
				t.Fatalf("%q: fingerprint at %d", text, at[i])
			}
			m := bucketOf(markAt(text, at[i]))
			found := false
			for _, b := range packed {
				found = found || b.merge(m) == b
			}
			if !found {
				t.Errorf("%q is in no bucket of %v", text, packed)
			}
		}
	}
}

// TestChooseAvoidsWords: a sign or a capital inside of a word is rarer than it.
func TestChooseAvoidsWords(t *testing.T) {
	for _, text := range []string{"ecret_access_key", "secretAccessKey"} {
		at, _ := choose([]string{text})
		if mark := text[at[0] : at[0]+3]; mark == "key" || mark == "ret" || mark == "Key" {
			t.Errorf("%s: %s is in every file", text, mark)
		}
	}
}
