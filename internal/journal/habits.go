package journal

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mislaid/verify"
)

// Habit is one bad habit of keeping keys that a run shows, with its evidence.
type Habit struct {
	verify.Finding
	LeakIDs []string // the leaks that show it; empty where it is about the whole run
}

// habits gathers what the leaks show, in the order of reports.
func habits(leaks []Leak) (all []Habit) {
	byID := make(map[string][]Habit)
	accounts := make(map[string]bool)
	for i := range leaks {
		l := &leaks[i]
		if l.userOfAccount() {
			accounts[l.Account] = true
		}
		for _, f := range l.Findings() {
			if f.ID == verify.CarelessStorage {
				continue // said once of all
			}
			at := slices.IndexFunc(byID[f.ID], func(h Habit) bool { return h.Evidence == f.Evidence })
			if at < 0 {
				byID[f.ID] = append(byID[f.ID], Habit{Finding: f, LeakIDs: []string{l.ID}})
				continue
			}
			byID[f.ID][at].LeakIDs = append(byID[f.ID][at].LeakIDs, l.ID)
		}
	}
	if h, ok := careless(leaks); ok {
		byID[verify.CarelessStorage] = []Habit{h}
	}
	if len(accounts) > 1 {
		names := slices.Sorted(maps.Keys(accounts))
		byID[verify.ManyAccounts] = []Habit{{Finding: verify.NewFinding(verify.ManyAccounts, "keys of IAM users were found of %d accounts: %s", len(names), strings.Join(names, ", "))}}
	}
	for _, id := range verify.Habits() {
		all = append(all, byID[id]...)
	}
	return all
}

// careless says of all leaks that stand somewhere in plain text where.
func careless(leaks []Leak) (h Habit, found bool) {
	var places []string
	seen := make(map[string]bool)
	for i := range leaks {
		if len(leaks[i].Places) > 0 {
			h.LeakIDs = append(h.LeakIDs, leaks[i].ID)
		}
		for j := range leaks[i].Places {
			if p := &leaks[i].Places[j]; !seen[p.Path+p.Inner] {
				seen[p.Path+p.Inner] = true
				places = append(places, p.Path+p.Inner)
			}
		}
	}
	if len(places) == 0 {
		return h, false
	}
	const named = 3
	words := strings.Join(places[:min(len(places), named)], ", ")
	if more := len(places) - named; more > 0 {
		words += fmt.Sprintf(" and %d more", more)
	}
	count := func(n int, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %s", n, many)
	}
	h.Finding = verify.NewFinding(verify.CarelessStorage, "%s in plain text in %s: %s",
		count(len(h.LeakIDs), "credential stands", "credentials stand"), count(len(places), "place", "places"), words)
	return h, true
}

// userOfAccount reports whether the leak is a key of an IAM user that is real.
func (l *Leak) userOfAccount() bool {
	if l.Account == "" || !strings.HasPrefix(l.KeyID, "AKIA") || isRoot(l.Verdict.ARN) {
		return false
	}
	if f := l.Facts; f != nil && (f.Status == verify.KeyActive || f.Status == verify.KeyInactive) {
		return f.Owner.Kind == "user"
	}
	return l.Verdict.State == verify.Live || l.Verdict.State == verify.LiveLimited || l.Verdict.State == verify.Mismatch
}

// Findings are the bad habits that the leak shows: what an audit found, and
// that the credential lies where it lies.
func (l *Leak) Findings() (all []verify.Finding) {
	if l.Facts != nil {
		all = append(all, l.Facts.Findings...)
	}
	if len(l.Places) > 0 && !l.Places[0].Placeholder {
		p := &l.Places[0]
		words := p.Path + p.Inner
		if n := len(l.Places) - 1; n > 0 {
			words += " and elsewhere"
		}
		all = append(all, verify.NewFinding(verify.CarelessStorage, "it stands in plain text in %s", words))
	}
	return all
}
