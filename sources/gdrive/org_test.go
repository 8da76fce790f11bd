package gdrive

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/sources"
	"mislaid/sources/gdrive/drivetest"
)

// generated is an organisation with sharing of every kind, and what the levels
// of each file must be.
type generated struct {
	*drivetest.Org
	truth map[string]uint8 // by ID: the set of levels
	least int              // requests that an audit cannot do without
}

// share is one way of sharing, and the levels that it adds.
type share struct {
	grant  func(g *generated) *drivetest.Permission
	levels []sources.Level
}

var shares = []share{
	{nil, nil}, {nil, nil}, {nil, nil}, {nil, nil},
	{func(g *generated) *drivetest.Permission { return g.Grant("anyone", "") }, []sources.Level{sources.AnyoneLink}},
	{func(g *generated) *drivetest.Permission { return g.Grant("anyone", "").Find() }, []sources.Level{sources.Public}},
	{func(g *generated) *drivetest.Permission { return g.Grant("domain", "acme.test") }, []sources.Level{sources.Organisation}},
	{func(g *generated) *drivetest.Permission { return g.Grant("domain", "acme-labs.test").Find() }, []sources.Level{sources.Organisation}},
	{func(g *generated) *drivetest.Permission { return g.Grant("domain", "partner.test") }, []sources.Level{sources.Outsiders}},
	{func(g *generated) *drivetest.Permission { return g.Grant("domain", "abc"+audienceDomain) }, []sources.Level{sources.Organisation}},
	{func(g *generated) *drivetest.Permission { return g.Grant("user", "u7@acme.test") }, []sources.Level{sources.NamedFew}},
	{func(g *generated) *drivetest.Permission { return g.Grant("user", "eve@gmail.com") }, []sources.Level{sources.Outsiders}},
	{func(g *generated) *drivetest.Permission { return g.Grant("group", "small@acme.test") }, []sources.Level{sources.GroupOf}},
	{func(g *generated) *drivetest.Permission { return g.Grant("group", "large@acme.test") }, []sources.Level{sources.GroupOf, sources.Organisation}},
	{func(g *generated) *drivetest.Permission { return g.Grant("group", "mixed@acme.test") }, []sources.Level{sources.GroupOf, sources.Outsiders}},
	{func(g *generated) *drivetest.Permission { return g.Grant("group", "joinable@acme.test") }, []sources.Level{sources.GroupOf, sources.AnyoneLink}},
	{func(g *generated) *drivetest.Permission { return g.Grant("group", "list@partner.test") }, []sources.Level{sources.Outsiders}},
	{func(g *generated) *drivetest.Permission {
		p := g.Grant("anyone", "")
		p.Expires = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
		return p
	}, nil},
	{func(g *generated) *drivetest.Permission {
		p := g.Grant("user", "gone@partner.test")
		p.Deleted = true
		return p
	}, nil},
	{func(g *generated) *drivetest.Permission {
		p := g.Grant("anyone", "")
		p.View = "published"
		return p
	}, []sources.Level{sources.AnyoneLink}},
}

func setOf(levels ...sources.Level) (set uint8) {
	for _, l := range levels {
		set |= 1 << l
	}
	return set
}

// generate makes an organisation and counts the least requests of an audit.
func generate(seed uint64, users, drives, files int) *generated {
	rng := rand.New(rand.NewPCG(seed, 1))
	g := &generated{Org: drivetest.EmptyOrg("acme.test"), truth: map[string]uint8{}}
	g.Secondary = []string{"acme-labs.test"}
	for i := range users {
		g.AddUser(fmt.Sprint("u", i))
	}
	g.Users[0].Admin = true
	large := &drivetest.Group{Email: "large@acme.test"}
	for _, u := range g.Users[:users/3] {
		large.Members = append(large.Members, u.Email)
	}
	g.Groups = []*drivetest.Group{
		large, {Email: "small@acme.test", Members: []string{"u1@acme.test", "u2@acme.test"}},
		{Email: "mixed@acme.test", Members: []string{"u1@acme.test", "eve@gmail.com"}, External: true},
		{Email: "joinable@acme.test", Members: []string{"u1@acme.test"}, WhoCanJoin: "ANYONE_CAN_JOIN"},
	}
	pages := func(n, size int) int { return max((n+size-1)/size, 1) }
	// The domains, the people, the drives; of each group its members and its settings.
	g.least = 1 + pages(users, 500) + pages(drives, 100)
	for _, grp := range g.Groups {
		g.least += pages(len(grp.Members), 200) + 1
	}
	for i := range drives {
		d := g.AddDrive(fmt.Sprint("d", i), fmt.Sprintf("organizer:u%d@acme.test", i%users), "reader:small@acme.test")
		if i%10 == 0 {
			d.Members = append(d.Members, g.Grant("user", "guest@partner.test"))
		}
	}
	holders := users + drives
	for h := range holders {
		n := files / holders
		if h < files%holders {
			n++
		}
		where := ""
		base := setOf(sources.OwnerOnly)
		if h < users {
			where = g.Users[h].Email
		} else {
			d := g.Drives[h-users]
			where = d.ID
			base = setOf(sources.NamedFew, sources.GroupOf)
			if len(d.Members) > 2 {
				base |= setOf(sources.Outsiders)
			}
			g.least++ // who the members are
		}
		g.least += pages(n, 1000) + g.fill(rng, where, base, n)
	}
	return g
}

