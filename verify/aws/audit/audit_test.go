package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mislaid/verify"
	"mislaid/verify/aws/audit"
	"mislaid/verify/awstest"
)

const (
	account = awstest.Account
	other   = "111122223333"
	admin   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

var now = time.Now().UTC().Truncate(time.Second)

// serve runs a world with a responder, and returns an auditor of it.
func serve(t *testing.T, w *awstest.World, edit func(*audit.Config)) (*audit.Auditor, *awstest.Fake) {
	t.Helper()
	responder := awstest.Key{ID: awstest.KeyID("AKIA", account), Secret: awstest.Secret(), ARN: "arn:aws:iam::" + account + ":user/responder"}
	fake := &awstest.Fake{World: w}
	fake.Add(responder)
	for _, k := range w.Assume {
		fake.Add(k)
	}
	s := httptest.NewServer(fake)
	t.Cleanup(s.Close)
	dir := t.TempDir()
	shared := fmt.Sprintf("[profile ir]\nregion = us-east-1\nendpoint_url = %s\naws_access_key_id = %s\naws_secret_access_key = %s\n", s.URL, responder.ID, responder.Secret)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	c := audit.Config{Profile: "ir", UserAgent: "mislaid", PerSec: 10_000}
	if edit != nil {
		edit(&c)
	}
	a, err := audit.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if calls := fake.Calls(); len(calls) > 0 {
		t.Error("New has called")
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a, fake
}

func userKey(used time.Time) awstest.UserKey {
	return awstest.UserKey{ID: awstest.KeyID("AKIA", account), Created: now.AddDate(0, 0, -200), Used: used, Service: "s3", Region: "eu-west-1"}
}

// TestUser reads a user with everything, by a key that is not called.
func TestUser(t *testing.T) {
	k, second := userKey(now.Add(-time.Hour)), userKey(time.Time{})
	second.Inactive = true
	w := &awstest.World{
		Account: account, Alias: "payments", Trails: []bool{false},
		Managed: map[string]string{"arn:aws:iam::aws:policy/AdministratorAccess": admin, "arn:aws:iam::" + account + ":policy/cap": `{"Statement":{"Effect":"Allow","Action":["s3:*","ec2:*"],"Resource":"*"}}`},
		Groups:  map[string]awstest.Policies{"ops": {Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Inline: map[string]string{"more": admin}}},
		Users: map[string]*awstest.User{"ann": {
			Path: "/team/", Keys: []awstest.UserKey{k, second}, Groups: []string{"ops"}, Boundary: "arn:aws:iam::" + account + ":policy/cap", Console: true,
			Tags: map[string]string{"team": "pay"}, Policies: awstest.Policies{Inline: map[string]string{"own": `{"Statement":{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}}`}},
		}},
		Roles: map[string]*awstest.Role{"deploy": {Trust: `{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`}},
		Org: &awstest.Org{ID: "o-1", Management: other, Names: map[string]string{account: "Payments"}, Parents: map[string]string{account: "ou-1", "ou-1": "r-1"},
			Guards: map[string][]string{account: {admin}, "ou-1": {admin, `{"Statement":{"Effect":"Deny","Action":"ec2:*","Resource":"*"}}`}, "r-1": {admin}}},
		Events: []awstest.Event{
			{KeyID: k.ID, Source: "s3.amazonaws.com", Name: "ListBuckets", Address: "203.0.113.9", Agent: "evil", At: now.Add(-2 * time.Hour)},
			{KeyID: k.ID, Source: "s3.amazonaws.com", Name: "ListBuckets", Address: "192.0.2.7", Agent: "boto", At: now.Add(-3 * time.Hour)},
			{KeyID: k.ID, Source: "sts.amazonaws.com", Name: "GetCallerIdentity", Address: "198.51.100.1", Agent: "mislaid run/0123", At: now.Add(-time.Hour)},
		},
	}
	a, fake := serve(t, w, func(c *audit.Config) {
		c.LookBack, c.Known = true, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		c.Accounts = map[string]audit.Account{account: {Account: verify.Account{Tier: "prod", Owner: "pay@example"}}}
	})
	f := a.Audit(t.Context(), verify.Subject{KeyID: k.ID, Account: account})
	if len(f.Unread) > 0 {
		t.Errorf("unread: %v", f.Unread)
	}
	yes, no := true, false
	got := []any{f.Status, f.LastUsed.Service, f.LastUsed.Region, f.LastUsed.At.Equal(k.Used), f.Owner.ARN, f.Owner.Groups, *f.Owner.MFA, *f.Owner.Console, f.Owner.Boundary,
		f.Account.Name, f.Account.Alias, f.Account.Tier, f.Account.Owner, f.Account.Organization, f.Account.Management, *f.Account.Users, f.OtherIDs[0].ID == second.ID, f.OtherIDs[0].Status}
	want := []any{verify.KeyActive, "s3", "eu-west-1", true, "arn:aws:iam::" + account + ":user/team/ann", []string{"ops"}, no, yes, "arn:aws:iam::" + account + ":policy/cap",
		"Payments", "payments", "prod", "pay@example", "o-1", false, 1, true, verify.KeyInactive}
	for i := range want {
		if fmt.Sprint(got[i]) != fmt.Sprint(want[i]) {
			t.Errorf("%d: %v, want %v", i, got[i], want[i])
		}
	}
	// The group makes it an administrator, the boundary leaves S3 and EC2, the
	// organisation takes EC2, its own policy takes deleting.
	if c := f.Capability; c.Class != verify.C3 || !strings.Contains(c.Words, "s3:GetObject") || strings.Contains(fmt.Sprint(c.Data), "s3:DeleteObject") {
		t.Errorf("%+v", c)
	}
	var ids []string
	for _, x := range f.Findings {
		ids = append(ids, x.ID)
	}
	slices.Sort(ids)
	if want := []string{verify.Administrator, verify.NoTrail, verify.NoMFA, verify.Unrotated}; !slices.Equal(ids, sorted(want)) {
		t.Errorf("findings %v", f.Findings)
	}
	if len(f.Calls) != 2 || f.Calls[0].Source != "203.0.113.9" || f.Calls[0].Explained != "" || f.Calls[1].Explained != "192.0.2.0/24" {
		t.Errorf("calls %+v", f.Calls)
	}
	for _, c := range fake.Calls() {
		if c.KeyID == k.ID || c.KeyID == second.ID {
			t.Error("the key was used")
		}
	}
	inactive := a.Audit(t.Context(), verify.Subject{KeyID: second.ID, Account: account})
	if v, ok := inactive.Settles(); !ok || v.State != verify.Dead || v.Why != verify.WhyInactive || inactive.LastUsed.Service != "" {
		t.Errorf("inactive: %+v", inactive)
	}
	if f := a.Audit(t.Context(), verify.Subject{KeyID: awstest.KeyID("AKIA", account), Account: account}); f.Status != verify.KeyAbsent {
		t.Errorf("absent: %+v", f)
	}
	if f := a.Audit(t.Context(), verify.Subject{KeyID: awstest.KeyID("AKIA", other), Account: other}); f.Status != verify.KeyNotOurs || !strings.Contains(f.Why, "no role") {
		t.Errorf("not ours: %+v", f)
	}

	// Nothing is called that the printed policy does not allow, and nothing is
	// in it that is not called.
	role := "arn:aws:sts::" + account + ":assumed-role/deploy/i-1"
	if f := a.Audit(t.Context(), verify.Subject{KeyID: awstest.KeyID("ASIA", account), Account: account, ARN: role}); f.Owner.Kind != "role" || f.Capability.Class != verify.C2 || len(f.Unread) > 0 {
		t.Errorf("role: %+v", f)
	}
	w.Roles["deploy"].Policies.Inline = map[string]string{"x": admin}
	if f := a.Audit(t.Context(), verify.Subject{KeyID: awstest.KeyID("ASIA", account), Account: account, ARN: role}); f.Capability.Power != "privilege escalation" {
		t.Errorf("role: %+v", f.Capability)
	}
	w.Accounts = map[string]string{second.ID: account}
	if f := a.Audit(t.Context(), verify.Subject{KeyID: second.ID}); f.Account.ID != account || f.Status != verify.KeyInactive {
		t.Errorf("account not decodable: %+v", f)
	}
	var named []string
	for _, p := range audit.Permissions() {
		named = append(named, p.Actions...)
	}
	if got := w.Actions(); !slices.Equal(got, sorted(named)) {
		t.Errorf("called %v\nnamed %v", got, sorted(named))
	}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// TestDenied: every read may be refused; what is not known is never little.
func TestDenied(t *testing.T) {
	var all []string
	for _, p := range audit.Permissions() {
		all = append(all, p.Actions...)
	}
	for _, action := range all {
		t.Run(action, func(t *testing.T) {
			k := userKey(now)
			w := &awstest.World{
				Account: account, Trails: []bool{true}, Denied: []string{action},
				Managed: map[string]string{"arn:aws:iam::aws:policy/AdministratorAccess": admin},
				Groups:  map[string]awstest.Policies{"ops": {Inline: map[string]string{"more": `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`}}},
				Users:   map[string]*awstest.User{"ann": {Keys: []awstest.UserKey{k}, Groups: []string{"ops"}, MFA: true, Policies: awstest.Policies{Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}}}},
				Org:     &awstest.Org{ID: "o-1", Management: other, Parents: map[string]string{account: "r-1"}, Guards: map[string][]string{account: {admin}, "r-1": {admin}}},
			}
			a, _ := serve(t, w, nil)
			f := a.Audit(t.Context(), verify.Subject{KeyID: k.ID, Account: account})
			if f.Capability != nil && f.Capability.Class == verify.C1 {
				t.Errorf("harmless, though something was not read: %+v", f.Capability)
			}
			if _, settled := f.Settles(); settled || f.Status == verify.KeyAbsent || f.Status == verify.KeyNotOurs {
				t.Errorf("%s", f.Status)
			}
			if f.Capability != nil && f.Capability.Class == verify.C2 && len(f.Unread) == 0 {
				t.Errorf("nothing is known, and nothing says why")
			}
		})
	}
}

// TestOrganization: what bears on an account is what hangs on it and above it, as
// far as the responder may read it.
func TestOrganization(t *testing.T) {
	const reader = `{"Statement":{"Effect":"Allow","Action":["s3:*","iam:Get*","cloudwatch:Get*"],"Resource":"*"}}`
	const noAssume = `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":["iam:*","sts:*","lambda:*"],"Resource":"*"}]}`
	org := func(edit func(*awstest.Org)) *awstest.Org {
		o := &awstest.Org{ID: "o-1", Management: other, Names: map[string]string{account: "Payments"},
			Parents: map[string]string{account: "ou-2", "ou-2": "ou-1", "ou-1": "r-1"},
			Guards:  map[string][]string{account: {admin}, "ou-2": {admin}, "ou-1": {admin}, "r-1": {admin}}}
		edit(o)
		return o
	}
	for name, c := range map[string]struct {
		org    *awstest.Org
		denied string
		class  verify.Class
		limit  string // "" none about the organisation
		id     string
	}{
		"none":                        {nil, "", verify.C4, "", ""},
		"nothing is cut":              {org(func(*awstest.Org) {}), "", verify.C4, "", "o-1"},
		"cut at the root":             {org(func(o *awstest.Org) { o.Guards["r-1"] = []string{reader} }), "", verify.C3, "", "o-1"},
		"cut by the second of a list": {org(func(o *awstest.Org) { o.Guards["ou-1"] = []string{admin, noAssume} }), "", verify.C4, "", "o-1"},
		"cut at the account":          {org(func(o *awstest.Org) { o.Guards[account] = []string{reader} }), "", verify.C3, "", "o-1"},
		"the type is not enabled":     {org(func(o *awstest.Org) { o.Guards = nil }), "", verify.C4, "", "o-1"},
		"the management account":      {org(func(o *awstest.Org) { o.Management, o.Guards["r-1"] = account, []string{reader} }), "", verify.C4, "", "o-1"},
		"another organisation's":      {org(func(o *awstest.Org) { delete(o.Parents, account) }), "", verify.C4, "is not in the responder's organisation o-1", ""},
		"resource control policies":   {org(func(o *awstest.Org) { o.Controls = map[string][]string{"r-1": {"RCPFullAWSAccess", "perimeter"}} }), "", verify.C4, "may deny more: perimeter", "o-1"},
		"only the usual ones":         {org(func(o *awstest.Org) { o.Controls = map[string][]string{"r-1": {"RCPFullAWSAccess"}} }), "", verify.C4, "", "o-1"},
		"nothing may be asked":        {org(func(*awstest.Org) {}), "organizations:DescribeOrganization", verify.C4, "DescribeOrganization: AccessDenied", ""},
		"not from here":               {org(func(o *awstest.Org) { o.Guards["r-1"] = []string{reader} }), "organizations:ListPoliciesForTarget", verify.C4, "ListPoliciesForTarget: AccessDenied", "o-1"},
		"not its parents":             {org(func(o *awstest.Org) { o.Guards["r-1"] = []string{reader} }), "organizations:ListParents", verify.C4, "ListParents: AccessDenied", "o-1"},
	} {
		k := userKey(now)
		w := &awstest.World{Account: account, Trails: []bool{true}, Org: c.org, Denied: []string{c.denied},
			Users: map[string]*awstest.User{"ann": {Keys: []awstest.UserKey{k}, Policies: awstest.Policies{Inline: map[string]string{"all": admin}}}}}
		a, _ := serve(t, w, nil)
		f := a.Audit(t.Context(), verify.Subject{KeyID: k.ID, Account: account})
		limits := strings.Join(f.Capability.Limits, "; ")
		if f.Capability.Class != c.class || f.Account.Organization != c.id || f.Account.Management != (name == "the management account") {
			t.Errorf("%s: %+v, %+v", name, f.Capability, f.Account)
		}
		if !strings.Contains(limits, c.limit) || c.limit == "" && strings.Contains(limits, "control policies") {
			t.Errorf("%s: limits: %s", name, limits)
		}
		if name == "cut by the second of a list" && f.Capability.Power == "administrator" {
			t.Errorf("%s: %+v", name, f.Capability)
		}
	}
}

// TestRolesAreFollowed: a user with nothing but the way to a role, and from there
// to another, has what that one has.
func TestRolesAreFollowed(t *testing.T) {
	assume := func(role string) awstest.Policies {
		return awstest.Policies{Inline: map[string]string{"go": `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::` + account + `:role/` + role + `"}}`}}
	}
	own := `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}}`
	k := userKey(now)
	w := &awstest.World{Account: account, Trails: []bool{true},
		Users: map[string]*awstest.User{"ann": {Keys: []awstest.UserKey{k}, Policies: assume("one")}},
		Roles: map[string]*awstest.Role{
			"one":   {Trust: own, Policies: assume("two")},
			"two":   {Trust: own, Policies: assume("one")},
			"three": {Trust: own, Policies: awstest.Policies{Inline: map[string]string{"all": admin}}},
		},
	}
	audited := func() verify.Facts {
		a, _ := serve(t, w, nil)
		return a.Audit(t.Context(), verify.Subject{KeyID: k.ID, Account: account})
	}
	if f := audited(); f.Capability.Class != verify.C2 || len(f.Unread) > 0 {
		t.Errorf("two roles in a ring: %+v", f)
	}
	w.Roles["two"].Policies = assume("three")
	if f := audited(); f.Capability.Class != verify.C4 || !strings.Contains(f.Capability.Words, "takes role one, of which is known: it can take a stronger role: takes role two") {
		t.Errorf("three hops: %+v", f.Capability)
	}
	w.Denied = []string{"iam:ListRolePolicies"}
	if f := audited(); f.Capability.Class != verify.C2 || !strings.Contains(fmt.Sprint(f.Capability.Limits, f.Unread), "what role one may do, which it may assume") {
		t.Errorf("the role could not be read: %+v", f)
	}
}

func TestRolePerAccount(t *testing.T) {
	k := awstest.UserKey{ID: awstest.KeyID("AKIA", other)}
	role := "arn:aws:iam::" + other + ":role/ReadOnly"
	session := awstest.Key{ID: awstest.KeyID("ASIA", other), Secret: awstest.Secret(), Token: awstest.Token(), ARN: "arn:aws:sts::" + other + ":assumed-role/ReadOnly/mislaid"}
	w := &awstest.World{Account: other, Users: map[string]*awstest.User{"bob": {Keys: []awstest.UserKey{k}}}, Assume: map[string]awstest.Key{role: session}}
	for name, edit := range map[string]func(*audit.Config){
		"the same everywhere": func(c *audit.Config) { c.Role = "ReadOnly" },
		"by the map":          func(c *audit.Config) { c.Accounts = map[string]audit.Account{other: {Role: role}} },
	} {
		a, fake := serve(t, w, edit)
		f := a.Audit(t.Context(), verify.Subject{KeyID: k.ID, Account: other})
		if f.Status != verify.KeyActive || f.By != role || f.Owner.Name != "bob" {
			t.Errorf("%s: %+v", name, f)
		}
		if !slices.ContainsFunc(fake.Calls(), func(c awstest.Call) bool { return c.KeyID == session.ID }) {
			t.Errorf("%s: the role was not used", name)
		}
	}
	a, _ := serve(t, w, func(c *audit.Config) { c.Role = "Nobody" })
	if f := a.Audit(t.Context(), verify.Subject{KeyID: k.ID, Account: other}); f.Status != verify.KeyUnread || !strings.Contains(f.Why, "no credentials from") {
		t.Errorf("%+v", f)
	}
}

// TestHosts: what a run says that it contacts is what the SDK does.
func TestHosts(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1":      "sts.us-east-1.amazonaws.com iam.amazonaws.com organizations.us-east-1.amazonaws.com cloudtrail.us-east-1.amazonaws.com",
		"eu-central-1":   "sts.eu-central-1.amazonaws.com iam.amazonaws.com organizations.us-east-1.amazonaws.com cloudtrail.eu-central-1.amazonaws.com",
		"us-gov-west-1":  "sts.us-gov-west-1.amazonaws.com iam.us-gov.amazonaws.com organizations.us-gov-west-1.amazonaws.com cloudtrail.us-gov-west-1.amazonaws.com",
		"cn-northwest-1": "sts.cn-northwest-1.amazonaws.com.cn iam.cn-north-1.amazonaws.com.cn organizations.cn-northwest-1.amazonaws.com.cn cloudtrail.cn-northwest-1.amazonaws.com.cn",
	} {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte("[profile ir]\nregion = "+region+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_CONFIG_FILE", path)
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
		a, err := audit.New(t.Context(), audit.Config{Profile: "ir"})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(strings.Join(a.Hosts(t.Context()), " "), ":443", ""); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", region, got, want)
		}
	}
}

func TestWhoIsNotKnown(t *testing.T) {
	w := &awstest.World{Account: account}
	_, fake := serve(t, w, nil)
	for _, c := range fake.Calls() {
		fake.Script(c.KeyID, awstest.Error(403, "ExpiredToken", "x"))
	}
	a, err := audit.New(t.Context(), audit.Config{Profile: "ir"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "ExpiredToken") {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	if _, err := audit.New(t.Context(), audit.Config{Profile: "nobody"}); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("%v", err)
	}
}

func TestWritePermissions(t *testing.T) {
	var b bytes.Buffer
	if err := audit.WritePermissions(&b); err != nil {
		t.Fatal(err)
	}
	var doc struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil || len(doc.Statement) != len(audit.Permissions()) {
		t.Errorf("%v\n%s", err, b.Bytes())
	}
}
