//go:build real && unix

package aws_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mislaid/verify"
	"mislaid/verify/aws"
	"mislaid/verify/aws/audit"
	"mislaid/verify/awstest"
)

// TestRealCLIAgainstTheFake lets AWS's own command line sign against the fake, so
// that the fake is known to be fair: it takes what the vendor's client signs, and
// refuses it for the reasons that it gives us.
func TestRealCLIAgainstTheFake(t *testing.T) {
	program := "/usr/bin/aws" // the distribution's, as make deps installs it
	if _, err := os.Stat(program); err != nil {
		if program, err = exec.LookPath("aws"); err != nil {
			t.Fatal("there is no aws command: make deps installs it")
		}
	}
	live, dead, off, session, over := newKey(), newKey(), newKey(), newSession(), newSession()
	off.Inactive, over.Expired = true, true
	began := time.Now() // on a busy machine the command needs more than the five seconds for which a refusal lasts
	fake := &awstest.Fake{Clock: func() time.Time { return began }}
	fake.Add(live, off, session, over)
	s := httptest.NewServer(fake)
	defer s.Close()
	wrong, garbled := live, session
	wrong.Secret, garbled.Token = awstest.Secret(), awstest.Token()
	for _, c := range []struct {
		name string
		key  awstest.Key
		says string // "" the identity
	}{
		{"live", live, ""},
		{"session", session, ""},
		{"dead", dead, "InvalidClientTokenId"},
		{"inactive", off, "InvalidClientTokenId"},
		{"garbled token", garbled, "InvalidClientTokenId"},
		{"expired", over, "ExpiredToken"},
		{"wrong secret", wrong, "SignatureDoesNotMatch"},
		{"right secret too soon", live, "SignatureDoesNotMatch"},
	} {
		cmd := exec.Command(program, "--endpoint-url", s.URL, "--region", "us-east-1", "sts", "get-caller-identity", "--output", "text")
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ACCESS_KEY_ID=" + c.key.ID, "AWS_SECRET_ACCESS_KEY=" + c.key.Secret, "AWS_SESSION_TOKEN=" + c.key.Token,
			"AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1",
		}
		if c.key.Token == "" {
			cmd.Env = append(cmd.Env[:4], cmd.Env[5:]...)
		}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		switch {
		case err != nil && !errors.As(err, &exit):
			t.Fatal(err)
		case c.says == "" && (err != nil || !strings.Contains(string(out), awstest.Account)):
			t.Errorf("%s: %s", c.name, out)
		case c.says != "" && (err == nil || !strings.Contains(string(out), c.says)):
			t.Errorf("%s: %s", c.name, out)
		}
	}
}

// TestRealAuditBeforeTheCall reads a key's owner, status and last use from a real
// IAM: as they were before the call, which the call then overwrites.
func TestRealAuditBeforeTheCall(t *testing.T) {
	s := awstest.Start(t)
	shared := "[profile ir]\nregion = us-east-1\nendpoint_url = " + s.URL + "\naws_access_key_id = " + s.Admin.ID + "\naws_secret_access_key = " + s.Admin.Secret + "\n"
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", path)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path+"none")
	a, err := audit.New(t.Context(), audit.Config{Profile: "ir"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := func(id string) verify.Facts {
		return a.Audit(t.Context(), verify.Subject{KeyID: id, Account: versityAccount})
	}
	before := ask(s.Live.ID)
	t.Logf("before: %s %+v owner %s, unread %v", before.Status, before.LastUsed, before.Owner.ARN, before.Unread)
	if before.Status != verify.KeyActive || before.Owner.Name != "alice" || before.LastUsed == nil || before.LastUsed.Service != "" {
		t.Errorf("before: %+v", before)
	}
	check(t, newVerifier(t, aws.Config{Endpoint: s.URL}).Verify(t.Context(), long(s.Live)), verify.Live, "")
	after := ask(s.Live.ID)
	t.Logf("after: %+v", after.LastUsed)
	if after.LastUsed == nil || after.LastUsed.Service != "sts" || time.Since(after.LastUsed.At) > time.Hour {
		t.Errorf("after: %+v", after.LastUsed)
	}
	if off := ask(s.Inactive.ID); off.Status != verify.KeyInactive {
		t.Errorf("inactive: %+v", off)
	}
	if none := ask(newKey().ID); none.Status == verify.KeyActive || none.Status == verify.KeyInactive {
		t.Errorf("unknown: %+v", none)
	}
}
