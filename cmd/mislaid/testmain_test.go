//go:build !real || !linux

package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test's own program be the child of a scan that runs in it.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == unpackCommand {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"mislaid": main, "browse": browse})
}
