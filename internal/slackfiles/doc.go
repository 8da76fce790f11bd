// Package slackfiles downloads the files that addresses in an export of Slack
// lead to: from Slack's file hosts over TLS, and from nowhere else, wherever an
// answer would send us.
//
// The addresses carry the token that opens them. It is taken out of the address
// and sent in a header; only where Slack turns out to refuse it there is it sent
// in the address, as Slack's own links have it. No error holds an address or a
// token.
//
// This package knows how Slack's file hosts answer. It does not know exports, the
// API, or what is done with the bytes.
package slackfiles
