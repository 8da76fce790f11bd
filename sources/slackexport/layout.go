package slackexport

import (
	"context"
	"errors"
	"slices"
	"time"

	"mislaid/internal/slackjson"
)

// place is a container: a conversation, or a folder that no list names.
type place struct {
	id    string // of the container
	dir   string // folder, raw; "" is the root
	title string
	known bool // conv is what the export says
	conv  slackjson.Conversation
	about []byte // the strings of its entry in the list

	// own are the files in the root that hold the conversation's messages, in
	// order: slackdump writes one for each conversation, or thread.
	own []string
}

// layout is what the lists of an export say.
type layout struct {
	people    *slackjson.Directory
	places    []*place
	byID      map[string]*place
	byDir     map[string]*place
	claimed   map[string]bool // files in the root that are no items of the root
	slackdump bool            // a file for each conversation, in the root
	person    bool            // texts of one person's conversations
	database  bool            // slackdump's database holds the messages
	host      string          // of permalinks, "" if the lists do not tell
	notes     []string
	at        time.Time // when the export was made: the newest of the lists
}

// readLayout reads the lists of an export.
func readLayout(t tree) (*layout, error) {
	l := &layout{people: slackjson.NewDirectory(), byID: map[string]*place{}, byDir: map[string]*place{}, claimed: map[string]bool{}}
	own, err := conversationFiles(t)
	if err != nil {
		return nil, err
	}
	l.slackdump = len(own) > 0
	found, err := l.readLists(t)
	if err != nil {
		return nil, err
	}
	l.readSlackdump(t, own)
	dirs, err := t.dirs()
	if err != nil {
		return nil, err
	}
	l.person = !found && !l.slackdump && isText(dirs)
	for _, dir := range dirs {
		if l.byDir[dir] == nil {
			l.add(&place{id: "folder " + legible(dir), dir: dir, title: legible(dir)})
		}
	}
	if _, err := t.find(database); err == nil {
		l.database = true
		l.notes = append(l.notes, "slackdump's database is read as any database is: places are named by page, and who could read them is unknown; \"slackdump convert\" makes an export of it, which tells more")
	}
	if !found && !l.slackdump && !l.person && !l.database && (t.torn() == nil || !l.hasDays(t)) {
		return nil, errNoExport
	}
	if l.people.Len() == 0 {
		l.notes = append(l.notes, "the export does not say who its people are: audiences are unknown")
	} else {
		l.people.Complete = true
	}
	l.add(&place{id: rootID, title: "the export's own files"})
	return l, nil
}

// hasDays reports whether some folder holds messages: the lists may be lost.
func (l *layout) hasDays(t tree) bool {
	for _, p := range l.places {
		days := false
		t.under(context.Background(), p.dir, func(e entry, err error) bool {
			days = err == nil && p.kindOf(e.name) == dayFile
			return !days
		})
		if days {
			return true
		}
	}
	return false
}

func (l *layout) readLists(t tree) (found bool, err error) {
	for _, name := range peopleLists {
		ok, err := l.readPeople(t, name)
		if err != nil {
			return false, err
		}
		found = found || ok
	}
	for _, name := range []string{"workspace.json.gz", "users.json.gz"} {
		if err := l.readChunks(t, name); err != nil {
			return false, err
		}
		delete(l.claimed, name)
	}
	for _, list := range lists {
		ok, err := l.readList(t, list.name, list.form)
		if err != nil {
			return false, err
		}
		found = found || ok
	}
	return found, l.readChunks(t, "channels.json.gz")
}

// rootID is the container of what lies beside the conversations.
const rootID = "."

var errNoExport = errors.New("no export of a Slack workspace: none of users.json, channels.json, groups.json, dms.json and mpims.json is in it, and none of slackdump's files")

func (l *layout) add(p *place) {
	if l.byID[p.id] != nil {
		p.id += " " + legible(p.dir)
	}
	l.byID[p.id] = p
	l.places = append(l.places, p)
}

// sortPlaces puts the conversations into the order in which they are crawled, where
// one list names them all.
func (l *layout) sortPlaces() {
	order := []slackjson.Form{slackjson.Direct, slackjson.GroupDirect, slackjson.PrivateChannel, slackjson.UnknownForm, slackjson.PublicChannel}
	slices.SortStableFunc(l.places, func(a, b *place) int {
		return slices.Index(order, a.conv.Form) - slices.Index(order, b.conv.Form)
	})
}
