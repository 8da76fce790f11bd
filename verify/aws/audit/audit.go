// Package audit reads what AWS records about a key and its owner with the
// responder's own read-only credentials: whose key it is, whether it is active,
// when it was last used, and what its owner may do. The key itself takes no
// part, so its evidence of last use stays as it was, and an id whose secret was
// not found can be read too.
//
// Here, and only here, the shared configuration and the environment of the AWS
// SDK count, because the credentials are the responder's. Nothing that was
// found in a scan ever comes here but key ids and ARNs.
//
// What cannot be read is said and makes answers unknown: a denied read means
// that nothing is known, never that there is little.
//
// This package knows IAM, Organizations and CloudTrail as far as it reads them.
// It does not know secrets, nor when a key may be looked up: the queue does.
package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"mislaid/internal/pace"
	"mislaid/verify"
)

// Config configures an Auditor.
type Config struct {
	Profile   string             // of the responder, in the shared configuration
	Role      string             // name of the read-only role that is assumed in accounts other than the profile's; "" none
	Accounts  map[string]Account // by id
	UserAgent string             // how we name ourselves
	MaxKeyAge time.Duration      // above which a key counts as unrotated. 0: 90 days

	LookBack bool           // read CloudTrail for uses of each key
	Known    []netip.Prefix // addresses that are explained

	PerSec float64          // calls per second in one account. 0: 20
	Clock  func() time.Time // nil: time.Now
}

// Account says how an account is read, and what is known of it offline.
type Account struct {
	verify.Account
	Profile string // read it with this profile; "" by the common one
	Role    string // ARN or name of the role to assume there; "" Config.Role
}

// Auditor reads facts. It implements verify.Auditor.
type Auditor struct {
	config Config
	base   sdk.Config
	who    string // ARN of the responder
	home   string // the responder's account
	part   string // its partition
	org    *organization

	mu       sync.Mutex
	accounts map[string]*account
}

// New loads the responder's profile. It contacts nobody.
func New(ctx context.Context, c Config) (*Auditor, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.PerSec = cmp.Or(c.PerSec, 20)
	c.UserAgent = cmp.Or(c.UserAgent, "mislaid")
	base, err := load(ctx, c, c.Profile)
	if err != nil {
		return nil, err
	}
	return &Auditor{
		config: c, base: base, accounts: make(map[string]*account),
		org: &organization{client: organizations.NewFromConfig(c.paced(base))},
	}, nil
}

// Start asks STS who the responder is. It must return before Audit is called.
func (a *Auditor) Start(ctx context.Context) error {
	out, err := sts.NewFromConfig(a.base).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return fmt.Errorf("audit: ask who the profile %s is: %s", a.config.Profile, reason(err))
	}
	a.who, a.home = sdk.ToString(out.Arn), sdk.ToString(out.Account)
	_, rest, _ := strings.Cut(a.who, ":")
	a.part, _, _ = strings.Cut(rest, ":")
	return nil
}

// Who returns the responder's ARN.
func (a *Auditor) Who() string { return a.who }

// load reads a profile of the responder.
func load(ctx context.Context, c Config, profile string) (sdk.Config, error) {
	base, err := config.LoadDefaultConfig(ctx,
		config.WithSharedConfigProfile(profile),
		config.WithAppID("mislaid"),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(20*time.Second)),
		config.WithRetryer(func() sdk.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 5, 10*time.Second })
		}),
	)
	if err != nil {
		return base, fmt.Errorf("audit: profile %s: %w", profile, err)
	}
	base.Region = cmp.Or(base.Region, "us-east-1")
	return base, nil
}

// paced returns cfg with a pace of its own: the vendor counts calls by account.
func (c Config) paced(cfg sdk.Config) sdk.Config { return pacedAt(cfg, c.PerSec, 20) }

func pacedAt(cfg sdk.Config, perSec float64, burst int) sdk.Config {
	cfg = cfg.Copy()
	cfg.HTTPClient = pacedClient{pace.NewLimiter(perSec, burst), cfg.HTTPClient}
	return cfg
}

