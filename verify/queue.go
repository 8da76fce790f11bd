package verify

import (
	"context"
	"time"

	"mislaid/internal/secret"
)

// Request asks for the verdict of one credential.
type Request struct {
	Credential  secret.Credential // the queue's from now on: it destroys it
	Score       int               // ranks the secrets of one key id
	Account     string            // decoded from the key id offline, "" unknown
	Placeholder bool              // a published sample: never called
	Endpoint    string            // an S3-compatible store named beside the key: never sent to the vendor
	Partition   string            // hinted beside the key
}

// Rules say which keys must not be called.
type Rules struct {
	Canaries    []string // account ids of known decoys
	Never       []string // key ids, account ids and ARN patterns that must never be called
	Accounts    []string // ours; when set, a key of another account is foreign
	CallForeign bool     // call foreign keys all the same
}

// Config configures a Queue. Its zero value with a Verifier works.
type Config struct {
	Verifier Verifier      // nil: verification is off, every verdict is NotCalled(WhyOff)
	Rules    Rules         //
	Pending  int           // entries held; above it a credential stays Unknown(pending). 0: 20,000
	Parallel int           // key ids asked about at once. 0: 8
	Gap      time.Duration // at least this long between two secrets of one key id. 0: 6 s
	Tries    int           // secrets tried per key id. 0: 3
	PerSec   float64       // calls per second over all keys. 0: 20
	Budget   int           // calls in all. 0: no bound
	Known    []Answer      // what a journal already says

	// Answer receives each verdict, once per credential, from one goroutine at
	// a time. A later answer for the same credential replaces an earlier one.
	Answer func(Answer)
}

// Answer is the verdict of one credential. Fingerprint "" means all secrets of
// the key id.
type Answer struct {
	KeyID       string
	Fingerprint secret.Fingerprint
	Verdict     Verdict
}

// Queue asks about each key once. It holds one entry per key id in a
// time-ordered heap, the candidate secrets ranked inside.
type Queue struct{}

// NewQueue returns a Queue; Run makes it work.
func NewQueue(c Config) *Queue { panic("stub") }

// Submit hands a credential over. It never blocks on the network and may be
// called before and during Run.
func (q *Queue) Submit(r Request) { panic("stub") }

// Close says that no Submit will follow.
func (q *Queue) Close() { panic("stub") }

// Run works until the queue was closed and is empty, or ctx ends; then what is
// left is answered Unknown(pending) and destroyed.
func (q *Queue) Run(ctx context.Context) error { panic("stub") }
