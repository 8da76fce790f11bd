// Package aws asks AWS STS who a key belongs to (GetCallerIdentity), and turns
// every answer into a verdict.
//
// The question needs no permission, changes nothing and reads no data; it does
// leave an event in the trail of the key's account, and overwrites when and
// where the key was last used. The secret never travels: it signs. A session
// token does travel, so it goes to configured and hinted partitions only.
//
// Every setting of the SDK is pinned. Nothing of the environment takes part: no
// profile, endpoint, proxy, certificate bundle or region from variables or
// files, because each of them could send what was found somewhere else, or
// someone else's name with it. Each call has a client of its own, because the
// SDK's signer keeps derived keys by key id without looking at the secret
// (aws-sdk-go-v2 issue 3350): a right secret after a wrong one would be refused.
//
// This package knows STS, its partitions and its answers. It does not know
// which keys may be asked about, when, or how often: the queue does.
package aws

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"mislaid/internal/secret"
	"mislaid/verify"
)

const (
	dialTimeout = 3 * time.Second
	maxAnswer   = 64 << 10 // bytes of an answer that are read; a real one has about 1,000
	skewToTell  = 5 * time.Minute
)

// Verifier asks STS. It implements verify.Verifier and is safe for concurrent
// use.
type Verifier struct {
	config  Config
	targets []target
	client  *http.Client
}

// New returns a Verifier, or an error that says what is wrong with c.
func New(c Config) (*Verifier, error) {
	targets, err := c.targets()
	if err != nil {
		return nil, err
	}
	c.UserAgent = cmp.Or(c.UserAgent, "mislaid")
	c.Timeout = cmp.Or(c.Timeout, 8*time.Second)
	if strings.ContainsFunc(c.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, errors.New("aws: the user agent must be printable ASCII")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Transport == nil {
		c.Transport = transport(c)
	}
	client := &http.Client{
		Transport:     c.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Verifier{config: c, targets: targets, client: client}, nil
}

func transport(c Config) *http.Transport {
	t := &http.Transport{
		Proxy:                  nil, // not ProxyFromEnvironment
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: maxAnswer,
	}
	if c.Proxy != nil {
		t.Proxy = http.ProxyURL(c.Proxy)
		t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
			if r.StatusCode != http.StatusOK {
				return errProxyRefused
			}
			return nil
		}
	}
	return t
}

// Verify asks the hinted partition, then the configured ones, until one knows
// the key. Dead means that each of them was asked and none has an active key
// of this id; its Detail names those that were not asked.
func (v *Verifier) Verify(ctx context.Context, r verify.Request) verify.Verdict {
	if !r.Credential.Kind.Askable() {
		return verify.Verdict{State: verify.Unverifiable, Why: verify.WhyNoVerifier}
	}
	if r.Credential.ID == "" {
		return verify.Verdict{State: verify.Unverifiable, Why: verify.WhyNoID}
	}
	if r.Credential.Secret.IsZero() {
		return verify.Verdict{State: verify.Unverifiable, Why: verify.WhyNoSecret}
	}
	if isSession(r.Credential) && r.Credential.Token.IsZero() {
		return verify.Verdict{State: verify.Unverifiable, Why: verify.WhyNoToken}
	}
	targets, left := v.route(r.Partition)
	if isSession(r.Credential) {
		targets = v.forToken(targets)
	}
	var no, unknown *verify.Verdict
	var without, asked []string
	for i, t := range targets {
		if i == 0 && v.config.OnHint != nil && !slices.Contains(v.targets, t) {
			v.config.OnHint(t.partition, t.host)
		}
		verdict := v.ask(ctx, t, r.Credential)
		asked = append(asked, t.partition)
		switch verdict.State {
		case verify.Dead, verify.Unverifiable:
			no = &verdict
			without = append(without, t.partition)
		case verify.Unknown:
			unknown = &verdict
		default:
			return verdict
		}
	}
	if unknown != nil {
		if len(without) > 0 {
			unknown.Detail = join(unknown.Detail, "no active key in "+strings.Join(without, ", "))
		}
		return *unknown
	}
	return conclude(*no, asked, left)
}

// WouldAsk returns the hosts that Verify would ask about r, in order, and asks
// none.
func (v *Verifier) WouldAsk(r verify.Request) (hosts []string) {
	targets, _ := v.route(r.Partition)
	if isSession(r.Credential) {
		targets = v.forToken(targets)
	}
	for _, t := range targets {
		hosts = append(hosts, t.addr)
	}
	return hosts
}

// forToken leaves those targets to which a session token may go: where the text
// beside it, or the configuration, says.
func (v *Verifier) forToken(targets []target) []target {
	if len(v.config.Partitions) == 0 && len(targets) > len(v.targets) {
		return targets[:1]
	}
	return targets
}

// conclude words the verdict of a key that no asked partition knows. When the
// text beside it names a partition that was not asked, nothing is proven.
func conclude(v verify.Verdict, asked []string, left string) verify.Verdict {
	detail := "no active key in " + strings.Join(asked, ", ")
	if left != "" {
		v.State, v.Why = verify.Unknown, verify.WhyConfiguration
		v.Detail = detail + ", but the text beside it names " + left + ", which was not asked"
		return v
	}
	if rest := notAsked(asked); rest != "" {
		detail += "; not asked: " + rest
	}
	v.Detail = join(v.Detail, detail)
	return v
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// route returns the places to ask about a key with a hint, the hinted one
// first. left is the hinted partition if it cannot be asked.
func (v *Verifier) route(hint string) (targets []target, left string) {
	p, known := partitionNamed(hint)
	if !known {
		return v.targets, ""
	}
	if i := slices.IndexFunc(v.targets, func(t target) bool { return t.partition == hint }); i >= 0 {
		targets = append(targets, v.targets[i])
		return append(append(targets, v.targets[:i]...), v.targets[i+1:]...), ""
	}
	if v.config.Endpoint != "" || !p.public {
		return v.targets, hint
	}
	t := p.target()
	if v.config.FIPS {
		var ok bool
		if t, ok = t.fips(); !ok {
			return v.targets, hint
		}
	}
	return append([]target{t}, v.targets...), ""
}

func isSession(c secret.Credential) bool {
	return c.Kind == secret.SessionKey || strings.HasPrefix(c.ID, "ASIA")
}

// ask makes one call and returns what it proves about t's partition.
func (v *Verifier) ask(ctx context.Context, t target, c secret.Credential) verify.Verdict {
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, v.config.Timeout)
	defer cancel()
	x := &exchange{client: v.client, userAgent: v.config.UserAgent}
	out, err := v.stsClient(t, c, x).GetCallerIdentity(x.trace(ctx), &sts.GetCallerIdentityInput{})

	token := ""
	if isSession(c) {
		token = string(c.Token.Reveal())
	}
	verdict := verify.Verdict{
		Status: x.status, Partition: t.partition, Region: t.region, Endpoint: t.host,
		RequestID: clean(x.header.Get("X-Amzn-Requestid"), requestIDShape, token),
		UserAgent: v.config.UserAgent, Source: x.source, Time: v.config.Clock().UTC(),
	}
	verdict.RetryAfter, _ = x.retryAfter(verdict.Time)
	var api smithy.APIError
	switch {
	case parent.Err() != nil && err != nil:
		verdict.State, verdict.Why, verdict.Detail = verify.Unknown, verify.WhyPending, "interrupted"
	case err == nil:
		identify(&verdict, out)
	case x.status == 0 || x.brokeOff(ctx):
		verdict.State = verify.Unknown
		// The SDK may close the answer first, so that the timeout shows as something else.
		verdict.Why, verdict.Detail = failure(cmp.Or(ctx.Err(), x.readErr, err))
	case errors.As(err, &api):
		interpret(&verdict, api.ErrorCode(), api.ErrorMessage(), token)
	default: // it could not be parsed
		interpret(&verdict, "", "", token)
	}
	if t.optIn && (verdict.State == verify.Dead || verdict.State == verify.Unverifiable) {
		verdict.State, verdict.Why = verify.Unknown, verify.WhyConfiguration
		verdict.Detail = "accounts that have not enabled " + t.region + " are unknown there; leave out --aws-region, or ask in one that every account has"
	}
	x.tellSkew(&verdict)
	return verdict
}

// stsClient returns a client that lives for one call.
func (v *Verifier) stsClient(t target, c secret.Credential, x *exchange) *sts.Client {
	return sts.New(sts.Options{
		Region:       t.region,
		BaseEndpoint: sdk.String(t.url),
		Credentials: sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
			keys := sdk.Credentials{AccessKeyID: c.ID, SecretAccessKey: string(c.Secret.Reveal())}
			if isSession(c) {
				keys.SessionToken = string(c.Token.Reveal())
			}
			return keys, nil
		}),
		Retryer:                    sdk.NopRetryer{}, // the queue tries again, and knows when
		HTTPClient:                 x,
		HTTPSignerV4:               clockSigner{v4.NewSigner(), v.config.Clock},
		DisableClockSkewCorrection: true,
	})
}

