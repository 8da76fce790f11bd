package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/extract"
	"mislaid/internal/journal"
	"mislaid/internal/report"
	"mislaid/internal/scan"
	"mislaid/sources"
	"mislaid/verify"
)

// verdictMaxAge is how old a verdict of an earlier journal may be unless
// --verdict-max-age says otherwise. An older one is asked for again.
const verdictMaxAge = 24 * time.Hour

// reading names how bytes are read: what is unwrapped by this version, and the
// values of extractionFlags.
func reading(cmd *cobra.Command) string {
	return fmt.Sprintf("extract/%d %s", extract.Version, strings.Join(words(cmd, extractionFlags), " "))
}

// earlier is the journal that a scan builds on.
type earlier struct {
	journal.Since
	past    *past
	summary *journal.Summary
	gaps    map[sources.Ref]bool
	seen    *journal.SeenSet
	maxAge  time.Duration // of a verdict that is taken over. 0: verdictMaxAge
	missing string        // why the journal cannot be read any more by a resumed run
}

// openEarlier reads the journal of --since. Its error is one of usage.
func openEarlier(cmd *cobra.Command, path, detectors string) (*earlier, error) {
	if !journalExists(path) {
		return nil, fmt.Errorf("--since: there is no journal %s", path)
	}
	e := &earlier{past: newPast(), gaps: make(map[sources.Ref]bool)}
	var chain journal.Chain
	if err := e.read(path, &chain); err != nil {
		return nil, fmt.Errorf("--since: %w", err)
	}
	if len(e.past.runs) == 0 {
		return nil, fmt.Errorf("--since: %s is no journal of a scan", path)
	}
	e.summary = e.past.folder.Summary()
	first := e.past.first()
	e.Since = journal.Since{Journal: path, Run: first.ID, Started: first.Started}
	if e.summary.End != nil {
		e.Ended = e.summary.End.Time
	}
	switch {
	case chain.Err != "":
		e.Full = "its chain of hashes is broken: " + chain.Err
	case first.Detectors != detectors:
		e.Full = fmt.Sprintf("it was made with other detectors: %s, now %s", first.Detectors, detectors)
	case slices.ContainsFunc(extractionFlags, func(name string) bool { return first.Options[name] != optionsSet(cmd)[name] }):
		e.Full = "it was made with other options of extraction"
	}
	if e.Full != "" {
		return e, nil
	}
	var err error
	if e.seen, err = journal.LoadSeen(path, false); err != nil {
		return nil, fmt.Errorf("--since: %w", err)
	}
	return e, nil
}

func (e *earlier) read(path string, chain *journal.Chain) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for r, err := range journal.Read(f, chain) {
		if err != nil {
			return err
		}
		if err := e.past.add(r); err != nil {
			return err
		}
		if r.Gap != nil && r.Gap.Ref.Item != "" {
			e.gaps[r.Gap.Ref] = true
		}
	}
	return nil
}

// about keeps of e what is about the sources of a run.
func (e *earlier) about(o opened) {
	if e.Full != "" || e.missing != "" {
		return
	}
	known := make(map[string]bool)
	for _, c := range e.past.last {
		known[c.Source] = true
	}
	mine := make(map[string]bool)
	for _, src := range o.sources {
		mine[src.Info().Name] = true
	}
	for _, f := range o.failed {
		mine[f.Name] = true // what was found there stands, though nobody can look
	}
	maps.DeleteFunc(known, func(name string, _ bool) bool { return !mine[name] })
	if len(known) == 0 {
		e.Full = "it tells nothing of these targets"
		return
	}
	for _, leaks := range []*[]journal.Leak{&e.summary.Leaks, &e.summary.Placeholders} {
		for i := range *leaks {
			l := &(*leaks)[i]
			l.Places = slices.DeleteFunc(l.Places, func(p journal.Place) bool { return !mine[p.Ref.Source] })
		}
		*leaks = slices.DeleteFunc(*leaks, func(l journal.Leak) bool { return len(l.Places) == 0 })
	}
}

// stands reports whether a verdict is taken over. One that a rule gave is not if
// keys are asked about: the rules of this run decide.
func (e *earlier) stands(v verify.Verdict, asking bool) bool {
	return v.Settled() && e.young(v.Time) && (v.State != verify.NotCalled || !asking)
}

func (e *earlier) young(at time.Time) bool {
	return time.Since(at) < cmp.Or(e.maxAge, verdictMaxAge)
}

// reread returns the items that must be read though they are as they were: those
// with gaps, and those whose keys are to be asked about.
func (e *earlier) reread(asking bool) map[sources.Ref]bool {
	all := maps.Clone(e.gaps)
	if !asking {
		return all
	}
	for _, l := range e.summary.Leaks {
		known := make(map[journal.LeakCredential]bool)
		open := make(map[string]bool)
		decidedAll := false
		for _, c := range l.Credentials {
			known[c] = e.stands(c.Verdict, asking)
			open[string(c.Fingerprint)] = open[string(c.Fingerprint)] || !known[c]
			decidedAll = decidedAll || known[c] && slices.Contains(decided, c.Verdict.State)
		}
		if decidedAll {
			continue // another secret of that id would not change it
		}
		for _, p := range l.Places {
			if open[string(p.Fingerprint)] && p.State != journal.StateGone {
				all[p.Ref] = true
			}
		}
	}
	return all
}

