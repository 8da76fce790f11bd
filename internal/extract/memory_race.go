//go:build race

package extract

// maxProcess is without effect under the race detector, whose own books take
// many times what a child holds.
const maxProcess = 1 << 40
