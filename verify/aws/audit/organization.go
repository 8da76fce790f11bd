package audit

import (
	"context"
	"slices"
	"strings"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"mislaid/verify"
	"mislaid/verify/aws/policy"
)

// membership is what the organisation says of an account.
type membership struct {
	organization string
	management   bool
	name         string
	guards       [][]policy.Policy // service control policies by level; nil: none bind it
	limits       []string          // what could not be taken into account
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