// takenOver is how many records are committed at once.
const takenOver = 1000

// takeOver commits what the earlier journal found, so that this one stands alone
// from its beginning. It does so once for a run and its resumptions.
func (s *session) takeOver(ctx context.Context) error {
	e := s.earlier
	if e == nil || s.past.since != nil {
		return nil
	}
	var records []journal.Record
	if e.Full == "" {
		records = e.records(s.verification.how != verifyOff)
		for _, l := range e.summary.Leaks {
			if l.Settled {
				s.announced[l.ID] = l.Severity // it is no news
			}
		}
	}
	records = append(records, journal.Record{Since: &e.Since})
	for batch := range slices.Chunk(records, takenOver) {
		for _, r := range batch {
			if r.Verdict != nil {
				s.past.verdicts[credentialKey{r.Verdict.KeyID, r.Verdict.Fingerprint}] = r.Verdict.Verdict
			}
			if r.Facts != nil {
				s.past.facts[r.Facts.KeyID] = r.Facts.Facts
			}
		}
		if err := s.rec.Commit(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// records are the sightings, their audiences and the verdicts that are taken
// over.
func (e *earlier) records(asking bool) (records []journal.Record) {
	audiences := make(map[string]bool)
	ids, prints := make(map[string]bool), make(map[credentialKey]bool)
	for _, leaks := range [][]journal.Leak{e.summary.Leaks, e.summary.Placeholders} {
		for _, l := range leaks {
			for _, p := range l.Places {
				if p.Audience != nil && !audiences[p.AudienceID] {
					audiences[p.AudienceID] = true
					records = append(records, journal.Record{Audience: &journal.Audience{ID: p.AudienceID, Audience: *p.Audience}})
				}
				sg := p.Sighting
				if sg.State != journal.StateGone {
					sg.State, sg.Checked = journal.StateEarlier, time.Time{}
				}
				records = append(records, journal.Record{Sighting: &sg})
				ids[sg.KeyID], prints[credentialKey{sg.KeyID, sg.Fingerprint}] = true, true
			}
		}
	}
	for key, v := range e.past.verdicts {
		if (key.print == "" && ids[key.id] || prints[key]) && e.stands(v, asking) {
			records = append(records, journal.Record{Verdict: &journal.Verdict{KeyID: key.id, Fingerprint: key.print, Verdict: v}})
		}
	}
	for id, f := range e.past.facts {
		if ids[id] && e.young(f.Read) {
			records = append(records, journal.Record{Facts: &journal.Facts{KeyID: id, Facts: f}})
		}
	}
	return records
}

// sinceOptions returns what the scan builds on, and the salt of its hashes.
// Sightings that an earlier part of the run has dealt with are not among them.
func (s *session) sinceOptions() (*scan.Since, []byte) {
	e := s.earlier
	if e == nil || e.Full != "" || s.past.since != nil && s.past.since.Full != "" {
		return nil, s.past.salt
	}
	o := &scan.Since{Seen: e.seen, Last: e.past.checkpoints(), Reread: e.reread(s.verification.how != verifyOff)}
	sum := s.rec.summary()
	for _, leaks := range [][]journal.Leak{sum.Leaks, sum.Placeholders} {
		for i := range leaks {
			for j := range leaks[i].Places {
				if p := &leaks[i].Places[j]; p.State == journal.StateEarlier {
					o.Sightings = append(o.Sightings, &p.Sighting)
				}
			}
		}
	}
	if s.past.salt != nil {
		return o, s.past.salt
	}
	return o, e.seen.Salt()
}

// line says on what the scan builds.
func (e *earlier) line() string {
	text := fmt.Sprintf("run %s of %s (%s)", e.Run, e.Started.Format("2006-01-02 15:04Z"), e.Journal)
	switch {
	case e.missing != "":
		text += ", which cannot be read any more: everything that is left is read; " + e.missing
	case e.Full != "":
		text += ", but everything is read again: " + e.Full
	case e.seen.Salt() == nil:
		text += ", which does not tell what it read: everything is read again, and its finds are taken over"
	case e.Ended.IsZero():
		text += ", which was cut off: what it read is not read again unless it changed"
	default:
		text += ": what it read is not read again unless it changed"
	}
	return report.Clean(text)
}

// left returns the places whose keys await a verdict and that the scan, which
// goes on, will not come to by itself.
func (s *session) left() [][]journal.Place {
	all := unsettled(s.rec.summary())
	for i := range all {
		all[i] = slices.DeleteFunc(all[i], func(p journal.Place) bool { return p.State == journal.StateEarlier })
	}
	return slices.DeleteFunc(all, func(places []journal.Place) bool { return len(places) == 0 })
}
