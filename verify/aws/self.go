package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"mislaid/verify"
	"mislaid/verify/aws/audit"
)

// Scope reads with a live key what that key may read of itself: its user or
// role, and the policies of that. It lists no data, assumes no role and tries
// nothing out. It implements verify.Scoper.
func (v *Verifier) Scope(ctx context.Context, r verify.Request, live verify.Verdict) verify.Facts {
	ctx, cancel := context.WithTimeout(ctx, 8*v.config.Timeout)
	defer cancel()
	p, ok := partitionNamed(live.Partition)
	if !ok {
		p = partitions[0]
	}
	c := r.Credential
	options := iam.Options{
		Region: p.region,
		Credentials: sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
			keys := sdk.Credentials{AccessKeyID: c.ID, SecretAccessKey: string(c.Secret.Reveal())}
			if isSession(c) {
				keys.SessionToken = string(c.Token.Reveal())
			}
			return keys, nil
		}),
		Retryer:    sdk.NopRetryer{}, // what is refused once stays unknown
		HTTPClient: renamed{v.client, v.config.UserAgent},
	}
	if v.config.FIPS {
		options.EndpointOptions.UseFIPSEndpoint = sdk.FIPSEndpointStateEnabled
	}
	if v.config.Endpoint != "" {
		options.BaseEndpoint = sdk.String(v.targets[0].url)
	}
	return audit.Own(ctx, iam.New(options), live, v.config.MaxKeyAge, v.config.Clock().UTC())
}

// HostsOfScope returns the host:port that Scope contacts besides, for keys of the
// partitions that are asked about every key.
func HostsOfScope(c Config) (hosts []string) {
	if c.Endpoint != "" {
		return nil
	}
	targets, err := c.targets()
	if err != nil {
		return nil // New tells
	}
	for _, t := range targets {
		p, _ := partitionNamed(t.partition)
		e, err := iam.NewDefaultEndpointResolverV2().ResolveEndpoint(context.Background(), iam.EndpointParameters{Region: sdk.String(p.region), UseFIPS: sdk.Bool(c.FIPS)})
		if err == nil {
			hosts = append(hosts, e.URI.Host+":443")
		}
	}
	return hosts
}
