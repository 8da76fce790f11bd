package verify

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"time"
)

// idle is how long dispatch lets Run sleep when nothing is due.
const idle = time.Hour

// dispatch starts every call that may start now, and returns how long until
// another one may. It is called with the lock held and never blocks.
func (q *Queue) dispatch(ctx context.Context) time.Duration {
	for len(q.waiting) > 0 {
		e, now := q.waiting[0], time.Now()
		switch wait := e.due.Sub(now); {
		case wait > 0:
			return wait
		case e.audit == auditDue && q.running < q.cfg.Parallel:
			q.startAudit(ctx, e)
			continue
		case e.audit == auditDue:
			return idle // a call that ends wakes Run
		case q.spent():
			q.pop()
			q.drop(e, Verdict{State: NotCalled, Why: WhyBudget})
			continue
		case q.breaker.gaveUp(now):
			q.pop()
			q.drop(e, Verdict{State: Unknown, Why: WhyNetwork, Detail: "endpoint not reachable"})
			continue
		case q.breaker.blocks(now):
			return q.breaker.probe.Sub(now)
		case q.running >= q.cfg.Parallel:
			return idle // a call that ends wakes Run
		}
		if q.waitForAccount(e, now) {
			continue
		}
		if wait := q.nextCall.Sub(now); wait > 0 {
			return wait
		}
		q.nextCall = now.Add(time.Duration(float64(time.Second) / q.cfg.PerSec))
		q.breaker.calls(e.id, now)
		q.start(ctx, e)
	}
	return idle
}

func (q *Queue) pop() { heap.Pop(&q.waiting) }

func (q *Queue) spent() bool { return q.cfg.Budget > 0 && q.calls >= q.cfg.Budget }

// accountPace spaces the calls that are charged to one account.
type accountPace struct {
	slot time.Time // the next free place
	last time.Time // start of the last call
}

// waitForAccount reports whether e must wait for its account, and if so puts
// it back to its place in line. The place is taken once, so that thousands of
// keys of one account do not all come up at every turn; that calls really
// are spaced is checked again when the place has come.
func (q *Queue) waitForAccount(e *entry, now time.Time) bool {
	name := e.pending[0].Account
	if name == "" {
		return false
	}
	a := q.accounts[name]
	gap := time.Duration(float64(time.Second) / q.cfg.Account)
	at := later(now, a.last.Add(gap))
	if !e.slotted {
		at = later(at, a.slot)
		a.slot = at.Add(gap)
		q.accounts[name] = a
		e.slotted = true
	}
	if !at.After(now) {
		return false
	}
	e.due = at
	heap.Fix(&q.waiting, e.index)
	return true
}

// start calls the Verifier about the best secret of e, in a goroutine of its
// own, so that a call that hangs costs one slot.
func (q *Queue) start(ctx context.Context, e *entry) {
	q.pop()
	c := e.pending[0]
	e.pending = e.pending[1:]
	e.calling = &c
	if a, ok := q.accounts[c.Account]; ok {
		a.last = time.Now()
		q.accounts[c.Account] = a
	}
	q.running++
	q.calls++
	go func() {
		v := q.cfg.Verifier.Verify(ctx, c.Request)
		own := q.scope(ctx, c, v)
		q.mu.Lock()
		if own != nil && !q.ended && ctx.Err() == nil && (e.facts == nil || e.facts.Capability == nil || e.facts.Capability.Class == C2) {
			e.facts = own
			q.out = append(q.out, Answer{KeyID: e.id, Facts: own})
		}
		q.finish(ctx, e, c, v)
		q.mu.Unlock()
		q.nudge()
	}()
}

// finish takes a call's verdict in: it settles the key id, or queues its next
// secret, or the same one once more.
func (q *Queue) finish(ctx context.Context, e *entry, c candidate, v Verdict) {
	q.running--
	e.calling = nil
	if q.ended {
		c.Credential.Destroy()
		return
	}
	now := time.Now()
	reached := v.Status != 0 || v.Source != ""
	if reached || !transient(v) {
		e.called = now
	}
	if ctx.Err() == nil {
		q.breaker.note(e.id, v, now)
	} else if v.State == Unknown {
		v = Verdict{State: Unknown, Why: WhyPending, Account: c.Account}
	}
	if (transient(v) || q.doubtful(e, v)) && !c.retried {
		c.retried, c.last = true, v
		e.pending = append([]candidate{c}, e.pending...)
		q.push(e, q.retryAt(now, reached, v))
		return
	}
	e.tried++
	q.settle(e, c, v)
	c.Credential.Destroy()
	switch {
	case len(e.pending) == 0:
	case e.tried >= q.cfg.Tries:
		q.drop(e, q.notTried(c))
	default:
		q.push(e, later(now, e.called.Add(q.cfg.Gap)))
	}
	if e.audit == auditDue && e.index < 0 {
		q.push(e, now)
	}
}

// settle answers c, and whatever its verdict says of the other secrets.
func (q *Queue) settle(e *entry, c candidate, v Verdict) {
	switch v.State {
	case Live, LiveLimited:
		e.live = c.print
		q.answer(e, c, v)
		q.drop(e, Verdict{State: Unknown, Why: WhyNotTried, Detail: "another secret of this key id is live"})
		q.auditOwner(e, v)
	case Dead, Expired:
		e.said[c.print] = said{v.State, v.Why, c.token}
		q.settleWhole(e, v)
	default:
		q.answer(e, c, v)
	}
}

// settleWhole answers for all secrets of a key id.
func (q *Queue) settleWhole(e *entry, v Verdict) {
	e.whole = &v
	q.out = append(q.out, Answer{KeyID: e.id, Verdict: v})
	for _, c := range e.pending {
		c.Credential.Destroy()
	}
	e.pending = nil
}

// doubtful reports whether a refusal is to be heard twice: that of the only secret
// of a key id, which most likely is the right one. For five seconds after anybody
// tried a wrong secret AWS refuses the right one too.
func (q *Queue) doubtful(e *entry, v Verdict) bool {
	return v.State == Mismatch && e.tried == 0 && len(e.pending) == 0 && !q.spent()
}

func transient(v Verdict) bool {
	return v.State == Unknown && (v.Why == WhyNetwork || v.Why == WhyThrottled)
}

// retryAt says when to ask about the same secret again. Where the call may
// have reached the vendor, no key id is called twice within Gap.
func (q *Queue) retryAt(now time.Time, reached bool, v Verdict) time.Time {
	wait := retryWait - retryWait/5 + rand.N(2*retryWait/5)
	if reached {
		wait = max(wait, q.cfg.Gap)
	}
	return now.Add(max(wait, min(v.RetryAfter, mostRetry)))
}
