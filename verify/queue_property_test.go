package verify_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"mislaid/internal/secret"
	"mislaid/verify"
)

// TestAnyOrderOfSubmissions: whatever is found where, how often and in which
// order, no verdict is wrong, nothing is left without one, and nothing is
// called more often, or sooner, than allowed.
func TestAnyOrderOfSubmissions(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = p.play(t) })
		for _, w := range wrong {
			rt.Error(w)
		}
	})
}

// plan is a small world of keys, and what is submitted of it.
type plan struct {
	keys []planKey
	give []planGive
}

type planKey struct {
	active  bool
	secrets int
	right   int // which secret is right; secrets: none of them
}

type planGive struct {
	key, secret, score int
	pause              time.Duration // after it
}

func drawPlan(t *rapid.T) (p plan) {
	var all []planGive
	for k := range rapid.IntRange(1, 4).Draw(t, "keys") {
		n := rapid.IntRange(1, 5).Draw(t, "secrets")
		p.keys = append(p.keys, planKey{rapid.Bool().Draw(t, "active"), n, rapid.IntRange(0, n).Draw(t, "right")})
		for s := range n {
			all = append(all, planGive{key: k, secret: s})
		}
	}
	p.give = rapid.Permutation(all).Draw(t, "order")
	p.give = append(p.give, rapid.SliceOfN(rapid.SampledFrom(all), 0, 8).Draw(t, "again")...)
	for i := range p.give {
		p.give[i].score = rapid.IntRange(0, 3).Draw(t, "score")
		p.give[i].pause = time.Duration(rapid.SampledFrom([]int{0, 0, 0, 10, 1000, 7000}).Draw(t, "pause")) * time.Millisecond
	}
	return p
}

func (p plan) play(t *testing.T) (wrong []string) {
	const tries = 3
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	v, b := newVendor(t), newBook(t)
	credentials := make([][]secret.Credential, len(p.keys))
	for i, k := range p.keys {
		id := newID("AKIA")
		for s := range k.secrets {
			credentials[i] = append(credentials[i], longTerm(id))
			if k.active && s == k.right {
				v.right[id] = credentials[i][s].Fingerprint()
			}
		}
		if k.active && k.right == k.secrets {
			v.right[id] = "found nowhere"
		}
	}
	q := verify.NewQueue(verify.Config{Verifier: v, Answer: b.note, Tries: tries})
	done := make(chan error)
	go func() { done <- q.Run(t.Context()) }()
	var given []secret.Credential
	for _, g := range p.give {
		c := credentials[g.key][g.secret]
		c.Secret = secret.New(c.Secret.Reveal())
		given = append(given, c)
		q.Submit(verify.Request{Credential: c, Account: account(1), Score: g.score})
		time.Sleep(g.pause)
	}
	q.Close()
	if err := <-done; err != nil {
		complain("Run: %v", err)
	}
	for i, k := range p.keys {
		for s, c := range credentials[i] {
			want := verify.Dead
			if k.active {
				want = verify.Mismatch
			}
			if k.active && s == k.right {
				want = verify.Live
			}
			switch got := b.of(c.ID, c.Fingerprint()); {
			case got.State == want:
			case got.State != verify.Unknown || got.Why != verify.WhyNotTried || want == verify.Dead:
				complain("key %d, secret %d: %s (%s), want %s", i, s, got.State, got.Why, want)
			case want == verify.Live && k.secrets <= tries:
				complain("key %d, secret %d is live, could be tried and was not", i, s)
			}
		}
	}
	calls := map[string]int{}
	twice := map[string]bool{} // a refusal of the only secret is heard twice
	for _, c := range v.calls {
		calls[c.id]++
		calls[string(c.print)]++
		most := tries
		if calls[string(c.print)] > 1 {
			if twice[c.id] || calls[c.id] > 2 || b.of(c.id, c.print).State != verify.Mismatch {
				complain("%d calls of one secret", calls[string(c.print)])
			}
			twice[c.id] = true
		}
		if twice[c.id] {
			most++
		}
		if calls[c.id] > most {
			complain("%d calls of a key id", calls[c.id])
		}
	}
	checkPace(t, v.calls, 6*time.Second)
	for _, c := range given {
		if !c.Secret.IsZero() {
			complain("a secret was not destroyed")
		}
	}
	return wrong
}
