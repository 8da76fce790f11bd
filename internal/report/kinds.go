package report

import (
	"strings"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
)

// advice is what is to be said of a kind that nobody is asked about.
type advice struct {
	words   string // what it is
	replace string // how it is made useless
	look    string // where its use can be seen
}

// advices are by kind. The order is that of all remedies: look first where
// looking destroys nothing, then make it useless, then look back.
var advices = map[secret.Kind]advice{
	secret.PrivateKey: {
		"Private key",
		"Find out what trusts the key (authorized_keys, certificates, signing), replace it there, and revoke its certificates. A passphrase on it does not help once others may have a copy.",
		"Look back at the logins and signatures that were made with it, in the logs of the servers that trust it.",
	},
	secret.GitHubToken: {
		"GitHub token",
		"Revoke the token: its owner under Settings, Developer settings; an organisation's owner under Personal access tokens; for anyone, by GitHub's credential revocation API.",
		"Search the organisation's audit log by the token's hash, and look for new deploy keys, webhooks and workflow changes.",
	},
	secret.GitLabToken: {
		"GitLab token",
		"Revoke the token where it was made (user, project or group, Access tokens; runners and deploy tokens have pages of their own).",
		"Look at its last use, which its page shows, and at the audit events.",
	},
	secret.SlackToken: {
		"Slack token",
		"Revoke it by the method auth.revoke or by reinstalling the app; a session token by signing the person out of all sessions.",
		"Look at the workspace's access and audit logs.",
	},
	secret.SlackWebhook: {
		"Slack webhook",
		"Remove the webhook in the app's settings and make another: anyone who has it can post in its channel.",
		"Look in its channel for messages that nobody of yours sent.",
	},
	secret.GoogleService: {
		"Google service account key",
		"Disable the key first (it can be undone), then delete it: gcloud iam service-accounts keys disable KEY_ID --iam-account ACCOUNT. Better give its users workload identity.",
		"Look for the key id in the Cloud Audit Logs: authenticationInfo.serviceAccountKeyName.",
	},
	secret.AzureStorage: {
		"Azure storage account key",
		"Let its users change to the account's other key, then regenerate this one, which also ends all SAS that were signed with it. Better forbid shared keys for the account.",
		"Look at the account's storage logs for calls by account key.",
	},
	secret.DatabaseURL: {
		"Database address with a password",
		"Change the password of the database user. If the database can be reached from outside, cut that off now.",
		"Look at the database's log of connections from unknown addresses.",
	},
}

// kindWords says what a kind is.
func kindWords(k secret.Kind) string {
	if a, ok := advices[k]; ok {
		return a.words
	}
	if id, ok := strings.CutPrefix(string(k), "rule:"); ok {
		return "What the user's rule " + id + " finds"
	}
	return string(k)
}

// otherKind returns the kind of a leak that is none of AWS's.
func otherKind(l *journal.Leak) (secret.Kind, bool) {
	if len(l.Credentials) == 0 || l.Credentials[0].Kind.AWS() {
		return "", false
	}
	return l.Credentials[0].Kind, true
}

// otherSteps are for what nobody is asked about.
func otherSteps(k secret.Kind, place Step) []Step {
	if a, ok := advices[k]; ok {
		return []Step{{Do: a.replace, Note: "nobody was asked whether it is in use: treat it as if it were"}, {Do: a.look}, place}
	}
	return []Step{
		{Do: "Find out what it opens, from its rule and its place, and replace it there.", Note: "nobody was asked whether it is in use: treat it as if it were"},
		{Do: "Look back at what was done with it."},
		place,
	}
}
