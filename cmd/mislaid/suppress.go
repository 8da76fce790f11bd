package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/ignore"
	"mislaid/internal/journal"
)

const suppressHelp = `What is known and needs no attention is suppressed by --ignore FILE, a TOML file:

  [[ignore]]
  path = "**/testdata"        # a glob, as --exclude takes it
  reason = "made-up keys of the tests"

  [[ignore]]
  fingerprint = "…"           # as reports print it; also key_id and account
  reason = "rotated, ticket 4711"
  expires = 2027-01-31        # its last day; after it the entry no longer applies

An entry covers what matches all that it names, and needs a reason. What is
suppressed is recorded in the journal, counted in every report, listed by
--show-suppressed, and does not count for the exit code. It is still verified
(--never-verify is for keys that must not be asked about), and a leak that is
found to be live is shown, and counts, whatever suppresses it.

Whoever writes to a share controls what stands in it. So a .mislaidignore (the
same format) at the top of a local target, and the comments mislaid:allow,
gitleaks:allow and trufflehog:ignore on a line of a find, count only in local
targets and only with --trust-inline.`

// inlineList is the ignore file in scanned content.
const inlineList = ".mislaidignore"

// suppressFlags say what is known already.
type suppressFlags struct {
	ignore string
	inline bool
}

func (f *suppressFlags) defineIgnore(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.ignore, "ignore", "", "suppress what this TOML `file` lists; a live key is shown all the same")
}

func (f *suppressFlags) define(cmd *cobra.Command) {
	f.defineIgnore(cmd)
	cmd.Flags().BoolVar(&f.inline, "trust-inline", false, "in local targets, let a .mislaidignore and comments such as mislaid:allow suppress finds")
}

// entries reads the operator's list.
func (f *suppressFlags) entries() ([]ignore.Entry, error) {
	if f.ignore == "" {
		return nil, nil
	}
	text, err := readBounded(f.ignore, ignore.MaxFile)
	if err != nil {
		return nil, fmt.Errorf("--ignore: %w", err)
	}
	entries, err := ignore.Parse(f.ignore, text)
	if err != nil {
		return nil, fmt.Errorf("--ignore: %w", err)
	}
	return entries, nil
}

// record returns what a scan of targets suppresses, nil if nothing does.
func (f *suppressFlags) record(targets []target, at time.Time) (*journal.Ignore, error) {
	if f.ignore == "" && !f.inline {
		return nil, nil
	}
	entries, err := f.entries()
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if !f.inline || t.scheme != schemeLocal {
			continue
		}
		own, err := readInlineList(t)
		if err != nil {
			return nil, err
		}
		entries = append(entries, own...)
	}
	return &journal.Ignore{Entries: entries, At: at}, nil
}

// readInlineList reads the list at the top of a local target. It holds for that
// target alone.
func readInlineList(t target) ([]ignore.Entry, error) {
	path := filepath.Join(t.path, inlineList)
	info, err := os.Lstat(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist) && isDirectory(t.path):
		return nil, fmt.Errorf("--trust-inline: %w", err)
	case err != nil:
		return nil, nil
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("--trust-inline: %s is not a regular file", path)
	}
	text, err := readBounded(path, ignore.MaxFile)
	if err != nil {
		return nil, fmt.Errorf("--trust-inline: %w", err)
	}
	entries, err := ignore.Parse(path, text)
	if err != nil {
		return nil, fmt.Errorf("--trust-inline: %w", err)
	}
	for i := range entries {
		entries[i].Source = "file://" + filepath.ToSlash(t.path)
	}
	return entries, nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
