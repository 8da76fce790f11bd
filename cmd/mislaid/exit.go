package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mislaid/internal/report"
)

// Exit codes. Those of a scan's result are given by journal.ExitCode.
const (
	exitUsage     = 2   // usage or configuration
	exitBug       = 70  // our bug
	exitOutput    = 74  // a journal or a report could not be written
	exitCancelled = 130 // Ctrl-C or SIGTERM
)

// exitError ends the program with a code of its own. Every other error is one of
// usage.
type exitError struct {
	code int
	err  error // nil: everything has been said
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// outputError says that a journal or a report could not be written.
func outputError(format string, args ...any) error {
	return &exitError{exitOutput, fmt.Errorf(format, args...)}
}

// exit prints err, if it was not printed yet, and returns the exit code.
func (a *app) exit(cmd *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	if e := new(exitError); errors.As(err, &e) {
		if e.err != nil {
			fmt.Fprintf(a.stderr, "mislaid: %s\n", printableLines(e.err.Error()))
		}
		return e.code
	}
	fmt.Fprintf(a.stderr, "mislaid: %s\n", printableLines(err.Error()))
	path := "mislaid"
	if cmd != nil {
		path = cmd.CommandPath()
	}
	fmt.Fprintf(a.stderr, "Run '%s --help' for what it takes.\n", path)
	return exitUsage
}

// printableLines is printable for each line of a text of our own.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = report.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}
