package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mislaid/internal/pick"
	"mislaid/internal/scan"
)

// chooseFlags say which items are read, and which of them first.
type chooseFlags struct {
	since                         string
	quick                         bool
	quickNames                    string
	modifiedAfter, modifiedBefore moment
	neverOpen                     string
}

func (f *chooseFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.since, "since", "", "read only what changed since the scan with this `journal`, and take its finds over")
	fs.BoolVar(&f.quick, "quick", false, "read files with likely names first, then the rest: it finds sooner and covers the same")
	fs.StringVar(&f.quickNames, "quick-names", "", "with --quick: also read first what this `file` lists, a glob per line")
	fs.Var(&f.modifiedAfter, "modified-after", "leave out what was last modified before this `time`: 2026-01-31, 2026-01-31T08:00:00Z, or 90d ago (s, m, h, d, w)")
	fs.Var(&f.modifiedBefore, "modified-before", "leave out what was last modified at this `time` or later")
	f.defineNever(cmd)
}

func (f *chooseFlags) defineNever(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.neverOpen, "never-open", "", "never open what this `file` lists, a path or a glob per line: files set out as decoys")
}

// chosenCoverage are those that say what is covered: a scan is not resumed with
// other values.
var chosenCoverage = []string{"since", "quick", "quick-names", "modified-after", "modified-before", "never-open"}

// makeAbsolute makes the named files absolute, so that a resumed scan finds them
// from anywhere.
func (f *chooseFlags) makeAbsolute(cmd *cobra.Command) error {
	for _, name := range []string{"since", "quick-names", "never-open"} {
		flag := cmd.Flag(name)
		if flag == nil || flag.Value.String() == "" || filepath.IsAbs(flag.Value.String()) {
			continue
		}
		abs, err := filepath.Abs(flag.Value.String())
		if err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
		if err := cmd.Flags().Set(name, abs); err != nil {
			return err
		}
	}
	return nil
}

// rules reads the files and returns what is left out, and what goes first.
func (f *chooseFlags) rules() (r scan.Rules, err error) {
	r.After, r.Before = time.Time(f.modifiedAfter), time.Time(f.modifiedBefore)
	if !r.Before.IsZero() && !r.After.Before(r.Before) {
		return r, fmt.Errorf("--modified-after %s is not before --modified-before %s: everything would be left out", &f.modifiedAfter, &f.modifiedBefore)
	}
	if f.neverOpen != "" {
		if r.Never, err = pick.Read(f.neverOpen); err != nil {
			return r, fmt.Errorf("--never-open: %w", err)
		}
		if r.Never.Len() == 0 {
			return r, fmt.Errorf("--never-open: %s lists nothing", f.neverOpen)
		}
	}
	if !f.quick {
		if f.quickNames != "" {
			return r, fmt.Errorf("--quick-names: only means something together with --quick")
		}
		return r, nil
	}
	r.Likely = pick.Likely()
	if f.quickNames != "" {
		more, err := pick.Read(f.quickNames)
		if err != nil {
			return r, fmt.Errorf("--quick-names: %w", err)
		}
		r.Likely = r.Likely.With(more)
	}
	return r, nil
}

// attrs reports whether listings must tell size, time and version. For --since
// alone a source that can look is asked about one item at a time, by many at
// once.
func (f *crawlFlags) attrs() bool {
	c := &f.choose
	return c.quick || !time.Time(c.modifiedAfter).IsZero() || !time.Time(c.modifiedBefore).IsZero()
}

// moment is a flag that takes a time: a date (of this machine's time zone), an
// RFC 3339 time, or how long ago it was.
type moment time.Time

var _ pflag.Value = (*moment)(nil)

// String implements pflag.Value: a time that Set reads as the same.
func (m *moment) String() string {
	if time.Time(*m).IsZero() {
		return ""
	}
	return time.Time(*m).Format(time.RFC3339)
}

// Type implements pflag.Value.
func (m *moment) Type() string { return "time" }

// Set implements pflag.Value.
func (m *moment) Set(text string) error {
	t, err := parseMoment(text, time.Now())
	*m = moment(t)
	return err
}

// agoUnits are the units of a time that is told by how long ago it was.
var agoUnits = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

// mostAgo is the longest time ago, in its unit, that is no typing error.
const mostAgo = 100_000

func parseMoment(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return t, nil
	}
	if text != "" {
		unit := agoUnits[text[len(text)-1]]
		n, err := strconv.ParseUint(strings.TrimSuffix(text, text[len(text)-1:]), 10, 32)
		if err == nil && unit > 0 && n > 0 && n <= mostAgo {
			return now.Add(-time.Duration(n) * unit).Truncate(time.Second), nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a date (2026-01-31), a time (2026-01-31T08:00:00Z) or how long ago (90d, 12h, 2w)")
}
