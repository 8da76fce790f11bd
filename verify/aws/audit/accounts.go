package audit

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"mislaid/verify"
	"mislaid/verify/aws/capability"
	"mislaid/verify/aws/policy"
)

// common is what all keys of an account share.
type common struct {
	alias     string
	users     *int
	trails    *capability.Trails
	roles     []capability.Role
	rolesRead bool
	member    membership
	unread    []string
}

// membership is what the organisation says of an account.
type membership struct {
	organization string
	management   bool
	name         string
	guards       [][]policy.Policy // service control policies by level; nil: none bind it
	limits       []string          // what could not be taken into account
}

// finish adds what the account says, and concludes.
func (a *Auditor) finish(ctx context.Context, acc *account, s verify.Subject, f *verify.Facts, subject *capability.Subject) {
	acc.once.Do(func() { acc.common = a.readCommon(ctx, acc) })
	c := &acc.common
	f.Unread = append(f.Unread, c.unread...)
	f.Account.Alias, f.Account.Users = c.alias, c.users
	f.Account.Name = cmp.Or(f.Account.Name, c.member.name)
	f.Account.Organization = c.member.organization
	f.Account.Management = f.Account.Management || c.member.management
	subject.Users, subject.Trails, subject.Roles, subject.RolesRead = c.users, c.trails, c.roles, c.rolesRead
	subject.Policies.Guards = c.member.guards
	subject.Limits = append(subject.Limits, c.member.limits...)
	acc.reader.become(ctx, f, subject)
	if a.config.LookBack {
		a.lookBack(ctx, acc, s.KeyID, f)
	}
	conclude(f, subject, a.config.MaxKeyAge, a.config.Clock())
}

// conclude judges what was read.
func conclude(f *verify.Facts, s *capability.Subject, maxAge time.Duration, now time.Time) {
	slices.Sort(f.Unread)
	f.Unread = slices.Compact(f.Unread)
	if s.Kind == "" {
		c := capability.Nothing("who it is could not be read")
		f.Capability = &c
		return
	}
	c := capability.Judge(*s)
	f.Capability = &c
	f.Findings = capability.Findings(*s, c, maxAge, now)
}

func (a *Auditor) readCommon(ctx context.Context, acc *account) (c common) {
	note := func(action string, err error) {
		var f verify.Facts
		unread(&f, action, err)
		c.unread = append(c.unread, f.Unread...)
	}
	if out, err := acc.reader.iam.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{}); err != nil {
		note("iam:ListAccountAliases", err)
	} else if len(out.AccountAliases) > 0 {
		c.alias = out.AccountAliases[0]
	}
	if out, err := acc.reader.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{}); err != nil {
		note("iam:GetAccountSummary", err)
	} else if n, ok := out.SummaryMap[string(types.SummaryKeyTypeUsers)]; ok {
		c.users = sdk.Int(int(n))
	}
	roles, err := pages(func(marker *string) ([]types.Role, *string, error) {
		out, err := acc.reader.iam.ListRoles(ctx, &iam.ListRolesInput{Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.Roles, next(out.IsTruncated, out.Marker), nil
	})
	if err != nil {
		note("iam:ListRoles", err)
	}
	c.rolesRead = err == nil
	for _, r := range roles {
		var f verify.Facts
		c.roles = append(c.roles, capability.Role{Name: sdk.ToString(r.RoleName), ARN: sdk.ToString(r.Arn), Trust: document(&f, "", r.AssumeRolePolicyDocument).Document})
	}
	c.trails = readTrails(ctx, acc.trail, note)
	c.member = a.org.member(ctx, acc.id)
	for _, p := range slices.Concat(c.member.guards...) {
		if p.Document == nil {
			c.unread = append(c.unread, "organizations:DescribePolicy: "+p.Name)
		}
	}
	return c
}

// readTrails counts the trails of an account, and those that are logging.
func readTrails(ctx context.Context, client *cloudtrail.Client, note func(string, error)) *capability.Trails {
	out, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil {
		note("cloudtrail:DescribeTrails", err)
		return nil
	}
	t := &capability.Trails{Total: len(out.TrailList)}
	for _, trail := range out.TrailList {
		status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: trail.TrailARN}, func(o *cloudtrail.Options) {
			o.Region = cmp.Or(sdk.ToString(trail.HomeRegion), o.Region)
		})
		switch {
		case err != nil:
			t.Unread++
			note("cloudtrail:GetTrailStatus", err)
		case sdk.ToBool(status.IsLogging):
			t.Logging++
		}
	}
	return t
}

