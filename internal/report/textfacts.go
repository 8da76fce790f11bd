package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mislaid/internal/journal"
	"mislaid/verify"
)

// How much the text shows of what the other formats hold whole.
const (
	shownPaths = 8
	shownCalls = 5
)

// tried says how many secrets of an active key id were tried; "" when there is
// nothing to say.
func tried(l *journal.Leak) string {
	wrong, untried := 0, 0
	for _, c := range l.Credentials {
		switch {
		case c.Verdict.State == verify.Mismatch:
			wrong++
		case c.Verdict.State == verify.Unknown && c.Verdict.Why == verify.WhyNotTried:
			untried++
		}
	}
	if l.Verdict.State != verify.Mismatch || wrong+untried < 2 {
		return ""
	}
	return fmt.Sprintf("active id, %d of %d secrets tried", wrong, wrong+untried)
}

// accountWords names an account and what is known of it.
func accountWords(l *journal.Leak) string {
	a := l.AccountInfo
	if l.Account == "" {
		return ""
	}
	words := []string{l.Account}
	add := func(label, s string) {
		if s != "" {
			words = append(words, strings.TrimSpace(label+" "+s))
		}
	}
	add("", a.Name)
	if a.Alias != a.Name {
		add("alias", a.Alias)
	}
	add("tier", a.Tier)
	add("of", a.Owner)
	if a.Management {
		add("", "the management account of its organisation")
	}
	add("organisation", a.Organization)
	if l.Verdict.Account == "" && (l.Facts == nil || l.Facts.By == "") {
		add("", "decoded from the key id")
	}
	return strings.Join(words, ", ")
}

// windowWords says since when it is exposed, and until when for all we know.
func windowWords(l *journal.Leak) string {
	began := stamp(l.Began)
	if began == "" {
		return ""
	}
	words := "since " + began
	if l.Facts != nil && l.Facts.Created.Equal(l.Began) && !l.Facts.Created.IsZero() {
		words += ", when the key was made"
	} else {
		words += ", the earliest sighting"
	}
	if seen := stamp(l.LastSeen); seen != "" {
		words += "; it still stood there at " + seen
	}
	return words
}

// facts writes what was read of a key besides its verdict.
func (t *page) facts(l *journal.Leak) {
	f := l.Facts
	if f == nil {
		return
	}
	t.field("Key", keyWords(f))
	t.field("Owner", ownerWords(&f.Owner))
	if c := f.Capability; c != nil {
		t.field("Can do", string(c.Class)+", "+c.Power+": "+c.Words)
		if c.Power != "administrator" { // who may do everything goes every way
			t.ways(c.Paths)
			t.ways(c.Data)
		}
		for _, limit := range c.Limits {
			t.line(4, faint, "not in this: "+limit)
		}
	}
	for i, c := range f.Calls {
		if i == shownCalls {
			t.line(4, faint, fmt.Sprintf("and %d more uses; --format json lists them", len(f.Calls)-shownCalls))
			break
		}
		st, words := plain, c.Explained
		if words == "" {
			st, words = red, "NOBODY EXPLAINS THIS ADDRESS"
		}
		if c.UserAgent != "" {
			words += ", as " + c.UserAgent
		}
		t.line(4, st, fmt.Sprintf("used %s %s from %s: %s", stamp(c.At), c.Name, c.Source, words))
	}
	if g := f.LogRead; g != nil {
		words := fmt.Sprintf("%s in CloudTrail of %s since %s", plural(g.Events, "event", "events"), strings.Join(g.Regions, ", "), day(g.From))
		if g.Cut {
			words += "; not all of them are here"
		}
		t.field("Log", words)
	}
	t.field("Not read", strings.Join(f.Unread, ", "))
}

func keyWords(f *verify.Facts) string {
	var words []string
	add := func(s string) {
		if s != "" {
			words = append(words, s)
		}
	}
	switch f.Status {
	case verify.KeyActive, verify.KeyInactive:
		add(string(f.Status) + " in IAM")
	case verify.KeyAbsent:
		add("IAM knows no such key")
	case verify.KeyNotOurs:
		add("not ours")
	}
	add(f.Why)
	if at := day(f.Created); at != "" {
		add("made " + at)
	}
	if u := f.LastUsed; u != nil {
		if u.Service == "" {
			add("never used")
		} else {
			add(fmt.Sprintf("last used %s (%s, %s)", stamp(u.At), u.Service, u.Region))
		}
	}
	for _, o := range f.OtherIDs {
		add(fmt.Sprintf("its owner has another key, %s, %s", o.ID, o.Status))
	}
	if f.By != "" {
		add("read by " + f.By + " " + stamp(f.Read))
	}
	return strings.Join(words, "; ")
}

func ownerWords(o *verify.Owner) string {
	if o.Kind == "" {
		return ""
	}
	words := []string{o.Kind + " " + o.Name}
	if o.Kind == "root" {
		words[0] = "the root user"
	}
	add := func(s string) { words = append(words, s) }
	if len(o.Groups) > 0 {
		add("in " + strings.Join(o.Groups, ", "))
	}
	if o.Boundary != "" {
		add("bounded by " + o.Boundary)
	}
	if o.MFA != nil {
		add(map[bool]string{true: "with MFA", false: "without MFA"}[*o.MFA])
	}
	if o.Console != nil {
		add(map[bool]string{true: "has a console password", false: "no console password"}[*o.Console])
	}
	for _, k := range slices.Sorted(maps.Keys(o.Tags)) {
		add("tag " + k + "=" + o.Tags[k])
	}
	return strings.Join(words, ", ")
}

// ways writes paths in words.
func (t *page) ways(paths []verify.Path) {
	for i, p := range paths {
		if i == shownPaths {
			t.line(4, faint, fmt.Sprintf("and %d more; --format json lists them", len(paths)-shownPaths))
			return
		}
		words := fmt.Sprintf("%s: %s", p.Words, strings.Join(p.Needs, " + "))
		if p.Result != "allowed" {
			words += ", if a condition holds"
		}
		t.line(4, plain, words)
	}
}

// habits writes the bad habits that the run shows.
func (t *page) habits(all []journal.Habit) {
	if len(all) == 0 {
		return
	}
	t.raw("")
	t.line(0, bold, "Habits behind the leaks")
	last := ""
	shown := 0
	for i, h := range all {
		if h.ID != last {
			t.line(2, plain, h.Title)
			last, shown = h.ID, 0
		}
		if shown++; shown > shownGaps {
			if i+1 == len(all) || all[i+1].ID != h.ID {
				t.line(4, faint, fmt.Sprintf("and %d more", shown-shownGaps))
			}
			continue
		}
		t.line(4, plain, h.Evidence)
	}
}
