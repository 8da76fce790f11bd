package verify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mislaid/internal/secret"
	"mislaid/verify"
)

// TestOffline: what STS cannot be asked about is called in no case, and has
// expired only where it says so itself.
func TestOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Minute)
		for _, c := range []struct {
			kind    secret.Kind
			expires time.Time
			state   verify.State
			why     string
		}{
			{secret.PresignedURL, past, verify.Expired, verify.WhySignedExpiry},
			{secret.PresignedURL, future, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.PresignedURL, time.Time{}, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.EKSToken, past, verify.Expired, verify.WhySignedExpiry},
			{secret.RDSToken, past, verify.Expired, verify.WhySignedExpiry},
			{secret.BedrockShortKey, past, verify.Expired, verify.WhySignedExpiry},
			{secret.ECRToken, past, verify.Expired, verify.WhyDeclaredExpiry},
			{secret.SSOToken, past, verify.Unverifiable, verify.WhyNoVerifier}, // a refresh token beside it lives on
			{secret.LoginToken, past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.BedrockKey, past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.SMTPPassword, past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.CodeCommit, past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.ConsolePassword, past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.SigninURL, past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.CloudFrontKey, past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.SessionToken, past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.Kind("rule:ours"), past, verify.Unverifiable, verify.WhyNoVerifier},
			{secret.Kind(""), past, verify.Unverifiable, verify.WhyNoVerifier},
		} {
			r := verify.Request{Credential: secret.Credential{Kind: c.kind, ID: newID("AKIA"), Secret: newSecret()}, Expires: c.expires}
			v, judged := verify.Rules{CallForeign: true}.Judge(r)
			if !judged || v.State != c.state || v.Why != c.why {
				t.Errorf("%s: judged %v, %s (%s), want %s (%s)", c.kind, judged, v.State, v.Why, c.state, c.why)
			}
		}
		// A key is asked about whatever stands beside it: that proves nothing.
		r := verify.Request{Credential: longTerm(newID("AKIA")), Expires: past}
		if v, judged := (verify.Rules{}).Judge(r); judged {
			t.Errorf("a key beside an expiry is %s (%s)", v.State, v.Why)
		}
	})
}

// TestGuessable: a password that a person chose has no fingerprint to guess it by.
func TestGuessable(t *testing.T) {
	c := secret.Credential{Kind: secret.ConsolePassword, ID: "bob@1", Secret: newSecret()}
	if c.Fingerprint() != "" {
		t.Error("a console password has a fingerprint")
	}
	if c.Kind = secret.CodeCommit; c.Fingerprint() == "" {
		t.Error("a generated password has none")
	}
}