// organization is what the responder may read of the organisation.
type organization struct {
	client *organizations.Client

	once       sync.Once
	id, master string
	why        string

	mu       sync.Mutex
	policies map[string]policy.Policy
}

const noGuards = "service control policies were not taken into account: "

// member reads how the organisation stands to an account. Only the management
// account and delegated ones may ask for more than the organisation's id.
func (o *organization) member(ctx context.Context, account string) (m membership) {
	o.once.Do(func() {
		out, err := o.client.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
		switch {
		case hasCode(err, "AWSOrganizationsNotInUseException"):
		case err != nil:
			o.why = "organizations:DescribeOrganization: " + reason(err)
		case out.Organization != nil:
			o.id, o.master = sdk.ToString(out.Organization.Id), sdk.ToString(out.Organization.MasterAccountId)
		}
	})
	if o.why != "" {
		m.limits = append(m.limits, noGuards+o.why)
		return m
	}
	if o.id == "" {
		return m // in no organisation
	}
	out, err := o.client.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &account})
	switch {
	case hasCode(err, "AccountNotFoundException"):
		m.limits = append(m.limits, noGuards+"account "+account+" is not in the responder's organisation "+o.id)
		return m
	case err == nil && out.Account != nil:
		m.name = sdk.ToString(out.Account.Name)
	}
	m.organization, m.management = o.id, account == o.master
	if m.management {
		return m // no such policy binds it
	}
	var why string
	if m.guards, why = o.levels(ctx, account, orgtypes.PolicyTypeServiceControlPolicy, "SCP "); why != "" {
		m.guards = nil
		m.limits = append(m.limits, noGuards+why)
		return m
	}
	controls, why := o.levels(ctx, account, orgtypes.PolicyTypeResourceControlPolicy, "")
	var names []string
	for _, p := range slices.Concat(controls...) {
		if p.Name != "RCPFullAWSAccess" {
			names = append(names, p.Name)
		}
	}
	switch {
	case why != "":
		m.limits = append(m.limits, "resource control policies were not taken into account: "+why)
	case len(names) > 0:
		m.limits = append(m.limits, "resource control policies of its organisation may deny more: "+strings.Join(names, ", "))
	}
	return m
}

// levels reads the policies of a type that bear on an account, from the account up
// to the root: at most five levels of units lie between. why says what could not
// be read.
func (o *organization) levels(ctx context.Context, account string, kind orgtypes.PolicyType, prefix string) (all [][]policy.Policy, why string) {
	target := account
	for range 7 {
		level, enabled, err := o.attached(ctx, target, kind, prefix)
		if err != nil {
			return nil, "organizations:ListPoliciesForTarget: " + reason(err)
		}
		if enabled {
			all = append(all, level)
		}
		if strings.HasPrefix(target, "r-") {
			return all, ""
		}
		parents, err := o.client.ListParents(ctx, &organizations.ListParentsInput{ChildId: &target})
		if err != nil {
			return nil, "organizations:ListParents: " + reason(err)
		}
		if len(parents.Parents) == 0 {
			break
		}
		target = sdk.ToString(parents.Parents[0].Id)
	}
	return nil, "its place in the organisation could not be followed to the root"
}

