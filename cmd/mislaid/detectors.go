package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"mislaid/detectors"
	"mislaid/detectors/aws"
	"mislaid/detectors/extra"
	"mislaid/detectors/marks"
	"mislaid/detectors/rules"
)

const detectorsHelp = `What is looked for: AWS credentials. --detectors=all adds what lies beside them on
shares: private keys, tokens of GitHub, GitLab and Slack, Google service accounts,
Azure storage keys, database addresses with a password. --rules FILE adds your own
rules, a subset of the gitleaks TOML format:

  [[rules]]
  id = "acme-token"             # letters, digits, - _ . ; the kind is rule:acme-token
  description = "for people"
  regex = '''\bacme_([a-z0-9]{32})\b'''   # Go's syntax, no look-around
  secretGroup = 1               # default: the first group that matched
  entropy = 3.0                 # the secret must have more bits per byte
  keywords = ["acme_"]          # required, 3 characters or more, in any case
  path = '''\.ya?ml$'''         # only in items whose path matches
  tags = ["for people"]
  [[rules.allowlists]]          # also [[allowlists]] for all rules
  condition = "OR"              # or "AND"
  regexTarget = "secret"        # or "match" or "line"
  regexes = ['''^acme_0+$''']
  stopwords = ["example"]
  paths = ['''^docs/''']

A field that is not in this list is an error. An expression is tried only around
its keywords, as far as its longest match is long (256 bytes to 8 KiB); a longer
match is not found. Nobody is asked whether these are in use: only AWS keys are
verified.`

// detectFlags say what is looked for.
type detectFlags struct {
	detectors choice
	rules     string
}

func (f *detectFlags) define(cmd *cobra.Command) {
	choiceVar(cmd, &f.detectors, "detectors", "what to look for: AWS credentials, or also what lies beside them on shares", "aws", "all")
	cmd.Flags().StringVar(&f.rules, "rules", "", "look also for what the rules in this TOML `file` describe")
}

// recognition is what a scan looks for.
type recognition struct {
	set    *detectors.Set
	accept func(c detectors.Candidate, path string) bool // nil: everything that the set finds
}

// build is the registry of detectors. With marks, the comments that suppress a
// line are looked for too.
func (f *detectFlags) build(withMarks bool) (r recognition, err error) {
	list := []detectors.Detector{aws.New()}
	if f.detectors.value == "all" {
		list = append(list, extra.New())
	}
	if f.rules != "" {
		text, err := readBounded(f.rules, rules.MaxFile)
		if err != nil {
			return r, fmt.Errorf("--rules: %w", err)
		}
		own, err := rules.Load(f.rules, text)
		if err != nil {
			return r, fmt.Errorf("--rules: %w", err)
		}
		list = append(list, own.Detector())
		r.accept = own.Allows
	}
	if withMarks {
		list = append(list, marks.New())
	}
	if r.set, err = detectors.NewSet(list...); err != nil {
		return r, &exitError{exitBug, err}
	}
	return r, nil
}

// readBounded reads a file that the user named, up to one byte more than limit.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// makePathsAbsolute makes the files that flags name absolute, so that a resumed
// scan finds them from anywhere.
func makePathsAbsolute(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		f := cmd.Flag(name)
		if f == nil || f.Value.String() == "" || filepath.IsAbs(f.Value.String()) {
			continue
		}
		abs, err := filepath.Abs(f.Value.String())
		if err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
		if err := cmd.Flags().Set(name, abs); err != nil {
			return err
		}
	}
	return nil
}
