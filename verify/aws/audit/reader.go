package audit

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"mislaid/verify"
	"mislaid/verify/aws/capability"
	"mislaid/verify/aws/policy"
)

// reader reads one account's IAM. What several keys share is read once.
type reader struct {
	iam     *iam.Client
	account string
	part    string

	mu     sync.Mutex
	cached map[string]*cachedPolicies
}

// cachedPolicies is what one policy, or one group, came to.
type cachedPolicies struct {
	once     sync.Once
	policies []policy.Policy
	unread   []string
}

func newReader(c *iam.Client, account, partition string) *reader {
	return &reader{iam: c, account: account, part: partition, cached: make(map[string]*cachedPolicies)}
}

// Own reads what a live key may read of itself, with a client of that key: the
// identity of its ARN, and nothing of the account.
func Own(ctx context.Context, c *iam.Client, v verify.Verdict, maxAge time.Duration, now time.Time) verify.Facts {
	f := verify.Facts{By: "the key itself", Read: now, Account: verify.Account{ID: v.Account}}
	r := newReader(c, v.Account, v.Partition)
	s := r.subject()
	r.identity(ctx, v.ARN, &f, &s)
	conclude(&f, &s, maxAge, now)
	return f
}

func (r *reader) subject() capability.Subject {
	return capability.Subject{Account: r.account, Partition: r.part}
}

// key reads a key by its id: its last use first, which is what an investigation
// needs and a call would overwrite.
func (r *reader) key(ctx context.Context, id string, f *verify.Facts, s *capability.Subject) {
	out, err := r.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
	switch {
	case hasCode(err, "NoSuchEntity"):
		f.Status = verify.KeyAbsent
		return
	case hasCode(err, "AccessDenied"):
		f.Why = "iam:GetAccessKeyLastUsed was denied, as it is for keys of other accounts too"
		return
	case err != nil:
		f.Why = "iam:GetAccessKeyLastUsed: " + reason(err)
		return
	}
	f.LastUsed = new(verify.LastUse)
	if u := out.AccessKeyLastUsed; u != nil {
		at := sdk.ToTime(u.LastUsedDate)
		if service := sdk.ToString(u.ServiceName); service != "N/A" && !at.IsZero() {
			*f.LastUsed = verify.LastUse{At: at, Region: sdk.ToString(u.Region), Service: service}
		}
	}
	name := sdk.ToString(out.UserName)
	s.LastUsed = f.LastUsed
	keys, err := r.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &name})
	if err != nil {
		unread(f, "iam:ListAccessKeys", err)
		f.Why = "iam:ListAccessKeys: " + reason(err)
	} else {
		f.Status = verify.KeyAbsent
		for _, k := range keys.AccessKeyMetadata {
			status := verify.KeyInactive
			if k.Status == types.StatusTypeActive {
				status = verify.KeyActive
			}
			if sdk.ToString(k.AccessKeyId) == id {
				f.Status, f.Created = status, sdk.ToTime(k.CreateDate)
				continue
			}
			f.OtherIDs = append(f.OtherIDs, verify.OtherID{ID: sdk.ToString(k.AccessKeyId), Status: status, Created: sdk.ToTime(k.CreateDate)})
		}
	}
	s.KeyCreated, s.OtherIDs = f.Created, f.OtherIDs
	r.user(ctx, name, f, s)
}

// identity reads who an ARN names.
func (r *reader) identity(ctx context.Context, arn string, f *verify.Facts, s *capability.Subject) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return
	}
	resource := parts[5]
	kind, rest, _ := strings.Cut(resource, "/")
	s.ARN = arn
	switch {
	case resource == "root":
		f.Owner = verify.Owner{Kind: "root", Name: "root", ARN: arn}
		s.Kind, s.Name = "root", "root"
		r.rootMFA(ctx, f, s)
	case kind == "user":
		r.user(ctx, path.Base(rest), f, s)
	case kind == "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		s.Session = true
		r.role(ctx, name, f, s)
	default:
		f.Owner = verify.Owner{Kind: kind, Name: rest, ARN: arn}
		s.Kind, s.Name, s.Session = kind, rest, true
		s.Limits = append(s.Limits, "what a "+kind+" may do is decided when its session is made")
	}
}

