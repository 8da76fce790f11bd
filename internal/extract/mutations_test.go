package extract

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

// TestMutations: documents of real programs that are damaged make no reader
// panic: guarded would hide it from the fuzz tests.
func TestMutations(t *testing.T) {
	files, _ := fixtures(t)
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for name, whole := range files {
		if len(whole) > 64<<10 {
			continue
		}
		for range 40 {
			b := bytes.Clone(whole)
			seed := r.Uint64()
			m := rand.New(rand.NewPCG(seed, 2))
			for range 1 + m.IntN(20) {
				at := m.IntN(len(b))
				switch m.IntN(4) {
				case 0:
					b[at] = byte(m.IntN(256))
				case 1:
					b[at] ^= 1 << m.IntN(8)
				case 2:
					b = b[:max(at, 16)]
				case 3:
					from := m.IntN(len(b))
					copy(b[at:], b[from:min(len(b), from+m.IntN(200))])
				}
			}
			v := newRecorded()
			wr := Walker{Limits: Limits{Timeout: 10 * time.Second}}
			start := time.Now()
			if err := wr.Walk(t.Context(), inputOf(b), v); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("%s, seed %d: %s", name, seed, took)
			}
			for inner, err := range v.gaps {
				if errors.Is(err, ErrFailed) {
					t.Errorf("%s, seed %d: %s: %v", name, seed, inner, err)
				}
			}
		}
	}
}
