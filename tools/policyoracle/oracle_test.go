// Package policyoracle compares our reading of IAM policies with somebody
// else's: random documents and requests are put to both. It is a module of its
// own, so that the program does not depend on a whole storage gateway.
//
// This package knows where the two are meant to differ. It does not know how
// either of them works.
package policyoracle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	oracle "github.com/versity/versitygw/iamapi/policy"
	"github.com/versity/versitygw/iamapi/types"
	"pgregory.net/rapid"

	"mislaid/verify/aws/policy"
)

// world is the words that documents and requests are made of: few, so that they
// often meet.
var (
	actions   = []string{"iam:CreateUser", "iam:CreateRole", "iam:GetUser", "sts:AssumeRole", "s3:GetObject"}
	patterns  = []string{"*", "iam:*", "IAM:Create*", "iam:CreateUser", "iam:Get?ser", "s3:*Object", "sts:*", "*:*"}
	resources = []string{"arn:aws:iam::1:user/ann", "arn:aws:iam::1:user/team/bob", "arn:aws:iam::1:role/r", "arn:aws:s3:::b/x", "*"}
	shapes    = []string{"*", "arn:aws:iam::1:user/*", "arn:aws:iam::1:user/ann", "arn:aws:iam::1:user/${aws:username}", "arn:aws:*", "arn:aws:iam::?:role/r",
		"arn:aws:s3:::b/*", "arn:aws:iam::1:user/${aws:PrincipalTag/team}", "arn:aws:iam::1:user/team/b?b"}
	conditions = []string{
		`{"StringEquals":{"aws:username":"ann"}}`, `{"StringLike":{"aws:username":"a*"}}`, `{"StringNotEquals":{"aws:username":"ann"}}`,
		`{"Bool":{"aws:SecureTransport":"true"}}`, `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, `{"Null":{"aws:username":"false"}}`,
	}
)

type statement struct {
	effect, condition      string
	actions, resources     []string
	notAction, notResource bool
}

func drawStatement(t *rapid.T) (s statement) {
	s.effect = rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")
	s.actions = rapid.SliceOfN(rapid.SampledFrom(patterns), 1, 3).Draw(t, "actions")
	s.resources = rapid.SliceOfN(rapid.SampledFrom(shapes), 1, 3).Draw(t, "resources")
	s.notAction = rapid.IntRange(0, 3).Draw(t, "notAction") == 0
	s.notResource = rapid.IntRange(0, 3).Draw(t, "notResource") == 0
	if rapid.IntRange(0, 2).Draw(t, "if") == 0 {
		s.condition = rapid.SampledFrom(conditions).Draw(t, "condition")
	}
	return s
}

func (s statement) String() string {
	name := func(not bool, word string) string {
		if not {
			return "Not" + word
		}
		return word
	}
	list := func(l []string) string {
		b, err := json.Marshal(l)
		if err != nil {
			panic(err) // strings cannot fail
		}
		return string(b)
	}
	text := fmt.Sprintf(`{"Effect":%q,%q:%s,%q:%s`, s.effect, name(s.notAction, "Action"), list(s.actions), name(s.notResource, "Resource"), list(s.resources))
	if s.condition != "" {
		text += `,"Condition":` + s.condition
	}
	return text + "}"
}

func drawDocuments(t *rapid.T) (texts []string) {
	for range rapid.IntRange(1, 3).Draw(t, "documents") {
		var statements []string
		for range rapid.IntRange(1, 3).Draw(t, "statements") {
			statements = append(statements, drawStatement(t).String())
		}
		version := rapid.SampledFrom([]string{`"Version":"2012-10-17",`, `"Version":"2012-10-17",`, `"Version":"2008-10-17",`, ""}).Draw(t, "version")
		texts = append(texts, "{"+version+`"Statement":[`+strings.Join(statements, ",")+`]}`)
	}
	return texts
}

// contexts are requests that a conditional answer may depend on.
var contexts = []map[string][]string{
	{},
	{"aws:username": {"ann"}},
	{"aws:username": {"ann"}, "aws:SecureTransport": {"true"}, "aws:SourceIp": {"10.1.2.3"}, "aws:PrincipalTag/team": {"ann"}},
	{"aws:username": {"bob"}, "aws:SecureTransport": {"false"}, "aws:SourceIp": {"192.0.2.1"}},
}

// TestAgainstOracle: both answer a request alike, whatever its context, where
// we answer allowed or denied; where we answer conditional, no context has to
// tell. Allow is allowed; Deny and NoMatch are denied.
func TestAgainstOracle(t *testing.T) {
	told, differences := map[policy.Result]int{}, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		texts := drawDocuments(t)
		action, resource := rapid.SampledFrom(actions).Draw(t, "action"), rapid.SampledFrom(resources).Draw(t, "resource")
		var ours policy.Set
		var theirs []types.PolicyEntry
		for i, text := range texts {
			theirs = append(theirs, types.PolicyEntry{PolicyName: fmt.Sprint(i), PolicyDocument: text})
			d, err := policy.Parse([]byte(text))
			var parsed oracle.Document
			oracleErr := json.Unmarshal([]byte(text), &parsed)
			if oracleErr == nil {
				oracleErr = parsed.Validate()
			}
			if oracleErr != nil && err == nil {
				why := explained(oracleErr.Error())
				if why == "" {
					t.Fatalf("we take what the oracle refuses: %v\n%s", oracleErr, text)
				}
				differences[why]++
				t.Skip(why)
			}
			if err != nil && oracleErr == nil {
				t.Fatalf("we refuse what the oracle takes: %v\n%s", err, text)
			}
			if err != nil {
				t.Skip("both refuse it")
			}
			ours.Identity = append(ours.Identity, policy.Policy{Name: fmt.Sprint(i), Document: d})
		}
		got := ours.Ask(policy.Question{Action: action, On: policy.Exactly(resource)})
		told[got.Result]++
		for _, c := range contexts {
			want := oracle.EvaluateIdentityPolicies(theirs, oracle.RequestContext{Action: action, Resource: resource, Condition: c})
			allowed := want == oracle.DecisionAllow
			if got.Result == policy.Allowed && !allowed || got.Result == policy.Denied && allowed || got.Result == policy.Unknown {
				t.Fatalf("%s of %s with %v: we say %s, the oracle %v\n%s", action, resource, c, got.Result, want, strings.Join(texts, "\n"))
			}
		}
		// A known user: what only depends on his name is certain then.
		ours.Variables = map[string]string{"aws:username": "ann"}
		known := ours.Ask(policy.Question{Action: action, On: policy.Exactly(resource)})
		want := oracle.EvaluateIdentityPolicies(theirs, oracle.RequestContext{Action: action, Resource: resource, Condition: contexts[1]})
		if known.Result == policy.Allowed && want != oracle.DecisionAllow || known.Result == policy.Denied && want == oracle.DecisionAllow {
			t.Fatalf("%s of %s as ann: we say %s, the oracle %v\n%s", action, resource, known.Result, want, strings.Join(texts, "\n"))
		}
	})
	t.Logf("answers: %v; explained differences: %v", told, differences)
	for _, r := range []policy.Result{policy.Allowed, policy.Conditional, policy.Denied} {
		if told[r] == 0 {
			t.Errorf("no request was %s", r)
		}
	}
}

// explained says why we read a document that the oracle refuses; "" if nobody
// has looked into it.
func explained(refusal string) string {
	for words, why := range map[string]string{
		"Vendor * is not valid": "the oracle takes *:* for a misspelt service; we read it as everything, which is what whoever wrote it meant, and the graver reading",
		"failed legacy parsing": "a resource with fewer than six parts (arn:aws:*) cannot be stored in IAM today; we read it as the pattern that it is, in case it was stored before",
	} {
		if strings.Contains(refusal, words) {
			return why
		}
	}
	return ""
}
