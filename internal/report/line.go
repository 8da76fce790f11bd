package report

import (
	"strings"
	"time"

	"mislaid/internal/journal"
)

// Line returns a leak as the one line that is printed the moment it settles:
// time, severity, verdict, key id, account, principal, place, how many could
// read it, since when.
func Line(l journal.Leak, o Options) string {
	parts := []string{
		o.paint(faint, stamp(settledAt(&l))),
		o.paint(severityStyle(l.Severity), strings.ToUpper(l.Severity.String())),
		Clean(verdictWords(l.Verdict)),
		o.paint(bold, Clean(title(&l))),
	}
	if l.Account != "" {
		parts = append(parts, "account "+Clean(l.Account))
	}
	if l.Verdict.ARN != "" {
		parts = append(parts, Clean(l.Verdict.ARN))
	}
	if len(l.Places) > 0 {
		place := Clean(where(&l.Places[0]))
		if more := placesOf(&l) - 1; more > 0 {
			place += " (and " + plural(more, "more place", "more places") + ")"
		}
		parts = append(parts, place)
	}
	heads := headsWords(l.Exposure.Heads)
	if l.Exposure.Heads.Max < 0 && l.Exposure.Heads.Min <= 0 {
		heads = "an unknown number of people"
	}
	audience := heads + " could read it"
	if when(l.Exposure.Since) != nil {
		audience += " since " + day(l.Exposure.Since)
	} else if when(l.FirstSeen) != nil {
		audience += ", there since " + day(l.FirstSeen)
	}
	return strings.TrimSpace(strings.Join(append(parts, audience), "  "))
}

// settledAt is when the verdict came, or when the leak was last sighted.
func settledAt(l *journal.Leak) time.Time {
	t := l.Verdict.Time
	if t.IsZero() {
		for i := range l.Places {
			if l.Places[i].Found.After(t) {
				t = l.Places[i].Found
			}
		}
	}
	return t
}
