package audit

import (
	"encoding/json"
	"fmt"
	"io"
)

// Permissions are the actions that an audit takes, by what they are for. A test
// compares them with the calls that are made.
func Permissions() []Permission { return permissions[:] }

// Permission is one statement of the policy that an audit needs.
type Permission struct {
	Sid     string
	For     string // what it is for
	Actions []string
}

var permissions = [...]Permission{
	{"KeyAndOwner", "whose a key is, whether it is active, when it was last used, its owner's second factor and console password", []string{
		"iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:GetRole", "iam:GetUser", "iam:ListAccessKeys", "iam:ListMFADevices",
	}},
	{"Policies", "what the owner may do", []string{
		"iam:GetGroupPolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRolePolicy", "iam:GetUserPolicy",
		"iam:ListAttachedGroupPolicies", "iam:ListAttachedRolePolicies", "iam:ListAttachedUserPolicies",
		"iam:ListGroupPolicies", "iam:ListGroupsForUser", "iam:ListRolePolicies", "iam:ListRoles", "iam:ListUserPolicies",
	}},
	{"Account", "the account's name, its users and its trails; the account of an old key", []string{
		"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "iam:GetAccountSummary", "iam:ListAccountAliases", "sts:GetAccessKeyInfo",
	}},
	{"Organization", "names of accounts and service control policies; works from the management account or a delegated one only", []string{
		"organizations:DescribeAccount", "organizations:DescribeOrganization", "organizations:DescribePolicy",
		"organizations:ListParents", "organizations:ListPoliciesForTarget",
	}},
	{"LookBack", "only with --look-back: where a key was used from", []string{"cloudtrail:LookupEvents"}},
}

// WritePermissions writes the smallest policy that an audit works with.
func WritePermissions(w io.Writer) error {
	type statement struct {
		Sid, Effect string
		Action      []string
		Resource    string
	}
	doc := struct {
		Version   string
		Statement []statement
	}{Version: "2012-10-17"}
	for _, p := range permissions {
		doc.Statement = append(doc.Statement, statement{p.Sid, "Allow", p.Actions, "*"})
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", text)
	}
	return err
}
