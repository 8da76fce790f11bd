//go:build real && linux

package principals_test

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"mislaid/sources"
	"mislaid/sources/ntacl"
	. "mislaid/sources/ntacl/ntacltest"
	"mislaid/sources/smb/ad"
	"mislaid/sources/smb/msrpc"
	"mislaid/sources/smb/principals"
	"mislaid/sources/smb/smbtest"
)

func TestMain(m *testing.M) { os.Exit(smbtest.Main(m, os.Stdout, os.Stderr)) }

// aclShare is a share on which the NT ACLs alone decide.
var aclShare = map[string]string{
	"read only": "no", "guest ok": "yes", "vfs objects": "acl_xattr", "acl_xattr:ignore system acls": "yes",
	"create mask": "0666", "directory mask": "0777",
}

func parse(t *testing.T, raw []byte) *ntacl.Descriptor {
	t.Helper()
	d, err := ntacl.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// someone is a user of the tests: what it really can do, and what is known of it.
type someone struct {
	client *smbtest.Client
	token  ntacl.Token
}

// network are the SIDs that every session over the network has.
var network = ntacl.Token{ntacl.Everyone, ntacl.Network}

// signedIn is the token that is computed for an account: what the Directory says
// of it, and what everybody has.
func signedIn(t *testing.T, d ntacl.Directory, s ntacl.SID) ntacl.Token {
	t.Helper()
	p, err := d.Principal(t.Context(), s)
	if err != nil || p.Kind != ntacl.KindUser {
		t.Fatalf("%s: %+v, %v", s, p, err)
	}
	return slices.Concat(ntacl.Token{s, ntacl.AuthenticatedUsers}, network, p.Groups)
}

// rights is one file of the tests.
type rights struct {
	name string
	list []Entry
	want string // the reach
	who  string // who can read it
}

// check sets every list on a file, and compares what is computed with what
// every user can open.
func check(t *testing.T, share string, owner *smbtest.Client, people map[string]someone, server ntacl.Server, shareList *ntacl.Descriptor, files []rights) {
	for i, f := range files {
		name := fmt.Sprintf("%s-%02d.txt", strings.ReplaceAll(path.Base(t.Name()), " ", "_"), i)
		owner.WriteFile(t, share, name, []byte("content"))
		before := parse(t, owner.Security(t, share, name))
		owner.SetDACL(t, share, name, Encode(before.Owner, before.Group, f.list...))
		d := parse(t, owner.Security(t, share, name))
		if len(d.DACL) != len(f.list) {
			t.Fatalf("%s: set %d entries, read %d", f.name, len(f.list), len(d.DACL))
		}
		var readers []string
		for who, p := range people {
			r := ntacl.Access(shareList, d, p.token)
			opens := p.client.Reads(t, share, name)
			if sure, possible := r.Sure&ntacl.ReadData != 0, r.Possible&ntacl.ReadData != 0; sure && !opens || !possible && opens {
				t.Errorf("%s: %s opens it: %v, computed: surely %v, possibly %v", f.name, who, opens, sure, possible)
			}
			if opens {
				readers = append(readers, who)
			}
		}
		slices.Sort(readers)
		if got := strings.Join(readers, " "); got != f.who {
			t.Errorf("%s: read by %q, want %q", f.name, got, f.who)
		}
		a, err := server.Audience(t.Context(), ntacl.Place{Share: shareList, File: d})
		if err != nil {
			t.Fatal(err)
		}
		if got := reach(a); got != f.want {
			t.Errorf("%s: reach %s, want %s\n%+v\n%q", f.name, got, f.want, a.Grants, a.Unresolved)
		}
	}
}

func reach(a sources.Audience) string {
	var levels []string
	for _, l := range a.Now.Levels() {
		levels = append(levels, fmt.Sprint(int(l)))
	}
	return fmt.Sprintf("%s %d-%d", strings.Join(levels, ","), a.Now.AtLeast, a.Now.AtMost)
}

// TestRealStandalone: a server in no domain.
func TestRealStandalone(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{"acl": aclShare, "guarded": aclShare}})
	for _, share := range []string{"acl", "guarded"} {
		if err := os.Chmod(s.Path(share), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	alice := smbtest.Dial(t, s.Addr, "", "alice", s.Password("alice"))
	dir := principals.New(principals.Config{Host: "127.0.0.1", Open: alice.Pipe})
	m, err := dir.Machine(t.Context())
	if err != nil || !m.Standalone() {
		t.Fatalf("%+v, %v", m, err)
	}
	sids := map[string]ntacl.SID{}
	for rid := range uint32(3) {
		sid := m.Accounts.SID.Child(1000 + rid)
		p, err := dir.Principal(t.Context(), sid)
		if err != nil || p.State != ntacl.Active {
			t.Fatalf("%+v, %v", p, err)
		}
		_, unix, _ := strings.Cut(p.Name, `\`)
		sids[map[string]string{"games": "alice", "news": "bob", "mail": "carol"}[unix]] = sid
	}
	if h := dir.People(t.Context()); h != (sources.Heads{Max: 3}) {
		t.Errorf("people: %+v", h)
	}
	people := map[string]someone{
		"guest":     {smbtest.Dial(t, s.Addr, "", "nosuch", "x"), append(ntacl.Token{ntacl.GuestsGroup, m.Accounts.SID.Child(501)}, network...)},
		"anonymous": {smbtest.Dial(t, s.Addr, "", "", ""), append(ntacl.Token{ntacl.Anonymous}, network...)},
	}
	for _, name := range []string{"alice", "bob", "carol"} {
		people[name] = someone{smbtest.Dial(t, s.Addr, "", name, s.Password(name)), signedIn(t, dir, sids[name])}
	}
	server := ntacl.Server{Name: "MISLAIDTEST", Null: ntacl.Proven, Guest: ntacl.Proven, Standalone: true, Samba: true, Directory: dir}
	bob, carol := sids["bob"], sids["carol"]
	none := m.Accounts.SID.Child(513)
	files := []rights{
		{"empty", nil, "0 0-0", ""},
		{"everyone", []Entry{Allow(ntacl.Everyone, Read)}, "0,6 6-6", "alice anonymous bob carol guest"},
		{"everyone, read data alone", []Entry{Allow(ntacl.Everyone, 0x120089)}, "0,6 6-6", "alice anonymous bob carol guest"},
		{"authenticated", []Entry{Allow(ntacl.AuthenticatedUsers, Read)}, "0 0-3", "alice bob carol"},
		{"network", []Entry{Allow(ntacl.Network, Read)}, "0 0-3", "alice anonymous bob carol guest"},
		{"guests", []Entry{Allow(ntacl.GuestsGroup, Read)}, "0,6 6-6", "guest"},
		{"anonymous", []Entry{Allow(ntacl.Anonymous, Read)}, "0,6 6-6", "anonymous"},
		{"owner rights", []Entry{Allow(ntacl.OwnerRights, Read)}, "0 0-0", "alice"},
		{"bob", []Entry{Allow(bob, Read)}, "0 0-1", "bob"},
		{"all the server's users", []Entry{Allow(none, Read)}, "0 0-3", ""},
		{"all but bob", []Entry{Deny(bob, Read), Allow(ntacl.AuthenticatedUsers, Read)}, "0 0-3", "alice carol"},
		{"denied too late", []Entry{Allow(ntacl.AuthenticatedUsers, Read), Deny(bob, Read)}, "0 0-3", "alice bob carol"},
		{"one right denied", []Entry{Deny(bob, ReadOnlyBit), Allow(ntacl.AuthenticatedUsers, Read)}, "0 0-3", "alice carol"},
		{"another right denied", []Entry{Deny(bob, 0x2), Allow(ntacl.AuthenticatedUsers, Read)}, "0 0-3", "alice bob carol"},
		{"everyone but who signs in", []Entry{Deny(ntacl.AuthenticatedUsers, Read), Allow(ntacl.Everyone, Read)}, "0,6 6-6", "anonymous guest"},
		{"everyone but guests", []Entry{Deny(ntacl.GuestsGroup, Read), Deny(ntacl.Anonymous, Read), Allow(ntacl.Everyone, Read)}, "0 0-3", "alice bob carol"},
		// Samba does not put its users into the group that it says they are in.
		{"a group that Samba ignores", []Entry{Deny(none, Read), Allow(bob, Read)}, "0 0-1", "bob"},
		{"bob and carol", []Entry{Allow(bob, Read), Allow(carol, Full)}, "0 0-1", "bob carol"},
		{"writing alone", []Entry{Allow(ntacl.Everyone, WriteOnly)}, "0 0-0", ""},
		{"nobody we know", []Entry{Allow(ntacl.MakeSID(5, 21, 1, 2, 3, 1107), Read)}, "0 0-4", ""},
	}
	t.Run("Files", func(t *testing.T) { check(t, "acl", alice, people, server, nil, files) })

	s.AddRoot(t)
	for _, test := range []struct {
		name, sddl string
		files      []rights
	}{
		{"for bob", "D:(A;;0x1f01ff;;;" + bob.String() + ")(A;;0x1f01ff;;;" + sids["alice"].String() + ")", []rights{
			{"everyone", []Entry{Allow(ntacl.Everyone, Read)}, "0 0-1", "alice bob"},
			{"carol", []Entry{Allow(carol, Read)}, "0 0-0", ""},
			{"all the server's users", []Entry{Allow(none, Read)}, "0 0-1", ""},
		}},
		{"not for carol", "D:(D;;0x1f01ff;;;" + carol.String() + ")(A;;0x1f01ff;;;AU)", []rights{
			{"everyone", []Entry{Allow(ntacl.Everyone, Read)}, "0 0-3", "alice bob"},
			{"carol", []Entry{Allow(carol, Read)}, "0 0-0", ""},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.SetShareSecurity(t, "guarded", test.sddl)
			root := smbtest.Dial(t, s.Addr, "", "root", s.Password("root"))
			list := shareList(t, root, "guarded")
			check(t, "guarded", alice, people, server, list, test.files)
		})
	}
}

// TestRealDomain: a server of a domain, with groups in groups.
func TestRealDomain(t *testing.T) {
	shared := map[string]string{"vfs objects": "acl_xattr", "acl_xattr:ignore system acls": "yes", "create mask": "0666", "directory mask": "0777"}
	dc := smbtest.StartDC(t, smbtest.DCConfig{Shares: map[string]map[string]string{"acl": shared, "guarded": shared}})
	passwords := map[string]string{}
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		passwords[name] = dc.AddUser(t, name)
	}
	for i := range 40 {
		dc.AddUser(t, fmt.Sprintf("staff%02d", i))
	}
	var staff []string
	for i := range 11 {
		staff = append(staff, fmt.Sprintf("staff%02d", i))
	}
	dc.AddGroup(t, "inner", "bob")
	dc.AddGroup(t, "outer", "inner")
	dc.AddGroup(t, "crowd", append(staff, "outer")...)      // 12 of 45
	dc.AddGroup(t, "dozen", append(staff[:10], "carol")...) // 11 of 45
	dc.AddLocalGroup(t, "everybody", ntacl.AuthenticatedUsers.String())
	address := dc.Host + ":445"
	admin := smbtest.Dial(t, address, smbtest.NetBIOS, "Administrator", dc.Administrator())

	domain, err := ad.Dial(t.Context(), ad.Config{URL: "ldaps://" + dc.Host, TLS: dc.TLS, SignIn: ad.SignIn{
		User: "dave", Domain: smbtest.Realm, Password: func() string { return passwords["dave"] },
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer domain.Close()
	ordinary := smbtest.Dial(t, address, smbtest.NetBIOS, "dave", passwords["dave"])
	dir := principals.New(principals.Config{Host: dc.Host, Open: ordinary.Pipe, Domain: domain})
	if m, err := dir.Machine(t.Context()); err != nil || m.Standalone() || m.Primary.SID != domain.SID() {
		t.Fatalf("%+v, %v", m, err)
	}
	sid := func(name string) ntacl.SID {
		s, n, err := ntacl.DecodeSID([]byte(dc.Get(t, smbtest.UserDN(name), "objectSid")))
		if err != nil || n == 0 {
			t.Fatal(err)
		}
		return s
	}
	people := map[string]someone{}
	for name, password := range passwords {
		token := signedIn(t, dir, sid(name))
		if p, _ := dir.Principal(t.Context(), sid(name)); !p.GroupsKnown || p.Name != smbtest.NetBIOS+`\`+name {
			t.Fatalf("%+v", p)
		}
		// The server's own group that holds who signs in.
		people[name] = someone{smbtest.Dial(t, address, smbtest.NetBIOS, name, password), append(token, ntacl.Users)}
	}
	_, trusts, err := domain.Trusts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	soft, err := dir.Software(t.Context())
	if err != nil || !soft.Unix {
		t.Fatalf("%+v, %v", soft, err)
	}
	server := ntacl.Server{Name: "DC1", Trusts: trusts, Samba: soft.Unix, Directory: dir}
	all := "alice bob carol dave"
	domUsers := domain.SID().Child(513)
	files := []rights{
		{"everyone", []Entry{Allow(ntacl.Everyone, Read)}, "0 0-3", all},
		{"authenticated users", []Entry{Allow(ntacl.AuthenticatedUsers, Read)}, "0 0-3", all},
		{"BUILTIN users", []Entry{Allow(ntacl.Users, Read)}, "0 0-3", all},
		{"domain users", []Entry{Allow(domUsers, Read)}, "0 0-3", all},
		{"this organisation", []Entry{Allow(ntacl.ThisOrganization, Read)}, "0 0-3", ""}, // Windows gives it to sessions, this Samba does not
		{"domain computers", []Entry{Allow(domain.SID().Child(515), Read)}, "0 0-3", ""},
		{"domain admins", []Entry{Allow(domain.SID().Child(512), Read)}, "0 0-0", ""},
		{"BUILTIN administrators", []Entry{Allow(ntacl.Administrators, Read)}, "0 0-0", ""},
		{"a group in a group", []Entry{Allow(sid("outer"), Read)}, "0 0-1", "bob"},
		{"a crowd", []Entry{Allow(sid("crowd"), Read)}, "0 0-3", "bob"},
		{"a dozen", []Entry{Allow(sid("dozen"), Read)}, "0 0-2", "carol"},
		{"a group that holds everybody", []Entry{Allow(sid("everybody"), Read)}, "0 0-3", ""},
		{"denied through a group in a group", []Entry{Deny(sid("outer"), Read), Allow(domUsers, Read)}, "0 0-3", "alice carol dave"},
		{"denied by the domain", []Entry{Deny(domUsers, Read), Allow(sid("outer"), Read)}, "0 0-1", ""},
		{"bob, but not his group", []Entry{Deny(sid("outer"), Read), Allow(sid("bob"), Read)}, "0 0-0", ""},
		{"carol, but not bob's group", []Entry{Deny(sid("outer"), Read), Allow(sid("carol"), Read)}, "0 0-1", "carol"},
		{"somebody who left", []Entry{Allow(domain.SID().Child(54321), Read)}, "0 0-4", ""},
	}
	t.Run("Files", func(t *testing.T) { check(t, "acl", admin, people, server, nil, files) })
	t.Run("Share", func(t *testing.T) {
		dc.SetShareSecurity(t, "guarded", "D:(A;;0x1f01ff;;;BA)(A;;0x1200a9;;;"+sid("outer").String()+")(A;;0x1200a9;;;"+sid("dozen").String()+")")
		list, err := msrpc.ShareDescriptor(t.Context(), admin.Pipe, dc.Host, "guarded")
		if err != nil {
			t.Fatal(err)
		}
		check(t, "guarded", admin, people, server, list, []rights{
			{"everyone", []Entry{Allow(ntacl.Everyone, Read)}, "0 0-2", "bob carol"},
			{"bob", []Entry{Allow(sid("bob"), Read)}, "0 0-1", "bob"},
			{"alice", []Entry{Allow(sid("alice"), Read)}, "0 0-0", ""},
			{"a crowd", []Entry{Allow(sid("crowd"), Read)}, "0 0-2", "bob"},
		})
	})
	t.Run("WithoutDirectory", func(t *testing.T) {
		// The server alone knows the names, and of its own groups the members.
		alone := principals.New(principals.Config{Host: dc.Host, Open: ordinary.Pipe})
		p, err := alone.Principal(t.Context(), sid("bob"))
		if err != nil || p.Name != smbtest.NetBIOS+`\bob` || p.Kind != ntacl.KindUser || p.GroupsKnown {
			t.Errorf("%+v, %v", p, err)
		}
		if p, err = alone.Principal(t.Context(), sid("crowd")); err != nil || p.Kind != ntacl.KindGroup || p.Heads.Max >= 0 {
			t.Errorf("%+v, %v", p, err)
		}
		if p, err = alone.Principal(t.Context(), ntacl.Users); err != nil || !p.MembersKnown || !slices.Contains(p.Members, ntacl.AuthenticatedUsers) {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func shareList(t *testing.T, c *smbtest.Client, share string) *ntacl.Descriptor {
	t.Helper()
	d, err := msrpc.ShareDescriptor(t.Context(), c.Pipe, "127.0.0.1", share)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
