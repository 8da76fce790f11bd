package report

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/verify"
)

// remedies are what to do about a credential, by the kind of identity that it
// belongs to: evidence first, then what stops it, then what looks back.
var remedies = map[identityKind]func(*journal.Leak) []Step{
	identityUser:    userSteps,
	identityRole:    roleSteps,
	identityCenter:  centerSteps,
	identityRoot:    rootSteps,
	identityFederal: federatedSteps,
	identityUnknown: sessionSteps,
	identityService: serviceSteps,
}

// identityKind is the kind of identity that a credential belongs to.
type identityKind string

const (
	identityUser    identityKind = "IAM user"
	identityRole    identityKind = "role session"
	identityCenter  identityKind = "Identity Center session"
	identityRoot    identityKind = "root"
	identityFederal identityKind = "federated session"
	identityUnknown identityKind = "session of nobody knows whom"
	identityService identityKind = "service credential"
)

// identityOf says whose a leak is. Where nothing tells, it is taken for a key of
// an IAM user, which is what most are.
func identityOf(l *journal.Leak) identityKind {
	who := whoOf(l)
	switch role := who.role(); {
	case forService(l):
		return identityService
	case who.root():
		return identityRoot
	case strings.HasPrefix(role, "AWSReservedSSO_"):
		return identityCenter
	case role != "":
		return identityRole
	case strings.HasPrefix(who.resource, "federated-user/"):
		return identityFederal
	case who.user() == "" && temporary(l):
		return identityUnknown
	}
	return identityUser
}

// forService reports whether a leak is a credential of a single service rather
// than a key that signs requests.
func forService(l *journal.Leak) bool {
	return len(l.Credentials) > 0 && !slices.ContainsFunc(l.Credentials, func(c journal.LeakCredential) bool {
		return slices.Contains([]secret.Kind{secret.AccessKey, secret.SessionKey, secret.KeyID, secret.SecretKey}, c.Kind)
	})
}

// whoOf is the principal of a leak, by its verdict or by what was read of it.
func whoOf(l *journal.Leak) principal {
	if l.Verdict.ARN == "" && l.Facts != nil {
		return principalOf(l.Facts.Owner.ARN)
	}
	return principalOf(l.Verdict.ARN)
}

// userOf is the name of the IAM user, or a word that stands for it.
func userOf(l *journal.Leak) string {
	if user := whoOf(l).user(); user != "" {
		return user
	}
	if l.Facts != nil && l.Facts.Owner.Kind == "user" && l.Facts.Owner.Name != "" {
		return l.Facts.Owner.Name
	}
	return "USER"
}

const denyAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// userSteps are for a long-term key, and for a session of an IAM user.
func userSteps(l *journal.Leak) []Step {
	user := shell(userOf(l))
	steps := []Step{snapshot(l), {
		Do:      "Keep what else the user has: other keys, a console password, credentials of single services.",
		Command: aws + "iam list-access-keys --user-name " + user + "; " + aws + "iam list-service-specific-credentials --user-name " + user + "; " + aws + "iam get-login-profile --user-name " + user,
		Note:    "NoSuchEntity from the last one means that there is no console password",
	}}
	if !temporary(l) {
		steps = append(steps, Step{
			Do:      "Deactivate the key. This can be undone; delete it only after looking back.",
			Command: aws + "iam update-access-key --access-key-id " + shell(l.KeyID) + " --status Inactive --user-name " + user,
		})
	}
	steps = append(steps, Step{
		Do:      "Deny the sessions that were made with it: they outlive the key by up to 36 hours.",
		Command: aws + "iam put-user-policy --user-name " + user + " --policy-name DenyLeakedSessions --policy-document " + shell(denyAll),
		Note:    "this stops the whole user; take it off after 36 hours with delete-user-policy",
	})
	if !temporary(l) {
		steps = append(steps, Step{Do: "Scan the place again a minute later, when the change has reached every region: the verdict must then be dead."})
	}
	return append(append(steps, lookBacks(l)...), Step{Do: "Give its users a new key, better a role, through a vault, and delete the old key."})
}

func rootSteps(l *journal.Leak) []Step {
	return append(append([]Step{
		{Do: "This is a root key: wake up the owner of the account now."},
		{Do: "Keep the evidence first: the credential report says when each key of root was last used.",
			Command: aws + "iam generate-credential-report && sleep 10 && " + aws + "iam get-credential-report --query Content --output text | base64 -d"},
		{Do: "Sign in to the console as root and deactivate the access key under Security credentials. No other principal can do that."},
		{Do: "Change the root password, check its MFA devices, its mail address and the other root key."},
	}, lookBacks(l)...), Step{Do: "Check for new users, keys, roles and policies: a root key can make them all. Then delete the key; a root user needs none."})
}

