package journal

import (
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
			at := slices.IndexFunc(byID[f.ID], func(h Habit) bool { return h.Evidence == f.Evidence })
			if at < 0 {
				byID[f.ID] = append(byID[f.ID], Habit{Finding: f, LeakIDs: []string{l.ID}})
				continue
			}
			byID[f.ID][at].LeakIDs = append(byID[f.ID][at].LeakIDs, l.ID)
		}
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
