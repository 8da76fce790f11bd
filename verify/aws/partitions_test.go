package aws

import (
	"regexp"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestPartitionsAreTheSDKs compares our table with the SDK's own resolver.
func TestPartitionsAreTheSDKs(t *testing.T) {
	for _, p := range partitions {
		for _, region := range []string{p.region, p.name} {
			if region == p.name {
				continue
			}
			got, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), sts.EndpointParameters{Region: sdk.String(region), UseGlobalEndpoint: sdk.Bool(false)})
			if err != nil {
				t.Fatal(err)
			}
			if got.URI.Host != p.host(region) {
				t.Errorf("%s: %s, the SDK says %s", p.name, p.host(region), got.URI.Host)
			}
			if q, ok := partitionOfRegion(region); !ok || q.name != p.name {
				t.Errorf("%s: its region is of %q", p.name, q.name)
			}
		}
	}
	for region, want := range map[string]string{"eu-central-1": "aws", "us-gov-east-1": "aws-us-gov", "cn-northwest-1": "aws-cn", "ap-southeast-7": "aws", "local": "", "": ""} {
		if p, _ := partitionOfRegion(region); p.name != want {
			t.Errorf("%q is of %q, want %q", region, p.name, want)
		}
	}
}

func TestParseARN(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::210987654321:root":                                    "aws 210987654321",
		"arn:aws-us-gov:iam::210987654321:user/team/a.b@c":                  "aws-us-gov 210987654321",
		"arn:aws:sts::210987654321:assumed-role/deploy/i-0123456789abcdef0": "aws 210987654321",
		"arn:aws-cn:sts::210987654321:federated-user/x":                     "aws-cn 210987654321",
		"arn:aws:iam::21098765432:root":                                     " ",
		"arn:aws:s3:::bucket":                                               " ",
		"arn:aws:iam::210987654321:user/<script>":                           " ",
		"x arn:aws:iam::210987654321:root":                                  " ",
		"":                                                                  " ",
	} {
		p, account, _ := parseARN(arn)
		if got := p + " " + account; got != want {
			t.Errorf("%q: %q, want %q", arn, got, want)
		}
	}
}

func TestCanaries(t *testing.T) {
	seen := map[string]bool{}
	for _, account := range Canaries() {
		if !regexp.MustCompile(`^\d{12}$`).MatchString(account) || seen[account] {
			t.Errorf("%q is no account id, or there twice", account)
		}
		seen[account] = true
	}
	if len(seen) < 26 {
		t.Errorf("%d decoy accounts", len(seen))
	}
}
