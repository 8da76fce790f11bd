package slackfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mislaid/internal/pace"
	"mislaid/sources"
)

// Config says how files are downloaded. Its zero value asks Slack.
type Config struct {
	API       string            // address of an API that is not Slack's own: its host may be asked too
	Transport http.RoundTripper // nil: one of our own
	UserAgent string            // "": Go's
	PerMinute float64           // downloads; 0: 60. Slack publishes no limit for them
	Ops       pace.Limiter      // waited on before every request; nil: no limit
	Retries   int               // of what may pass; 0: 4, negative: none
}

// Client downloads files. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	api     *url.URL
	agent   string
	every   pace.Limiter
	ops     pace.Limiter
	retries int

	inQuery atomic.Bool // tokens are refused in a header

	mu    sync.Mutex
	until time.Time // no request before: Slack said so
}

// stalled is how long nothing may come of an answer, and of its body.
const stalled = 2 * time.Minute

// New returns a client.
func New(c Config) (*Client, error) {
	cl := &Client{agent: c.UserAgent, ops: c.Ops, retries: c.Retries}
	if c.Retries == 0 {
		cl.retries = 4
	}
	if c.PerMinute <= 0 {
		c.PerMinute = 60
	}
	cl.every = pace.NewLimiter(c.PerMinute/60, 5)
	if c.API != "" {
		u, err := url.Parse(c.API)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, errors.New("the address of Slack's API is none")
		}
		cl.api = u
	}
	transport := c.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.ResponseHeaderTimeout = stalled
		transport = t
	}
	cl.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return cl, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// File is what is downloaded.
type File struct {
	ID       string // names it in errors
	Address  string // with its token
	Size     int64  // bytes; ≤ 0 unknown
	Mimetype string // as Slack has it
	Page     bool   // its bytes are a page of HTML: a canvas or a post
}

// ErrSignIn is what is there instead of a file that the address does not open any
// more. It wraps sources.ErrDenied.
var ErrSignIn = fmt.Errorf("a page for signing in came instead of the file; the export's token may have been revoked, or the file deleted: %w", sources.ErrDenied)

// Open starts a download. The caller closes it. Where the connection is lost it
// goes on at the same byte.
func (c *Client) Open(ctx context.Context, f File) (io.ReadCloser, error) {
	a, err := c.parse(f.Address)
	if err != nil {
		return nil, fmt.Errorf("slack: file %s: %w", f.ID, err)
	}
	d := &download{ctx: ctx, client: c, file: f, at: a}
	if err := d.ask(); err != nil {
		return nil, err
	}
	return d, nil
}

// maxRedirects is how often a download may be sent elsewhere within Slack.
const maxRedirects = 3

// fetch asks for a file from an offset on.
func (c *Client) fetch(ctx context.Context, f File, a address, off int64) (*http.Response, error) {
	inQuery := c.inQuery.Load()
	for failures := 0; ; {
		resp, wait, err := c.follow(ctx, f, a, off, inQuery)
		switch {
		case ctx.Err() != nil:
			if resp != nil {
				_ = resp.Body.Close()
			}
			return nil, ctx.Err()
		case err == nil:
			if inQuery && a.token != "" {
				c.inQuery.Store(true)
			}
			return resp, nil
		case errors.Is(err, ErrSignIn) && !inQuery && a.token != "":
			inQuery = true
			continue
		case wait > 0:
			c.pause(wait)
			continue
		case !passing(err) || failures >= c.retries:
			return nil, fmt.Errorf("slack: file %s: %w", f.ID, err)
		}
		if err := sleep(ctx, pace.Backoff{}.Wait(failures)); err != nil {
			return nil, err
		}
		failures++
	}
}

