package verify_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"testing"
	"time"

	"mislaid/internal/secret"
	"mislaid/verify"
)

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

func newID(prefix string) string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = base32[b[i]%32]
	}
	return prefix + string(b)
}

func newSecret() secret.Value {
	b := make([]byte, 30)
	_, _ = rand.Read(b)
	return secret.New([]byte(base64.StdEncoding.EncodeToString(b)))
}

func longTerm(id string) secret.Credential {
	return secret.Credential{Kind: secret.AccessKey, ID: id, Secret: newSecret()}
}

func session(id string) secret.Credential {
	c := secret.Credential{Kind: secret.SessionKey, ID: id, Secret: newSecret()}
	c.Token = newSecret()
	return c
}

// call is one call as the vendor saw it.
type call struct {
	id         string
	print      secret.Fingerprint
	start, end time.Time
}

// vendor plays the vendor: it knows the right secret of each key id, refuses a
// right one for five seconds after a wrong one, and fails at random.
type vendor struct {
	t      *testing.T
	mu     sync.Mutex
	right  map[string]secret.Fingerprint // active key ids
	gone   map[string]bool               // expired sessions
	refuse map[string]time.Time          // right secrets are refused until
	calls  []call
	fault  func(id string) (verify.Verdict, bool)
	stuck  map[string]bool
	took   time.Duration
}

func newVendor(t *testing.T) *vendor {
	return &vendor{t: t, right: map[string]secret.Fingerprint{}, gone: map[string]bool{},
		refuse: map[string]time.Time{}, stuck: map[string]bool{}, took: 20 * time.Millisecond}
}

func (v *vendor) Verify(ctx context.Context, r verify.Request) verify.Verdict {
	c := call{id: r.Credential.ID, print: r.Credential.Fingerprint(), start: time.Now()}
	if r.Credential.Secret.IsZero() {
		v.t.Errorf("%s: called with a destroyed secret", c.id)
	}
	v.mu.Lock()
	stuck := v.stuck[c.id]
	v.mu.Unlock()
	if stuck {
		<-ctx.Done()
		return verify.Verdict{State: verify.Unknown, Why: verify.WhyNetwork}
	}
	time.Sleep(v.took)
	v.mu.Lock()
	defer v.mu.Unlock()
	c.end = time.Now()
	v.calls = append(v.calls, c)
	if v.fault != nil {
		if verdict, failed := v.fault(c.id); failed {
			return verdict
		}
	}
	answer := verify.Verdict{Status: 403, State: verify.Mismatch, Code: "SignatureDoesNotMatch"}
	switch right, active := v.right[c.id]; {
	case v.gone[c.id]:
		answer.State, answer.Code = verify.Expired, "ExpiredToken"
	case !active:
		answer.State, answer.Code = verify.Dead, "InvalidClientTokenId"
	case right != c.print:
		v.refuse[c.id] = c.end.Add(5 * time.Second)
	case !c.start.Before(v.refuse[c.id]):
		answer = verify.Verdict{Status: 200, State: verify.Live}
	}
	return answer
}

func (v *vendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.calls)
}

// book keeps the answers, the last one of each credential counting.
type book struct {
	t       *testing.T
	mu      sync.Mutex
	answers map[string]map[secret.Fingerprint]verify.Verdict
	all     []verify.Answer
}

func newBook(t *testing.T) *book {
	return &book{t: t, answers: map[string]map[secret.Fingerprint]verify.Verdict{}}
}

func (b *book) note(a verify.Answer) {
	if !b.mu.TryLock() {
		b.t.Error("two answers at once")
		return
	}
	defer b.mu.Unlock()
	if b.answers[a.KeyID] == nil {
		b.answers[a.KeyID] = map[secret.Fingerprint]verify.Verdict{}
	}
	b.answers[a.KeyID][a.Fingerprint] = a.Verdict
	b.all = append(b.all, a)
}

func (b *book) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all)
}

// of returns what was said of a credential: for itself, else for its key id.
func (b *book) of(id string, print secret.Fingerprint) verify.Verdict {
	if v, ok := b.answers[id][print]; ok && v.State != verify.Unknown {
		return v
	}
	if v, ok := b.answers[id][""]; ok {
		return v
	}
	return b.answers[id][print]
}

func randomFault(percent int) func(string) (verify.Verdict, bool) {
	rng := mathrand.New(mathrand.NewPCG(7, 11))
	return func(string) (verify.Verdict, bool) {
		if rng.IntN(100) >= percent {
			return verify.Verdict{}, false
		}
		v := verify.Verdict{State: verify.Unknown}
		switch rng.IntN(4) {
		case 0:
			v.Why, v.Source = verify.WhyNetwork, "192.0.2.1:1000"
		case 1:
			v.Why, v.Status, v.RetryAfter = verify.WhyThrottled, 400, 9*time.Second
		case 2:
			v.Why, v.Status = verify.WhyNetwork, 503
		case 3:
			v.Why, v.Status = verify.WhyProxy, 200
		}
		return v, true
	}
}

func account(n int) string { return fmt.Sprintf("%012d", 200000000000+n) }
