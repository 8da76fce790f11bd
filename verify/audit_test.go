package verify_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/internal/secret"
	"mislaid/verify"
)

// registry plays the vendor's records.
type registry struct {
	mu    sync.Mutex
	facts map[string]verify.Facts
	asked []verify.Subject
	at    []time.Time
	took  time.Duration
}

func (r *registry) Audit(ctx context.Context, s verify.Subject) verify.Facts {
	select {
	case <-time.After(r.took):
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.at = append(r.asked, s), append(r.at, time.Now())
	f, ok := r.facts[s.KeyID+s.ARN]
	if !ok {
		f = verify.Facts{Status: verify.KeyUnread, Why: "x"}
	}
	return f
}

func (r *registry) count(id string) (n int) {
	for _, s := range r.asked {
		if s.KeyID == id {
			n++
		}
	}
	return n
}

func active(arn string) verify.Facts {
	return verify.Facts{Status: verify.KeyActive, By: "r", Owner: verify.Owner{Kind: "user", ARN: arn}, Capability: &verify.Capability{Class: verify.C3, Power: "data"}}
}

func (b *book) facts(id string) (all []verify.Facts) {
	for _, a := range b.all {
		if a.KeyID == id && a.Facts != nil {
			all = append(all, *a.Facts)
		}
	}
	return all
}

// TestFactsComeFirst: what the records say of a key is read once, before it is
// called, and decides.
func TestFactsComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		r := &registry{facts: map[string]verify.Facts{}, took: time.Second}
		ids := map[string]string{}
		var requests []verify.Request
		add := func(name string, f *verify.Facts, edit func(*verify.Request)) {
			q := verify.Request{Credential: longTerm(newID("AKIA")), Account: account(1)}
			if edit != nil {
				edit(&q)
			}
			ids[name] = q.Credential.ID
			if f != nil {
				r.facts[q.Credential.ID] = *f
			}
			if !q.Credential.Secret.IsZero() {
				v.right[q.Credential.ID] = q.Credential.Fingerprint()
			}
			requests = append(requests, q)
		}
		inactive, absent, decoy := verify.Facts{Status: verify.KeyInactive, By: "r"}, verify.Facts{Status: verify.KeyAbsent}, active("arn:aws:iam::"+account(1)+":user/decoys/bait")
		plain := active("arn:aws:iam::" + account(1) + ":user/ann")
		learnt := active("arn:aws:iam::" + account(9) + ":user/old")
		learnt.Account.ID = account(9)
		add("active", &plain, nil)
		add("inactive", &inactive, nil)
		add("absent", &absent, nil)
		add("decoy", &decoy, nil)
		add("unread", nil, nil)
		add("never", &plain, func(q *verify.Request) { q.Account = account(3) })
		add("canary", &plain, func(q *verify.Request) { q.Account = account(4) })
		add("learnt to be a canary", &learnt, func(q *verify.Request) { q.Account = "" })
		add("in a place to leave alone", &plain, func(q *verify.Request) { q.Path = "/srv/decoys/x.env" })
		add("sample", &plain, func(q *verify.Request) { q.Placeholder = true })
		add("of a store", &plain, func(q *verify.Request) { q.Endpoint = "minio" })
		add("alone", &inactive, func(q *verify.Request) {
			q.Credential.Kind, q.Credential.Secret = secret.KeyID, secret.Value{}
		})
		b := run(t, verify.Config{Verifier: v, Auditor: r, Rules: verify.Rules{
			Never: []string{account(3), "arn:aws:iam::*:user/decoys/*"}, Canaries: []string{account(4), account(9)}, Paths: []string{"**/decoys/**"},
		}}, requests...)
		for _, q := range requests {
			name := ""
			for n, id := range ids {
				if id == q.Credential.ID {
					name = n
				}
			}
			want := map[string]string{
				"active": "live", "inactive": "dead inactive", "absent": "live", "decoy": "not-called never-verify", "unread": "not-called never-verify",
				"never": "not-called never-verify", "canary": "not-called canary", "learnt to be a canary": "not-called canary",
				"in a place to leave alone": "not-called never-verify", "sample": "not-called placeholder", "of a store": "not-called s3-compatible", "alone": "dead inactive",
			}[name]
			var last verify.Verdict
			for _, a := range b.all {
				if a.KeyID == q.Credential.ID && a.Facts == nil {
					last = a.Verdict
				}
			}
			if got := strings.TrimSpace(string(last.State) + " " + last.Why); got != want {
				t.Errorf("%s: %s (%s), want %s", name, got, last.Detail, want)
			}
			called := slices.ContainsFunc(v.calls, func(c call) bool { return c.id == q.Credential.ID })
			if called != (want == "live") {
				t.Errorf("%s: called %v", name, called)
			}
			asked := 1
			if slices.Contains([]string{"never", "canary", "in a place to leave alone", "sample", "of a store"}, name) {
				asked = 0
			}
			if n := r.count(q.Credential.ID); n != asked || len(b.facts(q.Credential.ID)) != asked {
				t.Errorf("%s: looked up %d times, told %d times", name, n, len(b.facts(q.Credential.ID)))
			}
		}
		for i, s := range r.asked {
			for _, c := range v.calls {
				if c.id == s.KeyID && c.start.Before(r.at[i]) {
					t.Errorf("%s was called before its facts were read", c.id)
				}
			}
		}
	})
}