// clockSigner signs with our clock, whatever the SDK takes the time to be.
type clockSigner struct {
	signer *v4.Signer
	now    func() time.Time
}

func (s clockSigner) SignHTTP(ctx context.Context, c sdk.Credentials, r *http.Request, hash, service, region string, _ time.Time, options ...func(*v4.SignerOptions)) error {
	return s.signer.SignHTTP(ctx, c, r, hash, service, region, s.now().UTC(), options...)
}

// identify takes over who the key belongs to. An empty or foreign page that
// the SDK takes for an answer proves nothing.
func identify(v *verify.Verdict, out *sts.GetCallerIdentityOutput) {
	account := sdk.ToString(out.Account)
	if !accountShape.MatchString(account) {
		v.State, v.Why, v.Detail = verify.Unknown, verify.WhyProxy, "a success that names no account"
		return
	}
	v.State, v.Account = verify.Live, account
	if partition, _, ok := parseARN(sdk.ToString(out.Arn)); ok {
		v.ARN, v.Partition = sdk.ToString(out.Arn), partition
	}
	if id := sdk.ToString(out.UserId); len(id) <= maxUserID && userIDShape.MatchString(id) {
		v.UserID = id
	}
}

// interpret takes over an error answer.
func interpret(v *verify.Verdict, code, message, token string) {
	if code == "UnknownError" { // the SDK's word for an answer without a code
		code = ""
	}
	m := meaning(code, v.Status, message, token != "")
	v.Code = clean(code, codeShape, token)
	if m.state == verify.LiveLimited {
		arn := arnInMessage.FindString(message)
		partition, account, ok := parseARN(arn)
		if !ok {
			m = unlisted
		} else {
			v.ARN, v.Partition, v.Account = arn, partition, account
		}
	}
	v.State, v.Why, v.Detail = m.state, m.why, m.detail
	if m.state == verify.Unknown && v.Status >= 500 {
		v.Detail = fmt.Sprintf("%s (HTTP %d)", m.detail, v.Status)
	}
}
