package gdrive

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/drive/v3"

	"mislaid/sources"
	"mislaid/sources/gdrive/drivetest"
)

// TestLevels has a case for every row of the table, and for what widens or voids
// a grant.
func TestLevels(t *testing.T) {
	o := drivetest.NewOrg()
	for i := range 40 {
		o.AddUser(fmt.Sprintf("user%02d", i))
	}
	add := func(name string, g drivetest.Group) {
		g.Email = name + "@acme.test"
		o.Groups = append(o.Groups, &g)
	}
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("user%02d@acme.test", i))
	}
	add("large", drivetest.Group{Members: many})
	add("nested", drivetest.Group{Members: []string{"ben@acme.test", "ops@acme.test"}})
	add("loop", drivetest.Group{Members: []string{"loop@acme.test", "ben@acme.test"}})
	add("mixed", drivetest.Group{Members: []string{"ben@acme.test", "eve@outside.test"}, External: true})
	add("all", drivetest.Group{Members: []string{"*"}})
	add("open", drivetest.Group{Members: []string{"ben@acme.test"}, WhoCanJoin: "ANYONE_CAN_JOIN"})
	add("inner", drivetest.Group{Members: []string{"ben@acme.test"}, WhoCanJoin: "ALL_IN_DOMAIN_CAN_JOIN"})
	srv := serverOf(t, o)
	s := delegate(t, srv, Config{Target: Target{Domain: "acme.test"}})

	user := func(email string) *drive.Permission {
		return &drive.Permission{Type: "user", Role: "reader", EmailAddress: email}
	}
	group := func(name string) *drive.Permission {
		return &drive.Permission{Type: "group", Role: "reader", EmailAddress: name}
	}
	domain := func(name string, find bool) *drive.Permission {
		return &drive.Permission{Type: "domain", Role: "reader", Domain: name, AllowFileDiscovery: find}
	}
	eleven := make([]*drive.Permission, 11)
	for i := range eleven {
		eleven[i] = user(fmt.Sprintf("user%02d@acme.test", i))
	}
	past, future := time.Now().Add(-time.Hour).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)
	for _, c := range []struct {
		name   string
		grants []*drive.Permission
		levels []sources.Level
		atMost sources.Level
		find   sources.Findable
		says   string // somewhere in the evidence
	}{
		{"anyone, found by search", []*drive.Permission{{Type: "anyone", AllowFileDiscovery: true}}, []sources.Level{sources.Public}, sources.Public, sources.FindSearch, "on the web"},
		{"anyone with the link", []*drive.Permission{{Type: "anyone"}}, []sources.Level{sources.AnyoneLink}, sources.AnyoneLink, sources.FindLink, "with the link"},
		{"published to the web", []*drive.Permission{{Type: "anyone", View: "published"}}, []sources.Level{sources.AnyoneLink}, sources.AnyoneLink, sources.FindLink, "published to the web"},
		{"a target audience", []*drive.Permission{domain("abc.audience.googledomains.com", false)}, []sources.Level{sources.Organisation}, sources.Organisation, sources.FindLink, "target audience"},
		{"the domain, found by search", []*drive.Permission{domain("acme.test", true)}, []sources.Level{sources.Organisation}, sources.Organisation, sources.FindSearch, "everyone at acme.test"},
		{"the domain with the link", []*drive.Permission{domain("acme.test", false)}, []sources.Level{sources.Organisation}, sources.Organisation, sources.FindLink, "with the link"},
		{"a secondary domain", []*drive.Permission{domain("acme-labs.test", false)}, []sources.Level{sources.Organisation}, sources.Organisation, sources.FindLink, ""},
		{"another domain", []*drive.Permission{domain("outside.test", false)}, []sources.Level{sources.Outsiders}, sources.Outsiders, sources.FindLink, "another organisation"},
		{"a group", []*drive.Permission{group("ops@acme.test")}, []sources.Level{sources.GroupOf}, sources.GroupOf, sources.FindBrowse, "2 members"},
		{"a nested group", []*drive.Permission{group("nested@acme.test")}, []sources.Level{sources.GroupOf}, sources.GroupOf, sources.FindBrowse, "2 members"},
		{"a group within itself", []*drive.Permission{group("loop@acme.test")}, []sources.Level{sources.GroupOf}, sources.GroupOf, sources.FindBrowse, "1 members"},
		{"a large group", []*drive.Permission{group("large@acme.test")}, []sources.Level{sources.GroupOf, sources.Organisation}, sources.Organisation, sources.FindBrowse, "12 members"},
		{"a group of everyone", []*drive.Permission{group("all@acme.test")}, []sources.Level{sources.GroupOf, sources.Organisation}, sources.Organisation, sources.FindBrowse, "everyone"},
		{"a group with outsiders", []*drive.Permission{group("mixed@acme.test")}, []sources.Level{sources.GroupOf, sources.Outsiders}, sources.Outsiders, sources.FindBrowse, "1 of them from outside"},
		{"a group that anyone may join", []*drive.Permission{group("open@acme.test")}, []sources.Level{sources.GroupOf, sources.AnyoneLink}, sources.AnyoneLink, sources.FindBrowse, "ANYONE_CAN_JOIN"},
		{"a group that insiders may join", []*drive.Permission{group("inner@acme.test")}, []sources.Level{sources.GroupOf, sources.Organisation}, sources.Organisation, sources.FindBrowse, "ALL_IN_DOMAIN_CAN_JOIN"},
		{"a group that is not there", []*drive.Permission{group("none@acme.test")}, []sources.Level{sources.GroupOf}, sources.AnyoneLink, sources.FindBrowse, "who is in group none@acme.test"},
		{"a group elsewhere", []*drive.Permission{group("x@outside.test")}, []sources.Level{sources.Outsiders}, sources.Outsiders, sources.FindBrowse, "group x@outside.test"},
		{"the owner", []*drive.Permission{{Type: "user", Role: "owner", EmailAddress: "ann@acme.test"}}, []sources.Level{sources.OwnerOnly}, sources.OwnerOnly, sources.FindBrowse, "owner ann"},
		{"an owner elsewhere", []*drive.Permission{{Type: "user", Role: "owner", EmailAddress: "eve@outside.test"}}, []sources.Level{sources.Outsiders}, sources.Outsiders, sources.FindBrowse, "owner eve"},
		{"somebody", []*drive.Permission{user("ben@acme.test")}, []sources.Level{sources.NamedFew}, sources.NamedFew, sources.FindBrowse, "ben"},
		{"somebody at an alias domain", []*drive.Permission{user("ben@acme-mail.test")}, []sources.Level{sources.NamedFew}, sources.NamedFew, sources.FindBrowse, ""},
		{"somebody elsewhere", []*drive.Permission{user("eve@gmail.com")}, []sources.Level{sources.Outsiders}, sources.Outsiders, sources.FindBrowse, "outside the organisation"},
		{"eleven people", eleven, []sources.Level{sources.NamedFew, sources.GroupOf}, sources.GroupOf, sources.FindBrowse, ""},
		{"an expired grant beside one", []*drive.Permission{user("ben@acme.test"), {Type: "anyone", ExpirationTime: past}}, []sources.Level{sources.NamedFew}, sources.NamedFew, sources.FindBrowse, ""},
		{"a grant that will expire", []*drive.Permission{{Type: "user", EmailAddress: "eve@outside.test", ExpirationTime: future}}, []sources.Level{sources.Outsiders}, sources.Outsiders, sources.FindBrowse, ""},
		{"a deleted account beside one", []*drive.Permission{user("ben@acme.test"), {Type: "user", EmailAddress: "x@outside.test", Deleted: true}}, []sources.Level{sources.NamedFew}, sources.NamedFew, sources.FindBrowse, ""},
		{"a folder's name alone", []*drive.Permission{user("ben@acme.test"), {Type: "anyone", View: "metadata"}}, []sources.Level{sources.NamedFew}, sources.NamedFew, sources.FindBrowse, ""},
		{"a kind that is new", []*drive.Permission{user("ben@acme.test"), {Type: "robot"}}, []sources.Level{sources.NamedFew}, sources.Public, sources.FindBrowse, "robot"},
		{"nothing", nil, nil, sources.Public, sources.FindUnknown, "no permission"},
	} {
		var grants []grant
		for _, p := range c.grants {
			grants = append(grants, grant{Permission: p})
		}
		a := s.people.judge(t.Context(), grants)
		if got := a.Now.Levels(); fmt.Sprint(got) != fmt.Sprint(c.levels) || a.Now.AtMost != c.atMost || a.Findable != c.find {
			t.Errorf("%s: %v, at most %v, %q; want %v, %v, %q", c.name, got, a.Now.AtMost, a.Findable, c.levels, c.atMost, c.find)
		}
		if !strings.Contains(fmt.Sprint(a), c.says) {
			t.Errorf("%s: the evidence does not say %q: %v", c.name, c.says, a)
		}
	}
}

// TestLevelsAreReached: no row of the table is there for nothing.
func TestLevelsAreReached(t *testing.T) {
	for i, l := range levels {
		for j := range i {
			k := levels[j]
			if k.kind == l.kind && (k.place == anywhere || k.place == l.place) && (k.searchable == nil || l.searchable != nil && *k.searchable == *l.searchable) && (!k.owner || l.owner) {
				t.Errorf("row %d is hidden by row %d", i, j)
			}
		}
	}
}

// serverOf serves an organisation that grants every scope.
func serverOf(t testing.TB, o *drivetest.Org) *drivetest.Server {
	t.Helper()
	srv := drivetest.NewServer(o, t.Errorf)
	for _, s := range DelegatedScopes() {
		srv.Delegated[s.Scope] = true
	}
	return srv
}
