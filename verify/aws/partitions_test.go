package aws

import (
	"regexp"
	"slices"
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

// TestFIPSIsTheSDKs: where we ask for a FIPS endpoint, the SDK resolves to the same
// host; where AWS has none, we refuse instead of asking a host that is not there.
func TestFIPSIsTheSDKs(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "sts-fips.us-east-1.amazonaws.com", "us-east-2": "sts-fips.us-east-2.amazonaws.com", "us-west-1": "sts-fips.us-west-1.amazonaws.com",
		"us-west-2": "sts-fips.us-west-2.amazonaws.com", "ca-central-1": "sts-fips.ca-central-1.amazonaws.com", "ca-west-1": "sts-fips.ca-west-1.amazonaws.com",
		"us-gov-west-1": "sts.us-gov-west-1.amazonaws.com", "us-gov-east-1": "sts.us-gov-east-1.amazonaws.com",
		"eu-west-1": "", "ap-northeast-1": "", "cn-north-1": "", "eusc-de-east-1": "", "sa-east-1": "",
	} {
		hosts := Hosts(Config{Region: region, FIPS: true})
		if want == "" {
			if _, err := New(Config{Region: region, FIPS: true}); err == nil || len(hosts) > 0 {
				t.Errorf("%s has no FIPS endpoint, and %v are asked: %v", region, hosts, err)
			}
			continue
		}
		got, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), sts.EndpointParameters{Region: sdk.String(region), UseFIPS: sdk.Bool(true), UseGlobalEndpoint: sdk.Bool(false)})
		if err != nil {
			t.Fatal(err)
		}
		if got.URI.Host != want || len(hosts) != 1 || hosts[0] != want+":443" {
			t.Errorf("%s: we ask %v, the SDK %s, want %s", region, hosts, got.URI.Host, want)
		}
	}
	if hosts := HostsOnHint(Config{FIPS: true}); !slices.Equal(hosts, []string{"sts.us-gov-west-1.amazonaws.com:443"}) {
		t.Errorf("on a hint %v are asked", hosts)
	}
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{}, "iam.amazonaws.com:443"}, {Config{FIPS: true}, "iam-fips.amazonaws.com:443"},
		{Config{Region: "us-gov-east-1"}, "iam.us-gov.amazonaws.com:443"}, {Config{Partitions: []string{"aws-cn"}}, "iam.cn-north-1.amazonaws.com.cn:443"},
	} {
		if got := HostsOfScope(c.config); !slices.Equal(got, []string{c.want}) {
			t.Errorf("scope: %v, want %s", got, c.want)
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
