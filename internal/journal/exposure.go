package journal

import (
	"strings"

	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

// ExposureRow is one rule of the exposure table: what is known of the key, and
// the severity for each band of who could read it.
type ExposureRow struct {
	ID       string      // stable, names the rule in reports
	Key      string      // what is known of the key, in words
	Severity [4]Severity // for reach 0, 1–2, 3–4 and 5–7
	Sentence string      // the part of the reason that is about the key
}

// The rules, by position in exposureTable.
const (
	ruleRoot = iota
	ruleLive
	ruleLimited
	ruleMismatch
	ruleUnconfirmed
	ruleIdentifier
	ruleExpired
	ruleDead
	rulePlaceholder
)

// exposureTable is the whole judgement. The reach is the upper bound of who can
// read it now or could before; what could not be found out counts as public.
// What a live key may do is not asked: nothing known of its power never means
// little power, only a root key is known to have all. Unconfirmed is the live
// rule one step down. Nothing else lowers or raises a severity.
var exposureTable = [...]ExposureRow{
	ruleRoot: {"root", "live × root of the account", [4]Severity{Critical, Critical, Critical, Critical},
		"it is a live root key, which may do everything in its account"},
	ruleLive: {"live", "live × nothing known of its power", [4]Severity{Medium, High, High, Critical},
		"the key is live, and nothing is known of what it may do"},
	ruleLimited: {"live-limited", "live × nothing known of its power", [4]Severity{Medium, High, High, Critical},
		"the key is live, though a policy between us and AWS cut the answer, and nothing is known of what it may do"},
	ruleMismatch: {"mismatch", "active key id × wrong secret", [4]Severity{Medium, Medium, Medium, Medium},
		"the key id is active, but the secret found with it is not its secret"},
	ruleUnconfirmed: {"unconfirmed", "not known to be live", [4]Severity{Low, Medium, Medium, High},
		"whether the key is live is not known"},
	ruleIdentifier: {"identifier", "a key id without a secret", [4]Severity{Low, Low, Low, Low},
		"it is a key id alone, which gives no access without its secret"},
	ruleExpired: {"expired", "expired", [4]Severity{Info, Info, Info, Info},
		"it was a real temporary key and has expired"},
	ruleDead: {"dead", "not active", [4]Severity{Info, Info, Info, Info},
		"no active key has this id in the partitions that were asked"},
	rulePlaceholder: {"placeholder", "a published sample", [4]Severity{Info, Info, Info, Info},
		"it is a sample from public documentation"},
}

// ExposureTable returns the table, for documentation.
func ExposureTable() []ExposureRow { return append([]ExposureRow(nil), exposureTable[:]...) }

// band returns the column of the table for a level.
func band(l sources.Level) int {
	switch {
	case l <= sources.OwnerOnly:
		return 0
	case l <= sources.GroupOf:
		return 1
	case l <= sources.Guests:
		return 2
	}
	return 3
}

// ruleOf picks the rule for one credential.
func ruleOf(kind secret.Kind, v verify.Verdict) int {
	switch v.State {
	case verify.Live, verify.LiveLimited:
		switch {
		case isRoot(v.ARN):
			return ruleRoot
		case v.State == verify.LiveLimited:
			return ruleLimited
		}
		return ruleLive
	case verify.Mismatch:
		return ruleMismatch
	case verify.Expired:
		return ruleExpired
	case verify.Dead:
		return ruleDead
	case verify.NotCalled:
		if v.Why == verify.WhyPlaceholder {
			return rulePlaceholder
		}
	}
	if kind == secret.KeyID {
		return ruleIdentifier
	}
	return ruleUnconfirmed
}

// isRoot recognises the ARN of an account's root user: arn:P:iam::A:root (IAM
// User Guide, "IAM identifiers").
func isRoot(arn string) bool {
	return strings.HasPrefix(arn, "arn:") && strings.Contains(arn, ":iam::") && strings.HasSuffix(arn, ":root")
}

// judge fills in Severity, Rule and Why: the gravest of the rules that its
// credentials meet.
func (l *Leak) judge() {
	reach := l.Exposure.Now.Union(l.Exposure.Ever)
	column := band(reach.AtMost)
	best := -1
	var why verify.Verdict
	for _, c := range l.Credentials {
		rule := ruleOf(c.Kind, c.Verdict)
		if best < 0 || exposureTable[rule].Severity[column] > exposureTable[best].Severity[column] ||
			exposureTable[rule].Severity[column] == exposureTable[best].Severity[column] && rule < best {
			best, why = rule, c.Verdict
		}
	}
	if best < 0 {
		best = ruleUnconfirmed
	}
	row := exposureTable[best]
	l.Severity = row.Severity[column]
	l.Rule = row.ID + ": " + row.Key + " × " + reach.AtMost.String()
	if reach.AtLeast < reach.AtMost {
		l.Rule += " at most"
	}
	l.Why = reachSentence(reach, reach != l.Exposure.Now) + "; " + row.Sentence
	if best == ruleUnconfirmed {
		l.Why += notLiveBecause(why)
	}
	l.Why += "."
}

// readers names who a level lets in, as the subject of a sentence.
var readers = [...]string{
	sources.OwnerOnly:    "only its owner and administrators",
	sources.NamedFew:     "a named few",
	sources.GroupOf:      "a group",
	sources.Organisation: "everyone in the organisation",
	sources.Guests:       "everyone in the organisation and its guests",
	sources.Outsiders:    "named outsiders",
	sources.AnyoneLink:   "anyone with the link or on the network",
	sources.Public:       "anyone at all",
}

// reachSentence says in words who could read it; before says that the reach is
// wider than it is now.
func reachSentence(r sources.Reach, before bool) string {
	verb := " can read it"
	if before {
		verb = " can read it or could before"
	}
	who := readers[min(r.AtLeast, sources.Public)]
	switch {
	case r.Set == 0 && r.AtLeast < r.AtMost:
		return "Who can read it could not be found out, so that " + readers[min(r.AtMost, sources.Public)] + " is assumed"
	case r.AtLeast < r.AtMost:
		verb += ", at worst " + readers[min(r.AtMost, sources.Public)]
	}
	return strings.ToUpper(who[:1]) + who[1:] + verb
}

// notLiveBecause says why a verdict confirms nothing.
func notLiveBecause(v verify.Verdict) string {
	switch {
	case v.State == verify.NotCalled:
		return " (not called: " + v.Why + ")"
	case v.Why != "":
		return " (" + v.Why + ")"
	}
	return ""
}
