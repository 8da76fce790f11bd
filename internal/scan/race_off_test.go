//go:build !race

package scan

const underRace = false
