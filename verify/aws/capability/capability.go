// Package capability judges what an AWS identity can do with its policies: root,
// administrator, a known way to more power, a way to stay, data within reach, or
// nothing known.
//
// Every judgement carries its evidence: which actions, allowed by which policy,
// and what was not looked at. What could not be read makes the answer unknown,
// never low.
//
// This package knows dangerous actions and what they lead to. It does not know
// how policies were read, and asks nobody anything.
package capability

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mislaid/verify"
	"mislaid/verify/aws/policy"
)

// Subject is an identity and everything that was read about it.
type Subject struct {
	Kind      string // user, role, root, federated user
	Name      string
	ARN       string
	Account   string
	Partition string // "" aws
	Policies  policy.Set
	// PoliciesRead says that the list of its policies is complete: then an
	// empty set means that it has none.
	PoliciesRead bool
	Becomes      []Becoming // the roles that it may assume and whose policies were read
	Session      bool       // a session's rights may be cut further by a policy that nobody can read
	Roles        []Role     // roles of the account, as far as they were read
	RolesRead    bool
	Limits       []string // what the reader could not take into account

	// What the anti-patterns look at.
	Created    time.Time
	KeyCreated time.Time
	LastUsed   *verify.LastUse
	OtherIDs   []verify.OtherID
	MFA        *bool
	Console    *bool
	Tags       map[string]string
	TagsRead   bool
	Trails     *Trails // nil: not read
	Users      *int    // IAM users of the account; nil: not read
}

// Role is a role of the account.
type Role struct {
	Name  string
	ARN   string
	Trust *policy.Document // nil: could not be read
}

// Trails is what was read of the account's CloudTrail.
type Trails struct {
	Total   int
	Logging int
	Unread  int // trails whose status could not be read
}

// Judge says what an identity can do.
func Judge(s Subject) verify.Capability {
	if s.Kind == "root" {
		return verify.Capability{Class: verify.C4, Power: "root", Words: "it is the root user of its account, whom no policy of the account binds"}
	}
	c := verify.Capability{Limits: slices.Clone(s.Limits)}
	if s.Session {
		c.Limits = append(c.Limits, "a session policy may cut it further; nobody can read one afterwards")
	}
	administers := s.administers()
	if administers {
		c.Paths = append(c.Paths, s.administrator())
	}
	escalate := s.paths(escalations())
	become := s.becomes(&c)
	persist := s.paths(persistences())
	c.Paths = slices.Concat(c.Paths, become, escalate, persist)
	c.Data = append(s.paths(dataReach()), c.Data...)
	if len(c.Data) > 0 && !administers {
		c.Limits = append(c.Limits, "which data there is was not looked at, nor policies of resources that may add or deny")
	}
	if len(escalate) > 0 && !administers {
		c.Limits = append(c.Limits, "whether what a path needs exists (a role worth passing, a function to change) was not looked at")
	}
	if a := s.ask("sts:AssumeRole"); !administers && len(s.Becomes) == 0 && (a.Result == policy.Allowed || a.Result == policy.Conditional) {
		c.Limits = append(c.Limits, "it may assume roles ("+by(a.By)+"); what those may do was not added to this")
	}
	switch {
	case administers:
		c.Class, c.Power = verify.C4, "administrator"
		c.Words = "it is an administrator: it may do everything, " + by(c.Paths[0].By)
	case sure(become):
		c.Class, c.Power = verify.C4, "privilege escalation"
		c.Words = "it can take a stronger role: " + first(become)
	case sure(escalate):
		c.Class, c.Power = verify.C4, "privilege escalation"
		c.Words = "it can give itself more power: " + first(escalate)
	case sure(persist):
		c.Class, c.Power = verify.C4, "persistence"
		c.Words = "it can make itself another way in: " + first(persist)
	case len(become) > 0:
		c.Class, c.Power = verify.C4, "privilege escalation"
		c.Words = "it can take a stronger role if a condition holds: " + first(become)
	case len(escalate) > 0:
		c.Class, c.Power = verify.C4, "privilege escalation"
		c.Words = "it can give itself more power if a condition holds: " + first(escalate)
	case len(persist) > 0:
		c.Class, c.Power = verify.C4, "persistence"
		c.Words = "it can make itself another way in if a condition holds: " + first(persist)
	case len(c.Data) > 0:
		c.Class, c.Power = verify.C3, "data"
		c.Words = "it reaches data: " + first(c.Data)
	case s.harmless():
		c.Class, c.Power = verify.C1, "harmless"
		c.Words = s.harmlessWords()
	case s.PoliciesRead && len(s.unread()) == 0:
		c.Class, c.Power = verify.C2, "nothing known"
		c.Words = ownNothing
	default:
		c.Class, c.Power = verify.C2, "nothing known"
		c.Words = "what it may do could not be read"
	}
	return c
}

// ownNothing is said of an identity whose own policies give nothing.
const ownNothing = "its own policies give neither power nor data, but what policies of resources give it is not known"

// Nothing is the capability of an identity of which nothing could be read.
func Nothing(why string) verify.Capability {
	return verify.Capability{Class: verify.C2, Power: "nothing known", Words: "nothing is known of what it may do", Limits: []string{why}}
}

// sentinels are actions of which an administrator has every one; the last is
// made up, and only a grant of everything allows it.
var sentinels = []string{"iam:CreateUser", "iam:AttachUserPolicy", "iam:PutRolePolicy", "sts:AssumeRole", "s3:GetObject", "ec2:RunInstances", "mislaid:NoSuchAction"}

