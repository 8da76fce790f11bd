package slackexport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// ahead is how many messages of the next day are read with a day.
const ahead = 5

// reading names the places in the text of an item that was opened last.
type reading struct {
	slackjson.Reading
	src   *Source
	place *place
}

// at implements sources.Item.At.
func (r *reading) at(off int64) sources.Spot {
	return r.Spot(off, r.place.conv.ID, r.src.layout.host, r.src.layout.people)
}

// text reads Slack's own JSON. A day is read with what belongs to it elsewhere.
func (s *Source) text(ctx context.Context, p *place, e entry, k kind) *slackjson.Text {
	parts := []slackjson.Part{{Open: func() (io.ReadCloser, error) { return openJSON(s.tree, e) }, Keep: s.keep}}
	if k != dayFile {
		parts[0].Keep = nil
		if p.dir == "" && isFileList(e.name) && (s.narrowed() || s.keep != nil) {
			parts[0].KeepFile = s.wantsObject
		}
		return slackjson.NewText(parts...)
	}
	if next, ok := s.nextDay(p, e.name); ok {
		parts = append(parts, slackjson.Part{
			Open: func() (io.ReadCloser, error) { return openJSON(s.tree, next) }, Keep: s.keep, Most: ahead, Context: true,
		})
	}
	t := slackjson.NewText(parts...)
	t.WatchLoose(func(t *slackjson.Text) []slackjson.Part {
		return append(s.snippets(ctx, p, e, t.Loose()), s.threads(p, e, t.Loose())...)
	})
	return t
}

// nextDay returns the day of a conversation that follows a day.
func (s *Source) nextDay(p *place, name string) (entry, bool) {
	day := dayOf(name)
	if day.IsZero() {
		return entry{}, false
	}
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
func (s *Source) threads(p *place, e entry, replies []slackjson.Loose) []slackjson.Part {
	if dayOf(e.name).IsZero() {
		return nil // a whole conversation, in which threads stand together
	}
	var parts []slackjson.Part
	seen := map[string]bool{}
	for _, r := range replies {
		if !r.IsReply() || seen[r.Thread] || len(seen) == maxThreads {
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
			return openJSON(s.tree, first)
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
	for _, name := range p.own {
		if e, err := s.tree.find(name); err == nil && ctx.Err() == nil && s.holds(e, ts) {
			return e, true
		}
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
		Open: func() (io.ReadCloser, error) { return openJSON(s.tree, e) }, Context: true,
		Keep: func(m slackjson.Message) bool { found = found || m.TS == ts; return false },
	})
	defer func() { _ = t.Close() }()
	_, _ = io.Copy(io.Discard, t) // what cannot be read does not hold it
	return found
}
