package verify

import (
	"path"
	"slices"
	"strings"
	"time"

	"mislaid/internal/secret"
)

// Rules say which keys must not be called.
type Rules struct {
	Canaries    []string // account ids of known decoys
	Never       []string // key ids, account ids and ARN patterns (with * and ?) that must never be called
	Accounts    []string // ours; when set, a key of another account is foreign
	CallForeign bool     // call foreign keys all the same
}

// Judge returns the verdict of a credential that is not to be called, or false
// for one that is. It only looks; nothing is sent and nothing is destroyed.
//
// Who a key belongs to is known before a call only as far as its id tells the
// account. An ARN pattern therefore forbids every key whose account it could
// name: a decoy is betrayed by a single call, a call left out can be made later.
func (r Rules) Judge(q Request) (Verdict, bool) {
	notCalled := func(why, detail string) (Verdict, bool) {
		return Verdict{State: NotCalled, Why: why, Account: q.Account, Detail: detail}, true
	}
	forbidden, why := r.forbids(q)
	unverifiable := func(part string) (Verdict, bool) {
		return Verdict{State: Unverifiable, Why: part, Account: q.Account, Detail: why}, true
	}
	switch c := q.Credential; {
	case q.Placeholder:
		return notCalled(WhyPlaceholder, "a published sample")
	case !c.Kind.Askable() && c.Kind != secret.KeyID && c.Kind != secret.SecretKey:
		return offline(q), true
	case c.ID == "":
		return unverifiable(WhyNoID)
	case c.Secret.IsZero():
		return unverifiable(WhyNoSecret)
	case needsToken(c) && c.Token.IsZero():
		return unverifiable(WhyNoToken)
	case q.Endpoint != "":
		return notCalled(WhyS3Compatible, "the text beside it names a store of its own")
	case forbidden != "":
		return notCalled(forbidden, why)
	}
	return Verdict{}, false
}

// offline is the verdict of a kind about which nobody can be asked: what it says
// of its own expiry, or that nothing is known.
func offline(q Request) Verdict {
	v := Verdict{State: Unverifiable, Why: WhyNoVerifier, Account: q.Account}
	kind := q.Credential.Kind
	if q.Expires.IsZero() || q.Expires.After(time.Now()) {
		return v
	}
	switch {
	case kind.SignsExpiry():
		v.State, v.Why = Expired, WhySignedExpiry
	case kind.HoldsExpiry():
		v.State, v.Why = Expired, WhyDeclaredExpiry
	}
	v.Detail = "expired " + q.Expires.UTC().Format(time.RFC3339)
	return v
}

// needsToken reports whether c means nothing without its session token.
func needsToken(c secret.Credential) bool {
	return c.Kind == secret.SessionKey || strings.HasPrefix(c.ID, "ASIA")
}

// forbids returns which rule forbids a call, in their order, and in words; ""
// none does.
func (r Rules) forbids(q Request) (rule, why string) {
	id, account := q.Credential.ID, q.Account
	for _, never := range r.Never {
		switch never = strings.TrimSpace(never); {
		case never == "":
		case id != "" && strings.EqualFold(never, id):
			return WhyNeverVerify, "this key id must never be verified"
		case account != "" && never == account:
			return WhyNeverVerify, "account " + account + " must never be verified"
		case strings.HasPrefix(never, "arn:") && couldName(never, account):
			return WhyNeverVerify, "the pattern " + never + " cannot be evaluated without asking, so it was not called"
		}
	}
	switch {
	case account == "":
		return "", ""
	case slices.Contains(r.Canaries, account):
		return WhyCanary, "account " + account + " is a known decoy"
	case len(r.Accounts) > 0 && !r.CallForeign && !slices.Contains(r.Accounts, account):
		return WhyForeign, "account " + account + " is not one of ours"
	}
	return "", ""
}

// couldName reports whether an ARN pattern could match an identity of account
// ("" not known). The parts of an ARN are matched one by one, as IAM's ArnLike
// does; a pattern without an account part could name anybody.
func couldName(pattern, account string) bool {
	parts := strings.Split(pattern, ":")
	if account == "" || len(parts) < 6 || parts[4] == "" {
		return true
	}
	match, err := path.Match(parts[4], account)
	return match || err != nil
}
