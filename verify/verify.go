// Package verify turns a credential into a verdict: it says what a verdict is,
// and queues credentials so that each key is asked about once, serially and
// politely.
//
// This package knows verdicts and the order of asking. It does not know any
// vendor's protocol, and it never decides on its own that a key is dead.
package verify

import (
	"context"
	"time"
)

// State is what is known of a credential.
type State string

// The states of a verdict. Dead needs proof; whatever is not proven is Unknown.
const (
	Live         State = "live"
	LiveLimited  State = "live-limited" // real and active, but the answer was cut by a policy on our path
	Dead         State = "dead"         // no active key in the partitions that were asked
	Expired      State = "expired"      // was a real temporary credential
	Mismatch     State = "mismatch"     // the key id is active, this secret is not its secret
	Unverifiable State = "unverifiable" // cannot be asked: a part is missing, or nobody can be
	NotCalled    State = "not-called"   // was not asked, by rule
	Unknown      State = "unknown"      // was asked or not, and nothing is known
)

// Reasons that go with NotCalled.
const (
	WhyPlaceholder  = "placeholder"
	WhyCanary       = "canary"
	WhyNeverVerify  = "never-verify"
	WhyForeign      = "foreign"
	WhyS3Compatible = "s3-compatible"
	WhyBudget       = "budget"
	WhyOff          = "verification off"
	WhyPassive      = "passive" // only what the responder's role can read was asked
	WhyDry          = "dry run"
)

// Reasons that go with Dead.
const (
	WhyInactive = "inactive" // the vendor's records say so: it was not called
)

// Reasons that go with Unknown.
const (
	WhyClock         = "clock"
	WhyThrottled     = "throttled"
	WhyNetwork       = "network"
	WhyProxy         = "proxy"
	WhyConfiguration = "configuration"
	WhyOurBug        = "our bug"
	WhyNotTried      = "not tried"
	WhyPending       = "pending"
	WhyUnlisted      = "unlisted answer"
)

// Reasons that go with Unverifiable.
const (
	WhyNoSecret = "no secret found"
	WhyNoID     = "no key id found"
	WhyNoToken  = "no session token found"
	WhyBadToken = "session token not accepted" // cut off, garbled, or of a partition that was not asked

	WhyNoVerifier = "no verifier for this kind" // nobody is asked, and nobody knows
)

// Reasons that go with Expired where nobody was asked.
const (
	WhySignedExpiry   = "its signed expiry has passed"   // proof: with another it would not be valid
	WhyDeclaredExpiry = "its declared expiry has passed" // it says so itself
)

// Verdict is what is known of one credential, with the evidence. It holds no
// secret and no response body.
type Verdict struct {
	State     State     `json:"state"`
	Why       string    `json:"why,omitempty"`
	Code      string    `json:"code,omitempty"`   // the vendor's error code
	Status    int       `json:"status,omitempty"` // HTTP
	Account   string    `json:"account,omitempty"`
	ARN       string    `json:"arn,omitempty"`
	UserID    string    `json:"user_id,omitempty"`
	Partition string    `json:"partition,omitempty"` // asked, or of the ARN
	Region    string    `json:"region,omitempty"`
	Endpoint  string    `json:"endpoint,omitempty"` // host that was asked
	RequestID string    `json:"request_id,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"` // ours, so that responders can subtract our calls
	Source    string    `json:"source,omitempty"`     // our address as the socket saw it
	Time      time.Time `json:"time,omitzero"`
	Skew      string    `json:"skew,omitempty"` // our clock minus the server's, where it matters
	Detail    string    `json:"detail,omitempty"`

	RetryAfter time.Duration `json:"-"` // how long the server asked us to wait; 0 it did not
}

// Settled reports whether asking again would tell nothing new.
func (v Verdict) Settled() bool {
	switch v.State {
	case Live, LiveLimited, Dead, Expired, Mismatch, Unverifiable:
		return true
	case NotCalled:
		switch v.Why {
		case WhyBudget, WhyOff, WhyPassive, WhyDry:
			return false
		}
		return true
	}
	return false
}

// Verifier asks a vendor about one credential. It never fails: Unknown carries
// its reason, and WhyNetwork or WhyThrottled say that asking again may help. It
// returns soon after ctx ends, and neither keeps nor destroys the credential.
// Safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, r Request) Verdict
}
