package slackexport

import (
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"

	"mislaid/internal/slackjson"
)

// What slackdump writes (github.com/rusq/slackdump, its "dump" and "chunk"
// formats, read 2026-11): in the root a file for each conversation or thread,
// C….json or C…-TS.json, or the same as compressed lines of chunks, .json.gz; the
// files of a conversation in C…/FILE ID-NAME, or all in __uploads/FILE ID/NAME.
// Exports that it makes for other programs are like Slack's, with files in
// __uploads, or in CHANNEL/attachments/FILE ID-NAME.
const (
	uploads     = "__uploads"
	attachments = "attachments"
	database    = "slackdump.sqlite"
)

// conversationFiles are the files in the root that hold a conversation each, by
// its id.
func conversationFiles(t tree) (map[string][]string, error) {
	own := map[string][]string{}
	var failed error
	t.under(context.Background(), "", func(e entry, err error) bool {
		if e.name == "" {
			failed = err
			return false
		}
		if id := conversationOf(e.name); id != "" && err == nil {
			own[id] = append(own[id], e.name)
		}
		return true
	})
	return own, failed
}

// conversationOf is the id of the conversation whose messages a file in the root
// holds, "" if it holds none's.
func conversationOf(name string) string {
	base, ok := strings.CutSuffix(strings.TrimSuffix(name, ".gz"), ".json")
	id, ts, thread := strings.Cut(base, "-")
	if !ok || len(id) < 2 || !strings.ContainsRune("CDG", rune(id[0])) || thread && !slackjson.IsTS(ts) {
		return ""
	}
	for _, c := range []byte(id) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return id
}

// readSlackdump gives the conversations their files, and adds those that no list
// names.
func (l *layout) readSlackdump(t tree, own map[string][]string) {
	ids := make([]string, 0, len(own))
	for id := range own {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		p := l.byID[id]
		if p == nil {
			p = &place{id: id, dir: id, title: "#" + id, conv: slackjson.Conversation{ID: id}}
			if id[0] == 'D' {
				p.known, p.conv.Form = true, slackjson.Direct
				p.title = p.conv.Title(l.people)
			}
			l.byDir[id] = p
			l.add(p)
		}
		p.own = own[id]
		for _, name := range p.own {
			l.claimed[name] = true
			l.look(t, p, name)
		}
	}
	if l.slackdump {
		l.sortPlaces()
	}
}

// maxLook is how many bytes of a conversation's file are looked at for what it says
// of the conversation.
const maxLook = 4 << 20

var errFound = errors.New("found")

// look learns from a conversation's file what the lists do not say of it. What
// cannot be read here is a gap when the file is read as an item.
func (l *layout) look(t tree, p *place, name string) {
	if p.known && p.conv.MembersKnown {
		return
	}
	e, err := t.find(name)
	if err != nil {
		return
	}
	r, err := openJSON(t, e)
	if err != nil {
		return
	}
	defer r.Close()
	if e.mod.After(l.at) {
		l.at = e.mod
	}
	start := io.LimitReader(r, maxLook)
	if !strings.HasSuffix(name, ".gz") {
		if said := slackjson.NameOf(start); said != "" && said != p.id && p.conv.Name == "" {
			p.conv.Name = said
		}
	} else {
		_ = slackjson.EachChunk(start, func(c slackjson.Chunk) error { // see above
			p.learn(c)
			if p.known && p.conv.MembersKnown {
				return errFound
			}
			return nil
		})
	}
	if !p.known {
		switch {
		case strings.HasPrefix(p.conv.Name, "mpdm-"):
			p.known, p.conv.Form = true, slackjson.GroupDirect
		case p.id[0] == 'G': // what group messages had too, but not their name
			if p.conv.Name != "" {
				p.known, p.conv.Form = true, slackjson.PrivateChannel
			}
		}
	}
	if p.known || p.conv.Name != "" {
		p.title = p.conv.Title(l.people)
	}
}

// learn takes what a chunk says of the conversation and of its members.
func (p *place) learn(c slackjson.Chunk) {
	if conv, err := slackjson.ParseConversation(c.Info, slackjson.UnknownForm); len(c.Info) > 0 && err == nil && conv.ID == p.id && !p.known {
		if conv.Members = p.conv.Members; conv.Form == slackjson.UnknownForm {
			conv.Form = p.conv.Form
		}
		conv.MembersKnown = p.conv.MembersKnown
		p.conv, p.known = conv, conv.Form != slackjson.UnknownForm
	}
	if len(c.Members) > 0 && c.Channel == p.id {
		if !p.conv.MembersKnown {
			p.conv.Members = nil
		}
		p.conv.Members, p.conv.MembersKnown = append(p.conv.Members, c.Members...), true
	}
}

// readChunks reads the people and conversations that a file of chunks lists, and
// where the workspace is.
func (l *layout) readChunks(t tree, name string) error {
	kept := true
	_, err := l.read(t, name, func(r io.Reader) error {
		return slackjson.EachChunk(r, func(c slackjson.Chunk) error {
			if u, err := url.Parse(c.Workspace.URL); err == nil && strings.HasSuffix(u.Host, ".slack.com") {
				l.host = u.Host
			}
			for _, raw := range c.Users {
				if err := l.people.AddJSON(raw); err != nil {
					return err
				}
			}
			for _, raw := range c.Conversations {
				whole, err := l.addConversation(raw, slackjson.UnknownForm)
				if err != nil {
					return err
				}
				kept = kept && whole
			}
			return nil
		})
	})
	if !kept {
		delete(l.claimed, name)
	}
	return err
}

// openJSON opens a file of JSON, compressed or not.
func openJSON(t tree, e entry) (io.ReadCloser, error) {
	r, err := t.open(e)
	if err != nil || !strings.HasSuffix(e.name, ".gz") {
		return r, err
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	limit := int64(freeSize)
	if e.size > 0 {
		limit = max(limit, min(e.size, 1<<50)*maxRatio)
	}
	return &bounded{ReadCloser: gunzipped{z, r}, left: limit}, nil
}

// gunzipped closes what is below it.
type gunzipped struct {
	*gzip.Reader
	below io.Closer
}

// Close implements io.Closer.
func (g gunzipped) Close() error { return errors.Join(g.Reader.Close(), g.below.Close()) }
