package slack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"time"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// message is a message as the API gave it.
type message struct {
	raw         json.RawMessage
	TS          string            `json:"ts"`
	Thread      string            `json:"thread_ts"`
	User        string            `json:"user"`
	BotID       string            `json:"bot_id"`
	Replies     int               `json:"reply_count"`
	LatestReply string            `json:"latest_reply"`
	Files       []json.RawMessage `json:"files"`
}

func parseMessage(raw json.RawMessage) (message, error) {
	m := message{raw: raw}
	if err := json.Unmarshal(raw, &m); err != nil || !slackjson.IsTS(m.TS) {
		return m, fmt.Errorf("slack: a message of another form than Slack documents: %w", sources.ErrUnsupported)
	}
	return m, nil
}

// name is how the message is called.
func (m message) name() slackjson.Message {
	n := slackjson.Message{TS: m.TS, Thread: m.Thread, Author: m.User}
	if n.Author == "" {
		n.Author = m.BotID
	}
	return n
}

// begins reports whether a message begins a run. It depends on nothing but the
// timestamp: one in runLength does, wherever it stands.
func begins(ts string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(ts)) // never fails
	return h.Sum32()>>16&(runLength-1) == 0
}

// runLength is how many messages a run has on average.
const runLength = 64

// run is consecutive messages of a conversation, in order of time.
type run struct {
	before, own []message
}

// newRun takes messages with the newest first.
func newRun(own, before []message) *run {
	r := &run{slices.Clone(before), slices.Clone(own)}
	slices.Reverse(r.before)
	slices.Reverse(r.own)
	return r
}

// start is the timestamp of the first message that is the run's own.
func (r *run) start() string { return r.own[0].TS }

func (r *run) wanted(keep func(slackjson.Message) bool) bool {
	return keep == nil || slices.ContainsFunc(r.own, func(m message) bool { return keep(m.name()) })
}

func (r *run) version() string {
	h := sha256.New()
	for _, m := range slices.Concat(r.before, r.own) {
		h.Write(m.raw)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// maxInlined is how large a snippet may be, in bytes, to be read within the run
// of its message.
const maxInlined = 32 << 10

// snippets are the files of a message that are read right behind it.
func snippets(m message) []file {
	var all []file
	for _, raw := range m.Files {
		if f, err := parseFile(raw); err == nil && f.Mode == "snippet" && f.Size > 0 && f.Size <= maxInlined && f.address() != "" {
			all = append(all, f)
		}
	}
	return all
}

// text reads a run. Snippets stand behind their message; one that cannot be read
// is left out here, and is a gap as the item that it is as well.
func (s *Source) text(ctx context.Context, r *run) *slackjson.Text {
	var parts []slackjson.Part
	keep := s.config.Select.Message(s.people)
	for _, m := range slices.Concat(r.before, r.own) {
		parts = append(parts, slackjson.Part{Keep: keep, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader([]byte("[")), bytes.NewReader(m.raw), bytes.NewReader([]byte("]")))), nil
		}})
		if s.config.Files == NoFiles || keep != nil && !keep(m.name()) {
			continue
		}
		for _, f := range snippets(m) {
			parts = append(parts, slackjson.Part{
				Raw: true, Of: slackjson.Message{File: f.ID}, Context: true,
				Open: func() (io.ReadCloser, error) { return s.download(ctx, f, 0) },
			})
		}
	}
	return slackjson.NewText(parts...)
}

// runID is the ID of the run that begins with a message.
func runID(ts string) string { return "run/" + ts }

// runItem is the item of a run. It holds the run's bytes, unless there are
// snippets to be fetched.
func (s *Source) runItem(ctx context.Context, ch *channel, r *run) (sources.Item, error) {
	rd := &reading{src: s, ch: ch, run: r}
	last := r.own[len(r.own)-1]
	it := sources.Item{
		Container: ch.ID, ID: runID(r.start()), Path: ch.title, Link: r.own[0].name().Link(s.host, ch.ID),
		Attr: sources.Attr{Size: -1, ModTime: slackjson.Time(last.TS), Version: r.version()}, Own: rd, At: rd.at,
	}
	if s.config.Files != NoFiles && slices.ContainsFunc(slices.Concat(r.before, r.own), func(m message) bool { return len(snippets(m)) > 0 }) {
		return it, nil
	}
	t := s.text(ctx, r)
	defer func() { _ = t.Close() }()
	inline, err := io.ReadAll(t)
	if err != nil {
		return it, fmt.Errorf("slack: %s: %w", it.ID, err)
	}
	rd.Set(t)
	it.Inline = append([]byte{}, inline...) // never nil
	it.Attr.Size = int64(len(inline))
	return it, nil
}

// foundRun is a run that was read again, and when.
type foundRun struct {
	*run
	at time.Time
}

