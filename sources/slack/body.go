package slack

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	slackgo "github.com/slack-go/slack"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// reading is what an item of messages carries along: where they are, and how the
// places in their text are called once it was read.
type reading struct {
	slackjson.Reading
	src    *Source
	ch     *channel
	run    *run
	thread string
}

// at implements sources.Item.At.
func (r *reading) at(off int64) sources.Spot {
	return r.Spot(off, r.ch.ID, r.src.host, r.src.people)
}

// aboutID is the item of what describes a conversation.
const aboutID = "about"

// about is that item: topic, purpose, former names, tabs, and bookmarks.
func (s *Source) about(ch *channel) sources.Item {
	return sources.Item{
		Container: ch.ID, ID: aboutID, Path: ch.title + " (topic, purpose and bookmarks)", Attr: sources.Attr{Size: -1},
		At: func(int64) sources.Spot { return sources.Spot{Name: "its description"} },
	}
}

func (s *Source) aboutText(ctx context.Context, ch *channel) *slackjson.Text {
	part := func(open func() ([]byte, error)) slackjson.Part {
		return slackjson.Part{Open: func() (io.ReadCloser, error) {
			b, err := open()
			return io.NopCloser(bytes.NewReader(b)), err
		}}
	}
	parts := []slackjson.Part{part(func() ([]byte, error) { return ch.raw, nil })}
	if s.has("bookmarks:read") && (ch.Form == slackjson.PublicChannel || ch.Form == slackjson.PrivateChannel) {
		parts = append(parts, part(func() ([]byte, error) {
			if err := s.wait(ctx); err != nil {
				return nil, err
			}
			return s.client.bookmarks(ctx, ch.team, ch.ID)
		}))
	}
	return slackjson.NewText(parts...)
}

// Item finds an item again by its ID: a run, a thread, a file, or a message,
// which gives the run or thread that it stands in.
func (s *Source) Item(ctx context.Context, ref sources.Ref) (sources.Item, error) {
	ch, err := s.channel(ctx, ref.Container)
	if err != nil {
		return sources.Item{}, err
	}
	if it, ok := s.listed.find(ch, ref.Item); ok {
		return it, nil
	}
	return s.find(ctx, ch, ref)
}

// find is Item without what the last listing tells.
func (s *Source) find(ctx context.Context, ch *channel, ref sources.Ref) (sources.Item, error) {
	kind, ts, slash := strings.Cut(ref.Item, "/")
	switch {
	case ref.Item == aboutID:
		return s.about(ch), nil
	case slash && kind == "thread" && slackjson.IsTS(ts):
		return s.findThread(ctx, ch, ts, "")
	case slash && slackjson.IsTS(kind) && slackjson.IsTS(ts):
		return s.findThread(ctx, ch, kind, ts)
	case slash && kind == "run" && slackjson.IsTS(ts), slackjson.IsTS(ref.Item):
		if !slash {
			ts = ref.Item
		}
		r, err := s.findRun(ctx, ch, ts)
		if err != nil {
			return sources.Item{}, err
		}
		return s.runItem(ctx, ch, r)
	}
	f, err := s.findFile(ctx, ch, ref.Item)
	if err != nil {
		return sources.Item{}, err
	}
	return s.fileOf(ch, f)
}

// findThread asks for a thread's parent, and for one of its replies unless that
// is "".
func (s *Source) findThread(ctx context.Context, ch *channel, ts, reply string) (sources.Item, error) {
	if err := s.wait(ctx); err != nil {
		return sources.Item{}, err
	}
	raws, _, err := s.client.replies(ctx, ch.team, ch.ID, ts, replySpan{only: cmp.Or(reply, ts)})
	if err != nil {
		return sources.Item{}, err
	}
	var parent *message
	there := false
	for _, raw := range raws {
		m, err := parseMessage(raw)
		if err != nil {
			return sources.Item{}, err
		}
		if m.TS == ts {
			parent = &m
		}
		there = there || m.TS == reply
	}
	if parent == nil || reply != "" && !there {
		return sources.Item{}, fmt.Errorf("slack: message %s of thread %s: %w", cmp.Or(reply, ts), ts, sources.ErrGone)
	}
	return s.threadItem(ch, *parent), nil
}

