// Package slackjson knows Slack's objects as they come in JSON, from the API and
// in exports alike: which strings a message holds, who wrote it and when, what a
// conversation and a person are, and who can read what is in a conversation.
//
// Text makes one stream of all strings of a JSON text: a line for each that
// people write or that an integration sends, and behind them, on one line, the
// identifiers and addresses of the message. A string that is new to us counts as
// written by people, under its name; nothing is left out. Slack's entities and
// link markup are decoded, because they would cut a credential in two.
//
// The scanner is our own because encoding/json decodes such texts at a third of
// the speed at which they are inflated, gives no offsets, and refuses a whole
// text for one bad byte.
//
// This package knows Slack's words. It does not know the API, archives, files on
// disk, or what anybody looks for in the text.
package slackjson
