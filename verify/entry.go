package verify

import (
	"container/heap"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"mislaid/internal/secret"
)

// candidate is one secret of a key id that may be called.
type candidate struct {
	Request
	print   secret.Fingerprint
	token   tokenDigest
	retried bool    // it was called once
	last    Verdict // what that call gave, if retried
}

// tokenDigest tells session tokens apart without keeping them: the fingerprint
// of a credential does not.
type tokenDigest [8]byte

func digest(token secret.Value) (d tokenDigest) {
	if !token.IsZero() {
		sum := sha256.Sum256(token.Reveal())
		copy(d[:], sum[:])
	}
	return d
}

// entry is everything known of one key id.
type entry struct {
	id      string
	whole   *Verdict           // holds for every secret
	live    secret.Fingerprint // the secret that is live, "" none
	said    map[secret.Fingerprint]said
	pending []candidate // the best first, never more than may be tried
	calling *candidate
	tried   int
	due     time.Time // not before; meaningful in the heap
	slotted bool      // due is a place in the account's pace
	called  time.Time // end of the last call that reached the vendor
	index   int       // in the heap; -1 outside
	audit   audit
	subject Subject // of the audit
	facts   *Facts  // nil: not read
	carried []Answer
}

// said is what was answered for a secret.
type said struct {
	state State
	why   string
	token tokenDigest
}

// asked reports whether the answer came of a call, so that no rule replaces it.
func (s said) asked() bool {
	switch s.state {
	case Unverifiable:
		return s.why == WhyBadToken
	case NotCalled:
		return false
	case Unknown:
		return s.why != WhyPending && s.why != WhyNotTried
	}
	return true
}

func (q *Queue) entry(id string) *entry {
	e := q.entries[id]
	if e == nil {
		e = &entry{id: id, index: -1, said: make(map[secret.Fingerprint]said)}
		q.entries[id] = e
	}
	return e
}

// recall takes over an answer of an earlier run. Rules are judged anew, and
// what is unknown is asked again; so is a session key whose token was refused,
// as this may be another token.
func (q *Queue) recall(a Answer) {
	if a.Facts != nil {
		if a.Facts.Status != "" {
			e := q.entry(a.KeyID)
			e.facts, e.audit = a.Facts, audited
		}
		return
	}
	if at := a.Verdict.Time; a.Verdict.Status != 0 && at.Before(time.Now()) {
		e := q.entry(a.KeyID)
		e.called = later(e.called, at)
	}
	if v := a.Verdict; !v.Settled() || v.State == NotCalled || v.State == Unverifiable {
		return
	}
	e := q.entry(a.KeyID)
	if a.Fingerprint != "" {
		e.said[a.Fingerprint] = said{state: a.Verdict.State, why: a.Verdict.Why}
	}
	switch {
	case isLive(a.Verdict) && a.Fingerprint != "":
		e.live = a.Fingerprint
	case a.Verdict.State != Mismatch:
		v := a.Verdict
		e.whole = &v
	}
}

// carry takes over an answer of another journal, unless ours says something
// already. It is answered when the key turns up.
func (q *Queue) carry(a Answer) {
	if e := q.entries[a.KeyID]; e != nil && (e.whole != nil || e.live != "" || len(e.said) > 0) && len(e.carried) == 0 {
		return
	}
	if a.Facts == nil && a.Verdict.State != Mismatch && !isLive(a.Verdict) && a.Verdict.State != Dead && a.Verdict.State != Expired {
		return
	}
	q.recall(a)
	e := q.entry(a.KeyID)
	e.carried = append(e.carried, a)
}

// repeat answers what was carried over.
func (q *Queue) repeat(e *entry) {
	q.out = append(q.out, e.carried...)
	e.carried = nil
}

func isLive(v Verdict) bool { return v.State == Live || v.State == LiveLimited }

// admit takes a candidate in, or answers it and returns false: then it is to
// be destroyed.
func (q *Queue) admit(c candidate) bool {
	e := q.entry(c.Credential.ID)
	q.repeat(e)
	verdict, judged := q.judge(e, c.Request)
	before, known := e.said[c.print]
	q.wantAudit(e, c.Request)
	if rule, why := q.cfg.Rules.forbids(c.Request); rule == WhyNeverVerify && e.id != "" {
		q.forbid(e, Verdict{State: NotCalled, Why: rule, Account: c.Account, Detail: why})
	}
	switch {
	case known && before.asked() && (judged || before.token == c.token || before.state != Unverifiable):
		return false
	case e.has(c):
		return false
	case e.live != "" && c.print != e.live && !judged:
		q.answer(e, c, Verdict{State: Unknown, Why: WhyNotTried, Account: c.Account, Detail: "another secret of this key id is live"})
		return false
	case e.whole != nil && (!judged || verdict.State == Unverifiable):
		if !isLive(*e.whole) {
			q.answer(e, c, *e.whole)
		}
		return false
	case judged:
		q.answer(e, c, verdict)
		return false
	}
	if v, refused := q.refuses(e, c); refused {
		q.answer(e, c, v)
		return false
	}
	return q.enqueue(e, c)
}