func (r *reader) user(ctx context.Context, name string, f *verify.Facts, s *capability.Subject) {
	f.Owner = verify.Owner{Kind: "user", Name: name, ARN: s.ARN}
	s.Kind, s.Name, s.PoliciesRead = "user", name, true
	s.Policies.Variables = map[string]string{"aws:username": name, "aws:PrincipalType": "User", "aws:PrincipalAccount": r.account}
	out, err := r.iam.GetUser(ctx, &iam.GetUserInput{UserName: &name})
	if err != nil {
		unread(f, "iam:GetUser", err)
		s.Policies.Boundary = []policy.Policy{{Name: "the boundary, if there is one"}}
	} else if u := out.User; u != nil {
		f.Owner.ARN, f.Owner.Created, f.Owner.ConsoleAt = sdk.ToString(u.Arn), sdk.ToTime(u.CreateDate), sdk.ToTime(u.PasswordLastUsed)
		s.ARN, s.Created = f.Owner.ARN, f.Owner.Created
		s.Policies.Variables["aws:userid"] = sdk.ToString(u.UserId)
		f.Owner.Tags, s.TagsRead = tags(u.Tags), true
		for k, v := range f.Owner.Tags {
			s.Policies.Variables["aws:PrincipalTag/"+k] = v
		}
		s.Tags = f.Owner.Tags
		r.boundary(ctx, u.PermissionsBoundary, f, s)
	}
	if devices, err := r.iam.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: &name}); err != nil {
		unread(f, "iam:ListMFADevices", err)
	} else {
		f.Owner.MFA = sdk.Bool(len(devices.MFADevices) > 0)
	}
	switch _, err := r.iam.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &name}); {
	case err == nil:
		f.Owner.Console = sdk.Bool(true)
	case hasCode(err, "NoSuchEntity"):
		f.Owner.Console = sdk.Bool(false)
	default:
		unread(f, "iam:GetLoginProfile", err)
	}
	s.MFA, s.Console = f.Owner.MFA, f.Owner.Console
	r.add(ctx, f, s, r.attachedTo(ctx, f, "user "+name, func(marker *string) ([]types.AttachedPolicy, *string, error) {
		out, err := r.iam.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &name, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.AttachedPolicies, next(out.IsTruncated, out.Marker), nil
	}, "iam:ListAttachedUserPolicies"))
	r.add(ctx, f, s, r.inlineOf(f, "user "+name, func(marker *string) ([]string, *string, error) {
		out, err := r.iam.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: &name, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.PolicyNames, next(out.IsTruncated, out.Marker), nil
	}, func(p string) (*string, error) {
		out, err := r.iam.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &name, PolicyName: &p})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	}, "iam:ListUserPolicies", "iam:GetUserPolicy"))
	groups, err := pages(func(marker *string) ([]types.Group, *string, error) {
		out, err := r.iam.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: &name, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.Groups, next(out.IsTruncated, out.Marker), nil
	})
	if err != nil {
		unread(f, "iam:ListGroupsForUser", err)
		s.Policies.Identity = append(s.Policies.Identity, policy.Policy{Name: "those of groups that could not be listed"})
	}
	for _, g := range groups {
		group := sdk.ToString(g.GroupName)
		f.Owner.Groups = append(f.Owner.Groups, group)
		r.add(ctx, f, s, r.group(ctx, f, group))
	}
}

