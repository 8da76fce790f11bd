package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mislaid/internal/journal"
	"mislaid/sources"
	"mislaid/verify"
)

// How much the text shows of what the other formats hold whole.
const (
	shownPositions = 10 // per place
	shownGaps      = 5  // per reason
	shownSkips     = 20
)

// writeText writes the report for people. The first error of w ends it.
func writeText(w io.Writer, s *journal.Summary, o Options) error {
	t := &page{w: w, o: o}
	t.head(s)
	t.overview(s.Leaks)
	for i := range s.Leaks {
		t.leak(&s.Leaks[i])
	}
	t.placeholders(s.Placeholders)
	t.suppressed(s)
	t.habits(s.Habits)
	t.coverage(s)
	if t.err != nil {
		return fmt.Errorf("report: %w", t.err)
	}
	return nil
}

// head says who ran what, and what came of it.
func (t *page) head(s *journal.Summary) {
	for i := range s.Runs {
		r := &s.Runs[i]
		name := "mislaid " + r.Command
		if r.Part > 0 {
			name += fmt.Sprintf(", resumed (part %d)", r.Part+1)
		}
		t.line(0, bold, name+" "+stamp(r.Started))
		if r.Part > 0 && i > 0 {
			continue
		}
		t.field("Case", r.Case)
		t.field("Reason", r.Reason)
		t.field("Who", r.User+" on "+r.Host)
		t.field("Targets", strings.Join(r.Targets, "  "))
		var options []string
		for _, k := range slices.Sorted(maps.Keys(r.Options)) {
			options = append(options, "--"+k+"="+r.Options[k])
		}
		t.field("Options", strings.Join(options, " "))
		t.field("Contacts", strings.Join(r.Contacts, " "))
		version := strings.Join(slices.DeleteFunc([]string{r.Version, r.Commit, r.Go, r.Platform}, func(s string) bool { return s == "" }), " ")
		if r.BinarySHA256 != "" {
			version += " binary sha256 " + r.BinarySHA256
		}
		t.field("Version", version)
		t.field("Run", r.ID)
	}
	t.field("Builds on", sinceWords(s.Since))
	t.raw("")
	t.verdict(s)
}

// verdict is the answer in one line.
func (t *page) verdict(s *journal.Summary) {
	d := newSummary(s)
	words := "No leaks found"
	if d.Leaks > 0 {
		var by []string
		for sev := journal.Critical; sev >= journal.Info; sev-- {
			if n := d.BySeverity[sev.String()]; n > 0 {
				by = append(by, fmt.Sprintf("%d %s", n, sev))
			}
		}
		var verdicts []string
		for _, state := range verdictNames() {
			if n := d.ByVerdict[state]; n > 0 {
				verdicts = append(verdicts, fmt.Sprintf("%d %s", n, state))
			}
		}
		words = plural(d.Leaks, "leak", "leaks") + ": " + strings.Join(by, ", ") + "; " + strings.Join(verdicts, ", ")
	}
	if d.Suppressed > 0 {
		words += fmt.Sprintf("; %d suppressed", d.Suppressed)
	}
	if s.Complete() {
		t.line(0, bold, words+". Everything was read.")
		return
	}
	t.line(0, boldRed, words+". INCOMPLETE: "+strings.Join(incomplete(s), "; ")+".")
}

func verdictNames() []string {
	return []string{
		string(verify.Live), string(verify.LiveLimited), string(verify.Mismatch), string(verify.Unknown),
		string(verify.Unverifiable), string(verify.NotCalled), string(verify.Expired), string(verify.Dead),
	}
}