// A run that was read again is remembered for a moment: several places to be
// looked at again often stand in one.
const (
	mostFound  = 16
	foundFresh = time.Minute
)

// findRun reads again the run that a message belongs to.
func (s *Source) findRun(ctx context.Context, ch *channel, ts string) (*run, error) {
	back, err := ch.finding.take(ctx)
	if err != nil {
		return nil, err
	}
	defer back()
	ch.found = slices.DeleteFunc(ch.found, func(f foundRun) bool { return time.Since(f.at) > foundFresh })
	for _, f := range ch.found {
		if f.has(ts) {
			return f.run, nil
		}
	}
	own, before, spread, err := s.backward(ctx, ch, ts)
	if err != nil {
		return nil, err
	}
	after, err := s.forward(ctx, ch, ts, spread)
	if err != nil {
		return nil, err
	}
	r := newRun(append(after, own...), before)
	if len(ch.found) == mostFound {
		ch.found = ch.found[1:]
	}
	ch.found = append(ch.found, foundRun{r, time.Now()})
	return r, nil
}

// has reports whether the message is the run's own.
func (r *run) has(ts string) bool {
	_, ok := slices.BinarySearchFunc(r.own, ts, func(m message, ts string) int { return strings.Compare(m.TS, ts) })
	return ok
}

// backward returns the messages from ts, which must exist, back to the beginning
// of its run, those before, and how long people took to write a run's worth.
func (s *Source) backward(ctx context.Context, ch *channel, ts string) (own, before []message, spread time.Duration, err error) {
	latest, inclusive, begun := ts, true, -1
	for {
		raws, more, err := s.historyOf(ctx, ch, span{latest: latest, inclusive: inclusive, limit: 200})
		if err != nil {
			return nil, nil, 0, err
		}
		own = append(own, raws...)
		if len(own) == 0 || own[0].TS != ts {
			return nil, nil, 0, fmt.Errorf("slack: message %s: %w", ts, sources.ErrGone)
		}
		if begun < 0 {
			begun = slices.IndexFunc(own, func(m message) bool { return begins(m.TS) })
		}
		if !more || len(raws) == 0 || begun >= 0 && len(own) > begun+preceding {
			break
		}
		latest, inclusive = own[len(own)-1].TS, false
	}
	spread = slackjson.Time(ts).Sub(slackjson.Time(own[len(own)-1].TS)) * runLength / time.Duration(len(own))
	if begun < 0 {
		begun = len(own) - 1
	}
	before = own[begun+1:]
	return own[:begun+1], before[:min(len(before), preceding)], spread, nil
}

// historyOf asks for a page of a conversation's history.
func (s *Source) historyOf(ctx context.Context, ch *channel, sp span) ([]message, bool, error) {
	if err := s.wait(ctx); err != nil {
		return nil, false, err
	}
	page, err := s.client.history(ctx, ch.team, ch.ID, sp)
	if err != nil {
		return nil, false, err
	}
	all := make([]message, 0, len(page.Messages))
	for _, raw := range page.Messages {
		m, err := parseMessage(raw)
		if err != nil {
			return nil, false, err
		}
		all = append(all, m)
	}
	return all, page.More, nil
}

// forward returns the messages of ts's run that come after it, the newest first.
// The API gives the newest of a stretch of time first, so it looks in stretches
// that grow, beginning with how long a run probably takes.
func (s *Source) forward(ctx context.Context, ch *channel, ts string, spread time.Duration) ([]message, error) {
	var after []message // the newest first
	oldest, long := ts, max(4*spread, time.Minute)
	for {
		latest := ""
		if end := slackjson.Time(oldest).Add(long); end.Before(time.Now().Add(24 * time.Hour)) {
			latest = fmt.Sprintf("%010d.%06d", end.Unix(), end.Nanosecond()/1000)
		}
		var found []message
		for sp := (span{oldest: oldest, latest: latest, inclusive: true}); ; {
			page, more, err := s.historyOf(ctx, ch, sp)
			if err != nil {
				return nil, err
			}
			page = slices.DeleteFunc(page, func(m message) bool { return m.TS <= oldest })
			found = append(found, page...)
			if !more || len(page) == 0 {
				break
			}
			sp.latest, sp.inclusive = found[len(found)-1].TS, false
		}
		if i := lastIndex(found, func(m message) bool { return begins(m.TS) }); i >= 0 {
			return append(found[i+1:], after...), nil // what is older than the next run
		}
		after = append(found, after...)
		if latest == "" {
			return after, nil
		}
		oldest, long = latest, 8*long
	}
}

func lastIndex(list []message, f func(message) bool) int {
	for i := len(list) - 1; i >= 0; i-- {
		if f(list[i]) {
			return i
		}
	}
	return -1
}
