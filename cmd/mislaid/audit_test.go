package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mislaid/internal/journal"
	"mislaid/verify/awstest"
)

// world is AWS with one account of ours, a responder's profile, and a tree in
// which one key of each kind lies.
type world struct {
	fake  *awstest.Fake
	aws   *awstest.World
	dir   string
	tree  string
	env   []string
	keys  map[string]awstest.Key // by the name of the file
	never string
}

const foreignAccount = "111122223333"

func newWorld(t *testing.T) *world {
	t.Helper()
	const ours = awstest.Account
	user := func(name string) string { return "arn:aws:iam::" + ours + ":user/" + name }
	pair := func(account, arn string) awstest.Key {
		return awstest.Key{ID: awstest.KeyID("AKIA", account), Secret: awstest.Secret(), ARN: arn, UserID: "AIDAX"}
	}
	session := func(arn string) awstest.Key {
		return awstest.Key{ID: awstest.KeyID("ASIA", ours), Secret: awstest.Secret(), Token: awstest.Token(), ARN: arn}
	}
	w := &world{dir: openDirectory(t), keys: map[string]awstest.Key{
		"admin.env":           pair(ours, user("admin")),
		"reader.env":          pair(ours, user("app/reader")),
		"off.env":             pair(ours, user("off")),
		"root.env":            pair(ours, "arn:aws:iam::"+ours+":root"),
		"role.env":            session("arn:aws:sts::" + ours + ":assumed-role/deploy/i-0abc"),
		"sso.env":             session("arn:aws:sts::" + ours + ":assumed-role/AWSReservedSSO_Ops_0123456789abcdef/ann"),
		"expired.env":         session("arn:aws:sts::" + ours + ":assumed-role/deploy/old"),
		"wrong.env":           pair(ours, user("wrong")),
		"dead.env":            pair(ours, ""),
		"foreign.env":         pair(foreignAccount, "arn:aws:iam::"+foreignAccount+":user/x"),
		"canary.env":          pair("052310077262", "arn:aws:iam::052310077262:user/x"),
		"never-id.env":        pair(ours, user("never-id")),
		"never-arn.env":       pair(ours, user("decoys/bait")),
		"never-path/bait.env": pair(ours, user("never-path")),
		"id-alone.txt":        pair(ours, user("alone")),
		"gov.env":             pair(ours, ""),
	}}
	off, expired := w.keys["off.env"], w.keys["expired.env"]
	off.Inactive, expired.Expired = true, true
	w.keys["off.env"], w.keys["expired.env"] = off, expired
	responder := pair(ours, user("responder"))
	const all = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	const read = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"}}`
	const change = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["lambda:UpdateFunctionCode"],"Resource":"*"}}`
	made, used := time.Now().AddDate(0, 0, -200), time.Now().Add(-time.Minute)
	owner := func(file, document string) *awstest.User {
		u := &awstest.User{Keys: []awstest.UserKey{{ID: w.keys[file].ID, Inactive: w.keys[file].Inactive, Created: made, Used: used, Service: "s3", Region: "eu-west-1"}}}
		if document != "" {
			u.Policies.Inline = map[string]string{"main": document}
		}
		return u
	}
	w.aws = &awstest.World{
		Account: ours, Alias: "payments", Trails: []bool{true}, Groups: map[string]awstest.Policies{"admins": {Inline: map[string]string{"all": all}}},
		Users: map[string]*awstest.User{
			"admin": owner("admin.env", ""), "reader": owner("reader.env", read), "off": owner("off.env", all), "wrong": owner("wrong.env", read),
			"bait": owner("never-arn.env", ""), "alone": owner("id-alone.txt", all),
		},
		Roles: map[string]*awstest.Role{
			"deploy":                              {Trust: `{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`, Policies: awstest.Policies{Inline: map[string]string{"main": change}}},
			"AWSReservedSSO_Ops_0123456789abcdef": {Trust: read, Policies: awstest.Policies{Inline: map[string]string{"main": read}}},
		},
	}
	w.aws.Users["admin"].Groups = []string{"admins"}
	w.aws.Users["bait"].Path = "/decoys/"
	w.aws.Users["reader"].Path = "/app/"
	w.fake = &awstest.Fake{World: w.aws}
	w.fake.Add(responder)
	w.tree = filepath.Join(w.dir, "tree")
	for name, k := range w.keys {
		if name != "dead.env" && name != "gov.env" {
			w.fake.Add(k)
		}
		if name == "wrong.env" {
			k.Secret = awstest.Secret()
		}
		text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", k.ID, k.Secret)
		if k.Token != "" {
			text += "aws_session_token = " + k.Token + "\n"
		}
		if name == "id-alone.txt" {
			text = "the key is " + k.ID + "\n"
		}
		path := filepath.Join(w.tree, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.never = filepath.Join(w.dir, "never")
	rules := fmt.Sprintf("%s\narn:aws:iam::*:user/decoys/*\npath:**/never-path/**\n", w.keys["never-id.env"].ID)
	server := httptest.NewServer(w.fake)
	t.Cleanup(server.Close)
	shared := fmt.Sprintf("[profile ir]\nregion = us-east-1\nendpoint_url = %s\naws_access_key_id = %s\naws_secret_access_key = %s\n", server.URL, responder.ID, responder.Secret)
	accounts := fmt.Sprintf("[%s]\nname = \"payments\"\nowner = \"team-pay\"\n", ours)
	for name, text := range map[string]string{"never": rules, "config": shared, "accounts.toml": accounts} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(w.dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(w.dir, "none"))
	w.env = []string{"HOME=" + w.dir, "XDG_STATE_HOME=" + filepath.Join(w.dir, "state"), "TERM=dumb", "MISLAID_AWS_ENDPOINT=" + server.URL}
	return w
}

// scan runs a scan of the tree and returns what it printed.
func (w *world) scan(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	args = append([]string{"scan", "--accounts", awstest.Account, "--never-verify", w.never}, append(args, w.tree)...)
	if code := run(t.Context(), args, w.env, strings.NewReader(""), &out, &said); code != want {
		t.Fatalf("exit code %d, want %d\n%s", code, want, said.Bytes())
	}
	return out.String(), said.String()
}

// verdicts reads a report in JSON: severity, rule, verdict and class by file.
func (w *world) verdicts(t *testing.T, report string) map[string]string {
	t.Helper()
	var r struct {
		Leaks []struct {
			ID, Severity, Rule, Class string
			Verdict                   struct{ State, Why string }
		}
	}
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for name, k := range w.keys {
		for _, l := range r.Leaks {
			if l.ID == k.ID {
				rule, _, _ := strings.Cut(l.Rule, ":")
				got[name] = strings.TrimSpace(strings.Join([]string{l.Severity, rule, l.Verdict.State, l.Verdict.Why}, " "))
			}
		}
	}
	return got
}

// calls counts the calls that were signed with a found key, and the times the
// responder asked about it.
func (w *world) calls(name string) (signed, asked int) {
	id := w.keys[name].ID
	for _, c := range w.fake.Calls() {
		if c.KeyID == id {
			signed++
		}
	}
	return signed, w.aws.Asked(id)
}

// untouchable are the keys that nobody may ask anything with.
var untouchable = []string{"foreign.env", "canary.env", "never-id.env", "never-path/bait.env", "never-arn.env"}

// TestEveryKindOfKey runs a whole scan over one key of each kind, with the
// responder's role: each gets its verdict, what it can do and its severity, and
// those that must not be touched are not.
func TestEveryKindOfKey(t *testing.T) {
	w := newWorld(t)
	out, _ := w.scan(t, journal.ExitLeaks, "--audit-profile", "ir", "--account-map", filepath.Join(w.dir, "accounts.toml"), "--format", "json")
	want := map[string]string{
		"admin.env":           "critical live-c4 live",
		"reader.env":          "high live-c3 live",
		"off.env":             "info dead dead inactive",
		"root.env":            "critical root live",
		"role.env":            "medium unconfirmed-c2 not-called never-verify", // whose session it is cannot be told before
		"sso.env":             "medium unconfirmed-c2 not-called never-verify",
		"expired.env":         "medium unconfirmed-c2 not-called never-verify",
		"wrong.env":           "medium mismatch mismatch",
		"dead.env":            "info dead dead",
		"gov.env":             "info dead dead",
		"foreign.env":         "medium unconfirmed-c2 not-called foreign",
		"canary.env":          "medium unconfirmed-c2 not-called canary",
		"never-id.env":        "medium unconfirmed-c2 not-called never-verify",
		"never-path/bait.env": "medium unconfirmed-c2 not-called never-verify",
		"never-arn.env":       "medium unconfirmed-c2 not-called never-verify",
		"id-alone.txt":        "low identifier unverifiable no secret found",
	}
	got := w.verdicts(t, out)
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s, want %s", name, got[name], want[name])
		}
	}
	for _, name := range untouchable {
		signed, asked := w.calls(name)
		if name == "never-arn.env" { // its owner had to be looked up, by the responder
			asked = 0
		}
		if signed+asked > 0 {
			t.Errorf("%s: %d calls with it, %d about it", name, signed, asked)
		}
	}
	if signed, _ := w.calls("off.env"); signed > 0 {
		t.Error("an inactive key was called")
	}
	// The facts of each key were read before it was called.
	for name, k := range w.keys {
		firstAsked, firstSigned := -1, -1
		for i, c := range w.fake.Calls() {
			switch {
			case c.KeyID == k.ID && firstSigned < 0:
				firstSigned = i
			case c.Service == "iam" && c.About == k.ID && firstAsked < 0:
				firstAsked = i
			}
		}
		if firstSigned >= 0 && k.Token == "" && (firstAsked < 0 || firstAsked > firstSigned) {
			t.Errorf("%s was called first (%d), and then read about (%d)", name, firstSigned, firstAsked)
		}
	}
}

// TestEveryKindRendered is the report of a tree with one credential of each kind,
// as somebody sees it who has never seen one: run it with -v and read it.
func TestEveryKindRendered(t *testing.T) {
	w := newWorld(t)
	w.plantOthers(t)
	// Without the ARN rule, which covers every session.
	rules := fmt.Sprintf("%s\npath:**/never-path/**\n", w.keys["never-id.env"].ID)
	if err := os.WriteFile(w.never, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(w.dir, "journal")
	out, _ := w.scan(t, journal.ExitLeaks, "--audit-profile", "ir", "--account-map", filepath.Join(w.dir, "accounts.toml"), "--format", "json", "--journal", kept)
	got := w.verdicts(t, out)
	for name, want := range map[string]string{
		"role.env": "critical live-c4 live", "sso.env": "high live-c3 live", "expired.env": "info expired expired", "never-arn.env": "high live-c2 live",
		"many.env": "medium mismatch mismatch", "cut.env": "medium unconfirmed-c2 unverifiable no session token found",
		"store.env": "medium unconfirmed-c2 not-called s3-compatible", "govcloud.env": "medium unconfirmed-c2 unknown configuration",
	} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
	for _, name := range []string{"cut.env", "store.env"} {
		if signed, _ := w.calls(name); signed > 0 {
			t.Errorf("%s was called", name)
		}
	}
	if n, _ := w.calls("many.env"); n != 3 {
		t.Errorf("%d secrets of one key id were tried", n)
	}
	var text, said bytes.Buffer
	if code := run(t.Context(), []string{"report", kept}, w.env, strings.NewReader(""), &text, &said); code != journal.ExitLeaks {
		t.Fatalf("exit code %d: %s", code, said.Bytes())
	}
	if testing.Verbose() {
		t.Log("\n" + text.String())
	}
	for _, words := range []string{
		"it is an administrator", "replaces the code of a function", "reads objects of S3", "IAM lists it as inactive", "029608264753, payments, of team-pay", "Habits behind the leaks",
		"active id, 3 of 5 secrets tried", "its account lists the key as inactive", "but the text beside it names aws-us-gov, which was not asked", "callWithBearerToken", "GitPush",
		"Next (RESPONDER stands for your own AWS profile; never use the leaked key)", "credentials stand in plain text in",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text.String()), " "), words) {
			t.Errorf("the report does not say %q", words)
		}
	}
	if n := strings.Count(text.String(), "stands for your own AWS profile"); n != 1 {
		t.Errorf("what RESPONDER stands for is said %d times", n)
	}
}

// plantOthers adds the kinds of which nobody is asked, and those whose verdict
// hangs on what stands beside them.
func (w *world) plantOthers(t *testing.T) {
	t.Helper()
	keys := newKeyMaker(rand.Uint64())
	pair := func(k awstest.Key) string {
		return fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", k.ID, k.Secret)
	}
	key := func(prefix string) awstest.Key {
		return awstest.Key{ID: awstest.KeyID(prefix, awstest.Account), Secret: awstest.Secret(), ARN: "arn:aws:iam::" + awstest.Account + ":user/many"}
	}
	w.keys["many.env"], w.keys["cut.env"], w.keys["store.env"], w.keys["govcloud.env"] = key("AKIA"), key("ASIA"), key("AKIA"), key("AKIA")
	w.fake.Add(w.keys["many.env"])
	w.aws.Users["many"] = &awstest.User{Keys: []awstest.UserKey{{ID: w.keys["many.env"].ID, Created: time.Now()}}}
	guess := func(n int) string {
		many := "AWS_ACCESS_KEY_ID=" + w.keys["many.env"].ID + "\n"
		for range n {
			many += "AWS_SECRET_ACCESS_KEY=" + keys.Secret() + "\n"
		}
		return many
	}
	signed := time.Now().UTC().Add(-48 * time.Hour).Format("20060102T150405Z")
	_, sample := planting(keys, "sample")
	for name, text := range map[string]string{
		"many.env": guess(3), "more.env": guess(2), "cut.env": pair(w.keys["cut.env"]), "sample.env": sample,
		"store.env":            pair(w.keys["store.env"]) + "endpoint_url = https://minio.corp.example:9000\n",
		"govcloud.env":         pair(w.keys["govcloud.env"]) + "region = us-gov-west-1\n",
		"secret-alone.sh":      "export AWS_SECRET_ACCESS_KEY=" + keys.Secret() + "\n",
		"bedrock.env":          "AWS_BEARER_TOKEN_BEDROCK=" + keys.BedrockKey("BedrockAPIKey-x1", awstest.Account) + "\n",
		"mail_credentials.csv": "IAM user name,SMTP user name,SMTP password\nses-smtp-user," + awstest.KeyID("AKIA", awstest.Account) + "," + keys.SMTPPassword() + "\n",
		"git_credentials.csv":  "User Name,Password\nann-at-" + awstest.Account + "," + strings.NewReplacer("+", "a", "/", "b").Replace(keys.Base64(32)) + "\n",
		"ann_credentials.csv":  "User name,Password,Console sign-in URL\nann," + keys.Secret()[:14] + "!,https://" + awstest.Account + ".signin.aws.amazon.com/console\n",
		"link.txt":             keys.Signed(awstest.KeyID("ASIA", awstest.Account), "eu-west-1", "s3", signed, 3600) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(w.tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWithoutARole: ARN rules cannot be evaluated then, so that whatever they
// could name is not called.
func TestWithoutARole(t *testing.T) {
	w := newWorld(t)
	out, _ := w.scan(t, journal.ExitLeaks, "--format", "json")
	for name, got := range w.verdicts(t, out) {
		if signed, asked := w.calls(name); signed+asked > 0 {
			t.Errorf("%s: %d calls with it, %d about it", name, signed, asked)
		}
		if strings.Contains(got, "live") && !strings.Contains(got, "unconfirmed") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestPassiveAndDry(t *testing.T) {
	w := newWorld(t)
	out, said := w.scan(t, journal.ExitLeaks, "--verify", "passive", "--audit-profile", "ir", "--format", "json")
	got := w.verdicts(t, out)
	for name, want := range map[string]string{
		"admin.env": "high unconfirmed-c4 not-called passive", "reader.env": "medium unconfirmed-c3 not-called passive", "off.env": "info dead dead inactive",
		"dead.env": "medium unconfirmed-c2 not-called passive", "role.env": "medium unconfirmed-c2 not-called never-verify",
	} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
	for _, words := range []string{"its account lists it as active", "its account knows no such key"} {
		if !strings.Contains(out, words) {
			t.Errorf("%q is not said", words)
		}
	}
	if !strings.Contains(said, "only what your own role can read") {
		t.Errorf("%s", said)
	}
	for name := range w.keys {
		if signed, _ := w.calls(name); signed > 0 {
			t.Errorf("%s was called", name)
		}
	}
	before := len(w.fake.Calls())
	out, said = w.scan(t, journal.ExitLeaks, "--verify", "dry", "--audit-profile", "ir", "--format", "json")
	if n := len(w.fake.Calls()); n != before {
		t.Errorf("a dry run made %d calls", n-before)
	}
	if !strings.Contains(said, "dry run") {
		t.Errorf("%s", said)
	}
	for _, name := range untouchable {
		if got := w.verdicts(t, out)[name]; strings.Contains(got, "dry run") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if err := os.WriteFile(w.never, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ = w.scan(t, journal.ExitLeaks, "--verify", "dry", "--format", "json")
	if got := w.verdicts(t, out)["admin.env"]; !strings.Contains(got, "dry run") || !strings.Contains(out, "would be asked about at 127.0.0.1:") {
		t.Errorf("%s", got)
	}
}

// TestScopeSelf: only live keys of ours read anything, and only of themselves.
func TestScopeSelf(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(w.never, []byte(w.keys["never-id.env"].ID+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.aws.Denied = []string{"iam:ListMFADevices"}
	out, _ := w.scan(t, journal.ExitLeaks, "--scope", "self", "--format", "json", "--verify-foreign")
	got := w.verdicts(t, out)
	for name, want := range map[string]string{"admin.env": "critical live-c4 live", "reader.env": "high live-c3 live", "role.env": "critical live-c4 live"} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
	if signed, _ := w.calls("foreign.env"); signed != 1 {
		t.Errorf("foreign: %d calls", signed)
	}
	for _, name := range []string{"canary.env", "never-id.env"} {
		if signed, asked := w.calls(name); signed+asked > 0 {
			t.Errorf("%s: %d calls", name, signed)
		}
	}
	for _, a := range w.aws.Actions() {
		if !slices.ContainsFunc([]string{"iam:Get", "iam:List"}, func(p string) bool { return strings.HasPrefix(a, p) }) {
			t.Errorf("a found key did %s", a)
		}
	}
	if !strings.Contains(out, "iam:ListMFADevices: AccessDenied") {
		t.Error("what was refused is not said")
	}
}

// TestVerdictsAreCarriedOver: a key that another run asked about a moment ago is
// not asked about again.
func TestVerdictsAreCarriedOver(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(w.never, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	first, _ := w.scan(t, journal.ExitLeaks, "--format", "json")
	one, _ := w.calls("admin.env")
	again, _ := w.scan(t, journal.ExitLeaks, "--format", "json", "--verdict-max-age", "1h")
	if n, _ := w.calls("admin.env"); n != one || !strings.Contains(again, "asked by run ") {
		t.Errorf("asked %d times more", n-one)
	}
	a, b := w.verdicts(t, first), w.verdicts(t, again)
	for name := range w.keys {
		if a[name] != b[name] {
			t.Errorf("%s: first %q, then %q", name, a[name], b[name])
		}
	}
	w.scan(t, journal.ExitLeaks, "--format", "json", "--verdict-max-age", "1ns")
	if n, _ := w.calls("admin.env"); n != one+1 {
		t.Errorf("a verdict that is too old was taken over")
	}
}

func TestAuditThatCannotBegin(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{
		{"--audit-profile", "nobody"}, {"--verify", "passive"}, {"--audit-role", "x"}, {"--look-back"}, {"--known-addresses", "192.0.2.1"},
		{"--audit-profile", "ir", "--known-addresses", "192.0.2.1"}, {"--audit-profile", "ir", "--look-back", "--known-addresses", "x"},
		{"--account-map", w.never}, {"--proxy", "http://u:hunter2@p"}, {"--proxy", "ftp://p"}, {"--aws-partitions", "aws-mars"}, {"--aws-region", "mars-1"},
		{"--aws-fips", "--aws-endpoint", "", "--aws-region", "eu-west-1"}, {"--verify-rate", "0"}, {"--max-key-age", "0s"},
	} {
		_, said := w.scan(t, exitUsage, args...)
		if strings.Contains(said, "hunter2") {
			t.Error("a password was repeated")
		}
	}
	if len(w.fake.Calls()) > 0 {
		t.Error("somebody was asked")
	}
}
