package slackexport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

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
	{"channels.json", slackjson.PublicChannel},
}

// peopleLists name the accounts: of a workspace, and of an organisation.
var peopleLists = []string{"users.json", "org_users.json"}

// uploads is where slackdump's "mattermost" layout keeps files, for all
// conversations together: __uploads/FILE ID/NAME.
const uploads = "__uploads"

// attachments is where its "standard" layout keeps those of one conversation:
// attachments/FILE ID-NAME.
const attachments = "attachments"

func isList(name string) bool {
	for _, l := range lists {
		if l.name == name {
			return true
		}
	}
	return slices.Contains(peopleLists, name)
}

// place is a container: a conversation, or a folder that no list names.
type place struct {
	id    string // of the container
	dir   string // folder, raw; "" is the root
	title string
	known bool // conv is what the export says
	conv  slackjson.Conversation
	about []byte // the strings of its entry in the list
}

// maxAbout bounds what is kept of a conversation's entry.
const maxAbout = 64 << 10

// layout is what the lists of an export say.
type layout struct {
	people *slackjson.Directory
	places []*place
	byID   map[string]*place
	read   []string // lists whose every string is in some place's about
	notes  []string
	at     time.Time // when the export was made: the newest of the lists
}

// readLayout reads the lists of an export.
func readLayout(t tree) (*layout, error) {
	l := &layout{people: slackjson.NewDirectory(), byID: map[string]*place{}}
	found := 0
	for _, name := range peopleLists {
		ok, err := l.readPeople(t, name)
		if err != nil {
			return nil, err
		}
		if ok {
			found++
		}
	}
	if l.people.Len() == 0 {
		l.notes = append(l.notes, "the export does not say who its people are: audiences are unknown")
	} else {
		l.people.Complete = true
	}
	byDir := map[string]*place{}
	for _, list := range lists {
		ok, err := l.readList(t, list.name, list.form, byDir)
		if err != nil {
			return nil, err
		}
		if ok {
			found++
		}
	}
	if found == 0 {
		return nil, errNoExport
	}
	dirs, err := t.dirs()
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		if byDir[dir] == nil {
			l.add(&place{id: "folder " + legible(dir), dir: dir, title: legible(dir)})
		}
	}
	l.add(&place{id: rootID, title: "the export's own files"})
	return l, nil
}

// rootID is the container of what lies beside the conversations.
const rootID = "."

var errNoExport = errors.New("no export of a Slack workspace: none of users.json, channels.json, groups.json, dms.json and mpims.json is in it")

func (l *layout) add(p *place) {
	if l.byID[p.id] != nil {
		p.id += " " + legible(p.dir)
	}
	l.byID[p.id] = p
	l.places = append(l.places, p)
}

// each calls f with every element of a list. ok is false where there is none.
func (l *layout) each(t tree, name string, f func(raw []byte) error) (ok bool, err error) {
	e, err := t.find(name)
	if errors.Is(err, sources.ErrGone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	r, err := t.open(e)
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	defer r.Close()
	if e.mod.After(l.at) {
		l.at = e.mod
	}
	if err := slackjson.EachElement(r, f); err != nil {
		// The list itself becomes an item, whose error is a gap.
		l.notes = append(l.notes, fmt.Sprintf("%s cannot be read to its end (%v): what it would say is unknown", name, err))
		return true, nil
	}
	l.read = append(l.read, name)
	return true, nil
}

func (l *layout) readPeople(t tree, name string) (bool, error) {
	ok, err := l.each(t, name, func(raw []byte) error {
		if err := l.people.AddJSON(raw); err != nil {
			return err
		}
		return nil
	})
	l.read = slices.DeleteFunc(l.read, func(n string) bool { return n == name }) // profiles hold text: it is read like any file
	return ok, err
}

func (l *layout) readList(t tree, name string, form slackjson.Form, byDir map[string]*place) (bool, error) {
	whole := true
	ok, err := l.each(t, name, func(raw []byte) error {
		conv, err := slackjson.ParseConversation(raw, form)
		if err != nil {
			return err
		}
		p := &place{known: true, conv: conv, title: conv.Title(l.people), dir: conv.Name}
		if form == slackjson.Direct || p.dir == "" {
			p.dir = conv.ID
		}
		p.id = conv.ID
		if p.id == "" {
			p.id = "folder " + legible(p.dir)
		}
		if p.about, err = aboutOf(raw); err != nil {
			whole = false
		}
		if byDir[p.dir] == nil {
			byDir[p.dir] = p
		}
		l.add(p)
		return nil
	})
	if !whole {
		l.read = slices.DeleteFunc(l.read, func(n string) bool { return n == name })
	}
	return ok, err
}

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

// kind says how a file of an export is read.
type kind uint8

const (
	rawFile    kind = iota // bytes as they are
	slackFile              // Slack's own JSON
	dayFile                // the messages of a day
	uploadFile             // bytes that somebody put beside a message
)

// kindOf tells by its name what a file of a place is.
func (p *place) kindOf(name string) kind {
	rest := name
	if p.dir != "" {
		rest = strings.TrimPrefix(name, p.dir+"/")
	}
	switch {
	case p.dir == uploads, strings.HasPrefix(rest, attachments+"/"):
		return uploadFile
	case strings.Contains(rest, "/") || !strings.HasSuffix(rest, ".json"):
		return rawFile
	case p.dir != "" && !dayOf(name).IsZero():
		return dayFile
	}
	return slackFile
}

// dayOf is the day that a file is named after; zero if it is not.
func dayOf(name string) time.Time {
	name = name[strings.LastIndexByte(name, '/')+1:]
	t, err := time.Parse("2006-01-02.json", name)
	if err != nil {
		return time.Time{}
	}
	return t
}

// dayName is the file of a place that a day's messages are in.
func (p *place) dayName(day time.Time) string {
	return p.dir + "/" + day.Format("2006-01-02") + ".json"
}
