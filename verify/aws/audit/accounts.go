package audit

import (
	"cmp"
	"context"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"mislaid/verify"
	"mislaid/verify/aws/capability"
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
