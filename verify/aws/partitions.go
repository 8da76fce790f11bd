package aws

import (
	"regexp"
	"slices"
	"strings"
)

// partition is one of the separate worlds of AWS. A key of one is unknown in
// the others, where it cannot be told from a dead one.
type partition struct {
	name   string
	region string         // where its keys are asked about unless configured
	suffix string         // STS is sts.REGION.suffix
	has    *regexp.Regexp // its region names
	public bool           // reachable from the internet: may be asked on a hint
}

// partitions is the SDK's table as of aws-sdk-go-v2 v1.48.0; a test compares
// them. In aws it is us-east-1 because STS cannot be switched off there and
// takes session tokens of every kind.
var partitions = []partition{
	{"aws", "us-east-1", "amazonaws.com", regexp.MustCompile(`^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$`), true},
	{"aws-cn", "cn-north-1", "amazonaws.com.cn", regexp.MustCompile(`^cn-\w+-\d+$`), true},
	{"aws-us-gov", "us-gov-west-1", "amazonaws.com", regexp.MustCompile(`^us-gov-\w+-\d+$`), true},
	{"aws-eusc", "eusc-de-east-1", "amazonaws.eu", regexp.MustCompile(`^eusc-(de)-\w+-\d+$`), true},
	{"aws-iso", "us-iso-east-1", "c2s.ic.gov", regexp.MustCompile(`^us-iso-\w+-\d+$`), false},
	{"aws-iso-b", "us-isob-east-1", "sc2s.sgov.gov", regexp.MustCompile(`^us-isob-\w+-\d+$`), false},
	{"aws-iso-e", "eu-isoe-west-1", "cloud.adc-e.uk", regexp.MustCompile(`^eu-isoe-\w+-\d+$`), false},
	{"aws-iso-f", "us-isof-south-1", "csp.hci.ic.gov", regexp.MustCompile(`^us-isof-\w+-\d+$`), false},
}

func partitionNamed(name string) (partition, bool) {
	i := slices.IndexFunc(partitions, func(p partition) bool { return p.name == name })
	if i < 0 {
		return partition{}, false
	}
	return partitions[i], true
}

func partitionOfRegion(region string) (partition, bool) {
	i := slices.IndexFunc(partitions, func(p partition) bool { return p.has.MatchString(region) })
	if i < 0 {
		return partition{}, false
	}
	return partitions[i], true
}

// host returns the host of STS in a region of p.
func (p partition) host(region string) string { return "sts." + region + "." + p.suffix }

// enabledRegions are the regions of aws that every account has. All later ones
// must be enabled by an account first, and answer for its keys as if there were
// none until then (AWS Account Management, "Enable or disable AWS Regions";
// the answer: hashicorp/terraform-provider-aws issue 38607 and others like it).
var enabledRegions = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
	"eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1",
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
}

// optIn reports whether accounts of p must enable a region before it knows them.
func (p partition) optIn(region string) bool {
	return p.name == "aws" && !slices.Contains(enabledRegions, region)
}

// identity is the shape of the ARNs that STS answers with.
var identity = regexp.MustCompile(`^arn:([a-z0-9-]+):(iam|sts)::(\d{12}):[A-Za-z0-9+=,.@_/:-]{1,700}$`)

// parseARN returns the partition and account of an identity's ARN.
func parseARN(arn string) (partition, account string, ok bool) {
	m := identity.FindStringSubmatch(arn)
	if m == nil {
		return "", "", false
	}
	return m[1], m[3], true
}

// notAsked lists the public partitions that are not among asked.
func notAsked(asked []string) string {
	var names []string
	for _, p := range partitions {
		if p.public && !slices.Contains(asked, p.name) {
			names = append(names, p.name)
		}
	}
	return strings.Join(names, ", ")
}
