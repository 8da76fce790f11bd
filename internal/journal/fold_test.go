package journal

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mislaid/detectors"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func fold(rs ...Record) *Summary {
	f := NewFolder()
	for _, r := range rs {
		f.Add(r)
	}
	return f.Summary()
}

func sighting(item string, kind secret.Kind, keyID string, fp secret.Fingerprint) *Sighting {
	return &Sighting{
		Ref: sources.Ref{Source: "s", Container: "c", Item: item}, Path: item, Kind: kind, KeyID: keyID, Fingerprint: fp,
		Confidence: detectors.High, Positions: []Position{{Line: 1, Offset: 10}}, Total: 1, Found: noon, AudienceID: "own",
	}
}

func verdict(keyID string, fp secret.Fingerprint, v verify.Verdict) Record {
	return Record{Verdict: &Verdict{KeyID: keyID, Fingerprint: fp, Verdict: v}}
}

func audience(id string, r sources.Reach) Record {
	return Record{Audience: &Audience{ID: id, Audience: sources.Audience{Now: r, Ever: r, Heads: sources.Heads{Min: 1, Max: 5}}}}
}

var own = audience("own", sources.ReachOf(sources.OwnerOnly))

func one(t *testing.T, s *Summary) Leak {
	t.Helper()
	if len(s.Leaks) != 1 {
		t.Fatalf("%d leaks, want 1", len(s.Leaks))
	}
	return s.Leaks[0]
}

func TestLoneIDJoinsThePair(t *testing.T) {
	pair := sighting("a", secret.AccessKey, "ID", "fp")
	pair.Positions = []Position{{Line: 1, Offset: 10}, {Line: 9, Offset: 90}}
	pair.Total = 2
	same := sighting("a", secret.KeyID, "ID", "")
	same.Positions = []Position{{Line: 1, Offset: 10}, {Line: 5, Offset: 50}}
	same.Total = 2
	elsewhere := sighting("b", secret.KeyID, "ID", "")
	inner := sighting("a", secret.KeyID, "ID", "")
	inner.Inner = "!x"
	l := one(t, fold(own, Record{Sighting: same}, Record{Sighting: elsewhere}, Record{Sighting: inner}, Record{Sighting: pair}))
	var places []string
	for _, p := range l.Places {
		places = append(places, p.Path+p.Inner)
	}
	if want := []string{"a", "a!x", "b"}; !slices.Equal(places, want) {
		t.Errorf("places %v, want %v", places, want)
	}
	if p := l.Places[0]; p.Total != 3 || len(p.Positions) != 3 || p.Positions[1].Offset != 50 || p.Kind != secret.AccessKey {
		t.Errorf("%+v", p)
	}
	if len(l.Credentials) != 1 || l.Credentials[0].Kind != secret.AccessKey {
		t.Errorf("credentials %+v", l.Credentials)
	}
	if l.Exposure.Heads != (sources.Heads{Min: 1, Max: 5}) {
		t.Errorf("one audience of several places counts more than once: %+v", l.Exposure.Heads)
	}
	if pair.Total != 2 || len(pair.Positions) != 2 {
		t.Error("the record was changed")
	}
	if l.ID != LeakID("ID", "fp") || l.ID != LeakID("ID", "") || len(l.ID) != 16 || l.ID == LeakID("", "ID2") {
		t.Errorf("leak id %s", l.ID)
	}
}

func TestResumeDoublesNothing(t *testing.T) {
	old := sighting("a", secret.AccessKey, "ID", "fp")
	again := sighting("a", secret.AccessKey, "ID", "fp")
	again.Found, again.Total = noon.Add(time.Hour), 7
	gap := Record{Gap: &Gap{Ref: sources.Ref{Source: "s", Item: "x"}, Reason: GapDenied, Count: 3}}
	wider := Record{Gap: &Gap{Ref: sources.Ref{Source: "s", Item: "x"}, Reason: GapDenied, Count: 5}}
	point := func(items int64) Record {
		return Record{Checkpoint: &Checkpoint{Source: "s", Container: "c", Counts: Counts{Items: items, Skipped: map[string]int64{"fifo": items}}}}
	}
	s := fold(own, Record{Sighting: old}, gap, point(1), point(5), Record{Sighting: again}, wider, point(5), point(9))
	l := one(t, s)
	if len(l.Places) != 1 || l.Places[0].Total != 7 {
		t.Errorf("%+v", l.Places)
	}
	if s.Coverage.GapTotal != 5 || s.Coverage.GapBy[GapDenied] != 5 || len(s.Coverage.Gaps) != 1 || s.Coverage.Sources[0].Gaps != 5 {
		t.Errorf("%+v", s.Coverage)
	}
	if s.Coverage.Counts.Items != 9 || s.Coverage.Counts.Skipped["fifo"] != 9 || s.Coverage.Sources[0].Counts.Items != 9 {
		t.Errorf("%+v", s.Coverage.Counts)
	}
}

