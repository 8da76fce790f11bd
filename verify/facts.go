package verify

import (
	"context"
	"time"
)

// Status is what the vendor's own records say of a key, read without touching
// the key.
type Status string

// The statuses of a key.
const (
	KeyActive   Status = "active"
	KeyInactive Status = "inactive"
	KeyAbsent   Status = "absent"   // its account knows no such key: deleted, or never there
	KeyNotOurs  Status = "not ours" // of an account that the responder's role does not cover
	KeyUnread   Status = "unread"   // could not be found out
)

// Subject is what an Auditor is asked about.
type Subject struct {
	KeyID   string
	Account string // decoded from the key id, or of the verdict; "" unknown
	ARN     string // who a call said it is; "" before any call
	Hint    string // partition named beside it
}

// Auditor reads what a vendor's records say of a key and of its owner, with the
// responder's own read-only credentials. It never uses the key, whose evidence
// of last use stays as it was. It does not fail: what could not be read is
// said. Safe for concurrent use.
type Auditor interface {
	Audit(ctx context.Context, s Subject) Facts
}

// Scoper reads with a live key what that key may read of itself, and nothing
// else. Safe for concurrent use.
type Scoper interface {
	Scope(ctx context.Context, r Request, v Verdict) Facts
}

// Facts is what is known of a key besides its verdict. It holds no secret.
type Facts struct {
	Status   Status    `json:"status,omitempty"`
	Why      string    `json:"why,omitempty"` // what kept us from reading it
	By       string    `json:"by,omitempty"`  // who read it: the ARN of the responder's role, or "the key itself"
	Read     time.Time `json:"read,omitzero"`
	Account  Account   `json:"account,omitzero"`
	Owner    Owner     `json:"owner,omitzero"`
	Created  time.Time `json:"created,omitzero"` // of the key
	LastUsed *LastUse  `json:"last_used,omitempty"`
	OtherIDs []OtherID `json:"other_keys,omitempty"`

	Capability *Capability `json:"capability,omitempty"`
	Findings   []Finding   `json:"findings,omitempty"`
	Calls      []AuditCall `json:"calls,omitempty"`    // events in the vendor's log that are not ours
	Unread     []string    `json:"unread,omitempty"`   // reads that were refused or failed: nothing known, never "low"
	LogRead    *LogRead    `json:"log_read,omitempty"` // how far back the vendor's log was read
}

// Account is what is known of an account.
type Account struct {
	ID           string `json:"id,omitempty"`
	Name         string `json:"name,omitempty"`
	Alias        string `json:"alias,omitempty"`
	Owner        string `json:"owner,omitempty"`
	Tier         string `json:"tier,omitempty"` // prod raises the severity by one step
	Organization string `json:"organization,omitempty"`
	Management   bool   `json:"management,omitempty"` // the management account of its organisation: raises too
	Users        *int   `json:"iam_users,omitempty"`  // how many IAM users it has
}

// Owner is the identity that a key belongs to.
type Owner struct {
	Kind      string            `json:"kind,omitempty"` // user, role, root, federated user
	Name      string            `json:"name,omitempty"`
	ARN       string            `json:"arn,omitempty"`
	Created   time.Time         `json:"created,omitzero"`
	Groups    []string          `json:"groups,omitempty"`
	Policies  []string          `json:"policies,omitempty"` // by name, with where they hang
	Boundary  string            `json:"boundary,omitempty"`
	MFA       *bool             `json:"mfa,omitempty"`     // nil: not known
	Console   *bool             `json:"console,omitempty"` // has a console password
	ConsoleAt time.Time         `json:"console_last_used,omitzero"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// LastUse is where a key was last used. Service "" means: never.
type LastUse struct {
	At      time.Time `json:"at,omitzero"`
	Region  string    `json:"region,omitempty"`
	Service string    `json:"service,omitempty"`
}

// OtherID is another key of the same owner.
type OtherID struct {
	ID      string    `json:"id"`
	Status  Status    `json:"status"`
	Created time.Time `json:"created,omitzero"`
}

// Class is how much an identity can do.
type Class string

// The classes of capability. Nothing known is not little: it is its own class.
const (
	C4 Class = "C4" // root, administrator, privilege escalation or persistence
	C3 Class = "C3" // reaches data
	C2 Class = "C2" // nothing known
	C1 Class = "C1" // proven harmless
)

// Capability is what an identity can do, as far as its policies were read.
type Capability struct {
	Class  Class    `json:"class"`
	Power  string   `json:"power"`            // root, administrator, privilege escalation, persistence, data, nothing known, harmless
	Words  string   `json:"words"`            // a sentence
	Paths  []Path   `json:"paths,omitempty"`  // to more power, or to staying
	Data   []Path   `json:"data,omitempty"`   // what data it reaches
	Limits []string `json:"limits,omitempty"` // what this does not take into account
}

// Path is one way to use an identity.
type Path struct {
	ID     string   `json:"id"`
	Words  string   `json:"words"`
	Needs  []string `json:"needs"`  // the actions that it takes
	Result string   `json:"result"` // allowed, conditional, unknown
	By     []string `json:"by,omitempty"`
}

// Finding is one bad habit of keeping keys, with its evidence.
type Finding struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Evidence string `json:"evidence"`
}

// AuditCall is one use of the key in the vendor's log.
type AuditCall struct {
	At        time.Time `json:"at"`
	Name      string    `json:"name"` // service:Event
	Source    string    `json:"source,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
	Region    string    `json:"region,omitempty"`
	Error     string    `json:"error,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Explained string    `json:"explained,omitempty"` // the range that explains its address; "" nobody does
}

// LogRead says how far the vendor's log was read.
type LogRead struct {
	Regions []string  `json:"regions"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Events  int       `json:"events"`
	Cut     bool      `json:"cut,omitempty"` // there were more
}

// Settles reports whether the facts alone prove a verdict, so that the key need
// not be called.
func (f Facts) Settles() (Verdict, bool) {
	if f.Status != KeyInactive {
		return Verdict{}, false
	}
	return Verdict{
		State: Dead, Why: WhyInactive, Account: f.Account.ID, ARN: f.Owner.ARN, Time: f.Read,
		Detail: "IAM lists it as inactive, read by " + f.By + "; whoever may change keys there can switch it on again",
	}, true
}
