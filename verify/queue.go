package verify

import (
	"cmp"
	"context"
	"sync"
	"time"

	"mislaid/internal/secret"
)

// Request asks for the verdict of one credential.
type Request struct {
	Credential  secret.Credential // the queue's from now on, and shared with nobody: it destroys it
	Score       int               // ranks the secrets of one key id, the highest first
	Account     string            // decoded from the key id offline, "" unknown
	Placeholder bool              // a published sample: never called
	Endpoint    string            // an S3-compatible store named beside the key: never sent to the vendor
	Partition   string            // hinted beside the key
	Expires     time.Time         // what it says of its own expiry; zero nothing
	Path        string            // of the place where it stands
}

// Config configures a Queue. Its zero value with a Verifier works.
type Config struct {
	Verifier Verifier      // nil: no key is called, every verdict is NotCalled(Off)
	Auditor  Auditor       // reads the facts of each key id once, before it is called; nil: nobody does
	Scoper   Scoper        // reads with a live key what it may read of itself; nil: nobody does
	Off      string        // why Verifier is nil. "": WhyOff
	Rules    Rules         //
	Pending  int           // key ids waiting; above it a credential stays Unknown(pending). 0: 20,000
	Parallel int           // key ids asked about at once. 0: 8
	Gap      time.Duration // at least this long between two secrets of one key id. 0: 6 s
	Tries    int           // secrets tried per key id. 0: 3
	PerSec   float64       // calls per second over all keys. 0: 20
	Account  float64       // calls per second that are charged to one account. 0: 5
	Budget   int           // calls of the Verifier in all. 0: no bound
	Known    []Answer      // what a journal already says; what it leaves unknown is asked again
	Carried  []Answer      // what other journals say: taken over, and answered again when the key turns up

	// Answer receives each verdict, once per credential, and the facts of each
	// key id, from one goroutine at a time, in Run. A later answer for the same
	// credential replaces an earlier one. It may call Submit.
	Answer func(Answer)
}

// Answer is the verdict of one credential. Fingerprint "" means all secrets of
// the key id: so come Dead and Expired. Live names the one secret that is.
// Where Facts is set the answer is about the key id, and holds no verdict.
type Answer struct {
	KeyID       string
	Fingerprint secret.Fingerprint
	Verdict     Verdict
	Facts       *Facts
}

// The pace that is not configured.
const (
	retryWait    = 2 * time.Second        // before the one retry, ± a fifth
	mostRetry    = time.Minute            // a server that asks for more is not waited for longer
	breakAfter   = 5                      // key ids that failed in a row on the network
	probeFirst   = 5 * time.Second        // then wait for this long and try one key
	probeEvery   = 30 * time.Second       // while that goes on failing
	stopPatience = 500 * time.Millisecond // for running calls when the context ends
)

// Queue asks about each key once. It holds one entry per key id in a
// time-ordered heap, the candidate secrets ranked inside: serial per key id,
// paced over all of them. A secret is destroyed as soon as it is not needed.
//
// The order for one key id is: the rules by id, account and path; the facts, if
// there is an Auditor, which are read before the key is touched because a call
// overwrites when it was last used; the rules by ARN; the call.
//
// One Live secret settles the others of its key id, which become Unknown(not
// tried); Dead and Expired hold for all of them. A mismatch is followed by the
// next best secret after Gap, because AWS goes on refusing a key id for five
// seconds after a wrong one.
//
// Submit and Close are safe for concurrent use.
type Queue struct {
	cfg  Config
	wake chan struct{} // holds one token when Run has something to look at

	mu       sync.Mutex
	entries  map[string]*entry // by key id; what was settled is remembered
	waiting  entryHeap
	running  int
	calls    int
	nextCall time.Time // the global pace allows no call before
	accounts map[string]accountPace
	breaker  breaker
	out      []Answer // to be delivered by Run
	closed   bool
	ended    bool // Run has returned
}

// NewQueue returns a Queue; Run makes it work.
func NewQueue(c Config) *Queue {
	c.Pending = cmp.Or(c.Pending, 20_000)
	c.Parallel = cmp.Or(c.Parallel, 8)
	c.Gap = cmp.Or(c.Gap, 6*time.Second)
	c.Tries = cmp.Or(c.Tries, 3)
	c.PerSec = cmp.Or(c.PerSec, 20)
	c.Account = cmp.Or(c.Account, 5)
	q := &Queue{
		cfg:      c,
		wake:     make(chan struct{}, 1),
		entries:  make(map[string]*entry),
		accounts: make(map[string]accountPace),
	}
	for _, a := range c.Known {
		q.recall(a)
	}
	for _, a := range c.Carried {
		q.carry(a)
	}
	q.cfg.Known, q.cfg.Carried = nil, nil
	return q
}

// Submit hands a credential over. It never blocks on the network and may be
// called before and during Run. After Run has returned it destroys what it is
// given, which then simply has no verdict.
func (q *Queue) Submit(r Request) {
	c := candidate{Request: r, print: r.Credential.Fingerprint(), token: digest(r.Credential.Token)}
	q.mu.Lock()
	if q.ended || !q.admit(c) {
		c.Credential.Destroy()
	}
	q.mu.Unlock()
	q.nudge()
}

// Close says that no Submit will follow.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.nudge()
}

// Run works until the queue was closed and is empty, or ctx ends; then what is
// left is answered Unknown(pending) and destroyed, and ctx's error returned. It
// may be called once.
func (q *Queue) Run(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		q.deliver()
		q.mu.Lock()
		next := q.dispatch(ctx)
		if len(q.out) > 0 {
			q.mu.Unlock()
			continue
		}
		if q.closed && q.running == 0 && len(q.waiting) == 0 {
			q.ended = true
			q.mu.Unlock()
			return nil
		}
		q.mu.Unlock()
		timer.Reset(next)
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-timer.C:
		}
	}
	q.abandon()
	return ctx.Err()
}

func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// deliver hands out the answers that have come up, without holding the lock.
func (q *Queue) deliver() {
	for {
		q.mu.Lock()
		out := q.out
		q.out = nil
		q.mu.Unlock()
		if len(out) == 0 {
			return
		}
		for _, a := range out {
			if q.cfg.Answer != nil {
				q.cfg.Answer(a)
			}
		}
	}
}

// abandon gives running calls a moment to notice that they were cancelled, and
// answers everything that is left.
func (q *Queue) abandon() {
	patience := time.After(stopPatience)
	for q.stillRunning() {
		select {
		case <-q.wake:
			continue
		case <-patience:
		}
		break
	}
	q.mu.Lock()
	q.ended = true
	for _, e := range q.entries {
		if c := e.calling; c != nil { // its secret is destroyed when the call returns
			q.answer(e, *c, Verdict{State: Unknown, Why: WhyPending, Account: c.Account})
		}
		q.drop(e, Verdict{State: Unknown, Why: WhyPending})
	}
	q.waiting = nil
	q.mu.Unlock()
	q.deliver()
}

func (q *Queue) stillRunning() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running > 0
}