// follow asks once, and follows where Slack sends us within its file hosts. wait is
// how long nothing is to be asked for.
func (c *Client) follow(ctx context.Context, f File, a address, off int64, inQuery bool) (resp *http.Response, wait time.Duration, err error) {
	u := &a.url
	if inQuery && a.token != "" {
		u = a.withToken()
	}
	for range maxRedirects + 1 {
		if err := c.wait(ctx); err != nil {
			return nil, 0, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, 0, fmt.Errorf("its address is none: %w", sources.ErrUnsupported)
		}
		if a.token != "" && !inQuery {
			req.Header.Set("Authorization", "Bearer "+a.token)
		}
		if c.agent != "" {
			req.Header.Set("User-Agent", c.agent)
		}
		req.Header.Set("Accept-Encoding", "identity") // offsets are those of the file
		if off > 0 {
			req.Header.Set("Range", fmt.Sprintf("bytes=%d-", off))
		}
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, 0, &lostError{withoutAddress(err)}
		}
		to, wait, err := judge(f, resp, off)
		if err == nil && to == nil {
			return resp, 0, nil
		}
		_ = resp.Body.Close()
		if to == nil || wait > 0 {
			return nil, wait, err
		}
		if !c.allows(to) {
			return nil, 0, ErrSignIn
		}
		u = to
	}
	return nil, 0, ErrSignIn
}

// unsaid is how long to wait when Slack says "too many" and not until when.
const unsaid = time.Minute

// judge says whether an answer is the file: to is where it is said to be instead.
func judge(f File, resp *http.Response, off int64) (to *url.URL, wait time.Duration, err error) {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	page := kind == "text/html" && !f.Page && !strings.Contains(f.Mimetype, "html")
	switch status := resp.StatusCode; {
	case status == http.StatusOK && page:
		return nil, 0, ErrSignIn
	case status == http.StatusOK && off == 0:
		return nil, 0, nil
	case status == http.StatusPartialContent && off > 0 && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", off)):
		return nil, 0, nil
	case status == http.StatusOK, status == http.StatusPartialContent, status == http.StatusRequestedRangeNotSatisfiable:
		return nil, 0, fmt.Errorf("the connection was lost, and the rest is not to be had: %w", sources.ErrChanged)
	case status == http.StatusTooManyRequests:
		wait, ok := pace.RetryAfter(resp.Header.Get("Retry-After"), time.Now())
		if !ok {
			wait = unsaid
		}
		return nil, max(wait, time.Millisecond), &StatusError{status}
	case status >= 300 && status < 400:
		to, err := resp.Location()
		if err != nil || to.Query().Has("redir") || strings.Contains(to.Path, "signin") || strings.Contains(to.Path, "login") {
			return nil, 0, ErrSignIn
		}
		return to, 0, nil
	case status == http.StatusNotFound, status == http.StatusGone:
		return nil, 0, sources.ErrGone
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		return nil, 0, ErrSignIn
	default:
		return nil, 0, &StatusError{status}
	}
}

// StatusError is an answer that is neither a file nor a reason why there is none.
type StatusError struct{ Status int }

func (e *StatusError) Error() string { return fmt.Sprintf("HTTP status %d", e.Status) }

// lostError is that no answer came, or not all of it.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *lostError) Unwrap() error { return e.err }

// passing reports whether it may be otherwise in a while.
func passing(err error) bool {
	var status *StatusError
	var lost *lostError
	return errors.As(err, &lost) || errors.As(err, &status) && status.Status >= 500
}

// withoutAddress is why no answer came, without the address.
func withoutAddress(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("no address of %s: check the network", dns.Name)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the connection was closed in the middle of an answer: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// wait blocks until a request may be made.
func (c *Client) wait(ctx context.Context) error {
	if c.ops != nil {
		if err := c.ops.Wait(ctx, 1); err != nil {
			return err
		}
	}
	if err := c.every.Wait(ctx, 1); err != nil {
		return err
	}
	for {
		c.mu.Lock()
		left := time.Until(c.until)
		c.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

// pause lets no request happen for d.
func (c *Client) pause(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := time.Now().Add(d); until.After(c.until) {
		c.until = until
	}
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
