package slackjson

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mislaid/sources"
)

func testDirectory(t interface{ Fatal(...any) }) *Directory {
	d := NewDirectory()
	d.Team, d.Complete = "T1", true
	add := func(format string, args ...any) {
		if err := d.AddJSON([]byte(fmt.Sprintf(format, args...))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		add(`{"id":"U%02d","team_id":"T1","name":"user%d","profile":{"display_name":"User %d"}}`, i, i, i)
	}
	add(`{"id":"G1","team_id":"T1","name":"guest","is_restricted":true}`)
	add(`{"id":"G2","team_id":"T1","name":"single","is_restricted":true,"is_ultra_restricted":true}`)
	add(`{"id":"D1","team_id":"T1","name":"left","deleted":true,"updated":1700000000}`)
	add(`{"id":"S1","team_id":"T9","name":"partner","is_stranger":true}`)
	add(`{"id":"UB","team_id":"T1","name":"ci","is_bot":true,"profile":{"bot_id":"B1"}}`)
	return d
}

func TestAudience(t *testing.T) {
	d := testDirectory(t)
	many := func(n int) string {
		var ids []string
		for i := range n {
			ids = append(ids, fmt.Sprintf(`"U%02d"`, i))
		}
		return strings.Join(ids, ",")
	}
	plain := `,"is_ext_shared":false`
	for _, c := range []struct {
		name, raw string
		form      Form
		levels    []sources.Level
		atMost    sources.Level
		heads     sources.Heads
	}{
		{"direct", `{"id":"D","members":["U01","U02"]` + plain + `}`, Direct, []sources.Level{sources.NamedFew}, sources.NamedFew, exactly(2)},
		{"note to self", `{"id":"D","members":["U01"]` + plain + `}`, Direct, []sources.Level{sources.OwnerOnly}, sources.OwnerOnly, exactly(1)},
		{"with a bot", `{"id":"D","members":["U01","UB"]` + plain + `}`, Direct, []sources.Level{sources.OwnerOnly}, sources.OwnerOnly, exactly(1)},
		{"group", `{"id":"M","members":["U01","U02","U03"]` + plain + `}`, GroupDirect, []sources.Level{sources.NamedFew}, sources.NamedFew, exactly(3)},
		{"group with a guest", `{"id":"M","members":["U01","G1"]` + plain + `}`, GroupDirect, []sources.Level{sources.NamedFew, sources.Outsiders}, sources.Outsiders, exactly(2)},
		{"small private", `{"id":"C","members":[` + many(9) + `]` + plain + `}`, PrivateChannel, []sources.Level{sources.NamedFew}, sources.NamedFew, exactly(9)},
		{"large private", `{"id":"C","members":[` + many(11) + `]` + plain + `}`, PrivateChannel, []sources.Level{sources.Organisation}, sources.Organisation, exactly(11)},
		{"private with somebody who left", `{"id":"C","members":["U01","D1"]` + plain + `}`, PrivateChannel, []sources.Level{sources.NamedFew}, sources.NamedFew, exactly(1)},
		{"private with a stranger", `{"id":"C","members":["U01","S1"],"is_ext_shared":true,"connected_team_ids":["T9"]}`, PrivateChannel, []sources.Level{sources.NamedFew, sources.Outsiders}, sources.Outsiders, sources.Heads{Min: 2, Max: -1}},
		{"public", `{"id":"C","members":["U01"]` + plain + `}`, PublicChannel, []sources.Level{sources.Organisation}, sources.Organisation, exactly(40)},
		{"public with guests", `{"id":"C","members":["U01","G1","G2"]` + plain + `}`, PublicChannel, []sources.Level{sources.Organisation, sources.Guests}, sources.Guests, exactly(42)},
		{"connected", `{"id":"C","members":["U01"],"is_ext_shared":true}`, PublicChannel, []sources.Level{sources.Organisation, sources.Outsiders}, sources.Outsiders, sources.Heads{Min: 40, Max: -1}},
		{"org-wide", `{"id":"C","members":["U01"],"is_ext_shared":false,"is_org_shared":true}`, PublicChannel, []sources.Level{sources.Organisation, sources.Guests}, sources.Guests, sources.Heads{Min: 40, Max: -1}},
		{"of an export", `{"id":"C","members":["U01","U02"]}`, PrivateChannel, []sources.Level{sources.NamedFew}, sources.Outsiders, sources.Heads{Min: 2, Max: -1}},
		{"unknown member", `{"id":"C","members":["U01","U99"]` + plain + `}`, PrivateChannel, []sources.Level{sources.NamedFew}, sources.Outsiders, sources.Heads{Min: 2, Max: -1}},
		{"no members", `{"id":"C"` + plain + `}`, PrivateChannel, nil, sources.Public, sources.Heads{Max: -1}},
		{"kind unknown", `{"id":"C","members":["U01"]` + plain + `}`, UnknownForm, nil, sources.Public, sources.Heads{Max: -1}},
	} {
		conv, err := ParseConversation([]byte(c.raw), c.form)
		if err != nil {
			t.Fatal(err)
		}
		a := conv.Audience(Setting{People: d, Export: true})
		if !slices.Equal(a.Now.Levels(), c.levels) || a.Now.AtMost != c.atMost || a.Heads != c.heads {
			t.Errorf("%s: %v at most %v, heads %+v\n%+v", c.name, a.Now.Levels(), a.Now.AtMost, a.Heads, a)
		}
		if a.Now.AtMost > a.Now.AtLeast && len(a.Unresolved) == 0 {
			t.Errorf("%s: an open bound without a reason", c.name)
		}
	}
}

func TestAudienceEver(t *testing.T) {
	d := testDirectory(t)
	c := Conversation{ID: "C", Form: PrivateChannel, Members: []string{"U01", "U02"}, MembersKnown: true, SharingKnown: true}
	if a := c.Audience(Setting{People: d}); a.EverKnown || a.Ever != a.Now {
		t.Errorf("nobody left: %+v", a.Ever)
	}
	a := c.Audience(Setting{People: d, Past: []string{"U01", "G1", "D1"}})
	if !a.EverKnown || !slices.Contains(a.Ever.Levels(), sources.Guests) || a.Now.Set != sources.ReachOf(sources.NamedFew).Set {
		t.Errorf("%+v", a)
	}
	if left := a.Past[0]; len(a.Past) != 2 || !strings.HasPrefix(left.Who, "left (D1") || !left.Until.Equal(time.Unix(1700000000, 0)) || !a.Past[1].Until.IsZero() {
		t.Errorf("who left, and when: %+v", a.Past)
	}
	if a.EverSince(time.Unix(1800000000, 0)) != a.Ever { // a guest whose time is not known
		t.Errorf("%+v", a.EverSince(time.Unix(1800000000, 0)))
	}
	if a := c.Audience(Setting{People: d, Past: []string{"D1"}}); a.EverSince(time.Unix(1800000000, 0)) != a.Now {
		t.Errorf("%+v", a)
	}
	if !d.Left("D1") || d.Left("U01") || d.Left("UB") || d.Left("nobody") {
		t.Error("who is a leaver")
	}
	var many []string
	for i := range 3 * maxNames {
		many = append(many, fmt.Sprintf("X%02d", i))
	}
	a = c.Audience(Setting{People: d, Past: append(many, "D1", "G1")})
	heads := 0
	for _, p := range a.Past {
		heads += p.Heads.Max
	}
	if len(a.Past) != maxNames+1 || heads != 3*maxNames+2 || a.EverSince(time.Unix(1800000000, 0)) != a.Ever {
		t.Errorf("%d, %d: %+v", len(a.Past), heads, a.Past)
	}
	a = c.Audience(Setting{People: d, Apps: []string{"B1"}})
	if len(a.Machines) != 2 || !strings.Contains(a.Machines[0].Who, "ci") {
		t.Errorf("%+v", a.Machines)
	}
	if a := File(a, true); a.Now.AtLeast != sources.AnyoneLink || a.Ever.AtLeast != sources.AnyoneLink || a.Heads.Max != -1 {
		t.Errorf("%+v", a)
	}
}

// TestAudienceOnlyWidens: one more member, or one more way of sharing, never
// makes an audience smaller.
func TestAudienceOnlyWidens(t *testing.T) {
	d := testDirectory(t)
	ids := rapid.SampledFrom([]string{"U01", "U02", "U03", "G1", "D1", "S1", "UB", "U99"})
	rapid.Check(t, func(t *rapid.T) {
		c := Conversation{
			ID: "C", Form: Form(rapid.IntRange(1, 4).Draw(t, "form")), MembersKnown: true, SharingKnown: rapid.Bool().Draw(t, "sharing"),
			Members: rapid.SliceOfNDistinct(ids, 1, 6, rapid.ID[string]).Draw(t, "members"),
		}
		a := c.Audience(Setting{People: d, At: time.Unix(1, 0)})
		wide := c
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			wide.External = true
		case 1:
			wide.Organisation = true
		case 2:
			wide.Members = append(slices.Clone(c.Members), "G2")
		case 3:
			wide.SharingKnown = false
		}
		b := wide.Audience(Setting{People: d, At: time.Unix(1, 0)})
		if b.Now.AtMost < a.Now.AtMost || b.Now.AtLeast < a.Now.AtLeast || a.Heads.Max < 0 && b.Heads.Max >= 0 || b.Heads.Max >= 0 && b.Heads.Max < a.Heads.Max {
			t.Fatalf("%+v\n%+v", a, b)
		}
		if b.Ever.Union(b.Now) != b.Ever {
			t.Fatalf("Ever is narrower than Now: %+v", b)
		}
	})
}
