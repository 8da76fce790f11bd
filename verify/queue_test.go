package verify_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/internal/secret"
	"mislaid/verify"
)

// run submits everything, closes the queue and works it off.
func run(t *testing.T, c verify.Config, requests ...verify.Request) *book {
	t.Helper()
	b := newBook(t)
	c.Answer = b.note
	q := verify.NewQueue(c)
	for _, r := range requests {
		q.Submit(r)
	}
	q.Close()
	if err := q.Run(t.Context()); err != nil {
		t.Fatalf("Run: %v", err)
	}
	for _, r := range requests {
		if !r.Credential.Secret.IsZero() || !r.Credential.Token.IsZero() {
			t.Errorf("%s: a secret was not destroyed", r.Credential.ID)
		}
	}
	return b
}

// TestManyKeys is the whole job at size: no verdict is ever wrong, only
// unknown more often, and no key id is called twice within the gap.
func TestManyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys, accounts = 5000, 500
		v := newVendor(t)
		v.fault = randomFault(20)
		var requests []verify.Request
		want := map[string]map[secret.Fingerprint]verify.State{}
		for i := range keys {
			n := 1
			if i%10 == 0 {
				n = 3
			}
			id := newID("AKIA")
			want[id] = map[secret.Fingerprint]verify.State{}
			for j := range n {
				r := verify.Request{Credential: longTerm(id), Account: account(i % accounts), Score: 100 - j}
				print := r.Credential.Fingerprint()
				state := verify.Dead
				if i%3 == 0 { // active, and the right secret is the last
					state = verify.Mismatch
					if j == n-1 {
						state = verify.Live
						v.right[id] = print
					}
				}
				want[id][print] = state
				requests = append(requests, r)
			}
		}
		start := time.Now()
		b := run(t, verify.Config{Verifier: v, PerSec: 50}, requests...)
		known := 0
		for id, secrets := range want {
			for print, state := range secrets {
				switch got := b.of(id, print); got.State {
				case state:
					known++
				case verify.Unknown:
				default:
					t.Errorf("%s: %s, want %s", id, got.State, state)
				}
			}
		}
		if known < len(requests)*80/100 {
			t.Errorf("only %d of %d verdicts are known", known, len(requests))
		}
		checkPace(t, v.calls, 6*time.Second)
		if least := time.Duration(len(v.calls)-1) * time.Second / 50; time.Since(start) < least {
			t.Errorf("%d calls took %v, not %v", len(v.calls), time.Since(start), least)
		}
	})
}

// checkPace checks that calls about one key id are at least gap apart.
func checkPace(t *testing.T, calls []call, gap time.Duration) {
	t.Helper()
	last := map[string]call{}
	slices.SortFunc(calls, func(a, b call) int { return cmp.Compare(a.start.UnixNano(), b.start.UnixNano()) })
	for _, c := range calls {
		if before, ok := last[c.id]; ok && c.start.Sub(before.end) < gap {
			t.Errorf("%s was called again after %v", c.id, c.start.Sub(before.end))
		}
		last[c.id] = c
	}
}

func TestRightSecretThird(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		id := newID("AKIA")
		var requests []verify.Request
		var prints []secret.Fingerprint
		for i := range 5 {
			r := verify.Request{Credential: longTerm(id), Score: 10 - i}
			prints = append(prints, r.Credential.Fingerprint())
			requests = append(requests, r)
		}
		v.right[id] = prints[2]
		slices.Reverse(requests) // the ranking, not the order of arrival, decides
		b := run(t, verify.Config{Verifier: v}, requests...)
		for i, want := range []verify.State{verify.Mismatch, verify.Mismatch, verify.Live, verify.Unknown, verify.Unknown} {
			got := b.of(id, prints[i])
			if got.State != want || want == verify.Unknown && got.Why != verify.WhyNotTried {
				t.Errorf("secret %d: %s (%s), want %s", i, got.State, got.Why, want)
			}
		}
		if len(v.calls) != 3 {
			t.Errorf("%d calls", len(v.calls))
		}
		checkPace(t, v.calls, 6*time.Second)
	})
}

func TestTriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		id := newID("AKIA")
		v.right[id] = "another one"
		var requests []verify.Request
		for range 50 {
			requests = append(requests, verify.Request{Credential: longTerm(id)})
		}
		b := run(t, verify.Config{Verifier: v, Tries: 4}, requests...)
		count := map[string]int{}
		for _, verdict := range b.answers[id] {
			count[string(verdict.State)+verdict.Why]++
		}
		if len(v.calls) != 4 || count["mismatch"] != 4 || count["unknownnot tried"] != 46 {
			t.Errorf("%d calls, %v", len(v.calls), count)
		}
	})
}

// TestOneCredentialOnce submits the same credential at several places, before
// and after its verdict.
func TestOneCredentialOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		b := newBook(t)
		q := verify.NewQueue(verify.Config{Verifier: v, Answer: b.note})
		live, dead, wrong := longTerm(newID("AKIA")), longTerm(newID("AKIA")), longTerm(newID("AKIA"))
		v.right[live.ID] = live.Fingerprint()
		right := longTerm(wrong.ID)
		rightPrint := right.Fingerprint()
		v.right[wrong.ID] = rightPrint
		var given []secret.Credential
		submit := func(c secret.Credential) {
			c.Secret = secret.New(c.Secret.Reveal())
			given = append(given, c)
			q.Submit(verify.Request{Credential: c})
		}
		done := make(chan error)
		go func() { done <- q.Run(t.Context()) }()
		for range 3 {
			for _, c := range []secret.Credential{live, dead, wrong} {
				submit(c)
				submit(c)
			}
			time.Sleep(time.Minute)
		}
		if v.count() != 4 || b.count() != 3 { // a refusal is heard twice
			t.Errorf("%d calls, %d answers for three credentials", v.count(), b.count())
		}
		lateLive, lateDead := longTerm(live.ID), longTerm(dead.ID)
		livePrint, deadPrint := lateLive.Fingerprint(), lateDead.Fingerprint()
		submit(lateLive)
		submit(lateDead)
		submit(secret.Credential{Kind: secret.KeyID, ID: dead.ID})
		submit(right)
		q.Close()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := b.of(live.ID, livePrint); got.State != verify.Unknown || got.Why != verify.WhyNotTried {
			t.Errorf("another secret of a live id: %s (%s)", got.State, got.Why)
		}
		if got := b.of(live.ID, live.Fingerprint()); got.State != verify.Live {
			t.Errorf("the live secret: %s (%s)", got.State, got.Why)
		}
		if got := b.of(dead.ID, deadPrint); got.State != verify.Dead {
			t.Errorf("another secret of a dead id: %s", got.State)
		}
		if got := b.of(dead.ID, secret.Credential{ID: dead.ID}.Fingerprint()); got.State != verify.Dead {
			t.Errorf("a dead id alone: %s", got.State)
		}
		if got := b.of(wrong.ID, rightPrint); got.State != verify.Live {
			t.Errorf("the right secret after a wrong one: %s", got.State)
		}
		if len(v.calls) != 5 {
			t.Errorf("%d calls", len(v.calls))
		}
		for _, c := range given {
			if !c.Secret.IsZero() {
				t.Error("a secret was not destroyed")
			}
		}
		q.Submit(verify.Request{Credential: live}) // after Run
		if !live.Secret.IsZero() {
			t.Error("a secret that came too late was not destroyed")
		}
	})
}

