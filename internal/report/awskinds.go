package report

import (
	"slices"
	"strings"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/verify"
)

// lookBackAs reads what was done under the name of a user, whatever it signed in
// with.
func lookBackAs(l *journal.Leak, user string) Step {
	return Step{
		Do:      "Look back at what was done under the user's name, region by region.",
		Command: lookupEvents(l, "Username", user, ""),
		Note:    "management events of the last 90 days only, at most two calls a second",
	}
}

// bedrockLog reads the calls of a trail that were made with an API key of Bedrock:
// a flag tells them from signed ones (Bedrock User Guide, monitoring API keys with
// CloudTrail). Invoking a model is a management event; agents, knowledge bases and
// guardrails are data events.
func bedrockLog(l *journal.Leak, user string) Step {
	where := "eventsource = 'bedrock.amazonaws.com' AND additionaleventdata LIKE '%\"callWithBearerToken\":true%'"
	if user != "" {
		where += " AND useridentity.username = " + sql(user)
	}
	return Step{
		Do:      "Look at which models were called with an API key, in the trail's bucket, and at the bill of Bedrock.",
		Command: athenaQuery(l, where, "", "json_extract_scalar(requestparameters, '$.modelId') AS model"),
		Note:    "calls of agents, knowledge bases and guardrails are there only if the trail logs data events of Bedrock",
	}
}

// kindSteps says what to do about the kinds of AWS credential that are no access
// key. The steps follow AWS's documentation of each.
func kindSteps(l *journal.Leak) (steps []Step, ok bool) {
	if len(l.Credentials) == 0 || slices.ContainsFunc(l.Credentials, func(c journal.LeakCredential) bool { return c.Kind.Askable() }) {
		return nil, false // an access key under the same id weighs more
	}
	user := "USER"
	if len(l.Places) > 0 && l.Places[0].Hints.Profile != "" {
		user = l.Places[0].Hints.Profile
	}
	serviceCredentials := func(service string) []Step {
		return []Step{
			{Do: "List the user's credentials for the service.", Command: aws + "iam list-service-specific-credentials --user-name " + shell(user) + " --service-name " + service},
			{
				Do:      "Deactivate this one. This can be undone; delete it only after looking back.",
				Command: aws + "iam update-service-specific-credential --user-name " + shell(user) + " --service-specific-credential-id ID --status Inactive",
				Note:    "ID is in the answer to the command before",
			},
		}
	}
	switch l.Credentials[0].Kind {
	case secret.BedrockKey:
		steps = append(serviceCredentials("bedrock.amazonaws.com"),
			Step{Do: "Look at the user too: one made for a key of Bedrock keeps its policies, and may have been given access keys since.", Command: aws + "iam list-access-keys --user-name " + shell(user)},
			lookBackAs(l, user), bedrockLog(l, user))
	case secret.BedrockShortKey:
		steps = []Step{
			{Do: "It ends by itself within twelve hours. Until then, deny bedrock:CallWithBearerToken to the identity that made it, or revoke the sessions of its role."},
			lookBack(l, "Look back at what was done with the key that signed it"), bedrockLog(l, ""),
		}
	case secret.SMTPPassword:
		steps = []Step{
			{Do: "Deactivate the key that the SMTP password was derived from: its user name is the key id. Mail that is sent with it stops.", Command: aws + "iam update-access-key --access-key-id " + shell(l.KeyID) + " --status Inactive --user-name USER"},
			{
				Do: "Look at what was sent: the account's sending, its reputation, and the mail events of its configuration sets.", Command: aws + "ses get-send-statistics --region REGION; " + aws + "sesv2 get-account --region REGION",
				Note: "mail that is handed in over SMTP is no event in CloudTrail's history, so that these are what there is",
			},
			lookBack(l, "Look back at what else was done with that key"),
		}
	case secret.CodeCommit:
		steps = append(serviceCredentials("codecommit.amazonaws.com"),
			Step{
				Do:      "Look for what was cloned and pushed: GitPull and GitPush are events of CloudTrail, under the user's name.",
				Command: lookupEvents(l, "EventSource", "codecommit.amazonaws.com", "Events[?Username=='"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(user)+"'].[EventTime,EventName,Resources[0].ResourceName]"),
				Note:    "the last 90 days only, at most two calls a second",
			},
			Step{
				Do:      "Look further back in the trail's bucket.",
				Command: athenaQuery(l, "eventsource = 'codecommit.amazonaws.com' AND useridentity.username = "+sql(user), ""),
			})
	case secret.ConsolePassword:
		steps = []Step{
			{Do: "Have the user change the password now, and see that multi-factor sign-in is on.", Command: aws + "iam get-login-profile --user-name " + shell(user)},
			{Do: "If nobody answers for it, take the console away from the user.", Command: aws + "iam delete-login-profile --user-name " + shell(user)},
			{Do: "Look for sign-ins that were not theirs: CloudTrail has ConsoleLogin events.", Command: aws + "cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=Username,AttributeValue=" + shell(user)},
		}
	case secret.SSOToken:
		steps = []Step{
			{Do: "End the person's sessions in IAM Identity Center (Users, Active sessions): the refresh token beside it outlives the access token."},
			{
				Do:      "Look for the roles that were taken with it: GetRoleCredentials is an event of CloudTrail in the region of Identity Center; what was done as such a role is in the accounts' own logs, under the person's name.",
				Command: lookupEvents(l, "EventName", "GetRoleCredentials", ""),
				Note:    "the last 90 days only; --profile of the account that holds Identity Center",
			},
		}
	case secret.LoginToken:
		steps = []Step{
			{Do: "Sign the person out of the console everywhere: the refresh token makes keys for up to twelve hours, and the key it is bound to lies in the same file."},
		}
	case secret.PresignedURL:
		steps = []Step{
			{Do: "It opens one object until it expires: move or delete the object, or deactivate the key that signed the link.", Note: "do not open the link: it is the object"},
			{Do: "Look in the bucket's access log for who used it."},
		}
	case secret.EKSToken, secret.RDSToken:
		steps = []Step{{Do: "It is good for fifteen minutes from its making. Find out how it came into the open, or the next one will too."}}
	case secret.ECRToken:
		steps = []Step{{Do: "It is good for twelve hours from its making and cannot be revoked. Until then, deny the identity that made it by policy; look for pulls and pushes in CloudTrail."}}
	case secret.SigninURL:
		steps = []Step{{Do: "The link is good for fifteen minutes and the session behind it for up to twelve hours: revoke the sessions of its role.", Note: "do not open the link: that signs in"}}
	case secret.CloudFrontKey:
		steps = []Step{{Do: "Take the public key out of every key group and distribution, and delete it: whoever has the private key can sign links and cookies for all of them.", Command: aws + "cloudfront list-public-keys"}}
	case secret.SessionToken:
		steps = []Step{{Do: "Look for the key id and secret that it belongs to, in earlier versions of the item too: alone it gives no access."}}
	default:
		return nil, false
	}
	if l.Verdict.State == verify.Expired {
		steps = []Step{{Do: "It has expired. Find out how it came into the open, or the next one will too."}}
	}
	return append(steps, removePlaces(l)), true
}
