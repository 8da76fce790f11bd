package report

import (
	"strings"
	"time"

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
	who := principalOf(l.Verdict.ARN)
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
		return []Step{
			lookBack(l, "Look back, if it was usable while it could be read"), place,
		}
	case l.Verdict.State == verify.Expired:
		return []Step{lookBack(l, "Look back at the time for which it was valid"), place}
	case l.Verdict.State == verify.NotCalled && l.Verdict.Why == verify.WhyS3Compatible:
		return []Step{
			{Do: "It stands beside the address of a store that is not AWS: deactivate and replace it there, and look at that store's own access log."}, place,
		}
	case isOther:
		return otherSteps(other, place)
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
	if undecided(l.Verdict) {
		steps = append(steps, Step{
			Do:   "Do not wait for a verdict: treat it as live until it is known not to be. Ask again later.",
			Note: "mislaid recheck JOURNAL asks about what is pending or unknown",
		})
	}
	switch {
	case who.root():
		steps = append(steps, rootSteps(l)...)
	case who.role() != "":
		steps = append(steps, roleSteps(l, who.role())...)
	default:
		steps = append(steps, keySteps(l, who.user())...)
	}
	return append(steps, place)
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

func snapshot(l *journal.Leak) Step {
	s := Step{
		Do:      "Keep the evidence first: when and where the key was last used, and whose it is.",
		Command: aws + "iam get-access-key-last-used --access-key-id " + shell(l.KeyID),
	}
	if when(l.Verdict.Time) != nil {
		s.Note = "our own call at " + stamp(l.Verdict.Time) + " overwrote the date"
		if l.Verdict.RequestID != "" {
			s.Note += "; its request id is " + l.Verdict.RequestID
		}
	}
	return s
}

// keySteps are for a long-term key, and for a session of an IAM user.
func keySteps(l *journal.Leak, user string) []Step {
	named := user
	if named == "" {
		named = "USER"
	}
	steps := []Step{snapshot(l)}
	steps = append(steps, Step{
		Do:      "See the other keys of the user.",
		Command: aws + "iam list-access-keys --user-name " + shell(named),
	})
	if !temporary(l) {
		steps = append(steps, Step{
			Do:      "Deactivate the key. This can be undone; delete it only after looking back.",
			Command: aws + "iam update-access-key --access-key-id " + shell(l.KeyID) + " --status Inactive --user-name " + shell(named),
		})
	}
	steps = append(steps,
		Step{
			Do: "Deny the sessions that were made with it: they outlive the key by up to 36 hours.",
			Command: aws + "iam put-user-policy --user-name " + shell(named) + " --policy-name DenyLeakedSessions --policy-document " +
				shell(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`),
			Note: "this stops the whole user; take it off after 36 hours",
		},
		lookBack(l, "Look back at what was done with it"), athena(l),
		Step{Do: "Give its users a new key, better a role, through a vault, and delete the old key."},
	)
	return steps
}

func rootSteps(l *journal.Leak) []Step {
	return []Step{
		{Do: "This is a root key: wake up the owner of the account now."},
		{Do: "Sign in to the console as root, keep a copy of the credential report, and deactivate the access key under Security credentials. No other principal can do that."},
		{Do: "Change the root password, check its MFA devices, its mail address and the other root key."},
		lookBack(l, "Look back at what was done with it"), athena(l),
		{Do: "Check for new users, keys, roles and policies: a root key can make them all. Then delete the key; a root user needs none."},
	}
}

func roleSteps(l *journal.Leak, role string) []Step {
	look := []Step{lookBack(l, "Look back at what was done with it, and at the keys that it issued"), athena(l)}
	if strings.HasPrefix(role, "AWSReservedSSO_") {
		return append([]Step{
			{Do: "End the person's sessions in IAM Identity Center (Users, Active sessions), and disable the user while you look."},
			{Do: "Deny the sessions of the role " + role + " that were issued before now by an inline policy of its permission set, with a condition on aws:TokenIssueTime: its keys live on until they expire."},
		}, look...)
	}
	document := shell(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"`) +
		`$(date -u +%Y-%m-%dT%H:%M:%SZ)` + shell(`"}}}]}`)
	return append([]Step{{
		Do:      "Revoke the sessions of the role that were issued before now: a temporary key cannot be deactivated.",
		Command: aws + "iam put-role-policy --role-name " + shell(role) + " --policy-name AWSRevokeOlderSessions --policy-document " + document,
		Note:    "this hits every user of the role; they get new sessions at once",
	}}, append(look, Step{Do: "Find out how the role's keys came into the open, or the next ones will too."})...)
}

// lookBack reads the events of a key. CloudTrail takes exactly one attribute,
// answers for one region, and goes back 90 days (CloudTrail API reference,
// LookupEvents).
func lookBack(l *journal.Leak, do string) Step {
	if l.KeyID == "" {
		return Step{Do: do + "."}
	}
	command := aws + "cloudtrail lookup-events --region REGION --lookup-attributes AttributeKey=AccessKeyId,AttributeValue=" + shell(l.KeyID)
	if when(l.FirstSeen) != nil {
		command += " --start-time " + l.FirstSeen.UTC().Format(time.RFC3339)
	}
	s := Step{Do: do + ".", Command: command, Note: "once per region in use; management events of the last 90 days only"}
	if l.Verdict.UserAgent != "" {
		s.Note += "; leave out our own call by its user agent " + l.Verdict.UserAgent
	}
	return s
}

// athena reads the same from a trail's bucket, for older events.
func athena(l *journal.Leak) Step {
	query := "SELECT eventtime, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode FROM cloudtrail_logs WHERE useridentity.accesskeyid = " + sql(l.KeyID)
	if when(l.FirstSeen) != nil {
		query += " AND eventtime >= " + sql(l.FirstSeen.UTC().Format(time.RFC3339))
	}
	if l.Verdict.RequestID != "" {
		query += " AND requestid <> " + sql(l.Verdict.RequestID)
	}
	return Step{
		Do:      "Look further back, and at data events, in the trail's bucket.",
		Command: aws + "athena start-query-execution --work-group primary --query-string " + shell(query+" ORDER BY eventtime"),
		Note:    "needs the table that the CloudTrail console makes for a trail",
	}
}

func removePlaces(l *journal.Leak) Step {
	if len(l.Places) == 1 {
		return Step{Do: "Take it out of the place, or narrow who can read the place. That does not undo that it could be read."}
	}
	return Step{Do: "Take it out of all " + plural(len(l.Places), "place", "places") + ", or narrow who can read them. That does not undo that it could be read."}
}

// shell quotes s for a POSIX shell, if it needs to be.
func shell(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+=,.@_:/-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// sql quotes s as a string of SQL.
func sql(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