// TestTokenFoundLater: the fingerprint leaves the token out, so a session key
// that was unverifiable is asked about once its token turns up.
// TestRefusedForAnothersMistake: for five seconds after anybody's wrong secret the
// right one is refused too.
func TestRefusedForAnothersMistake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, b := newVendor(t), newBook(t)
		c := longTerm(newID("AKIA"))
		print := c.Fingerprint()
		v.right[c.ID] = "refused for now"
		q := verify.NewQueue(verify.Config{Verifier: v, Answer: b.note})
		done := make(chan error)
		go func() { done <- q.Run(t.Context()) }()
		q.Submit(verify.Request{Credential: c})
		time.Sleep(5 * time.Second)
		v.right[c.ID] = print
		q.Close()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := b.of(c.ID, print); got.State != verify.Live || len(v.calls) != 2 {
			t.Errorf("%s after %d calls", got.State, len(v.calls))
		}
		checkPace(t, v.calls, 6*time.Second)
	})
}

func TestTokenFoundLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		c := session(newID("ASIA"))
		print := c.Fingerprint()
		v.right[c.ID] = print
		bare := c
		bare.Secret, bare.Token = secret.New(c.Secret.Reveal()), secret.Value{}
		again := bare
		again.Secret = secret.New(c.Secret.Reveal())
		b := run(t, verify.Config{Verifier: v}, verify.Request{Credential: bare}, verify.Request{Credential: c}, verify.Request{Credential: again})
		if len(b.all) != 2 || b.all[0].Verdict.Why != verify.WhyNoToken || b.of(bare.ID, print).State != verify.Live {
			t.Errorf("answers: %+v", b.all)
		}
	})
}

// TestSecondTokenAfterBadOne: a token that was cut off is not the end of it.
func TestSecondTokenAfterBadOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		whole := session(newID("ASIA"))
		cut := whole
		cut.Secret, cut.Token = secret.New(whole.Secret.Reveal()), newSecret()
		v.right[whole.ID] = whole.Fingerprint()
		first := true
		v.fault = func(string) (verify.Verdict, bool) {
			defer func() { first = false }()
			return verify.Verdict{Status: 403, State: verify.Unverifiable, Why: verify.WhyBadToken}, first
		}
		b := run(t, verify.Config{Verifier: v}, verify.Request{Credential: cut, Score: 9}, verify.Request{Credential: whole})
		if got := b.of(whole.ID, v.right[whole.ID]); got.State != verify.Live || len(v.calls) != 2 {
			t.Errorf("%s after %d calls", got.State, len(v.calls))
		}
	})
}

func TestExpiredSettlesTheID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		a := session(newID("ASIA"))
		other := session(a.ID)
		v.gone[a.ID] = true
		b := run(t, verify.Config{Verifier: v}, verify.Request{Credential: a}, verify.Request{Credential: other})
		if len(v.calls) != 1 || len(b.all) != 1 || b.answers[a.ID][""].State != verify.Expired {
			t.Errorf("%d calls, %+v", len(v.calls), b.all)
		}
	})
}

func TestKnownAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		var requests []verify.Request
		var known []verify.Answer
		add := func(verdict verify.Verdict, whole bool) secret.Credential {
			c := longTerm(newID("AKIA"))
			a := verify.Answer{KeyID: c.ID, Fingerprint: c.Fingerprint(), Verdict: verdict}
			if whole {
				a.Fingerprint = ""
			}
			known = append(known, a)
			requests = append(requests, verify.Request{Credential: c})
			return secret.Credential{ID: c.ID, Secret: secret.New(c.Secret.Reveal())}
		}
		add(verify.Verdict{State: verify.Live}, false)
		add(verify.Verdict{State: verify.LiveLimited}, true)
		add(verify.Verdict{State: verify.Dead}, true)
		add(verify.Verdict{State: verify.Dead}, false)
		add(verify.Verdict{State: verify.Mismatch}, false)
		asked := map[string]bool{}
		for _, verdict := range []verify.Verdict{
			{State: verify.Unknown, Why: verify.WhyNetwork}, {State: verify.Unknown, Why: verify.WhyPending},
			{State: verify.NotCalled, Why: verify.WhyBudget}, {State: verify.NotCalled, Why: verify.WhyOff},
			{State: verify.NotCalled, Why: verify.WhyForeign}, // it is not foreign any more
		} {
			asked[add(verdict, false).ID] = true
		}
		run(t, verify.Config{Verifier: v, Known: known}, requests...)
		if len(v.calls) != len(asked) {
			t.Errorf("%d calls, want %d", len(v.calls), len(asked))
		}
		for _, c := range v.calls {
			if !asked[c.id] {
				t.Errorf("%s was asked again", c.id)
			}
		}
	})
}

