//go:build real && linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mislaid/internal/journal"
	"mislaid/sources/ntacl"
	"mislaid/sources/ntacl/ntacltest"
	"mislaid/sources/smb/smbtest"
)

// program runs the program as a process of its own.
func program(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "mislaid", args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TERM=dumb"}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// domainLab is a domain of which three servers are one, with keys on a share.
type domainLab struct {
	dc     *smbtest.DC
	pw     string            // of crawler
	krb5   string            // krb5.conf
	leaks  map[string]string // key id → the file that holds it
	common []string          // flags that every command takes
}

func newDomainLab(t *testing.T) *domainLab {
	t.Helper()
	dc := smbtest.StartDC(t, smbtest.DCConfig{
		Shares: map[string]map[string]string{"data": {
			"vfs objects": "acl_xattr", "acl_xattr:ignore system acls": "yes", "create mask": "0666", "directory mask": "0777",
		}},
		Global: map[string]string{"ldap server require strong auth": "allow_sasl_over_tls"},
		LDIF: "dn: CN=partner.example,CN=System," + smbtest.BaseDN + "\nobjectClass: trustedDomain\ntrustPartner: partner.example\nflatName: PARTNER\n" +
			"trustDirection: 2\ntrustType: 2\ntrustAttributes: 8\nsecurityIdentifier: S-1-5-21-9-9-8\n\n",
	})
	dc.Set(t, smbtest.BaseDN, map[string][]string{
		"lockoutThreshold": {"3"}, "lockOutObservationWindow": {"-18000000000"}, "lockoutDuration": {"-18000000000"},
		"pwdHistoryLength": {"0"}, // a password that the domain remembers is wrong, and not counted
	})
	l := &domainLab{dc: dc, pw: dc.AddUser(t, "crawler"), leaks: make(map[string]string)}
	for _, host := range []string{"files1", "files2"} {
		dc.AddServer(t, host+"."+smbtest.Realm)
	}
	leaver := dc.AddUser(t, "leaver")
	dc.AddUser(t, "reader")
	dc.AddGroup(t, "inner", "reader", "crawler")
	dc.AddGroup(t, "outer", "inner")
	sid := func(name string) ntacl.SID {
		s, _, err := ntacl.DecodeSID([]byte(dc.Get(t, smbtest.UserDN(name), "objectSid")))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	admin := smbtest.Dial(t, dc.Host+":445", smbtest.NetBIOS, "Administrator", dc.Administrator())
	keys := newKeyMaker(rand.Uint64())
	write := func(by *smbtest.Client, share, name string) {
		k, text := planting(keys, "dead")
		l.leaks[k.id] = name
		by.WriteFile(t, share, name, []byte(text))
	}
	for name, list := range map[string][]ntacltest.Entry{
		"everyone.txt": {ntacltest.Allow(ntacl.Everyone, ntacltest.Read)},
		"group.txt":    {ntacltest.Allow(sid("outer"), ntacltest.Read)},
		"left.txt":     {ntacltest.Allow(sid("crawler"), ntacltest.Read)},
	} {
		by := admin
		if name == "left.txt" {
			by = smbtest.Dial(t, dc.Host+":445", smbtest.NetBIOS, "leaver", leaver)
		}
		write(by, "data", name)
		by.SetDACL(t, "data", name, ntacltest.Encode(ntacl.SID{}, ntacl.SID{}, list...))
	}
	write(admin, "sysvol", smbtest.Realm+`\scripts\logon.bat`)
	dc.Set(t, smbtest.UserDN("leaver"), map[string][]string{"userAccountControl": {"514"}})
	l.krb5 = filepath.Join(dc.Dir, "krb5.conf")
	if err := os.WriteFile(l.krb5, []byte(dc.Kerberos()), 0o644); err != nil {
		t.Fatal(err)
	}
	l.common = []string{"--ad", "ldaps://" + dc.Host, "--ad-ca", dc.CA, "--smb-exclude-share", "print$"} // which Samba lists without having it
	return l
}

func (l *domainLab) password() []string {
	return []string{"--smb-user", smbtest.NetBIOS + `\crawler`, "--smb-password", "env:PW"}
}

// ticket gets a Kerberos ticket of crawler, as a user does, and returns where it
// is kept.
func (l *domainLab) ticket(t *testing.T) (cache string) {
	t.Helper()
	cache = filepath.Join(t.TempDir(), "ccache")
	kinit := exec.Command("kinit", "-c", "FILE:"+cache, "crawler@"+strings.ToUpper(smbtest.Realm))
	kinit.Env, kinit.Stdin = append(os.Environ(), "KRB5_CONFIG="+l.krb5), strings.NewReader(l.pw+"\n")
	if out, err := kinit.CombinedOutput(); err != nil {
		t.Fatalf("kinit (apt-get install krb5-user): %v\n%s", err, out)
	}
	return cache
}

// scan runs a scan and returns its report.
func (l *domainLab) scan(t *testing.T, args ...string) (r domainReport, stderr string, code int) {
	t.Helper()
	args = slices.Concat([]string{"scan", "--verify=off", "--format", "json", "--smb-timeout", "5s"}, l.common, args)
	stdout, stderr, code := program(t, []string{"PW=" + l.pw}, args...)
	if strings.Contains(stdout+stderr, l.pw) {
		t.Error("the output holds our password")
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: exit code %d\n%s\n%s", err, code, stdout, stderr)
	}
	return r, stderr, code
}

type domainReport struct {
	Leaks []struct {
		ID        string
		Sightings []struct {
			Source, Path string
			Audience     struct {
				AtMost     int `json:"at_most"`
				Heads      struct{ Max *int }
				Grants     []struct{ Who string }
				Unresolved []string
			}
		}
	}
	Coverage struct {
		Gaps []struct{ Container, Path, Reason, Detail string }
	}
}

// places counts how often each file was sighted.
func (r domainReport) places(l *domainLab) map[string]int {
	n := make(map[string]int)
	for _, leak := range r.Leaks {
		n[l.leaks[leak.ID]] += len(leak.Sightings)
	}
	return n
}

func (l *domainLab) wrongPasswords(t *testing.T) string {
	t.Helper()
	if at := l.dc.Get(t, smbtest.UserDN("crawler"), "lockoutTime"); at != "" && at != "0" {
		t.Error("our account is locked")
	}
	return l.dc.Get(t, smbtest.UserDN("crawler"), "badPwdCount")
}

const logonScript = smbtest.Realm + `\scripts\logon.bat`

// TestDomain scans a domain of which only the controller's name is known: its
// servers, its SYSVOL once, who is in its groups, whom its trusts let in.
func TestDomain(t *testing.T) {
	l := newDomainLab(t)
	all := map[string]int{"everyone.txt": 3, "group.txt": 3, "left.txt": 3, logonScript: 2} // by SYSVOL and by NETLOGON

	t.Run("Password", func(t *testing.T) {
		r, stderr, code := l.scan(t, l.password()...)
		if got := r.places(l); code != journal.ExitLeaks || !maps.Equal(got, all) {
			t.Errorf("exit code %d, found %v\n%v\n%s", code, got, r.Coverage.Gaps, stderr)
		}
		for _, want := range []string{"lab.example lists 3 file servers", "contacts  " + l.dc.Host + ":636", "contacts  files1.lab.example:445", "contacts  not AWS"} {
			if !strings.Contains(stderr, want) {
				t.Errorf("the banner lacks %q:\n%s", want, stderr)
			}
		}
		for _, leak := range r.Leaks {
			name := l.leaks[leak.ID]
			for _, s := range leak.Sightings {
				text := fmt.Sprint(s.Audience.Grants)
				want := map[string]string{"group.txt": smbtest.NetBIOS + `\outer`, "left.txt": `leaver (disabled account)`, "everyone.txt": "Everyone"}[name]
				if !strings.Contains(text, want) {
					t.Errorf("%s: %s names not %q", name, text, want)
				}
				most := map[string]int{"group.txt": 1, "left.txt": 1, "everyone.txt": 4}[name] // the trust lets in others
				if name != logonScript && s.Audience.AtMost != most {
					t.Errorf("%s: at most %d, want %d", name, s.Audience.AtMost, most)
				}
			}
		}
	})
	t.Run("Filter", func(t *testing.T) {
		r, stderr, _ := l.scan(t, append(l.password(), "--ad-filter", "(cn=files2)")...)
		if got := r.places(l); got["everyone.txt"] != 1 || got[logonScript] != 2 {
			t.Errorf("found %v\n%s", got, stderr)
		}
		r, stderr, _ = l.scan(t, append(l.password(), "smb://files1.lab.example/data/group.txt")...) // a named server: nobody is looked for
		if got := r.places(l); !maps.Equal(got, map[string]int{"group.txt": 1}) || r.Leaks[0].Sightings[0].Audience.AtMost != 1 {
			t.Errorf("found %v\n%s", got, stderr)
		}
		_, stderr, code := program(t, []string{"PW=" + l.pw}, slices.Concat([]string{"scan", "--verify=off", "--ad-filter", "(cn=nobody)"}, l.common, l.password())...)
		if code != journal.ExitNoSource || !strings.Contains(stderr, "none that matches") {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
	})
	t.Run("Hosts", func(t *testing.T) {
		hosts := filepath.Join(t.TempDir(), "hosts")
		if err := os.WriteFile(hosts, []byte("# two of three\nfiles1.lab.example\n\\\\files2.lab.example\\data\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r, stderr, _ := l.scan(t, append(l.password(), "--hosts", hosts)...)
		if got := r.places(l); got["everyone.txt"] != 2 || got[logonScript] != 2 {
			t.Errorf("found %v\n%s", got, stderr)
		}
	})
	t.Run("Kerberos", func(t *testing.T) {
		cache := l.ticket(t)
		for method, args := range map[string][]string{
			"kerberos":          {"--smb-ccache", cache},
			"kerberos-keytab":   {"--smb-user", "crawler", "--smb-keytab", l.dc.Keytab(t, "crawler")},
			"kerberos-password": {"--smb-user", "crawler", "--smb-password", "env:PW"},
		} {
			r, stderr, code := l.scan(t, append(args, "--smb-auth", method, "--smb-krb5-conf", l.krb5)...)
			if got := r.places(l); code != journal.ExitLeaks || !maps.Equal(got, all) {
				t.Errorf("%s: exit code %d, found %v\n%v\n%s", method, code, got, r.Coverage.Gaps, stderr)
			}
		}
	})
	t.Run("Check", func(t *testing.T) {
		stdout, stderr, code := program(t, []string{"PW=" + l.pw}, slices.Concat([]string{"check"}, l.common, l.password())...)
		for _, want := range []string{
			"smb://files2.lab.example", `who        LABDOM\crawler`, "lab.example, asked at " + l.dc.Host + ":636; users of other domains are let in by a trust",
			`the domain locks LABDOM\crawler after 3 wrong passwords within 30m0s`, "it has counted 0, and survives 2 more", "signed with",
		} {
			if !strings.Contains(stdout, want) {
				t.Errorf("check lacks %q", want)
			}
		}
		if t.Failed() {
			t.Logf("exit code %d\n%s\n%s", code, stdout, stderr)
		}
	})
	t.Run("List", func(t *testing.T) {
		stdout, stderr, code := program(t, []string{"PW=" + l.pw}, slices.Concat([]string{"ls"}, l.common, l.password())...)
		if code != 0 || strings.Count(stdout, `\data  share`) != 3 || strings.Count(stdout, "the same on every domain controller") != 4 {
			t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
		}
	})
	t.Run("Nobody", func(t *testing.T) {
		for want, args := range map[string][]string{
			"certificate authority":      {"scan", "--ad", "ldaps://" + l.dc.Host},
			"named as ldaps://host":      {"scan", "--ad", "http://" + l.dc.Host},
			"say with --ad":              {"scan", "--ad-filter", "(cn=x)"},
			"nothing to a guest session": {"scan", "--smb-auth", "guest", "--ad", "ldaps://" + l.dc.Host},
			"could not be listed":        {"scan", "--ad", "ldaps://127.0.0.9"},
		} {
			_, stderr, code := program(t, []string{"PW=" + l.pw}, append(args, l.password()...)...)
			if (code != 2 && code != journal.ExitNoSource) || !strings.Contains(stderr, want) {
				t.Errorf("%q: exit code %d\n%s", args, code, stderr)
			}
		}
		r, stderr, _ := l.scan(t, append(l.password(), "--ad", "ldaps://127.0.0.9", "smb://files1.lab.example/data/group.txt")...)
		if got := r.places(l); got["group.txt"] != 1 || !strings.Contains(stderr, "the domain was not asked") {
			t.Errorf("without a domain controller: %v\n%s", got, stderr)
		}
	})
	if got := l.wrongPasswords(t); got != "0" {
		t.Errorf("%s wrong passwords", got)
	}
}

// TestDomainLockout: however many servers there are, a wrong password is counted
// once, and so is one that is changed in the middle of a scan.
func TestDomainLockout(t *testing.T) {
	l := newDomainLab(t)
	right := l.pw
	hosts := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("files1.lab.example\nfiles2.lab.example\nfiles3.lab.example\nfiles4.lab.example\ndc1.lab.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"servers": {"--hosts", hosts}, "domain": slices.Concat(l.common, []string{"--hosts", hosts}), "discovery": l.common,
		"Kerberos": {"--hosts", hosts, "--smb-auth", "kerberos-password", "--smb-krb5-conf", l.krb5, "--smb-user", "crawler"},
	} {
		l.dc.Set(t, smbtest.UserDN("crawler"), map[string][]string{"lockoutTime": {"0"}}) // which forgets what was counted
		if got := l.wrongPasswords(t); got != "0" {
			t.Fatalf("it starts with %s wrong passwords", got)
		}
		stdout, stderr, code := program(t, []string{"PW=wrong" + right}, slices.Concat([]string{"scan", "--verify=off"}, l.password(), args)...)
		if got := l.wrongPasswords(t); got != "1" || code != journal.ExitNoSource {
			t.Errorf("%s: %s wrong passwords, exit code %d\n%s\n%s", name, got, code, stdout, stderr)
		}
		if !strings.Contains(stdout+stderr, "is not tried again anywhere") {
			t.Errorf("%s: it does not say so\n%s\n%s", name, stdout, stderr)
		}
	}
	l.dc.Set(t, smbtest.UserDN("crawler"), map[string][]string{"lockoutTime": {"0"}})

	path := filepath.Join(t.TempDir(), "journal")
	for i := range 300 { // so that the scan lasts
		if err := os.WriteFile(filepath.Join(l.dc.Path("data"), fmt.Sprintf("z%03d", i)), []byte("nothing"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	changed := make(chan struct{})
	go func() {
		defer close(changed)
		awaitSightings(path, 3)
		l.dc.SetPassword(t, "crawler", "Another3-z")
		l.dc.DropConnections(t)
	}()
	r, stderr, code := l.scan(t, append(l.password(), "--hosts", hosts, "--journal", path, "--ops-limit", "40/s", "--smb-patience", "5s")...)
	<-changed
	if got := l.wrongPasswords(t); got != "1" || code != journal.ExitNoSource && code != journal.ExitLeaksGaps || len(r.Coverage.Gaps) == 0 {
		t.Fatalf("changed: %s wrong passwords, exit code %d, gaps %v\n%s", got, code, r.Coverage.Gaps, stderr)
	}
	l.pw = "Another3-z"
	l.common = nil
	r, stderr, code = l.scan(t, "--resume", "--journal", path)
	if got := r.places(l); code != journal.ExitLeaks || len(got) != len(l.leaks) || got["everyone.txt"] != 5 {
		t.Errorf("resumed: exit code %d, found %v, gaps %v\n%s", code, got, r.Coverage.Gaps, stderr)
	}
}
