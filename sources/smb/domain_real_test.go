//go:build real && linux

package smb

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/sources/ntacl"
	. "mislaid/sources/ntacl/ntacltest"
	"mislaid/sources/smb/ad"
	"mislaid/sources/smb/smbtest"
)

func TestMain(m *testing.M) { os.Exit(smbtest.Main(m, os.Stdout, os.Stderr)) }

// lab is a domain with a share, on a server that has several names.
type lab struct {
	dc    *smbtest.DC
	hosts []string
}

func newLab(t *testing.T) lab {
	t.Helper()
	dc := smbtest.StartDC(t, smbtest.DCConfig{Shares: map[string]map[string]string{
		share: {"vfs objects": "acl_xattr", "acl_xattr:ignore system acls": "yes", "create mask": "0666", "directory mask": "0777"},
	}})
	dc.Set(t, smbtest.BaseDN, map[string][]string{"lockoutThreshold": {"3"}, "lockOutObservationWindow": {"-18000000000"}, "lockoutDuration": {"-18000000000"}})
	return lab{dc, append(slices.Sorted(maps.Keys(smbtest.Hosts)), dc.Host)}
}

func (l lab) source(t *testing.T, n *Network, host, path string) *Source {
	t.Helper()
	to, err := ParseTarget("smb://" + host + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	src, err := New(Config{Network: n, Target: to})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// crawl lists a share and reads all of it.
func crawl(t *testing.T, s *Source) (files int, err error) {
	t.Helper()
	for c, err := range s.Containers(t.Context()) {
		if err != nil {
			return files, err
		}
		for it, err := range s.Items(t.Context(), c, "") {
			if err != nil {
				return files, err
			}
			body, err := s.Open(t.Context(), it, 0, -1)
			if err != nil {
				return files, err
			}
			_ = body.Close()
			files++
		}
	}
	return files, nil
}

// bad is how many wrong passwords the domain has counted.
func (l lab) bad(t *testing.T, user string) string {
	t.Helper()
	n := l.dc.Get(t, smbtest.UserDN(user), "badPwdCount")
	if n == "" {
		n = "0"
	}
	return n
}

func (l lab) locked(t *testing.T, user string) bool {
	t.Helper()
	at := l.dc.Get(t, smbtest.UserDN(user), "lockoutTime")
	return at != "" && at != "0"
}

func TestRealLockout(t *testing.T) {
	l := newLab(t)
	if err := os.WriteFile(filepath.Join(l.dc.Path(share), "f"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	credential := func(user, password string) Credential {
		return Credential{Method: Password, User: user, Domain: smbtest.NetBIOS, Password: secret.New([]byte(password))}
	}
	krb5 := filepath.Join(l.dc.Dir, "krb5.conf")
	if err := os.WriteFile(krb5, []byte(l.dc.Kerberos()), 0o644); err != nil {
		t.Fatal(err)
	}
	byKerberos := func(user, password string) Credential {
		c := credential(user, password)
		c.Method, c.Domain, c.Kerberos = KerberosPassword, "", Kerberos{Config: krb5, Realm: strings.ToUpper(smbtest.Realm)}
		return c
	}
	for name, with := range map[string]func(user, password string) Credential{"NTLM": credential, "Kerberos": byKerberos} {
		t.Run(name, func(t *testing.T) {
			user := "wrong" + name
			l.dc.AddUser(t, user)
			n := NewNetwork(NetworkConfig{Account: NewAccount(with(user, "not the password")), Limits: limits})
			done := make(chan error)
			for _, host := range l.hosts { // all at once, and some twice
				for range 2 {
					src := l.source(t, n, host, share)
					go func() {
						_, err := crawl(t, src)
						done <- err
					}()
				}
			}
			for range 2 * len(l.hosts) {
				err := <-done
				var stopped *StoppedError
				if !errors.As(err, &stopped) || !errors.Is(err, sources.ErrSession) || strings.Contains(err.Error(), "not the password") {
					t.Errorf("%v", err)
				}
			}
			if got := l.bad(t, user); got != "1" || l.locked(t, user) {
				t.Errorf("%s wrong passwords, locked: %v", got, l.locked(t, user))
			}
		})
	}

	t.Run("ChangedMidRun", func(t *testing.T) {
		password := l.dc.AddUser(t, "changed")
		n := NewNetwork(NetworkConfig{Account: NewAccount(credential("changed", password)), Limits: limits})
		first := l.source(t, n, l.hosts[0], share)
		if files, err := crawl(t, first); err != nil || files != 1 {
			t.Fatal(files, err)
		}
		for _, next := range []string{"Another1-x", "Another2-y", "Another3-z"} { // the last two are still known to the domain
			l.dc.SetPassword(t, "changed", next)
		}
		for _, host := range l.hosts[1:] {
			if _, err := crawl(t, l.source(t, n, host, share)); !errors.Is(err, sources.ErrSession) {
				t.Errorf("%s: %v", host, err)
			}
		}
		if got := l.bad(t, "changed"); got != "1" || l.locked(t, "changed") {
			t.Errorf("%s wrong passwords, locked: %v", got, l.locked(t, "changed"))
		}
		l.dc.DropConnections(t) // and nobody reconnects
		if _, err := crawl(t, first); err == nil {
			t.Error("a session outlived its connection")
		}
		if got := l.bad(t, "changed"); got != "1" {
			t.Errorf("%s wrong passwords after a reconnect", got)
		}
	})

	t.Run("Locked", func(t *testing.T) {
		password := l.dc.AddUser(t, "locked")
		for range 3 {
			_, _ = crawl(t, l.source(t, NewNetwork(NetworkConfig{Account: NewAccount(credential("locked", "x")), Limits: limits}), l.hosts[0], share))
		}
		if !l.locked(t, "locked") {
			t.Fatal("three wrong passwords by three accounts of ours lock nothing: the test proves nothing")
		}
		_, err := crawl(t, l.source(t, NewNetwork(NetworkConfig{Account: NewAccount(credential("locked", password)), Limits: limits}), l.hosts[0], share))
		var stopped *StoppedError
		if !errors.As(err, &stopped) {
			t.Errorf("%v", err)
		}
	})
}

// TestRealAudienceInDomain: the connector, the directory and the judgement
// together.
func TestRealAudienceInDomain(t *testing.T) {
	l := newLab(t)
	password := l.dc.AddUser(t, "crawler")
	l.dc.AddUser(t, "reader")
	l.dc.AddUser(t, "leaver")
	l.dc.AddGroup(t, "inner", "reader", "leaver")
	l.dc.AddGroup(t, "outer", "inner")
	admin := smbtest.Dial(t, l.dc.Host+":445", smbtest.NetBIOS, "Administrator", l.dc.Administrator())
	domain, err := ad.Dial(t.Context(), ad.Config{URL: "ldaps://" + l.dc.Host, TLS: l.dc.TLS, SignIn: ad.SignIn{
		User: "crawler", Domain: smbtest.Realm, Password: func() string { return password },
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer domain.Close()
	_, trusts, err := domain.Trusts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sid := func(name string) ntacl.SID {
		s, _, err := ntacl.DecodeSID([]byte(l.dc.Get(t, smbtest.UserDN(name), "objectSid")))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	crawler := Allow(sid("crawler"), Read)
	for name, list := range map[string][]Entry{
		"everyone": {Allow(ntacl.Everyone, Read)},
		"group":    {crawler, Allow(sid("outer"), Read)},
		"closed":   {Allow(sid("crawler"), 0x20080)}, // its list and nothing of its bytes
		"hidden":   {Allow(domain.SID().Child(512), Full)},
	} {
		admin.WriteFile(t, share, name, []byte("x"))
		admin.SetDACL(t, share, name, Encode(ntacl.SID{}, ntacl.SID{}, list...))
	}
	n := NewNetwork(NetworkConfig{
		Account: NewAccount(Credential{Method: Password, User: "crawler", Domain: smbtest.NetBIOS, Password: secret.New([]byte(password))}),
		Limits:  limits, Domain: domain, Trusts: trusts,
	})
	src := l.source(t, n, l.dc.Host, share)
	for name, want := range map[string]struct {
		most sources.Level
		who  string
	}{
		"everyone": {sources.Organisation, "Everyone"},
		"group":    {sources.NamedFew, smbtest.NetBIOS + `\outer`},
		"closed":   {sources.OwnerOnly, "owner "},
		"hidden":   {sources.AnyoneLink, ""},
	} {
		a, err := src.Audience(t.Context(), sources.Item{Container: share, ID: name})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a.Now.AtMost != want.most || want.who != "" && !slices.ContainsFunc(a.Grants, func(g sources.Grant) bool { return strings.HasPrefix(g.Who, want.who) }) {
			t.Errorf("%s: %+v\n%+v\n%q", name, a.Now, a.Grants, a.Unresolved)
		}
		if !slices.ContainsFunc(a.Unresolved, func(s string) bool { return strings.HasPrefix(s, "share ACL not read") }) {
			t.Errorf("%s: an ordinary user read the share's list: %q", name, a.Unresolved)
		}
	}
}
