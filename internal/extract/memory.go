//go:build !race

package extract

// maxProcess is how much memory, in bytes, a child may hold.
const maxProcess = 384 << 20
