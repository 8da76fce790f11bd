//go:build !unix

package main

// disableCoreDumps does nothing: only Unix has core files.
func disableCoreDumps() {}
