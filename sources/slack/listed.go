package slack

import (
	"slices"
	"sync"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// listed is what the last listing showed of messages, so that asking whether one
// is still there costs no call. Safe for concurrent use.
type listed struct {
	mu      sync.Mutex
	channel string
	times   []int64     // of the messages, in microseconds, the newest first
	runs    []listedRun // the newest first
}

// listedRun is a run without its messages.
type listedRun struct {
	start, version string
}

// maxListed bounds how many messages are remembered, at eight bytes each.
const maxListed = 1 << 20

// begin forgets the listing before and remembers that of a channel.
func (l *listed) begin(channel string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.channel, l.times, l.runs = channel, nil, nil
}

// add takes a run that was listed.
func (l *listed) add(channel string, r *run, version string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.channel != channel || len(l.times)+len(r.own) > maxListed {
		return
	}
	for _, m := range slices.Backward(r.own) {
		l.times = append(l.times, slackjson.Time(m.TS).UnixMicro())
	}
	l.runs = append(l.runs, listedRun{r.start(), version})
}

// find returns the item of the run that a message stands in, if the listing has
// shown the message. The item does not hold the messages.
func (l *listed) find(ch *channel, ts string) (sources.Item, bool) {
	if !slackjson.IsTS(ts) {
		return sources.Item{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.channel != ch.ID {
		return sources.Item{}, false
	}
	at := slackjson.Time(ts).UnixMicro()
	_, shown := slices.BinarySearchFunc(l.times, at, func(a, b int64) int { return int(min(max(b-a, -1), 1)) })
	i := slices.IndexFunc(l.runs, func(r listedRun) bool { return r.start <= ts })
	if !shown || i < 0 {
		return sources.Item{}, false
	}
	r := l.runs[i]
	return sources.Item{Container: ch.ID, ID: runID(r.start), Path: ch.title, Attr: sources.Attr{Size: -1, Version: r.version}}, true
}