func TestVerdicts(t *testing.T) {
	at := func(s verify.State, h int) verify.Verdict {
		return verify.Verdict{State: s, Time: noon.Add(time.Duration(h) * time.Hour)}
	}
	a, b := sighting("a", secret.AccessKey, "ID", "fa"), sighting("a", secret.AccessKey, "ID", "fb")
	base := []Record{own, {Sighting: a}, {Sighting: b}}
	pending := verify.Verdict{State: verify.Unknown, Why: verify.WhyPending}
	for name, tc := range map[string]struct {
		verdicts []Record
		want     verify.State
		settled  bool
		severity Severity
	}{
		"none":                   {nil, verify.Unknown, false, Low},
		"one of two":             {[]Record{verdict("ID", "fa", at(verify.Mismatch, 1))}, verify.Mismatch, false, Medium},
		"all of the id":          {[]Record{verdict("ID", "", at(verify.Dead, 1))}, verify.Dead, true, Info},
		"dead and pending":       {[]Record{verdict("ID", "fa", at(verify.Dead, 1))}, verify.Unknown, false, Low},
		"live wins":              {[]Record{verdict("ID", "fa", at(verify.Mismatch, 2)), verdict("ID", "fb", at(verify.Live, 1))}, verify.Live, true, Medium},
		"later wins":             {[]Record{verdict("ID", "", at(verify.Live, 1)), verdict("ID", "", at(verify.Dead, 2))}, verify.Dead, true, Info},
		"in any order":           {[]Record{verdict("ID", "", at(verify.Dead, 2)), verdict("ID", "", at(verify.Live, 1))}, verify.Dead, true, Info},
		"unknown replaces none":  {[]Record{verdict("ID", "", at(verify.Live, 1)), verdict("ID", "", at(verify.Unknown, 2))}, verify.Live, true, Medium},
		"wide replaces own":      {[]Record{verdict("ID", "fa", at(verify.Mismatch, 1)), verdict("ID", "", at(verify.Dead, 2))}, verify.Dead, true, Info},
		"said to be pending":     {[]Record{verdict("ID", "", pending)}, verify.Unknown, false, Low},
		"throttled is an answer": {[]Record{verdict("ID", "", verify.Verdict{State: verify.Unknown, Why: verify.WhyThrottled})}, verify.Unknown, true, Low},
		"of another id":          {[]Record{verdict("XX", "", at(verify.Live, 1))}, verify.Unknown, false, Low},
	} {
		l := one(t, fold(append(slices.Clone(base), tc.verdicts...)...))
		if l.Verdict.State != tc.want || l.Settled != tc.settled || l.Severity != tc.severity {
			t.Errorf("%s: %s, settled %v, %s; want %s, %v, %s", name, l.Verdict.State, l.Settled, l.Severity, tc.want, tc.settled, tc.severity)
		}
	}
}

