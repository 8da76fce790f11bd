package capability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mislaid/verify"
	"mislaid/verify/aws/policy"
)

// MaxKeyAge is the age above which a key counts as unrotated.
const MaxKeyAge = 90 * 24 * time.Hour

// Findings lists the bad habits that an identity shows, each with its evidence.
// What was not read is no finding.
func Findings(s Subject, c verify.Capability, maxAge time.Duration, now time.Time) (found []verify.Finding) {
	add := func(id, format string, args ...any) {
		found = append(found, verify.NewFinding(id, format, args...))
	}
	if t := s.Trails; t != nil && t.Logging == 0 && t.Unread == 0 {
		if t.Total == 0 {
			add(verify.NoTrail, "account %s has no trail", s.Account)
		} else {
			add(verify.NoTrail, "account %s has %d trails, and none of them is logging", s.Account, t.Total)
		}
	}
	if s.Kind == "user" && s.LastUsed != nil && s.LastUsed.Service == "" && s.TagsRead && !ownerTagged(s.Tags) {
		add(verify.NoInventory, "the key of user %s was never used, and no tag of the user names an owner", s.Name)
	}
	if maxAge == 0 {
		maxAge = MaxKeyAge
	}
	if age := now.Sub(s.KeyCreated); !s.KeyCreated.IsZero() && age > maxAge {
		add(verify.Unrotated, "the key of user %s is %d days old (more than %d), made on %s", s.Name, days(age), days(maxAge), s.KeyCreated.UTC().Format(time.DateOnly))
	}
	if s.MFA != nil && !*s.MFA && s.Kind == "root" {
		add(verify.NoMFA, "the root user of account %s has no MFA device", s.Account)
	}
	if s.MFA != nil && !*s.MFA && s.Kind == "user" {
		if s.Console != nil && *s.Console {
			add(verify.NoMFA, "user %s has a console password and no MFA device", s.Name)
		} else {
			add(verify.NoMFA, "user %s has no MFA device", s.Name)
		}
	}
	if names := s.stars(); len(names) > 0 {
		add(verify.Administrator, "%s", strings.Join(names, "; "))
	}
	for _, r := range s.Roles {
		if words := s.usable(r); words != "" {
			add(verify.LooseTrust, "%s", words)
		}
	}
	for _, words := range s.ownTags() {
		add(verify.OwnTags, "%s", words)
	}
	if c.Power == "privilege escalation" || c.Power == "administrator" {
		for _, p := range c.Paths {
			if isEscalation(p.ID) && c.Power != "administrator" {
				add(verify.Escalation, "%s (%s), %s", p.Words, strings.Join(p.Needs, " and "), p.Result)
			}
		}
	}
	return found
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

func ownerTagged(tags map[string]string) bool {
	for name := range tags {
		switch name = strings.ToLower(name); {
		case strings.Contains(name, "owner"), strings.Contains(name, "contact"), strings.Contains(name, "team"), strings.Contains(name, "responsible"):
			return true
		}
	}
	return false
}

func isEscalation(id string) bool {
	return id == takeRole || slices.ContainsFunc(escalations(), func(k known) bool { return k.id == id })
}

// stars names the policies that allow everything, or everything of a service on
// everything.
func (s *Subject) stars() (names []string) {
	for _, p := range s.Policies.Identity {
		if p.Document == nil {
			continue
		}
		for _, st := range p.Document.Statements {
			if st.Deny || !slices.Contains(st.Resources, "*") {
				continue
			}
			for _, a := range st.Actions {
				if a == "*" || strings.HasSuffix(a, ":*") {
					names = append(names, fmt.Sprintf("%s allows %s on *", p.Name, a))
				}
			}
			if len(st.NotActions) > 0 {
				names = append(names, fmt.Sprintf("%s allows everything but %s on *", p.Name, strings.Join(st.NotActions, ", ")))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// usable says how loosely a role trusts, where this identity can make use of
// it; "" it does not, or not loosely.
func (s *Subject) usable(r Role) string {
	if r.Trust == nil || r.ARN == s.ARN {
		return ""
	}
	t := r.Trust.Trusts(s.ARN, s.Account)
	if t.How == "" || strings.HasPrefix(t.How, "names it") || t.Result != policy.Allowed && t.Result != policy.Conditional {
		return ""
	}
	if strings.Contains(r.ARN, ":role/aws-service-role/") {
		return ""
	}
	a := s.Policies.Ask(policy.Question{Action: "sts:AssumeRole", On: policy.Exactly(r.ARN)})
	if a.Result != policy.Allowed && a.Result != policy.Conditional {
		return ""
	}
	return fmt.Sprintf("role %s %s, and this identity may assume it, %s", r.Name, t.How, by(a.By))
}

// ownTags finds conditions on tags that the identity may set itself.
func (s *Subject) ownTags() (found []string) {
	may := func(actions ...string) string {
		for _, a := range actions {
			if r := s.ask(a).Result; r == policy.Allowed {
				action, _, _ := strings.Cut(a, "@")
				return action
			}
		}
		return ""
	}
	for _, p := range s.Policies.Identity {
		if p.Document == nil {
			continue
		}
		for _, st := range p.Document.Statements {
			for _, c := range st.Conditions {
				kind, tag, ok := strings.Cut(c.Key, "/")
				if !ok {
					continue
				}
				var with string
				switch service := strings.ToLower(kind); {
				case service == "aws:principaltag":
					with = may("iam:TagUser@self", "iam:TagRole")
				case service == "aws:resourcetag":
					with = may(tagging(st)...)
				case strings.HasSuffix(service, ":resourcetag"):
					with = may(tagActions(strings.TrimSuffix(service, ":resourcetag"))...)
				}
				if with != "" {
					found = append(found, fmt.Sprintf("%s hangs on the tag %s, which it may set by %s", p.Name, tag, with))
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// tagging returns the actions that tag what a statement is about.
func tagging(st policy.Statement) (actions []string) {
	for _, a := range st.Actions {
		service, _, _ := strings.Cut(a, ":")
		actions = append(actions, tagActions(service)...)
	}
	return actions
}

func tagActions(service string) []string {
	switch service = strings.ToLower(service); service {
	case "*":
		return []string{"ec2:CreateTags", "tag:TagResources"}
	case "ec2":
		return []string{"ec2:CreateTags"}
	case "iam":
		return []string{"iam:TagUser@self", "iam:TagRole", "iam:TagPolicy"}
	case "s3":
		return []string{"s3:PutObjectTagging", "s3:PutBucketTagging"}
	}
	return []string{service + ":TagResource", service + ":AddTagsToResource", "tag:TagResources"}
}
