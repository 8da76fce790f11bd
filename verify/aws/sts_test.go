package aws_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mislaid/internal/secret"
	"mislaid/verify"
	"mislaid/verify/aws"
	"mislaid/verify/awstest"
)

func long(k awstest.Key) verify.Request {
	return verify.Request{Credential: secret.Credential{Kind: secret.AccessKey, ID: k.ID, Secret: secret.New([]byte(k.Secret))}}
}

func temporary(k awstest.Key) verify.Request {
	r := long(k)
	r.Credential.Kind, r.Credential.Token = secret.SessionKey, secret.New([]byte(k.Token))
	return r
}

func newKey() awstest.Key {
	return awstest.Key{ID: awstest.KeyID("AKIA", awstest.Account), Secret: awstest.Secret(), UserID: "AIDA" + "QAAAAAAAAAAAAAAAA"}
}

func newSession() awstest.Key {
	return awstest.Key{ID: awstest.KeyID("ASIA", awstest.Account), Secret: awstest.Secret(), Token: awstest.Token(),
		ARN: "arn:aws:sts::" + awstest.Account + ":assumed-role/deploy/ci"}
}

func newVerifier(t *testing.T, c aws.Config) *aws.Verifier {
	t.Helper()
	v, err := aws.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// serve starts a fake STS and returns a verifier that asks it.
func serve(t *testing.T, h http.Handler) *aws.Verifier {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return newVerifier(t, aws.Config{Endpoint: s.URL, UserAgent: "mislaid run/test", Timeout: 2 * time.Second})
}

func check(t *testing.T, got verify.Verdict, state verify.State, why string) {
	t.Helper()
	if got.State != state || got.Why != why {
		t.Errorf("got %s (%s), want %s (%s): %+v", got.State, got.Why, state, why, got)
	}
}

func TestLive(t *testing.T) {
	k := newKey()
	fake := &awstest.Fake{}
	fake.Add(k)
	v := serve(t, fake)
	start := time.Now()
	got := v.Verify(t.Context(), long(k))
	check(t, got, verify.Live, "")
	if got.Account != awstest.Account || got.ARN != "arn:aws:iam::"+awstest.Account+":user/fake" || got.UserID != k.UserID {
		t.Errorf("identity: %+v", got)
	}
	host, _, err := net.SplitHostPort(got.Source)
	if err != nil || host != "127.0.0.1" || got.Status != 200 || got.Partition != "aws" || got.Region != "us-east-1" || got.RequestID == "" ||
		!strings.HasPrefix(got.Endpoint, "127.0.0.1:") || got.Time.Before(start.Add(-time.Second)) || got.Skew != "" {
		t.Errorf("evidence: %+v", got)
	}
	calls := fake.Calls()
	if len(calls) != 1 || calls[0].UserAgent != "mislaid run/test" || got.UserAgent != calls[0].UserAgent {
		t.Errorf("calls: %+v", calls)
	}
}

func TestErrorsOfSTS(t *testing.T) {
	k, inactive, s, over := newKey(), newKey(), newSession(), newSession()
	inactive.Inactive, over.Expired = true, true
	fake := &awstest.Fake{}
	fake.Add(k, inactive, s, over)
	v := serve(t, fake)
	wrong, garbled, bare := newKey(), s, s
	fake.Add(wrong)
	wrong.Secret, garbled.Token, bare.Token = awstest.Secret(), awstest.Token(), ""
	kToken := temporary(k)
	kToken.Credential.Kind, kToken.Credential.Token = secret.AccessKey, secret.New([]byte(awstest.Token()))
	for name, c := range map[string]struct {
		r     verify.Request
		state verify.State
		why   string
	}{
		"inactive":                   {long(inactive), verify.Dead, ""},
		"unknown id":                 {long(newKey()), verify.Dead, ""},
		"session":                    {temporary(s), verify.Live, ""},
		"session, garbled token":     {temporary(garbled), verify.Unverifiable, verify.WhyBadToken},
		"session, no token":          {temporary(bare), verify.Unverifiable, verify.WhyNoToken},
		"session over":               {temporary(over), verify.Expired, ""},
		"long-term with stray token": {kToken, verify.Live, ""},
		"wrong secret":               {long(wrong), verify.Mismatch, ""},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, v.Verify(t.Context(), c.r), c.state, c.why)
		})
	}
}