func TestChanged(t *testing.T) {
	f := NewFolder()
	id := LeakID("ID", "")
	for i, tc := range []struct {
		r    Record
		want []string
	}{
		{verdict("ID", "", verify.Verdict{State: verify.Live, Time: noon}), nil}, // nowhere sighted yet
		{Record{Sighting: sighting("a", secret.AccessKey, "ID", "fp")}, []string{id}},
		{own, []string{id}},
		{own, nil},
		{verdict("ID", "fp", verify.Verdict{State: verify.Dead, Time: noon.Add(1)}), []string{id}},
		{Record{Gap: &Gap{Reason: GapGone}}, nil},
	} {
		if i == 1 {
			if _, ok := f.Leak(id); ok {
				t.Error("a leak without a place")
			}
		}
		if got := f.Add(tc.r); !slices.Equal(got, tc.want) {
			t.Errorf("record %d: changed %v, want %v", i, got, tc.want)
		}
	}
	l, ok := f.Leak(id)
	if !ok || l.Verdict.State != verify.Dead || l.Places[0].Audience == nil {
		t.Errorf("%+v", l)
	}
	if _, ok := f.Leak("none"); ok {
		t.Error("a leak that is none")
	}
}

func TestPlaceholdersAndStrangers(t *testing.T) {
	sample := sighting("a", secret.AccessKey, "SAMPLE", "fp")
	sample.Placeholder = true
	s := fold(own, Record{Sighting: sample})
	if len(s.Leaks) != 0 || len(s.Placeholders) != 1 || s.Placeholders[0].Verdict.Why != verify.WhyPlaceholder || s.Placeholders[0].Severity != Info {
		t.Errorf("%+v", s)
	}
	// Secrets that nothing but their place tells apart stay apart.
	s = fold(own, Record{Sighting: sighting("a", "password", "", "")}, Record{Sighting: sighting("b", "password", "", "")})
	if len(s.Leaks) != 2 {
		t.Errorf("%d leaks, want 2", len(s.Leaks))
	}
}

func TestUnresolvedIsNeverPrivate(t *testing.T) {
	live := verdict("ID", "", verify.Verdict{State: verify.Live, Time: noon})
	lost := sighting("b", secret.AccessKey, "ID", "fp")
	lost.AudienceID = "never written"
	none := sighting("b", secret.AccessKey, "ID", "fp")
	none.AudienceID = ""
	for _, sg := range []*Sighting{lost, none} {
		l := one(t, fold(own, live, Record{Sighting: sighting("a", secret.AccessKey, "ID", "fp")}, Record{Sighting: sg}))
		if l.Severity != Critical || l.Exposure.Now.AtMost != sources.Public || len(l.Exposure.Unresolved) != 1 || l.Exposure.Heads.Max >= 0 {
			t.Errorf("%s, %+v", l.Severity, l.Exposure)
		}
		if !strings.Contains(l.Rule, "at most") || l.Places[0].Audience != nil {
			t.Errorf("%s; %+v", l.Rule, l.Places[0])
		}
	}
}

func TestPastReachCounts(t *testing.T) {
	past := Record{Audience: &Audience{ID: "past", Audience: sources.Audience{
		Now: sources.ReachOf(sources.OwnerOnly), Ever: sources.ReachOf(sources.Public), EverKnown: true,
	}}}
	sg := sighting("b", secret.AccessKey, "ID", "fp")
	sg.AudienceID = "past"
	// The other place's past is not known, which takes nothing away.
	l := one(t, fold(own, past, Record{Sighting: sg}, Record{Sighting: sighting("a", secret.AccessKey, "ID", "fp")},
		verdict("ID", "", verify.Verdict{State: verify.Live, Time: noon})))
	if l.Severity != Critical || !strings.Contains(l.Why, "could before") {
		t.Errorf("%s: %s", l.Severity, l.Why)
	}
}

