package slackexport

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mislaid/internal/slackjson"
	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// filed is a workspace in which files are shared here and there: "public" by ann in
// #general and "closed" by ben in #secret on the first of May, "both" in both, and
// two canvases.
func filed() *slacktest.Workspace {
	w := office()
	general, secret := w.Find("C1"), w.Find("G1")
	w.Share(general, "U0ANN", "public.txt", []byte("inside public"))
	w.Share(secret, "U0BEN", "closed.txt", []byte("inside closed"))
	_, f := w.Share(general, "U0ANN", "both.txt", []byte("inside both"))
	w.Tick(40 * 24 * time.Hour)
	secret.Add(&slacktest.Message{TS: slacktest.TS(w.Tick(time.Minute)), User: "U0BEN", Files: []*slacktest.File{f}})
	hidden := w.NewFile("U0BEN", "closed canvas", nil)
	hidden.Mode, hidden.Shares = "quip", []string{"G1"}
	return w
}

// TestSelectionOfFiles: what selects messages selects the files that they share,
// whatever the layout, and leaves no trace of the others.
func TestSelectionOfFiles(t *testing.T) {
	june := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	uploads := []slacktest.Layout{slacktest.Dumped, slacktest.DumpedMost, slacktest.Dump, slacktest.Chunks}
	for _, c := range []struct {
		name    string
		sel     slackjson.Selection
		want    string // of public, closed, both
		layouts []slacktest.Layout
	}{
		{"all", slackjson.Selection{}, "public closed both", uploads},
		{"without the closed", slackjson.Selection{ExcludeChannels: []string{"secret"}}, "public both", uploads},
		{"without the public", slackjson.Selection{ExcludeChannels: []string{"#gen*"}}, "closed both", uploads},
		{"only the closed", slackjson.Selection{Channels: []string{"G1"}}, "closed both", uploads},
		{"only direct", slackjson.Selection{Forms: []slackjson.Form{slackjson.Direct}}, "", uploads},
		{"of ann", slackjson.Selection{Users: []string{"U0ANN"}}, "public both", uploads},
		{"without ann", slackjson.Selection{ExcludeUsers: []string{"U0ANN"}}, "closed both", uploads},
		{"later", slackjson.Selection{After: june}, "both", uploads},
		{"earlier", slackjson.Selection{Before: june}, "public closed both", uploads},
		{"earlier in the closed", slackjson.Selection{Before: june, ExcludeChannels: []string{"C1"}}, "closed", []slacktest.Layout{slacktest.DumpedMost, slacktest.Chunks}},
	} {
		for _, l := range c.layouts {
			for _, zipped := range []bool{true, false} {
				if l == slacktest.Dumped && c.name == "later" {
					continue // its "both" lies in the channel in which it was shared first
				}
				texts := ""
				s := openExport(t, filed(), l, zipped, Config{Select: c.sel})
				for _, f := range readAll(t, s) {
					texts += f.text + "\n"
				}
				var got []string
				for _, name := range []string{"public", "closed", "both"} {
					if strings.Contains(texts, "inside "+name) {
						got = append(got, name)
					}
				}
				if strings.Join(got, " ") != c.want {
					t.Errorf("%s, %s: %q, want %q", c.name, l, got, c.want)
				}
			}
		}
	}
}

// TestSelectionOfCanvases: the lists of files in the root tell of no file that is
// left out.
func TestSelectionOfCanvases(t *testing.T) {
	for _, c := range []struct {
		sel           slackjson.Selection
		opened, other bool
	}{
		{slackjson.Selection{}, true, true},
		{slackjson.Selection{ExcludeChannels: []string{"secret"}}, true, false},
		{slackjson.Selection{ExcludeChannels: []string{"general"}}, true, true},
		{slackjson.Selection{Channels: []string{"general"}}, true, false},
		{slackjson.Selection{Channels: []string{"D1"}}, false, false},
		{slackjson.Selection{ExcludeUsers: []string{"ben"}}, true, false},
		{slackjson.Selection{After: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}, false, false},
	} {
		s := openExport(t, filed(), slacktest.Corporate, true, Config{Select: c.sel})
		text := readAll(t, s)["canvases.json"].text
		if strings.Contains(text, "runbook") != c.opened || strings.Contains(text, "closed canvas") != c.other {
			t.Errorf("%+v: %q", c.sel, text)
		}
	}
}

// TestUnattributed: what may hold text of conversations that are excluded is a gap,
// not read.
func TestUnattributed(t *testing.T) {
	s, err := openBytes(t, zipOf(t, [2]string{"channels.json", oneChannel}, [2]string{"general/2024-05-01.json", `[]`},
		[2]string{"search.json", `[]`}, [2]string{"integration_logs.json", `[]`}, [2]string{"secret/2024-05-01.json", `[]`}))
	if err != nil {
		t.Fatal(err)
	}
	s.config.Select.ExcludeChannels = []string{"secret"}
	want := map[string]error{"search.json": sources.ErrUnsupported, "integration_logs.json": nil, "general/2024-05-01.json": nil}
	got := map[string]bool{}
	for c := range s.Containers(t.Context()) {
		for it, err := range s.Items(t.Context(), c, "") {
			if it.ID == aboutID {
				continue
			}
			if w, ok := want[it.ID]; !ok || !errors.Is(err, w) {
				t.Errorf("%s: %v", it.ID, err)
			}
			got[it.ID] = true
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
}

// TestSelectionOfTexts: an export as text is chosen from by its files.
func TestSelectionOfTexts(t *testing.T) {
	s := openExport(t, office(), slacktest.Person, true, Config{Select: slackjson.Selection{ExcludeChannels: []string{"secret"}}})
	all := readAll(t, s)
	if len(all) != 3 || all["channels/general.txt"].text == "" || all["dms/U0ANN-U0BEN.txt"].text == "" {
		t.Errorf("%v", all)
	}
	if s = openExport(t, office(), slacktest.Person, true, Config{Select: slackjson.Selection{Users: []string{"ann"}}}); len(readAll(t, s)) != 0 {
		t.Error("texts are read whose authors are not told apart")
	}
}

// TestTextsWithoutSome: an export as text lacks the folders of what there was none
// of.
func TestTextsWithoutSome(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
	w.Share(c, "U0ANN", "notes.txt", []byte("inside"))
	if all := readAll(t, openExport(t, w, slacktest.Person, false, Config{})); len(all) != 2 {
		t.Errorf("%v", all)
	}
}
