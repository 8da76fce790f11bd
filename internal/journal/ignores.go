package journal

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"mislaid/internal/ignore"
	"mislaid/verify"
)

// ignores is what suppresses sightings: the lists of the runs, each replaced by
// a later part of its run, and the list of whoever reads the journal.
type ignores struct {
	byRun  map[string]*ignore.Matcher
	reader *ignore.Matcher
}

func (g *ignores) set(run string, i *Ignore) {
	if g.byRun == nil {
		g.byRun = make(map[string]*ignore.Matcher)
	}
	g.byRun[run] = ignore.NewMatcher(i.Entries, i.At)
}

// Suppress adds a list to those that the journals hold, as it applies at a time.
func (f *Folder) Suppress(entries []ignore.Entry, at time.Time) {
	f.ignores.reader = ignore.NewMatcher(entries, at)
}

// matchers returns all lists, the reader's first.
func (g *ignores) matchers() []*ignore.Matcher {
	all := []*ignore.Matcher{g.reader}
	for _, id := range slices.Sorted(maps.Keys(g.byRun)) {
		all = append(all, g.byRun[id])
	}
	return all
}

func (g *ignores) expired() (all []ignore.Entry) {
	for _, m := range g.matchers() {
		for _, e := range m.Expired() {
			if !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	return all
}

// suppression returns why a sighting needs no attention, nil if it does.
func suppression(lists []*ignore.Matcher, l *Leak, s *Sighting) *Suppression {
	find := ignore.Find{Fingerprint: string(s.Fingerprint), KeyID: s.KeyID, Account: l.Account, Source: s.Ref.Source, Path: s.Path}
	for _, m := range lists {
		if e, ok := m.Match(find); ok {
			return &Suppression{By: fmt.Sprintf("%s:%d", e.List, e.Line), Reason: e.Reason, Expires: e.Expires, Inline: e.Source != ""}
		}
	}
	if s.Comment != "" {
		return &Suppression{By: "comment", Reason: s.Comment, Inline: true}
	}
	return nil
}

func allSuppressed(places []Place) bool {
	return len(places) > 0 && !slices.ContainsFunc(places, func(p Place) bool { return p.Suppressed == nil })
}

func isLive(v verify.Verdict) bool { return v.State == verify.Live || v.State == verify.LiveLimited }