func TestRetry(t *testing.T) {
	for name, c := range map[string]struct {
		fault    verify.Verdict
		min, max time.Duration
	}{
		"never reached": {verify.Verdict{Why: verify.WhyNetwork}, 1600 * time.Millisecond, 2500 * time.Millisecond},
		"reached":       {verify.Verdict{Why: verify.WhyNetwork, Source: "192.0.2.1:9"}, 6 * time.Second, 6100 * time.Millisecond},
		"throttled":     {verify.Verdict{Why: verify.WhyThrottled, Status: 400}, 6 * time.Second, 6100 * time.Millisecond},
		"retry after":   {verify.Verdict{Why: verify.WhyThrottled, Status: 429, RetryAfter: 20 * time.Second}, 20 * time.Second, 20100 * time.Millisecond},
		"too long":      {verify.Verdict{Why: verify.WhyThrottled, Status: 429, RetryAfter: time.Hour}, time.Minute, 61 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVendor(t)
				c.fault.State = verify.Unknown
				left := 1
				v.fault = func(string) (verify.Verdict, bool) { left--; return c.fault, left >= 0 }
				key := longTerm(newID("AKIA"))
				print := key.Fingerprint()
				v.right[key.ID] = print
				b := run(t, verify.Config{Verifier: v}, verify.Request{Credential: key})
				if len(v.calls) != 2 || b.of(key.ID, print).State != verify.Live || len(b.all) != 1 {
					t.Fatalf("%d calls, %+v", len(v.calls), b.all)
				}
				if d := v.calls[1].start.Sub(v.calls[0].end); d < c.min || d > c.max {
					t.Errorf("asked again after %v", d)
				}
			})
		})
	}
}

func TestRetryOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		v.fault = func(string) (verify.Verdict, bool) {
			return verify.Verdict{State: verify.Unknown, Why: verify.WhyThrottled, Status: 400, Code: "Throttling"}, true
		}
		key := longTerm(newID("AKIA"))
		print := key.Fingerprint()
		b := run(t, verify.Config{Verifier: v}, verify.Request{Credential: key})
		if got := b.of(key.ID, print); len(v.calls) != 2 || got.Why != verify.WhyThrottled || got.Code != "Throttling" {
			t.Errorf("%d calls, %+v", len(v.calls), got)
		}
	})
}

func TestUnreachableEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		v.fault = func(string) (verify.Verdict, bool) {
			return verify.Verdict{State: verify.Unknown, Why: verify.WhyNetwork, Detail: "timeout"}, true
		}
		var requests []verify.Request
		for range 1000 {
			requests = append(requests, verify.Request{Credential: longTerm(newID("AKIA"))})
		}
		start := time.Now()
		b := run(t, verify.Config{Verifier: v}, requests...)
		if len(v.calls) > 20 || len(b.all) != 1000 {
			t.Errorf("%d calls, %d answers", len(v.calls), len(b.all))
		}
		unreachable := 0
		for _, a := range b.all {
			if a.Verdict.State != verify.Unknown || a.Verdict.Why != verify.WhyNetwork {
				t.Errorf("%+v", a.Verdict)
			}
			if strings.Contains(a.Verdict.Detail, "not reachable") {
				unreachable++
			}
		}
		if unreachable < 980 {
			t.Errorf("%d answers say that the endpoint is not reachable", unreachable)
		}
		if d := time.Since(start); d > time.Minute {
			t.Errorf("took %v", d)
		}
	})
}

