package slack

import (
	"context"
	"io"
	"strings"
	"testing"

	"mislaid/internal/slackjson"
	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// seen is an item of a listing and what is read of it.
type seen struct {
	sources.Item
	text string
	err  error
}

func readItem(ctx context.Context, s *Source, it sources.Item) (string, error) {
	if it.Inline != nil {
		return string(it.Inline), nil
	}
	b, err := s.Open(ctx, it, 0, -1)
	if err != nil {
		return "", err
	}
	defer b.Close()
	text, err := io.ReadAll(b)
	return string(text), err
}

// crawlAll lists and reads everything.
func crawlAll(t testing.TB, s *Source) []seen {
	t.Helper()
	var all []seen
	for c, err := range s.Containers(t.Context()) {
		if err != nil {
			all = append(all, seen{Item: sources.Item{Container: c.ID}, err: err})
			if c.ID == "" {
				return all
			}
			continue
		}
		for it, err := range s.Items(t.Context(), c, "") {
			got := seen{Item: it, err: err}
			if err == nil {
				got.text, got.err = readItem(t.Context(), s, it)
			}
			all = append(all, got)
		}
	}
	return all
}

func TestSnippetBehindItsMessage(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
	w.Say(c, "U0ANN", "before")
	m, f := w.Share(c, "U0ANN", "notes.txt", []byte(strings.Repeat("line\n", 30)+"the end of the snippet"))
	f.Mode, m.Text = "snippet", "look at this"
	w.Say(c, "U0ANN", "after")
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited = true
	s := serve(t, srv, token, Config{})
	for _, it := range crawlAll(t, s) {
		if !strings.HasPrefix(it.ID, "run/") {
			continue
		}
		i, j, k := strings.Index(it.text, "look at this"), strings.Index(it.text, "the end of the snippet"), strings.Index(it.text, "after")
		if i < 0 || j < i || k < j {
			t.Fatalf("%v: %q", it.err, it.text)
		}
		if spot := it.At(int64(j)); spot.Item != f.ID {
			t.Errorf("%+v", spot)
		}
		if spot := it.At(int64(k)); !slackjson.IsTS(spot.Item) {
			t.Errorf("%+v", spot)
		}
		return
	}
	t.Error("no run")
}
