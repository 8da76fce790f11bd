package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/verify"
)

// past is what a journal says of the run that is gone on with.
type past struct {
	runs     []journal.Run
	folder   *journal.Folder
	last     map[containerKey]journal.Checkpoint
	verdicts map[credentialKey]verify.Verdict // settled ones
	facts    map[string]verify.Facts          // by key id
	since    *journal.Since                   // what was taken over; nil: nothing, or not all of it
	salt     []byte                           // of its Seen records; nil: there is none
}

type containerKey struct {
	source, container string
	likely            bool
}

type credentialKey struct {
	id    string
	print secret.Fingerprint
}

func newPast() *past {
	return &past{
		folder: journal.NewFolder(),
		last:   make(map[containerKey]journal.Checkpoint), verdicts: make(map[credentialKey]verify.Verdict),
		facts: make(map[string]verify.Facts),
	}
}

// add takes a record. It is given to journal.Resume.
func (p *past) add(r journal.Record) error {
	p.folder.Add(r)
	switch {
	case r.Run != nil:
		p.runs = append(p.runs, *r.Run)
	case r.Checkpoint != nil:
		p.last[containerKey{r.Checkpoint.Source, r.Checkpoint.Container, r.Checkpoint.Likely}] = *r.Checkpoint
	case r.Facts != nil:
		p.facts[r.Facts.KeyID] = r.Facts.Facts
	case r.Since != nil:
		p.since = r.Since
	case r.Seen != nil && p.salt == nil:
		p.salt = r.Seen.Salt
	case r.Verdict != nil:
		key := credentialKey{r.Verdict.KeyID, r.Verdict.Fingerprint}
		if r.Verdict.Settled() {
			p.verdicts[key] = r.Verdict.Verdict
		} else {
			delete(p.verdicts, key)
		}
	}
	return nil
}

// resumePast opens a journal to go on with it.
func resumePast(path string) (*journal.File, *past, error) {
	p := newPast()
	file, err := journal.Resume(path, p.add)
	if err != nil {
		return nil, nil, fmt.Errorf("go on with the journal %s: %w", path, err)
	}
	return file, p, nil
}

func (p *past) checkpoints() []journal.Checkpoint {
	var all []journal.Checkpoint
	for _, c := range p.last {
		all = append(all, c)
	}
	return all
}

// known is what the journal says of keys. Verdicts older than maxAge are asked
// anew; 0 means that none is too old.
func (p *past) known(maxAge time.Duration) []verify.Answer {
	var all []verify.Answer
	for id, f := range p.facts {
		all = append(all, verify.Answer{KeyID: id, Facts: &f})
	}
	for key, v := range p.verdicts {
		if maxAge > 0 && time.Since(v.Time) > maxAge {
			continue
		}
		all = append(all, verify.Answer{KeyID: key.id, Fingerprint: key.print, Verdict: v})
	}
	return all
}

// first is the run that began the journal.
func (p *past) first() journal.Run { return p.runs[0] }

// newestOptions is what the last scan ran with.
func (p *past) newestOptions() map[string]string {
	options := p.first().Options
	for _, r := range p.runs {
		if r.Command == p.first().Command {
			options = r.Options
		}
	}
	return options
}

// verificationFlags are taken from the journal by a later part of its run unless
// they are set anew, as are those of coverage and of connectors.
var verificationFlags = []string{
	"never-verify", "canaries", "accounts", "verify-foreign", "verify-budget", "verify-rate", "account-rate", "aws-endpoint", "aws-region",
	"aws-partitions", "aws-fips", "user-agent", "proxy", "audit-profile", "audit-role", "account-map", "look-back", "known-addresses", "max-key-age",
}

// recognitionFlags say what is looked for, and are taken from the journal too.
var recognitionFlags = []string{"detectors", "rules", "trust-inline"}

// restore gives cmd's flags what the journal's run had, if there was one.
func (p *past) restore(cmd *cobra.Command, names []string) error {
	if len(p.runs) == 0 {
		return nil
	}
	options := p.newestOptions()
	for _, name := range names {
		f := cmd.Flag(name)
		recorded, was := options[name]
		if f == nil || f.Changed || !was {
			continue
		}
		if err := setOption(cmd, f, recorded); err != nil {
			return fmt.Errorf("take --%s from the journal: %w", name, err)
		}
	}
	return nil
}

