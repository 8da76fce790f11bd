package journal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

var classes = []verify.Class{verify.C4, verify.C3, verify.C2, verify.C1}

// exposed folds one key with its facts and its account.
func exposed(level sources.Level, v verify.Verdict, f *verify.Facts, a *verify.Account, edit func(*Sighting)) *Summary {
	sg := sighting("a", secret.AccessKey, "ID", "fp")
	sg.ModTime, sg.Account = noon, "111122223333"
	if edit != nil {
		edit(sg)
	}
	records := []Record{audience("own", sources.ReachOf(level)), {Sighting: sg}, verdict("ID", "fp", v)}
	if f != nil {
		records = append(records, Record{Facts: &Facts{KeyID: "ID", Facts: *f}})
	}
	if a != nil {
		records = append(records, Record{Account: &Account{*a}})
	}
	return fold(records...)
}

func withClass(c verify.Class) *verify.Facts {
	return &verify.Facts{Capability: &verify.Capability{Class: c, Power: "p", Words: "it can do " + string(c)}}
}

// TestClassTimesReach holds every cell against the table that people are told.
func TestClassTimesReach(t *testing.T) {
	const I, L, M, H, C = Info, Low, Medium, High, Critical
	bands := [8]int{0, 1, 1, 2, 2, 3, 3, 3}
	live := map[verify.Class][4]Severity{verify.C4: {M, H, C, C}, verify.C3: {M, H, H, C}, verify.C2: {M, H, H, C}, verify.C1: {L, M, M, H}}
	for _, class := range classes {
		for level := range sources.Public + 1 {
			want := live[class][bands[level]]
			l := one(t, exposed(level, verify.Verdict{State: verify.Live}, withClass(class), nil, nil))
			if l.Severity != want || !strings.Contains(l.Rule, string(class)) || !strings.Contains(l.Why, "it can do") {
				t.Errorf("live %s at %d: %s by %s: %s", class, level, l.Severity, l.Rule, l.Why)
			}
			down := max(want-1, I) // one step down, and at least medium from reach 3 on
			if level >= sources.Organisation {
				down = max(down, M)
			}
			for _, v := range []verify.Verdict{{State: verify.Unknown, Why: verify.WhyPending}, {State: verify.Unverifiable, Why: verify.WhyNoToken}, {State: verify.NotCalled, Why: verify.WhyForeign}} {
				l := one(t, exposed(level, v, withClass(class), nil, nil))
				if l.Severity != down || !strings.HasPrefix(l.Rule, "unconfirmed-") {
					t.Errorf("%s %s at %d: %s, want %s, by %s", v.State, class, level, l.Severity, down, l.Rule)
				}
			}
		}
	}
}

func TestRaised(t *testing.T) {
	live, dead := verify.Verdict{State: verify.Live}, verify.Verdict{State: verify.Dead}
	const id = "111122223333"
	for name, c := range map[string]struct {
		v       verify.Verdict
		facts   *verify.Facts
		account *verify.Account
		want    Severity
		says    string
	}{
		"as it is":                     {live, nil, nil, High, ""},
		"tier prod":                    {live, nil, &verify.Account{ID: id, Tier: "Prod"}, Critical, "of tier Prod"},
		"tier test":                    {live, nil, &verify.Account{ID: id, Tier: "test"}, High, ""},
		"another account":              {live, nil, &verify.Account{ID: "222233334444", Tier: "prod"}, High, ""},
		"management account, by audit": {live, &verify.Facts{Account: verify.Account{ID: id, Management: true}}, nil, Critical, "management account"},
		"dead, of prod":                {dead, nil, &verify.Account{ID: id, Tier: "prod"}, Info, ""},
	} {
		l := one(t, exposed(sources.GroupOf, c.v, c.facts, c.account, nil))
		if l.Severity != c.want || !strings.Contains(l.Rule, c.says) || !strings.Contains(l.Why, c.says) {
			t.Errorf("%s: %s by %s", name, l.Severity, l.Rule)
		}
	}
}

func TestUsesAfterTheExposureBegan(t *testing.T) {
	dead := verify.Verdict{State: verify.Dead}
	used := func(at time.Time, service string) *verify.Facts {
		return &verify.Facts{LastUsed: &verify.LastUse{At: at, Service: service, Region: "r"}}
	}
	call := func(at time.Time, explained string) *verify.Facts {
		return &verify.Facts{Calls: []verify.AuditCall{{At: at, Name: "s3:GetObject", Source: "203.0.113.9", Explained: explained}}}
	}
	late := used(noon.Add(2*time.Hour), "s3")
	late.Created = noon.Add(3 * time.Hour)
	for name, c := range map[string]struct {
		v    verify.Verdict
		f    *verify.Facts
		want Severity
		rule string
	}{
		"dead, used after":                   {dead, used(noon.Add(time.Hour), "s3"), Medium, "look-back"},
		"expired, used after":                {verify.Verdict{State: verify.Expired}, used(noon.Add(time.Hour), "s3"), Medium, "look-back"},
		"dead, used before":                  {dead, used(noon.Add(-time.Hour), "s3"), Info, "dead"},
		"dead, use not known":                {dead, &verify.Facts{}, Info, "dead"},
		"used before the key was made":       {dead, late, Info, "dead"},
		"that was us":                        {verify.Verdict{State: verify.Dead, Time: noon.Add(time.Hour)}, used(noon.Add(time.Hour+5*time.Minute), "sts"), Info, "dead"},
		"from an address nobody explains":    {dead, call(noon.Add(time.Hour), ""), Critical, "unexplained-use"},
		"live, from an address nobody knows": {verify.Verdict{State: verify.Live}, call(noon.Add(time.Hour), ""), Critical, "unexplained-use"},
		"explained":                          {dead, call(noon.Add(time.Hour), "203.0.113.0/24"), Info, "dead"},
		"before it lay there":                {dead, call(noon.Add(-time.Hour), ""), Info, "dead"},
	} {
		l := one(t, exposed(sources.GroupOf, c.v, c.f, nil, nil))
		if l.Severity != c.want || !strings.HasPrefix(l.Rule, c.rule+":") {
			t.Errorf("%s: %s by %s", name, l.Severity, l.Rule)
		}
	}
}

