//go:build unix

package main

import "golang.org/x/sys/unix"

// disableCoreDumps keeps what was scanned out of core files. Where it fails
// there is nothing better to do: Go programs dump core only when told to.
func disableCoreDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 0, Max: 0})
}
