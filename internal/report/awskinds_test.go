package report

import (
	"slices"
	"strings"
	"testing"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/verify"
)

// TestRemedyByKind: every kind has steps of its own, which name the user where
// he is known, and end in taking the thing away.
func TestRemedyByKind(t *testing.T) {
	leak := func(v verify.Verdict, kinds ...secret.Kind) *journal.Leak {
		l := &journal.Leak{KeyID: "an id", Verdict: v}
		for _, k := range kinds {
			l.Credentials = append(l.Credentials, journal.LeakCredential{Kind: k, Verdict: v})
		}
		l.Places = []journal.Place{{Sighting: journal.Sighting{Hints: detectors.Hints{Profile: "bob"}}}}
		return l
	}
	nobody := verify.Verdict{State: verify.Unverifiable, Why: verify.WhyNoVerifier}
	said := map[string]secret.Kind{}
	for _, kind := range []secret.Kind{
		secret.BedrockKey, secret.BedrockShortKey, secret.SMTPPassword, secret.CodeCommit, secret.ConsolePassword, secret.SSOToken, secret.LoginToken,
		secret.PresignedURL, secret.EKSToken, secret.ECRToken, secret.SigninURL, secret.CloudFrontKey, secret.SessionToken,
	} {
		steps := Remedy(leak(nobody, kind))
		if len(steps) < 2 {
			t.Errorf("%s: %d steps", kind, len(steps))
			continue
		}
		if other, ok := said[steps[0].Do+steps[0].Command]; ok {
			t.Errorf("%s and %s begin alike", kind, other)
		}
		said[steps[0].Do+steps[0].Command] = kind
		named := slices.ContainsFunc(steps, func(s Step) bool { return strings.Contains(s.Command, "--user-name bob") })
		if byUser := kind == secret.BedrockKey || kind == secret.CodeCommit || kind == secret.ConsolePassword; byUser != named {
			t.Errorf("%s: the user is named: %v", kind, named)
		}
	}
	expired := Remedy(leak(verify.Verdict{State: verify.Expired, Why: verify.WhySignedExpiry}, secret.PresignedURL))
	if !strings.Contains(expired[0].Do, "expired") {
		t.Errorf("an expired link: %s", expired[0].Do)
	}
	both := Remedy(leak(nobody, secret.SMTPPassword, secret.AccessKey))
	if strings.Contains(both[0].Do, "SMTP") {
		t.Error("the SMTP password hides the access key of the same id")
	}
}
