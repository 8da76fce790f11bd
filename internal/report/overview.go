package report

import (
	"fmt"
	"strings"

	"mislaid/internal/journal"
)

// shownLeaks is how many leaks the overview lists.
const shownLeaks = 100

// overviewColumns are the most that severity, name, verdict and power take.
var overviewColumns = [4]int{8, 21, 26, 22}

// overview lists several leaks, a line each, so that one sees at a glance where
// to begin.
func (t *page) overview(leaks []journal.Leak) {
	if len(leaks) < 2 {
		return
	}
	t.raw("")
	for i := range leaks[:min(len(leaks), shownLeaks)] {
		l := &leaks[i]
		name := l.KeyID
		if name == "" && len(l.Credentials) > 0 {
			name = string(l.Credentials[0].Kind)
		}
		var row string
		for c, s := range [4]string{strings.ToUpper(l.Severity.String()), name, verdictWords(l.Verdict), powerWords(l)} {
			s = cut(Clean(s), overviewColumns[c])
			padded := s + strings.Repeat(" ", overviewColumns[c]-columns(s)+1)
			if c == 0 {
				padded = t.o.paint(severityStyle(l.Severity), padded)
			}
			row += padded
		}
		place := "-"
		if len(l.Places) > 0 {
			place = Clean(where(&l.Places[0]))
			if more := placesOf(l) - 1; more > 0 {
				place += fmt.Sprintf(" and %d more", more)
			}
		}
		taken := 2
		for _, w := range overviewColumns {
			taken += w + 1
		}
		t.raw("  " + row + tail(place, t.columns(taken)))
	}
	if more := len(leaks) - shownLeaks; more > 0 {
		t.line(2, faint, fmt.Sprintf("and %d more", more))
	}
}

// cut shortens s to n columns; 0 is any number.
func cut(s string, n int) string {
	if n == 0 || columns(s) <= n {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if columns(b.String()+string(r)) >= n {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}

// tail shortens a place to n columns; its end tells more than its beginning.
func tail(s string, n int) string {
	all := []rune(s)
	if n == 0 || columns(s) <= n {
		return s
	}
	for i := range all {
		if rest := "…" + string(all[i+1:]); columns(rest) <= n {
			return rest
		}
	}
	return "…"
}

// powerWords says in a word or two what a key can do.
func powerWords(l *journal.Leak) string {
	switch {
	case whoOf(l).root():
		return "root"
	case l.Facts != nil && l.Facts.Capability != nil:
		return l.Facts.Capability.Power
	}
	return "-"
}