func TestDeadSaysWhereItWasAsked(t *testing.T) {
	v := serve(t, &awstest.Fake{})
	got := v.Verify(t.Context(), long(newKey()))
	check(t, got, verify.Dead, "")
	if got.Detail != "no active key in aws; not asked: aws-cn, aws-us-gov, aws-eusc" || got.Code != "InvalidClientTokenId" || got.Status != 403 {
		t.Errorf("%+v", got)
	}
}

// TestRightSecretAfterWrong: the SDK's signer keeps derived keys by key id.
func TestRightSecretAfterWrong(t *testing.T) {
	now := time.Now()
	fake := &awstest.Fake{Clock: func() time.Time { return now }}
	k := newKey()
	fake.Add(k)
	v := serve(t, fake)
	wrong := k
	wrong.Secret = awstest.Secret()
	check(t, v.Verify(t.Context(), long(wrong)), verify.Mismatch, "")
	check(t, v.Verify(t.Context(), long(k)), verify.Mismatch, "") // the five-second cache of AWS
	now = now.Add(6 * time.Second)
	check(t, v.Verify(t.Context(), long(k)), verify.Live, "")
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		off  time.Duration
		why  string
		skew string
	}{
		{-20 * time.Minute, verify.WhyClock, "-20m"},
		{20 * time.Minute, verify.WhyClock, "20m"},
		{14 * time.Minute, "", "14m"},
		{time.Minute, "", ""},
	} {
		k := newKey()
		fake := &awstest.Fake{}
		fake.Add(k)
		s := httptest.NewServer(fake)
		defer s.Close()
		v := newVerifier(t, aws.Config{Endpoint: s.URL, Clock: func() time.Time { return time.Now().Add(c.off) }})
		got := v.Verify(t.Context(), long(k))
		state := verify.Live
		if c.why != "" {
			state = verify.Unknown
		}
		check(t, got, state, c.why)
		skew, _ := time.ParseDuration(got.Skew)
		if d := skew - c.off; c.skew != "" && d.Abs() > 5*time.Second || (got.Skew == "") != (c.skew == "") {
			t.Errorf("%v: skew %q", c.off, got.Skew)
		}
	}
}

func html(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, "<html><body>log in first</body></html>")
	}
}

