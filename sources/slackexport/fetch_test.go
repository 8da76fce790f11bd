package slackexport

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"mislaid/internal/slackfiles"
	"mislaid/internal/slackjson"
	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// withFiles is an export of filed with Slack's file hosts behind it.
func withFiles(t *testing.T, l slacktest.Layout, sel slackjson.Selection) (*Source, *slacktest.Server) {
	t.Helper()
	w := filed()
	w.Share(w.Find("C1"), "U0ANN", "denied.txt", []byte("inside denied"))
	for _, f := range w.Files {
		f.Deny = f.Name == "denied.txt"
	}
	_, picture := w.Share(w.Find("C1"), "U0ANN", "cat.png", []byte("inside picture"))
	picture.Mimetype = "image/png"
	m, snippet := w.Share(w.Find("D1"), "U0BEN", "snippet.txt", []byte("inside snippet"))
	snippet.Mode, m.Text = "snippet", "beginsnippet0123456789"
	w.Say(w.Find("D1"), "U0BEN", "something else")
	_, gone := w.Share(w.Find("C1"), "U0ANN", "gone.txt", nil)
	gone.Mode = "tombstone"
	_, elsewhere := w.Share(w.Find("C1"), "U0ANN", "elsewhere", nil)
	elsewhere.Mode = "external"
	srv, _ := slacktest.NewServer(w, t.Errorf)
	srv.ServeExports("")
	c, err := slackfiles.New(slackfiles.Config{Transport: srv, PerMinute: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	return openExport(t, w, l, true, Config{Select: sel, Fetch: c}), srv
}

// TestFetch: what an export only links to is fetched, named, and refused as it
// should be.
func TestFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, srv := withFiles(t, slacktest.Corporate, slackjson.Selection{})
		texts, shown := "", fmt.Sprintf("%+v", s.Info())
		errs := map[string]error{}
		for c := range s.Containers(t.Context()) {
			for it, err := range s.Items(t.Context(), c, "") {
				shown += fmt.Sprintf("%q %q %q %q %v", it.ID, it.Path, it.Link, it.Cursor, err)
				if !strings.HasPrefix(it.ID, fetchedID) {
					continue
				}
				name, _, _ := strings.Cut(it.Path[strings.LastIndexByte(it.Path, '/')+1:], " (F")
				if err == nil {
					var b sources.Body
					if b, err = s.Open(t.Context(), it, 0, -1); err == nil {
						text, rerr := io.ReadAll(b)
						texts += string(text) + "\n"
						err = errors.Join(rerr, b.Close())
					}
					again, aerr := s.Item(t.Context(), sources.Ref{Container: it.Container, Item: it.ID})
					if aerr != nil || again.ID != it.ID || again.Path != it.Path {
						t.Errorf("%s is found as %+v, %v", it.ID, again, aerr)
					}
					if a, aerr := s.Audience(t.Context(), again); aerr != nil || len(a.Unresolved) == 0 {
						t.Errorf("%s: %+v, %v", it.ID, a, aerr)
					}
				}
				errs[name] = err
				shown += fmt.Sprint(err)
			}
		}
		for _, want := range []string{"the file", "public", "closed", "both", "snippet", "the canvas"} {
			if !strings.Contains(texts, "inside "+want) {
				t.Errorf("%s was not read", want)
			}
		}
		for name, want := range map[string]error{
			"denied.txt": sources.ErrDenied, "cat.png": sources.ErrSkipped, "elsewhere": sources.ErrUnsupported, "notes.txt": nil, "runbook": nil,
		} {
			err, listed := errs[name]
			if !listed || !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if strings.Contains(shown, slacktest.ExportToken()) || strings.Contains(shown, "files-pri") {
			t.Error("the token or an address is shown")
		}
		if !slices.Contains(s.Info().Hosts, "files.slack.com") || srv.Calls["file"] == 0 {
			t.Error("who is asked is not said")
		}
	})
}

