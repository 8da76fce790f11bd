package slackjson

import (
	"sync"

	"mislaid/sources"
)

// Reading is the text of an item as it was read last. It names the places in it
// and is safe for concurrent use.
type Reading struct {
	mu   sync.Mutex
	text *Text
}

// Set makes t the text that was read last.
func (r *Reading) Set(t *Text) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = t
}

// Spot names the place of an offset for people. conversation and host make the
// permalink; where host is not known, the addresses in the text may tell it. The
// zero Spot means that the place is in no message, or that nothing was read yet.
func (r *Reading) Spot(off int64, conversation, host string, people *Directory) sources.Spot {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.text == nil {
		return sources.Spot{}
	}
	m, ok := r.text.Message(off)
	switch {
	case !ok:
		return sources.Spot{}
	case m.File != "":
		return sources.Spot{Item: m.File, Name: "snippet " + m.File}
	}
	if host == "" {
		host = r.text.Host()
	}
	what := "message"
	if m.IsReply() {
		what = "thread reply"
	}
	return sources.Spot{
		Item: m.ID(), Name: what + " " + m.Time().Format("2006-01-02 15:04:05 UTC"), Time: m.Time(),
		Author: people.Name(m.Author), Left: people.Left(m.Author), Link: m.Link(host, conversation),
	}
}
