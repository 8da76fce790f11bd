// Package slackexport is the Source of an export of a Slack workspace: a ZIP
// file or the folder that it was unpacked to. Standard and corporate exports,
// exports of an Enterprise organisation, and the two layouts in which slackdump
// writes exports are read alike.
//
// A container is a conversation; the files beside the conversations are in the
// container ".". An item is the messages of one day, a conversation's own text
// (topic, purpose), a file that slackdump put beside the messages, or any other
// file. Every string of a day's JSON is read, in place: nothing is unpacked to
// disk, and a day costs what its window costs, however large it is.
//
// A day is read together with the first messages of the next one, and a reply
// that may hold a part of a credential together with the beginning of its thread,
// so that what people wrote in two messages is seen in one stream. Places are
// named by message, so what is seen twice counts once.
//
// The archive is taken to be hostile: names are never used as paths of this
// machine, links in a folder are not followed, and what unpacks to far more than
// it should is refused. Addresses in an export carry tokens; they are read like
// any text and shown nowhere.
//
// This package knows the layouts of exports. It does not know Slack's API, what
// is looked for, or anything of the workspace that the export does not say.
package slackexport