// TestFetchSelected: of what is left out nothing is asked for, nor of what the
// export brings along.
func TestFetchSelected(t *testing.T) {
	for _, c := range []struct {
		layout slacktest.Layout
		sel    slackjson.Selection
		want   string
	}{
		{slacktest.Corporate, slackjson.Selection{ExcludeChannels: []string{"general", "D1"}}, "both.txt closed canvas closed.txt notes.txt runbook"},
		{slacktest.Corporate, slackjson.Selection{Channels: []string{"D1"}}, "snippet.txt"},
		{slacktest.Corporate, slackjson.Selection{ExcludeUsers: []string{"ann"}}, "both.txt closed canvas closed.txt notes.txt snippet.txt"},
		{slacktest.Standard, slackjson.Selection{}, "both.txt cat.png denied.txt elsewhere public.txt runbook"},
		{slacktest.DumpedMost, slackjson.Selection{}, "elsewhere"},
		{slacktest.Chunks, slackjson.Selection{}, ""},
	} {
		s, srv := withFiles(t, c.layout, c.sel)
		var names []string
		for place := range s.Containers(t.Context()) {
			for it := range s.Items(t.Context(), place, "") {
				if name, _, ok := strings.Cut(it.Path[strings.LastIndexByte(it.Path, '/')+1:], " (F"); ok && strings.HasPrefix(it.ID, fetchedID) && name != "F00000010" {
					names = append(names, name)
				}
			}
		}
		slices.Sort(names)
		if got := strings.Join(slices.Compact(names), " "); got != c.want {
			t.Errorf("%s %+v: %s", c.layout, c.sel, got)
		}
		if n := srv.Calls["file"]; n > 0 {
			t.Errorf("listing downloads %d files", n)
		}
	}
}

// TestFetchResumes: a listing goes on behind any item, fetched or not.
func TestFetchResumes(t *testing.T) {
	s, _ := withFiles(t, slacktest.Corporate, slackjson.Selection{})
	for _, id := range []string{"C1", "G1", "D1", rootID} {
		c := sources.Container{ID: id}
		var all []sources.Item
		for it := range s.Items(t.Context(), c, "") {
			all = append(all, it)
		}
		for i, from := range all {
			var rest []string
			for it := range s.Items(t.Context(), c, from.Cursor) {
				rest = append(rest, it.ID)
			}
			for _, it := range all[i+1:] {
				if !slices.Contains(rest, it.ID) {
					t.Errorf("%s behind %s: %s is missing from %q", id, from.Cursor, it.ID, rest)
				}
			}
			if slices.Contains(rest, from.ID) {
				t.Errorf("%s behind %s: it comes again", id, from.Cursor)
			}
		}
	}
}

// TestSnippets: a message and its snippet are read as one, whether the export
// brings it along or links to it.
func TestSnippets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, l := range []slacktest.Layout{slacktest.Corporate, slacktest.Dumped, slacktest.DumpedMost, slacktest.Dump, slacktest.Chunks} {
			s, _ := withFiles(t, l, slackjson.Selection{})
			near := false
			for it := range s.Items(t.Context(), sources.Container{ID: "D1"}, "") {
				if it.At == nil || it.ID == aboutID {
					continue
				}
				text := read(t, s, it)
				i, j := strings.LastIndex(text, "beginsnippet"), strings.LastIndex(text, "inside snippet")
				if i < 0 || j < i || j-i > 2000 || strings.Contains(text[i:j], "something else") {
					continue
				}
				near = true
				if spot := it.At(int64(j)); !slackjson.IsTS(spot.Item) || spot.Author == "" {
					t.Errorf("%s: %+v", l, spot)
				}
			}
			if !near {
				t.Errorf("%s: the snippet is not read beside its message", l)
			}
		}
	})
}

// TestOff: without a client nothing is listed of what an export links to.
func TestOff(t *testing.T) {
	s, srv := withFiles(t, slacktest.Corporate, slackjson.Selection{})
	s.config.Fetch = nil
	for c := range s.Containers(t.Context()) {
		for it := range s.Items(t.Context(), c, "") {
			if strings.HasPrefix(it.ID, fetchedID) {
				t.Errorf("%s is listed", it.ID)
			}
			if it.At != nil && it.Inline == nil {
				read(t, s, it)
			}
		}
	}
	if srv.Calls["file"] > 0 {
		t.Error("files are fetched")
	}
	if _, err := s.Item(t.Context(), sources.Ref{Container: "C1", Item: fetchedID + "F00000003"}); !errors.Is(err, sources.ErrGone) {
		t.Errorf("%v", err)
	}
}
