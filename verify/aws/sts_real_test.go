//go:build real && unix

package aws_test

import (
	"context"
	"testing"
	"time"

	"mislaid/internal/secret"
	"mislaid/verify"
	"mislaid/verify/aws"
	"mislaid/verify/awstest"
)

// versityAccount is what versitygw says of every key.
const versityAccount = "000000000000"

func TestReal(t *testing.T) {
	s := awstest.Start(t)
	wrong, wrongInactive, garbled, bare := s.Live, s.Inactive, s.Session, s.Session
	wrong.Secret, wrongInactive.Secret = awstest.Secret(), awstest.Secret()
	garbled.Token, bare.Token = awstest.Token(), ""
	stray := long(s.Live)
	stray.Credential.Token = secret.New([]byte(awstest.Token()))
	ahead := func(d time.Duration) aws.Config {
		return aws.Config{Clock: func() time.Time { return time.Now().Add(d) }}
	}
	for _, c := range []struct {
		name    string
		config  aws.Config
		request verify.Request
		state   verify.State
		why     string
		code    string
		arn     string
	}{
		{"live", aws.Config{}, long(s.Live), verify.Live, "", "", s.Live.ARN},
		{"live root", aws.Config{}, long(s.Root), verify.Live, "", "", s.Root.ARN},
		{"live, stray token", aws.Config{}, stray, verify.Live, "", "", s.Live.ARN},
		{"wrong secret", aws.Config{}, long(wrong), verify.Mismatch, "", "SignatureDoesNotMatch", ""},
		{"inactive", aws.Config{}, long(s.Inactive), verify.Dead, "", "InvalidClientTokenId", ""},
		{"inactive, wrong secret", aws.Config{}, long(wrongInactive), verify.Dead, "", "InvalidClientTokenId", ""},
		{"unknown id", aws.Config{}, long(newKey()), verify.Dead, "", "InvalidClientTokenId", ""},
		{"clock 20 min behind", ahead(-20 * time.Minute), long(s.Live), verify.Unknown, verify.WhyClock, "SignatureDoesNotMatch", ""},
		{"clock 20 min ahead", ahead(20 * time.Minute), long(s.Live), verify.Unknown, verify.WhyClock, "SignatureDoesNotMatch", ""},
		{"clock behind, wrong secret", ahead(-20 * time.Minute), long(wrong), verify.Unknown, verify.WhyClock, "SignatureDoesNotMatch", ""},
		{"clock 14 min behind", ahead(-14 * time.Minute), long(s.Live), verify.Live, "", "", s.Live.ARN},
		{"session", aws.Config{}, temporary(s.Session), verify.Live, "", "", s.Session.ARN},
		{"session, garbled token", aws.Config{}, temporary(garbled), verify.Unverifiable, verify.WhyBadToken, "InvalidClientTokenId", ""},
		{"session, no token", aws.Config{}, temporary(bare), verify.Unverifiable, verify.WhyNoToken, "", ""},
		{"GovCloud scope", aws.Config{Region: "us-gov-west-1"}, long(s.Live), verify.Unknown, verify.WhyConfiguration, "SignatureDoesNotMatch", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Endpoint = s.URL
			got := newVerifier(t, c.config).Verify(t.Context(), c.request)
			t.Logf("%s %s HTTP %d %s skew=%s: %s", got.State, got.Why, got.Status, got.Code, got.Skew, got.Detail)
			check(t, got, c.state, c.why)
			if got.Code != c.code || got.ARN != c.arn {
				t.Errorf("code %q, ARN %q", got.Code, got.ARN)
			}
			if got.State == verify.Live && got.Account != versityAccount {
				t.Errorf("account %q", got.Account)
			}
			if (got.Why == verify.WhyClock) != (got.Skew != "" && got.State == verify.Unknown) {
				t.Errorf("skew %q", got.Skew)
			}
			if c.why != verify.WhyNoToken && (got.RequestID == "" || got.Source == "") {
				t.Errorf("evidence is missing: %+v", got)
			}
		})
	}
}

func TestRealServerFrozenAndStopped(t *testing.T) {
	s := awstest.Start(t)
	v := newVerifier(t, aws.Config{Endpoint: s.URL, Timeout: time.Second})
	check(t, v.Verify(t.Context(), long(s.Live)), verify.Live, "")
	s.Freeze(t)
	got := v.Verify(t.Context(), long(s.Live))
	s.Thaw(t)
	check(t, got, verify.Unknown, verify.WhyNetwork)
	t.Logf("frozen: %s", got.Detail)
	if got.Detail != "timeout" || got.Source == "" {
		t.Errorf("frozen: %+v", got)
	}
	s.Stop()
	got = v.Verify(t.Context(), long(s.Live))
	check(t, got, verify.Unknown, verify.WhyNetwork)
	t.Logf("stopped: %s", got.Detail)
	got = v.Verify(t.Context(), long(s.Live)) // no old connection is left
	check(t, got, verify.Unknown, verify.WhyNetwork)
	if got.Detail != "connection refused" {
		t.Errorf("stopped: %+v", got)
	}
}

// TestRealRightSecretAfterWrong goes through the queue: the better ranked
// secret is wrong, the next one is asked about after the gap and is live.
func TestRealRightSecretAfterWrong(t *testing.T) {
	s := awstest.Start(t)
	const gap = 300 * time.Millisecond
	wrong := s.Live
	wrong.Secret = awstest.Secret()
	first, second := long(wrong), long(s.Live)
	first.Score, second.Score = 2, 1
	wrongPrint, rightPrint := first.Credential.Fingerprint(), second.Credential.Fingerprint()
	answers := map[secret.Fingerprint]verify.Verdict{}
	q := verify.NewQueue(verify.Config{
		Verifier: newVerifier(t, aws.Config{Endpoint: s.URL}), Gap: gap,
		Answer: func(a verify.Answer) { answers[a.Fingerprint] = a.Verdict },
	})
	q.Submit(second)
	q.Submit(first)
	q.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := q.Run(ctx); err != nil {
		t.Fatal(err)
	}
	check(t, answers[wrongPrint], verify.Mismatch, "")
	check(t, answers[rightPrint], verify.Live, "")
	if d := answers[rightPrint].Time.Sub(answers[wrongPrint].Time); d < gap {
		t.Errorf("the second secret was asked about after %v", d)
	}
	for _, r := range []verify.Request{first, second} {
		if !r.Credential.Secret.IsZero() {
			t.Error("a secret was not destroyed")
		}
	}
}
