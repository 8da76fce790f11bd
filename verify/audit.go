package verify

import (
	"context"
	"slices"
	"strings"
	"time"

	"mislaid/internal/secret"
)

// audit is how far an entry's facts are.
type audit uint8

const (
	notAudited audit = iota
	auditDue         // comes up in the heap
	auditing
	audited
)

// wantAudit queues the reading of what the vendor's records say of a key id,
// once. A key that must not be touched is not looked up either.
func (q *Queue) wantAudit(e *entry, r Request) {
	if q.cfg.Auditor == nil || e.audit != notAudited || e.id == "" || !isKeyID(r.Credential.Kind) || !q.cfg.Rules.mayLookUp(r) {
		return
	}
	if e.index < 0 && e.calling == nil && len(q.waiting)+q.running >= q.cfg.Pending {
		return
	}
	e.audit = auditDue
	e.subject = Subject{KeyID: e.id, Account: r.Account, Hint: r.Partition}
	if e.index < 0 && e.calling == nil {
		q.push(e, time.Now())
	}
}

// isKeyID reports whether the id of a kind is that of an access key: the vendor
// keeps records by those. Others hold a user's name.
func isKeyID(k secret.Kind) bool {
	return k.Askable() || k == secret.KeyID || k == secret.SMTPPassword
}

// startAudit reads the facts of e, in a goroutine of its own. It takes a slot
// but no part in the pace: it is charged to the responder.
func (q *Queue) startAudit(ctx context.Context, e *entry) {
	q.pop()
	e.audit = auditing
	q.running++
	go func() {
		f := q.cfg.Auditor.Audit(ctx, e.subject)
		q.mu.Lock()
		q.finishAudit(ctx, e, f)
		q.mu.Unlock()
		q.nudge()
	}()
}

// finishAudit takes facts in, and decides whether the key is called at all.
func (q *Queue) finishAudit(ctx context.Context, e *entry, f Facts) {
	q.running--
	if q.ended || ctx.Err() != nil {
		return // what waits is answered as pending
	}
	e.audit, e.facts = audited, &f
	q.out = append(q.out, Answer{KeyID: e.id, Facts: &f})
	if v, ok := f.Settles(); ok && e.live == "" {
		q.settleWhole(e, v)
		return
	}
	if e.subject.ARN != "" {
		return // it was called before
	}
	for i := range e.pending {
		if e.pending[i].Account == "" {
			e.pending[i].Account = f.Account.ID
		}
	}
	q.pursue(e)
}

// pursue goes on with a key id whose facts are known, as far as the rules
// allow.
func (q *Queue) pursue(e *entry) {
	if len(e.pending) == 0 {
		return
	}
	if v, forbidden := q.judgeFacts(e, e.pending[0].Request); forbidden {
		e.whole = &v
		q.drop(e, v)
		return
	}
	if q.cfg.Verifier == nil {
		q.drop(e, q.idle(e))
		return
	}
	due := time.Now()
	if !e.called.IsZero() {
		due = later(due, e.called.Add(q.cfg.Gap))
	}
	q.push(e, due)
}

// judgeFacts judges by the account and the owner that the facts name.
func (q *Queue) judgeFacts(e *entry, r Request) (Verdict, bool) {
	rule, why := q.cfg.Rules.forbids(r)
	if rule == "" {
		rule, why = q.cfg.Rules.forbidsARN(r.Account, e.facts)
	}
	return Verdict{State: NotCalled, Why: rule, Account: r.Account, Detail: why}, rule != ""
}

// idle is the verdict of a key that is not called because nothing is.
func (q *Queue) idle(e *entry) Verdict {
	v := Verdict{State: NotCalled, Why: q.cfg.Off}
	if v.Why == "" {
		v.Why = WhyOff
	}
	if e.facts != nil {
		v.Account, v.ARN, v.Detail = e.facts.Account.ID, e.facts.Owner.ARN, e.facts.words()
	}
	return v
}

// words says what the facts say of the key's status.
func (f *Facts) words() string {
	switch f.Status {
	case KeyActive, KeyInactive:
		return "its account lists it as " + string(f.Status)
	case KeyAbsent:
		return "its account knows no such key"
	case KeyNotOurs:
		return "not a key of ours: " + f.Why
	}
	return "its status could not be read: " + f.Why
}

// auditOwner queues reading what the owner of a live key may do, where that was
// not found out by the key id: a session, a root key.
func (q *Queue) auditOwner(e *entry, v Verdict) {
	if q.cfg.Auditor == nil || v.ARN == "" || e.subject.ARN != "" || e.audit == auditing {
		return
	}
	if e.facts != nil && e.facts.Capability != nil && e.facts.Capability.Power != "nothing known" {
		return
	}
	if rule, _ := q.cfg.Rules.forbids(Request{Credential: secret.Credential{ID: e.id}, Account: v.Account}); rule != "" {
		return
	}
	e.audit = auditDue
	e.subject.KeyID, e.subject.Account, e.subject.ARN = e.id, v.Account, v.ARN
	q.push(e, time.Now())
}

// scope reads with a live key what it may read of itself, if that was asked
// for and no rule forbids it now that its owner is known.
func (q *Queue) scope(ctx context.Context, c candidate, v Verdict) *Facts {
	if q.cfg.Scoper == nil || v.State != Live {
		return nil
	}
	r := c.Request
	r.Account = v.Account
	if rule, _ := q.cfg.Rules.forbids(r); rule != "" || q.cfg.Rules.foreign(v.Account) {
		return nil
	}
	if rule, _ := q.cfg.Rules.forbidsARN(v.Account, &Facts{Owner: Owner{ARN: v.ARN}}); rule != "" {
		return nil
	}
	f := q.cfg.Scoper.Scope(ctx, r, v)
	return &f
}

// forbidsARN returns which ARN pattern forbids a call. A pattern that could
// name the owner and cannot be evaluated forbids it too.
func (r Rules) forbidsARN(account string, f *Facts) (rule, why string) {
	for _, never := range r.Never {
		never = strings.TrimSpace(never)
		if !strings.HasPrefix(never, "arn:") || !couldName(never, account) {
			continue
		}
		switch {
		case f != nil && f.Status == KeyAbsent && !nameLike(never, rootOf(never, account)):
			// No user has it, so it could at most be root's.
		case f == nil || f.Owner.ARN == "":
			return WhyNeverVerify, "the pattern " + never + " cannot be evaluated without asking, so it was not called"
		case nameLike(never, f.Owner.ARN):
			return WhyNeverVerify, "the pattern " + never + " names its owner " + f.Owner.ARN
		}
	}
	return "", ""
}

// rootOf is the ARN of an account's root user, in the partition that a pattern
// names.
func rootOf(pattern, account string) string {
	parts := strings.SplitN(pattern, ":", 3)
	if len(parts) < 3 {
		return pattern
	}
	return "arn:" + parts[1] + ":iam::" + account + ":root"
}

// nameLike matches an ARN part by part, as IAM's ArnLike does. A pattern with
// fewer parts is matched as a whole.
func nameLike(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) < 6 || len(parts) < 6 {
		return like(pattern, arn)
	}
	return !slices.ContainsFunc([]int{0, 1, 2, 3, 4, 5}, func(i int) bool { return !like(patterns[i], parts[i]) })
}

// like matches * and ? over every character.
func like(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
