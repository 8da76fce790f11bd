package anchor

import (
	"math/rand/v2"
	"testing"
)

func TestRarest(t *testing.T) {
	for text, want := range map[string]string{"AKIA": "KIA", "secretAKIA": "KIA", "X-Amz-Credential": "X-A"} {
		if at := rarest(text); text[at:at+3] != want {
			t.Errorf("%s: %s, want %s", text, text[at:at+3], want)
		}
	}
}

// TestPack checks that every fingerprint stays in the bucket it was put in.
func TestPack(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 50 {
		marks := make([]uint32, 1+r.IntN(MaxLiterals))
		for i := range marks {
			marks[i] = r.Uint32() & 0x7f7f7f
		}
		packed := pack(marks)
		if len(packed) > buckets {
			t.Fatalf("%d buckets", len(packed))
		}
		for _, m := range marks {
			found := false
			for _, b := range packed {
				found = found || b.merge(bucketOf(m)) == b
			}
			if !found {
				t.Errorf("%06x is in no bucket of %v", m, packed)
			}
		}
	}
}