// attached reads the policies of a type that hang on one target. Where the type is
// not enabled there are none, and nothing is denied.
func (o *organization) attached(ctx context.Context, target string, kind orgtypes.PolicyType, prefix string) (all []policy.Policy, enabled bool, err error) {
	list, err := pages(func(marker *string) ([]orgtypes.PolicySummary, *string, error) {
		out, err := o.client.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{
			TargetId: &target, Filter: kind, NextToken: marker,
		})
		if err != nil {
			return nil, nil, err
		}
		return out.Policies, out.NextToken, nil
	})
	if hasCode(err, "PolicyTypeNotEnabledException") {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	for _, p := range list {
		if kind != orgtypes.PolicyTypeServiceControlPolicy { // only named
			all = append(all, policy.Policy{Name: sdk.ToString(p.Name)})
			continue
		}
		all = append(all, o.policy(ctx, sdk.ToString(p.Id), prefix+sdk.ToString(p.Name)))
	}
	return all, true, nil
}

func (o *organization) policy(ctx context.Context, id, name string) policy.Policy {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p, ok := o.policies[id]; ok {
		return p
	}
	p := policy.Policy{Name: name}
	out, err := o.client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &id})
	if err == nil && out.Policy != nil {
		var f verify.Facts
		p = document(&f, name, out.Policy.Content)
	}
	if o.policies == nil {
		o.policies = make(map[string]policy.Policy)
	}
	o.policies[id] = p
	return p
}

// What is read of the log: management events go back 90 days, one attribute at
// a time, two calls a second (CloudTrail API reference, LookupEvents).
const (
	mostEvents = 500
	keptCalls  = 50
	logDays    = 90
)

// lookBack reads the uses of a key from CloudTrail, in the region of its last
// use and in the one where global services log.
func (a *Auditor) lookBack(ctx context.Context, acc *account, id string, f *verify.Facts) {
	log := &verify.LogRead{From: f.Read.AddDate(0, 0, -logDays), To: f.Read, Regions: []string{globalRegion(a.part)}}
	if f.LastUsed != nil && f.LastUsed.Region != "" && f.LastUsed.Region != "N/A" && !slices.Contains(log.Regions, f.LastUsed.Region) {
		log.Regions = append(log.Regions, f.LastUsed.Region)
	}
	for _, region := range log.Regions {
		var token *string
		for {
			out, err := acc.trail.LookupEvents(ctx, &cloudtrail.LookupEventsInput{
				LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyAccessKeyId, AttributeValue: &id}},
				StartTime:        &log.From, NextToken: token,
			}, func(o *cloudtrail.Options) { o.Region = region })
			if err != nil {
				unread(f, "cloudtrail:LookupEvents", err)
				return
			}
			for _, e := range out.Events {
				log.Events++
				if c, ours := event(e, region, a.config.UserAgent); !ours {
					c.Explained = a.explains(c.Source)
					f.Calls = append(f.Calls, c)
				}
			}
			token = out.NextToken
			if token == nil || log.Events >= mostEvents {
				log.Cut = log.Cut || token != nil
				break
			}
		}
	}
	slices.SortFunc(f.Calls, func(x, y verify.AuditCall) int {
		return cmp.Or(cmp.Compare(len(x.Explained), len(y.Explained)), y.At.Compare(x.At)) // the unexplained ones are kept first
	})
	if len(f.Calls) > keptCalls {
		f.Calls, log.Cut = f.Calls[:keptCalls], true
	}
	f.LogRead = log
}

// explains names the range that explains an address. A service of AWS that
// acts for the owner is explained by itself; nothing is when no range is known.
func (a *Auditor) explains(source string) string {
	if strings.HasSuffix(source, ".amazonaws.com") || source == "AWS Internal" {
		return source
	}
	ip, err := netip.ParseAddr(source)
	if err != nil {
		return ""
	}
	for _, p := range a.config.Known {
		if p.Contains(ip.Unmap()) {
			return p.String()
		}
	}
	if len(a.config.Known) == 0 {
		return "no ranges were given"
	}
	return ""
}