// fill puts n files and folders somewhere and returns how many of them need a
// request for their permissions.
func (g *generated) fill(rng *rand.Rand, where string, base uint8, n int) (asked int) {
	var folders []*drivetest.File
	sets := map[string]uint8{}
	for i := range n {
		f := &drivetest.File{Name: fmt.Sprint("f", i), MIME: "text/plain"}
		if strings.Contains(where, "@") {
			f.Owner = where
		} else {
			f.Drive = where
		}
		if i < n/50 {
			f.MIME = drivetest.Folder
		}
		set := base
		if len(folders) > 0 && rng.IntN(3) > 0 {
			p := folders[rng.IntN(len(folders))]
			f.Parent, set = p.ID, sets[p.ID]
		}
		if odds := rng.IntN(20); odds == 0 || f.Owner != "" && odds < 8 {
			s := shares[rng.IntN(len(shares))]
			if s.grant != nil {
				f.Permissions = append(f.Permissions, s.grant(g))
				set |= setOf(s.levels...)
				if f.Drive != "" {
					asked++
				}
			}
		}
		g.Add(f)
		g.truth[f.ID] = set
		if f.MIME == drivetest.Folder {
			folders, sets[f.ID] = append(folders, f), set
		}
	}
	return asked
}

// testAudit audits an organisation and compares every level with the truth, and
// the requests with the least.
func testAudit(t *testing.T, users, drives, files int) {
	synctest.Test(t, func(t *testing.T) {
		g := generate(7, users, drives, files)
		srv := serverOf(t, g.Org)
		srv.Latency = 150 * time.Millisecond
		d, err := KeyDelegation(srv.KeyFile(), srv)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		s, err := New(t.Context(), Config{Target: Target{Domain: "acme.test"}, Delegation: d, Admin: "u0@acme.test", Transport: srv, MetadataOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		seen, wrong := map[string]bool{}, 0
		for c, err := range s.Containers(t.Context()) {
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			for x, err := range s.Audit(t.Context(), c) {
				if err != nil {
					t.Fatalf("%s: %v", c.Name, err)
				}
				if want := g.truth[x.ID]; (x.Audience.Now.Set != want || seen[x.ID]) && wrong < 10 {
					wrong++
					t.Errorf("%s (%s): %v, want the set %b", x.ID, x.Path, x.Audience.Now.Levels(), want)
				}
				if x.Audience.Now.AtMost != x.Audience.Now.AtLeast || len(x.Audience.Unresolved) > 0 {
					t.Fatalf("%s: not all resolved: %+v", x.Path, x.Audience)
				}
				seen[x.ID] = true
			}
		}
		by, sum := srv.Calls()
		tokens := by["token"]
		sum -= tokens // one an account: signing in
		t.Logf("%d files and folders of %d people and %d shared drives: %d requests, the least is %d (%.3f times), and %d for tokens; %v at 150 ms each, by a clock that is not real",
			len(seen), users, drives, sum, g.least, float64(sum)/float64(g.least), tokens, time.Since(start).Round(time.Second))
		if len(seen) != len(g.truth) {
			t.Errorf("%d of %d files were seen", len(seen), len(g.truth))
		}
		if float64(sum) > 1.1*float64(g.least) {
			t.Errorf("%d requests, the least is %d: %v", sum, g.least, by)
		}
	})
}

func TestAudit(t *testing.T) { testAudit(t, 60, 12, 6_000) }
