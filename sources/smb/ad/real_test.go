//go:build real && linux

package ad_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"

	"mislaid/sources"
	"mislaid/sources/ntacl"
	"mislaid/sources/smb/ad"
	"mislaid/sources/smb/smbtest"
)

func TestMain(m *testing.M) { os.Exit(smbtest.Main(m, os.Stdout, os.Stderr)) }

// people are the users that every new domain has enabled.
const people = 1 // Administrator

func TestRealDomain(t *testing.T) {
	dc := smbtest.StartDC(t, smbtest.DCConfig{})
	password := dc.AddUser(t, "kuser")
	for i := range 30 {
		dc.AddUser(t, fmt.Sprintf("many%02d", i))
	}
	dc.AddUser(t, "leaver")
	dc.Set(t, smbtest.UserDN("leaver"), map[string][]string{"userAccountControl": {"514"}})
	dc.AddGroup(t, "inner", "kuser", "many00", "leaver")
	dc.AddGroup(t, "middle", "inner", "many01")
	dc.AddGroup(t, "outer", "middle")
	dc.Set(t, smbtest.UserDN("inner"), map[string][]string{"member": {
		smbtest.UserDN("kuser"), smbtest.UserDN("many00"), smbtest.UserDN("leaver"), smbtest.UserDN("outer"), // a circle
	}})
	dc.AddGroup(t, "primary", "many02", "many03")
	primary := sidOf(t, dc, "primary")
	dc.Set(t, smbtest.UserDN("many02"), map[string][]string{"primaryGroupID": {strconv.Itoa(int(primary.RID()))}})
	dc.AddGroup(t, "none")

	dial := func(t *testing.T, in ad.SignIn, url string) (*ad.Domain, error) {
		d, err := ad.Dial(t.Context(), ad.Config{URL: url, TLS: dc.TLS, SignIn: in})
		if err == nil {
			t.Cleanup(func() { d.Close() })
		}
		return d, err
	}
	secret := func() string { return password }
	simple := ad.SignIn{User: "kuser", Domain: smbtest.Realm, Password: secret}
	d, err := dial(t, simple, "ldaps://"+dc.Host)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("Identity", func(t *testing.T) {
		if d.Name() != smbtest.NetBIOS || d.DNSName() != smbtest.Realm || !d.SID().Child(500).Account() {
			t.Errorf("%s %s %s", d.Name(), d.DNSName(), d.SID())
		}
	})
	t.Run("SignIn", func(t *testing.T) { testSignIn(t, dc, dial, password) })
	t.Run("Servers", func(t *testing.T) { testServers(t, dc, d) })
	t.Run("Groups", func(t *testing.T) {
		for name, want := range map[string]sources.Heads{
			"inner": {Min: 3, Max: 3}, "middle": {Min: 3, Max: 3}, "outer": {Min: 3, Max: 3},
			"primary": {Min: 2, Max: 2}, "none": {}, "Domain Users": {Min: 31 + people, Max: 31 + people}, "Domain Guests": {},
		} {
			p, err := d.Principal(t.Context(), sidOf(t, dc, name))
			if err != nil || p.Kind != ntacl.KindGroup || p.Heads != want || p.Name != smbtest.NetBIOS+`\`+name {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
		if h := d.People(t.Context()); h != (sources.Heads{Min: 31 + people, Max: 31 + people}) {
			t.Errorf("people: %+v", h)
		}
	})
	t.Run("SelfJoin", func(t *testing.T) {
		if p, err := d.Principal(t.Context(), sidOf(t, dc, "none")); err != nil || p.Open {
			t.Fatalf("%+v, %v", p, err)
		}
		dc.AddGroup(t, "club")
		dc.Allow(t, "club", "(OA;;SW;bf9679c0-0de6-11d0-a285-00aa003049e2;;AU)")
		if p, err := d.Principal(t.Context(), sidOf(t, dc, "club")); err != nil || !p.Open {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("Users", func(t *testing.T) {
		p, err := d.Principal(t.Context(), sidOf(t, dc, "kuser"))
		if err != nil || p.Kind != ntacl.KindUser || p.State != ntacl.Active || !p.GroupsKnown {
			t.Fatalf("%+v, %v", p, err)
		}
		for _, g := range []string{"inner", "middle", "outer", "Domain Users"} {
			if !slices.Contains(p.Groups, sidOf(t, dc, g)) {
				t.Errorf("not in %s: %v", g, p.Groups)
			}
		}
		if p, err = d.Principal(t.Context(), sidOf(t, dc, "leaver")); err != nil || p.State != ntacl.Disabled {
			t.Errorf("%+v, %v", p, err)
		}
		if p, err = d.Principal(t.Context(), d.SID().Child(54321)); !errors.Is(err, ntacl.ErrNoSuchSID) || p.State != ntacl.Gone || p.Heads.Max >= 0 {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err = d.Principal(t.Context(), ntacl.MakeSID(5, 21, 4, 5, 6, 1000)); err == nil || errors.Is(err, ntacl.ErrNoSuchSID) {
			t.Errorf("a SID of another domain: %v", err)
		}
	})
	t.Run("Trusts", func(t *testing.T) {
		list, kind, err := d.Trusts(t.Context())
		if err != nil || len(list) != 0 || kind != ntacl.TrustsNone {
			t.Errorf("%v, %v, %v", list, kind, err)
		}
	})
	t.Run("Namespaces", func(t *testing.T) {
		if list, err := d.Namespaces(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
	t.Run("Cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Account(ctx, "kuser"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if _, err := d.Account(t.Context(), "kuser"); err != nil {
			t.Errorf("after somebody else gave up: %v", err)
		}
	})
	t.Run("Lockout", func(t *testing.T) { testLockout(t, dc, d, dial) })
}

func sidOf(t *testing.T, dc *smbtest.DC, name string) ntacl.SID {
	t.Helper()
	raw := []byte(dc.Get(t, smbtest.UserDN(name), "objectSid"))
	s, _, err := ntacl.DecodeSID(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type dialer func(*testing.T, ad.SignIn, string) (*ad.Domain, error)

func testSignIn(t *testing.T, dc *smbtest.DC, dial dialer, password string) {
	secret := func() string { return password }
	for name, in := range map[string]ad.SignIn{
		"simple, NetBIOS": {User: "kuser", Domain: smbtest.NetBIOS, Password: secret},
		"simple, UPN":     {User: "kuser@" + smbtest.Realm, Password: secret},
	} {
		for _, url := range []string{"ldaps://" + dc.Host, "ldap://" + dc.Host} {
			if _, err := dial(t, in, url); err != nil {
				t.Errorf("%s, %s: %v", name, url, err)
			}
		}
	}
	var no *ad.SignInError
	if _, err := dial(t, ticket(t, dc, password), "ldaps://"+dc.Host); !errors.As(err, &no) || no.Counts() || !strings.Contains(err.Error(), "allow_sasl_over_tls") {
		t.Errorf("a Samba that takes no tickets inside TLS: %v", err)
	}
	if _, err := ad.Dial(t.Context(), ad.Config{URL: "ldaps://" + dc.Host, SignIn: ad.SignIn{User: "kuser", Password: secret}}); err == nil || !strings.Contains(err.Error(), "certificate authority") {
		t.Errorf("a certificate of nobody's: %v", err)
	}
	if _, err := dial(t, ad.SignIn{Method: ad.Anonymous}, "ldaps://"+dc.Host); err == nil {
		t.Error("a domain that shows itself to nobody in particular")
	}
}

// ticket is a sign-in by Kerberos.
func ticket(t *testing.T, dc *smbtest.DC, password string) ad.SignIn {
	t.Helper()
	conf, err := config.NewFromString(dc.Kerberos())
	if err != nil {
		t.Fatal(err)
	}
	c := client.NewWithPassword("kuser", strings.ToUpper(smbtest.Realm), password, conf, client.DisablePAFXFAST(true))
	if err := c.Login(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Destroy)
	return ad.SignIn{Method: ad.Kerberos, Kerberos: c}
}

func testServers(t *testing.T, dc *smbtest.DC, d *ad.Domain) {
	computer := func(name, system string, more map[string][]string) {
		attributes := map[string][]string{
			"objectClass": {"computer"}, "sAMAccountName": {name + "$"}, "userAccountControl": {"4096"},
			"dNSHostName": {name + "." + smbtest.Realm}, "operatingSystem": {system},
		}
		for k, v := range more {
			attributes[k] = v
		}
		dc.Add(t, "CN="+name+",CN=Computers,"+smbtest.BaseDN, attributes)
	}
	computer("files", "Windows Server 2022 Standard", nil)
	computer("filer", "NetApp Release 9.13.1", nil)
	computer("pc", "Windows 11 Enterprise", nil)
	computer("gone", "Windows Server 2008 R2", map[string][]string{"userAccountControl": {"4098"}})
	computer("idle", "Windows Server 2016", map[string][]string{"lastLogonTimestamp": {strconv.FormatInt((time.Now().AddDate(-1, 0, 0).Unix()+11644473600)*1e7, 10)}})
	recent := time.Now().AddDate(0, 0, -20).Truncate(time.Second)
	computer("busy", "Windows Server 2019", map[string][]string{"lastLogonTimestamp": {strconv.FormatInt((recent.Unix()+11644473600)*1e7, 10)}})

	hosts := func(filter string) (list []string) {
		for s, err := range d.Servers(t.Context(), filter) {
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(s.Host, ".")
			if s.DC {
				name += " DC"
			}
			if name == "busy" && (!s.LastLogon.Equal(recent) || s.OS != "Windows Server 2019" || s.Host != "busy."+smbtest.Realm) {
				t.Errorf("%+v", s)
			}
			list = append(list, name)
		}
		slices.Sort(list)
		return list
	}
	if got := fmt.Sprint(hosts("")); got != "[busy dc1 DC filer files]" {
		t.Errorf("by default: %s", got)
	}
	if got := fmt.Sprint(hosts("(operatingSystem=Windows 11*)")); got != "[pc]" {
		t.Errorf("by a filter: %s", got)
	}
	if got := fmt.Sprint(hosts("cn=idle")); got != "[idle]" {
		t.Errorf("by a filter: %s", got)
	}
	for _, err := range d.Servers(t.Context(), "(broken") {
		if err == nil || !strings.Contains(err.Error(), "no LDAP filter") {
			t.Errorf("%v", err)
		}
	}
	n := 0
	for range d.Servers(t.Context(), "") {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d after a break", n)
	}
}

func testLockout(t *testing.T, dc *smbtest.DC, d *ad.Domain, dial dialer) {
	dc.Set(t, smbtest.BaseDN, map[string][]string{
		"lockoutThreshold": {"3"}, "lockOutObservationWindow": {"-6000000000"}, "lockoutDuration": {"-18000000000"},
	})
	a, err := d.Account(t.Context(), "kuser")
	if err != nil {
		t.Fatal(err)
	}
	want := ad.Policy{Threshold: 3, Window: 10 * time.Minute, Duration: 30 * time.Minute, Source: "the policy of the domain", Known: true}
	if a.Policy != want || !a.Enabled || a.Locked || a.BadPasswords != 0 || a.Spare() != 2 || a.Name != smbtest.NetBIOS+`\kuser` {
		t.Errorf("%+v", a)
	}
	for _, name := range []string{smbtest.NetBIOS + `\kuser`, "kuser@" + smbtest.Realm} {
		if b, err := d.Account(t.Context(), name); err != nil || b.SID != a.SID {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
	if _, err := d.Account(t.Context(), "*"); !errors.Is(err, ntacl.ErrNoSuchSID) {
		t.Errorf("a name that is a pattern: %v", err)
	}

	// One wrong password is one, and there is no second by itself.
	var told []ad.Reason
	bad := ad.SignIn{
		User: "many05", Domain: smbtest.Realm, Password: func() string { return "not it" },
		Guard: func(_ context.Context, try func() error) error {
			err := try()
			if e := new(ad.SignInError); errors.As(err, &e) {
				told = append(told, e.Reason)
			}
			return err
		},
	}
	var no *ad.SignInError
	if _, err := dial(t, bad, "ldaps://"+dc.Host); !errors.As(err, &no) || no.Reason != ad.WrongPassword || !no.Counts() {
		t.Fatalf("%v", err)
	}
	if strings.Contains(no.Error(), "not it") {
		t.Error("the error holds the password")
	}
	if fmt.Sprint(told) != fmt.Sprint([]ad.Reason{ad.WrongPassword}) {
		t.Errorf("told %v", told)
	}
	if b, err := d.Account(t.Context(), "many05"); err != nil || b.BadPasswords != 1 || b.Spare() != 1 || time.Since(b.LastBadPassword) > time.Minute {
		t.Errorf("%+v, %v", b, err)
	}
	stop := errors.New("stopped")
	bad.Guard = func(context.Context, func() error) error { return stop }
	if _, err := dial(t, bad, "ldaps://"+dc.Host); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if b, err := d.Account(t.Context(), "many05"); err != nil || b.BadPasswords != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	bad.Guard = nil
	for range 2 {
		if _, err := dial(t, bad, "ldaps://"+dc.Host); !errors.As(err, &no) {
			t.Fatal(err)
		}
	}
	if b, err := d.Account(t.Context(), "many05"); err != nil || !b.Locked || b.Spare() != 0 {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := dial(t, bad, "ldaps://"+dc.Host); !errors.As(err, &no) || no.Reason != ad.Locked {
		t.Errorf("a locked account: %v", err)
	}
	left := ad.SignIn{User: "leaver", Domain: smbtest.Realm, Password: func() string { return "not it" }}
	if _, err := dial(t, left, "ldaps://"+dc.Host); !errors.As(err, &no) || !no.Counts() {
		t.Errorf("a disabled account: %v", err)
	}

	// A policy for some: readable by administrators alone.
	dc.Add(t, "CN=strict,"+smbtest.PasswordPolicies(), map[string][]string{
		"objectClass": {"msDS-PasswordSettings"}, "msDS-PasswordSettingsPrecedence": {"1"}, "msDS-PasswordReversibleEncryptionEnabled": {"FALSE"},
		"msDS-PasswordHistoryLength": {"1"}, "msDS-PasswordComplexityEnabled": {"FALSE"}, "msDS-MinimumPasswordLength": {"1"},
		"msDS-MinimumPasswordAge": {"0"}, "msDS-MaximumPasswordAge": {"-36288000000000"}, "msDS-LockoutThreshold": {"2"},
		"msDS-LockoutObservationWindow": {"-18000000000"}, "msDS-LockoutDuration": {"-9223372036854775808"}, "msDS-PSOAppliesTo": {smbtest.UserDN("kuser")},
	})
	admin, err := dial(t, ad.SignIn{User: "Administrator", Domain: smbtest.Realm, Password: dc.Administrator}, "ldaps://"+dc.Host)
	if err != nil {
		t.Fatal(err)
	}
	if a, err = admin.Account(t.Context(), "kuser"); err != nil || a.Policy != (ad.Policy{
		Threshold: 2, Window: 30 * time.Minute, Duration: -1, Source: "the fine-grained password policy strict", Known: true,
	}) {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err = d.Account(t.Context(), "kuser"); err != nil || a.Policy.Known || a.Spare() != 0 {
		t.Errorf("an ordinary user reads it: %+v, %v", a, err)
	}
}

// TestRealTrust: an outbound trust makes other domains' users authenticated
// users, unless it is selective.
func TestRealTrust(t *testing.T) {
	trust := func(name string, attributes int) string {
		return "dn: CN=" + name + ",CN=System," + smbtest.BaseDN + "\nobjectClass: trustedDomain\ntrustPartner: " + name + "\nflatName: " + strings.ToUpper(strings.TrimSuffix(name, ".example")) +
			"\ntrustDirection: 2\ntrustType: 2\ntrustAttributes: " + strconv.Itoa(attributes) + "\nsecurityIdentifier: S-1-5-21-9-9-" + strconv.Itoa(attributes) + "\n\n"
	}
	dc := smbtest.StartDC(t, smbtest.DCConfig{
		LDIF:   trust("choosy.example", 0x10) + trust("partner.example", 0x8),
		Global: map[string]string{"ldap server require strong auth": "allow_sasl_over_tls"},
	})
	password := dc.AddUser(t, "kuser")
	in := ticket(t, dc, password)
	for _, url := range []string{"ldap://" + dc.Host, "ldaps://dc1"} { // by another name than that in the ticket
		c := dc.TLS.Clone()
		c.ServerName = dc.Host
		d, err := ad.Dial(t.Context(), ad.Config{URL: url, TLS: c, SignIn: in})
		if err != nil {
			t.Fatalf("Kerberos, %s: %v", url, err)
		}
		d.Close()
	}
	d, err := ad.Dial(t.Context(), ad.Config{URL: "ldaps://" + dc.Host, TLS: dc.TLS, SignIn: in})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	list, kind, err := d.Trusts(t.Context())
	if err != nil || kind != ntacl.TrustsOutbound || len(list) != 2 {
		t.Fatalf("%+v, %v, %v", list, kind, err)
	}
	for _, trust := range list {
		if !trust.Outbound || trust.Selective != (trust.Partner == "choosy.example") || trust.Forest != (trust.Partner == "partner.example") || trust.SID.IsZero() {
			t.Errorf("%+v", trust)
		}
	}
}