func TestWhatNoServerEmits(t *testing.T) {
	xml := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, s) }
	}
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	reset := func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	halfway := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5000")
		_, _ = fmt.Fprint(w, "<GetCallerIdentityResponse>")
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := fmt.Fprint(w, " "); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	huge := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "<GetCallerIdentityResponse>")
		for range 1 << 10 {
			if _, err := fmt.Fprint(w, strings.Repeat("<x></x>", 1<<10)); err != nil {
				return
			}
		}
	}
	denied := awstest.Error(403, "AccessDenied", "User: arn:aws:sts::210987654321:assumed-role/ops/anna is not authorized to perform: sts:GetCallerIdentity with an explicit deny in a VPC endpoint policy")
	for name, c := range map[string]struct {
		h      http.HandlerFunc
		state  verify.State
		why    string
		detail string
	}{
		"throttled":        {awstest.Error(400, "Throttling", "Rate exceeded"), verify.Unknown, verify.WhyThrottled, ""},
		"endpoint policy":  {denied, verify.LiveLimited, "", "policy"},
		"denied by others": {awstest.Error(403, "AccessDenied", "Access Denied"), verify.Unknown, verify.WhyUnlisted, ""},
		"region disabled":  {awstest.Error(403, "RegionDisabledException", "STS is not activated"), verify.Unknown, verify.WhyConfiguration, ""},
		"new code":         {awstest.Error(403, "AccountSuspended", "x"), verify.Unknown, verify.WhyUnlisted, ""},
		"server error":     {awstest.Error(500, "InternalFailure", "x"), verify.Unknown, verify.WhyNetwork, "HTTP 500"},
		"HTML 200":         {html(200), verify.Unknown, verify.WhyProxy, ""},
		"HTML 403":         {html(403), verify.Unknown, verify.WhyProxy, ""},
		"HTML 407":         {html(407), verify.Unknown, verify.WhyProxy, "who we are"},
		"HTML 503":         {html(503), verify.Unknown, verify.WhyNetwork, "HTTP 503"},
		"HTML 429":         {html(429), verify.Unknown, verify.WhyThrottled, ""},
		"empty 200":        {xml(""), verify.Unknown, verify.WhyProxy, ""},
		"no account":       {xml(`<GetCallerIdentityResponse><GetCallerIdentityResult></GetCallerIdentityResult></GetCallerIdentityResponse>`), verify.Unknown, verify.WhyProxy, "names no account"},
		"odd account":      {xml(`<GetCallerIdentityResponse><GetCallerIdentityResult><Account>12 3</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`), verify.Unknown, verify.WhyProxy, ""},
		"hang":             {hang, verify.Unknown, verify.WhyNetwork, "timeout"},
		"drip":             {drip, verify.Unknown, verify.WhyNetwork, "timeout"},
		"reset":            {reset, verify.Unknown, verify.WhyNetwork, "broke off"},
		"halfway":          {halfway, verify.Unknown, verify.WhyNetwork, "broke off"},
		"huge":             {huge, verify.Unknown, verify.WhyProxy, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKey()
			fake := &awstest.Fake{}
			fake.Add(k)
			fake.Script(k.ID, c.h)
			got := serve(t, fake).Verify(t.Context(), long(k))
			check(t, got, c.state, c.why)
			if !strings.Contains(got.Detail, c.detail) {
				t.Errorf("detail %q", got.Detail)
			}
			if name == "endpoint policy" && (got.ARN != "arn:aws:sts::210987654321:assumed-role/ops/anna" || got.Account != "210987654321") {
				t.Errorf("identity: %+v", got)
			}
			if name == "new code" && got.Code != "AccountSuspended" {
				t.Errorf("code %q", got.Code)
			}
			if name == "hang" && got.Source == "" {
				t.Error("it was connected, and that is not said")
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	k := newKey()
	fake := &awstest.Fake{}
	fake.Script(k.ID, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "17")
		awstest.Error(429, "TooManyRequestsException", "x")(w, r)
	})
	if got := serve(t, fake).Verify(t.Context(), long(k)); got.RetryAfter != 17*time.Second {
		t.Errorf("%+v", got)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	followed := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		v := serve(t, http.RedirectHandler(other.URL, status))
		check(t, v.Verify(t.Context(), long(newKey())), verify.Unknown, verify.WhyProxy)
	}
	if followed {
		t.Error("a redirect was followed")
	}
}

func TestNoConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	got := newVerifier(t, aws.Config{Endpoint: "http://" + address}).Verify(t.Context(), long(newKey()))
	check(t, got, verify.Unknown, verify.WhyNetwork)
	if got.Detail != "connection refused" || got.Source != "" || got.Status != 0 {
		t.Errorf("%+v", got)
	}
	got = newVerifier(t, aws.Config{Endpoint: "https://sts.nowhere.invalid"}).Verify(t.Context(), long(newKey()))
	check(t, got, verify.Unknown, verify.WhyNetwork)
	if !strings.Contains(got.Detail, "resol") {
		t.Errorf("%+v", got)
	}
	s := httptest.NewTLSServer(&awstest.Fake{})
	defer s.Close()
	s.Config.ErrorLog = nil
	got = newVerifier(t, aws.Config{Endpoint: s.URL}).Verify(t.Context(), long(newKey()))
	check(t, got, verify.Unknown, verify.WhyNetwork)
	if !strings.Contains(got.Detail, "not trusted") {
		t.Errorf("%+v", got)
	}
}

func TestCancelled(t *testing.T) {
	v := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that we left
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	check(t, v.Verify(ctx, long(newKey())), verify.Unknown, verify.WhyPending)
}

func TestProxy(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		w.WriteHeader(407)
	}))
	defer refusing.Close()
	u, err := url.Parse(refusing.URL)
	if err != nil {
		t.Fatal(err)
	}
	got := newVerifier(t, aws.Config{Proxy: u}).Verify(t.Context(), long(newKey()))
	check(t, got, verify.Unknown, verify.WhyProxy)
	refusing.Close()
	got = newVerifier(t, aws.Config{Proxy: u}).Verify(t.Context(), long(newKey()))
	check(t, got, verify.Unknown, verify.WhyProxy)
	if !strings.Contains(got.Detail, "connection refused") {
		t.Errorf("%+v", got)
	}
}