// TestPastHasItsTime: who could no longer read when the key came does not count.
func TestPastHasItsTime(t *testing.T) {
	left := func(until time.Time, ever ...sources.Level) Record {
		return Record{Audience: &Audience{ID: "past", Audience: sources.Audience{
			Now: sources.ReachOf(sources.NamedFew), Ever: sources.ReachOf(append(ever, sources.NamedFew, sources.Outsiders)...), EverKnown: true,
			Past: []sources.Past{{Grant: sources.Grant{Who: "eve", Level: sources.Outsiders}, Until: until}},
		}}}
	}
	file := sighting("general", secret.AccessKey, "ID", "fp")
	file.AudienceID = "past"
	message := sighting("general", secret.AccessKey, "ID", "fp")
	message.AudienceID, message.Positions = "past", []Position{{Name: "message", Time: noon}}
	made := Record{Facts: &Facts{KeyID: "ID", Facts: verify.Facts{Status: verify.KeyActive, Created: noon}}}
	for name, c := range map[string]struct {
		records []Record
		want    sources.Level
	}{
		"left before the message":              {[]Record{left(noon.Add(-time.Hour)), {Sighting: message}}, sources.NamedFew},
		"left after the message":               {[]Record{left(noon.Add(time.Hour)), {Sighting: message}}, sources.Outsiders},
		"nobody knows when":                    {[]Record{left(time.Time{}), {Sighting: message}}, sources.Outsiders},
		"more than is accounted for":           {[]Record{left(noon.Add(-time.Hour), sources.Public), {Sighting: message}}, sources.Public},
		"a file may have held it for long":     {[]Record{left(noon.Add(-time.Hour)), {Sighting: file}}, sources.Outsiders},
		"but not longer than there is the key": {[]Record{left(noon.Add(-time.Hour)), {Sighting: file}, made}, sources.NamedFew},
		"left after the key was made":          {[]Record{left(noon.Add(time.Hour)), {Sighting: file}, made}, sources.Outsiders},
	} {
		l := one(t, fold(c.records...))
		if l.Reach.AtMost != c.want {
			t.Errorf("%s: %s, want %s", name, l.Reach.AtMost, c.want)
		}
		if before := strings.Contains(l.Why, "could before"); before != (c.want > sources.NamedFew) {
			t.Errorf("%s: %s", name, l.Why)
		}
	}
}

// TestWhoWasSeenReading: a place that was open when it was read before, and is
// closed now, counts as open, in whatever order its readings come.
func TestWhoWasSeenReading(t *testing.T) {
	audience := func(id string, level sources.Level) Record {
		return Record{Audience: &Audience{ID: id, Audience: sources.Audience{
			Now: sources.ReachOf(level), Ever: sources.ReachOf(level), Grants: []sources.Grant{{Who: id, By: "ACL", Level: level}}, ReadAt: noon,
		}}}
	}
	open, shut := sighting("a", secret.AccessKey, "ID", "fp"), sighting("a", secret.AccessKey, "ID", "fp")
	open.AudienceID, shut.AudienceID, shut.Found = "all", "few", noon.Add(24*time.Hour)
	records := []Record{audience("all", sources.Guests), audience("few", sources.NamedFew), {Sighting: open}, {Sighting: shut}}
	for range 2 {
		l := one(t, fold(records...))
		a := l.Places[0].Audience
		if l.Reach.AtMost != sources.Guests || l.Exposure.Now.AtMost != sources.NamedFew || len(a.Past) != 1 || a.Past[0].Who != "all" || !a.Past[0].Until.Equal(noon) {
			t.Errorf("%+v, %+v", l.Reach, a)
		}
		if !strings.Contains(l.Why, "could before") {
			t.Error(l.Why)
		}
		slices.Reverse(records)
	}
	unknown := Record{Audience: &Audience{ID: "all", Audience: sources.Audience{Now: sources.UnknownReach(), Ever: sources.UnknownReach()}}}
	if l := one(t, fold(unknown, records[1], Record{Sighting: open}, Record{Sighting: shut}, audience("few", sources.NamedFew))); l.Reach.AtMost != sources.NamedFew {
		t.Errorf("that nothing was found out before is no evidence: %+v", l.Reach)
	}
}

