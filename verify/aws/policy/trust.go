package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Trust says how a role's trust policy lets an identity in.
type Trust struct {
	Result Result
	How    string // "names it", "trusts its whole account", "trusts anyone"
}

// Trusts asks a trust policy about the identity of an ARN in an account. A nil
// document could not be read. That a role trusts its own account means that the
// identity also needs sts:AssumeRole in its own policies, as it does when
// another account is trusted.
func (d *Document) Trusts(arn, account string) Trust {
	if d == nil {
		return Trust{Result: Unknown}
	}
	best := Trust{Result: Denied}
	denied := false // if a condition holds
	for _, st := range d.Statements {
		how := st.names(arn, account)
		if how == "" || !st.lets("sts:AssumeRole") {
			continue
		}
		conditional := len(st.Conditions) > 0
		switch {
		case st.Deny && !conditional:
			return Trust{Result: Denied}
		case st.Deny:
			denied = true
		case !conditional:
			best = Trust{Allowed, how}
		case best.Result == Denied:
			best = Trust{Conditional, how + conditionWords(st.Conditions)}
		}
	}
	if denied && best.Result == Allowed {
		best.Result = Conditional
	}
	return best
}

func (st *Statement) lets(action string) bool {
	covers := func(list []string) bool {
		return slices.ContainsFunc(list, func(a string) bool { return matchFold(a, action) })
	}
	if len(st.Actions) > 0 {
		return covers(st.Actions)
	}
	return !covers(st.NotActions)
}

// names says how a statement names an identity; "" it does not.
func (st *Statement) names(arn, account string) string {
	root := ":" + account + ":root"
	for _, p := range st.Principals["AWS"] {
		switch {
		case p == "*":
			return "trusts anyone"
		case p == arn:
			return "names it"
		case p == account, strings.HasSuffix(p, root) && strings.Contains(p, ":iam:"):
			return "trusts its whole account"
		}
	}
	return ""
}

func conditionWords(conditions []Condition) string {
	var keys []string
	for _, c := range conditions {
		keys = append(keys, c.Key)
	}
	return fmt.Sprintf(", if %s fits", strings.Join(keys, " and "))
}
