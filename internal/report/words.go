package report

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"mislaid/internal/journal"
	"mislaid/sources"
	"mislaid/verify"
)

// whole is the path of a place with its inner path, as it stands: not cleaned.
func whole(itemPath, inner string) string { return itemPath + inner }

// spot names a position behind a path: ":12:8", "!B7" of a sheet, " at 1716…" of
// a conversation, " at byte 90".
func spot(p journal.Position) string {
	switch {
	case p.Name != "" && p.Time.IsZero():
		return "!" + p.Name
	case p.Name != "":
		return " at " + p.Name
	case p.Line > 0 && p.Column > 0:
		return fmt.Sprintf(":%d:%d", p.Line, p.Column)
	case p.Line > 0:
		return ":" + strconv.Itoa(p.Line)
	}
	return fmt.Sprintf(" at byte %d", p.Offset)
}

// where is a place with its first position.
func where(p *journal.Place) string {
	s := whole(p.Path, p.Inner)
	if len(p.Positions) > 0 {
		s += spot(p.Positions[0])
	}
	return s
}

// authorWords names who put something there, and says when they have left.
func authorWords(author string, left bool) string {
	if left {
		return author + " (a leaver: there is no such active account)"
	}
	return author
}

// headsWords says how many people a head count stands for.
func headsWords(h sources.Heads) string {
	switch {
	case h.Max < 0 && h.Min <= 0:
		return "nobody knows how many people"
	case h.Max < 0:
		return plural(h.Min, "person", "people") + " at least"
	case h.Max == 0:
		return "no other person" // the owner is root or a service
	case h.Min == h.Max:
		return plural(h.Min, "person", "people")
	}
	return fmt.Sprintf("%d to %s", h.Min, plural(h.Max, "person", "people"))
}

// pastWords says until when somebody could read it.
func pastWords(p sources.Past) string {
	if until := day(p.Until); until != "" {
		return " until " + until + " at the latest"
	}
	return ""
}

// reachWords says who a reach lets in.
func reachWords(r sources.Reach) string {
	var names []string
	for _, l := range r.Levels() {
		if l > sources.OwnerOnly || r.Set == 1 {
			names = append(names, l.String())
		}
	}
	s := strings.Join(names, " and ")
	switch {
	case r.AtLeast == r.AtMost && s != "":
		return s
	case s == "":
		return "nobody knows whom, " + r.AtMost.String() + " at worst"
	}
	return s + ", " + r.AtMost.String() + " at worst"
}

// everKnown reports whether an audience tells more of the past than that
// nothing is known of it.
func everKnown(a *sources.Audience) bool {
	return a.EverKnown || a.Ever.AtMost > a.Now.AtMost || a.Ever.Set&^a.Now.Set != 0
}

// verdictWords is a verdict as a reader wants it: "live", "unknown (throttled)".
func verdictWords(v verify.Verdict) string {
	if v.Why != "" {
		return string(v.State) + " (" + v.Why + ")"
	}
	return string(v.State)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// stamp prints a time in UTC to the second; "" for one that is not known.
func stamp(t time.Time) string {
	if when(t) == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// day prints a date in UTC; "" for one that is not known.
func day(t time.Time) string {
	if when(t) == nil {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// byteWords prints a number of bytes for people.
func byteWords(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, u := float64(n)/1000, 0
	for f >= 999.95 && u < len(units)-1 {
		f, u = f/1000, u+1
	}
	return fmt.Sprintf("%.1f %cB", f, units[u])
}

// title names a leak for people: its key id, or what it is.
func title(l *journal.Leak) string {
	if l.KeyID != "" {
		return l.KeyID
	}
	if len(l.Credentials) > 0 {
		return strings.TrimSpace(string(l.Credentials[0].Kind) + " " + string(l.Credentials[0].Fingerprint))
	}
	return "leak " + l.ID
}

// principal is what an ARN says of who a key belongs to.
type principal struct {
	service  string // iam, sts
	resource string // user/path/name, root, assumed-role/Role/session
}

func principalOf(arn string) principal {
	parts := strings.SplitN(arn, ":", 6) // arn:partition:service:region:account:resource
	if len(parts) != 6 || parts[0] != "arn" {
		return principal{}
	}
	return principal{service: parts[2], resource: parts[5]}
}

func (p principal) root() bool { return p.service == "iam" && p.resource == "root" }

// user is the name of an IAM user, or "".
func (p principal) user() string {
	if p.service == "iam" && strings.HasPrefix(p.resource, "user/") {
		return path.Base(p.resource)
	}
	return ""
}

// role is the name of an assumed role, or "".
func (p principal) role() string {
	rest, ok := strings.CutPrefix(p.resource, "assumed-role/")
	if !ok || p.service != "sts" {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// stateWords says how a place that this run did not read came into the report.
func stateWords(p *journal.Place) string {
	read := "last read " + stamp(p.Found)
	switch p.State {
	case journal.StateEarlier:
		return "Of an earlier scan, " + read + "; this one has not come to it"
	case journal.StateUnchanged:
		return "Unchanged since an earlier scan, " + read
	case journal.StateGone:
		return "No longer there (" + stamp(p.Checked) + "), " + read + "; who read it before has it still"
	}
	return ""
}

// sinceWords says on what a run builds.
func sinceWords(s *journal.Since) string {
	if s == nil {
		return ""
	}
	words := "run " + s.Run + " of " + stamp(s.Started) + ", " + s.Journal
	switch {
	case s.Full != "":
		words += "; everything was read again: " + s.Full
	case s.Ended.IsZero():
		words += ", which was cut off"
	}
	return words
}
