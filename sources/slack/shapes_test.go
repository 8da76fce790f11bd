package slack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mislaid/sources/slack/slacktest"
)

// recorded are the shapes to be compared with the fake's: those in testdata/shapes,
// as check --record-shapes wrote them, and those of Slack's published samples.
func recorded(t *testing.T) map[string][]Shape {
	t.Helper()
	all := map[string][]Shape{"Slack's samples": published(t)}
	names, err := filepath.Glob("testdata/shapes/*.jsonl")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		shapes, err := ReadShapes(f)
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = shapes
	}
	return all
}

func published(t *testing.T) (all []Shape) {
	t.Helper()
	f, err := os.Open("slacktest/testdata/fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		p := strings.Fields(lines.Text())
		if len(all) == 0 || all[len(all)-1].Method != p[0] {
			all = append(all, Shape{Method: p[0], Status: []int{http.StatusOK}, Fields: map[string][]string{"": {"object"}, "ok": {"boolean"}}})
		}
		all[len(all)-1].Fields[p[1]] = strings.Split(p[2], ",")
	}
	return all
}

// everything is a workspace in which every method that a crawl calls has
// something to answer.
func everything() *slacktest.Workspace {
	w := slacktest.NewWorkspace()
	for i, form := range []string{"public_channel", "private_channel", "mpim", "im"} {
		c := w.AddConversation(form, []string{"C1", "C2", "G1", "D1"}[i], "room", "U0ANN", "U0BEN")
		m := w.Say(c, "U0ANN", "words")
		w.Reply(c, m, "U0BEN", "a reply")
		w.Share(c, "U0ANN", "a.txt", []byte("text"))
		c.Bookmarks = []map[string]any{{"id": "Bk1", "channel_id": c.ID, "title": "wiki", "link": "https://example.com", "type": "link"}}
	}
	return w
}

func recordFake(t *testing.T) []Shape {
	t.Helper()
	srv, token := slacktest.NewServer(everything(), t.Errorf)
	srv.Unlimited = true
	shapes, err := serve(t, srv, token, Config{}).RecordShapes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return shapes.List()
}

// TestFakeHasTheShapesThatWereRecorded: where both have a field, its types are
// the same.
func TestFakeHasTheShapesThatWereRecorded(t *testing.T) {
	fake := recordFake(t)
	for name, shapes := range recorded(t) {
		compared := 0
		for _, real := range shapes {
			i := slices.IndexFunc(fake, func(s Shape) bool { return s.Method == real.Method })
			if i < 0 {
				continue // a crawl does not call it
			}
			for field, types := range fake[i].Fields {
				want, both := real.Fields[field]
				if !both {
					continue
				}
				compared++
				for _, kind := range types {
					if !slices.Contains(want, kind) && kind != "null" && !slices.Equal(want, []string{"null"}) {
						t.Errorf("%s: %s: %s is a %s in the fake, and was %v", name, real.Method, field, kind, want)
					}
				}
			}
		}
		if compared < 100 {
			t.Errorf("%s: only %d fields were compared", name, compared)
		}
	}
}

// TestShapesCanBeRead replays recordings: answers that have every field that was
// recorded, of its type, are understood, and each of their strings is read.
func TestShapesCanBeRead(t *testing.T) {
	for name, shapes := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			srv := replay{}
			for _, s := range shapes {
				srv[s.Method] = s.answer()
			}
			if srv["auth.test"] == nil || srv["conversations.history"] == nil {
				t.Fatal("it was cut off")
			}
			s, err := New(t.Context(), Config{Token: func() string { return "none" }, BaseURL: testBase, Transport: srv, Scale: 1e6})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.load(t.Context()); err != nil || s.peopleE != nil {
				t.Fatal(err, s.peopleE)
			}
			list, err := s.list(t.Context(), forms[0], map[string]bool{})
			if err != nil || len(list) != 1 {
				t.Fatalf("%d conversations, %v", len(list), err)
			}
			messages, _, err := s.historyOf(t.Context(), list[0], span{})
			if err != nil || len(messages) != 1 {
				t.Fatalf("%d messages, %v", len(messages), err)
			}
			text := s.text(t.Context(), newRun(messages, nil))
			all, err := io.ReadAll(text)
			if err != nil {
				t.Fatal(err)
			}
			for i := range srv["conversations.history"].strings {
				if word := fmt.Sprintf("word%d.", i); strings.Contains(string(messages[0].raw), word) && !strings.Contains(string(all), word) {
					t.Errorf("a string was not read: %s", srv["conversations.history"].strings[i])
				}
			}
			if _, err := s.client.file(t.Context(), "F1"); err != nil {
				t.Error(err)
			}
			if _, err := s.client.members(t.Context(), "", "C1"); err != nil {
				t.Error(err)
			}
			if _, _, err := s.client.replies(t.Context(), "", "C1", "1714550000.000100", replySpan{}); err != nil {
				t.Error(err)
			}
			if _, err := s.client.bookmarks(t.Context(), "", "C1"); err != nil {
				t.Error(err)
			}
		})
	}
}

// replay answers with what was made of shapes.
type replay map[string]*made

type made struct {
	body    []byte
	strings []string // the fields of the words, by number
}

// RoundTrip implements http.RoundTripper.
func (r replay) RoundTrip(req *http.Request) (*http.Response, error) {
	body := []byte(`{"ok":false,"error":"unknown_method"}`)
	if m := r[strings.TrimPrefix(req.URL.Path, "/api/")]; m != nil {
		body = m.body
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: req}, nil
}

// answer makes an answer of a shape: lists have one element, strings are words by
// number but where Slack has a form for them.
func (s Shape) answer() *made {
	m := &made{}
	v := m.value(s, "", 0)
	if o, ok := v.(map[string]any); ok {
		o["ok"] = true
		delete(o, "error")
		o["response_metadata"] = map[string]any{"next_cursor": ""}
		o["has_more"] = false
	}
	m.body, _ = json.Marshal(v)
	return m
}

func (m *made) value(s Shape, path string, depth int) any {
	types := s.Fields[path]
	name := path[strings.LastIndexAny(path, ".")+1:]
	switch kind := func() string {
		for _, k := range []string{"object", "array", "string", "number", "boolean"} {
			if slices.Contains(types, k) {
				return k
			}
		}
		return "null"
	}(); kind {
	case "object":
		o := map[string]any{}
		for field := range s.Fields {
			rest := strings.TrimPrefix(strings.TrimPrefix(field, path), ".")
			if field != path && strings.HasPrefix(field, path) && rest != "" && !strings.ContainsAny(rest, ".[") {
				if path != "" && !strings.HasPrefix(field, path+".") || rest == "*" {
					continue
				}
				o[rest] = m.value(s, field, depth+1)
			}
		}
		return o
	case "array":
		if _, known := s.Fields[path+"[]"]; !known {
			return []any{}
		}
		return []any{m.value(s, path+"[]", depth+1)}
	case "string":
		switch {
		case name == "ts" || name == "thread_ts" || name == "latest_reply" || name == "last_read" || strings.HasSuffix(name, "_ts"):
			return "1714550000.000100"
		case name == "id" && strings.HasPrefix(path, "channel"):
			return "C1"
		case strings.HasSuffix(name, "id") || name == "user":
			return "U1"
		case strings.HasPrefix(name, "url") || strings.Contains(name, "link"):
			return "https://example.com/"
		case name == "mode":
			return "hosted"
		}
		m.strings = append(m.strings, path)
		return fmt.Sprintf("word%d.", len(m.strings)-1)
	case "number":
		return 1
	case "boolean":
		return false
	}
	return nil
}
