package aws

import (
	"regexp"
	"strings"

	"mislaid/verify"
)

// outcome is what an answer means.
type outcome struct {
	state  verify.State
	why    string
	detail string
}

var (
	noActiveKey = outcome{state: verify.Dead}
	badToken    = outcome{verify.Unverifiable, verify.WhyBadToken, "cut off, garbled, revoked, or of another partition"}
	mismatch    = outcome{verify.Mismatch, "", "the key id is active; this is not its secret"}
	expired     = outcome{state: verify.Expired}
	limited     = outcome{verify.LiveLimited, "", "a policy on our network path forbids the question; the key itself is active"}
	ourClock    = outcome{verify.Unknown, verify.WhyClock, "our clock is off by more than AWS allows"}
	throttled   = outcome{verify.Unknown, verify.WhyThrottled, ""}
	serverError = outcome{verify.Unknown, verify.WhyNetwork, "the server failed"}
	wrongPlace  = outcome{verify.Unknown, verify.WhyConfiguration, "this endpoint or region does not serve the question"}
	otherThing  = outcome{verify.Unknown, verify.WhyConfiguration, "another service than STS answered"}
	ourBug      = outcome{verify.Unknown, verify.WhyOurBug, "the request arrived incomplete: our bug, or a proxy that changes requests"}
	notSTS      = outcome{verify.Unknown, verify.WhyProxy, "not an answer of STS: a proxy, a login page or a filter"}
	unlisted    = outcome{verify.Unknown, verify.WhyUnlisted, ""}
)

// row says what one answer means. The first row that fits counts.
type row struct {
	code    string  // "" an answer without an error code, "*" any
	status  int     // HTTP status; 3 and 5 mean the class; 0 any
	message string  // words in the message; "" any
	meaning outcome //
	session outcome // for a key that was sent with a session token; zero: the same
}

// rows is every answer of STS that we know the meaning of (AWS STS API
// reference, common errors and GetCallerIdentity; AWS IAM user guide,
// troubleshooting signatures). What is not in it is Unknown(unlisted answer),
// never Dead.
//
// InvalidClientTokenId means that no active key has this id in this partition:
// deleted, inactive, or never there. With a session token it may as well mean
// that the token was cut off or garbled, and an expired one is called so: hence
// Unverifiable. The three kinds of SignatureDoesNotMatch share a code, and only
// the message tells our clock from a wrong secret; S3, and stores like it, use the
// same code with other words. The spellings of other
// services mean that we are not talking to STS, so they prove nothing.
var rows = []row{
	{"InvalidClientTokenId", 403, "", noActiveKey, badToken},
	{"SignatureDoesNotMatch", 403, "does not match the signature you provided. Check your AWS Secret Access Key", mismatch, outcome{}},
	{"SignatureDoesNotMatch", 0, "Signature expired", ourClock, outcome{}},
	{"SignatureDoesNotMatch", 0, "Signature not yet current", ourClock, outcome{}},
	{"SignatureDoesNotMatch", 0, "Credential should be scoped to", wrongPlace, outcome{}},
	{"RequestExpired", 0, "", ourClock, outcome{}},
	{"RequestTimeTooSkewed", 0, "", ourClock, outcome{}},
	{"ExpiredToken", 0, "", unlisted, expired},
	{"ExpiredTokenException", 0, "", unlisted, expired},
	{"AccessDenied", 403, "is not authorized to perform: sts:GetCallerIdentity", limited, outcome{}},
	{"AccessDeniedException", 403, "is not authorized to perform: sts:GetCallerIdentity", limited, outcome{}},
	{"RegionDisabledException", 0, "", wrongPlace, outcome{}},
	{"OptInRequired", 0, "", wrongPlace, outcome{}},
	{"InvalidAction", 0, "", wrongPlace, outcome{}},
	{"IncompleteSignature", 0, "", ourBug, outcome{}},
	{"MissingAuthenticationToken", 0, "", ourBug, outcome{}},
	{"MissingAction", 0, "", ourBug, outcome{}},
	{"MissingParameter", 0, "", ourBug, outcome{}},
	{"MalformedQueryString", 0, "", ourBug, outcome{}},
	{"InvalidQueryParameter", 0, "", ourBug, outcome{}},
	{"ValidationError", 0, "", ourBug, outcome{}},
	{"Throttling", 0, "", throttled, outcome{}},
	{"ThrottlingException", 0, "", throttled, outcome{}},
	{"ThrottledException", 0, "", throttled, outcome{}},
	{"RequestLimitExceeded", 0, "", throttled, outcome{}},
	{"RequestThrottled", 0, "", throttled, outcome{}},
	{"TooManyRequestsException", 0, "", throttled, outcome{}},
	{"SlowDown", 0, "", throttled, outcome{}},
	{"InternalFailure", 0, "", serverError, outcome{}},
	{"InternalError", 0, "", serverError, outcome{}},
	{"ServiceUnavailable", 0, "", serverError, outcome{}},
	{"InvalidAccessKeyId", 0, "", otherThing, outcome{}},
	{"AuthFailure", 0, "", otherThing, outcome{}},
	{"UnrecognizedClientException", 0, "", otherThing, outcome{}},
	{"", 407, "", outcome{verify.Unknown, verify.WhyProxy, "the proxy wants to know who we are"}, outcome{}},
	{"*", 429, "", throttled, outcome{}},
	{"*", 5, "", serverError, outcome{}},
	{"", 3, "", outcome{verify.Unknown, verify.WhyProxy, "sent elsewhere, which is not followed"}, outcome{}},
	{"", 0, "", notSTS, outcome{}},
	{"*", 0, "", unlisted, outcome{}},
}

// meaning looks an answer up.
func meaning(code string, status int, message string, session bool) outcome {
	for _, r := range rows {
		if !r.fits(code, status, message) {
			continue
		}
		if session && r.session != (outcome{}) {
			return r.session
		}
		return r.meaning
	}
	return unlisted
}

func (r row) fits(code string, status int, message string) bool {
	return (r.code == "*" || r.code == code) &&
		(r.status == 0 || r.status == status || r.status < 10 && r.status == status/100) &&
		strings.Contains(message, r.message)
}

var (
	codeShape      = regexp.MustCompile(`^[A-Za-z0-9._:-]+$`)
	requestIDShape = regexp.MustCompile(`^[A-Za-z0-9._=/+-]+$`)
	accountShape   = regexp.MustCompile(`^\d{12}$`)
	userIDShape    = regexp.MustCompile(`^[A-Za-z0-9+=,.@_:-]+$`)
	arnInMessage   = regexp.MustCompile(`arn:[a-z0-9-]+:(?:iam|sts)::\d{12}:[A-Za-z0-9+=,.@_/-]+`)
)

// The longest answers that are recorded, in bytes. Lengths are no part of the
// shapes, because a counted repetition costs a program's start.
const (
	maxCode   = 64
	maxUserID = 256
)

// clean returns s if it has the shape and repeats nothing of the session
// token, which a server could echo; else "".
func clean(s string, shape *regexp.Regexp, token string) string {
	if len(s) > maxCode || !shape.MatchString(s) || len(s) >= 8 && strings.Contains(token, s) {
		return ""
	}
	return s
}
