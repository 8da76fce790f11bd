package slack

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/internal/slackjson"
	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// TestCohort: an app that Slack answers once a minute, 15 messages each, is
// noticed, read all the same, and never faster than that.
func TestCohort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := slacktest.NewWorkspace()
		c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
		w.AddConversation("public_channel", "C2", "other", "U0ANN")
		for n := range 100 {
			w.Say(c, "U0ANN", fmt.Sprintf("word%d.", n))
		}
		srv, token := slacktest.NewServer(w, t.Errorf)
		srv.Cohort = true
		s, err := New(t.Context(), Config{Token: func() string { return token }, BaseURL: testBase, Transport: srv})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		o, err := s.Overview(t.Context())
		if err != nil || !o.Slow || !o.SlowKnown || o.Least() < 2*time.Minute {
			t.Errorf("%v: %+v", err, o)
		}
		begun, text := time.Now(), ""
		for _, it := range crawlAll(t, s) {
			text += it.text
		}
		for n := range 100 {
			if !strings.Contains(text, fmt.Sprintf("word%d.", n)) {
				t.Fatalf("message %d is missing", n)
			}
		}
		if took := time.Since(begun); took < 6*time.Minute || took > 12*time.Minute {
			t.Errorf("8 calls took %s", took)
		}
		if n := srv.Denied["conversations.history"]; n > 2 {
			t.Errorf("it was told to wait %d times", n)
		}
	})
}

// TestLimiter: no minute, wherever it begins, has more calls than are promised,
// and many calls take as long as the promise makes them.
func TestLimiter(t *testing.T) {
	for method, most := range map[string]int{"users.list": 20, "conversations.history": 50, "files.info": 100} {
		synctest.Test(t, func(t *testing.T) {
			l, begun := newLimiter(1), time.Now()
			var calls []time.Duration
			for range 6 * most {
				if err := l.wait(t.Context(), "T1", method); err != nil {
					t.Fatal(err)
				}
				calls = append(calls, time.Since(begun))
			}
			for i, at := range calls {
				if i >= most && at-calls[i-most] < time.Minute {
					t.Fatalf("%s: calls %d to %d within %s", method, i-most, i, at-calls[i-most])
				}
			}
			if took := calls[len(calls)-1]; took > 6*time.Minute {
				t.Errorf("%s: %d calls took %s", method, len(calls), took)
			}
			if err := l.wait(t.Context(), "T2", method); err != nil || time.Since(begun) > calls[len(calls)-1] {
				t.Error("another workspace had to wait")
			}
		})
	}
}

// TestPause: what Slack wants is waited for in that method and workspace alone,
// and nobody rushes in behind it.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, begun := newLimiter(1), time.Now()
		l.pause("T1", "conversations.history", 30*time.Second)
		if err := l.wait(t.Context(), "T1", "conversations.replies"); err != nil || time.Since(begun) > 0 {
			t.Error("another method waited")
		}
		var at []time.Duration
		for range 5 {
			if err := l.wait(t.Context(), "T1", "conversations.history"); err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Since(begun))
		}
		if at[0] != 30*time.Second || at[4] < 34*time.Second || at[4] > 36*time.Second {
			t.Errorf("%v", at)
		}
	})
}

// TestFilesThatAreNone: each is left out or a gap for its own reason, and none
// is read as something else.
func TestFilesThatAreNone(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
	add := func(name string, change func(f *slacktest.File)) string {
		_, f := w.Share(c, "U0ANN", name, []byte("content of "+name))
		change(f)
		return f.ID
	}
	want := map[string]error{
		add("deleted", func(f *slacktest.File) { f.Mode = "tombstone" }):                                                      sources.ErrSkipped,
		add("hidden", func(f *slacktest.File) { f.Mode = "hidden_by_limit" }):                                                 sources.ErrDenied,
		add("elsewhere", func(f *slacktest.File) { f.Mode = "external"; f.More = map[string]any{"external_type": "gdrive"} }): sources.ErrUnsupported,
		add("sign-in", func(f *slacktest.File) { f.Deny = true }):                                                             sources.ErrDenied,
		add("a page", func(f *slacktest.File) {
			f.More = map[string]any{"url_private_download": "https://slack.test/signin", "url_private": "https://slack.test/signin"}
		}): sources.ErrDenied,
		add("foreign host", func(f *slacktest.File) {
			f.More = map[string]any{"url_private_download": "https://evil.example/f", "url_private": "https://slack.com.evil.example/f"}
		}): sources.ErrUnsupported,
		add("picture", func(f *slacktest.File) { f.Mimetype = "image/png" }):                                    sources.ErrSkipped,
		add("asked for", func(f *slacktest.File) { f.More = map[string]any{"file_access": "check_file_info"} }): nil,
		add("good", func(*slacktest.File) {}):                                                                   nil,
	}
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited = true
	got := map[string]seen{}
	for _, it := range crawlAll(t, serve(t, srv, token, Config{})) {
		if isID(it.ID, "F") {
			got[it.ID] = it
		}
	}
	for id, err := range want {
		it, listed := got[id]
		if !listed || !errors.Is(it.err, err) || err != nil && strings.Contains(it.text, "Sign in") {
			t.Errorf("%s: listed %t, %v, %q; want %v", id, listed, it.err, it.text, err)
		}
		if err == nil && !strings.HasPrefix(it.text, "content of ") {
			t.Errorf("%s: %q", it.Path, it.text)
		}
	}
}