// TestOwnersOfSessions: the role of a live session is read once the call has
// told it; that of a user's key is known before.
func TestOwnersOfSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const role = "arn:aws:sts::200000000001:assumed-role/r/s"
		s := session(newID("ASIA"))
		known := active(role)
		known.Status, known.Owner.Kind = "", "role"
		r := &registry{facts: map[string]verify.Facts{s.ID + role: known}}
		asks := verifierFunc(func(q verify.Request) verify.Verdict {
			return verify.Verdict{State: verify.Live, Status: 200, Account: account(1), ARN: role}
		})
		b := run(t, verify.Config{Verifier: asks, Auditor: r}, verify.Request{Credential: s, Account: account(1)})
		facts := b.facts(s.ID)
		if len(facts) != 2 || facts[1].Owner.ARN != role || len(r.asked) != 2 || r.asked[1].ARN != role {
			t.Errorf("asked %+v, told %+v", r.asked, facts)
		}
	})
}

type verifierFunc func(verify.Request) verify.Verdict

func (f verifierFunc) Verify(_ context.Context, r verify.Request) verify.Verdict { return f(r) }

type scoperFunc func(verify.Request, verify.Verdict) verify.Facts

func (f scoperFunc) Scope(_ context.Context, r verify.Request, v verify.Verdict) verify.Facts {
	return f(r, v)
}

// TestScope: only live keys that no rule protects read anything of themselves,
// also where the call alone told whose they are.
func TestScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arn := func(n int) string { return "arn:aws:iam::" + account(n) + ":user/x" }
		owner := map[string]int{}
		asks := verifierFunc(func(q verify.Request) verify.Verdict {
			n := owner[q.Credential.ID]
			if n == 0 {
				return verify.Verdict{State: verify.Dead, Status: 403}
			}
			return verify.Verdict{State: verify.Live, Status: 200, Account: account(n), ARN: arn(n)}
		})
		var scoped []string
		own := scoperFunc(func(q verify.Request, v verify.Verdict) verify.Facts {
			if q.Credential.Secret.IsZero() {
				t.Error("the secret was destroyed before")
			}
			scoped = append(scoped, v.Account)
			return active(v.ARN)
		})
		var requests []verify.Request
		for n := range 5 { // dead, ours, foreign, canary, never by ARN; none of them tells by its id
			q := verify.Request{Credential: longTerm(newID("AKIA"))}
			owner[q.Credential.ID] = n
			requests = append(requests, q)
		}
		// The ids tell no account, so the ARN pattern must not be judged before.
		b := run(t, verify.Config{Verifier: asks, Scoper: own, Parallel: 1, Rules: verify.Rules{
			Accounts: []string{account(1), account(3), account(4)}, Canaries: []string{account(3)}, CallForeign: true,
		}}, requests...)
		if want := []string{account(1), account(4)}; !slices.Equal(slices.Sorted(slices.Values(scoped)), want) {
			t.Errorf("read by %v, want %v", scoped, want)
		}
		if len(b.facts(requests[1].Credential.ID)) != 1 || len(b.facts(requests[2].Credential.ID)) != 0 {
			t.Error("what was read is not told")
		}
	})
}

func TestPassive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b2 := longTerm(newID("AKIA")), longTerm(newID("AKIA"))
		r := &registry{facts: map[string]verify.Facts{a.ID: active("arn:aws:iam::1:user/a"), b2.ID: {Status: verify.KeyNotOurs, Why: "no role"}}}
		prints := []secret.Fingerprint{a.Fingerprint(), b2.Fingerprint()}
		b := run(t, verify.Config{Auditor: r, Off: verify.WhyPassive}, verify.Request{Credential: a}, verify.Request{Credential: b2})
		for i, want := range []string{"lists it as active", "not a key of ours: no role"} {
			id := []string{a.ID, b2.ID}[i]
			got := b.answers[id][prints[i]]
			if got.State != verify.NotCalled || got.Why != verify.WhyPassive || !strings.Contains(got.Detail, want) || got.Settled() {
				t.Errorf("%+v", got)
			}
		}
	})
}

