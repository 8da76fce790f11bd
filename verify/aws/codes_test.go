package aws

import (
	"strings"
	"testing"

	"mislaid/verify"
)

// TestEveryRow names every row of the table, in its order, with an answer that
// it is for: a row without a test, or one that another row hides, fails.
func TestEveryRow(t *testing.T) {
	const denied = "User: arn:aws:iam::210987654321:user/a is not authorized to perform: sts:GetCallerIdentity with an explicit deny in a VPC endpoint policy"
	cases := []struct {
		code    string
		status  int
		message string
		state   verify.State
		why     string
		session verify.State // "" the same
	}{
		{"InvalidClientTokenId", 403, "The security token included in the request is invalid.", verify.Dead, "", verify.Unverifiable},
		{"SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.", verify.Mismatch, "", ""},
		{"SignatureDoesNotMatch", 403, "Signature expired: 20261124T000000Z is now earlier than 20261124T001000Z (20261124T002500Z - 15 min.)", verify.Unknown, verify.WhyClock, ""},
		{"SignatureDoesNotMatch", 403, "Signature not yet current: 20261124T010000Z is still later than …", verify.Unknown, verify.WhyClock, ""},
		{"SignatureDoesNotMatch", 403, "Credential should be scoped to a valid region. ", verify.Unknown, verify.WhyConfiguration, ""},
		{"RequestExpired", 400, "", verify.Unknown, verify.WhyClock, ""},
		{"RequestTimeTooSkewed", 403, "", verify.Unknown, verify.WhyClock, ""},
		{"ExpiredToken", 403, "The security token included in the request is expired", verify.Unknown, verify.WhyUnlisted, verify.Expired},
		{"ExpiredTokenException", 400, "", verify.Unknown, verify.WhyUnlisted, verify.Expired},
		{"AccessDenied", 403, denied, verify.LiveLimited, "", ""},
		{"AccessDeniedException", 403, denied, verify.LiveLimited, "", ""},
		{"RegionDisabledException", 403, "STS is not activated in this region for account:1", verify.Unknown, verify.WhyConfiguration, ""},
		{"OptInRequired", 403, "", verify.Unknown, verify.WhyConfiguration, ""},
		{"InvalidAction", 400, "", verify.Unknown, verify.WhyConfiguration, ""},
		{"IncompleteSignature", 400, "", verify.Unknown, verify.WhyOurBug, ""},
		{"MissingAuthenticationToken", 403, "", verify.Unknown, verify.WhyOurBug, ""},
		{"MissingAction", 400, "", verify.Unknown, verify.WhyOurBug, ""},
		{"MissingParameter", 400, "", verify.Unknown, verify.WhyOurBug, ""},
		{"MalformedQueryString", 404, "", verify.Unknown, verify.WhyOurBug, ""},
		{"InvalidQueryParameter", 400, "", verify.Unknown, verify.WhyOurBug, ""},
		{"ValidationError", 400, "", verify.Unknown, verify.WhyOurBug, ""},
		{"Throttling", 400, "Rate exceeded", verify.Unknown, verify.WhyThrottled, ""},
		{"ThrottlingException", 400, "", verify.Unknown, verify.WhyThrottled, ""},
		{"ThrottledException", 400, "", verify.Unknown, verify.WhyThrottled, ""},
		{"RequestLimitExceeded", 503, "", verify.Unknown, verify.WhyThrottled, ""},
		{"RequestThrottled", 400, "", verify.Unknown, verify.WhyThrottled, ""},
		{"TooManyRequestsException", 429, "", verify.Unknown, verify.WhyThrottled, ""},
		{"SlowDown", 503, "", verify.Unknown, verify.WhyThrottled, ""},
		{"InternalFailure", 500, "", verify.Unknown, verify.WhyNetwork, ""},
		{"InternalError", 500, "", verify.Unknown, verify.WhyNetwork, ""},
		{"ServiceUnavailable", 503, "", verify.Unknown, verify.WhyNetwork, ""},
		{"InvalidAccessKeyId", 403, "The Access Key Id you provided does not exist in our records.", verify.Unknown, verify.WhyConfiguration, ""},
		{"AuthFailure", 401, "", verify.Unknown, verify.WhyConfiguration, ""},
		{"UnrecognizedClientException", 400, "", verify.Unknown, verify.WhyConfiguration, ""},
		{"", 407, "", verify.Unknown, verify.WhyProxy, ""},
		{"", 429, "", verify.Unknown, verify.WhyThrottled, ""},
		{"SomethingNew", 502, "", verify.Unknown, verify.WhyNetwork, ""},
		{"", 302, "", verify.Unknown, verify.WhyProxy, ""},
		{"", 403, "", verify.Unknown, verify.WhyProxy, ""},
		{"SomethingNew", 403, "", verify.Unknown, verify.WhyUnlisted, ""},
	}
	if len(cases) != len(rows) {
		t.Fatalf("%d cases for %d rows", len(cases), len(rows))
	}
	for i, c := range cases {
		for j, r := range rows {
			if r.fits(c.code, c.status, c.message) {
				if j != i {
					t.Errorf("case %d (%s %d): row %d (%s) fits first", i, c.code, c.status, j, r.code)
				}
				break
			}
		}
		if got := meaning(c.code, c.status, c.message, false); got.state != c.state || got.why != c.why {
			t.Errorf("%s %d %q: %s (%s), want %s (%s)", c.code, c.status, c.message, got.state, got.why, c.state, c.why)
		}
		want := c.session
		if want == "" {
			want = c.state
		}
		if got := meaning(c.code, c.status, c.message, true); got.state != want {
			t.Errorf("session, %s %d: %s, want %s", c.code, c.status, got.state, want)
		}
	}
}

// TestNearMissesProveNothing: what is not exactly a listed answer is unknown.
func TestNearMissesProveNothing(t *testing.T) {
	for _, c := range []struct {
		code    string
		status  int
		message string
	}{
		{"InvalidClientTokenId", 200, ""},
		{"InvalidClientTokenId", 400, ""},
		{"invalidclienttokenid", 403, ""},
		{"SignatureDoesNotMatch", 403, "something else"},
		{"SignatureDoesNotMatch", 403, ""},
		{"AccessDenied", 403, "Access Denied"},
		{"AccessDenied", 200, "is not authorized to perform: sts:GetCallerIdentity"},
	} {
		for _, session := range []bool{false, true} {
			if got := meaning(c.code, c.status, c.message, session); got != unlisted {
				t.Errorf("%+v: %s (%s)", c, got.state, got.why)
			}
		}
	}
}

func FuzzInterpret(f *testing.F) {
	for _, r := range rows {
		f.Add(r.code, r.status, r.message, "token")
	}
	f.Fuzz(func(t *testing.T, code string, status int, message, token string) {
		v := verify.Verdict{Status: status}
		interpret(&v, code, message, token)
		switch v.State {
		case verify.Dead, verify.Mismatch, verify.LiveLimited:
			if status != 403 {
				t.Errorf("%s from HTTP %d", v.State, status)
			}
		case verify.Unverifiable, verify.Expired:
			if token == "" {
				t.Errorf("%s without a token", v.State)
			}
		case verify.Unknown:
		default:
			t.Errorf("an error made it %q", v.State)
		}
		if len(v.Code) >= 8 && strings.Contains(token, v.Code) {
			t.Error("the token was echoed")
		}
	})
}