// TestExposureTable holds the table against the one that people are told.
func TestExposureTable(t *testing.T) {
	root := verify.Verdict{State: verify.Live, ARN: "arn:aws-cn:iam::123456789012:root"}
	user := verify.Verdict{State: verify.Live, ARN: "arn:aws:iam::123456789012:user/root"}
	state := func(s verify.State, why string) verify.Verdict { return verify.Verdict{State: s, Why: why} }
	type row struct {
		kind secret.Kind
		v    verify.Verdict
		want [8]Severity
	}
	const I, L, M, H, C = Info, Low, Medium, High, Critical
	live := [8]Severity{M, H, H, H, H, C, C, C}
	unconfirmed := [8]Severity{L, M, M, M, M, H, H, H}
	for _, r := range []row{
		{secret.AccessKey, root, [8]Severity{C, C, C, C, C, C, C, C}},
		{secret.AccessKey, user, live},
		{secret.SessionKey, state(verify.LiveLimited, ""), live},
		{secret.AccessKey, state(verify.Mismatch, ""), [8]Severity{M, M, M, M, M, M, M, M}},
		{secret.AccessKey, state(verify.Unknown, verify.WhyPending), unconfirmed},
		{secret.AccessKey, state(verify.Unknown, verify.WhyThrottled), unconfirmed},
		{secret.SessionKey, state(verify.Unverifiable, verify.WhyNoToken), unconfirmed},
		{secret.SecretKey, state(verify.Unverifiable, verify.WhyNoID), unconfirmed},
		{secret.AccessKey, state(verify.NotCalled, verify.WhyForeign), unconfirmed},
		{secret.AccessKey, state(verify.NotCalled, verify.WhyCanary), unconfirmed},
		{secret.AccessKey, state(verify.NotCalled, verify.WhyNeverVerify), unconfirmed},
		{secret.AccessKey, state(verify.NotCalled, verify.WhyOff), unconfirmed},
		{secret.AccessKey, state("a state of tomorrow", ""), unconfirmed},
		{secret.KeyID, state(verify.Unverifiable, verify.WhyNoSecret), [8]Severity{L, L, L, L, L, L, L, L}},
		{secret.AccessKey, state(verify.Expired, ""), [8]Severity{I, I, I, I, I, I, I, I}},
		{secret.AccessKey, state(verify.Dead, ""), [8]Severity{I, I, I, I, I, I, I, I}},
	} {
		for level, want := range r.want {
			sg := sighting("a", r.kind, "ID", "fp")
			l := one(t, fold(audience("own", sources.ReachOf(sources.Level(level))), Record{Sighting: sg}, verdict("ID", "fp", r.v)))
			if l.Severity != want {
				t.Errorf("%s %s(%s) at reach %d: %s, want %s by %q", r.kind, r.v.State, r.v.Why, level, l.Severity, want, l.Rule)
			}
			if l.Rule == "" || !strings.HasSuffix(l.Why, ".") {
				t.Errorf("rule %q, why %q", l.Rule, l.Why)
			}
		}
	}
	ids := make(map[string]bool)
	for _, row := range ExposureTable() {
		if row.ID == "" || row.Key == "" || row.Sentence == "" || ids[row.ID] {
			t.Errorf("%+v", row)
		}
		ids[row.ID] = true
		if !slices.IsSorted(row.Severity[:]) {
			t.Errorf("%s: a wider audience is less severe", row.ID)
		}
	}
}

func TestRunsAndEnds(t *testing.T) {
	run := func(command string, part int) Record {
		return Record{Run: &Run{ID: "r", Command: command, Part: part, Started: noon.Add(time.Duration(part) * time.Hour)}}
	}
	end := func(reason string) Record { return Record{End: &End{Reason: reason, Time: noon}} }
	for name, tc := range map[string]struct {
		rs   []Record
		want string
	}{
		"none":                      {nil, ""},
		"running":                   {[]Record{run("scan", 0)}, ""},
		"complete":                  {[]Record{run("scan", 0), end(EndComplete)}, EndComplete},
		"resumed":                   {[]Record{run("scan", 0), end(EndInterrupted), run("scan", 1)}, ""},
		"resumed to its end":        {[]Record{run("scan", 0), end(EndInterrupted), run("scan", 1), end(EndComplete)}, EndComplete},
		"recheck of a cut off scan": {[]Record{run("scan", 0), run("recheck", 0), end(EndComplete)}, ""},
		"recheck of an interrupted": {[]Record{run("scan", 0), end(EndInterrupted), run("recheck", 0), end(EndComplete)}, EndInterrupted},
	} {
		s := fold(tc.rs...)
		got := ""
		if s.End != nil {
			got = s.End.Reason
		}
		if got != tc.want || s.Complete() != (tc.want == EndComplete) {
			t.Errorf("%s: %q, complete %v", name, got, s.Complete())
		}
	}
}

