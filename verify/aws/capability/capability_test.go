package capability

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mislaid/verify"
	"mislaid/verify/aws/policy"
)

const (
	account = "111122223333"
	ann     = "arn:aws:iam::" + account + ":user/team/ann"
	admin   = "Allow * on *"
	mfa     = ` if {"Bool":{"aws:MultiFactorAuthPresent":"true"}}`
)

// parsePolicy reads the short form of tests: "Allow a:b c:d on r1 r2 if {…}",
// statements joined by ";". "!" before the list is NotAction or NotResource;
// "unread" is a policy that could not be read.
func parsePolicy(t testing.TB, name, short string) policy.Policy {
	t.Helper()
	if short == "unread" {
		return policy.Policy{Name: name}
	}
	type statement struct {
		Effect      string
		Action      []string        `json:",omitempty"`
		NotAction   []string        `json:",omitempty"`
		Resource    []string        `json:",omitempty"`
		NotResource []string        `json:",omitempty"`
		Condition   json.RawMessage `json:",omitempty"`
	}
	var all []statement
	for part := range strings.SplitSeq(short, "; ") {
		part, condition, _ := strings.Cut(part, " if ")
		left, right, ok := strings.Cut(part, " on ")
		effect, actions, ok2 := strings.Cut(left, " ")
		if !ok || !ok2 {
			t.Fatalf("%q is no statement", part)
		}
		s := statement{Effect: effect, Condition: json.RawMessage(condition)}
		if rest, not := strings.CutPrefix(actions, "!"); not {
			s.NotAction = strings.Fields(rest)
		} else {
			s.Action = strings.Fields(actions)
		}
		if rest, not := strings.CutPrefix(right, "!"); not {
			s.NotResource = strings.Fields(rest)
		} else {
			s.Resource = strings.Fields(right)
		}
		all = append(all, s)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": all})
	if err != nil {
		t.Fatal(err)
	}
	d, err := policy.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return policy.Policy{Name: name, Document: d}
}

func subject(t testing.TB, policies ...string) Subject {
	s := Subject{Kind: "user", Name: "ann", ARN: ann, Account: account, PoliciesRead: true}
	for i, p := range policies {
		s.Policies.Identity = append(s.Policies.Identity, parsePolicy(t, fmt.Sprintf("policy %d", i), p))
	}
	s.Policies.Variables = map[string]string{"aws:username": "ann", "aws:PrincipalAccount": account}
	return s
}

func TestPrincipals(t *testing.T) {
	type list = []string
	for _, c := range []struct {
		name            string
		policies        list
		boundary, guard list
		class           verify.Class
		power           string
		has, hasNot     list // ids of paths and of data
	}{
		{"administrator", list{admin}, nil, nil, verify.C4, "administrator", list{"administrator", "s3-read"}, nil},
		{"administrator by two", list{"Allow iam:* sts:* on *", "Allow !iam:* on *"}, nil, nil, verify.C4, "administrator", nil, nil},
		{"administrator but for one bucket", list{admin + "; Deny s3:* on arn:aws:s3:::vault/*"}, nil, nil, verify.C4, "administrator", list{"s3-read"}, nil},
		{"administrator cut by a boundary", list{admin}, list{"Allow s3:* on *"}, nil, verify.C3, "data", list{"s3-read"}, list{"administrator", "put-user-policy"}},
		{"administrator cut by a boundary to nothing", list{admin}, list{"Allow cloudwatch:Describe* on *"}, nil, verify.C2, "nothing known", nil, list{"s3-read"}},
		{"administrator cut by an SCP", list{admin}, nil, list{admin + "; Deny iam:* sts:* organizations:* on *"}, verify.C4, "privilege escalation", list{"lambda-code"}, list{"put-user-policy", "administrator"}},
		{"administrator whom an SCP leaves reading", list{admin}, nil, list{"Allow s3:GetObject on *"}, verify.C3, "data", list{"s3-read"}, list{"lambda-code"}},
		{"administrator with everything denied", list{admin, "Deny * on *"}, nil, nil, verify.C1, "harmless", nil, list{"administrator"}},
		{"administrator with MFA only", list{admin + mfa}, nil, nil, verify.C4, "privilege escalation", list{"put-user-policy"}, list{"administrator"}},
		{"denied without MFA", list{admin + "; Deny !sts:GetSessionToken on *" + ` if {"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`}, nil, nil, verify.C4, "privilege escalation", nil, list{"administrator"}},
		{"power user", list{"Allow !iam:* organizations:* account:* on *"}, nil, nil, verify.C4, "privilege escalation", list{"ssm-command", "s3-read"}, list{"administrator", "passrole-ec2", "put-user-policy"}},
		{"everything denied but who it is", list{admin + "; Deny !sts:GetCallerIdentity iam:GetUser on *"}, nil, nil, verify.C1, "harmless", nil, list{"administrator"}},
		{"everything denied but a bucket", list{admin + "; Deny !s3:GetObject on *"}, nil, nil, verify.C3, "data", list{"s3-read"}, nil},
		{"everything denied but who it is, without MFA", list{"Deny !sts:GetCallerIdentity on *" + mfa}, nil, nil, verify.C2, "nothing known", nil, nil},
		{"an SCP allows only who it is", list{admin}, nil, list{"Allow sts:GetCallerIdentity iam:GetUser on *"}, verify.C1, "harmless", nil, list{"administrator"}},
		{"an SCP allows hardly more", list{"Allow iam:* on *"}, nil, list{"Allow sts:GetCallerIdentity iam:Get* on *"}, verify.C2, "nothing known", nil, nil},
		{"an SCP that was not read", list{admin}, nil, list{"Allow sts:GetCallerIdentity on *", "unread"}, verify.C2, "nothing known", nil, nil},
		{"a boundary allows only who it is", list{admin}, list{"Allow sts:GetCallerIdentity on *"}, nil, verify.C2, "nothing known", nil, nil},
		{"no policy at all", nil, nil, nil, verify.C2, "nothing known", nil, nil},
		{"nothing but itself", list{"Allow iam:GetUser iam:ChangePassword on arn:aws:iam::*:user/${aws:username}"}, nil, nil, verify.C2, "nothing known", nil, nil},
		{"unread policy", list{"unread"}, nil, nil, verify.C2, "nothing known", nil, nil},
		{"unread beside data", list{"unread", "Allow s3:GetObject on *"}, nil, nil, verify.C3, "data", list{"s3-read"}, nil},
		{"unread boundary", list{admin}, list{"unread"}, nil, verify.C2, "nothing known", nil, list{"administrator"}},
		{"denied by a boundary", list{"Allow s3:* on *"}, list{"Deny * on *"}, nil, verify.C1, "harmless", nil, nil},
		{"reader of one bucket", list{"Allow s3:GetObject s3:ListBucket on arn:aws:s3:::logs arn:aws:s3:::logs/*"}, nil, nil, verify.C3, "data", list{"s3-read"}, list{"s3-write"}},
		{"reader of a bucket that is denied", list{"Allow s3:GetObject on arn:aws:s3:::logs/*; Deny s3:Get* on arn:aws:s3:::logs/*"}, nil, nil, verify.C2, "nothing known", nil, list{"s3-read"}},
		{"reader of all but what is denied", list{"Allow s3:GetObject on *; Deny s3:* on !arn:aws:s3:::public/*"}, nil, nil, verify.C3, "data", list{"s3-read"}, nil},
		{"reader on the office network", list{`Allow s3:GetObject on * if {"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`}, nil, nil, verify.C3, "data", list{"s3-read"}, nil},
		{"secrets", list{"Allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:*:*:secret:app/*"}, nil, nil, verify.C3, "data", list{"secrets"}, list{"parameters"}},
		{"parameters by path", list{"Allow ssm:GetParametersByPath on *"}, nil, nil, verify.C3, "data", list{"parameters"}, nil},
		{"table", list{"Allow dynamodb:Scan on arn:aws:dynamodb:eu-west-1:111122223333:table/orders"}, nil, nil, verify.C3, "data", list{"dynamodb"}, nil},
		{"snapshots of databases", list{"Allow rds:ModifyDBSnapshotAttribute on *"}, nil, nil, verify.C3, "data", list{"rds-share"}, nil},
		{"snapshots of disks", list{"Allow ec2:CreateSnapshot ec2:ModifySnapshotAttribute on *"}, nil, nil, verify.C3, "data", list{"ebs-snapshot"}, nil},
		{"half of a snapshot's way", list{"Allow ec2:ModifySnapshotAttribute on *"}, nil, nil, verify.C2, "nothing known", nil, list{"ebs-snapshot"}},
		{"sender of mail", list{"Allow ses:SendRawEmail on *"}, nil, nil, verify.C3, "data", list{"mail"}, nil},
		{"wildcard in the middle", list{"Allow s3:*Object on *"}, nil, nil, verify.C3, "data", list{"s3-read", "s3-write"}, nil},
		{"wrong kind of resource", list{"Allow s3:GetObject on arn:aws:ec2:*:*:instance/*"}, nil, nil, verify.C2, "nothing known", nil, list{"s3-read"}},
		{"PassRole and EC2", list{"Allow iam:PassRole ec2:RunInstances on *"}, nil, nil, verify.C4, "privilege escalation", list{"passrole-ec2"}, list{"passrole-lambda-invoke"}},
		{"PassRole and half of Lambda", list{"Allow iam:PassRole lambda:CreateFunction on *"}, nil, nil, verify.C2, "nothing known", nil, list{"passrole-lambda-invoke"}},
		{"PassRole and Lambda", list{"Allow iam:PassRole on arn:aws:iam::111122223333:role/app-*; Allow lambda:* on *"}, nil, nil, verify.C4, "privilege escalation", list{"passrole-lambda-invoke", "lambda-code"}, nil},
		{"PassRole to one service", list{`Allow iam:PassRole on * if {"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}; Allow ec2:RunInstances on *`}, nil, nil, verify.C4, "privilege escalation", list{"passrole-ec2"}, nil},
		{"PassRole alone", list{"Allow iam:PassRole on *"}, nil, nil, verify.C2, "nothing known", nil, nil},
		{"PassRole that is denied", list{"Allow iam:PassRole ec2:RunInstances on *; Deny iam:PassRole on *"}, nil, nil, verify.C2, "nothing known", nil, list{"passrole-ec2"}},
		{"PassRole that a boundary takes", list{"Allow iam:PassRole ec2:RunInstances on *"}, list{"Allow !iam:* on *"}, nil, verify.C2, "nothing known", nil, list{"passrole-ec2"}},
		{"PassRole of no role", list{"Allow iam:PassRole on arn:aws:iam::111122223333:user/*; Allow ec2:RunInstances on *"}, nil, nil, verify.C2, "nothing known", nil, list{"passrole-ec2"}},
		{"policy on itself", list{"Allow iam:PutUserPolicy on " + ann}, nil, nil, verify.C4, "privilege escalation", list{"put-user-policy"}, nil},
		{"policy version of one policy", list{"Allow iam:CreatePolicyVersion on arn:aws:iam::111122223333:policy/app"}, nil, nil, verify.C4, "privilege escalation", list{"create-policy-version"}, nil},
		{"joins groups", list{"Allow iam:AddUserToGroup on arn:aws:iam::111122223333:group/*"}, nil, nil, verify.C4, "privilege escalation", list{"add-user-to-group"}, nil},
		{"keys of others", list{"Allow iam:CreateAccessKey on *"}, nil, nil, verify.C4, "privilege escalation", list{"create-access-key", "own-access-key"}, nil},
		{"own keys only", list{"Allow iam:*AccessKey* on " + ann}, nil, nil, verify.C4, "persistence", list{"own-access-key"}, list{"create-access-key"}},
		{"keys of others only", list{"Allow iam:CreateAccessKey on *; Deny iam:* on " + ann}, nil, nil, verify.C4, "privilege escalation", list{"create-access-key"}, list{"own-access-key"}},
		{"federates", list{"Allow sts:GetFederationToken on *"}, nil, nil, verify.C4, "persistence", list{"federation-token"}, nil},
		{"makes users", list{"Allow iam:CreateUser iam:CreateLoginProfile on arn:aws:iam::*:user/ext/*"}, nil, nil, verify.C4, "persistence", list{"create-user"}, list{"create-login-profile"}},
		{"role policy without assuming", list{"Allow iam:PutRolePolicy on *"}, nil, nil, verify.C2, "nothing known", nil, list{"put-role-policy"}},
		{"role policy and assuming", list{"Allow iam:PutRolePolicy sts:AssumeRole on *"}, nil, nil, verify.C4, "privilege escalation", list{"put-role-policy", "assume-role"}, nil},
		{"assumes one role", list{"Allow sts:AssumeRole on arn:aws:iam::111122223333:role/deploy"}, nil, nil, verify.C2, "nothing known", nil, list{"assume-role"}},
		{"assumes any role", list{"Allow sts:AssumeRole on arn:aws:iam::*:role/*"}, nil, nil, verify.C4, "privilege escalation", list{"assume-role"}, nil},
		{"shell on machines", list{"Allow ssm:StartSession on *"}, nil, nil, verify.C4, "privilege escalation", list{"ssm-session"}, nil},
		{"removes its boundary", list{"Allow iam:DeleteUserPermissionsBoundary on *"}, list{admin}, nil, verify.C4, "privilege escalation", list{"delete-user-boundary"}, nil},
		{"quarantined", list{admin, "Deny iam:* ec2:RunInstances s3:GetObject s3:ListBucket lambda:* sts:GetFederationToken on *"}, nil, nil, verify.C4, "privilege escalation", list{"secrets"}, list{"put-user-policy", "s3-read"}},
		{"a statement with NotAction and deny", list{"Allow * on *; Deny !secretsmanager:GetSecretValue on *"}, nil, nil, verify.C3, "data", list{"secrets"}, list{"s3-read", "put-user-policy"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := subject(t, c.policies...)
			for i, p := range c.boundary {
				s.Policies.Boundary = append(s.Policies.Boundary, parsePolicy(t, fmt.Sprintf("boundary %d", i), p))
			}
			if c.guard != nil {
				var level []policy.Policy
				for i, p := range c.guard {
					level = append(level, parsePolicy(t, fmt.Sprintf("SCP %d", i), p))
				}
				s.Policies.Guards = [][]policy.Policy{level}
			}
			got := Judge(s)
			if got.Class != c.class || got.Power != c.power {
				t.Errorf("%s, %s: %s; want %s, %s", got.Class, got.Power, got.Words, c.class, c.power)
			}
			ids := make(map[string]bool)
			for _, p := range slices.Concat(got.Paths, got.Data) {
				ids[p.ID] = true
				if p.Words == "" || len(p.Needs) == 0 || len(p.By) == 0 {
					t.Errorf("a path without evidence: %+v", p)
				}
			}
			for _, id := range c.has {
				if !ids[id] {
					t.Errorf("%s is missing", id)
				}
			}
			for _, id := range c.hasNot {
				if ids[id] {
					t.Errorf("%s is wrong", id)
				}
			}
		})
	}
}

// TestRoles: what an identity may become is added to what it is.
func TestRoles(t *testing.T) {
	trust := func(principal, condition string) *policy.Document {
		if condition != "" {
			condition = `,"Condition":` + condition
		}
		d, err := policy.Parse([]byte(`{"Statement":{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"` + condition + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const role = "arn:aws:iam::" + account + ":role/ops"
	me, all, machine := `{"AWS":"`+ann+`"}`, `{"AWS":"arn:aws:iam::`+account+`:root"}`, `{"Service":"ec2.amazonaws.com"}`
	const may = "Allow sts:AssumeRole on " + role
	for name, c := range map[string]struct {
		own, principal, condition, does string
		boundary                        string
		class                           verify.Class
		words                           string
	}{
		"trusts the account, and it may":          {may, all, "", admin, "", verify.C4, "it can take a stronger role: takes role ops, of which is known: it is an administrator"},
		"trusts the account, and it may not":      {"Allow sts:AssumeRole on " + role + "x", all, "", admin, "", verify.C2, ""},
		"names it, which needs no more":           {"", me, "", admin, "", verify.C4, "by the trust policy of role ops"},
		"names it, and it is denied":              {"Deny sts:* on *", me, "", admin, "", verify.C2, ""},
		"names it, if it has MFA":                 {may, me, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, admin, "", verify.C4, "if a condition holds"},
		"names it, and its boundary says nothing": {"", me, "", admin, "Allow s3:* on *", verify.C4, "trust policy"},
		"names it, and its boundary denies":       {"", me, "", admin, "Deny sts:AssumeRole on *", verify.C2, ""},
		"trusts machines":                         {may, machine, "", admin, "", verify.C2, ""},
		"a role that reads":                       {may, all, "", "Allow s3:GetObject on *", "", verify.C3, "takes role ops, of which is known: it reaches data: reads objects of S3"},
		"a role that was not read":                {may, all, "", "unread", "", verify.C2, ""},
		"a role that does nothing":                {may, all, "", "Allow cloudwatch:Get* on *", "", verify.C2, ""},
	} {
		var policies []string
		if c.own != "" {
			policies = []string{c.own}
		}
		s := subject(t, policies...)
		if c.boundary != "" {
			s.Policies.Boundary = []policy.Policy{parsePolicy(t, "boundary", c.boundary)}
		}
		s.Roles = []Role{{"ops", role, trust(c.principal, c.condition)}}
		for _, b := range s.MayBecome() {
			b.Subject = Subject{Kind: "role", Name: "ops", ARN: role, Account: account, PoliciesRead: true}
			b.Subject.Policies.Identity = []policy.Policy{parsePolicy(t, "main", c.does)}
			s.Becomes = append(s.Becomes, b)
		}
		got := Judge(s)
		if got.Class != c.class || !strings.Contains(got.Words, c.words) {
			t.Errorf("%s: %s, %s; want %s, %s", name, got.Class, got.Words, c.class, c.words)
		}
		if unread := c.does == "unread"; unread != strings.Contains(fmt.Sprint(got.Limits), "could not be read") {
			t.Errorf("%s: %v", name, got.Limits)
		}
	}
}

func TestRoot(t *testing.T) {
	if got := Judge(Subject{Kind: "root", ARN: "arn:aws:iam::111122223333:root"}); got.Class != verify.C4 || got.Power != "root" {
		t.Errorf("%+v", got)
	}
	if got := Nothing("why"); got.Class != verify.C2 || got.Limits[0] != "why" {
		t.Errorf("%+v", got)
	}
}

// TestEveryPath: each line of the data is well formed, and an identity that has
// exactly its actions has the path, and without any one step has not.
func TestEveryPath(t *testing.T) {
	actionShape := regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z]+(@(other|self|any))?$`)
	ids := make(map[string]bool)
	for name, all := range map[string][]known{"escalations": escalations(), "persistence": persistences(), "data": dataReach()} {
		if len(all) < 10 {
			t.Errorf("%s: only %d lines", name, len(all))
		}
		for _, k := range all {
			if ids[k.id] || k.id == "" || k.words == "" {
				t.Errorf("%s: %q: twice, or incomplete", name, k.id)
			}
			ids[k.id] = true
			var first []string
			for _, step := range k.steps {
				for _, a := range step {
					if !actionShape.MatchString(a) {
						t.Errorf("%s: %q is no action", k.id, a)
					}
				}
				a, _, _ := strings.Cut(step[0], "@")
				first = append(first, a)
			}
			has := func(actions []string) bool {
				if len(actions) == 0 {
					return false
				}
				s := subject(t, "Allow "+strings.Join(actions, " ")+" on *")
				return slices.ContainsFunc(s.paths(all), func(p verify.Path) bool { return p.ID == k.id })
			}
			if !has(first) {
				t.Errorf("%s: not found with %v", k.id, first)
			}
			for i := range first {
				if less := slices.Delete(slices.Clone(first), i, i+1); !slices.Contains(less, first[i]) && has(less) {
					t.Errorf("%s: found without %s", k.id, first[i])
				}
			}
		}
	}
	if n := len(escalations()); n < 65 {
		t.Errorf("only %d escalations", n)
	}
}

func TestFindings(t *testing.T) {
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	yes, no := true, false
	trust := func(text string) *policy.Document {
		d, err := policy.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	anyone := trust(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}`)
	named := trust(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + ann + `"},"Action":"sts:AssumeRole"}}`)
	for name, c := range map[string]struct {
		policies []string
		edit     func(*Subject)
		want     map[string]string // id → words of the evidence
	}{
		"nothing read":   {nil, nil, nil},
		"no trail":       {nil, func(s *Subject) { s.Trails = &Trails{} }, map[string]string{verify.NoTrail: "has no trail"}},
		"trails are off": {nil, func(s *Subject) { s.Trails = &Trails{Total: 2} }, map[string]string{verify.NoTrail: "none of them is logging"}},
		"trail unread":   {nil, func(s *Subject) { s.Trails = &Trails{Total: 1, Unread: 1} }, nil},
		"a trail":        {nil, func(s *Subject) { s.Trails = &Trails{Total: 1, Logging: 1} }, nil},
		"no inventory":   {nil, func(s *Subject) { s.LastUsed, s.TagsRead = &verify.LastUse{}, true }, map[string]string{verify.NoInventory: "never used"}},
		"owner tag": {nil, func(s *Subject) {
			s.LastUsed, s.TagsRead, s.Tags = &verify.LastUse{}, true, map[string]string{"Owner": "x"}
		}, nil},
		"was used":  {nil, func(s *Subject) { s.LastUsed, s.TagsRead = &verify.LastUse{Service: "s3"}, true }, nil},
		"old key":   {nil, func(s *Subject) { s.KeyCreated = now.AddDate(0, 0, -91) }, map[string]string{verify.Unrotated: "91 days old"}},
		"young key": {nil, func(s *Subject) { s.KeyCreated = now.AddDate(0, 0, -89) }, nil},
		"no MFA":    {nil, func(s *Subject) { s.MFA, s.Console = &no, &yes }, map[string]string{verify.NoMFA: "console password and no MFA"}},
		"MFA":       {nil, func(s *Subject) { s.MFA = &yes }, nil},
		"star":      {[]string{"Allow s3:* on *"}, nil, map[string]string{verify.Administrator: "policy 0 allows s3:* on *"}},
		"NotAction": {[]string{"Allow !iam:* on *; Deny lambda:* ssm:* glue:* codebuild:* ecs:* ec2:* cloudformation:* sagemaker:* ec2-instance-connect:* apprunner:* batch:* states:* bedrock-agentcore:* datapipeline:* sts:* sso:* on *"}, nil, map[string]string{verify.Administrator: "everything but iam:*"}},
		"loose trust": {[]string{"Allow sts:AssumeRole on arn:aws:iam::111122223333:role/ops"}, func(s *Subject) {
			s.Roles = []Role{{"ops", "arn:aws:iam::111122223333:role/ops", anyone}, {"other", "arn:aws:iam::111122223333:role/other", anyone}}
		}, map[string]string{verify.LooseTrust: "role ops trusts its whole account"}},
		"named trust": {[]string{"Allow sts:AssumeRole on arn:aws:iam::111122223333:role/ops"}, func(s *Subject) {
			s.Roles = []Role{{"ops", "arn:aws:iam::111122223333:role/ops", named}}
		}, nil},
		"own tags": {[]string{`Allow dynamodb:GetItem on * if {"StringEquals":{"aws:PrincipalTag/team":"pay"}}; Allow iam:TagUser on *`}, nil,
			map[string]string{verify.OwnTags: "hangs on the tag team, which it may set by iam:TagUser"}},
		"tags of machines": {[]string{`Allow ec2:TerminateInstances on * if {"StringEquals":{"ec2:ResourceTag/env":"test"}}; Allow ec2:CreateTags on *`}, nil,
			map[string]string{verify.OwnTags: "by ec2:CreateTags"}},
		"tags of others": {[]string{`Allow ec2:TerminateInstances on * if {"StringEquals":{"ec2:ResourceTag/env":"test"}}`}, nil, nil},
		"escalation":     {[]string{"Allow iam:AttachUserPolicy on *"}, nil, map[string]string{verify.Escalation: "attaches AdministratorAccess"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := subject(t, c.policies...)
			if c.edit != nil {
				c.edit(&s)
			}
			got := Findings(s, Judge(s), 0, now)
			for _, f := range got {
				words, ok := c.want[f.ID]
				if !ok || !strings.Contains(f.Evidence, words) || f.Title == "" {
					t.Errorf("%+v", f)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("%d findings, want %d", len(got), len(c.want))
			}
		})
	}
}

// TestMoreIsNeverLess: another allow never lowers the class.
func TestMoreIsNeverLess(t *testing.T) {
	all := slices.Concat(escalations(), persistences(), dataReach())
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string) string {
			k := rapid.SampledFrom(all).Draw(rt, name)
			var actions []string
			for _, step := range k.steps {
				a, _, _ := strings.Cut(step[0], "@")
				actions = append(actions, a)
			}
			return "Allow " + strings.Join(actions, " ") + " on *"
		}
		few := []string{draw("a")}
		more := append(slices.Clone(few), draw("b"))
		a, b := Judge(subject(t, few...)), Judge(subject(t, more...))
		if b.Class < a.Class {
			rt.Fatalf("%v: %s, with %v: %s", few, a.Class, more, b.Class)
		}
		if c := Judge(subject(t, append(more, "Deny * on *")...)); c.Class != verify.C1 {
			rt.Fatalf("all is denied: %s", c.Class)
		}
	})
}
