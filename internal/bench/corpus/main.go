// Corpus measures how much a scanner finds and how often it is wrong. It plants
// AWS credentials, made at run time, into a tree of files that look like what
// people leave on shares and in chat exports, in many shapes, encodings,
// distances and orders, among look-alikes; runs a scanner over the tree; and
// prints recall and precision with their counts.
//
//	go run ./internal/bench/corpus -seed 7 -v
//
// The tree depends on -seed, -pairs and -only alone (and holds nothing that is the same
// for two seeds but the shapes), so that a detector can be tuned on one seed and
// examined on others. It is written below -dir, mode 0700, and removed
// afterwards unless -keep is given.
//
// Other scanners are measured on the same tree:
//
//	go run ./internal/bench/corpus -seed 7 -dir /tmp/c -make
//	trufflehog filesystem /tmp/c/tree --json --no-verification --no-update >th.json
//	gitleaks dir /tmp/c/tree --report-format json --report-path gl.json --max-decode-depth 5
//	betterleaks /tmp/c/tree --no-banner --silent --output bl.json
//	titus scan /tmp/c/tree --output ti.ds && titus report --datastore ti.ds --format json >ti.json
//	go run ./internal/bench/corpus -dir /tmp/c -score th.json -format trufflehog
//
// This package knows how keys leak and how to count. It does not know how a
// detector works.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	seed       uint64
	pairs      int
	dir        string
	keep, make bool
	scanner    string
	score      string
	format     string
	verbose    bool
	only       string
}

func run(out io.Writer, args []string) (err error) {
	var s settings
	fs := flag.NewFlagSet("corpus", flag.ContinueOnError)
	fs.Uint64Var(&s.seed, "seed", 1, "seed of the tree")
	fs.IntVar(&s.pairs, "pairs", 2000, "pairs to plant, at least: every shape is planted once")
	fs.StringVar(&s.dir, "dir", "", "where the tree is made (default: a new temporary directory)")
	fs.BoolVar(&s.keep, "keep", false, "leave the tree and the list of what was planted")
	fs.BoolVar(&s.make, "make", false, "make the tree, scan nothing and keep it")
	fs.StringVar(&s.scanner, "scanner", "", "mislaid program to measure (default: built from this source)")
	fs.StringVar(&s.score, "score", "", "score this output about the tree of -dir instead of running a scanner")
	fs.StringVar(&s.format, "format", "mislaid", "format of -score: "+strings.Join(formatNames(), ", "))
	fs.BoolVar(&s.verbose, "v", false, "list what was missed and what was wrong")
	fs.StringVar(&s.only, "only", "", "plant only shapes whose name contains this")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if !slices.Contains(formatNames(), s.format) {
		return fmt.Errorf("-format %q: must be one of %s", s.format, strings.Join(formatNames(), ", "))
	}
	if s.score != "" {
		if s.dir == "" {
			return errors.New("-score needs -dir, the directory that -make or -keep left")
		}
		return scoreFile(out, s)
	}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "mislaid-corpus-"); err != nil {
			return err
		}
		if !s.keep && !s.make {
			defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
		}
	} else if err := os.Mkdir(s.dir, 0o700); err != nil {
		return fmt.Errorf("%w: -dir names a directory to be made", err)
	} else if !s.keep && !s.make {
		defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	}
	truth, err := build(s.dir, plan{seed: s.seed, pairs: s.pairs, only: s.only})
	if err != nil {
		return err
	}
	if s.keep || s.make {
		if err := truth.write(filepath.Join(s.dir, truthName)); err != nil {
			return err
		}
		fmt.Fprintf(out, "made %s: %d files, %d plants\n", filepath.Join(s.dir, treeName), truth.Files, len(truth.Plants))
	}
	if s.make {
		return nil
	}
	findings, err := scanWith(s.scanner, s.dir)
	if err != nil {
		return err
	}
	score(truth, findings).print(out, s.verbose)
	return nil
}

// scoreFile scores the output of an earlier run.
func scoreFile(out io.Writer, s settings) error {
	truth, err := readTruth(filepath.Join(s.dir, truthName))
	if err != nil {
		return err
	}
	f, err := os.Open(s.score)
	if err != nil {
		return err
	}
	defer f.Close()
	findings, err := formats[s.format](f)
	if err != nil {
		return fmt.Errorf("%s as %s: %w", s.score, s.format, err)
	}
	for i := range findings {
		findings[i].Path = relative(filepath.Join(s.dir, treeName), findings[i].Path)
	}
	if err := check(truth, findings); err != nil {
		return fmt.Errorf("%s: %w", s.score, err)
	}
	score(truth, findings).print(out, s.verbose)
	return nil
}