// incomplete says why a summary is not complete.
func incomplete(s *journal.Summary) []string {
	var why []string
	for _, src := range s.Coverage.Sources {
		if src.Error != "" {
			why = append(why, src.Name+" could not be read at all")
		}
	}
	if n := s.Coverage.GapTotal; n > 0 {
		why = append(why, plural(int(n), "gap", "gaps"))
	}
	switch {
	case s.End == nil:
		why = append(why, "the run has not ended, or was cut off")
	case s.End.Reason != journal.EndComplete:
		why = append(why, "the run was "+s.End.Reason)
	}
	if s.Chain.Err != "" {
		why = append(why, "the journal is broken, "+s.Chain.Err+", and what follows there is left out")
	}
	return why
}

func severityStyle(s journal.Severity) style {
	switch s {
	case journal.Critical:
		return boldRed
	case journal.High:
		return red
	case journal.Medium:
		return yellow
	case journal.Low:
		return cyan
	}
	return faint
}

// leak writes the block of one leak.
func (t *page) leak(l *journal.Leak) {
	t.raw("")
	t.raw(t.o.paint(severityStyle(l.Severity), strings.ToUpper(l.Severity.String())) + "  " +
		t.o.paint(bold, Clean(title(l))) + "  " + Clean(verdictWords(l.Verdict)))
	t.field("Why", l.Why)
	t.field("Rule", l.Rule)
	if l.Overruled() {
		t.field("Suppressed", "it was to be, and is shown because it is live")
	}
	t.field("Verdict", evidence(l.Verdict))
	t.field("Tried", tried(l))
	t.field("Account", accountWords(l))
	t.field("Principal", l.Verdict.ARN)
	t.facts(l)
	exposed := exposureWords(&l.Exposure)
	t.field("Exposed to", exposed)
	t.field("Window", windowWords(l))
	for _, c := range l.Credentials {
		words := fmt.Sprintf("%s, confidence %s", c.Kind, c.Confidence)
		if len(l.Credentials) > 1 {
			words += ": " + verdictWords(c.Verdict)
		}
		if c.Fingerprint != "" {
			words += ", fingerprint " + string(c.Fingerprint)
		}
		t.field("Credential", words)
	}
	t.field("Leak", l.ID)
	t.line(2, bold, plural(placesOf(l), "place", "places")+":")
	if len(l.Places) > 1 {
		exposed = "" // each place says its own
	}
	for i := range l.Places {
		if i > 0 && samePlace(&l.Places[i-1], &l.Places[i]) {
			continue // another secret beside the same id, which the credentials list
		}
		t.place(&l.Places[i], exposed)
	}
	t.next(Remedy(l))
}

// evidence is what a verdict rests on.
func evidence(v verify.Verdict) string {
	words := []string{verdictWords(v)}
	add := func(label, s string) {
		if s != "" {
			words = append(words, strings.TrimSpace(label+" "+s))
		}
	}
	add("code", v.Code)
	add("", v.Detail)
	add("asked", stamp(v.Time))
	add("of", v.Endpoint)
	add("partition", v.Partition)
	add("request id", v.RequestID)
	add("from", v.Source)
	add("as", v.UserAgent)
	add("clock off by", v.Skew)
	return strings.Join(words, ", ")
}

func exposureWords(a *sources.Audience) string {
	s := reachWords(a.Now) + "; " + headsWords(a.Heads)
	if everKnown(a) && a.Ever != a.Now {
		s += "; ever: " + reachWords(a.Ever)
	}
	if since := day(a.Since); since != "" {
		s += "; since " + since
	}
	return s
}

// placesOf counts the places of a leak as the text tells them.
func placesOf(l *journal.Leak) (n int) {
	for i := range l.Places {
		if i == 0 || !samePlace(&l.Places[i-1], &l.Places[i]) {
			n++
		}
	}
	return n
}

// samePlace reports whether the text would say the same of two places.
func samePlace(a, b *journal.Place) bool {
	return where(a) == where(b) && a.Ref == b.Ref && a.AudienceID == b.AudienceID && a.Kind == b.Kind && a.Total == b.Total && a.State == b.State &&
		(a.Suppressed == nil) == (b.Suppressed == nil)
}

