// Package slacktest is a Slack workspace for tests: its people, conversations,
// messages and files, and the exports that Slack and slackdump would write of it.
//
// This package knows what Slack's documentation and its published samples say of
// Slack's answers and files. It does not know who reads them.
package slacktest