// TestOutagePasses: an outage of a few seconds costs a few answers, no more.
func TestOutagePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		start := time.Now()
		v.fault = func(string) (verify.Verdict, bool) {
			return verify.Verdict{State: verify.Unknown, Why: verify.WhyNetwork}, time.Since(start) < 3*time.Second
		}
		var requests []verify.Request
		for range 500 {
			requests = append(requests, verify.Request{Credential: longTerm(newID("AKIA"))})
		}
		b := run(t, verify.Config{Verifier: v}, requests...)
		dead := 0
		for _, a := range b.all {
			if a.Verdict.State == verify.Dead {
				dead++
			}
		}
		if dead != 500 {
			t.Errorf("%d of 500 have a verdict", dead)
		}
	})
}

// TestHopelessEndpointComesBack: after giving up, a probe now and then notices.
func TestHopelessEndpointComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, b := newVendor(t), newBook(t)
		start := time.Now()
		v.fault = func(string) (verify.Verdict, bool) {
			return verify.Verdict{State: verify.Unknown, Why: verify.WhyNetwork}, time.Since(start) < 5*time.Minute
		}
		q := verify.NewQueue(verify.Config{Verifier: v, Answer: b.note})
		done := make(chan error)
		go func() { done <- q.Run(t.Context()) }()
		for range 600 {
			q.Submit(verify.Request{Credential: longTerm(newID("AKIA"))})
			time.Sleep(time.Second)
		}
		during := v.count()
		q.Close()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if during < 250 || during > 340 {
			t.Errorf("%d calls: about 15 in five minutes without the endpoint and 300 with it are expected", during)
		}
	})
}

func TestStuckCallBlocksOnlyItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, b := newVendor(t), newBook(t)
		q := verify.NewQueue(verify.Config{Verifier: v, Answer: b.note, Parallel: 2})
		stuck := longTerm(newID("AKIA"))
		print := stuck.Fingerprint()
		v.stuck[stuck.ID] = true
		q.Submit(verify.Request{Credential: stuck, Score: 1})
		given := []secret.Credential{stuck}
		for range 100 {
			c := longTerm(newID("AKIA"))
			given = append(given, c)
			q.Submit(verify.Request{Credential: c})
		}
		q.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := q.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run: %v", err)
		}
		if len(v.calls) != 100 || len(b.all) != 101 {
			t.Errorf("%d calls, %d answers beside the stuck one", len(v.calls), len(b.all))
		}
		if got := b.of(stuck.ID, print); got.State != verify.Unknown || got.Why != verify.WhyPending {
			t.Errorf("stuck: %+v", got)
		}
		for _, c := range given {
			if !c.Secret.IsZero() {
				t.Error("a secret was not destroyed")
			}
		}
	})
}

func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, b := newVendor(t), newBook(t)
		q := verify.NewQueue(verify.Config{Verifier: v, Answer: b.note})
		var given []secret.Credential
		for range 1000 {
			c := longTerm(newID("AKIA"))
			given = append(given, c)
			q.Submit(verify.Request{Credential: c})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		if err := q.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run: %v", err)
		}
		if d := time.Since(start); d > 11*time.Second {
			t.Errorf("stopped after %v", d)
		}
		count := map[string]int{}
		for _, a := range b.all {
			count[string(a.Verdict.State)+a.Verdict.Why]++
		}
		if len(b.all) != 1000 || count["dead"]+count["unknownpending"] != 1000 || count["dead"] < 190 {
			t.Errorf("answers: %v", count)
		}
		for _, c := range given {
			if !c.Secret.IsZero() {
				t.Error("a secret was not destroyed")
			}
		}
	})
}

func TestPendingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		var requests []verify.Request
		for range 30 {
			requests = append(requests, verify.Request{Credential: longTerm(newID("AKIA"))})
		}
		b := run(t, verify.Config{Verifier: v, Pending: 10}, requests...)
		count := map[string]int{}
		for _, a := range b.all {
			count[string(a.Verdict.State)+a.Verdict.Why]++
		}
		if count["dead"] != 10 || count["unknownpending"] != 20 {
			t.Errorf("answers: %v", count)
		}
	})
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		var requests []verify.Request
		for range 30 {
			requests = append(requests, verify.Request{Credential: longTerm(newID("AKIA"))})
		}
		b := run(t, verify.Config{Verifier: v, Budget: 10}, requests...)
		count := map[string]int{}
		for _, a := range b.all {
			count[string(a.Verdict.State)+a.Verdict.Why]++
		}
		if len(v.calls) != 10 || count["dead"] != 10 || count["not-called"+verify.WhyBudget] != 20 {
			t.Errorf("%d calls, answers: %v", len(v.calls), count)
		}
	})
}

// TestBudgetEndsBeforeRetry: what was called is not said to be not called.
func TestBudgetEndsBeforeRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		v.fault = func(string) (verify.Verdict, bool) {
			return verify.Verdict{State: verify.Unknown, Why: verify.WhyThrottled, Status: 400}, true
		}
		key := longTerm(newID("AKIA"))
		print := key.Fingerprint()
		b := run(t, verify.Config{Verifier: v, Budget: 1}, verify.Request{Credential: key})
		if got := b.of(key.ID, print); len(v.calls) != 1 || got.State != verify.Unknown || got.Why != verify.WhyThrottled {
			t.Errorf("%d calls, %+v", len(v.calls), got)
		}
	})
}

// TestGapReachesAcrossRuns: a run that is resumed at once must not ask about
// another secret while the vendor still refuses the key id.
func TestGapReachesAcrossRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		wrong := longTerm(newID("AKIA"))
		right := longTerm(wrong.ID)
		print := right.Fingerprint()
		v.right[right.ID] = print
		v.refuse[right.ID] = time.Now().Add(5 * time.Second)
		known := []verify.Answer{{KeyID: wrong.ID, Fingerprint: wrong.Fingerprint(),
			Verdict: verify.Verdict{State: verify.Mismatch, Status: 403, Time: time.Now()}}}
		time.Sleep(time.Second)
		b := run(t, verify.Config{Verifier: v, Known: known}, verify.Request{Credential: right})
		if got := b.of(right.ID, print); got.State != verify.Live {
			t.Errorf("%+v", got)
		}
	})
}

// TestAccountPace: calls are charged to the account that owns the key.
func TestAccountPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVendor(t)
		owner := map[string]string{}
		var requests []verify.Request
		for i := range 300 {
			c := longTerm(newID("AKIA"))
			owner[c.ID] = account(i % 3)
			requests = append(requests, verify.Request{Credential: c, Account: owner[c.ID]})
		}
		start := time.Now()
		run(t, verify.Config{Verifier: v, PerSec: 1000, Parallel: 100}, requests...)
		last := map[string]time.Time{}
		slices.SortFunc(v.calls, func(a, b call) int { return cmp.Compare(a.start.UnixNano(), b.start.UnixNano()) })
		for _, c := range v.calls {
			if d := c.start.Sub(last[owner[c.id]]); d < 200*time.Millisecond {
				t.Fatalf("two calls of one account within %v", d)
			}
			last[owner[c.id]] = c.start
		}
		if d := time.Since(start); d > 21*time.Second {
			t.Errorf("100 calls for each of three accounts took %v", d)
		}
	})
}

func TestVerificationOff(t *testing.T) {
	a, canary := longTerm(newID("AKIA")), longTerm(newID("AKIA"))
	print, canaryPrint := a.Fingerprint(), canary.Fingerprint()
	b := run(t, verify.Config{Rules: verify.Rules{Canaries: []string{account(1)}}},
		verify.Request{Credential: a}, verify.Request{Credential: canary, Account: account(1)})
	if got := b.of(a.ID, print); got.State != verify.NotCalled || got.Why != verify.WhyOff {
		t.Errorf("%+v", got)
	}
	if got := b.of(canary.ID, canaryPrint); got.Why != verify.WhyCanary {
		t.Errorf("%+v", got)
	}
}
