package slackexport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// ahead is how many messages of the next day are read with a day.
const ahead = 5

// reading names the places in the text of an item that was opened last.
type reading struct {
	src   *Source
	place *place

	mu   sync.Mutex
	text *slackjson.Text
}

func (r *reading) set(t *slackjson.Text) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = t
}

// at implements sources.Item.At. It is called when reading has ended.
func (r *reading) at(off int64) sources.Spot {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.text == nil {
		return sources.Spot{}
	}
	m, ok := r.text.Message(off)
	if !ok {
		return sources.Spot{}
	}
	return r.src.spot(r.place, m, r.text.Host())
}

// spot names a message for people.
func (s *Source) spot(p *place, m slackjson.Message, host string) sources.Spot {
	what := "message"
	if m.IsReply() {
		what = "thread reply"
	}
	return sources.Spot{
		Item: m.ID(), Name: what + " " + m.Time().Format("2006-01-02 15:04:05 UTC"), Time: m.Time(),
		Author: s.layout.people.Name(m.Author), Left: s.layout.people.Left(m.Author), Link: m.Link(host, p.conv.ID),
	}
}

// text reads Slack's own JSON. A day is read with what belongs to it elsewhere.
func (s *Source) text(p *place, e entry, k kind) *slackjson.Text {
	parts := []slackjson.Part{{Open: func() (io.ReadCloser, error) { return s.tree.open(e) }, Keep: s.keep}}
	if k != dayFile {
		parts[0].Keep = nil
		return slackjson.NewText(parts...)
	}
	if next, ok := s.nextDay(p, e.name); ok {
		parts = append(parts, slackjson.Part{
			Open: func() (io.ReadCloser, error) { return s.tree.open(next) }, Keep: s.keep, Most: ahead, Context: true,
		})
	}
	t := slackjson.NewText(parts...)
	t.WatchReplies(func(t *slackjson.Text) []slackjson.Part { return s.threads(p, e, t.Replies()) })
	return t
}

// nextDay returns the day of a conversation that follows a day.
func (s *Source) nextDay(p *place, name string) (entry, bool) {
	day := dayOf(name)
	for range 7 { // farther apart two messages are not one thought
		day = day.AddDate(0, 0, 1)
		if e, err := s.tree.find(p.dayName(day)); err == nil {
			return e, true
		}
	}
	return entry{}, false
}

// maxThreads is how many threads of a day are looked for on other days.
const maxThreads = 16

// threads returns, for the replies of a day whose thread began on another, the
// beginning of the thread as far as it stands on its first day, and the replies
// again behind it.
func (s *Source) threads(p *place, e entry, replies []slackjson.Reply) []slackjson.Part {
	var parts []slackjson.Part
	seen := map[string]bool{}
	for _, r := range replies {
		if seen[r.Thread] || len(seen) == maxThreads {
			continue
		}
		seen[r.Thread] = true
		begin := r.Time()
		if t := slackjson.Time(r.Thread); !t.IsZero() {
			begin = t
		}
		parts = append(parts, s.beginning(p, e, r.Thread, begin)...)
		for _, same := range replies {
			if same.Thread == r.Thread {
				parts = append(parts, raw(same.Message, same.Text))
			}
		}
	}
	return parts
}

func raw(of slackjson.Message, text []byte) slackjson.Part {
	return slackjson.Part{Raw: true, Of: of, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
}

var errNotNeeded = errors.New("found already")

// beginning returns the parts that look for a thread's messages on its first
// day. Days are those of the workspace's time zone, which is not known: the days
// around are looked at when the first has not got it.
func (s *Source) beginning(p *place, e entry, thread string, begin time.Time) []slackjson.Part {
	found := false
	keep := func(m slackjson.Message) bool {
		found = found || m.TS == thread
		return (m.TS == thread || m.Thread == thread) && (s.keep == nil || s.keep(m))
	}
	var parts []slackjson.Part
	for _, shift := range []int{0, -1, 1} {
		day := time.Date(begin.Year(), begin.Month(), begin.Day()+shift, 0, 0, 0, 0, time.UTC)
		name := p.dayName(day)
		if name == e.name {
			continue
		}
		parts = append(parts, slackjson.Part{Context: true, Keep: keep, Open: func() (io.ReadCloser, error) {
			if found {
				return nil, errNotNeeded
			}
			first, err := s.tree.find(name)
			if err != nil {
				return nil, err
			}
			return s.tree.open(first)
		}})
	}
	return parts
}

// messageDay finds the day that holds the message of an ID.
func (s *Source) messageDay(ctx context.Context, p *place, id string) (entry, bool) {
	ts := id[strings.LastIndexByte(id, '/')+1:]
	at := slackjson.Time(ts)
	if at.IsZero() || p.dir == "" {
		return entry{}, false
	}
	for _, shift := range []int{0, -1, 1} {
		day := time.Date(at.Year(), at.Month(), at.Day()+shift, 0, 0, 0, 0, time.UTC)
		e, err := s.tree.find(p.dayName(day))
		if err == nil && ctx.Err() == nil && s.holds(e, ts) {
			return e, true
		}
	}
	return entry{}, false
}

// holds reports whether a day holds a message.
func (s *Source) holds(e entry, ts string) bool {
	found := false
	t := slackjson.NewText(slackjson.Part{
		Open: func() (io.ReadCloser, error) { return s.tree.open(e) }, Context: true,
		Keep: func(m slackjson.Message) bool { found = found || m.TS == ts; return false },
	})
	defer func() { _ = t.Close() }()
	_, _ = io.Copy(io.Discard, t) // what cannot be read does not hold it
	return found
}
