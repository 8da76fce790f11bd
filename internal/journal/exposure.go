package journal

import (
	"fmt"
	"slices"
	"strings"
	"time"

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

// The rules, by position in exposureTable. A graver one comes before a milder.
const (
	ruleUnexplained = iota
	ruleRoot
	ruleLive4
	ruleLive3
	ruleLive2
	ruleLive1
	ruleMismatch
	ruleLookBack
	ruleUnconfirmed4
	ruleUnconfirmed3
	ruleUnconfirmed2
	ruleUnconfirmed1
	ruleIdentifier
	ruleExpired
	ruleDead
	rulePlaceholder
)

// exposureTable is the whole judgement: what the key can do × who could have
// seen it. The reach is the upper bound of who can read it now or could since the
// key stood there;
// what could not be found out counts as public. Nothing known of a key's power
// never means little power. Unconfirmed is the live rule one step down, and at
// least medium from reach 3 on. A key of an account of tier prod, or of the
// management account of an organisation, is raised by one step unless it is
// dead, expired, a sample or a lone id. Nothing else raises or lowers anything.
var exposureTable = [...]ExposureRow{
	ruleUnexplained: {"unexplained-use", "used from an address that nobody explains", [4]Severity{Critical, Critical, Critical, Critical},
		"the key was used after the exposure began from an address that nobody explains"},
	ruleRoot: {"root", "live × root of the account", [4]Severity{Critical, Critical, Critical, Critical},
		"it is a live root key, which may do everything in its account"},
	ruleLive4: {"live-c4", "live × C4 administrator, escalation or persistence", [4]Severity{Medium, High, Critical, Critical},
		"the key is live"},
	ruleLive3: {"live-c3", "live × C3 reaches data", [4]Severity{Medium, High, High, Critical},
		"the key is live"},
	ruleLive2: {"live-c2", "live × C2 nothing known of its power", [4]Severity{Medium, High, High, Critical},
		"the key is live"},
	ruleLive1: {"live-c1", "live × C1 proven harmless", [4]Severity{Low, Medium, Medium, High},
		"the key is live"},
	ruleMismatch: {"mismatch", "active key id × wrong secret", [4]Severity{Medium, Medium, Medium, Medium},
		"the key id is active, but the secret found with it is not its secret"},
	ruleLookBack: {"look-back", "no longer usable × was used after the exposure began", [4]Severity{Medium, Medium, Medium, Medium},
		"the key cannot be used any more, but it could be and was used after the exposure began"},
	ruleUnconfirmed4: {"unconfirmed-c4", "not known to be live × C4 administrator, escalation or persistence", [4]Severity{Low, Medium, High, High},
		"whether the key is live is not known"},
	ruleUnconfirmed3: {"unconfirmed-c3", "not known to be live × C3 reaches data", [4]Severity{Low, Medium, Medium, High},
		"whether the key is live is not known"},
	ruleUnconfirmed2: {"unconfirmed-c2", "not known to be live × C2 nothing known of its power", [4]Severity{Low, Medium, Medium, High},
		"whether the key is live is not known"},
	ruleUnconfirmed1: {"unconfirmed-c1", "not known to be live × C1 proven harmless", [4]Severity{Info, Low, Medium, Medium},
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

// unraised are the rules that no tier raises.
var unraised = []int{ruleIdentifier, ruleExpired, ruleDead, rulePlaceholder}

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

// Class is how much the key of a leak can do, as far as that was found out.
func (l *Leak) Class() verify.Class {
	if l.Facts == nil || l.Facts.Capability == nil {
		return verify.C2
	}
	return l.Facts.Capability.Class
}

// byClass returns the rule of a class, of four that follow one another.
func byClass(first int, c verify.Class) int {
	return first + max(slices.Index([]verify.Class{verify.C4, verify.C3, verify.C2, verify.C1}, c), 0)
}

// ruleOf picks the rule for one credential of the leak.
func (l *Leak) ruleOf(kind secret.Kind, v verify.Verdict) int {
	switch v.State {
	case verify.Live, verify.LiveLimited:
		if isRoot(v.ARN) {
			return ruleRoot
		}
		return byClass(ruleLive4, l.Class())
	case verify.Mismatch:
		return ruleMismatch
	case verify.Expired, verify.Dead:
		switch {
		case l.usedAfter():
			return ruleLookBack
		case v.State == verify.Expired:
			return ruleExpired
		}
		return ruleDead
	case verify.NotCalled:
		if v.Why == verify.WhyPlaceholder {
			return rulePlaceholder
		}
	}
	if kind == secret.KeyID {
		return ruleIdentifier
	}
	return byClass(ruleUnconfirmed4, l.Class())
}

// isRoot recognises the ARN of an account's root user: arn:P:iam::A:root (IAM
// User Guide, "IAM identifiers").
func isRoot(arn string) bool {
	return strings.HasPrefix(arn, "arn:") && strings.Contains(arn, ":iam::") && strings.HasSuffix(arn, ":root")
}

// usedAfter reports whether the key is recorded as used after the exposure
// began, not counting what we did ourselves.
func (l *Leak) usedAfter() bool {
	if l.Facts == nil || l.Facts.LastUsed == nil || l.Began.IsZero() {
		return false
	}
	at := l.Facts.LastUsed.At
	if l.Facts.LastUsed.Service == "sts" && slices.ContainsFunc(l.Credentials, func(c LeakCredential) bool {
		return !c.Verdict.Time.IsZero() && c.Verdict.Time.Sub(at).Abs() < ourTrace
	}) {
		return false
	}
	return at.After(l.Began)
}

// ourTrace is how far a recorded use by sts may lie from a call of ours and
// still be that call: IAM rounds.
const ourTrace = 15 * time.Minute

// unexplained returns the first use after the exposure began that nobody
// explains.
func (l *Leak) unexplained() *verify.AuditCall {
	if l.Facts == nil || l.Began.IsZero() {
		return nil
	}
	for i := range l.Facts.Calls {
		if c := &l.Facts.Calls[i]; c.Explained == "" && c.Source != "" && c.At.After(l.Began) {
			return c
		}
	}
	return nil
}

// judge fills in Severity, Rule and Why: the gravest of the rules that its
// credentials meet.
func (l *Leak) judge() {
	reach := l.Reach
	column := band(reach.AtMost)
	best := -1
	var why verify.Verdict
	for _, c := range l.Credentials {
		rule := l.ruleOf(c.Kind, c.Verdict)
		if best < 0 || exposureTable[rule].Severity[column] > exposureTable[best].Severity[column] ||
			exposureTable[rule].Severity[column] == exposureTable[best].Severity[column] && rule < best {
			best, why = rule, c.Verdict
		}
	}
	if best < 0 {
		best = ruleUnconfirmed2
	}
	use := l.unexplained()
	if use != nil && best != rulePlaceholder {
		best = ruleUnexplained
	}
	row := exposureTable[best]
	l.Severity = row.Severity[column]
	l.Rule = row.ID + ": " + row.Key + " × " + reach.AtMost.String()
	if reach.AtLeast < reach.AtMost {
		l.Rule += " at most"
	}
	l.Why = reachSentence(reach, reach != l.Exposure.Now) + "; " + row.Sentence
	switch {
	case best == ruleDead && why.Why == verify.WhyInactive:
		l.Why = reachSentence(reach, reach != l.Exposure.Now) + "; its account lists the key as inactive"
	case best == ruleUnexplained:
		l.Why += fmt.Sprintf(": %s at %s (%s)", use.Source, use.At.UTC().Format("2006-01-02 15:04:05Z"), use.Name)
	case best >= ruleLive4 && best <= ruleLive1:
		if why.State == verify.LiveLimited {
			l.Why += ", though a policy between us and AWS cut the answer"
		}
		l.Why += ", and " + l.power()
	case best >= ruleUnconfirmed4 && best <= ruleUnconfirmed1:
		l.Why += notLiveBecause(why)
		if l.Facts != nil && l.Facts.Capability != nil {
			l.Why += ", and " + l.power()
		}
	case best == ruleLookBack:
		l.Why += fmt.Sprintf(" (by %s at %s)", l.Facts.LastUsed.Service, l.Facts.LastUsed.At.UTC().Format("2006-01-02 15:04Z"))
	}
	if raised := l.raisedBy(); raised != "" && !slices.Contains(unraised, best) && l.Severity < Critical {
		l.Severity++
		l.Rule += ", one step up: " + raised
		l.Why += "; its account is " + raised
	}
	l.Why += "."
}

// power says in words what the key can do.
func (l *Leak) power() string {
	if l.Facts == nil || l.Facts.Capability == nil {
		return "nothing is known of what it may do"
	}
	return l.Facts.Capability.Words
}

// raisedBy says what about its account raises the severity; "" nothing.
func (l *Leak) raisedBy() string {
	switch {
	case l.AccountInfo.Management:
		return "the management account of its organisation"
	case strings.EqualFold(l.AccountInfo.Tier, "prod"), strings.EqualFold(l.AccountInfo.Tier, "production"):
		return "of tier " + l.AccountInfo.Tier
	}
	return ""
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
