package capability

import (
	"slices"
	"strings"

	"mislaid/verify/aws/policy"
)

// harmlessActions tell an identity who it is, and nothing of anything else.
var harmlessActions = []string{"sts:GetCallerIdentity", "iam:GetUser", "iam:ListMFADevices", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"}

// harmless reports whether it is proven that nothing but harmless actions can be
// allowed. The mere absence of an allow proves little, because a policy of a
// resource may allow; what is denied stays denied whatever such a policy says, and
// so does what a level of service control policies does not allow (IAM User Guide,
// policy evaluation logic).
func (s *Subject) harmless() bool {
	_, proven := s.spared()
	return proven
}

func (s *Subject) harmlessWords() string {
	if spared, _ := s.spared(); len(spared) > 0 {
		return "everything but " + strings.Join(spared, ", ") + " is denied to it"
	}
	return "everything is denied to it"
}

// spared returns what is left to an identity that is proven to be harmless.
func (s *Subject) spared() (actions []string, proven bool) {
	for _, p := range slices.Concat(s.Policies.Identity, s.Policies.Boundary, slices.Concat(s.Policies.Guards...)) {
		if actions, ok := deniesAllBut(p); ok {
			return actions, true
		}
	}
	for _, level := range s.Policies.Guards {
		if actions, ok := allowsOnly(level); ok {
			return actions, true
		}
	}
	return nil, false
}

// deniesAllBut reports whether a policy denies everything, or all but harmless
// actions, whatever the circumstances.
func deniesAllBut(p policy.Policy) (spared []string, ok bool) {
	if p.Document == nil {
		return nil, false
	}
	for _, st := range p.Document.Statements {
		if !st.Deny || len(st.Conditions) > 0 || !slices.Contains(st.Resources, "*") {
			continue
		}
		if slices.Contains(st.Actions, "*") || len(st.NotActions) > 0 && allHarmless(st.NotActions) {
			return st.NotActions, true
		}
	}
	return nil, false
}

// allowsOnly reports whether a level of service control policies, all of which
// were read, allows harmless actions alone.
func allowsOnly(level []policy.Policy) (allowed []string, ok bool) {
	for _, p := range level {
		if p.Document == nil {
			return nil, false
		}
		for _, st := range p.Document.Statements {
			if st.Deny {
				continue
			}
			if len(st.NotActions) > 0 || !allHarmless(st.Actions) {
				return nil, false
			}
			allowed = append(allowed, st.Actions...)
		}
	}
	return allowed, len(level) > 0
}

func allHarmless(actions []string) bool {
	return !slices.ContainsFunc(actions, func(a string) bool {
		return !slices.ContainsFunc(harmlessActions, func(h string) bool { return strings.EqualFold(a, h) })
	})
}
