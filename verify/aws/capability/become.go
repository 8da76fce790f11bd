package capability

import (
	"slices"
	"strings"

	"mislaid/verify"
	"mislaid/verify/aws/policy"
)

// Becoming is a role that an identity may assume.
type Becoming struct {
	Role    Role
	Result  policy.Result // Allowed or Conditional
	By      []string      // what lets it
	Subject Subject       // the role, as far as its policies were read
}

// MayBecome returns the roles of its account that the identity may assume, the
// certain ones first. Their policies are still to be read.
func (s *Subject) MayBecome() (all []Becoming) {
	for _, r := range s.Roles {
		if b, ok := s.mayBecome(r); ok {
			all = append(all, b)
		}
	}
	slices.SortStableFunc(all, func(a, b Becoming) int { return order(string(a.Result)) - order(string(b.Result)) })
	return all
}

// mayBecome judges one role. Whom its trust policy names in the same account needs
// no policy of its own, only none that denies it; who is trusted as part of the
// account needs one (IAM User Guide, "Cross account resource access in IAM" and
// "AWS JSON policy elements: Principal").
func (s *Subject) mayBecome(r Role) (Becoming, bool) {
	if r.Trust == nil || r.ARN == s.ARN || strings.Contains(r.ARN, ":role/aws-service-role/") {
		return Becoming{}, false
	}
	trust := r.Trust.Trusts(s.ARN, s.Account)
	if trust.Result != policy.Allowed && trust.Result != policy.Conditional {
		return Becoming{}, false
	}
	question := policy.Question{Action: "sts:AssumeRole", On: policy.Exactly(r.ARN)}
	answer := s.Policies.Ask(question)
	if strings.HasPrefix(trust.How, "names it") && answer.Result != policy.Allowed {
		named := s.Policies
		named.Boundary = nil // what it does not allow does not bind a grant to the user itself
		named.Identity = slices.Concat(s.Policies.Identity, s.Policies.Boundary, []policy.Policy{{Name: "the trust policy of role " + r.Name, Document: everything}})
		if got := named.Ask(question); got.Result == policy.Allowed || got.Result == policy.Conditional {
			answer = policy.Answer{Result: got.Result, By: []string{"the trust policy of role " + r.Name}}
		}
	}
	if answer.Result != policy.Allowed && answer.Result != policy.Conditional {
		return Becoming{}, false
	}
	result := answer.Result
	if trust.Result == policy.Conditional {
		result = policy.Conditional
	}
	return Becoming{Role: r, Result: result, By: answer.By}, true
}

// takeRole is the path of who may assume a role that was read.
const takeRole = "take-role"

// everything allows everything.
var everything = &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{Actions: []string{"*"}, Resources: []string{"*"}}}}

// becomes judges the roles that were read. Those with the power of C4 are paths of
// the identity's own; the data that others reach is data that it reaches.
func (s *Subject) becomes(c *verify.Capability) (paths []verify.Path) {
	for _, b := range s.Becomes {
		got := Judge(b.Subject)
		words := "takes role " + b.Role.Name + ", of which is known: " + got.Words
		p := verify.Path{ID: takeRole, Words: words, Needs: []string{"sts:AssumeRole"}, Result: string(b.Result), By: b.By}
		switch got.Class {
		case verify.C4:
			if len(got.Paths) > 0 && got.Paths[0].Result != string(policy.Allowed) {
				p.Result = string(policy.Conditional)
			}
			paths = append(paths, p)
		case verify.C3:
			p.ID = takeRole + "-data"
			c.Data = append(c.Data, p)
		case verify.C2:
			if got.Words != ownNothing {
				c.Limits = append(c.Limits, "what role "+b.Role.Name+" may do, which it may assume ("+by(b.By)+"), could not be read")
			}
		}
	}
	slices.SortStableFunc(paths, func(a, b verify.Path) int { return order(a.Result) - order(b.Result) })
	return paths
}