func (r *reader) role(ctx context.Context, name string, f *verify.Facts, s *capability.Subject) {
	f.Owner = verify.Owner{Kind: "role", Name: name, ARN: s.ARN}
	s.Kind, s.Name, s.PoliciesRead = "role", name, true
	s.Policies.Variables = map[string]string{"aws:PrincipalType": "AssumedRole", "aws:PrincipalAccount": r.account}
	out, err := r.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		unread(f, "iam:GetRole", err)
		s.Policies.Boundary = []policy.Policy{{Name: "the boundary, if there is one"}}
	} else if u := out.Role; u != nil {
		f.Owner.ARN, f.Owner.Created = sdk.ToString(u.Arn), sdk.ToTime(u.CreateDate)
		s.ARN, s.Created = f.Owner.ARN, f.Owner.Created
		f.Owner.Tags, s.TagsRead = tags(u.Tags), true
		s.Tags = f.Owner.Tags
		r.boundary(ctx, u.PermissionsBoundary, f, s)
	}
	r.add(ctx, f, s, r.attachedTo(ctx, f, "role "+name, func(marker *string) ([]types.AttachedPolicy, *string, error) {
		out, err := r.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.AttachedPolicies, next(out.IsTruncated, out.Marker), nil
	}, "iam:ListAttachedRolePolicies"))
	r.add(ctx, f, s, r.inlineOf(f, "role "+name, func(marker *string) ([]string, *string, error) {
		out, err := r.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &name, Marker: marker})
		if err != nil {
			return nil, nil, err
		}
		return out.PolicyNames, next(out.IsTruncated, out.Marker), nil
	}, func(p string) (*string, error) {
		out, err := r.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &p})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	}, "iam:ListRolePolicies", "iam:GetRolePolicy"))
}

func (r *reader) add(_ context.Context, f *verify.Facts, s *capability.Subject, more []policy.Policy) {
	for _, p := range more {
		f.Owner.Policies = append(f.Owner.Policies, p.Name)
	}
	s.Policies.Identity = append(s.Policies.Identity, more...)
}

func (r *reader) boundary(ctx context.Context, b *types.AttachedPermissionsBoundary, f *verify.Facts, s *capability.Subject) {
	if b == nil || sdk.ToString(b.PermissionsBoundaryArn) == "" {
		return
	}
	arn := sdk.ToString(b.PermissionsBoundaryArn)
	f.Owner.Boundary = arn
	s.Policies.Boundary = []policy.Policy{r.managed(ctx, f, arn, "boundary "+path.Base(arn))}
}

// rootMFA reads what the account says of its root user.
func (r *reader) rootMFA(ctx context.Context, f *verify.Facts, s *capability.Subject) {
	out, err := r.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	if err != nil {
		unread(f, "iam:GetAccountSummary", err)
		return
	}
	if n, ok := out.SummaryMap[string(types.SummaryKeyTypeAccountMFAEnabled)]; ok {
		f.Owner.MFA = sdk.Bool(n > 0)
		s.MFA = f.Owner.MFA
	}
}

// group reads the policies of a group, once for all its members.
func (r *reader) group(ctx context.Context, f *verify.Facts, name string) []policy.Policy {
	return r.remember(f, "group/"+name, func(own *verify.Facts) []policy.Policy {
		return slices.Concat(r.attachedTo(ctx, own, "group "+name, func(marker *string) ([]types.AttachedPolicy, *string, error) {
			out, err := r.iam.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: &name, Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.AttachedPolicies, next(out.IsTruncated, out.Marker), nil
		}, "iam:ListAttachedGroupPolicies"), r.inlineOf(own, "group "+name, func(marker *string) ([]string, *string, error) {
			out, err := r.iam.ListGroupPolicies(ctx, &iam.ListGroupPoliciesInput{GroupName: &name, Marker: marker})
			if err != nil {
				return nil, nil, err
			}
			return out.PolicyNames, next(out.IsTruncated, out.Marker), nil
		}, func(p string) (*string, error) {
			out, err := r.iam.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: &name, PolicyName: &p})
			if err != nil {
				return nil, err
			}
			return out.PolicyDocument, nil
		}, "iam:ListGroupPolicies", "iam:GetGroupPolicy"))
	})
}

