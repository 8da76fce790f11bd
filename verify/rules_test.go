package verify_test

import (
	"strings"
	"testing"

	"mislaid/internal/secret"
	"mislaid/verify"
)

func TestRules(t *testing.T) {
	ours, theirs, decoy := account(1), account(2), account(3)
	id := newID("AKIA")
	pair := func(account string) verify.Request {
		return verify.Request{Credential: longTerm(id), Account: account}
	}
	placeholder, store := pair(ours), pair(ours)
	placeholder.Placeholder = true
	store.Endpoint = "minio.internal.example"
	bare := verify.Request{Credential: session(newID("ASIA")), Account: ours}
	bare.Credential.Token = secret.Value{}
	idOnly := verify.Request{Credential: secret.Credential{Kind: secret.KeyID, ID: id}, Account: decoy}
	secretOnly := verify.Request{Credential: secret.Credential{Kind: secret.SecretKey, Secret: newSecret()}}
	arn := func(account string) verify.Rules {
		return verify.Rules{Never: []string{"arn:aws:iam::" + account + ":user/canary/*"}}
	}

	for name, c := range map[string]struct {
		rules   verify.Rules
		request verify.Request
		state   verify.State // "" is called
		why     string
		detail  string
	}{
		"plain":                      {verify.Rules{}, pair(ours), "", "", ""},
		"placeholder":                {verify.Rules{}, placeholder, verify.NotCalled, verify.WhyPlaceholder, "sample"},
		"secret alone":               {verify.Rules{}, secretOnly, verify.Unverifiable, verify.WhyNoID, ""},
		"id alone, of a decoy":       {verify.Rules{Canaries: []string{decoy}}, idOnly, verify.Unverifiable, verify.WhyNoSecret, "known decoy"},
		"no token":                   {verify.Rules{}, bare, verify.Unverifiable, verify.WhyNoToken, ""},
		"a store of its own":         {verify.Rules{}, store, verify.NotCalled, verify.WhyS3Compatible, ""},
		"canary":                     {verify.Rules{Canaries: []string{decoy}, CallForeign: true}, pair(decoy), verify.NotCalled, verify.WhyCanary, decoy},
		"canary that is ours":        {verify.Rules{Canaries: []string{decoy}, Accounts: []string{decoy}}, pair(decoy), verify.NotCalled, verify.WhyCanary, ""},
		"never by id":                {verify.Rules{Never: []string{" " + strings.ToLower(id)}}, pair(ours), verify.NotCalled, verify.WhyNeverVerify, "key id"},
		"never by account":           {verify.Rules{Never: []string{ours}}, pair(ours), verify.NotCalled, verify.WhyNeverVerify, ours},
		"never before canary":        {verify.Rules{Never: []string{decoy}, Canaries: []string{decoy}}, pair(decoy), verify.NotCalled, verify.WhyNeverVerify, ""},
		"another never":              {verify.Rules{Never: []string{newID("AKIA"), theirs, ""}}, pair(ours), "", "", ""},
		"pattern of the account":     {arn(ours), pair(ours), verify.NotCalled, verify.WhyNeverVerify, "cannot be evaluated without asking, so it was not called"},
		"pattern of another account": {arn(theirs), pair(ours), "", "", ""},
		"pattern of any account":     {arn("*"), pair(ours), verify.NotCalled, verify.WhyNeverVerify, "arn:aws:iam::*"},
		"pattern of some accounts":   {arn(ours[:6] + "*"), pair(ours), verify.NotCalled, verify.WhyNeverVerify, ""},
		"pattern, account unknown":   {arn(theirs), pair(""), verify.NotCalled, verify.WhyNeverVerify, "cannot be evaluated"},
		"pattern of any partition":   {verify.Rules{Never: []string{"arn:*:iam::" + theirs + ":*"}}, pair(ours), "", "", ""},
		"pattern without an account": {verify.Rules{Never: []string{"arn:aws:iam::"}}, pair(ours), verify.NotCalled, verify.WhyNeverVerify, ""},
		"short pattern":              {verify.Rules{Never: []string{"arn:*canary*"}}, pair(ours), verify.NotCalled, verify.WhyNeverVerify, ""},
		"foreign":                    {verify.Rules{Accounts: []string{ours}}, pair(theirs), verify.NotCalled, verify.WhyForeign, theirs},
		"ours":                       {verify.Rules{Accounts: []string{theirs, ours}}, pair(ours), "", "", ""},
		"foreign, called all same":   {verify.Rules{Accounts: []string{ours}, CallForeign: true}, pair(theirs), "", "", ""},
		"account unknown":            {verify.Rules{Accounts: []string{ours}, Canaries: []string{decoy}}, pair(""), "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			v, judged := c.rules.Judge(c.request)
			if judged != (c.state != "") || v.State != c.state || v.Why != c.why || !strings.Contains(v.Detail, c.detail) {
				t.Errorf("got %v %+v", judged, v)
			}
		})
	}
}

// TestRulesKeepTheVendorAway: what a rule forbids is never called, wherever
// else the queue finds something to do.
func TestRulesKeepTheVendorAway(t *testing.T) {
	v := newVendor(t)
	decoy, foreign, named := longTerm(newID("AKIA")), longTerm(newID("AKIA")), longTerm(newID("AKIA"))
	rules := verify.Rules{Canaries: []string{account(1)}, Accounts: []string{account(9)}, Never: []string{named.ID}}
	b := run(t, verify.Config{Verifier: v, Rules: rules},
		verify.Request{Credential: decoy, Account: account(1)},
		verify.Request{Credential: longTerm(decoy.ID), Account: account(1)},
		verify.Request{Credential: foreign, Account: account(2)},
		verify.Request{Credential: named, Account: account(9)},
		verify.Request{Credential: secret.Credential{Kind: secret.SecretKey, Secret: newSecret()}},
		verify.Request{Credential: longTerm(newID("AKIA")), Account: account(9)})
	if len(v.calls) != 1 || len(b.all) != 6 {
		t.Errorf("%d calls, %d answers", len(v.calls), len(b.all))
	}
}
