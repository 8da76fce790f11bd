package slackexport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// lists are the files in the root of an export that name its conversations, in
// the order in which these are crawled: what few can read comes first.
// (slack.com/help/articles/220556107, "How to read Slack data exports", 2026;
// slackdump and slack-export-viewer for the rest.)
var lists = []struct {
	name string
	form slackjson.Form
}{
	{"dms.json", slackjson.Direct},
	{"mpims.json", slackjson.GroupDirect},
	{"groups.json", slackjson.PrivateChannel},
	{"file_conversations.json", slackjson.UnknownForm}, // comments on a canvas or list
	{"channels.json", slackjson.PublicChannel},
}

// peopleLists name the accounts: of a workspace, and of an organisation.
var peopleLists = []string{"users.json", "org_users.json"}

// fileLists hold the file objects of what is no message: addresses, and for
// whom it is shared. Their bytes are elsewhere.
var fileLists = []string{"canvases.json", "lists.json", "huddle_transcripts.json"}

// plain are the files in the root that belong to no conversation.
var plain = []string{"integration_logs.json", ".slack-manifest.json", "workspace.json", "workspace.json.gz", "users.json.gz"}

// textFolders are those of an export of one person's conversations in TXT format:
// a text for each conversation in the first two, and the files of all in "files".
var textFolders = [2]string{"channels", "dms"}

// isText reports whether an export's folders are those of a text export. One of
// them is missing where there was nothing to put into it.
func isText(dirs []string) bool {
	n := 0
	for _, name := range []string{textFolders[0], textFolders[1], "files"} {
		if slices.Contains(dirs, name) {
			n++
		}
	}
	return n > 1
}

func isFileList(name string) bool { return slices.Contains(fileLists, name) }

func isList(name string) bool {
	for _, l := range lists {
		if l.name == name {
			return true
		}
	}
	return slices.Contains(peopleLists, name)
}

// each calls f with every element of a list. ok is false where there is none.
func (l *layout) each(t tree, name string, f func(raw []byte) error) (ok bool, err error) {
	return l.read(t, name, func(r io.Reader) error { return slackjson.EachElement(r, f) })
}

// read calls f with the text of a list. ok is false where there is none. One that
// cannot be read to its end is not claimed: it becomes an item, whose error is a
// gap.
func (l *layout) read(t tree, name string, f func(io.Reader) error) (ok bool, err error) {
	e, err := t.find(name)
	if errors.Is(err, sources.ErrGone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	r, err := openJSON(t, e)
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	defer r.Close()
	if e.mod.After(l.at) {
		l.at = e.mod
	}
	if err := f(r); err != nil {
		l.notes = append(l.notes, fmt.Sprintf("%s cannot be read to its end (%v): what it would say is unknown", legible(name), err))
		return true, nil
	}
	l.claimed[name] = true
	return true, nil
}

func (l *layout) readPeople(t tree, name string) (bool, error) {
	ok, err := l.each(t, name, l.people.AddJSON)
	delete(l.claimed, name) // profiles hold text: it is read like any file
	return ok, err
}

func (l *layout) readList(t tree, name string, form slackjson.Form) (bool, error) {
	whole := true
	ok, err := l.each(t, name, func(raw []byte) error {
		kept, err := l.addConversation(raw, form)
		whole = whole && kept
		return err
	})
	if !whole {
		delete(l.claimed, name)
	}
	return ok, err
}

// addConversation adds the place of a conversation's entry. kept is false where
// the entry has more text than is kept of one.
func (l *layout) addConversation(raw []byte, form slackjson.Form) (kept bool, err error) {
	if l.slackdump { // which lists conversations of all kinds together
		form = slackjson.UnknownForm
	}
	conv, err := slackjson.ParseConversation(raw, form)
	if err != nil {
		return false, err
	}
	p := &place{known: true, conv: conv, title: conv.Title(l.people), dir: conv.Name, id: conv.ID}
	if conv.Form == slackjson.Direct || p.dir == "" || l.slackdump {
		p.dir = conv.ID
	}
	if name, ok := strings.CutPrefix(conv.Name, "FC:"); ok && conv.Form == slackjson.UnknownForm {
		p.title = "comments on " + legible(name)
	}
	if p.id == "" {
		p.id = "folder " + legible(p.dir)
	}
	p.about, err = aboutOf(raw)
	kept = err == nil
	if l.byDir[p.dir] == nil {
		l.byDir[p.dir] = p
	}
	l.add(p)
	return kept, nil
}

// maxAbout bounds what is kept of a conversation's entry.
const maxAbout = 64 << 10

var errLong = errors.New("too long")

// aboutOf returns the strings of a conversation's entry: topic, purpose, former
// names, pins. It fails where there are too many to be kept.
func aboutOf(raw []byte) ([]byte, error) {
	t := slackjson.NewText(slackjson.Part{Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }})
	defer func() { _ = t.Close() }()
	b, err := io.ReadAll(io.LimitReader(t, maxAbout+1))
	if err == nil && len(b) > maxAbout {
		return nil, errLong
	}
	return b, err
}
