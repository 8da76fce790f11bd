package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/internal/secret"
	"mislaid/verify"
	"mislaid/verify/aws"
	"mislaid/verify/awstest"
)

// weather carries requests to a fake STS, and lets a share of them go wrong in
// every way that networks, proxies and servers know.
type weather struct {
	fake http.Handler
	mu   sync.Mutex
	rng  *rand.Rand
	bad  map[string]int
}

func (w *weather) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	fault := -1
	if w.rng.IntN(100) < 20 {
		fault = w.rng.IntN(8)
	}
	w.mu.Unlock()
	note := func(name string) {
		w.mu.Lock()
		w.bad[name]++
		w.mu.Unlock()
	}
	page := func(status int, header, text string) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {header}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}
	}
	coded := func(status int, code, message string) *http.Response {
		return page(status, "text/xml", "<ErrorResponse><Error><Code>"+code+"</Code><Message>"+message+"</Message></Error></ErrorResponse>")
	}
	switch fault {
	case 0:
		note("throttled")
		return coded(400, "Throttling", "Rate exceeded"), nil
	case 1:
		note("HTML 200")
		return page(200, "text/html", "<html>log in</html>"), nil
	case 2:
		note("HTML 403")
		return page(403, "text/html", "<html>blocked</html>"), nil
	case 3:
		note("reset")
		return nil, errors.New("read: connection reset by peer")
	case 4:
		note("server error")
		return coded(503, "ServiceUnavailable", "x"), nil
	case 5:
		note("hangs")
		<-r.Context().Done()
		return nil, r.Context().Err()
	case 6:
		note("clock")
		return coded(403, "SignatureDoesNotMatch", "Signature expired: 20261124T000000Z is now earlier than 20261124T001000Z"), nil
	case 7:
		note("cut off")
		return page(200, "text/xml", "<GetCallerIdentityResponse><GetCallerIdentityResult><Acc"), nil
	}
	return worlds{r.URL.Host: w.fake}.RoundTrip(r)
}

// TestFiveThousandKeys is the whole verify side at size, under a fake clock and
// over a bad network: the queue, the real verifier and its signatures, and a fake
// STS that goes on refusing a key id for five seconds after a wrong secret. No
// verdict may be wrong, only unknown more often, and no key id may be called
// twice within six seconds.
func TestFiveThousandKeys(t *testing.T) {
	const keys, accounts = 5000, 500
	synctest.Test(t, func(t *testing.T) {
		fake := &awstest.Fake{}
		sky := &weather{fake: fake, rng: rand.New(rand.NewPCG(3, 5)), bad: map[string]int{}}
		v := newVerifier(t, aws.Config{Transport: sky})
		want := map[string]map[secret.Fingerprint]verify.State{}
		got := map[string]map[secret.Fingerprint]verify.Verdict{}
		q := verify.NewQueue(verify.Config{Verifier: v, PerSec: 50, Answer: func(a verify.Answer) {
			if got[a.KeyID] == nil {
				got[a.KeyID] = map[secret.Fingerprint]verify.Verdict{}
			}
			got[a.KeyID][a.Fingerprint] = a.Verdict
		}})
		secrets := 0
		for i := range keys {
			account := fmt.Sprintf("%012d", 200000000000+i%accounts)
			k := awstest.Key{ID: awstest.KeyID("AKIA", account), Secret: awstest.Secret(), ARN: "arn:aws:iam::" + account + ":user/u", Inactive: i%4 == 1}
			if i%4 != 2 { // those are unknown to AWS
				fake.Add(k)
			}
			want[k.ID] = map[secret.Fingerprint]verify.State{}
			n := 1
			if i%10 == 0 {
				n = 3
			}
			for j := range n {
				try, state := k, verify.Dead
				active := i%4 == 0 || i%4 == 3
				if active {
					state = verify.Live
				}
				if j < n-1 { // the right one is the last
					try.Secret = awstest.Secret()
					if active {
						state = verify.Mismatch
					}
				}
				r := long(try)
				r.Account, r.Score = account, 100-j
				want[k.ID][r.Credential.Fingerprint()] = state
				secrets++
				q.Submit(r)
			}
		}
		q.Close()
		start := time.Now()
		if err := q.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		right, unknown := 0, 0
		for id, all := range want {
			for print, state := range all {
				answer, ok := got[id][print]
				if whole, all := got[id][""]; all {
					answer, ok = whole, true
				}
				switch {
				case !ok:
					t.Errorf("%s has no verdict", id)
				case answer.State == state:
					right++
				case answer.State == verify.Unknown:
					unknown++
				default:
					t.Errorf("%s: %s (%s), want %s", id, answer.State, answer.Detail, state)
				}
			}
		}
		calls := fake.Calls()
		slices.SortStableFunc(calls, func(a, b awstest.Call) int { return a.Time.Compare(b.Time) })
		last, most := map[string]time.Time{}, map[string]int{}
		top := 0
		for _, c := range calls {
			if before, ok := last[c.KeyID]; ok && c.Time.Sub(before) < 6*time.Second {
				t.Errorf("%s was called again after %v", c.KeyID, c.Time.Sub(before))
			}
			last[c.KeyID] = c.Time
			most[c.KeyID]++
			top = max(top, most[c.KeyID])
		}
		faults := 0
		for _, n := range sky.bad {
			faults += n
		}
		t.Logf("%d secrets of %d keys in %d accounts: %d right, %d unknown, none wrong; %d calls arrived, %.2f per key, at most %d; faults %v; %v of the fake clock",
			secrets, keys, accounts, right, unknown, len(calls), float64(len(calls)+faults)/keys, top, sky.bad, time.Since(start).Round(time.Second))
		if right < secrets*3/4 || faults < keys/10 {
			t.Errorf("only %d of %d are known, with %d faults", right, secrets, faults)
		}
	})
}

