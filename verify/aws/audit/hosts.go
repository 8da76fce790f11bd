package audit

import (
	"context"
	"net/url"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// Hosts returns the host:port that an audit contacts, as far as they are known
// before: what a role or another profile adds is of the same services.
func (a *Auditor) Hosts(ctx context.Context) (hosts []string) {
	if u, err := url.Parse(sdk.ToString(a.base.BaseEndpoint)); err == nil && u.Host != "" {
		return []string{u.Host}
	}
	region := sdk.String(a.base.Region)
	for _, resolve := range []func() (smithyendpoints.Endpoint, error){
		func() (smithyendpoints.Endpoint, error) {
			return sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: region})
		},
		func() (smithyendpoints.Endpoint, error) {
			return iam.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, iam.EndpointParameters{Region: region})
		},
		func() (smithyendpoints.Endpoint, error) {
			return organizations.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, organizations.EndpointParameters{Region: region})
		},
		func() (smithyendpoints.Endpoint, error) {
			return cloudtrail.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, cloudtrail.EndpointParameters{Region: region})
		},
	} {
		if e, err := resolve(); err == nil {
			hosts = append(hosts, e.URI.Host+":443")
		}
	}
	return hosts
}

// globalRegion is where the services without a region log, by partition.
func globalRegion(partition string) string {
	switch partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	case "aws-eusc":
		return "eusc-de-east-1"
	}
	return "us-east-1"
}
