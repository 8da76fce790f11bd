//go:build real

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mislaid/internal/journal"
	"mislaid/verify/awstest"
)

// TestScanAsksTheRealServer runs the whole job on a directory against a server
// that checks signatures: each kind of key gets its verdict, its owner and the
// severity that goes with who could read it.
func TestScanAsksTheRealServer(t *testing.T) {
	server := awstest.Start(t)
	dir := openDirectory(t)
	want := make(map[string]string)
	put := func(name string, mode os.FileMode, id, verdict string, lines ...string) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		want[id] = verdict
	}
	pair := func(id, secret string) []string {
		return []string{"[default]", "aws_access_key_id = " + id, "aws_secret_access_key = " + secret}
	}
	live, root, session, off := server.Live, server.Root, server.Session, server.Inactive
	put("shared.env", 0o644, live.ID, "high live  "+live.ARN, pair(live.ID, live.Secret)...)
	put("root.env", 0o600, root.ID, "critical live  "+root.ARN, pair(root.ID, root.Secret)...)
	put("session.env", 0o600, session.ID, "medium live  "+session.ARN, append(pair(session.ID, session.Secret), "aws_session_token = "+session.Token)...)
	put("off.env", 0o644, off.ID, "info dead InvalidClientTokenId ", pair(off.ID, off.Secret)...)
	unknown := awstest.KeyID("AKIA", "029608264753")
	put("unknown.env", 0o644, unknown, "info dead InvalidClientTokenId ", pair(unknown, awstest.Secret())...)

	report := func(args ...string) map[string]string {
		t.Helper()
		env := []string{"HOME=" + t.TempDir(), "TERM=dumb", "MISLAID_AWS_ENDPOINT=" + server.URL}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append([]string{"scan", "--format", "json", dir}, args...), env, strings.NewReader(""), &stdout, &stderr); code != journal.ExitLeaks {
			t.Fatalf("exit code %d\n%s", code, stderr.Bytes())
		}
		var r struct {
			Leaks []struct {
				ID, Severity string
				Verdict      struct{ State, Code, ARN string }
			}
		}
		if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for _, l := range r.Leaks {
			got[l.ID] = fmt.Sprint(l.Severity, " ", l.Verdict.State, " ", l.Verdict.Code, " ", l.Verdict.ARN)
		}
		return got
	}
	if diff := cmp.Diff(want, report()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	put("shared.env", 0o644, live.ID, "medium mismatch SignatureDoesNotMatch ", pair(live.ID, awstest.Secret())...)
	if diff := cmp.Diff(want, report()); diff != "" {
		t.Errorf("with a wrong secret (-want +got)\n%s", diff)
	}
	server.Stop()
	for id, got := range report() {
		if !strings.Contains(got, " unknown ") {
			t.Errorf("the server is gone, and %s is %s", id, got)
		}
	}
}