// TestPathRuleHoldsEverywhere: a key that also stands in a place to be left
// alone is not called for its other places, as far as that is known in time.
func TestPathRuleHoldsEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		c := longTerm(newID("AKIA"))
		v.right[c.ID] = c.Fingerprint()
		twin, bare := c, c
		twin.Secret = secret.New(c.Secret.Reveal())
		bare.Kind, bare.Secret = secret.KeyID, secret.Value{}
		b := run(t, verify.Config{Verifier: v, Rules: verify.Rules{Paths: []string{"/decoys/**"}}},
			verify.Request{Credential: c, Path: "/srv/x"}, verify.Request{Credential: bare, Path: "/decoys/x"}, verify.Request{Credential: twin, Path: "/srv/y"})
		if len(v.calls) > 0 {
			t.Errorf("%d calls", len(v.calls))
		}
		if got := b.answers[c.ID][twin.Fingerprint()]; len(b.all) == 0 || got.State == verify.Live {
			t.Errorf("%+v", got)
		}
	})
}

func TestCarriedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		live, dead, mine, other := longTerm(newID("AKIA")), longTerm(newID("AKIA")), longTerm(newID("AKIA")), newID("AKIA")
		v.right[mine.ID] = mine.Fingerprint()
		then := time.Now().Add(-time.Hour)
		b := run(t, verify.Config{
			Verifier: v,
			Known:    []verify.Answer{{KeyID: mine.ID, Fingerprint: mine.Fingerprint(), Verdict: verify.Verdict{State: verify.Live, Time: then, ARN: "mine"}}},
			Carried: []verify.Answer{
				{KeyID: live.ID, Fingerprint: live.Fingerprint(), Verdict: verify.Verdict{State: verify.Live, Time: then}},
				{KeyID: dead.ID, Verdict: verify.Verdict{State: verify.Dead, Time: then}},
				{KeyID: mine.ID, Verdict: verify.Verdict{State: verify.Dead, Time: then}},
				{KeyID: other, Verdict: verify.Verdict{State: verify.Dead, Time: then}},
			},
		}, verify.Request{Credential: live}, verify.Request{Credential: dead}, verify.Request{Credential: mine})
		if len(v.calls) > 0 {
			t.Errorf("%d calls", len(v.calls))
		}
		told := map[string]verify.State{}
		for _, a := range b.all {
			told[a.KeyID] = a.Verdict.State
		}
		if len(told) != 2 || told[live.ID] != verify.Live || told[dead.ID] != verify.Dead {
			t.Errorf("told %v", told)
		}
	})
}

// TestContextEndsDuringAudit: nothing is lost but the facts.
func TestContextEndsDuringAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := longTerm(newID("AKIA"))
		print := c.Fingerprint()
		b := newBook(t)
		q := verify.NewQueue(verify.Config{Verifier: newVendor(t), Auditor: &registry{took: time.Hour}, Answer: b.note})
		q.Submit(verify.Request{Credential: c})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.Run(ctx); err == nil {
			t.Error("no error")
		}
		if got := b.answers[c.ID][print]; got.Why != verify.WhyPending || !c.Secret.IsZero() || len(b.facts(c.ID)) > 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestRulesByARN(t *testing.T) {
	for pattern, names := range map[string]bool{
		"arn:aws:iam::200000000001:user/decoys/bait": true,
		"arn:aws:iam::*:user/decoys/*":               true,
		"arn:*:iam::200000000001:*":                  true,
		"arn:*bait":                                  true,
		"arn:aws:iam::20000000000?:user/*/b?it":      true,
		"arn:aws:iam::200000000001:user/bait":        false,
		"arn:aws-cn:iam::200000000001:user/*":        false,
		"arn:aws:sts::200000000001:*":                false,
		"arn:aws:iam::200000000001:user/Decoys/*":    false,
	} {
		synctest.Test(t, func(t *testing.T) {
			v := newVendor(t)
			c := longTerm(newID("AKIA"))
			r := &registry{facts: map[string]verify.Facts{c.ID: active("arn:aws:iam::" + account(1) + ":user/decoys/bait")}}
			run(t, verify.Config{Verifier: v, Auditor: r, Rules: verify.Rules{Never: []string{pattern}}}, verify.Request{Credential: c, Account: account(1)})
			if called := len(v.calls) > 0; called == names {
				t.Errorf("%s: called %v", pattern, called)
			}
		})
	}
}
