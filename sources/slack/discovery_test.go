package slack

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// organisation is two workspaces in which others talk, and the token of an app
// that may discover.
func organisation(t *testing.T) (*slacktest.Server, string) {
	one, two := slacktest.NewWorkspace(), slacktest.NewWorkspace()
	two.Team, two.Name = "T00000002", "Beta"
	for i, w := range []*slacktest.Workspace{one, two} {
		w.Enterprise = "E00000001"
		for j, form := range []string{"im", "private_channel", "public_channel"} {
			c := w.AddConversation(form, fmt.Sprintf("%s%d%d", []string{"D", "G", "C"}[j], i, j), "room", "U0BEN", "U0GUEST")
			for n := range 150 {
				w.Say(c, "U0BEN", fmt.Sprintf("%s word%d.", c.ID, n))
			}
			m := w.Say(c, "U0BEN", c.ID+" parent")
			m.Before = c.ID + " before the edit"
			w.Say(c, "U0BEN", "x").Before = c.ID + " another edit"
			w.Reply(c, m, "U0GUEST", c.ID+" reply")
			w.Share(c, "U0BEN", "f.txt", []byte(c.ID+" file"))
		}
	}
	across := one.AddConversation("im", "D99", "", "U0BEN", "U0GUEST")
	across.Across = true
	one.Say(across, "U0BEN", "D99 word0.")
	srv, token := slacktest.NewServer(one, t.Errorf)
	srv.Workspaces, srv.Unlimited = append(srv.Workspaces, two), true
	srv.Tokens[token] = &slacktest.Token{User: "U0BOT", Org: true, Scopes: []string{"discovery:read", "files:read"}}
	return srv, token
}

// TestDiscovery reads everybody's conversations in every workspace, replies, files
// and what was said before an edit.
func TestDiscovery(t *testing.T) {
	for _, most := range []int{0, 1, 40} {
		srv, token := organisation(t)
		srv.PageMost = most
		s := serve(t, srv, token, Config{Discovery: true})
		items := crawlAll(t, s)
		text := ""
		for _, it := range items {
			if it.err != nil {
				t.Errorf("%s %s: %v", it.Container, it.ID, it.err)
			}
			text += it.text + "\n"
		}
		for _, id := range []string{"D00", "G01", "C02", "D10", "G11", "C12"} {
			for _, want := range []string{"word0.", "word149.", "parent", "reply", "file", "before the edit", "another edit"} {
				if !strings.Contains(text, id+" "+want) {
					t.Errorf("pages of %d: %s %s was not read", most, id, want)
				}
			}
		}
		if !strings.Contains(text, "D99 word0.") {
			t.Error("a direct message across workspaces was not read")
		}
		a, err := s.Audience(t.Context(), sources.Item{Container: "D10", ID: aboutID})
		if err != nil || a.Now.AtLeast < sources.NamedFew || strings.Contains(fmt.Sprint(a.Grants), "U0BOT") {
			t.Errorf("%v: %+v", err, a)
		}

		// Every item is found again by its ID.
		fresh := serve(t, srv, token, Config{Discovery: true})
		for _, it := range items[:min(60, len(items))] {
			if isID(it.ID, "F") {
				continue
			}
			found, err := fresh.Item(t.Context(), sources.Ref{Container: it.Container, Item: it.ID})
			if err != nil {
				t.Fatalf("%s %s: %v", it.Container, it.ID, err)
			}
			if again, err := readItem(t.Context(), fresh, found); err != nil || again != it.text {
				t.Errorf("%s %s: %v, found again another text", it.Container, it.ID, err)
			}
		}
	}
}

// TestNoDiscovery: where the API is not open, the user learns what to do instead.
func TestNoDiscovery(t *testing.T) {
	w := slacktest.NewWorkspace()
	srv, token := slacktest.NewServer(w, t.Errorf)
	_, err := open(t.Context(), srv, token, Config{Discovery: true})
	if root := new(sources.RootError); !errors.As(err, &root) || !strings.Contains(err.Error(), "use a corporate export") || strings.Contains(err.Error(), token) {
		t.Errorf("%v", err)
	}
	srv.Tokens[token].Error = "token_revoked"
	if _, err := open(t.Context(), srv, token, Config{Discovery: true}); !errors.Is(err, sources.ErrSession) {
		t.Errorf("%v", err)
	}
}