// TestHintedPartitionsAreNamedFirst: whoever runs it is told before a partition
// is asked that only the text beside a key names; the FIPS endpoints are asked
// where that was wanted; and a session token goes to the hinted partition only.
func TestHintedPartitionsAreNamedFirst(t *testing.T) {
	gov := &awstest.Fake{Region: "us-gov-west-1"}
	home := &awstest.Fake{}
	k, s := newKey(), newSession()
	k.ARN = "arn:aws-us-gov:iam::" + awstest.Account + ":user/g"
	gov.Add(k)
	var told []string
	v := newVerifier(t, aws.Config{
		Transport: worlds{"sts.us-gov-west-1.amazonaws.com": gov, "sts-fips.us-east-1.amazonaws.com": home}, FIPS: true,
		OnHint: func(partition, host string) {
			if len(gov.Calls()) > 0 {
				t.Error("it was asked before")
			}
			told = append(told, partition+" "+host)
		},
	})
	r := long(k)
	r.Partition = "aws-us-gov"
	check(t, v.Verify(t.Context(), r), verify.Live, "")
	if fmt.Sprint(told) != "[aws-us-gov sts.us-gov-west-1.amazonaws.com]" {
		t.Errorf("told %v", told)
	}
	check(t, v.Verify(t.Context(), long(newKey())), verify.Dead, "")
	if n := len(home.Calls()); n != 1 {
		t.Errorf("%d calls of the FIPS endpoint", n)
	}
	v = newVerifier(t, aws.Config{Transport: worlds{"sts.us-gov-west-1.amazonaws.com": gov, "sts.us-east-1.amazonaws.com": home}})
	token := temporary(s)
	token.Partition = "aws-us-gov"
	got := v.Verify(t.Context(), token)
	check(t, got, verify.Unverifiable, verify.WhyBadToken)
	for _, c := range home.Calls() {
		if c.Token != "" {
			t.Error("a token went where nobody named")
		}
	}
	if hosts := v.WouldAsk(token); fmt.Sprint(hosts) != "[sts.us-gov-west-1.amazonaws.com:443]" {
		t.Errorf("would ask %v", hosts)
	}
	if _, err := aws.New(aws.Config{FIPS: true, Region: "eu-west-1"}); err == nil {
		t.Error("there is no such endpoint")
	}
}