func TestDone(t *testing.T) {
	src := Record{Source: &Source{Name: "s"}}
	point := func(c string, done bool) Record {
		return Record{Checkpoint: &Checkpoint{Source: "s", Container: c, Done: done}}
	}
	for i, tc := range []struct {
		rs   []Record
		want bool
	}{
		{[]Record{src, point("a", true), point("b", true)}, true},
		{[]Record{src, point("a", true), point("b", false)}, false},
		{[]Record{src, point("a", false), point("a", true)}, true},
		{[]Record{{Source: &Source{Name: "s", Error: "refused"}}}, false},
		{[]Record{{Source: &Source{Name: "s", Error: "refused"}}, src, point("a", true)}, true},
	} {
		if s := fold(tc.rs...); s.Coverage.Sources[0].Done != tc.want {
			t.Errorf("case %d: done %v", i, !tc.want)
		}
	}
}

func TestExitCode(t *testing.T) {
	done := &End{Reason: EndComplete}
	leak := func(v verify.Verdict) []Leak { return []Leak{{Credentials: []LeakCredential{{Verdict: v}}}} }
	live := leak(verify.Verdict{State: verify.Live})
	gaps := Coverage{GapTotal: 1}
	for i, tc := range []struct {
		s      Summary
		failOn string
		want   int
	}{
		{Summary{End: done}, FailAny, 0},
		{Summary{End: done, Leaks: live}, FailAny, 1},
		{Summary{End: done, Leaks: live}, FailLive, 1},
		{Summary{End: done, Leaks: live}, FailNever, 0},
		{Summary{End: done, Coverage: gaps}, FailAny, 3},
		{Summary{End: done, Coverage: gaps, Leaks: live}, FailAny, 4},
		{Summary{End: done, Coverage: gaps, Leaks: live}, FailNever, 3},
		{Summary{}, FailAny, 3},
		{Summary{End: &End{Reason: EndInterrupted}, Leaks: live}, FailAny, 4},
		{Summary{End: done, Chain: Chain{Err: "line 2"}}, FailAny, 3},
		{Summary{End: done, Leaks: live, Coverage: Coverage{Sources: []SourceCoverage{{Source: Source{Error: "x"}}}}}, FailAny, 5},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.Dead})}, FailLive, 0},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.Dead})}, FailAny, 1},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.Expired})}, FailLive, 0},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.Unverifiable})}, FailLive, 0},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.LiveLimited})}, FailLive, 1},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.Mismatch})}, FailLive, 1},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.Unknown, Why: verify.WhyPending})}, FailLive, 1},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.Unknown, Why: verify.WhyThrottled})}, FailLive, 1},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.NotCalled, Why: verify.WhyOff})}, FailLive, 1},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.NotCalled, Why: verify.WhyBudget})}, FailLive, 1},
		{Summary{End: done, Leaks: leak(verify.Verdict{State: verify.NotCalled, Why: verify.WhyCanary})}, FailLive, 0},
		{Summary{End: done, Leaks: live}, "nonsense", 1},
	} {
		if got := ExitCode(&tc.s, tc.failOn); got != tc.want {
			t.Errorf("case %d: %d, want %d", i, got, tc.want)
		}
	}
}

// script is a whole run, in commits, as an engine writes it.
type script [][]Record