// remember reads something once, and notes for each asker what of it could not
// be read.
func (r *reader) remember(f *verify.Facts, key string, read func(*verify.Facts) []policy.Policy) []policy.Policy {
	r.mu.Lock()
	c := r.cached[key]
	if c == nil {
		c = new(cachedPolicies)
		r.cached[key] = c
	}
	r.mu.Unlock()
	c.once.Do(func() {
		var own verify.Facts
		c.policies = read(&own)
		c.unread = own.Unread
	})
	f.Unread = append(f.Unread, c.unread...)
	return c.policies
}

// attachedTo reads the managed policies that hang on something.
func (r *reader) attachedTo(ctx context.Context, f *verify.Facts, on string, list func(*string) ([]types.AttachedPolicy, *string, error), action string) (all []policy.Policy) {
	attached, err := pages(list)
	if err != nil {
		unread(f, action, err)
		return []policy.Policy{{Name: "managed ones of " + on + " that could not be listed"}}
	}
	for _, p := range attached {
		all = append(all, r.managed(ctx, f, sdk.ToString(p.PolicyArn), sdk.ToString(p.PolicyName)+" of "+on))
	}
	return all
}

// managed reads the default version of a managed policy.
func (r *reader) managed(ctx context.Context, f *verify.Facts, arn, name string) policy.Policy {
	got := r.remember(f, arn, func(own *verify.Facts) []policy.Policy {
		p, err := r.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
		if err != nil || p.Policy == nil {
			unread(own, "iam:GetPolicy", err)
			return []policy.Policy{{}}
		}
		v, err := r.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: p.Policy.DefaultVersionId})
		if err != nil || v.PolicyVersion == nil {
			unread(own, "iam:GetPolicyVersion", err)
			return []policy.Policy{{}}
		}
		return []policy.Policy{document(own, "", v.PolicyVersion.Document)}
	})[0]
	got.Name = name
	return got
}

// inlineOf reads the inline policies of something.
func (r *reader) inlineOf(f *verify.Facts, on string, list func(*string) ([]string, *string, error), get func(string) (*string, error), listAction, getAction string) (all []policy.Policy) {
	names, err := pages(list)
	if err != nil {
		unread(f, listAction, err)
		return []policy.Policy{{Name: "inline ones of " + on + " that could not be listed"}}
	}
	for _, name := range names {
		title := "inline " + name + " of " + on
		text, err := get(name)
		if err != nil {
			unread(f, getAction, err)
			all = append(all, policy.Policy{Name: title})
			continue
		}
		all = append(all, document(f, title, text))
	}
	return all
}

// document reads a document as IAM sends it: URL-encoded (RFC 3986).
func document(f *verify.Facts, name string, text *string) policy.Policy {
	p := policy.Policy{Name: name}
	plain := sdk.ToString(text)
	if !strings.HasPrefix(strings.TrimSpace(plain), "{") {
		var err error
		if plain, err = url.PathUnescape(plain); err != nil {
			f.Unread = append(f.Unread, "a policy is not URL-encoded as IAM does")
			return p
		}
	}
	d, err := policy.Parse([]byte(plain))
	if err != nil {
		f.Unread = append(f.Unread, err.Error())
		return p
	}
	p.Document = d
	return p
}

// mostPages bounds a listing. IAM's own quotas stay below.
const mostPages = 100

// pages reads a whole listing.
func pages[T any](list func(marker *string) ([]T, *string, error)) (all []T, err error) {
	var marker *string
	for range mostPages {
		page, next, err := list(marker)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == nil {
			break
		}
		marker = next
	}
	return all, nil
}

// next is the marker of the next page, nil for none.
func next(truncated bool, marker *string) *string {
	if !truncated {
		return nil
	}
	return marker
}

func tags(list []types.Tag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	all := make(map[string]string, len(list))
	for _, t := range list {
		all[sdk.ToString(t.Key)] = sdk.ToString(t.Value)
	}
	return all
}
