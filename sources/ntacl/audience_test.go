package ntacl_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mislaid/sources"
	"mislaid/sources/ntacl"
	. "mislaid/sources/ntacl/ntacltest"
)

// book is a Directory out of a map.
type book struct {
	who    map[ntacl.SID]ntacl.Principal
	people sources.Heads
	err    error // of SIDs that are not in it
}

func (b book) Principal(_ context.Context, s ntacl.SID) (ntacl.Principal, error) {
	if p, ok := b.who[s]; ok {
		return p, nil
	}
	if b.err != nil {
		return ntacl.Principal{}, b.err
	}
	return ntacl.Principal{}, fmt.Errorf("lab: %w", ntacl.ErrNoSuchSID)
}

func (b book) People(context.Context) sources.Heads { return b.people }

var (
	lab       = ntacl.MakeSID(5, 21, 1, 2, 3)
	machine   = ntacl.MakeSID(5, 21, 7, 8, 9)
	alice     = lab.Child(1101)
	bob       = lab.Child(1102)
	carol     = lab.Child(1103)
	leaver    = lab.Child(1104)
	pc        = lab.Child(1200)
	empty     = lab.Child(2000)
	team      = lab.Child(2001)
	eng       = lab.Child(2002)
	most      = lab.Child(2003)
	selfJoin  = lab.Child(2004)
	uncounted = lab.Child(2005)
	helpers   = machine.Child(1001) // an alias of the server
	loopA     = machine.Child(1002)
	loopB     = machine.Child(1003)
	nobody    = lab.Child(9999)
	domUsers  = lab.Child(513)
	domAdmins = lab.Child(512)
	domPCs    = lab.Child(515)
	iusers    = ntacl.MakeSID(5, 4)
)