// pacedClient spaces calls out.
type pacedClient struct {
	limiter pace.Limiter
	client  sdk.HTTPClient
}

func (p pacedClient) Do(r *http.Request) (*http.Response, error) {
	if err := p.limiter.Wait(r.Context(), 1); err != nil {
		return nil, err
	}
	return p.client.Do(r)
}

// account is how one account is read, and what was read of it once for all its
// keys.
type account struct {
	id     string
	by     string // ARN or name of what reads
	reader *reader
	trail  *cloudtrail.Client
	why    string // it cannot be read
	failed bool   // it should have been: the way there did not work

	once   sync.Once
	common common
}

// in returns how an account is read.
func (a *Auditor) in(ctx context.Context, id string) *account {
	a.mu.Lock()
	defer a.mu.Unlock()
	if acc := a.accounts[id]; acc != nil {
		return acc
	}
	acc := &account{id: id, by: a.who}
	a.accounts[id] = acc
	how, listed := a.config.Accounts[id]
	cfg := a.base
	switch role := cmp.Or(how.Role, a.config.Role); {
	case how.Profile != "":
		own, err := load(ctx, a.config, how.Profile)
		if err != nil {
			acc.why, acc.failed = err.Error(), true
			return acc
		}
		cfg, acc.by = own, "profile "+how.Profile
	case id == a.home && (!listed || how.Role == ""):
	case role == "":
		acc.why = "account " + id + " is not the profile's, and no role to read it is named"
		return acc
	default:
		if !strings.HasPrefix(role, "arn:") {
			role = "arn:" + a.part + ":iam::" + id + ":role/" + role
		}
		cfg = a.base.Copy()
		cfg.Credentials = sdk.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(a.base), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "mislaid"
		}))
		acc.by = role
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		acc.why, acc.failed = "no credentials from "+acc.by+": "+reason(err), true
		return acc
	}
	cfg = a.config.paced(cfg)
	acc.reader = newReader(iam.NewFromConfig(cfg), id, a.part)
	acc.trail = cloudtrail.NewFromConfig(pacedAt(cfg, a.config.PerSec/10, 2)) // LookupEvents is answered twice a second
	return acc
}

// Audit reads what is recorded about a key, or, once a call has told it, about
// the identity of a session.
func (a *Auditor) Audit(ctx context.Context, s verify.Subject) verify.Facts {
	f := verify.Facts{Read: a.config.Clock().UTC(), Status: verify.KeyUnread}
	id := s.Account
	if id == "" {
		out, err := sts.NewFromConfig(a.base).GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: sdk.String(s.KeyID)})
		if err != nil {
			f.Why = "sts:GetAccessKeyInfo did not tell its account: " + reason(err)
			return f
		}
		id = sdk.ToString(out.Account)
	}
	f.Account = a.config.Accounts[id].Account
	f.Account.ID = id
	acc := a.in(ctx, id)
	if acc.reader == nil {
		f.Why = acc.why
		if !acc.failed {
			f.Status = verify.KeyNotOurs
		}
		return f
	}
	f.By = acc.by
	subject := acc.reader.subject()
	switch session := strings.HasPrefix(s.KeyID, "ASIA"); {
	case s.ARN != "":
		acc.reader.identity(ctx, s.ARN, &f, &subject)
		if !session {
			f.Status = verify.KeyActive
		}
	case session:
		f.Why = "IAM keeps no record of temporary keys by their id"
		return f
	default:
		acc.reader.key(ctx, s.KeyID, &f, &subject)
	}
	if f.Owner.Kind == "" {
		return f
	}
	a.finish(ctx, acc, s, &f, &subject)
	return f
}

// unread notes a read that did not come about.
func unread(f *verify.Facts, action string, err error) {
	f.Unread = append(f.Unread, action+": "+reason(err))
}

// reason names the class of an error: the vendor's code, never its text, which
// quotes what was asked.
func reason(err error) string {
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, new(*url.Error)):
		return "not reachable"
	}
	return "failed (is the profile logged in?)"
}

func hasCode(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}