// TestHiddenMessages: that a plan hides older ones is a gap.
func TestHiddenMessages(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
	for n := range 60 {
		m := w.Say(c, "U0ANN", fmt.Sprintf("word%d.", n))
		if n == 30 {
			w.HiddenBefore = m.TS
		}
	}
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited, srv.PageMost = true, 7
	gaps, text := 0, ""
	for _, it := range crawlAll(t, serve(t, srv, token, Config{})) {
		if errors.Is(it.err, sources.ErrDenied) && strings.Contains(it.err.Error(), "plan") {
			gaps++
		}
		text += it.text
	}
	if gaps != 1 || strings.Contains(text, "word29.") || !strings.Contains(text, "word30.") || !strings.Contains(text, "word59.") {
		t.Errorf("%d gaps", gaps)
	}
}

// TestGrid: the token of an organisation reads all its workspaces, and each call
// that needs it names one.
func TestGrid(t *testing.T) {
	one, two := slacktest.NewWorkspace(), slacktest.NewWorkspace()
	two.Team, two.Name = "T00000002", "Beta"
	for i, w := range []*slacktest.Workspace{one, two} {
		w.Enterprise = "E00000001"
		c := w.AddConversation("public_channel", fmt.Sprintf("C%d", i), "general", "U0ANN")
		c.Bookmarks = []map[string]any{{"title": "tab" + w.Team}}
		w.Say(c, "U0ANN", "said in "+w.Team)
		w.Share(c, "U0ANN", "f.txt", []byte("file of "+w.Team))
	}
	srv, token := slacktest.NewServer(one, t.Errorf)
	srv.Workspaces, srv.Unlimited = append(srv.Workspaces, two), true
	srv.Tokens[token].Org = true
	s := serve(t, srv, token, Config{First: []string{"said"}})
	if s.Info().Name != "slack://E00000001" {
		t.Errorf("it is called %s", s.Info().Name)
	}
	text := ""
	for _, it := range crawlAll(t, s) {
		if it.err != nil {
			t.Errorf("%s: %v", it.ID, it.err)
		}
		text += it.text
	}
	for _, want := range []string{"said in T00000001", "said in T00000002", "file of T00000001", "file of T00000002", "tabT00000002"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q was not read", want)
		}
	}
	for refused := range srv.Refused {
		t.Errorf("refused: %s", refused)
	}
}

// TestWhoCanRead: guests, other organisations, and what the token is refused.
func TestWhoCanRead(t *testing.T) {
	w := slacktest.NewWorkspace()
	w.AddUser("U0STRANGER", "eve", map[string]any{"is_stranger": true, "team_id": "T99999999"})
	w.AddConversation("public_channel", "C1", "general", "U0ANN", "U0BEN")
	w.AddConversation("private_channel", "C2", "closed", "U0ANN", "U0GUEST")
	shared := w.AddConversation("private_channel", "C3", "partners", "U0ANN", "U0STRANGER")
	shared.More = map[string]any{"is_ext_shared": true, "is_shared": true, "connected_team_ids": []string{"T99999999"}}
	org := w.AddConversation("public_channel", "C4", "wide", "U0ANN")
	org.More = map[string]any{"is_org_shared": true, "is_shared": true}
	invited := w.AddConversation("private_channel", "C5", "soon", "U0ANN")
	invited.More = map[string]any{"is_pending_ext_shared": true}
	w.AddConversation("im", "D1", "", "U0ANN", "U0BEN")
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited = true
	s := serve(t, srv, token, Config{})
	want := map[string]sources.Level{
		"C1": sources.Organisation, "C2": sources.Outsiders, "C3": sources.Outsiders, "C4": sources.Guests, "C5": sources.NamedFew, "D1": sources.NamedFew,
	}
	for c, err := range s.Containers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Audience(t.Context(), sources.Item{Container: c.ID, ID: aboutID})
		if err != nil || a.Now.AtLeast != want[c.ID] {
			t.Errorf("%s: %+v, want %v", c.Name, a.Now, want[c.ID])
		}
		if join := slices.ContainsFunc(a.CouldJoin, func(g sources.Grant) bool { return g.Level >= sources.Outsiders }); join != (c.ID == "C5") {
			t.Errorf("%s: who could join: %+v", c.Name, a.CouldJoin)
		}
	}

	// Without the right to ask who is a member, nobody is said to be few.
	srv.Tokens[token].Scopes = slices.DeleteFunc(slices.Clone(slacktest.ReadScopes), func(sc string) bool { return sc == "users:read" })
	s = serve(t, srv, token, Config{})
	a, err := s.Audience(t.Context(), sources.Item{Container: "C2", ID: aboutID})
	if err != nil || a.Now.AtMost < sources.Outsiders || len(a.Unresolved) == 0 {
		t.Errorf("%v: %+v", err, a)
	}
}

