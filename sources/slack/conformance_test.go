package slack

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
	"mislaid/sources/sourcetest"
)

// testBase is where a server that has no network says that it is.
const testBase = "https://slack.test/api/"

// serve returns a source over a server, in process and as fast as it answers.
func serve(t testing.TB, srv *slacktest.Server, token string, c Config) *Source {
	t.Helper()
	s, err := open(t.Context(), srv, token, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func open(ctx context.Context, srv *slacktest.Server, token string, c Config) (*Source, error) {
	c.Token, c.BaseURL, c.Transport = func() string { return token }, testBase, srv
	if srv.Unlimited {
		c.Scale = 1e6
	}
	return New(ctx, c)
}

// filesOnly shows the suite the files: it puts files, and the messages that share
// them are not its.
type filesOnly struct{ *Source }

func (f filesOnly) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		for it, err := range f.Source.Items(ctx, c, after) {
			if (it.ID == "" || isID(it.ID, "F")) && !yield(it, err) {
				return
			}
		}
	}
}

// place is a channel in which somebody shares files, every third one in a
// thread.
type place struct {
	srv   *slacktest.Server
	token string
	ch    *slacktest.Conversation
	files map[string]*slacktest.File
	first *slacktest.Message
	n     int
}

func (p *place) Open(t *testing.T) sources.Source {
	s, err := open(t.Context(), p.srv, p.token, Config{Files: AllFiles})
	if err != nil {
		t.Fatal(err)
	}
	return filesOnly{s}
}

func (p *place) Ref(path string) (container, item string) {
	if f := p.files[path]; f != nil {
		return p.ch.ID, f.ID
	}
	return p.ch.ID, "none"
}

func (p *place) Put(_ *testing.T, path string, data []byte) {
	p.srv.Lock()
	defer p.srv.Unlock()
	w := p.srv.Workspaces[0]
	p.n++
	if f := p.files[path]; f != nil {
		f.Bytes = data
		f.More = map[string]any{"editable": true, "updated": 1714550000 + p.n}
		w.Files[f.ID] = f
		return
	}
	m, f := w.Share(p.ch, "U0ANN", path, data)
	f.More = map[string]any{"editable": true}
	if p.n%3 == 0 {
		m.Thread, p.first.Thread = p.first.TS, p.first.TS
	} else if p.first == nil {
		p.first = m
	}
	p.files[path] = f
}

func (p *place) Remove(_ *testing.T, path string) {
	p.srv.Lock()
	defer p.srv.Unlock()
	delete(p.srv.Workspaces[0].Files, p.files[path].ID)
}

func (p *place) Deny(_ *testing.T, path string) {
	p.srv.Lock()
	defer p.srv.Unlock()
	p.files[path].Deny = true
}

func TestConformance(t *testing.T) {
	for _, most := range []int{0, 2} {
		t.Run(fmt.Sprintf("pages of %d", most), func(t *testing.T) {
			sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
				w := slacktest.NewWorkspace()
				ch := w.AddConversation("public_channel", "C1", "general", "U0ANN", "U0BEN")
				srv, token := slacktest.NewServer(w, t.Errorf)
				srv.Unlimited, srv.PageMost = true, most
				return &place{srv: srv, token: token, ch: ch, files: map[string]*slacktest.File{}}
			})
		})
	}
}
