// Package slackexport is the Source of an export of a Slack workspace: a ZIP
// file or the folder that it was unpacked to. Standard and corporate exports,
// exports of an Enterprise organisation and of one person, and what slackdump
// writes (exports, dumps, chunks and databases) are read alike.
//
// A container is a conversation; the files beside the conversations are in the
// container ".". An item is the messages of one day, or of a conversation where
// slackdump keeps them in one file; a conversation's own text (topic, purpose); a
// file that stands beside the messages; a file that the export only links to, where
// it may be fetched; or any other file. Every string of a day's JSON is read, in place: nothing is unpacked to
// disk, and a day costs what its window costs, however large it is.
//
// A day is read together with the first messages of the next one, and a reply
// that may hold a part of a credential together with the beginning of its thread,
// so that what people wrote in two messages is seen in one stream. Places are
// named by message, so what is seen twice counts once. A message is read together
// with its snippets, too.
//
// What selects messages selects the files that they share. What cannot be told to
// belong to a wanted conversation is not read: it is left out, or a gap where it may
// hold something wanted.
//
// The archive is taken to be hostile: names are never used as paths of this
// machine, links in a folder are not followed, and what unpacks to far more than
// it should is refused. Addresses in an export carry tokens; they are read like
// any text and shown nowhere. Of a ZIP that was cut off the files that are there are
// read, and the rest is a gap.
//
// This package knows the layouts of exports. It does not know Slack's API, what
// is looked for, or anything of the workspace that the export does not say.
package slackexport
