package aws

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"syscall"
	"time"

	"mislaid/internal/pace"
	"mislaid/verify"
)

// exchange carries one request of the SDK and keeps the evidence. It belongs
// to one call.
type exchange struct {
	client    *http.Client
	userAgent string

	status  int // 0: there was no answer
	header  http.Header
	source  string // our address; "" never connected
	readErr error  // the answer broke off
}

// trace returns a context that notes our address of the connection used.
func (x *exchange) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) { x.source = c.Conn.LocalAddr().String() },
	})
}

// Do sends r under our own name: what the SDK adds from the environment
// (execution environment, trace id) is taken off again. Neither is signed.
func (x *exchange) Do(r *http.Request) (*http.Response, error) {
	resp, err := renamed{x.client, x.userAgent}.Do(r)
	if err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	resp.Body = &answerBody{body: resp.Body, left: maxAnswer, exchange: x}
	return resp, nil
}

// renamed sends requests of the SDK under our own name.
type renamed struct {
	client *http.Client
	agent  string
}

// Do sends r with a body of its own. The SDK closes the one it made as soon as an
// answer begins, which net/http may notice before it is done with the request:
// then it tears down the connection from which the answer is being read.
func (s renamed) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", s.agent)
	r.Header.Del("X-Amzn-Trace-Id")
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	return s.client.Do(r)
}

// answerBody ends after maxAnswer bytes, and notes when it broke off before.
type answerBody struct {
	body     io.ReadCloser
	left     int
	exchange *exchange
}

func (b *answerBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.body.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil && !errors.Is(err, io.EOF) {
		b.exchange.readErr = err
	}
	return n, err
}

// brokeOff reports whether the answer did not arrive whole. That the SDK closed
// it because it had seen enough says nothing, unless our time was up.
func (x *exchange) brokeOff(ctx context.Context) bool {
	return x.readErr != nil && (!errors.Is(x.readErr, http.ErrBodyReadAfterClose) || ctx.Err() != nil)
}

func (b *answerBody) Close() error { return b.body.Close() }

func (x *exchange) retryAfter(now time.Time) (time.Duration, bool) {
	return pace.RetryAfter(x.header.Get("Retry-After"), now)
}

// tellSkew says how far our clock is from the server's, where it matters.
func (x *exchange) tellSkew(v *verify.Verdict) {
	date, err := http.ParseTime(x.header.Get("Date"))
	if err != nil {
		return
	}
	skew := v.Time.Sub(date).Round(time.Second)
	if v.Why == verify.WhyClock || skew.Abs() > skewToTell {
		v.Skew = skew.String()
	}
}

var errProxyRefused = errors.New("the proxy refused")

// failure names the class of a failed exchange. It never repeats the error's
// text, which may quote a URL.
func failure(err error) (why, detail string) {
	var op *net.OpError
	if errors.Is(err, errProxyRefused) {
		return verify.WhyProxy, "the proxy refused to connect us"
	}
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		return verify.WhyProxy, "the proxy cannot be reached: " + class(op.Err)
	}
	return verify.WhyNetwork, class(err)
}

func class(err error) string {
	var (
		dns       *net.DNSError
		badCert   *tls.CertificateVerificationError
		alert     tls.AlertError
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the host name does not resolve"
	case errors.As(err, &dns):
		return "name resolution failed"
	case errors.As(err, &badCert), errors.As(err, &authority):
		return "TLS: the certificate is not trusted"
	case errors.As(err, &alert), errors.As(err, &record):
		return "TLS: no agreement with the server"
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err), isTimeout(err):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke off"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the network is unreachable"
	}
	return "the connection failed"
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
