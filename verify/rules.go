package verify

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"mislaid/internal/secret"
)

// Rules say which keys must not be called.
type Rules struct {
	Canaries    []string // account ids of known decoys
	Never       []string // key ids, account ids and ARN patterns (with * and ?) that must never be called
	Paths       []string // globs (with **) of places whose keys must never be called, wherever else they stand
	Accounts    []string // ours; when set, a key of another account is foreign
	CallForeign bool     // call foreign keys all the same
}

// Judge returns the verdict of a credential that is not to be called, or false
// for one that is. It only looks; nothing is sent and nothing is destroyed.
//
// Without an Auditor, who a key belongs to is known before a call only as far as
// its id tells the account. An ARN pattern therefore forbids every key whose
// account it could name: a decoy is betrayed by a single call, a call left out
// can be made later.
func (r Rules) Judge(q Request) (Verdict, bool) {
	if v, judged := r.judge(q); judged {
		return v, true
	}
	if rule, why := r.forbidsARN(q.Account, nil); rule != "" {
		return Verdict{State: NotCalled, Why: rule, Account: q.Account, Detail: why}, true
	}
	return Verdict{}, false
}

// judge judges by everything but ARN patterns.
func (r Rules) judge(q Request) (Verdict, bool) {
	forbidden, why := r.forbids(q)
	answer := func(state State, reason, detail string) (Verdict, bool) {
		return Verdict{State: state, Why: reason, Account: q.Account, Detail: detail}, true
	}
	switch c := q.Credential; {
	case q.Placeholder:
		return answer(NotCalled, WhyPlaceholder, "a published sample")
	case !c.Kind.Askable() && c.Kind != secret.KeyID && c.Kind != secret.SecretKey:
		return offline(q), true
	case c.ID == "":
		return answer(Unverifiable, WhyNoID, why)
	case c.Secret.IsZero():
		return answer(Unverifiable, WhyNoSecret, why)
	case needsToken(c) && c.Token.IsZero():
		return answer(Unverifiable, WhyNoToken, why)
	case q.Endpoint != "":
		return answer(NotCalled, WhyS3Compatible, "the text beside it names a store of its own")
	case forbidden != "":
		return answer(NotCalled, forbidden, why)
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

// mayLookUp reports whether the vendor's records may be asked about a key, which
// does not touch it.
func (r Rules) mayLookUp(q Request) bool {
	forbidden, _ := r.forbids(q)
	return forbidden == "" && !q.Placeholder && q.Endpoint == ""
}

// needsToken reports whether c means nothing without its session token.
func needsToken(c secret.Credential) bool {
	return c.Kind == secret.SessionKey || strings.HasPrefix(c.ID, "ASIA")
}

// forbids returns which rule forbids a call, in their order, and in words; ""
// none does. ARN patterns are forbidsARN's.
func (r Rules) forbids(q Request) (rule, why string) {
	id, account := q.Credential.ID, q.Account
	for _, never := range r.Never {
		switch never = strings.TrimSpace(never); {
		case never == "":
		case id != "" && strings.EqualFold(never, id):
			return WhyNeverVerify, "this key id must never be verified"
		case account != "" && never == account:
			return WhyNeverVerify, "account " + account + " must never be verified"
		}
	}
	for _, glob := range r.Paths {
		if match, err := doublestar.Match(glob, filepath.ToSlash(q.Path)); q.Path != "" && (match || err != nil) {
			return WhyNeverVerify, "keys that stand in " + glob + " must never be verified"
		}
	}
	switch {
	case account == "":
		return "", ""
	case slices.Contains(r.Canaries, account):
		return WhyCanary, "account " + account + " is a known decoy"
	case !r.CallForeign && r.foreign(account):
		return WhyForeign, "account " + account + " is not one of ours"
	}
	return "", ""
}

// ValidPath reports whether a glob is one that Rules.Paths may hold.
func ValidPath(glob string) bool { return glob != "" && doublestar.ValidatePattern(glob) }

// foreign reports whether an account is not ours.
func (r Rules) foreign(account string) bool {
	return len(r.Accounts) > 0 && !slices.Contains(r.Accounts, account)
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