// TestTokenIsSentToSlackAlone whatever a message says of where its file is.
func TestTokenIsSentToSlackAlone(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
	for i, addr := range []string{
		"https://evil.example/x", "http://files.slack.com/x", "https://files.slack.com.evil.example/x", "https://files.slack.com:8443/x",
		"https://files.slack.com@evil.example/x", "https://evilslack.com/x", "//evil.example/x", "file:///etc/passwd", "https://files.slack.com\\@evil.example/",
	} {
		_, f := w.Share(c, "U0ANN", fmt.Sprintf("f%d", i), []byte("x"))
		f.More = map[string]any{"url_private": addr, "url_private_download": addr}
	}
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited = true
	guard := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != "slack.test" {
			t.Errorf("asked %s, token sent: %t", r.URL, r.Header.Get("Authorization") != "")
		}
		return srv.RoundTrip(r)
	})
	s, err := New(t.Context(), Config{Token: func() string { return token }, BaseURL: testBase, Transport: guard, Scale: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, it := range crawlAll(t, s) {
		if isID(it.ID, "F") && !errors.Is(it.err, sources.ErrUnsupported) {
			t.Errorf("%s: %v", it.Path, it.err)
		}
		if it.err != nil && strings.Contains(it.err.Error(), token) {
			t.Errorf("the token is told: %v", it.err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestExpiredCursors: lists begin again, threads go on by time.
func TestExpiredCursors(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
	for n := range 30 {
		w.AddUser(fmt.Sprintf("U%d", n), "x", nil)
	}
	first := w.Say(c, "U0ANN", "first")
	for n := range 30 {
		w.Reply(c, first, "U0ANN", fmt.Sprintf("reply%d.", n))
	}
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited, srv.PageMost = true, 8
	expire := map[string]int{"users.list": 2, "conversations.replies": 3}
	srv.Fault = func(_ http.ResponseWriter, _ *http.Request, method string) bool {
		srv.Lock()
		defer srv.Unlock()
		expire[method]--
		srv.DeadCursors = expire[method] == 0
		return false
	}
	s := serve(t, srv, token, Config{})
	text := ""
	for _, it := range crawlAll(t, s) {
		if it.err != nil {
			t.Errorf("%s: %v", it.ID, it.err)
		}
		if strings.HasPrefix(it.ID, "thread/") {
			text += it.text
		}
	}
	for n := range 30 {
		if strings.Count(text, fmt.Sprintf("reply%d.", n)) != 1 && strings.Count(text, fmt.Sprintf("reply%d.", n)) != 2 { // text and block
			t.Errorf("reply %d is read %d times", n, strings.Count(text, fmt.Sprintf("reply%d.", n)))
		}
	}
	if s.people.Len() != 35 {
		t.Errorf("%d people", s.people.Len())
	}
	if srv.Refused["conversations.replies invalid_cursor"] != 1 || srv.Refused["users.list invalid_cursor"] != 1 {
		t.Errorf("%v", srv.Refused)
	}
}

// TestSelection: what is excluded is not asked for.
func TestSelection(t *testing.T) {
	w := slacktest.NewWorkspace()
	for i, form := range []string{"public_channel", "public_channel", "private_channel", "im"} {
		c := w.AddConversation(form, []string{"C1", "C2", "C3", "D1"}[i], []string{"general", "legal", "board", ""}[i], "U0ANN", "U0BEN")
		w.Say(c, "U0ANN", "AKIAanything by ann")
		w.Say(c, "U0BEN", "AKIAanything by ben")
	}
	asked := map[string]bool{}
	for _, c := range []struct {
		sel  slackjson.Selection
		want string // ids that may be read
	}{
		{slackjson.Selection{ExcludeChannels: []string{"legal", "C3"}}, "C1 D1"},
		{slackjson.Selection{Channels: []string{"gen*"}}, "C1"},
		{slackjson.Selection{Forms: []slackjson.Form{slackjson.Direct}}, "D1"},
	} {
		srv, token := slacktest.NewServer(w, t.Errorf)
		srv.Unlimited = true
		clear(asked)
		srv.Fault = func(_ http.ResponseWriter, r *http.Request, method string) bool {
			if method == "conversations.history" || method == "conversations.replies" || method == "bookmarks.list" {
				_ = r.ParseForm()
				asked[r.Form.Get("channel")+r.Form.Get("channel_id")] = true
			}
			return false
		}
		_ = crawlAll(t, serve(t, srv, token, Config{Select: c.sel, First: []string{"AKIA*"}}))
		for id := range asked {
			if !strings.Contains(c.want, id) {
				t.Errorf("%+v: %s was read", c.sel, id)
			}
		}
		if len(asked) != len(strings.Fields(c.want)) {
			t.Errorf("%+v: %v were read", c.sel, asked)
		}
	}
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited = true
	for _, it := range crawlAll(t, serve(t, srv, token, Config{Select: slackjson.Selection{ExcludeUsers: []string{"ben"}}, First: []string{"AKIA*"}})) {
		if strings.Contains(it.text, "by ben") {
			t.Errorf("%s: %q", it.ID, it.text)
		}
	}
}