// worlds routes requests by host to the STS of each partition.
type worlds map[string]http.Handler

func (w worlds) RoundTrip(r *http.Request) (*http.Response, error) {
	h := w[r.URL.Host]
	if h == nil {
		return nil, fmt.Errorf("dial %s: nobody there", r.URL.Host)
	}
	in := r.Clone(r.Context())
	in.Host, in.RequestURI = r.URL.Host, "/"
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, in)
	return rec.Result(), nil
}

func TestPartitions(t *testing.T) {
	gov, cn, com := newKey(), newKey(), newKey()
	gov.ARN = "arn:aws-us-gov:iam::" + awstest.Account + ":user/g"
	cn.ARN = "arn:aws-cn:iam::" + awstest.Account + ":user/c"
	govSession := newSession()
	govSession.ARN = "arn:aws-us-gov:sts::" + awstest.Account + ":assumed-role/r/s"
	inCom, inGov, inCN := &awstest.Fake{}, &awstest.Fake{Region: "us-gov-west-1"}, &awstest.Fake{Region: "cn-north-1"}
	inCom.Add(com)
	inGov.Add(gov, govSession)
	inCN.Add(cn)
	all := worlds{"sts.us-east-1.amazonaws.com": inCom, "sts.us-gov-west-1.amazonaws.com": inGov, "sts.cn-north-1.amazonaws.com.cn": inCN}
	hinted := func(r verify.Request, partition string) verify.Request { r.Partition = partition; return r }
	plain := aws.Config{Transport: all}
	both := aws.Config{Transport: all, Partitions: []string{"aws", "aws-us-gov"}}
	noGov := aws.Config{Transport: worlds{"sts.us-east-1.amazonaws.com": inCom}, Partitions: []string{"aws", "aws-us-gov"}}
	for name, c := range map[string]struct {
		config    aws.Config
		r         verify.Request
		state     verify.State
		why       string
		partition string
		detail    string
	}{
		"no hint":             {plain, long(gov), verify.Dead, "", "aws", "no active key in aws; not asked: aws-cn, aws-us-gov, aws-eusc"},
		"hint":                {plain, hinted(long(gov), "aws-us-gov"), verify.Live, "", "aws-us-gov", ""},
		"hint, session":       {plain, hinted(temporary(govSession), "aws-us-gov"), verify.Live, "", "aws-us-gov", ""},
		"wrong hint":          {plain, hinted(long(com), "aws-cn"), verify.Live, "", "aws", ""},
		"hint, dead":          {plain, hinted(long(newKey()), "aws-cn"), verify.Dead, "", "", "no active key in aws-cn, aws; not asked: aws-us-gov, aws-eusc"},
		"configured":          {both, long(gov), verify.Live, "", "aws-us-gov", ""},
		"nonsense hint":       {plain, hinted(long(com), "aws-mars"), verify.Live, "", "aws", ""},
		"secret hint":         {plain, hinted(long(newKey()), "aws-iso"), verify.Unknown, verify.WhyConfiguration, "", "names aws-iso, which was not asked"},
		"one does not answer": {noGov, long(newKey()), verify.Unknown, verify.WhyNetwork, "", "no active key in aws"},
		"session, no hint":    {plain, temporary(govSession), verify.Unverifiable, verify.WhyBadToken, "aws", "not asked"},
	} {
		t.Run(name, func(t *testing.T) {
			got := newVerifier(t, c.config).Verify(t.Context(), c.r)
			check(t, got, c.state, c.why)
			if c.partition != "" && got.Partition != c.partition || !strings.Contains(got.Detail, c.detail) {
				t.Errorf("%q, %q", got.Partition, got.Detail)
			}
		})
	}
	for _, call := range inCN.Calls() {
		if call.Token != "" {
			t.Error("a session token went to a partition that nobody named")
		}
	}
	// An endpoint of our own cannot answer for another partition.
	s := httptest.NewServer(inCom)
	defer s.Close()
	got := newVerifier(t, aws.Config{Endpoint: s.URL}).Verify(t.Context(), hinted(long(newKey()), "aws-cn"))
	check(t, got, verify.Unknown, verify.WhyConfiguration)
}