// place writes one place. Who can read it is said unless it was just said.
func (t *page) place(p *journal.Place, said string) {
	t.raw("    " + t.o.paint(cyan, Clean(where(p)))) // not wrapped: it is to be copied
	var about []string
	if p.Author != "" {
		about = append(about, "by "+authorWords(p.Author, p.Left))
	}
	if at := stamp(p.ModTime); at != "" {
		about = append(about, at)
	}
	about = append(about, string(p.Kind))
	if p.Hints.Profile != "" {
		about = append(about, "profile "+p.Hints.Profile)
	}
	if p.Total > 1 {
		about = append(about, plural(p.Total, "position", "positions")+alsoAt(p))
	}
	t.line(6, plain, strings.Join(about, ", "))
	if p.Link != "" {
		t.line(6, plain, p.Link)
	}
	if p.Suppressed != nil {
		t.line(6, faint, "suppressed: "+p.Suppressed.Reason+" ("+p.Suppressed.By+untilWords(p.Suppressed.Expires)+")")
	}
	if words := stateWords(p); words != "" {
		t.line(6, yellow, words)
	}
	if p.Audience == nil {
		t.line(6, plain, "Nobody knows who can read it.")
		return
	}
	t.audience(p.Audience, said)
}

// audience says who can read something, with the evidence.
func (t *page) audience(a *sources.Audience, said string) {
	if words := exposureWords(a); words != said {
		t.line(6, plain, "Read by "+words)
	}
	t.grants("", a.Grants)
	for _, p := range a.Past {
		t.grants("could before"+pastWords(p)+": ", []sources.Grant{p.Grant})
	}
	t.grants("could let themselves in: ", a.CouldJoin)
	t.grants("reads along: ", a.Machines)
	for _, u := range a.Unresolved {
		t.line(8, faint, "not found out: "+u)
	}
}

// WriteAudience writes who can read something, as the text report does.
func WriteAudience(w io.Writer, a sources.Audience, o Options) error {
	t := page{w: w, o: o}
	t.audience(&a, "")
	return t.err
}

func (t *page) grants(label string, gs []sources.Grant) {
	for _, g := range gs {
		s := label + g.Who
		if g.By != "" {
			s += ", by " + g.By
		}
		if g.Count != "" {
			s += " (" + g.Count + ")"
		}
		t.line(8, faint, s)
	}
}

// alsoAt names the positions after the first one.
func alsoAt(p *journal.Place) string {
	var at []string
	for i := 1; i < min(len(p.Positions), shownPositions); i++ {
		at = append(at, strings.TrimPrefix(strings.TrimPrefix(spot(p.Positions[i]), ":"), " at "))
	}
	if len(at) == 0 {
		return ""
	}
	s := ", also at " + strings.Join(at, " ")
	if more := p.Total - 1 - len(at); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// next writes the remedy. Commands are never wrapped, so that they can be
// copied. A remark that was made before is not made again.
func (t *page) next(steps []Step) {
	if len(steps) == 0 {
		return
	}
	heading := "Next:"
	if !t.told("RESPONDER") && slices.ContainsFunc(steps, func(s Step) bool { return strings.Contains(s.Command, "RESPONDER") }) {
		t.tell("RESPONDER")
		heading = "Next (RESPONDER stands for your own AWS profile; never use the leaked key):"
	}
	t.line(2, bold, heading)
	for i, s := range steps {
		do := s.Do
		if s.Note != "" && !t.told(s.Note) {
			t.tell(s.Note)
			do += " (" + s.Note + ")"
		}
		number := fmt.Sprintf("%d. ", i+1)
		for _, l := range wrap(Clean(do), t.columns(4+len(number))) {
			t.raw("    " + number + l)
			number = strings.Repeat(" ", len(number))
		}
		if s.Command == "" {
			continue
		}
		for l := range strings.SplitSeq(s.Command, "\n") {
			t.raw("       " + t.o.paint(green, Clean(l)))
		}
	}
}
