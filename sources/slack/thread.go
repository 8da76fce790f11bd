package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// threadID is the ID of a thread's item.
func threadID(ts string) string { return "thread/" + ts }

// threadItem is the item of the thread that a message begins. Its replies are
// asked for when it is opened, which a later crawl does only when there is a new
// one.
func (s *Source) threadItem(ch *channel, parent message) sources.Item {
	rd := &reading{src: s, ch: ch, thread: parent.TS}
	return sources.Item{
		Container: ch.ID, ID: threadID(parent.TS), Path: ch.title + " (thread)", Link: parent.name().Link(s.host, ch.ID), Own: rd, At: rd.at,
		Attr: sources.Attr{Size: -1, ModTime: slackjson.Time(parent.LatestReply), Version: fmt.Sprintf("%s/%d", parent.LatestReply, parent.Replies)},
	}
}

// threadText reads a thread: the parent, then the replies.
func (s *Source) threadText(ctx context.Context, ch *channel, ts string) *slackjson.Text {
	return slackjson.NewText(slackjson.Part{
		Keep: s.config.Select.Message(s.people),
		Open: func() (io.ReadCloser, error) {
			return &threadReader{ctx: ctx, src: s, ch: ch, ts: ts, rest: []byte("[")}, nil
		},
	})
}

// threadReader reads a thread as one JSON list, a page at a time. When a cursor
// has expired it goes on by the timestamp of the last reply.
type threadReader struct {
	ctx    context.Context
	src    *Source
	ch     *channel
	ts     string
	cursor string
	last   string // timestamp of the last message that was read
	asked  bool
	rest   []byte
	err    error
}

// Read implements io.Reader.
func (r *threadReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.err = r.fetch()
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fetch gets the next page. io.EOF says that it was the last.
func (r *threadReader) fetch() error {
	if r.asked && r.cursor == "" {
		r.rest = []byte("]")
		return io.EOF
	}
	if err := r.src.wait(r.ctx); err != nil {
		return err
	}
	raws, next, err := r.src.client.replies(r.ctx, r.ch.team, r.ch.ID, r.ts, replySpan{cursor: r.cursor})
	var refused *APIError
	if errors.As(err, &refused) && refused.Code == "invalid_cursor" && r.last != "" {
		raws, next, err = r.src.client.replies(r.ctx, r.ch.team, r.ch.ID, r.ts, replySpan{oldest: r.last})
	}
	if err != nil {
		return err
	}
	var page bytes.Buffer
	for _, raw := range raws {
		m, err := parseMessage(raw)
		if err != nil {
			return err
		}
		if m.TS <= r.last {
			continue // the parent, which every page begins with
		}
		r.last = m.TS
		r.ch.saw(m)
		if r.asked || page.Len() > 0 {
			page.WriteByte(',')
		}
		page.Write(raw)
	}
	r.asked, r.cursor, r.rest = true, next, page.Bytes()
	return nil
}

// Close forgets what was not read.
func (r *threadReader) Close() error {
	clear(r.rest)
	r.rest, r.err = nil, io.ErrClosedPipe
	return nil
}
