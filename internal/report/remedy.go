package report

import (
	"strings"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/verify"
)

// Step is one thing to do about a leak. Commands run with the responder's own
// profile, written RESPONDER, and never with the leaked key.
type Step struct {
	Do      string `json:"do"`
	Command string `json:"command,omitempty"` // for a POSIX shell
	Note    string `json:"note,omitempty"`
}

const aws = "aws --profile RESPONDER "

// Remedy returns what to do about a leak, in order. The order and its reasons
// follow AWS's published advice for exposed access keys: evidence before
// changes, deactivation before deletion, and sessions that outlive their key.
func Remedy(l *journal.Leak) []Step {
	place := removePlaces(l)
	other, isOther := otherKind(l)
	ofKind, isOfKind := kindSteps(l)
	switch {
	case l.Verdict.State == verify.NotCalled && l.Verdict.Why == verify.WhyPlaceholder:
		return nil
	case l.Verdict.State == verify.NotCalled && l.Verdict.Why == verify.WhyCanary:
		return []Step{
			{Do: "Tell whoever keeps decoys that this one was found, and leave it alone: it is a known decoy account, and every call rings its bell."},
		}
	case isOfKind:
		return ofKind
	case l.Verdict.State == verify.Dead:
		steps := []Step{lookBack(l, "Look back, if it was usable while it could be read"), athena(l), place}
		if l.Verdict.Why == verify.WhyInactive {
			steps = append(steps, Step{
				Do:      "Delete it when that is done: it is only switched off, and whoever may change keys there can switch it on again.",
				Command: aws + "iam delete-access-key --access-key-id " + shell(l.KeyID) + " --user-name " + shell(userOf(l)),
			})
		}
		return steps
	case l.Verdict.State == verify.Expired:
		return []Step{lookBack(l, "Look back at the time for which it was valid"), athena(l), place}
	case l.Verdict.State == verify.NotCalled && l.Verdict.Why == verify.WhyS3Compatible:
		return []Step{
			{Do: "It stands beside the address of a store that is not AWS: deactivate and replace it there, and look at that store's own access log."}, place,
		}
	case isOther:
		return otherSteps(other, place)
	case forService(l):
		return append(serviceSteps(l), place)
	case l.KeyID == "":
		return []Step{
			{Do: "Find the key that this secret belongs to: ask the author of the place, and compare with the key ids found beside it."},
			{Do: "Deactivate and replace that key. If it cannot be found, treat every key of that author as exposed."},
			place,
		}
	case loneID(l):
		return []Step{
			{Do: "Look for the secret near this id, in earlier versions of the item too: an id alone gives no access."}, place,
		}
	}
	var steps []Step
	if l.Verdict.Why == verify.WhyForeign {
		steps = append(steps, Step{Do: "Tell the owner of the account, and AWS Trust & Safety if nobody there can be reached: what follows is theirs to do."})
	}
	if l.Verdict.Why == verify.WhyNeverVerify {
		steps = append(steps, Step{Do: "It is on your list of keys that must not be verified (" + l.Verdict.Detail + "): ask whoever put it there before you touch it. What follows is for the case that it is no decoy."})
	}
	if undecided(l.Verdict) {
		steps = append(steps, Step{
			Do:   "Do not wait for a verdict: treat it as live until it is known not to be. Ask again later.",
			Note: "mislaid recheck JOURNAL asks about what is pending or unknown",
		})
	}
	return append(append(steps, remedies[identityOf(l)](l)...), place)
}

// undecided reports whether a verdict leaves the question open in a way that asking
// again may close.
func undecided(v verify.Verdict) bool { return v.State == verify.Unknown || !v.Settled() }

func loneID(l *journal.Leak) bool {
	for _, c := range l.Credentials {
		if c.Kind != secret.KeyID {
			return false
		}
	}
	return len(l.Credentials) > 0
}

func temporary(l *journal.Leak) bool {
	for _, c := range l.Credentials {
		if c.Kind == secret.SessionKey {
			return true
		}
	}
	return false
}

func removePlaces(l *journal.Leak) Step {
	if placesOf(l) <= 1 {
		return Step{Do: "Take it out of the place, or narrow who can read the place. That does not undo that it could be read."}
	}
	return Step{Do: "Take it out of all " + plural(placesOf(l), "place", "places") + ", or narrow who can read them. That does not undo that it could be read."}
}

// shell quotes s for a POSIX shell, if it needs to be. It stays on its line: what
// begins another could be taken for a command of ours.
func shell(s string) string {
	s = oneLine(s)
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+=,.@_:/-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return quoted(s)
}

// quoted quotes lines of ours for a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// sql quotes s as a string of SQL.
func sql(s string) string { return "'" + strings.ReplaceAll(oneLine(s), "'", "''") + "'" }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
