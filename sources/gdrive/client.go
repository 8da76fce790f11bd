package gdrive

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/drive/v3"
	"google.golang.org/api/option"

	"mislaid/internal/pace"
)

// Quotas of the Drive API in units a minute (developers.google.com, "Usage
// limits", 2026), which may be used up in bursts. What one request costs is not
// published for every method; the limits that these replaced were 12,000
// requests a minute and project, from which the cost is reckoned.
const (
	unitsProject = 1_000_000
	unitsUser    = 325_000
	unitsRequest = unitsProject / 12_000
)

// retries is how often a request is made again: with waits of 1 to 64 seconds,
// about four minutes.
const retries = 8

// backoff is Google's advice: truncated, exponential, with jitter.
var backoff = pace.Backoff{First: time.Second, Most: 64 * time.Second}

// storm is how long an account is left alone whose requests were refused as too
// many in spite of all waiting.
const storm = 10 * time.Minute

// quota limits units a minute; those of a second may be used up at once.
func quota(perMinute, scale float64) pace.Limiter {
	return pace.NewLimiter(perMinute*scale/60, int(max(perMinute*scale/60, unitsRequest)))
}

// NewTransport returns a transport as Drive wants it: without HTTP/2, with which
// Drive's servers stall (rclone issue 3631).
func NewTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = http.ProxyFromEnvironment
	t.ForceAttemptHTTP2 = false
	t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	t.Protocols = nil
	t.MaxIdleConnsPerHost = 16
	return t
}

// isGoogle reports whether a token may be sent to an address.
func isGoogle(u *url.URL) bool {
	host := strings.ToLower(u.Host)
	return u.Scheme == "https" && u.User == nil && (strings.HasSuffix(host, ".googleapis.com") || host == "docs.google.com")
}

// Rebase returns a transport that sends what is meant for Google's hosts to
// another address, with the host as the first part of the path.
func Rebase(base string, next http.RoundTripper) (http.RoundTripper, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is no address such as https://proxy.example/google", base)
	}
	return rebased{u, next}, nil
}

type rebased struct {
	base *url.URL
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t rebased) RoundTrip(r *http.Request) (*http.Response, error) {
	cp := r.Clone(r.Context())
	u := *t.base
	u.Path = strings.TrimSuffix(u.Path, "/") + "/" + r.URL.Host + r.URL.Path
	u.RawQuery = r.URL.RawQuery
	cp.URL, cp.Host = &u, u.Host
	return t.next.RoundTrip(cp)
}

// session is the requests of one account. It implements http.RoundTripper: it
// signs, paces and repeats them. Only reads go through it. Safe for concurrent
// use.
type session struct {
	subject string // as whom; "" the person who signed in
	tokens  oauth2.TokenSource
	next    http.RoundTripper
	agent   string
	project pace.Limiter
	user    pace.Limiter
	ops     pace.Limiter // nil: none

	mu     sync.Mutex
	closed time.Time // no request before
	why    error

	http  *http.Client
	drive *drive.Service
}

func (s *Source) newSession(ctx context.Context, subject string, tokens oauth2.TokenSource) (*session, error) {
	c := &session{
		subject: subject, tokens: tokens, next: s.config.Transport, agent: s.config.UserAgent, project: s.project,
		user: quota(unitsUser, s.config.Scale), ops: s.config.Ops,
	}
	c.http = &http.Client{Transport: c}
	var err error
	c.drive, err = drive.NewService(ctx, option.WithHTTPClient(c.http))
	if err != nil {
		return nil, fmt.Errorf("gdrive: %w", err)
	}
	return c, nil
}

// wait spends what a request costs.
func (c *session) wait(ctx context.Context) error {
	if c.ops != nil {
		if err := c.ops.Wait(ctx, 1); err != nil {
			return err
		}
	}
	if err := c.user.Wait(ctx, unitsRequest); err != nil {
		return err
	}
	return c.project.Wait(ctx, unitsRequest)
}

// RoundTrip implements http.RoundTripper. An answer that is no success and does
// not pass is returned as it is.
func (c *session) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		return nil, fmt.Errorf("gdrive: %s: only reading is allowed", r.Method)
	}
	ctx := r.Context()
	for try := 0; ; try++ {
		if err := c.shut(); err != nil {
			return nil, err
		}
		if err := c.wait(ctx); err != nil {
			return nil, err
		}
		res, wait, err := c.once(r)
		if err == nil && wait < 0 {
			return res, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil && wait < 0 {
			return nil, err
		}
		if try == retries {
			if err == nil {
				err = c.giveUp(res)
			}
			return nil, err
		}
		if err := sleep(ctx, max(wait, backoff.Wait(try))); err != nil {
			return nil, err
		}
	}
}

// once makes a request once. wait says that it is worth another try, after so
// long at the least; < 0 it is not.
func (c *session) once(r *http.Request) (res *http.Response, wait time.Duration, err error) {
	cp := r.Clone(r.Context())
	if c.agent != "" {
		cp.Header.Set("User-Agent", c.agent)
	}
	if isGoogle(cp.URL) {
		token, err := c.tokens.Token()
		if err != nil {
			return nil, -1, tokenError(c.subject, err)
		}
		token.SetAuthHeader(cp)
	}
	res, err = c.next.RoundTrip(cp)
	if err != nil {
		return nil, 0, err
	}
	if res.StatusCode < 300 || res.StatusCode == http.StatusPartialContent {
		return res, -1, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	_ = res.Body.Close()
	if err != nil {
		return nil, 0, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	after, _ := pace.RetryAfter(res.Header.Get("Retry-After"), time.Now())
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500 || res.StatusCode == http.StatusForbidden && reasons[reasonOf(body)].wait {
		return res, after, nil
	}
	return res, -1, nil
}

// giveUp is the error of a request that was refused to the last. An account
// whose requests are too many is left alone for a while.
func (c *session) giveUp(res *http.Response) error {
	body, _ := io.ReadAll(res.Body)
	name := reasonOf(body)
	if name == "" && res.StatusCode == http.StatusTooManyRequests {
		name = "rateLimitExceeded"
	}
	err := newAPIError("request", res.StatusCode, name)
	if res.StatusCode < 500 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.closed, c.why = time.Now().Add(storm), err
	}
	return err
}

// shut says why no request may be made now.
func (c *session) shut() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.closed) {
		return c.why
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