func TestExposureBegins(t *testing.T) {
	l := one(t, exposed(sources.GroupOf, verify.Verdict{State: verify.Live}, &verify.Facts{Created: noon.Add(-time.Hour)}, nil, nil))
	if !l.Began.Equal(noon) {
		t.Errorf("%s", l.Began)
	}
	l = one(t, exposed(sources.GroupOf, verify.Verdict{State: verify.Live}, &verify.Facts{Created: noon.Add(time.Hour)}, nil, nil))
	if !l.Began.Equal(noon.Add(time.Hour)) {
		t.Errorf("%s", l.Began)
	}
}

// TestFactsBeforeTheCallAreKept: what was read of a key before it was touched is
// not lost to what is read of its owner later, nor to a reading that failed.
func TestFactsBeforeTheCallAreKept(t *testing.T) {
	before := verify.Facts{Status: verify.KeyActive, Read: noon, LastUsed: &verify.LastUse{Service: "s3"}, Owner: verify.Owner{Kind: "user"}, Capability: &verify.Capability{Class: verify.C4, Power: "administrator"}}
	own := verify.Facts{By: "the key itself", Read: noon.Add(time.Hour), Owner: verify.Owner{Kind: "user"}, Capability: &verify.Capability{Class: verify.C3, Power: "data"}}
	failed := verify.Facts{Status: verify.KeyUnread, Read: noon.Add(2 * time.Hour)}
	sg := sighting("a", secret.AccessKey, "ID", "fp")
	record := func(f verify.Facts) Record { return Record{Facts: &Facts{KeyID: "ID", Facts: f}} }
	l := one(t, fold(record(before), Record{Sighting: sg}, record(own), record(failed)))
	if f := l.Facts; f.LastUsed == nil || f.Status != verify.KeyActive || f.Capability.Class != verify.C3 {
		t.Errorf("%+v", f)
	}
	l = one(t, fold(Record{Sighting: sg}, record(before), record(failed)))
	if l.Class() != verify.C4 {
		t.Errorf("%s", l.Class())
	}
}

func TestHabits(t *testing.T) {
	key := func(id, account string, f ...verify.Finding) []Record {
		sg := sighting(id, secret.AccessKey, id, "fp")
		return []Record{{Sighting: sg}, verdict(id, "fp", verify.Verdict{State: verify.Live, Account: account, ARN: "arn:aws:iam::" + account + ":user/u"}),
			{Facts: &Facts{KeyID: id, Facts: verify.Facts{Account: verify.Account{ID: account}, Status: verify.KeyActive, Owner: verify.Owner{Kind: "user"}, Findings: f}}}}
	}
	trail := verify.NewFinding(verify.NoTrail, "account 1 has no trail")
	s := fold(slices.Concat(key("AKIA1", "1", trail), key("AKIA2", "1", trail), key("AKIA3", "2"))...)
	var got []string
	for _, h := range s.Habits {
		got = append(got, h.ID)
		if h.Title == "" || h.Evidence == "" {
			t.Errorf("%+v", h)
		}
		if h.ID == verify.NoTrail && len(h.LeakIDs) != 2 || h.ID == verify.CarelessStorage && (len(h.LeakIDs) != 3 || !strings.HasPrefix(h.Evidence, "3 credentials stand in plain text in 3 places: ")) {
			t.Errorf("%+v", h)
		}
	}
	if want := []string{verify.ManyAccounts, verify.NoTrail, verify.CarelessStorage}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if n := len(verify.Habits()); n != 10 {
		t.Errorf("%d habits", n)
	}
}

// TestUnconfirmedIsOneStepDown holds the table against its own law, and a wider
// audience or a stronger class is never milder.
func TestUnconfirmedIsOneStepDown(t *testing.T) {
	for i := range classes {
		live, down := exposureTable[ruleLive4+i].Severity, exposureTable[ruleUnconfirmed4+i].Severity
		for col := range live {
			want := max(live[col]-1, Info)
			if col >= 2 {
				want = max(want, Medium)
			}
			if down[col] != want {
				t.Errorf("%s, column %d: %s, want %s", exposureTable[ruleUnconfirmed4+i].ID, col, down[col], want)
			}
		}
	}
	states := []verify.Verdict{{State: verify.Live}, {State: verify.Unknown, Why: verify.WhyNetwork}, {State: verify.Mismatch}, {State: verify.Dead}}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(states).Draw(t, "verdict")
		a, b := rapid.IntRange(0, 3).Draw(t, "a"), rapid.IntRange(0, 3).Draw(t, "b")
		x, y := rapid.IntRange(0, 7).Draw(t, "x"), rapid.IntRange(0, 7).Draw(t, "y")
		get := func(class, level int) Severity {
			return exposed(sources.Level(level), v, withClass(classes[class]), nil, nil).Leaks[0].Severity
		}
		if get(min(a, b), max(x, y)) < get(max(a, b), min(x, y)) {
			t.Fatal("stronger and wider, and milder")
		}
	})
}