// Open reads an item.
func (s *Source) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	ch, err := s.channel(ctx, it.Container)
	if err != nil {
		return nil, err
	}
	if off != 0 {
		return nil, fmt.Errorf("slack: %q cannot be opened at %d", it.ID, off)
	}
	b := &body{src: s, ch: ch, attr: it.Attr, Stretch: slackjson.Stretch{Ctx: ctx, N: max(n, -1)}}
	if it.ID == aboutID {
		b.R = s.aboutText(ctx, ch)
		return b, nil
	}
	if f, ok := it.Own.(file); ok {
		return s.openFile(ctx, b, it, f)
	}
	rd, ok := it.Own.(*reading)
	if !ok { // it was not listed by us
		found, err := s.find(ctx, ch, sources.Ref{Source: s.info.Name, Container: it.Container, Item: it.ID})
		if err != nil {
			return nil, err
		}
		if it.Attr.Version != "" && found.Attr.Version != it.Attr.Version {
			return nil, fmt.Errorf("slack: %s: %w", it.ID, sources.ErrChanged)
		}
		return s.Open(ctx, found, 0, n)
	}
	var t *slackjson.Text
	if rd.run != nil {
		t = s.text(ctx, rd.run)
	} else {
		t = s.threadText(ctx, ch, rd.thread)
	}
	rd.Set(t)
	b.R = t
	return b, nil
}

func (s *Source) openFile(ctx context.Context, b *body, it sources.Item, f file) (sources.Body, error) {
	if f.Access == "check_file_info" || it.Attr.Version == "" || f.mutable() {
		found, err := s.findFile(ctx, b.ch, f.ID)
		if err != nil {
			return nil, err
		}
		if it.Attr.Version != "" && f.Access != "check_file_info" && found.version() != it.Attr.Version {
			return nil, fmt.Errorf("slack: file %s: %w", f.ID, sources.ErrChanged)
		}
		f = found
	}
	listed, err := s.fileOf(b.ch, f)
	if err != nil {
		return nil, err
	}
	b.attr, b.file = listed.Attr, f
	if f.isList() {
		b.R = s.listText(ctx, f)
		return b, nil
	}
	r, err := s.download(ctx, f, 0)
	if err != nil {
		return nil, err
	}
	b.R = r
	return b, nil
}

// listRows asks for the rows of a list, as Slack's answers have them.
func (s *Source) listRows(ctx context.Context, f file) (io.ReadCloser, error) {
	var all bytes.Buffer
	err := s.client.eachPage(ctx, "", "slackLists.items.list", func(ctx context.Context, api *slackgo.Client, cursor string) error {
		_, err := api.GetListItemsContext(ctx, f.ID, slackgo.GetListItemsOptionCursor(cursor), slackgo.GetListItemsOptionLimit(pageList))
		return err
	}, func(page []byte) error {
		if all.Len()+len(page) > maxBody {
			return fmt.Errorf("slack: list %s is too long: %w", f.ID, sources.ErrUnsupported)
		}
		all.Write(page)
		all.WriteByte('\n')
		return nil
	})
	return io.NopCloser(&all), err
}

// body reads an opened item.
type body struct {
	slackjson.Stretch
	src  *Source
	ch   *channel
	attr sources.Attr
	file file
}

// Attr says how the item stood when it was opened.
func (b *body) Attr() sources.Attr { return b.attr }

// Changed asks Slack whether a file is still the one that was opened. Messages
// are what the answers held.
func (b *body) Changed() (bool, error) {
	if b.file.ID == "" || !b.file.mutable() {
		return false, nil
	}
	f, err := b.src.findFile(b.Ctx, b.ch, b.file.ID)
	if err != nil {
		return true, nil //nolint:nilerr // gone is changed
	}
	return f.version() != b.file.version(), nil
}
