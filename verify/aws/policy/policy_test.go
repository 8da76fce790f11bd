package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// doc makes a document of statements.
func doc(statements ...string) []byte {
	return []byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

func allow(action, resource string) string { return statement("Allow", action, resource, "") }
func deny(action, resource string) string  { return statement("Deny", action, resource, "") }

func statement(effect, action, resource, condition string) string {
	word := func(name, s string) string {
		if rest, not := strings.CutPrefix(s, "!"); not {
			name, s = "Not"+name, rest
		}
		list, err := json.Marshal(strings.Split(s, " "))
		if err != nil {
			panic(err) // strings cannot fail
		}
		return fmt.Sprintf(`,%q:%s`, name, list)
	}
	s := fmt.Sprintf(`{"Effect":%q`, effect) + word("Action", action) + word("Resource", resource)
	if condition != "" {
		s += `,"Condition":` + condition
	}
	return s + "}"
}

const mfa = `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`

func policies(t testing.TB, documents ...[]byte) []Policy {
	t.Helper()
	var all []Policy
	for i, text := range documents {
		p := Policy{Name: fmt.Sprint("p", i)}
		if text != nil {
			d, err := Parse(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			p.Document = d
		}
		all = append(all, p)
	}
	return all
}

func TestAsk(t *testing.T) {
	type guards = [][]byte
	const bucket = "arn:aws:s3:::b"
	for name, c := range map[string]struct {
		identity, boundary, guard guards
		action                    string
		on                        string // "" anything of the service
		want                      Result
	}{
		"nothing":                          {guards{}, nil, nil, "s3:GetObject", "", Denied},
		"star":                             {guards{doc(allow("*", "*"))}, nil, nil, "s3:GetObject", "", Allowed},
		"other service":                    {guards{doc(allow("ec2:*", "*"))}, nil, nil, "s3:GetObject", "", Denied},
		"case of an action":                {guards{doc(allow("S3:getobj*", "*"))}, nil, nil, "s3:GetObject", "", Allowed},
		"question mark":                    {guards{doc(allow("s3:Get?bject", "*"))}, nil, nil, "s3:GetObject", "", Allowed},
		"question mark is one":             {guards{doc(allow("s3:Get?Object", "*"))}, nil, nil, "s3:GetObject", "", Denied},
		"NotAction":                        {guards{doc(allow("!iam:*", "*"))}, nil, nil, "s3:GetObject", "", Allowed},
		"NotAction leaves out":             {guards{doc(allow("!iam:* sts:*", "*"))}, nil, nil, "iam:CreateUser", "", Denied},
		"deny over allow":                  {guards{doc(allow("s3:*", "*")), doc(deny("s3:Get*", "*"))}, nil, nil, "s3:GetObject", "", Denied},
		"deny of one bucket":               {guards{doc(allow("s3:*", "*"), deny("s3:*", bucket+"/*"))}, nil, nil, "s3:GetObject", "", Allowed},
		"deny of that bucket":              {guards{doc(allow("s3:*", bucket+"/*"), deny("s3:*", "arn:aws:s3:::*"))}, nil, nil, "s3:GetObject", "", Denied},
		"deny of all but one":              {guards{doc(allow("s3:*", "*"), deny("s3:*", "!"+bucket+"/*"))}, nil, nil, "s3:GetObject", "", Allowed},
		"deny of all but another":          {guards{doc(allow("s3:*", bucket+"/*"), deny("s3:*", "!arn:aws:s3:::c/*"))}, nil, nil, "s3:GetObject", "", Denied},
		"two denies cover it":              {guards{doc(allow("s3:*", bucket+"?/*"), deny("s3:*", "arn:aws:s3:::b*"), deny("s3:*", "arn:aws:s3:::c*"))}, nil, nil, "s3:GetObject", "", Denied},
		"denies that meet in nothing":      {guards{doc(allow("s3:*", "*"), deny("s3:*", "!"+bucket), deny("s3:*", "!arn:aws:s3:::c"))}, nil, nil, "s3:GetObject", "", Denied},
		"NotResource":                      {guards{doc(allow("s3:*", "!"+bucket+"/*"))}, nil, nil, "s3:GetObject", "", Allowed},
		"NotResource leaves nothing":       {guards{doc(allow("s3:*", "!arn:aws:s3:::*"))}, nil, nil, "s3:GetObject", "arn:aws:s3:::b/x", Denied},
		"wrong kind of resource":           {guards{doc(allow("s3:*", "arn:aws:ec2:*:*:instance/*"))}, nil, nil, "s3:GetObject", "", Denied},
		"boundary cuts":                    {guards{doc(allow("*", "*"))}, guards{doc(allow("ec2:*", "*"))}, nil, "s3:GetObject", "", Denied},
		"boundary lets":                    {guards{doc(allow("*", "*"))}, guards{doc(allow("s3:*", bucket+"/*"))}, nil, "s3:GetObject", "", Allowed},
		"boundary grants nothing":          {guards{doc(allow("ec2:*", "*"))}, guards{doc(allow("*", "*"))}, nil, "s3:GetObject", "", Denied},
		"boundary and identity apart":      {guards{doc(allow("s3:*", bucket+"/*"))}, guards{doc(allow("s3:*", "arn:aws:s3:::c/*"))}, nil, "s3:GetObject", "", Denied},
		"SCP denies":                       {guards{doc(allow("*", "*"))}, nil, guards{doc(allow("*", "*")), doc(deny("s3:*", "*"))}, "s3:GetObject", "", Denied},
		"SCP does not allow":               {guards{doc(allow("*", "*"))}, nil, guards{doc(allow("ec2:*", "*"))}, "s3:GetObject", "", Denied},
		"condition":                        {guards{doc(statement("Allow", "s3:*", "*", mfa))}, nil, nil, "s3:GetObject", "", Conditional},
		"condition beside an allow":        {guards{doc(statement("Allow", "s3:*", "*", mfa), allow("s3:*", bucket+"/*"))}, nil, nil, "s3:GetObject", "", Allowed},
		"conditional deny":                 {guards{doc(allow("s3:*", "*"), statement("Deny", "s3:*", "*", mfa))}, nil, nil, "s3:GetObject", "", Conditional},
		"conditional deny of one bucket":   {guards{doc(allow("s3:*", "*"), statement("Deny", "s3:*", bucket, mfa))}, nil, nil, "s3:GetObject", "", Allowed},
		"conditional boundary":             {guards{doc(allow("*", "*"))}, guards{doc(statement("Allow", "*", "*", mfa))}, nil, "s3:GetObject", "", Conditional},
		"deny beats condition":             {guards{doc(statement("Allow", "s3:*", "*", mfa), deny("s3:*", "*"))}, nil, nil, "s3:GetObject", "", Denied},
		"unread identity":                  {guards{nil}, nil, nil, "s3:GetObject", "", Unknown},
		"unread beside an allow":           {guards{nil, doc(allow("s3:*", "*"))}, nil, nil, "s3:GetObject", "", Conditional},
		"unread beside a deny":             {guards{nil, doc(deny("s3:*", "*"))}, nil, nil, "s3:GetObject", "", Denied},
		"unread boundary":                  {guards{doc(allow("s3:*", "*"))}, guards{nil}, nil, "s3:GetObject", "", Unknown},
		"unread boundary changes nothing":  {guards{doc(allow("ec2:*", "*"))}, guards{nil}, nil, "s3:GetObject", "", Denied},
		"known variable":                   {guards{doc(allow("iam:*", "arn:aws:iam::*:user/${aws:username}"))}, nil, nil, "iam:CreateAccessKey", "arn:aws:iam::1:user/ann", Allowed},
		"known variable, other user":       {guards{doc(allow("iam:*", "arn:aws:iam::*:user/${AWS:UserName}"))}, nil, nil, "iam:CreateAccessKey", "arn:aws:iam::1:user/bob", Denied},
		"unknown variable":                 {guards{doc(allow("s3:*", bucket+"/${aws:PrincipalTag/team}/*"))}, nil, nil, "s3:GetObject", "", Conditional},
		"unknown variable in NotResource":  {guards{doc(allow("s3:*", "!"+bucket+"/${aws:PrincipalTag/team}/*"))}, nil, nil, "s3:GetObject", "", Conditional},
		"unknown variable in deny":         {guards{doc(allow("s3:*", bucket+"/a"), deny("s3:*", bucket+"/${aws:PrincipalTag/team}"))}, nil, nil, "s3:GetObject", "", Conditional},
		"escaped star":                     {guards{doc(allow("s3:*", bucket+"/${*}"))}, nil, nil, "s3:GetObject", bucket + "/x", Denied},
		"variables are of the new version": {guards{[]byte(`{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::1:user/${aws:username}"}}`)}, nil, nil, "iam:CreateAccessKey", "arn:aws:iam::1:user/ann", Denied},
		"resource is compared by case":     {guards{doc(allow("s3:*", "arn:aws:s3:::B/*"))}, nil, nil, "s3:GetObject", bucket + "/x", Denied},
	} {
		t.Run(name, func(t *testing.T) {
			s := Set{Identity: policies(t, c.identity...), Variables: map[string]string{"aws:username": "ann"}}
			if c.boundary != nil {
				s.Boundary = policies(t, c.boundary...)
			}
			if c.guard != nil {
				s.Guards = [][]Policy{policies(t, c.guard...)}
			}
			q := Question{Action: c.action, On: Glob("arn:aws:s3:*")}
			if c.on != "" {
				q.On = Exactly(c.on)
			}
			got := s.Ask(q)
			if got.Result != c.want {
				t.Errorf("%s, want %s", got.Result, c.want)
			}
			if granted := got.Result == Allowed || got.Result == Conditional; granted != (len(got.By) > 0) {
				t.Errorf("%s by %v", got.Result, got.By)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":              ``,
		"null":                 `null`,
		"no statement":         `{"Version":"2012-10-17"}`,
		"empty list":           `{"Statement":[]}`,
		"bad version":          `{"Version":"2013-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"bad effect":           `{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}`,
		"no action":            `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
		"both actions":         `{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}}`,
		"both resources":       `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}}`,
		"action of no service": `{"Statement":{"Effect":"Allow","Action":"GetObject","Resource":"*"}}`,
		"misspelt key":         `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Conditon":{}}}`,
		"key twice":            `{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}`,
		"key twice by case":    `{"Statement":{"Effect":"Deny","effect":"Allow","Action":"*","Resource":"*"}}`,
		"two documents":        `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}{}`,
		"object as a value":    `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":{}}}}}`,
		"number as an action":  `{"Statement":{"Effect":"Allow","Action":1,"Resource":"*"}}`,
		"too long":             `{"Id":"` + strings.Repeat("x", MaxDocument) + `"}`,
	} {
		if d, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestTrusts(t *testing.T) {
	const ann, account = "arn:aws:iam::111122223333:user/ann", "111122223333"
	trust := func(principal, rest string) string {
		return `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + principal + rest + `}}`
	}
	for name, c := range map[string]struct {
		text string
		want Trust
	}{
		"anyone":           {trust(`"*"`, ""), Trust{Allowed, "trusts anyone"}},
		"anyone, in AWS":   {trust(`{"AWS":"*"}`, ""), Trust{Allowed, "trusts anyone"}},
		"account":          {trust(`{"AWS":"arn:aws:iam::111122223333:root"}`, ""), Trust{Allowed, "trusts its whole account"}},
		"account's number": {trust(`{"AWS":["222233334444","111122223333"]}`, ""), Trust{Allowed, "trusts its whole account"}},
		"by name":          {trust(`{"AWS":"`+ann+`"}`, ""), Trust{Allowed, "names it"}},
		"another":          {trust(`{"AWS":"arn:aws:iam::111122223333:user/bob"}`, ""), Trust{Result: Denied}},
		"a service":        {trust(`{"Service":"ec2.amazonaws.com"}`, ""), Trust{Result: Denied}},
		"external id":      {trust(`"*"`, `,"Condition":{"StringEquals":{"sts:ExternalId":"x"}}`), Trust{Conditional, "trusts anyone, if sts:ExternalId fits"}},
		"denied": {`{"Statement":[{"Effect":"Allow","Action":"sts:*","Principal":"*"},{"Effect":"Deny","Action":"sts:AssumeRole","Principal":{"AWS":"` + ann + `"}}]}`,
			Trust{Result: Denied}},
		"denied, conditionally": {`{"Statement":[{"Effect":"Deny","Action":"*","Principal":"*","Condition":` + mfa + `},{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}]}`,
			Trust{Conditional, "trusts anyone"}},
		"another action": {`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithSAML","Principal":"*"}}`, Trust{Result: Denied}},
	} {
		d, err := Parse([]byte(c.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := d.Trusts(ann, account); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if got := (*Document)(nil).Trusts(ann, account); got.Result != Unknown {
		t.Errorf("unread: %+v", got)
	}
}

// naive matches a glob by trying everything.
func naive(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return naive(pattern[1:], s) || s != "" && naive(pattern, s[1:])
	case s == "":
		return false
	case pattern[0] == '?', pattern[0] == s[0]:
		return naive(pattern[1:], s[1:])
	}
	return false
}

func globs(n int) *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.StringMatching(`[ab*?]{0,5}`), 0, n)
}

// TestPatternsAgreeWithTryingEverything: exists finds a string exactly when
// trying all short ones does.
func TestPatternsAgreeWithTryingEverything(t *testing.T) {
	var short []string
	for n, level := 0, []string{""}; n <= 7; n++ {
		short = append(short, level...)
		var next []string
		for _, s := range level {
			next = append(next, s+"a", s+"b", s+"c")
		}
		level = next
	}
	rapid.Check(t, func(t *rapid.T) {
		all, none := globs(2).Draw(t, "all"), globs(3).Draw(t, "none")
		compile := func(list []string) (out []Pattern) {
			for _, s := range list {
				out = append(out, Glob(s))
			}
			return out
		}
		found, decided := exists(compile(all), compile(none))
		if !decided {
			t.Fatal("undecided")
		}
		want := false
		for _, s := range short {
			fits := true
			for _, p := range all {
				fits = fits && naive(p, s)
			}
			for _, p := range none {
				fits = fits && !naive(p, s)
			}
			want = want || fits
		}
		if want && !found {
			t.Fatalf("all %q none %q: not found", all, none)
		}
		if found && !want && len(all) > 0 && !strings.Contains(strings.Join(all, ""), "*") {
			t.Fatalf("all %q none %q: found, though no short string fits", all, none)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		p, s := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "p"), rapid.StringMatching(`[abc*]{0,8}`).Draw(t, "s")
		if got := Glob(p).Match(s); got != naive(p, s) {
			t.Fatalf("%q %q: %v", p, s, got)
		}
	})
}

func TestExistsGivesUp(t *testing.T) {
	var none []Pattern
	for i := range 24 { // each remembers where its letter last stood
		none = append(none, Glob("*"+string(rune('a'+i))+strings.Repeat("?", i+3)+"*"))
	}
	if found, decided := exists([]Pattern{Glob(strings.Repeat("?", 60) + "z*")}, none); decided && !found {
		t.Error("there is such a string")
	}
}

// TestLaws: more of one kind of statement moves the answer one way only.
func TestLaws(t *testing.T) {
	rank := map[Result]int{Denied: 0, Unknown: 1, Conditional: 1, Allowed: 2}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string {
			condition := ""
			if rapid.Bool().Draw(t, name+" if") {
				condition = mfa
			}
			not := rapid.SampledFrom([]string{"", "", "!"})
			return statement(rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, name),
				not.Draw(t, "notA")+rapid.SampledFrom([]string{"*", "s:*", "s:Get", "t:Get"}).Draw(t, "a"),
				not.Draw(t, "notR")+rapid.SampledFrom([]string{"*", "r*", "r1", "?1"}).Draw(t, "r"), condition)
		}
		parse := func(text string) Policy {
			d, err := Parse(doc(text))
			if err != nil {
				t.Fatal(err)
			}
			return Policy{Name: text, Document: d}
		}
		var s Set
		for i := range rapid.IntRange(0, 4).Draw(t, "n") {
			s.Identity = append(s.Identity, parse(draw(fmt.Sprint("effect", i))))
		}
		q := Question{Action: "s:Get", On: Glob(rapid.SampledFrom([]string{"*", "r1", "r?"}).Draw(t, "on"))}
		before := s.Ask(q).Result
		more := s
		more.Identity = append(append([]Policy(nil), s.Identity...), parse(allow("s:Get", "*")))
		if got := more.Ask(q).Result; rank[got] < rank[before] {
			t.Fatalf("an allow made %s out of %s", got, before)
		}
		more.Identity = append(append([]Policy(nil), s.Identity...), parse(deny("s:Get", "r*")))
		if got := more.Ask(q).Result; rank[got] > rank[before] {
			t.Fatalf("a deny made %s out of %s", got, before)
		}
		more.Identity = append(append([]Policy(nil), s.Identity...), parse(deny("*", "*")))
		if got := more.Ask(q).Result; got != Denied {
			t.Fatalf("all is denied, and it is %s", got)
		}
		more = s
		more.Boundary = []Policy{parse(draw("boundary"))}
		if got := more.Ask(q).Result; rank[got] > rank[before] {
			t.Fatalf("a boundary made %s out of %s", got, before)
		}
		more = s
		more.Identity = append(append([]Policy(nil), s.Identity...), Policy{Name: "unread"})
		if got := more.Ask(q).Result; before == Allowed && got != Conditional || before == Conditional && got != Conditional {
			t.Fatalf("an unread policy made %s out of %s", got, before)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(doc(allow("*", "*")))
	f.Add(doc(statement("Deny", "!s3:*", "!arn:aws:s3:::b/${aws:username}", mfa)))
	f.Add([]byte(`{"Statement":{"Effect":"Allow","Action":["a:b"],"Principal":{"AWS":["*"]},"Condition":{"X":{"k":[1,true,"s"]}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		if err != nil {
			if d != nil {
				t.Error("a document beside an error")
			}
			return
		}
		s := Set{Identity: []Policy{{Name: "p", Document: d}}}
		a := s.Ask(Question{Action: "iam:CreateUser", On: Glob("arn:*")})
		if a.Result == Unknown {
			t.Skip() // too many patterns
		}
		s.Identity = append(s.Identity, policies(t, doc(deny("*", "*")))...)
		if got := s.Ask(Question{Action: "iam:CreateUser", On: Glob("arn:*")}); got.Result != Denied {
			t.Errorf("all is denied, and it is %s", got.Result)
		}
		d.Trusts("arn:aws:iam::111122223333:user/ann", "111122223333")
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("a*b?", "axxbc", "*x*")
	f.Fuzz(func(t *testing.T, p, s, none string) {
		if len(p)+len(s)+len(none) > 64 {
			t.Skip()
		}
		if Glob(p).Match(s) && !Glob(none).Match(s) {
			if found, decided := exists([]Pattern{Glob(p)}, []Pattern{Glob(none)}); decided && !found {
				t.Errorf("%q is such a string", s)
			}
		}
		if !Exactly(s).Match(s) {
			t.Error("a string is not itself")
		}
	})
}
