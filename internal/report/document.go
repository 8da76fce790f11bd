package report

import (
	"time"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

// SchemaID names the version of the JSON formats. Fields may be added to a
// version; a field that goes or changes its meaning makes a new one.
const SchemaID = "mislaid/report/v1"

// The types below are the JSON formats, described field by field in
// schema.json. Names that are not UTF-8 have each such byte written as \xNN.

type docSummary struct {
	Leaks        int            `json:"leaks"`
	Placeholders int            `json:"placeholders"`
	Suppressed   int            `json:"suppressed"`
	Expired      []docIgnore    `json:"expired_ignores,omitempty"`
	BySeverity   map[string]int `json:"by_severity"`
	ByVerdict    map[string]int `json:"by_verdict"`
	Complete     bool           `json:"complete"`
	Ended        string         `json:"ended"` // "complete", "interrupted", "": it did not end
	EndedAt      *time.Time     `json:"ended_at,omitempty"`
	Since        *docSince      `json:"since,omitempty"`
}

// docIgnore is an entry of an ignore file that no longer applies.
type docIgnore struct {
	List    string `json:"list"`
	Line    int    `json:"line"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
}

type docLeak struct {
	LeakID      string          `json:"leak_id"`
	ID          string          `json:"id"`
	Account     string          `json:"account"`
	AccountInfo *verify.Account `json:"account_info,omitempty"`
	Severity    string          `json:"severity"`
	Rule        string          `json:"rule"`
	Why         string          `json:"why"`
	Settled     bool            `json:"settled"`
	Verdict     verify.Verdict  `json:"verdict"`
	Credentials []docCredential `json:"credentials"`
	Sightings   []docSighting   `json:"sightings"`
	Class       verify.Class    `json:"class"`
	Facts       *verify.Facts   `json:"facts,omitempty"`
	Exposure    docAudience     `json:"exposure"`
	Reach       docReach        `json:"reach"`
	FirstSeen   *time.Time      `json:"first_seen,omitempty"`
	Began       *time.Time      `json:"exposed_since,omitempty"`
	LastSeen    *time.Time      `json:"last_seen,omitempty"`
	Tried       string          `json:"tried,omitempty"`
	Next        []Step          `json:"next"`
	Overruled   bool            `json:"suppression_overruled,omitempty"`
}

type docHabit struct {
	verify.Finding
	Leaks []string `json:"leaks"`
}

type docCredential struct {
	Kind        secret.Kind          `json:"kind"`
	Fingerprint secret.Fingerprint   `json:"fingerprint,omitempty"`
	Confidence  detectors.Confidence `json:"confidence"`
	Verdict     verify.Verdict       `json:"verdict"`
}

type docSighting struct {
	Source         string               `json:"source"`
	Container      string               `json:"container"`
	Item           string               `json:"item"`
	Path           string               `json:"path"`
	Line           int                  `json:"line,omitempty"`
	Column         int                  `json:"column,omitempty"`
	Offset         int64                `json:"offset"`
	Kind           secret.Kind          `json:"kind"`
	Fingerprint    secret.Fingerprint   `json:"fingerprint,omitempty"`
	Confidence     detectors.Confidence `json:"confidence"`
	Author         string               `json:"author,omitempty"`
	AuthorLeft     bool                 `json:"author_left,omitempty"`
	Time           *time.Time           `json:"time,omitempty"`
	Found          *time.Time           `json:"found,omitempty"`
	State          journal.State        `json:"state,omitempty"`
	Checked        *time.Time           `json:"checked,omitempty"`
	Size           int64                `json:"size"`
	Version        string               `json:"version,omitempty"`
	SHA256         string               `json:"sha256,omitempty"`
	Link           string               `json:"link,omitempty"`
	Hints          detectors.Hints      `json:"hints,omitzero"`
	Audience       *docAudience         `json:"audience"`
	Positions      []docPosition        `json:"positions"`
	PositionsTotal int                  `json:"positions_total"`
	Suppressed     *docSuppression      `json:"suppressed,omitempty"`
}

type docSuppression struct {
	By      string `json:"by"`
	Reason  string `json:"reason"`
	Expires string `json:"expires,omitempty"`
	Inline  bool   `json:"inline,omitempty"`
}

type docPosition struct {
	Line   int        `json:"line,omitempty"`
	Column int        `json:"column,omitempty"`
	Offset int64      `json:"offset"`
	Name   string     `json:"name,omitempty"`
	Author string     `json:"author,omitempty"`
	Left   bool       `json:"author_left,omitempty"`
	Time   *time.Time `json:"time,omitempty"`
	Link   string     `json:"link,omitempty"`
}

type docReach struct {
	Levels  []int `json:"levels"`
	AtLeast int   `json:"at_least"`
	AtMost  int   `json:"at_most"`
}

type docAudience struct {
	docReach
	Ever       *docReach        `json:"ever"`
	Heads      docHeads         `json:"heads"`
	Grants     []docGrant       `json:"grants,omitempty"`
	Past       []docPast        `json:"past,omitempty"`
	CouldJoin  []docGrant       `json:"could_join,omitempty"`
	Machines   []docGrant       `json:"machines,omitempty"`
	Findable   sources.Findable `json:"findable,omitempty"`
	Since      *time.Time       `json:"since,omitempty"`
	Unresolved []string         `json:"unresolved,omitempty"`
	ReadAt     *time.Time       `json:"read_at,omitempty"`
}

type docHeads struct {
	Min int  `json:"min"`
	Max *int `json:"max"`
}

type docGrant struct {
	Who   string   `json:"who"`
	By    string   `json:"by"`
	Level int      `json:"level"`
	Heads docHeads `json:"heads"`
	Count string   `json:"count,omitempty"`
}

type docPast struct {
	docGrant
	Until *time.Time `json:"until,omitempty"`
}

type docCoverage struct {
	Sources []docSource `json:"sources"`
	journal.Counts
	Gaps      []docGap         `json:"gaps"`
	GapTotal  int64            `json:"gap_total"`
	GapBy     map[string]int64 `json:"gap_by"`
	NotOpened []docSkip        `json:"not_opened,omitempty"`
}

type docSkip struct {
	Source    string     `json:"source"`
	Container string     `json:"container"`
	Item      string     `json:"item"`
	Path      string     `json:"path"`
	Reason    string     `json:"reason"`
	Time      *time.Time `json:"time,omitempty"`
}

type docSince struct {
	Journal string     `json:"journal"`
	Run     string     `json:"run"`
	Started *time.Time `json:"started,omitempty"`
	Ended   *time.Time `json:"ended,omitempty"`
	Full    string     `json:"full,omitempty"`
}

type docSource struct {
	journal.Source
	journal.Counts
	Gaps int64 `json:"gaps"`
	Done bool  `json:"done"`
}

type docGap struct {
	Source    string     `json:"source"`
	Container string     `json:"container"`
	Item      string     `json:"item"`
	Path      string     `json:"path"`
	Reason    string     `json:"reason"`
	Detail    string     `json:"detail,omitempty"`
	Count     int64      `json:"count"`
	Time      *time.Time `json:"time,omitempty"`
}

type docChain struct {
	Records int    `json:"records"`
	Torn    bool   `json:"torn"`
	Broken  string `json:"broken,omitempty"`
}

func newSummary(s *journal.Summary) docSummary {
	d := docSummary{
		Leaks: len(s.Leaks), Placeholders: len(s.Placeholders), Suppressed: len(s.Suppressed),
		BySeverity: make(map[string]int), ByVerdict: make(map[string]int), Complete: s.Complete(),
	}
	for i := range s.Leaks {
		d.BySeverity[s.Leaks[i].Severity.String()]++
		d.ByVerdict[string(s.Leaks[i].Verdict.State)]++
	}
	for _, e := range s.ExpiredIgnores {
		d.Expired = append(d.Expired, docIgnore{text(e.List), e.Line, text(e.Reason), e.Expires})
	}
	if s.End != nil {
		d.Ended, d.EndedAt = s.End.Reason, when(s.End.Time)
	}
	if b := s.Since; b != nil {
		d.Since = &docSince{text(b.Journal), text(b.Run), when(b.Started), when(b.Ended), text(b.Full)}
	}
	return d
}

func newLeak(l *journal.Leak) docLeak {
	d := docLeak{
		LeakID: l.ID, ID: text(l.KeyID), Account: text(l.Account), Severity: l.Severity.String(), Rule: l.Rule, Why: l.Why,
		Settled: l.Settled, Verdict: newVerdict(l.Verdict), Exposure: newAudience(&l.Exposure), Reach: newReach(l.Reach), FirstSeen: when(l.FirstSeen),
		AccountInfo: newAccount(l.AccountInfo), Class: l.Class(), Facts: newFacts(l.Facts), Began: when(l.Began), LastSeen: when(l.LastSeen), Tried: tried(l),
		Credentials: make([]docCredential, len(l.Credentials)), Sightings: make([]docSighting, len(l.Places)),
		Next: append([]Step{}, Remedy(l)...), Overruled: l.Overruled(),
	}
	for i, c := range l.Credentials {
		d.Credentials[i] = docCredential{c.Kind, c.Fingerprint, c.Confidence, newVerdict(c.Verdict)}
	}
	for i := range l.Places {
		d.Sightings[i] = newSighting(&l.Places[i])
	}
	return d
}

func newSighting(p *journal.Place) docSighting {
	d := docSighting{
		Source: text(p.Ref.Source), Container: text(p.Ref.Container), Item: text(p.Ref.Item), Path: text(whole(p.Path, p.Inner)),
		Kind: p.Kind, Fingerprint: p.Fingerprint, Confidence: p.Confidence, Author: text(p.Author), AuthorLeft: p.Left,
		Time: when(p.ModTime), Found: when(p.Found), State: p.State, Checked: when(p.Checked), Size: p.Size, Version: text(p.Version), SHA256: p.SHA256,
		Link: text(p.Link), Hints: newHints(p.Hints), PositionsTotal: p.Total,
		Positions: make([]docPosition, min(len(p.Positions), journal.MaxPositions)),
	}
	for i := range d.Positions {
		at := p.Positions[i]
		d.Positions[i] = docPosition{at.Line, at.Column, at.Offset, text(at.Name), text(at.Author), at.Left, when(at.Time), text(at.Link)}
	}
	if len(p.Positions) > 0 {
		first := p.Positions[0]
		d.Line, d.Column, d.Offset = first.Line, first.Column, first.Offset
	}
	if q := p.Suppressed; q != nil {
		d.Suppressed = &docSuppression{text(q.By), text(q.Reason), q.Expires, q.Inline}
	}
	if p.Audience != nil {
		a := newAudience(p.Audience)
		d.Audience = &a
	}
	return d
}

func newHints(h detectors.Hints) detectors.Hints {
	h.Profile, h.Label, h.Region = text(h.Profile), text(h.Label), text(h.Region)
	h.Partition, h.Endpoint = text(h.Partition), text(h.Endpoint)
	h.Expires = orZero(when(h.Expires))
	return h
}

func newVerdict(v verify.Verdict) verify.Verdict {
	for _, s := range []*string{
		&v.Why, &v.Code, &v.Account, &v.ARN, &v.UserID, &v.Partition, &v.Region, &v.Endpoint,
		&v.RequestID, &v.UserAgent, &v.Source, &v.Skew, &v.Detail,
	} {
		*s = text(*s)
	}
	v.Time = orZero(when(v.Time))
	return v
}

// newAccount leaves out an account of which nothing but the id is known.
func newAccount(a verify.Account) *verify.Account {
	if a == (verify.Account{ID: a.ID}) {
		return nil
	}
	a = clean(a)
	return &a
}

func newFacts(f *verify.Facts) *verify.Facts {
	if f == nil {
		return nil
	}
	out := clean(*f)
	return &out
}

func newHabits(all []journal.Habit) []docHabit {
	out := []docHabit{}
	for _, h := range all {
		out = append(out, docHabit{clean(h.Finding), append([]string{}, h.LeakIDs...)})
	}
	return out
}

func newReach(r sources.Reach) docReach {
	d := docReach{Levels: []int{}, AtLeast: int(r.AtLeast), AtMost: int(r.AtMost)}
	for _, l := range r.Levels() {
		d.Levels = append(d.Levels, int(l))
	}
	return d
}

func newAudience(a *sources.Audience) docAudience {
	d := docAudience{
		docReach: newReach(a.Now), Heads: newHeads(a.Heads), Findable: a.Findable, Since: when(a.Since), ReadAt: when(a.ReadAt),
		Grants: newGrants(a.Grants), CouldJoin: newGrants(a.CouldJoin), Machines: newGrants(a.Machines), Unresolved: texts(a.Unresolved),
	}
	for _, p := range a.Past {
		d.Past = append(d.Past, docPast{newGrants([]sources.Grant{p.Grant})[0], when(p.Until)})
	}
	if everKnown(a) {
		ever := newReach(a.Ever)
		d.Ever = &ever
	}
	return d
}

func newHeads(h sources.Heads) docHeads {
	if h.Max < 0 {
		return docHeads{Min: h.Min}
	}
	return docHeads{Min: h.Min, Max: &h.Max}
}

func newGrants(gs []sources.Grant) []docGrant {
	var out []docGrant
	for _, g := range gs {
		out = append(out, docGrant{text(g.Who), text(g.By), int(g.Level), newHeads(g.Heads), text(g.Count)})
	}
	return out
}

func newRun(r journal.Run) journal.Run {
	for _, s := range []*string{&r.User, &r.Host, &r.Case, &r.Reason, &r.Command, &r.UserAgent} {
		*s = text(*s)
	}
	r.Targets, r.Contacts = append([]string{}, texts(r.Targets)...), texts(r.Contacts)
	options := make(map[string]string, len(r.Options))
	for k, v := range r.Options {
		options[text(k)] = text(v)
	}
	r.Options = options
	r.Started = orZero(when(r.Started))
	return r
}

// newCoverage leaves the gaps out where they are written one by one.
func newCoverage(c *journal.Coverage, gaps bool) docCoverage {
	d := docCoverage{Sources: []docSource{}, Counts: c.Counts, Gaps: []docGap{}, GapTotal: c.GapTotal, GapBy: c.GapBy}
	if d.GapBy == nil {
		d.GapBy = map[string]int64{}
	}
	for _, s := range c.Sources {
		s.Name, s.Title, s.Error, s.Notes = text(s.Name), text(s.Title), text(s.Error), texts(s.Notes)
		d.Sources = append(d.Sources, docSource{s.Source, s.Counts, s.Gaps, s.Done})
	}
	for _, s := range c.Skipped {
		d.NotOpened = append(d.NotOpened, docSkip{
			text(s.Ref.Source), text(s.Ref.Container), text(s.Ref.Item), text(s.Path), s.Reason, when(s.Time),
		})
	}
	if gaps {
		for i := range c.Gaps {
			d.Gaps = append(d.Gaps, newGap(&c.Gaps[i]))
		}
	}
	return d
}

func newGap(g *journal.Gap) docGap {
	return docGap{
		text(g.Ref.Source), text(g.Ref.Container), text(g.Ref.Item), text(whole(g.Path, g.Inner)),
		g.Reason, text(g.Detail), max(g.Count, 1), when(g.Time),
	}
}

// when returns t in UTC, or nil for a time that is not known or that JSON
// cannot hold.
func when(t time.Time) *time.Time {
	u := t.UTC()
	if t.IsZero() || u.Year() < 0 || u.Year() > 9999 {
		return nil
	}
	return &u
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