// checkCoverage refuses to go on with other options than those the run began
// with: a report must not say "complete" of two halves that do not fit.
func (p *past) checkCoverage(cmd *cobra.Command, targets []target, given bool, detectors string) error {
	first := p.first()
	if given {
		now := targetNames(targets)
		was := slices.Clone(first.Targets)
		slices.Sort(now)
		slices.Sort(was)
		if !slices.Equal(now, was) {
			return fmt.Errorf("--resume: the journal is about %s, not about %s; name the same targets or none", shellQuoted(was), shellQuoted(now))
		}
	}
	for _, name := range coverageFlags() {
		f := cmd.Flag(name)
		was, set := first.Options[name]
		if !set {
			was = f.DefValue
		}
		if f.Changed && optionValue(f) != was {
			return fmt.Errorf("--resume: the scan began with --%s %q and cannot go on with %q; leave the flag away, or start a new scan", name, was, optionValue(f))
		}
	}
	if first.Detectors != detectors {
		return fmt.Errorf("--resume: the scan began with the detectors %s, this program has %s and would find something else; start a new scan", first.Detectors, detectors)
	}
	return nil
}

// latestUnfinished returns the newest journal in dir that is of a scan of the
// same targets and not complete.
func latestUnfinished(dir string, targets []target) (string, error) {
	names, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*.journal"))
	if err != nil {
		return "", err
	}
	slices.Sort(names) // they begin with the time
	want := targetNames(targets)
	slices.Sort(want)
	for _, path := range slices.Backward(names) {
		if unfinished(path, want) {
			return path, nil
		}
	}
	return "", fmt.Errorf("--resume: no unfinished scan of %s has its journal in %s; name it with --journal FILE", shellQuoted(want), dir)
}

// unfinished reports whether the journal at path is of a scan of the sorted
// targets that did not reach its end. One that cannot be read is none.
func unfinished(path string, targets []string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var chain journal.Chain
	same, ended := false, false
	command := "" // of the part of the run that is read
	for r, err := range journal.Read(f, &chain) {
		if err != nil {
			return false
		}
		switch {
		case r.Run != nil && !same:
			was := slices.Clone(r.Run.Targets)
			slices.Sort(was)
			if r.Run.Command != "scan" || !slices.Equal(was, targets) {
				return false
			}
			same, command = true, r.Run.Command
		case r.Run != nil:
			command = r.Run.Command
		case r.End != nil && command == "scan":
			ended = r.End.Reason == journal.EndComplete
		}
	}
	return same && !ended
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(path)
}

// decided are the verdicts that hold for a key id whatever its secrets are.
var decided = []verify.State{verify.Live, verify.LiveLimited, verify.Dead, verify.Expired}

// unsettled returns, for each credential whose verdict is awaited, the places at
// which it stands.
func unsettled(s *journal.Summary) [][]journal.Place {
	type key struct {
		leak  string
		print secret.Fingerprint
	}
	var all [][]journal.Place
	for _, l := range slices.Concat(s.Leaks, s.Suppressed) {
		if slices.Contains(decided, l.Verdict.State) {
			continue // another secret of that id would not change it
		}
		open := make(map[secret.Fingerprint]bool)
		for _, c := range l.Credentials {
			open[c.Fingerprint] = !c.Verdict.Settled()
		}
		index := make(map[key]int)
		for _, p := range l.Places {
			if !open[p.Fingerprint] || p.State == journal.StateGone {
				continue
			}
			k := key{l.ID, p.Fingerprint}
			i, ok := index[k]
			if !ok {
				i = len(all)
				index[k] = i
				all = append(all, nil)
			}
			all[i] = append(all[i], p)
		}
	}
	return all
}

// errOnce says why a scan of standard input cannot be gone on with.
var errOnce = errors.New("standard input cannot be read again: a scan of it cannot be resumed or rechecked")

// journalExists reports whether there is something at path.
func journalExists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