func roleSteps(l *journal.Leak) []Step {
	role := shell(whoOf(l).role())
	return append(append([]Step{
		{
			Do:      "Keep the evidence first: the role, whom it trusts and when it was last used.",
			Command: aws + "iam get-role --role-name " + role,
		},
		{
			Do:      "Revoke the sessions of the role that were issued before now: a temporary key cannot be deactivated.",
			Command: aws + "iam put-role-policy --role-name " + role + " --policy-name AWSRevokeOlderSessions --policy-document " + denyOlder,
			Note:    "this hits every user of the role; they get new sessions at once",
		},
	}, lookBacks(l)...), Step{Do: "Find out how the role's keys came into the open, or the next ones will too: a machine's metadata, a log, a build, a notebook."})
}

func centerSteps(l *journal.Leak) []Step {
	role := whoOf(l).role()
	set := strings.TrimPrefix(role, "AWSReservedSSO_")
	if i := strings.LastIndexByte(set, '_'); i > 0 {
		set = set[:i]
	}
	return append(append([]Step{
		{Do: "End the person's sessions in IAM Identity Center (Users, Active sessions), and disable the user while you look."},
		{
			Do:      "Deny the sessions of the role " + role + " that were issued before now, by an inline policy of the permission set " + set + ": its keys live on until they expire.",
			Command: aws + `sso-admin put-inline-policy-to-permission-set --instance-arn INSTANCE --permission-set-arn SET --inline-policy ` + denyOlder + " && " + aws + "sso-admin provision-permission-set --instance-arn INSTANCE --permission-set-arn SET --target-type ALL_PROVISIONED_ACCOUNTS",
			Note:    "it replaces an inline policy that is there: keep that one first with get-inline-policy-for-permission-set, and add the statement to it",
		},
	}, lookBacks(l)...), Step{Do: "Ask the person how the keys came there: the access portal's copy button puts them into notes and chats."})
}

func federatedSteps(l *journal.Leak) []Step {
	return append([]Step{
		{Do: "Find the IAM user or the service that made this session (sts:GetFederationToken): the session lives on for up to 36 hours, and only a deny of its maker's policies stops it."},
	}, lookBacks(l)...)
}

// sessionSteps are for a temporary key of which nothing tells whose it is: IAM keeps
// no record of such keys.
func sessionSteps(l *journal.Leak) []Step {
	return append(lookBacks(l),
		Step{Do: "The events name the role or the user. Where there are none, ask the author of the place; a session lives for at most 36 hours."},
		Step{
			Do: "Revoke the sessions of that role that were issued before now; of a user, deny everything for 36 hours.",
			Command: aws + "iam put-role-policy --role-name ROLE --policy-name AWSRevokeOlderSessions --policy-document " + denyOlder + "\n" +
				aws + "iam put-user-policy --user-name USER --policy-name DenyLeakedSessions --policy-document " + shell(denyAll),
			Note: "this hits everybody who uses the role or the user",
		})
}