// anyScript draws a run over few names, so that things meet.
func anyScript(t *rapid.T) script {
	out := script{{{Run: &Run{ID: "r", Command: "scan", Started: noon}}, {Source: &Source{Name: "s"}}}}
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	var items int64
	for n := range rapid.IntRange(1, 12).Draw(t, "commits") {
		var c []Record
		for range rapid.IntRange(0, 4).Draw(t, "records") {
			switch pick("record", "sighting", "sighting", "audience", "verdict", "gap") {
			case "sighting":
				kind := secret.Kind(pick("kind", string(secret.AccessKey), string(secret.KeyID), string(secret.SecretKey)))
				s := sighting("item"+strconv.Itoa(n)+pick("item", "a", "b"), kind, pick("id", "ID1", "ID2"), secret.Fingerprint(pick("fp", "f1", "f2")))
				switch kind {
				case secret.KeyID:
					s.Fingerprint = ""
				case secret.SecretKey:
					s.KeyID = ""
				}
				s.AudienceID = pick("audience", "a1", "a2", "lost", "")
				s.Placeholder = pick("sample", "no", "no", "yes") == "yes"
				c = append(c, Record{Sighting: s})
			case "audience":
				id := pick("audience", "a1", "a2")
				c = append(c, audience(id, sources.ReachOf(sources.Level(id[1]-'0'))))
			case "verdict":
				st := verify.State(pick("state", "live", "dead", "mismatch", "unknown"))
				c = append(c, verdict(pick("id", "ID1", "ID2"), secret.Fingerprint(pick("fp", "f1", "")), verify.Verdict{State: st, Time: noon.Add(time.Duration(n) * time.Minute)}))
			case "gap":
				c = append(c, Record{Gap: &Gap{Ref: sources.Ref{Source: "s", Item: strconv.Itoa(n)}, Reason: pick("reason", GapDenied, GapGone), Count: rapid.Int64Range(0, 3).Draw(t, "count")}})
			}
		}
		items += int64(len(c))
		c = append(c, Record{Checkpoint: &Checkpoint{Source: "s", Container: "c", Counts: Counts{Items: items}}})
		out = append(out, c)
	}
	return append(out, []Record{{End: &End{Reason: EndComplete, Time: noon}}})
}

func (s script) fold() *Summary {
	sum := fold(slices.Concat(s...)...)
	sum.Chain.Records = 0 // repeats are records too
	return sum
}

// TestRepeatsChangeNothing: a run that was killed and resumed says some things
// again; what it says is the same.
func TestRepeatsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := anyScript(t)
		var again script
		for i, c := range once {
			again = append(again, c)
			if i == 0 || i == len(once)-1 {
				continue
			}
			if back := rapid.IntRange(0, 2).Draw(t, "repeats"); back > 0 {
				// The records of the last commits without their checkpoints,
				// in another order; then the last one whole.
				for _, old := range once[max(1, i-back) : i+1] {
					var items []Record
					for _, r := range old {
						if r.Verdict == nil && r.Checkpoint == nil {
							items = append(items, r)
						}
					}
					again = append(again, items)
				}
				again = append(again, c)
			}
		}
		if diff := gocmp.Diff(once.fold(), again.fold()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestOrderOfItems: workers settle in any order.
func TestOrderOfItems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScript(t)
		rs := slices.Concat(s...)
		other := slices.Clone(rs)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		rng.Shuffle(len(other), func(i, j int) {
			ordered := func(r Record) bool { return r.Sighting == nil && r.Audience == nil && r.Gap == nil }
			if !ordered(other[i]) && !ordered(other[j]) {
				other[i], other[j] = other[j], other[i]
			}
		})
		distinct := make(map[digest]bool) // the same thing said differently has an order
		for _, r := range rs {
			var k digest
			switch {
			case r.Sighting != nil:
				k = sightingKey(r.Sighting)
			case r.Gap != nil:
				k = gapKey(r.Gap)
			default:
				continue
			}
			if distinct[k] {
				return
			}
			distinct[k] = true
		}
		if diff := gocmp.Diff(fold(rs...), fold(other...)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestWiderIsNeverMilder: another place, or a wider audience, never makes a
// leak less severe.
func TestWiderIsNeverMilder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScript(t)
		before := s.fold()
		extra := sighting("extra", secret.AccessKey, "ID1", "f1")
		extra.AudienceID = "wide"
		level := sources.Level(rapid.IntRange(0, 7).Draw(t, "level"))
		after := fold(append(slices.Concat(s...), audience("wide", sources.ReachOf(level)), Record{Sighting: extra})...)
		for _, l := range before.Leaks {
			i := slices.IndexFunc(after.Leaks, func(o Leak) bool { return o.ID == l.ID })
			if i < 0 {
				t.Fatalf("leak %s is gone", l.ID)
			}
			o := after.Leaks[i]
			// A pair found beside a lone id is another credential, with a verdict of its own.
			hadPair := slices.ContainsFunc(l.Credentials, func(c LeakCredential) bool { return c.Kind == secret.AccessKey && c.Fingerprint == "f1" })
			if hadPair && o.Severity < l.Severity {
				t.Fatalf("%s became %s", l.Severity, o.Severity)
			}
			if o.Exposure.Now.Set&l.Exposure.Now.Set != l.Exposure.Now.Set || o.Exposure.Now.AtMost < l.Exposure.Now.AtMost || o.Exposure.Now.AtLeast < l.Exposure.Now.AtLeast {
				t.Fatalf("%+v became %+v", l.Exposure.Now, o.Exposure.Now)
			}
		}
	})
}

func TestSortedWorstFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScript(t).fold()
		if !slices.IsSortedFunc(s.Leaks, func(a, b Leak) int { return -cmp.Compare(a.Severity, b.Severity) }) {
			t.Fatal("not worst first")
		}
	})
}

// TestLiveEqualsWhole: what Leak says while records come is what Summary says.
func TestLiveEqualsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := NewFolder()
		dirty := make(map[string]Leak)
		for _, r := range slices.Concat(anyScript(t)...) {
			for _, id := range f.Add(r) {
				l, ok := f.Leak(id)
				if !ok {
					t.Fatalf("changed leak %s is none", id)
				}
				dirty[id] = l
			}
		}
		s := f.Summary()
		if len(dirty) != len(s.Leaks) {
			t.Fatalf("%d leaks changed, there are %d", len(dirty), len(s.Leaks))
		}
		for _, l := range s.Leaks {
			if diff := gocmp.Diff(l, dirty[l.ID]); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestManyGapsAndPositions(t *testing.T) {
	f := NewFolder()
	for round := range 2 {
		for i := range MaxGaps + 500 {
			f.Add(Record{Gap: &Gap{Ref: sources.Ref{Source: "s", Item: strconv.Itoa(i)}, Reason: GapDenied, Detail: strconv.Itoa(round)}})
		}
	}
	sg := sighting("a", secret.AccessKey, "ID", "fp")
	sg.Positions = make([]Position, 3*MaxPositions)
	sg.Total = len(sg.Positions)
	f.Add(Record{Sighting: sg})
	s := f.Summary()
	if len(s.Coverage.Gaps) != MaxGaps || s.Coverage.GapTotal != MaxGaps+500 || s.Coverage.Gaps[7].Detail != "1" {
		t.Errorf("%d gaps of %d", len(s.Coverage.Gaps), s.Coverage.GapTotal)
	}
	if p := s.Leaks[0].Places[0]; len(p.Positions) != MaxPositions || p.Total != 3*MaxPositions {
		t.Errorf("%d positions of %d", len(p.Positions), p.Total)
	}
}

func TestAudienceID(t *testing.T) {
	a := sources.Audience{Now: sources.ReachOf(sources.GroupOf), ReadAt: noon}
	b := a
	b.ReadAt = noon.Add(time.Hour)
	if AudienceID(a) != AudienceID(b) {
		t.Error("the time of reading is no part of an audience")
	}
	b.Heads.Max = 3
	if AudienceID(a) == AudienceID(b) {
		t.Error("two audiences have one ID")
	}
	a.Since = time.Unix(1<<60, 0)
	if AudienceID(a) == "" {
		t.Error("no ID")
	}
}

func TestLoad(t *testing.T) {
	write := func(n int) string {
		path, f := newFile(t)
		commit(t, f, Record{Run: &Run{ID: fmt.Sprint(n), Command: "scan", Started: noon}})
		commit(t, f, own, Record{Sighting: sighting(fmt.Sprint(n), secret.AccessKey, "ID", "fp")})
		commit(t, f, Record{End: &End{Reason: EndComplete, Time: noon}})
		closeFile(t, f)
		return path
	}
	a, b := write(1), write(2)
	s, err := Load(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if l := one(t, s); len(l.Places) != 2 || len(s.Runs) != 2 || !s.Complete() || !reflect.DeepEqual(s.Chain, Chain{Records: 8}) {
		t.Errorf("%+v", s)
	}
	breakLine(t, b, 2)
	if s, err = Load(a, b); err != nil {
		t.Fatal(err)
	}
	if s.Complete() || !strings.Contains(s.Chain.Err, b+": line 2 ") || len(one(t, s).Places) != 1 {
		t.Errorf("%+v", s.Chain)
	}
	if _, err := Load(a, b+"none"); err == nil {
		t.Error("a journal that is not there was loaded")
	}
}