// TestRegionThatIsNotEnabled: a region that accounts must enable answers for a live
// key as for a dead one.
func TestRegionThatIsNotEnabled(t *testing.T) {
	k, s := newKey(), newSession()
	far := &awstest.Fake{Region: "ap-east-1"}
	near := &awstest.Fake{Region: "eu-west-1"}
	all := worlds{"sts.ap-east-1.amazonaws.com": far, "sts.eu-west-1.amazonaws.com": near}
	for _, r := range []verify.Request{long(k), temporary(s)} {
		got := newVerifier(t, aws.Config{Transport: all, Region: "ap-east-1"}).Verify(t.Context(), r)
		check(t, got, verify.Unknown, verify.WhyConfiguration)
		if !strings.Contains(got.Detail, "not enabled ap-east-1") || got.Code != "InvalidClientTokenId" {
			t.Errorf("%+v", got)
		}
	}
	check(t, newVerifier(t, aws.Config{Transport: all, Region: "eu-west-1"}).Verify(t.Context(), long(k)), verify.Dead, "")
	far.Add(k, s)
	check(t, newVerifier(t, aws.Config{Transport: all, Region: "ap-east-1"}).Verify(t.Context(), long(k)), verify.Live, "")
	check(t, newVerifier(t, aws.Config{Transport: all, Region: "ap-east-1"}).Verify(t.Context(), temporary(s)), verify.Live, "")
}

// TestOthersAnswer: what other services, gateways and filters answer with a 403
// says nothing about a key, however much it sounds like it.
func TestOthersAnswer(t *testing.T) {
	for name, answer := range map[string]struct{ kind, body string }{
		"S3":                    {"application/xml", `<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id you provided does not exist in our records.</Message><RequestId>x</RequestId></Error>`},
		"S3, wrong secret":      {"application/xml", `<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. Check your key and signing method.</Message></Error>`},
		"EC2":                   {"text/xml", `<Response><Errors><Error><Code>AuthFailure</Code><Message>AWS was not able to validate the provided access credentials</Message></Error></Errors><RequestID>x</RequestID></Response>`},
		"JSON":                  {"application/x-amz-json-1.1", `{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}`},
		"JSON, dead":            {"application/x-amz-json-1.0", `{"__type":"com.amazon.coral.service#InvalidClientTokenId","message":"The security token included in the request is invalid."}`},
		"API gateway":           {"application/json", `{"message":"Forbidden"}`},
		"API gateway, token":    {"application/json", `{"message":"Missing Authentication Token"}`},
		"filter":                {"text/html", `<html><body>InvalidClientTokenId: blocked by policy</body></html>`},
		"load balancer":         {"text/html", `<html><head><title>403 Forbidden</title></head></html>`},
		"nothing":               {"text/plain", ``},
		"an answer of the past": {"text/xml", `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId`},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKey()
			fake := &awstest.Fake{}
			fake.Add(k)
			fake.Script(k.ID, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", answer.kind)
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, answer.body)
			})
			if got := serve(t, fake).Verify(t.Context(), long(k)); got.State != verify.Unknown {
				t.Errorf("%s (%s): %+v", got.State, got.Why, got)
			}
		})
	}
}

// TestTokenOfAnotherKey proves nothing about the key.
func TestTokenOfAnotherKey(t *testing.T) {
	a, b := newSession(), newSession()
	fake := &awstest.Fake{}
	fake.Add(a, b)
	a.Token = b.Token
	check(t, serve(t, fake).Verify(t.Context(), temporary(a)), verify.Unverifiable, verify.WhyBadToken)
}