// denyOlder is, for a POSIX shell, a policy that denies everything to the sessions
// that were issued before now.
var denyOlder = shell(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"`) +
	`$(date -u +%Y-%m-%dT%H:%M:%SZ)` + shell(`"}}}]}`)

// serviceSteps are for credentials of a single service, which IAM keeps with
// the user: mail over SMTP, source code, Bedrock, Keyspaces.
func serviceSteps(l *journal.Leak) []Step {
	user := shell(userOf(l))
	return []Step{
		{
			Do:      "Keep the evidence first: which credentials of single services the user has, and since when.",
			Command: aws + "iam list-service-specific-credentials --user-name " + user,
		},
		{
			Do:      "Deactivate the credential. This can be undone.",
			Command: aws + "iam update-service-specific-credential --user-name " + user + " --service-specific-credential-id ID --status Inactive",
			Note:    "a mail password is made from an access key: there, deactivate that key instead",
		},
		{
			Do:      "Deny the user everything while you look.",
			Command: aws + "iam put-user-policy --user-name " + user + " --policy-name DenyLeaked --policy-document " + shell(denyAll),
		},
		lookBackAs(l, userOf(l)),
		{Do: "Then reset or delete it."},
	}
}

// lookBacks read what was done with a key.
func lookBacks(l *journal.Leak) []Step {
	return []Step{lookBack(l, "Look back at what was done with it"), athena(l)}
}

// lookBack reads the events of a key. CloudTrail takes exactly one attribute,
// answers for one region, two calls a second, and goes back 90 days (CloudTrail
// API reference, LookupEvents).
func lookBack(l *journal.Leak, do string) Step {
	if l.KeyID == "" {
		return Step{Do: do + "."}
	}
	note := "management events of the last 90 days only, at most two calls a second"
	query := ""
	if agent := l.Verdict.UserAgent; agent != "" {
		query = "Events[?!(EventName=='GetCallerIdentity' && contains(CloudTrailEvent, '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(agent) + "'))]"
		note += "; our own call is left out by its user agent " + agent
		if host, _, err := net.SplitHostPort(l.Verdict.Source); err == nil {
			note += ", it came from " + host + " as this machine sees itself"
		}
	}
	return Step{Do: do + ", region by region.", Command: lookupEvents(l, "AccessKeyId", l.KeyID, query), Note: note}
}

// lookupEvents asks every region's event history for one value of one attribute.
func lookupEvents(l *journal.Leak, attribute, value, query string) string {
	command := "for r in $(" + aws + "ec2 describe-regions --query 'Regions[].RegionName' --output text); do\n" +
		"  " + aws + "cloudtrail lookup-events --region $r --lookup-attributes AttributeKey=" + attribute + ",AttributeValue=" + shell(value)
	if when(l.Began) != nil {
		command += " --start-time " + l.Began.UTC().Format(time.RFC3339)
	}
	if query != "" {
		command += " \\\n    --query " + shell(query)
	}
	return command + "\n  sleep 1\ndone"
}

// athena reads the same from a trail's bucket, for older events. The temporary
// keys that a key made have events of their own.
func athena(l *journal.Leak) Step {
	but := ""
	if l.Verdict.UserAgent != "" {
		but = "NOT (eventname = 'GetCallerIdentity' AND useragent = " + sql(l.Verdict.UserAgent) + ")"
	}
	return Step{
		Do:      "Look further back, and at data events, in the trail's bucket. What it issued is a temporary key with events of its own: look that up in the same way.",
		Command: athenaQuery(l, "useridentity.accesskeyid = "+sql(l.KeyID), but, "json_extract_scalar(responseelements, '$.credentials.accessKeyId') AS issued"),
		Note:    "needs the table that the CloudTrail console makes for a trail; name its partitions (account, region, day) in the query, or it reads the whole bucket",
	}
}

// athenaQuery asks a trail's table for the events of a window.
func athenaQuery(l *journal.Leak, where, but string, columns ...string) string {
	query := "SELECT " + strings.Join(append([]string{"eventtime, eventsource, eventname, awsregion, sourceipaddress, useragent, errorcode, requestid"}, columns...), ", ") +
		"\nFROM cloudtrail_logs WHERE " + where
	if when(l.Began) != nil {
		query += " AND eventtime >= " + sql(l.Began.UTC().Format(time.RFC3339))
	}
	if but != "" {
		query += "\nAND " + but
	}
	return aws + "athena start-query-execution --work-group primary --query-string " + quoted(query+" ORDER BY eventtime")
}

// snapshot keeps the evidence of last use.
func snapshot(l *journal.Leak) Step {
	s := Step{
		Do:      "Keep the evidence first: when and where the key was last used, and whose it is.",
		Command: aws + "iam get-access-key-last-used --access-key-id " + shell(l.KeyID),
	}
	if when(l.Verdict.Time) == nil || l.Verdict.State != verify.Live && l.Verdict.State != verify.LiveLimited {
		return s // a call that is refused leaves no trace
	}
	s.Note = "our own call at " + stamp(l.Verdict.Time) + " overwrote the date"
	if l.Verdict.RequestID != "" {
		s.Note += "; its request id is " + l.Verdict.RequestID
	}
	if f := l.Facts; f != nil && f.LastUsed != nil {
		if f.LastUsed.Service == "" {
			s.Note += "; before it, the key had never been used"
		} else {
			s.Note += fmt.Sprintf("; before it, the date was %s (%s, %s)", stamp(f.LastUsed.At), f.LastUsed.Service, f.LastUsed.Region)
		}
	}
	return s
}
