// Package extra finds what lies beside AWS keys on shares: private keys, tokens
// of GitHub, GitLab and Slack, Google service accounts, Azure storage keys and
// database URLs with passwords. A format's checksum or structure is checked
// where it has one, and placeholders are not reported.
//
// This package knows these formats. It does not know how a rule is tried, or
// whether a secret is in use: nobody is asked about these.
package extra

import (
	"regexp"

	"mislaid/detectors"
	"mislaid/detectors/rules"
	"mislaid/internal/secret"
)

// version is raised whenever a rule would find something else.
const version = 1

// New returns the detector.
func New() detectors.Detector {
	s, err := rules.New("extra", version, list())
	if err != nil {
		panic("extra: " + err.Error()) // the rules are this package's own and its tests compile them
	}
	return s.Detector()
}

func list() []rules.Rule {
	rule := func(id string, kind secret.Kind, expr string, check func([]byte, rules.Span, rules.Span) rules.Checked, keywords ...string) rules.Rule {
		return rules.Rule{
			ID: id, Kind: kind, Regexp: regexp.MustCompile(expr), Keywords: keywords,
			Confidence: detectors.High, Random: true, Check: check,
		}
	}
	password := rule("database-url", secret.DatabaseURL,
		`(?i)\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|clickhouse|oracle)(?:\+[a-z0-9]{1,16})?://[^\s\x00-\x1f:@/'"<>\x60]{0,64}:([^\s\x00-\x1f@/'"<>\x60]{1,200})@[^\s\x00-\x1f@/'"<>\x60,?]{1,253}`,
		databaseURL, "postgres", "mysql", "mariadb", "mongodb", "redis", "amqp", "mssql", "sqlserver", "clickhouse", "oracle")
	password.Random, password.Confidence = false, detectors.Medium
	return []rules.Rule{
		rule("private-key", secret.PrivateKey,
			`-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----(?:\\[nrt]|[^\x00-\x08<>{}-]|-[^-])+?-----END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----`,
			pemKey, "PRIVATE KEY"),
		rule("putty-key", secret.PrivateKey,
			`PuTTY-User-Key-File-[23]: [\s\S]+?Private-Lines: [0-9]{1,3}\s+[A-Za-z0-9+/=\s]+?Private-(?:MAC|Hash): [0-9a-f]{40,64}\b`,
			puttyKey, "PuTTY-User-Key-File-"),
		rule("gcp-service-account", secret.GoogleService,
			`"private_key"\s{0,8}:\s{0,8}"(-----BEGIN PRIVATE KEY-----(?:\\[nr]|[A-Za-z0-9+/=])+-----END PRIVATE KEY-----(?:\\[nr]){0,4})"`,
			serviceAccount, `"private_key"`),
		rule("github-token", secret.GitHubToken, `\b(gh[pousr]_[A-Za-z0-9]{36})\b`, gitHub, "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
		rule("github-fine-grained-token", secret.GitHubToken, `\b(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b`, varied, "github_pat_"),
		rule("gitlab-token", secret.GitLabToken,
			`\b((?:glpat|gldt|glrt|glptt|glft|glsoat|glimt|glagent|glcbt)-(?:[0-9A-Za-z]{1,5}_)?[0-9A-Za-z_-]{20,300}(?:\.[0-9a-z]{2}(?:\.)?[0-9a-z]{7,10})?)(?:[^0-9A-Za-z_.-]|\.(?:[^0-9A-Za-z]|$)|$)`,
			varied, "glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glsoat-", "glimt-", "glagent-", "glcbt-"),
		rule("slack-token", secret.SlackToken,
			`\b(xox[bp]-[0-9]{9,14}-[0-9]{9,14}(?:-[0-9]{9,14})?-[A-Za-z0-9]{20,40}|xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{9,14}-[a-f0-9]{64}|xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9]{100,300}|xox[cars]-[0-9]{9,14}-[0-9]{9,14}(?:-[0-9]{9,14})?-[a-f0-9]{20,64}|xoxd-[A-Za-z0-9%+/=]{60,400})(?:[^0-9A-Za-z%+/=-]|$)`,
			varied, "xox", "xapp-"),
		rule("slack-webhook", secret.SlackWebhook,
			`\bhooks\.slack\.com/(?:services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}|workflows/T[A-Z0-9]{7,12}/A[A-Z0-9]{7,12}/[0-9]{15,20}|triggers/T[A-Z0-9]{7,12}/[0-9]{10,16})/([A-Za-z0-9]{24,32})\b`,
			varied, "hooks.slack.com/"),
		rule("azure-storage-key", secret.AzureStorage,
			`(?i)(?:\bAccountKey|(?:azure|storage)[a-z0-9_.-]{0,40}key)["']?\s{0,4}(?:=|:|=>)\s{0,4}["']?([A-Za-z0-9+/]{86}==)(?:[^A-Za-z0-9+/=]|$)`,
			azureKey, "AccountKey", "azure", "storage"),
		password,
	}
}