// judge judges a credential by what is known so far. Where facts are still to
// come, ARN patterns wait for them.
func (q *Queue) judge(e *entry, r Request) (Verdict, bool) {
	if q.cfg.Auditor == nil {
		return q.cfg.Rules.Judge(r)
	}
	if v, judged := q.cfg.Rules.judge(r); judged {
		return v, true
	}
	if e.audit == audited && e.facts != nil {
		return q.judgeFacts(e, r)
	}
	return Verdict{}, false
}

// forbid keeps a key id from being called for its other places too.
func (q *Queue) forbid(e *entry, v Verdict) {
	if e.whole == nil && e.live == "" {
		e.whole = &v
	}
	q.drop(e, v)
	if e.index >= 0 {
		heap.Remove(&q.waiting, e.index)
		if e.audit == auditDue {
			e.audit = notAudited
		}
	}
}

// refuses says why no candidate is taken in at all.
func (q *Queue) refuses(e *entry, c candidate) (Verdict, bool) {
	v := Verdict{State: NotCalled, Account: c.Account}
	facts := e.audit == auditDue || e.audit == auditing // they may settle it
	switch idle := len(e.pending) == 0 && e.calling == nil && !facts; {
	case q.cfg.Verifier == nil && !facts:
		v = q.idle(e)
	case q.spent():
		v.Why = WhyBudget
	case idle && len(q.waiting)+q.running >= q.cfg.Pending:
		v.State, v.Why = Unknown, WhyPending
	default:
		return v, false
	}
	return v, true
}

// has reports whether c waits or is being called, or waits with a token that c
// lacks.
func (e *entry) has(c candidate) bool {
	same := func(w candidate) bool {
		return w.print == c.print && (w.token == c.token || c.token == tokenDigest{})
	}
	return e.calling != nil && same(*e.calling) || slices.ContainsFunc(e.pending, same)
}

// enqueue ranks c among the secrets of its key id. As many are held as may
// still be tried; the worst beyond that is answered.
func (q *Queue) enqueue(e *entry, c candidate) bool {
	at := 0
	for at < len(e.pending) && (e.pending[at].retried || e.pending[at].Score >= c.Score) {
		at++
	}
	e.pending = slices.Insert(e.pending, at, c)
	room := q.cfg.Tries - e.tried
	if e.calling != nil {
		room--
	}
	kept := true
	for len(e.pending) > max(room, 0) {
		last := len(e.pending) - 1
		worst := e.pending[last]
		e.pending = slices.Delete(e.pending, last, last+1)
		q.answer(e, worst, q.notTried(worst))
		if worst.print == c.print && worst.token == c.token {
			kept = false
		} else {
			worst.Credential.Destroy()
		}
	}
	if e.calling == nil && e.index < 0 && e.audit != auditing && len(e.pending) > 0 {
		due := time.Now()
		if !e.called.IsZero() {
			due = later(due, e.called.Add(q.cfg.Gap))
		}
		q.push(e, due)
	}
	return kept
}

func (q *Queue) notTried(c candidate) Verdict {
	return Verdict{State: Unknown, Why: WhyNotTried, Account: c.Account,
		Detail: fmt.Sprintf("at most %d secrets of one key id are tried", q.cfg.Tries)}
}

// drop answers and destroys all secrets of e that wait. One that was called
// keeps what that call gave.
func (q *Queue) drop(e *entry, v Verdict) {
	for _, c := range e.pending {
		v.Account = c.Account
		switch {
		case c.print == e.live:
		case c.retried:
			q.answer(e, c, c.last)
		default:
			q.answer(e, c, v)
		}
		c.Credential.Destroy()
	}
	e.pending = nil
}

// answer queues a verdict for delivery, unless it was the last one said.
func (q *Queue) answer(e *entry, c candidate, v Verdict) {
	now := said{v.State, v.Why, c.token}
	if e.said[c.print] == now {
		return
	}
	e.said[c.print] = now
	q.out = append(q.out, Answer{KeyID: e.id, Fingerprint: c.print, Verdict: v})
}

func (q *Queue) push(e *entry, due time.Time) {
	e.due, e.slotted = due, false
	heap.Push(&q.waiting, e)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
