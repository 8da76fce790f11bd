package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mislaid/internal/journal"
	"mislaid/verify/awstest"
)

// TestWhatPeersGetWrong scans keys that all are alive, and whose questions are
// answered by what lies between a scanner and AWS. None of them is called dead or
// live on such an answer, and nothing follows where an answer leads.
func TestWhatPeersGetWrong(t *testing.T) {
	w := newWorld(t)
	w.tree = filepath.Join(w.dir, "between")
	elsewhere := false
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			elsewhere = elsewhere || strings.Contains(r.URL.Path, "elsewhere")
			rw.Header().Set("Content-Type", kind)
			rw.Header().Set("Location", "/elsewhere")
			rw.WriteHeader(status)
			_, _ = io.WriteString(rw, body)
		}
	}
	const page = "<html><body>Sign in to the guest network</body></html>"
	want := map[string]string{}
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want string
	}{
		"page200.env":     {answer(200, "text/html", page), "unknown proxy"},
		"page403.env":     {answer(403, "text/html", page), "unknown proxy"},
		"empty200.env":    {answer(200, "text/xml", ""), "unknown proxy"},
		"redirect.env":    {answer(302, "text/html", ""), "unknown proxy"},
		"proxy407.env":    {answer(407, "text/html", page), "unknown proxy"},
		"s3.env":          {answer(403, "application/xml", "<Error><Code>InvalidAccessKeyId</Code><Message>x</Message></Error>"), "unknown configuration"},
		"s3mismatch.env":  {answer(403, "application/xml", "<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. Check your key and signing method.</Message></Error>"), "unknown unlisted answer"},
		"gateway.env":     {answer(403, "application/json", `{"message":"Forbidden"}`), "unknown proxy"},
		"suspended.env":   {awstest.Error(403, "AccountSuspended", "x"), "unknown unlisted answer"},
		"region.env":      {awstest.Error(403, "RegionDisabledException", "x"), "unknown configuration"},
		"future.env":      {awstest.Error(403, "SignatureDoesNotMatch", "Signature not yet current: 20261125T153000Z is still later than 20261125T151500Z (20261125T151000Z + 5 min.)"), "unknown clock"},
		"past.env":        {awstest.Error(403, "SignatureDoesNotMatch", "Signature expired: 20261125T150000Z is now earlier than 20261125T151500Z (20261125T153000Z - 15 min.)"), "unknown clock"},
		"deniedother.env": {awstest.Error(403, "AccessDenied", "Access Denied"), "unknown unlisted answer"},
		"endpoint.env": {awstest.Error(403, "AccessDenied", "User: arn:aws:iam::"+awstest.Account+":user/ann is not authorized to perform: sts:GetCallerIdentity with an explicit deny in a VPC endpoint policy"),
			"live-limited"},
	} {
		k := awstest.Key{ID: awstest.KeyID("AKIA", awstest.Account), Secret: awstest.Secret(), ARN: "arn:aws:iam::" + awstest.Account + ":user/ann"}
		w.keys[name] = k
		w.fake.Add(k)
		w.fake.Script(k.ID, c.h)
		want[name] = c.want
		text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", k.ID, k.Secret)
		if err := os.MkdirAll(w.tree, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(w.never, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := w.scan(t, journal.ExitLeaks, "--format", "json")
	got := w.verdicts(t, out)
	for name := range want {
		if !strings.HasSuffix(got[name], want[name]) {
			t.Errorf("%s: %s, want %s", name, got[name], want[name])
		}
		if rule := strings.Fields(got[name]); len(rule) > 1 && strings.HasPrefix(rule[1], "live") != (name == "endpoint.env") {
			t.Errorf("%s: judged by %s", name, rule[1])
		}
	}
	if elsewhere {
		t.Error("a redirect was followed")
	}
}
