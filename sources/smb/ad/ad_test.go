package ad

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mislaid/sources/ntacl"
	"mislaid/sources/ntacl/ntacltest"
)

func TestRefusal(t *testing.T) {
	// The texts are those that Windows and Samba answer with.
	windows := func(data string) error {
		return ldap.NewError(ldap.LDAPResultInvalidCredentials, errors.New("80090308: LdapErr: DSID-0C09050F, comment: AcceptSecurityContext error, data "+data+", v4563\x00"))
	}
	for _, test := range []struct {
		err    error
		want   Reason
		counts bool
	}{
		{windows("52e"), WrongPassword, true}, {windows("525"), NoSuchUser, true}, {windows("530"), NotNow, false}, {windows("531"), NotNow, false},
		{windows("532"), Expired, true}, {windows("533"), Disabled, true}, {windows("701"), Expired, true}, {windows("773"), MustChange, true},
		{windows("775"), Locked, true}, {windows("57"), Refused, false},
		{ldap.NewError(ldap.LDAPResultInvalidCredentials, errors.New("80090346: LdapErr: DSID-0C090597, comment: AcceptSecurityContext error, data 80090346, v4563")), Refused, false},
		{ldap.NewError(ldap.LDAPResultInvalidCredentials, errors.New("")), WrongPassword, true},
		{ldap.NewError(ldap.LDAPResultStrongAuthRequired, errors.New("")), Refused, false},
		{fmt.Errorf("[Root cause: KDC_Error] KDC_ERR_PREAUTH_FAILED Pre-authentication information was invalid"), WrongPassword, true},
		{fmt.Errorf("KDC_ERR_CLIENT_REVOKED Clients credentials have been revoked"), Locked, true},
	} {
		got := refusal(test.err)
		if got == nil || got.Reason != test.want || got.Counts() != test.counts {
			t.Errorf("%v: %v, want %q", test.err, got, test.want)
		}
	}
	for _, err := range []error{errors.New("connection reset"), ldap.NewError(ldap.ErrorNetwork, errors.New("EOF")), ldap.NewError(ldap.LDAPResultBusy, errors.New(""))} {
		if got := refusal(err); got != nil {
			t.Errorf("%v: %v", err, got)
		}
	}
}

func TestPrincipalNames(t *testing.T) {
	for _, test := range []struct{ user, domain, want string }{
		{"alice", "LAB", `LAB\alice`}, {"alice", "lab.example", "alice@lab.example"}, {"alice@lab.example", "LAB", "alice@lab.example"},
		{`OTHER\alice`, "LAB", `OTHER\alice`}, {"alice", "", "alice"}, {"CN=alice,DC=lab", "LAB", "CN=alice,DC=lab"},
	} {
		if got := (SignIn{User: test.user, Domain: test.domain}).principal(); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// TestSignInHoldsNothing: what prints a SignIn prints no password.
func TestSignInHoldsNothing(t *testing.T) {
	in := SignIn{User: "alice", Password: func() string { return "open sesame" }}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if s := fmt.Sprintf(verb, Config{SignIn: in}); strings.Contains(s, "sesame") {
			t.Error(s)
		}
	}
}

func TestTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1e9, 1e10).Draw(t, "s"), rapid.Int64Range(0, 9999999).Draw(t, "100ns")*100).UTC()
		if got := fileTime(toFileTime(at)); !got.Equal(at) {
			t.Fatalf("%v became %v", at, got)
		}
	})
	for _, never := range []int64{0, -1, 1<<63 - 1} {
		if got := fileTime(never); !got.IsZero() {
			t.Errorf("%d: %v", never, got)
		}
	}
	for v, want := range map[int64]time.Duration{0: 0, -18000000000: 30 * time.Minute, -1 << 63: -1, 6000000000: 10 * time.Minute, 1<<63 - 1: -1} {
		if got := interval(v); got != want {
			t.Errorf("%d: %v", v, got)
		}
	}
}

func TestSpare(t *testing.T) {
	for _, test := range []struct {
		account Account
		want    int
	}{
		{Account{}, 0},
		{Account{Policy: Policy{Known: true}}, -1},
		{Account{Policy: Policy{Known: true, Threshold: 3}}, 2},
		{Account{BadPasswords: 2, Policy: Policy{Known: true, Threshold: 3}}, 0},
		{Account{BadPasswords: 9, Policy: Policy{Known: true, Threshold: 3}}, 0},
	} {
		if got := test.account.Spare(); got != test.want {
			t.Errorf("%+v: %d", test.account, got)
		}
	}
}

