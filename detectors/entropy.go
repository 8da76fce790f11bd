package detectors

import "math"

// Entropy returns the Shannon entropy of b in bits per byte, 0 for an empty
// slice. It allocates nothing.
func Entropy(b []byte) float64 {
	if len(b) == 0 {
		return 0
	}
	var count [256]int32
	for _, c := range b {
		count[c]++
	}
	n := float64(len(b))
	sum := 0.0
	for _, c := range b {
		// Each byte adds its own share, which spares a walk over the table.
		sum += math.Log2(n / float64(count[c]))
	}
	return sum / n
}