func group(name string, n int) ntacl.Principal {
	return ntacl.Principal{Name: `LAB\` + name, Kind: ntacl.KindGroup, Heads: sources.Heads{Min: n, Max: n}, Count: "counted"}
}

func person(name string, groups ...ntacl.SID) ntacl.Principal {
	return ntacl.Principal{Name: `LAB\` + name, Kind: ntacl.KindUser, State: ntacl.Active, Groups: append(groups, domUsers), GroupsKnown: true}
}

func alias(name string, members ...ntacl.SID) ntacl.Principal {
	return ntacl.Principal{Name: name, Kind: ntacl.KindAlias, Members: members, MembersKnown: true, Heads: sources.Heads{Max: -1}}
}

func labBook() book {
	gone := person("leaver")
	gone.State = ntacl.Disabled
	open := group("selfjoin", 12)
	open.Open = true
	return book{people: sources.Heads{Min: 100, Max: 100}, who: map[ntacl.SID]ntacl.Principal{
		alice: person("alice", team, eng), bob: person("bob", eng), carol: person("carol"), leaver: gone,
		pc:    {Name: `LAB\PC1$`, Kind: ntacl.KindComputer, State: ntacl.Active},
		empty: group("empty", 0), team: group("team", 3), eng: group("eng", 20), most: group("most", 25), selfJoin: open,
		uncounted: {Name: `LAB\uncounted`, Kind: ntacl.KindGroup, Heads: sources.Heads{Max: -1}, Count: "too deep"},
		domUsers:  group("Domain Users", 100), domAdmins: group("Domain Admins", 2), domPCs: group("Domain Computers", 0),
		helpers: alias(`FILES\helpers`, team, bob), loopA: alias(`FILES\a`, loopB, alice), loopB: alias(`FILES\b`, loopA),
		ntacl.Users:               alias(`BUILTIN\Users`, ntacl.AuthenticatedUsers, iusers, domUsers),
		ntacl.Administrators:      alias(`BUILTIN\Administrators`, domAdmins, machine.Child(500)),
		ntacl.PreWindows2000Group: alias(`BUILTIN\Pre-Windows 2000 Compatible Access`, ntacl.AuthenticatedUsers),
	}}
}

// reach is a Reach in short: its levels, and the bounds.
func reach(a sources.Audience) string {
	var levels []string
	for _, l := range a.Now.Levels() {
		levels = append(levels, fmt.Sprint(int(l)))
	}
	return fmt.Sprintf("%s %d-%d", strings.Join(levels, ","), a.Now.AtLeast, a.Now.AtMost)
}

func TestAudienceLevels(t *testing.T) {
	everybody := []Entry{Allow(ntacl.Everyone, Full)}
	member := ntacl.Server{Name: "FILES", Trusts: ntacl.TrustsNone, Directory: labBook()}
	with := func(change func(*ntacl.Server)) ntacl.Server {
		s := member
		change(&s)
		return s
	}
	trusting := with(func(s *ntacl.Server) { s.Trusts = ntacl.TrustsOutbound })
	unread := with(func(s *ntacl.Server) { s.Trusts = ntacl.TrustsUnknown })
	guests := with(func(s *ntacl.Server) { s.Guest = ntacl.Proven })
	null := with(func(s *ntacl.Server) { s.Null = ntacl.Proven })
	closed := with(func(s *ntacl.Server) { s.Null, s.Guest = ntacl.Refused, ntacl.Refused })
	alone := ntacl.Server{Standalone: true}
	samba := with(func(s *ntacl.Server) { s.Samba, s.Guest = true, ntacl.Proven })
	ignorant := ntacl.Server{Trusts: ntacl.TrustsNone}
	failing := with(func(s *ntacl.Server) {
		s.Directory = book{people: sources.Heads{Max: -1}, err: errors.New("timed out")}
	})

	tests := []struct {
		name   string
		server ntacl.Server
		share  []Entry
		file   []Entry
		want   string
	}{
		// Who need not sign in.
		{"anonymous", closed, everybody, []Entry{Allow(ntacl.Anonymous, Read)}, "0,6 6-6"},
		{"everyone, nothing proven", member, everybody, []Entry{Allow(ntacl.Everyone, Read)}, "0,3 3-3"},
		{"everyone, guests refused", closed, everybody, []Entry{Allow(ntacl.Everyone, Read)}, "0,3 3-3"},
		{"everyone, a guest session", guests, everybody, []Entry{Allow(ntacl.Everyone, Read)}, "0,3,6 6-6"},
		{"everyone, a null session", null, everybody, []Entry{Allow(ntacl.Everyone, Read)}, "0,3,6 6-6"},
		{"everyone but guests", guests, everybody, []Entry{Deny(ntacl.GuestsGroup, Read), Allow(ntacl.Everyone, Read)}, "0,3 3-3"},
		{"everyone but who is anonymous", null, everybody, []Entry{Deny(ntacl.Anonymous, Read), Allow(ntacl.Everyone, Read)}, "0,3 3-3"},
		{"guests alone, proven", guests, everybody, []Entry{Allow(ntacl.GuestsGroup, Read)}, "0,6 6-6"},
		{"guests alone, nothing proven", member, everybody, []Entry{Allow(ntacl.GuestsGroup, Read)}, "0 0-3"},
		{"domain guests", guests, everybody, []Entry{Allow(lab.Child(514), Read)}, "0,6 6-6"},
		{"everyone who did not sign in, nothing proven", member, everybody, []Entry{Deny(ntacl.AuthenticatedUsers, Read), Allow(ntacl.Everyone, Read)}, "0 0-3"},

		// Who can sign in.
		{"authenticated users, no trust", member, everybody, []Entry{Allow(ntacl.AuthenticatedUsers, Read)}, "0,3 3-3"},
		{"authenticated users, a guest session", guests, everybody, []Entry{Allow(ntacl.AuthenticatedUsers, Read)}, "0,3 3-3"},
		{"authenticated users, a trust", trusting, everybody, []Entry{Allow(ntacl.AuthenticatedUsers, Read)}, "0,4 4-4"},
		{"authenticated users, trusts not read", unread, everybody, []Entry{Allow(ntacl.AuthenticatedUsers, Read)}, "0,3 3-4"},
		{"authenticated users, in no domain", alone, everybody, []Entry{Allow(ntacl.AuthenticatedUsers, Read)}, "0,3 3-3"},
		{"network", trusting, everybody, []Entry{Allow(ntacl.Network, Read)}, "0,4 4-4"},
		{"users hold them", trusting, everybody, []Entry{Allow(ntacl.Users, Read)}, "0,3,4 4-4"},
		{"users hold a team", with(func(s *ntacl.Server) {
			b := labBook()
			b.who[ntacl.Users] = alias(`BUILTIN\Users`, team)
			s.Directory = b
		}), everybody, []Entry{Allow(ntacl.Users, Read)}, "0,1 1-1"},
		{"users, not read", ignorant, everybody, []Entry{Allow(ntacl.Users, Read)}, "0,3 3-3"},
		{"domain users", trusting, everybody, []Entry{Allow(domUsers, Read)}, "0,3 3-3"},
		{"domain computers", trusting, everybody, []Entry{Allow(domPCs, Read)}, "0,3 3-3"},
		{"domain users of an unknown domain", ignorant, everybody, []Entry{Allow(ntacl.MakeSID(5, 21, 4, 4, 4, 513), Read)}, "0,3 3-3"},
		{"pre-windows 2000", member, everybody, []Entry{Allow(ntacl.PreWindows2000Group, Read)}, "0,3 3-3"},
		{"other organisation", member, everybody, []Entry{Allow(ntacl.MakeSID(5, 1000), Read)}, "0,4 4-4"},
		{"authenticated users of a Samba server", samba, everybody, []Entry{Allow(ntacl.AuthenticatedUsers, Read)}, "0 0-3"},
		{"guests of a Samba server", samba, everybody, []Entry{Allow(ntacl.Everyone, Read)}, "0,6 6-6"},
		{"no list at all", member, everybody, nil, "0,3 3-3"},
		{"no list at all, guests", guests, everybody, nil, "0,3,6 6-6"},

		// Groups and people.
		{"nobody", member, everybody, []Entry{}, "0 0-0"},
		{"administrators", member, everybody, []Entry{Allow(ntacl.Administrators, Full), Allow(domAdmins, Full), Allow(ntacl.MakeSID(5, 18), Full)}, "0 0-0"},
		{"administrators who are everybody", with(func(s *ntacl.Server) {
			b := labBook()
			b.who[ntacl.Administrators] = alias(`BUILTIN\Administrators`, domAdmins, domUsers)
			s.Directory = b
		}), everybody, []Entry{Allow(ntacl.Administrators, Full)}, "0,3 3-3"},
		{"one person", member, everybody, []Entry{Allow(bob, Read)}, "0,1 1-1"},
		{"a computer", member, everybody, []Entry{Allow(pc, Read)}, "0,1 1-1"},
		{"an empty group", member, everybody, []Entry{Allow(empty, Read)}, "0 0-0"},
		{"a small group", member, everybody, []Entry{Allow(team, Read)}, "0,1 1-1"},
		{"a group", member, everybody, []Entry{Allow(eng, Read)}, "0,2 2-2"},
		{"a quarter of all", member, everybody, []Entry{Allow(most, Read)}, "0,3 3-3"},
		{"a group that one may join", member, everybody, []Entry{Allow(selfJoin, Read)}, "0,3 3-3"},
		{"a group nobody counted", member, everybody, []Entry{Allow(uncounted, Read)}, "0,2 2-3"},
		{"a group of the server", member, everybody, []Entry{Allow(helpers, Read)}, "0,1 1-1"},
		{"groups in a circle", member, everybody, []Entry{Allow(loopA, Read)}, "0 0-0"}, // alice alone, who is the owner
		{"a SID nobody knows", member, everybody, []Entry{Allow(nobody, Read)}, "0 0-4"},
		{"a SID nobody could ask about", failing, everybody, []Entry{Allow(bob, Read)}, "0 0-4"},
		{"a Unix user", member, everybody, []Entry{Allow(ntacl.MakeSID(22, 1, 1000), Read)}, "0,1 1-1"},
		{"a Unix group", ignorant, everybody, []Entry{Allow(ntacl.MakeSID(22, 2, 100), Read)}, "0,2 2-3"},
		{"who sits at the server", member, everybody, []Entry{Allow(iusers, Read)}, "0 0-3"},

		// Denying.
		{"all but a group", member, everybody, []Entry{Deny(eng, Read), Allow(domUsers, Read)}, "0,3 3-3"},
		{"a group but everybody", member, everybody, []Entry{Deny(domUsers, Read), Allow(eng, Read)}, "0 0-2"},
		{"a person denied by a group", member, everybody, []Entry{Deny(eng, Read), Allow(bob, Read)}, "0 0-0"},
		{"a person not denied by a group", member, everybody, []Entry{Deny(eng, Read), Allow(carol, Read)}, "0,1 1-1"},
		{"a person denied by a group of the server", member, everybody, []Entry{Deny(helpers, Read), Allow(bob, Read)}, "0 0-0"},
		{"denied too late", member, everybody, []Entry{Allow(bob, Read), Deny(eng, Read)}, "0,1 1-1"},
		{"on a condition", member, everybody, []Entry{Allow(eng, Read).If()}, "0 0-2"},
		{"writers who cannot read", member, everybody, []Entry{Allow(eng, WriteOnly)}, "0 0-0"},
		{"for children only", member, everybody, []Entry{Allow(ntacl.Everyone, Read).InheritOnly()}, "0 0-0"},

		// The share.
		{"the share lets in a team", member, []Entry{Allow(team, Read)}, []Entry{Allow(ntacl.Everyone, Read)}, "0,1 1-1"},
		{"the share lets in nobody", member, []Entry{}, []Entry{Allow(ntacl.Everyone, Read)}, "0 0-0"},
		{"the share lets in the one, the file the other", member, []Entry{Allow(carol, Read)}, []Entry{Allow(bob, Read)}, "0 0-0"},
		{"the file names a person of the share's group", member, []Entry{Allow(eng, Read)}, []Entry{Allow(bob, Read)}, "0,1 1-1"},
		{"the share names a person of the file's group", member, []Entry{Allow(bob, Read)}, []Entry{Allow(eng, Read)}, "0,1 1-1"},
		{"a person of another group", member, []Entry{Allow(eng, Read)}, []Entry{Allow(carol, Read)}, "0 0-0"},
		{"who is in both groups", member, []Entry{Allow(team, Read)}, []Entry{Allow(eng, Read)}, "0 0-1"},
		{"the share denies", member, []Entry{Deny(domUsers, Read), Allow(ntacl.Everyone, Read)}, []Entry{Allow(bob, Read)}, "0 0-0"},
		{"the share may write only", member, []Entry{Allow(ntacl.Everyone, WriteOnly)}, []Entry{Allow(ntacl.Everyone, Read)}, "0 0-0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := Encode(alice, domUsers, test.file...)
			if test.file == nil {
				file = EncodeNull(alice, domUsers)
			}
			a, err := test.server.Audience(t.Context(), ntacl.Place{Share: parse(t, Encode(ntacl.Administrators, ntacl.Administrators, test.share...)), File: parse(t, file)})
			if err != nil {
				t.Fatal(err)
			}
			if got := reach(a); got != test.want {
				t.Errorf("%s, want %s\n%+v\n%q", got, test.want, a.Grants, a.Unresolved)
			}
			if a.Now.AtLeast > a.Now.AtMost || a.Heads.Max >= 0 && a.Heads.Min > a.Heads.Max {
				t.Errorf("%+v", a)
			}
			if a.Now.AtLeast < a.Now.AtMost && len(a.Unresolved) == 0 && !slices.ContainsFunc(a.Grants, func(g sources.Grant) bool {
				return strings.Contains(g.By, "except") || strings.Contains(g.Who, "both") || strings.Contains(g.Who, "uests") || strings.Contains(g.Who, "without an account")
			}) {
				t.Errorf("no reason for the doubt: %+v", a.Grants)
			}
		})
	}
}

func TestAudienceShareNotRead(t *testing.T) {
	s := ntacl.Server{Name: "FILES", Trusts: ntacl.TrustsNone, Directory: labBook()}
	file := parse(t, Encode(alice, domUsers, Allow(ntacl.Everyone, Read)))
	a, err := s.Audience(t.Context(), ntacl.Place{ShareErr: sources.ErrDenied, File: file})
	if err != nil {
		t.Fatal(err)
	}
	if got := reach(a); got != "0 0-3" {
		t.Errorf("reach %s", got)
	}
	want := []string{
		"share ACL not read (permission denied): it may let in fewer than the file's own list",
		"whether the server lets in somebody without an account was not tried, and is taken for no (--probe-anonymous tries)",
	}
	if diff := cmp.Diff(want, a.Unresolved); diff != "" {
		t.Error(diff)
	}
	if !strings.HasSuffix(a.Grants[1].By, "share ACL not read") {
		t.Errorf("%+v", a.Grants)
	}
	// A guest who read the share is let in by it, whatever its list.
	s.Guest = ntacl.Proven
	if a, _ = s.Audience(t.Context(), ntacl.Place{File: file}); reach(a) != "0,6 6-6" {
		t.Errorf("reach %s", reach(a))
	}
}

func TestAudienceFileNotRead(t *testing.T) {
	for name, test := range map[string]struct {
		server ntacl.Server
		share  []byte
		want   string
	}{
		"nothing":                 {ntacl.Server{}, nil, "0 0-6"},
		"guests refused":          {ntacl.Server{Null: ntacl.Refused, Guest: ntacl.Refused}, nil, "0 0-4"},
		"a share for a team":      {ntacl.Server{Directory: labBook()}, Encode(alice, alice, Allow(team, Read)), "0 0-1"},
		"a share for everybody":   {ntacl.Server{Directory: labBook()}, Encode(alice, alice, Allow(ntacl.Everyone, Read)), "0 0-6"},
		"a share for admins only": {ntacl.Server{Directory: labBook()}, Encode(alice, alice, Allow(ntacl.Administrators, Full)), "0 0-1"},
	} {
		p := ntacl.Place{FileErr: sources.ErrDenied}
		if test.share != nil {
			p.Share = parse(t, test.share)
		}
		a, err := test.server.Audience(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if got := reach(a); got != test.want || len(a.Unresolved) == 0 || len(a.Grants) > 0 {
			t.Errorf("%s: %s, want %s; %+v", name, got, test.want, a)
		}
	}
}

func TestAudienceWords(t *testing.T) {
	s := ntacl.Server{Name: "FILES", Trusts: ntacl.TrustsNone, Directory: labBook()}
	file := parse(t, Encode(leaver, domUsers,
		Deny(team, Read), Allow(eng, Read), Allow(bob, Read), Allow(ntacl.Users, 1), Allow(nobody, TakeOver), Allow(most, WriteOnly|TakeOver), Allow(pc, Read)))
	share := parse(t, Encode(ntacl.Administrators, ntacl.Administrators, Allow(ntacl.AuthenticatedUsers, Full)))
	parent := parse(t, Encode(alice, domUsers, Allow(ntacl.AuthenticatedUsers, Read)))
	a, err := s.Audience(t.Context(), ntacl.Place{Share: share, File: file, Parent: parent})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range a.Grants {
		got = append(got, fmt.Sprintf("%d %s | %s", g.Level, g.Who, g.By))
	}
	for _, g := range a.CouldJoin {
		got = append(got, fmt.Sprintf("join %d %s | %s", g.Level, g.Who, g.By))
	}
	for _, g := range a.Machines {
		got = append(got, fmt.Sprintf("machine %s", g.Who))
	}
	want := []string{
		`0 owner LAB\leaver (disabled account); administrators and backup operators of FILES | owner of the file; their privileges`,
		`2 LAB\eng | file: LAB\eng read and execute; share: NT AUTHORITY\Authenticated Users full control; except LAB\team`,
		`1 LAB\bob | file: LAB\eng read and execute; share: NT AUTHORITY\Authenticated Users full control`,
		`3 NT AUTHORITY\Authenticated Users, in BUILTIN\Users | file: BUILTIN\Users read data; share: NT AUTHORITY\Authenticated Users full control; except LAB\team`,
		`3 LAB\Domain Users, in BUILTIN\Users | file: BUILTIN\Users read data; share: NT AUTHORITY\Authenticated Users full control; except LAB\team`,
		`1 LAB\PC1$ | file: BUILTIN\Users read data; share: NT AUTHORITY\Authenticated Users full control; except LAB\team`,
		`machine LAB\PC1$`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a.Owner != `LAB\leaver (disabled account)` || !a.OwnerLeft {
		t.Errorf("owner %q, left %v", a.Owner, a.OwnerLeft)
	}
	file = parse(t, Encode(alice, domUsers, Allow(eng, Read)))
	if a, err := s.Audience(t.Context(), ntacl.Place{Share: share, File: file, Parent: parent}); err != nil || a.Owner != `LAB\alice` || a.OwnerLeft {
		t.Errorf("owner %q, left %v: %v", a.Owner, a.OwnerLeft, err)
	}
	if a.Findable != sources.FindBrowse {
		t.Errorf("findable %q", a.Findable)
	}
}

func TestCouldJoin(t *testing.T) {
	s := ntacl.Server{Trusts: ntacl.TrustsNone, Directory: labBook()}
	full := parse(t, Encode(ntacl.Administrators, ntacl.Administrators, Allow(ntacl.Everyone, Full)))
	change := parse(t, Encode(ntacl.Administrators, ntacl.Administrators, Allow(ntacl.Everyone, Change)))
	for name, test := range map[string]struct {
		share *ntacl.Descriptor
		owner ntacl.SID
		list  []Entry
		want  []string
	}{
		"the owner":                    {full, bob, nil, []string{`0 LAB\bob: owns it, so may change its permissions`}},
		"an owner who reads":           {full, bob, []Entry{Allow(bob, Read)}, nil},
		"an owner without rights":      {full, bob, []Entry{Allow(ntacl.OwnerRights, 0x20000)}, nil},
		"through a share that forbids": {change, bob, []Entry{Allow(eng, TakeOver)}, nil},
		"who may change permissions":   {full, alice, []Entry{Allow(alice, Read), Allow(eng, 0x40000)}, []string{`2 LAB\eng: may change its permissions`}},
		"who may take ownership":       {full, alice, []Entry{Allow(alice, Read), Allow(eng, 0x80000)}, []string{`2 LAB\eng: may take its ownership`}},
		"everybody owns it":            {full, domUsers, nil, []string{`3 LAB\Domain Users: owns it, so may change its permissions`}},
		"administrators":               {full, ntacl.Administrators, []Entry{Allow(ntacl.Administrators, TakeOver)}, nil},
	} {
		a, err := s.Audience(t.Context(), ntacl.Place{Share: test.share, File: parse(t, Encode(test.owner, domUsers, test.list...))})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range a.CouldJoin {
			got = append(got, fmt.Sprintf("%d %s: %s", g.Level, g.Who, g.By))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestFindable(t *testing.T) {
	s := ntacl.Server{Trusts: ntacl.TrustsNone, Directory: labBook()}
	share := parse(t, Encode(alice, alice, Allow(ntacl.Everyone, Full)))
	file := parse(t, Encode(alice, alice, Allow(ntacl.Everyone, Read), Allow(team, Read)))
	for name, test := range map[string]struct {
		parent []Entry
		want   sources.Findable
	}{
		"everyone lists it":   {[]Entry{Allow(ntacl.Everyone, Read)}, sources.FindBrowse},
		"a team lists it":     {[]Entry{Allow(team, Read)}, sources.FindLink},
		"one may pass only":   {[]Entry{Allow(ntacl.Everyone, 0x20)}, sources.FindLink},
		"nobody lists it":     {[]Entry{}, sources.FindLink},
		"but for a condition": {[]Entry{Allow(ntacl.Everyone, Read).If()}, sources.FindBrowse},
	} {
		a, err := s.Audience(t.Context(), ntacl.Place{Share: share, File: file, Parent: parse(t, Encode(alice, alice, test.parent...))})
		if err != nil || a.Findable != test.want {
			t.Errorf("%s: %q, %v", name, a.Findable, err)
		}
	}
}

func TestAudienceCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a, err := ntacl.Server{}.Audience(ctx, ntacl.Place{File: parse(t, Encode(alice, alice))})
	if !errors.Is(err, context.Canceled) || a.Now != sources.UnknownReach() {
		t.Errorf("%+v, %v", a.Now, err)
	}
}

// TestManyEntries: a list as long as a list can be costs no more than a short
// while, and what is not looked at is said.
func TestManyEntries(t *testing.T) {
	var list []Entry
	for rid := range uint32(1800) {
		list = append(list, Allow(lab.Child(10000+rid), Read))
	}
	d := parse(t, Encode(alice, alice, list...))
	a, err := ntacl.Server{Trusts: ntacl.TrustsNone, Directory: labBook()}.Audience(t.Context(), ntacl.Place{File: d, Share: d})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(a.Unresolved, "a list has more entries than are looked at one by one") || a.Now.AtMost < sources.Guests {
		t.Errorf("%+v %q", a.Now, a.Unresolved)
	}
}
