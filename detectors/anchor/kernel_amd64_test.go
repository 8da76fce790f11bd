//go:build amd64 && !purego

package anchor

import (
	"strings"
	"testing"
)

func TestTailIsCleared(t *testing.T) {
	s := compile(t, words, 40, 41)
	for _, text := range []string{strings.Repeat("remember ", 20), wide("remember"), "ECRET"} {
		sc := s.NewScanner()
		sc.scanKernel(nil, []byte(text))
		for i, c := range sc.tail {
			if c != 0 {
				t.Fatalf("%q: byte %d of the tail is %#x", text, i, c)
			}
		}
	}
}