// administers reports whether it may do everything everywhere, whatever a few
// denies spare.
func (s *Subject) administers() bool {
	return !slices.ContainsFunc(sentinels, func(action string) bool {
		return s.ask(action).Result != policy.Allowed
	})
}

func (s *Subject) administrator() verify.Path {
	return verify.Path{ID: "administrator", Words: "do everything", Needs: []string{"*"}, Result: string(policy.Allowed), By: s.ask("iam:AttachUserPolicy").By}
}

func (s *Subject) unread() (names []string) {
	for _, p := range slices.Concat(s.Policies.Identity, s.Policies.Boundary, slices.Concat(s.Policies.Guards...)) {
		if p.Document == nil {
			names = append(names, p.Name)
		}
	}
	return names
}

// ask asks about an action on any resource of its service. A mark behind the
// action narrows that down: @other is a principal that is not itself, @self
// itself, @any a role of its account that nobody named on purpose.
func (s *Subject) ask(marked string) policy.Answer {
	action, mark, _ := strings.Cut(marked, "@")
	return s.Policies.Ask(policy.Question{Action: action, On: s.resourceOf(action, mark)})
}

// resourceOf returns the resources that an action is about.
func (s *Subject) resourceOf(action, mark string) policy.Pattern {
	prefix := "arn:" + cmp.Or(s.Partition, "aws") + ":"
	service, name, _ := strings.Cut(action, ":")
	switch {
	case mark == "self" && s.Kind == "user" && s.ARN != "":
		return policy.Exactly(s.ARN)
	case mark == "other":
		return policy.Exactly(prefix + "iam::" + s.Account + ":user/mislaid-no-such-user")
	case mark == "any":
		return policy.Exactly(prefix + "iam::" + s.Account + ":role/mislaid-no-such-role")
	case service == "iam":
		return policy.Glob(prefix + "iam::" + cmp.Or(s.Account, anyAccount) + ":" + iamKind(name) + "*")
	case action == "sts:AssumeRole":
		return policy.Glob(prefix + "iam::" + anyAccount + ":role/*")
	}
	return policy.Glob(prefix + cmp.Or(arnService[service], service) + ":*")
}

// anyAccount stands for the number of an account. A * would also match what
// follows the number in an ARN.
const anyAccount = "????????????"

// arnService is how a service is called in ARNs, where its actions are called
// otherwise.
var arnService = map[string]string{"ebs": "ec2", "ec2-instance-connect": "ec2", "rds-data": "rds", "redshift-data": "redshift", "mislaid": "*"}

// iamKind returns how the ARN of what an IAM action is about begins, from the
// action's name; "" any.
func iamKind(name string) string {
	for _, k := range []struct{ in, kind string }{
		{"AssumeRolePolicy", "role/"}, {"Role", "role/"}, {"ToGroup", "group/"}, {"Group", "group/"}, {"PolicyVersion", "policy/"},
		{"User", "user/"}, {"AccessKey", "user/"}, {"LoginProfile", "user/"}, {"Credential", "user/"}, {"MFADevice", "user/"},
		{"SSHPublicKey", "user/"}, {"SigningCertificate", "user/"},
	} {
		if strings.Contains(name, k.in) {
			return k.kind
		}
	}
	return ""
}

// paths returns those of the known paths that the identity has: every part is
// allowed, or may be.
func (s *Subject) paths(known []known) (found []verify.Path) {
	answers := make(map[string]policy.Answer)
	for _, k := range known {
		p := verify.Path{ID: k.id, Words: k.words, Result: string(policy.Allowed)}
		if s.walk(k, answers, &p) {
			slices.Sort(p.By)
			p.By = slices.Compact(p.By)
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b verify.Path) int { return order(a.Result) - order(b.Result) })
	return found
}

func order(result string) int {
	return slices.Index([]string{string(policy.Allowed), string(policy.Conditional)}, result)
}

// walk fills in p with what a path takes, and reports whether the identity can
// go it. A step that is unknown is not a way: it is said among the limits.
func (s *Subject) walk(k known, answers map[string]policy.Answer, p *verify.Path) bool {
	for _, step := range k.steps {
		best, with := policy.Answer{Result: policy.Denied}, ""
		for _, action := range step {
			a, ok := answers[action]
			if !ok {
				a = s.ask(action)
				answers[action] = a
			}
			if a.Result == policy.Allowed || a.Result == policy.Conditional && best.Result != policy.Conditional {
				best = a
				with, _, _ = strings.Cut(action, "@")
			}
			if a.Result == policy.Allowed {
				break
			}
		}
		if with == "" {
			return false
		}
		if best.Result == policy.Conditional {
			p.Result = string(policy.Conditional)
		}
		p.Needs = append(p.Needs, with)
		p.By = append(p.By, best.By...)
	}
	return true
}

func sure(paths []verify.Path) bool {
	return len(paths) > 0 && paths[0].Result == string(policy.Allowed)
}

func first(paths []verify.Path) string {
	words := paths[0].Words + " (" + strings.Join(paths[0].Needs, " and ") + ", " + by(paths[0].By) + ")"
	switch more := len(paths) - 1; more {
	case 0:
	case 1:
		words += ", and 1 way more"
	default:
		words += fmt.Sprintf(", and %d ways more", more)
	}
	return words
}

func by(policies []string) string { return "by " + strings.Join(policies, " and ") }
