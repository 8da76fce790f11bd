//go:build real && linux

package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mislaid/sources/smb/smbtest"
)

// namespaced runs the tests where a domain controller can be started.
type namespaced struct{ *testing.M }

func (m namespaced) Run() int { return smbtest.Main(m.M, os.Stdout, os.Stderr) }

// TestMain lets the test's own program be the child of a scan that runs in it.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == unpackCommand {
		main()
		return
	}
	testscript.Main(namespaced{m}, map[string]func(){"mislaid": main, "browse": browse})
}
