package secret

import "strings"

// The kinds of what lies beside AWS keys.
const (
	PrivateKey     Kind = "private-key"         // a whole PEM, OpenSSH or PuTTY private key
	GitHubToken    Kind = "github-token"        // of a person, an app or an installation
	GitLabToken    Kind = "gitlab-token"        // personal, project, group, runner, …
	SlackToken     Kind = "slack-token"         // of a bot, a person or an app
	SlackWebhook   Kind = "slack-webhook"       // an address to which anyone may post
	GoogleService  Kind = "gcp-service-account" // the JSON key file of a service account
	AzureStorage   Kind = "azure-storage-key"   // an account key, alone or in a connection string
	DatabaseURL    Kind = "database-url"        // an address with a password in it
	ruleKindPrefix      = "rule:"
)

// RuleKind is the kind of what a user's own rule finds.
func RuleKind(id string) Kind { return Kind(ruleKindPrefix + id) }

// IsRule reports whether k is of a user's own rule.
func (k Kind) IsRule() bool { return strings.HasPrefix(string(k), ruleKindPrefix) }

// AWS reports whether k is a kind that AWS issues. No other is ever sent there.
func (k Kind) AWS() bool { return strings.HasPrefix(string(k), "aws-") }
