package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"mislaid/internal/pace"
)

// client calls Slack's API by slack-go, and keeps the raw bodies of its answers:
// typed decoding drops what it does not know. Safe for concurrent use.
type client struct {
	api     *slackgo.Client
	http    *http.Client
	base    *url.URL // of the API: https://slack.com/api/
	token   func() string
	pace    *limiter
	retries int
	record  func(*exchange) // may be nil
}

// exchange is one call and its answer.
type exchange struct {
	method string
	status int
	header http.Header
	body   []byte
}

type exchangeKey struct{}

// answered is how long an answer may take, all of it; stalled, how long nothing
// may come of a file.
const (
	answered = 5 * time.Minute
	stalled  = 2 * time.Minute
)

// maxBody bounds the answer to one call: a page of the longest messages has a
// tenth of it.
const maxBody = 256 << 20

// tee is slack-go's HTTP client. It hands the whole body to the exchange that
// the call's context holds.
type tee struct{ *client }

// Do implements slack-go's interface.
func (t tee) Do(r *http.Request) (*http.Response, error) {
	resp, err := t.http.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	cerr := resp.Body.Close()
	if err == nil && len(body) > maxBody {
		err = errors.New("the answer is too long")
	}
	if err = errors.Join(err, cerr); err != nil {
		return nil, err
	}
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		x.status, x.header, x.body = resp.StatusCode, resp.Header, body
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func newClient(c Config) (*client, error) {
	base := c.BaseURL
	if base == "" {
		base = slackgo.APIURL
	}
	u, err := url.Parse(strings.TrimSuffix(base, "/") + "/")
	if err != nil || u.Host == "" {
		return nil, errors.New("slack: the address of the API is none")
	}
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	out := &client{base: u, token: c.Token, pace: newLimiter(c.Scale), retries: 6, record: c.record}
	out.http = &http.Client{
		Transport: agent{transport, c.UserAgent},
		// Slack's API redirects nobody, and a file that redirects is not there.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	out.api = slackgo.New(c.Token(), slackgo.OptionHTTPClient(tee{out}), slackgo.OptionAPIURL(u.String()))
	return out, nil
}

// agent names us in every request.
type agent struct {
	http.RoundTripper
	name string
}

func (a agent) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.name != "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", a.name)
	}
	return a.RoundTripper.RoundTrip(r)
}

// call makes one call of a method in a workspace, at the pace that Slack wants,
// and again when it failed for a reason that passes. It returns the body of the
// answer, which is ok. do calls slack-go; what it decodes is not needed.
func (c *client) call(ctx context.Context, team, method string, do func(context.Context, *slackgo.Client) error) ([]byte, error) {
	failures := 0
	for {
		if err := c.pace.wait(ctx, team, method); err != nil {
			return nil, err
		}
		x := &exchange{method: method}
		within, cancel := context.WithTimeout(context.WithValue(ctx, exchangeKey{}, x), answered)
		err := do(within, c.api)
		cancel()
		if c.record != nil && x.status != 0 {
			c.record(x)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out := c.judge(x, err)
		switch {
		case out.wait > 0:
			c.pace.pause(team, method, out.wait)
			c.suspect(method, out.wait)
			continue
		case out.err == nil:
			return x.body, nil
		case !out.again || failures == c.retries:
			return nil, out.err
		}
		if err := sleep(ctx, pace.Backoff{}.Wait(failures)); err != nil {
			return nil, err
		}
		failures++
	}
}

// outcome is what became of a call.
type outcome struct {
	err   error
	again bool          // it may pass
	wait  time.Duration // too many calls: no more of the method for so long
}

// unsaid is how long to wait when Slack says "too many" and not until when: its
// limits are by the minute.
const unsaid = time.Minute

func (c *client) judge(x *exchange, err error) outcome {
	if x.status == http.StatusTooManyRequests {
		return outcome{wait: retryAfter(x.header)}
	}
	if x.status == 0 {
		return outcome{err: fmt.Errorf("slack: %s: %w", x.method, lost(err)), again: true}
	}
	var head struct {
		OK     bool   `json:"ok"`
		Error  string `json:"error"`
		Needed string `json:"needed"`
	}
	if jerr := json.Unmarshal(x.body, &head); jerr != nil || x.status != http.StatusOK {
		return outcome{err: &StatusError{x.method, x.status}, again: x.status >= 500 || x.status == http.StatusOK}
	}
	switch {
	case head.OK:
		return outcome{} // what slack-go could not decode is in the body all the same
	case head.Error == "ratelimited" || head.Error == "rate_limited":
		return outcome{wait: retryAfter(x.header)}
	}
	return outcome{err: newAPIError(x.method, head.Error, head.Needed), again: codes[head.Error].wait}
}

func retryAfter(h http.Header) time.Duration {
	if d, ok := pace.RetryAfter(h.Get("Retry-After"), time.Now()); ok {
		return max(d, time.Millisecond)
	}
	return unsaid
}

// lost is why no answer came, without the address, which nobody needs, and
// without anything that was sent.
func lost(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("no address of %s: check the network", dns.Name)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errors.New("no answer came in time")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the connection was closed in the middle of an answer: %w", io.ErrUnexpectedEOF)
	case err == nil:
		return errors.New("no answer came")
	}
	return err
}

// Limits of the cohort that Slack slowed down in 2025: apps that are distributed
// commercially and not in its Marketplace (docs.slack.dev, changelog 2025-05-29).
const (
	cohortPerMinute = 1
	cohortItems     = 15
)

// suspect notices the slow cohort by how long Slack tells us to wait: where fifty
// calls a minute are allowed nobody is told to wait for most of one.
func (c *client) suspect(method string, wait time.Duration) {
	if (method == "conversations.history" || method == "conversations.replies") && wait > 45*time.Second && wait <= 2*time.Minute && !c.pace.slowed(method) {
		c.pace.slowDown(method, cohortPerMinute)
	}
}
