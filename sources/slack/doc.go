// Package slack is the Source of a Slack workspace, or of all workspaces of an
// organisation, read live by Slack's API with a token.
//
// A container is a conversation: direct messages come first, then private
// channels, then public ones, of each kind the one that was last active first. An
// item is a run of consecutive messages, a thread, a file, or what describes the
// conversation. Runs are cut by the messages' timestamps alone, so a later crawl
// cuts at the same places, and each begins with the last few messages before it:
// what people wrote in two messages is seen in one stream, and places are named
// by message, so what is seen twice counts once.
//
// Every string of the raw answers is read, whatever its name; slack-go is used
// for calling and for its knowledge of the methods, behind a few functions,
// because it changes often and drops what it does not know.
//
// Cursors are timestamps, which do not expire. Calls are spaced by method and
// workspace as Slack counts them, and a wish to wait is obeyed to the second. The
// token is sent to Slack's own hosts only and is in no error, item or audience.
// Nothing is written, joined or marked as read.
//
// This package knows Slack's API and whom it shows what. It does not know what is
// looked for, how exports look, or where a token is kept.
package slack
