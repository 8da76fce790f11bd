package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/extract"
	"mislaid/internal/scan"
)

// extractFlags say how what files are wrapped in is opened.
type extractFlags struct {
	off      bool
	depth    int
	maxBytes size
	maxRatio int64
	timeout  time.Duration
	keys     string // path of a file of passwords
}

func (f *extractFlags) define(cmd *cobra.Command) {
	fs, d := cmd.Flags(), extract.DefaultLimits
	f.maxBytes = size(d.Bytes)
	fs.BoolVar(&f.off, "no-extract", false, "scan archives and documents as the bytes they are, and open none")
	fs.IntVar(&f.depth, "extract-depth", d.Depth, "open this `many` wrappings within one another")
	fs.Var(&f.maxBytes, "extract-max-bytes", "unpack at most this much from one file")
	fs.Int64Var(&f.maxRatio, "extract-max-ratio", d.Ratio, "stop at what unpacks to more than this `many` times its size")
	fs.DurationVar(&f.timeout, "extract-timeout", d.Timeout, "unpack one file no longer than this")
	fs.StringVar(&f.keys, "password-file", "", "try the passwords in this `file`, one per line, on what is protected by one")
}

// extractionFlags are those that say what is found in given bytes: a scan is not
// resumed with other values, and a journal of other values tells nothing of what
// this scan would find.
var extractionFlags = []string{"no-extract", "extract-depth", "extract-max-bytes", "extract-max-ratio"}

func (f *extractFlags) check() error {
	if f.depth < 1 || f.maxRatio < 1 || f.timeout <= 0 {
		return fmt.Errorf("--extract-depth, --extract-max-ratio and --extract-timeout must be above 0; --no-extract opens nothing")
	}
	_, err := f.passwords()
	return err
}

// Trying passwords is slow by design of the formats; a longer list is for a
// program that cracks them.
const (
	maxPasswords     = 1000
	maxPasswordBytes = 64 << 10
)

// passwords reads the file of passwords. Nothing of it is ever quoted.
func (f *extractFlags) passwords() (extract.Passwords, error) {
	var none extract.Passwords
	if f.keys == "" {
		return none, nil
	}
	file, err := os.Open(f.keys)
	if err != nil {
		return none, fmt.Errorf("--password-file: %w", err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxPasswordBytes+1))
	if err != nil {
		return none, fmt.Errorf("--password-file: %w", err)
	}
	defer clear(b)
	var list []string
	for line := range strings.Lines(strings.TrimPrefix(string(b), "\ufeff")) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			list = append(list, line)
		}
	}
	switch {
	case len(b) > maxPasswordBytes || len(list) > maxPasswords:
		return none, fmt.Errorf("--password-file: %s holds more than %d passwords or %d KiB", f.keys, maxPasswords, maxPasswordBytes>>10)
	case len(list) == 0:
		return none, fmt.Errorf("--password-file: %s holds no password", f.keys)
	}
	return extract.NewPasswords(list), nil
}

// options are how the scan unwraps.
func (f *extractFlags) options() (scan.Extraction, error) {
	keys, err := f.passwords()
	e := scan.Extraction{
		Off: f.off, Passwords: keys,
		Limits: extract.Limits{
			Depth: f.depth, Bytes: int64(f.maxBytes), Ratio: f.maxRatio, Timeout: f.timeout,
		},
	}
	if exe, err := os.Executable(); err == nil {
		e.Command = []string{exe, unpackCommand}
	}
	return e, err
}

// unpackCommand makes this program the child that reads what is wrapped.
const unpackCommand = "unpack-worker"

func newUnpackCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    unpackCommand,
		Short:  "Read wrapped formats for a scan (internal)",
		Long:   "A scan starts this command for formats whose readers it keeps in a process of\ntheir own. It is of no use by itself.",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := extract.Serve(a.stdin, a.stdout); err != nil {
				return &exitError{exitBug, err}
			}
			return nil
		},
	}
}