func TestConfig(t *testing.T) {
	for endpoint, ok := range map[string]bool{
		"":                              true,
		"https://sts.internal.example":  true,
		"https://10.0.0.1:8443/":        true,
		"http://127.0.0.1:4566":         true,
		"http://[::1]:80":               true,
		"http://localhost:80":           true,
		"http://10.0.0.1":               false,
		"http://127.0.0.1.evil.example": false,
		"http://localhost.evil.example": false,
		"ftp://127.0.0.1":               false,
		"//127.0.0.1":                   false,
		"127.0.0.1:80":                  false,
		"https://":                      false,
		"https://user:hunter2@h":        false,
		"https://h/path":                false,
		"https://h?hunter2=1":           false,
		"https://h#hunter2":             false,
		"https://h:hunter2":             false,
	} {
		_, err := aws.New(aws.Config{Endpoint: endpoint})
		if (err == nil) != ok {
			t.Errorf("%q: %v", endpoint, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats a password: %v", err)
		}
	}
	for name, c := range map[string]aws.Config{
		"region":     {Region: "mars-1"},
		"partition":  {Partitions: []string{"aws-mars"}},
		"mixed":      {Region: "eu-west-1", Partitions: []string{"aws-cn"}},
		"several":    {Endpoint: "https://h", Partitions: []string{"aws", "aws-cn"}},
		"user agent": {UserAgent: "a\r\nb"},
	} {
		if _, err := aws.New(c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestHosts(t *testing.T) {
	proxy, err := url.Parse("http://user:pass@proxy.example:3128")
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]aws.Config{
		"[sts.us-east-1.amazonaws.com:443]":                                     {},
		"[sts.eu-central-1.amazonaws.com:443]":                                  {Region: "eu-central-1"},
		"[sts.us-gov-east-1.amazonaws.com:443]":                                 {Region: "us-gov-east-1"},
		"[proxy.example:3128 sts.us-east-1.amazonaws.com:443]":                  {Proxy: proxy},
		"[sts.us-east-1.amazonaws.com:443 sts.cn-north-1.amazonaws.com.cn:443]": {Partitions: []string{"aws", "aws-cn"}},
		"[127.0.0.1:4566]":           {Endpoint: "http://127.0.0.1:4566"},
		"[sts.internal.example:443]": {Endpoint: "https://sts.internal.example"},
		"[]":                         {Endpoint: "ftp://x"},
	} {
		if got := fmt.Sprint(aws.Hosts(c)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := fmt.Sprint(aws.HostsOnHint(aws.Config{Partitions: []string{"aws", "aws-eusc"}})); got != "[sts.cn-north-1.amazonaws.com.cn:443 sts.us-gov-west-1.amazonaws.com:443]" {
		t.Errorf("on a hint: %s", got)
	}
	if got := aws.HostsOnHint(aws.Config{Endpoint: "https://h"}); got != nil {
		t.Errorf("on a hint, with an endpoint: %v", got)
	}
}

// TestNothingIsRepeated plays a server that echoes all it is sent, and looks for
// secret and token in the verdict however it is printed.
func TestNothingIsRepeated(t *testing.T) {
	k := newSession()
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			token := r.Header.Get("X-Amz-Security-Token")
			w.Header().Set("X-Amzn-Requestid", token[12:60])
			awstest.Error(status, token[20:80], token+k.Secret)(w, r)
		}
	}
	for _, h := range []http.HandlerFunc{
		echo(403), echo(400), echo(500), echo(200),
		func(w http.ResponseWriter, r *http.Request) {
			token := r.Header.Get("X-Amz-Security-Token")
			_, _ = fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>%s</Arn><UserId>%s</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, token, token, token)
		},
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/?t="+url.QueryEscape(r.Header.Get("X-Amz-Security-Token")), http.StatusFound)
		},
		awstest.Error(403, "AccessDenied", "User: arn:aws:iam::1:user/"+k.Token+" is not authorized to perform: sts:GetCallerIdentity"),
	} {
		fake := &awstest.Fake{}
		fake.Script(k.ID, h)
		v := serve(t, fake)
		got := v.Verify(t.Context(), temporary(k))
		if got.State != verify.Unknown {
			t.Errorf("%+v", got)
		}
		asJSON, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		text := string(asJSON) + fmt.Sprintf("%v %+v %#v %+v", got, got, got, v)
		for _, s := range []string{k.Secret, k.Token} {
			for _, form := range []string{s, s[12:40], hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte(s)), strings.Trim(fmt.Sprintf("%d", []byte(s[:20])), "[]"), url.QueryEscape(s)} {
				if strings.Contains(text, form) {
					t.Errorf("found %q in %s", form, text)
				}
			}
		}
	}
}