func TestServerFilter(t *testing.T) {
	if _, err := ldap.CompileFilter(ServerFilter(time.Now())); err != nil {
		t.Error(err)
	}
}

const targets = `<?xml version="1.0" encoding="utf-16"?><targets totalTargets="2" targetListGuid="x"><target priorityClass="siteCostNormal" state="online">\\files1\data</target>` +
	`<target state="offline">\\files2\data\sub</target></targets>`

func utf16le(s string, mark bool) []byte {
	var b []byte
	if mark {
		b = []byte{0xFF, 0xFE}
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func TestParseTargets(t *testing.T) {
	want := []Target{{`\\files1\data`, true}, {`\\files2\data\sub`, false}}
	for name, raw := range map[string][]byte{"UTF-16 with a mark": utf16le(targets, true), "UTF-16": utf16le(targets, false), "bytes": []byte(targets)} {
		got, err := parseTargets(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, bad := range []string{"", "x", "<targets><target>http://elsewhere</target></targets>", targets[:80]} {
		if got, err := parseTargets([]byte(bad)); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestNamespaceOf(t *testing.T) {
	for _, test := range []struct{ dn, class, want string }{
		{"CN=public,CN=Dfs-Configuration,CN=System,DC=lab", "fTDfs", "public"},
		{"CN=public,CN=public,CN=Dfs-Configuration,CN=System,DC=lab", "msDFS-Namespacev2", "public"},
		{"CN=link-1,CN=public,CN=public,CN=Dfs-Configuration,CN=System,DC=lab", "msDFS-Linkv2", "public"},
	} {
		e := ldap.NewEntry(test.dn, map[string][]string{"objectClass": {"top", test.class}, "cn": {"wrong"}})
		if got := namespaceOf(e); got != test.want {
			t.Errorf("%s: %s", test.dn, got)
		}
	}
}

func TestJoinable(t *testing.T) {
	domain := ntacl.MakeSID(5, 21, 1, 2, 3)
	users, admins := domain.Child(513), domain.Child(512)
	about := func(e ntacltest.Entry, guid [16]byte) ntacltest.Entry { e.Type += 5; e.Kind = guid; return e }
	other := [16]byte{1}
	for name, test := range map[string]struct {
		list []ntacltest.Entry
		want bool
	}{
		"nobody":                       {nil, false},
		"read":                         {[]ntacltest.Entry{ntacltest.Allow(ntacl.AuthenticatedUsers, 0x20094)}, false},
		"administrators":               {[]ntacltest.Entry{ntacltest.Allow(admins, 0xF01FF)}, false},
		"everybody may write anything": {[]ntacltest.Entry{ntacltest.Allow(ntacl.AuthenticatedUsers, 0x20)}, true},
		"everybody may add themselves": {[]ntacltest.Entry{about(ntacltest.Allow(users, 0x8), memberAttribute)}, true},
		"everybody may write members":  {[]ntacltest.Entry{about(ntacltest.Allow(ntacl.Everyone, 0x20), memberAttribute)}, true},
		"everybody may write a name":   {[]ntacltest.Entry{about(ntacltest.Allow(ntacl.Everyone, 0x28), other)}, false},
		"denied before":                {[]ntacltest.Entry{ntacltest.Deny(ntacl.Everyone, 0x28), ntacltest.Allow(users, 0x28)}, false},
		"may change permissions":       {[]ntacltest.Entry{ntacltest.Allow(users, 0x40000)}, true},
		"for children":                 {[]ntacltest.Entry{ntacltest.Allow(users, 0x8).InheritOnly()}, false},
	} {
		sd, err := ntacl.Parse(ntacltest.Encode(admins, admins, test.list...))
		if err != nil {
			t.Fatal(err)
		}
		if got := joinable(sd, domain); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestBadURLs(t *testing.T) {
	for _, url := range []string{"", "dc1", "http://dc1", "ldaps://", "ldapi:///x", "ldaps://user:pw@dc1", "ldap://%zz"} {
		if _, err := Dial(t.Context(), Config{URL: url}); err == nil || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func FuzzParseTargets(f *testing.F) {
	f.Add([]byte(targets))
	f.Add(utf16le(targets, true))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := parseTargets(raw)
		for _, target := range list {
			if err != nil || !strings.HasPrefix(target.Path, `\\`) {
				t.Errorf("%v, %v", list, err)
			}
		}
	})
}
