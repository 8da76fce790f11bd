package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	slackgo "github.com/slack-go/slack"
	gotest "github.com/slack-go/slack/slacktest"

	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// strange are members of messages that no client of today knows, or that its
// typed decoding drops or stumbles over. W stands for the word to be found.
var strange = map[string]string{
	"a new subtype":              `{"subtype":"hologram_posted","text":"W"}`,
	"a new field":                `{"aura":{"depths":[{"of":["W"]}]}}`,
	"a field named as never":     `{"W":"x"}`,
	"an unknown block":           `{"blocks":[{"type":"hologram","beam":{"said":"W"}}]}`,
	"an unknown element":         `{"blocks":[{"type":"rich_text","elements":[{"type":"rich_text_hologram","elements":[{"type":"beam","said":"W"}]}]}]}`,
	"a preformatted block":       `{"blocks":[{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"text","text":"W"}],"border":0}]}]}`,
	"a malformed known block":    `{"blocks":[{"type":"rich_text","elements":"W"}]}`,
	"blocks that are no list":    `{"blocks":{"0":"W"}}`,
	"a block that is a string":   `{"blocks":["W"]}`,
	"a malformed section":        `{"blocks":[{"type":"section","text":["W"]}]}`,
	"an attachment's field":      `{"attachments":[{"fields":[{"title":"key","value":"W","short":true}]}]}`,
	"attachments of another age": `{"attachments":{"text":"W"}}`,
	"a bot's attachment":         `{"subtype":"bot_message","bot_id":"B0BOT","text":"","attachments":[{"fallback":"W"}]}`,
	"metadata":                   `{"metadata":{"event_type":"x","event_payload":{"k":"W"}}}`,
	"a number that is text":      `{"reply_count":0,"edited":{"user":"U0ANN","ts":"W"}}`,
	"entities":                   `{"text":"a&amp;b <https://example.com/?q=W|link>"}`,
	"a link's name":              `{"text":"<https://example.com|W>"}`,
	"a shared message":           `{"attachments":[{"is_msg_unfurl":true,"message_blocks":[{"message":{"blocks":[{"type":"x","t":"W"}]}}]}]}`,
	"a file's transcript":        `{"files":[{"id":"F0X","mode":"tombstone","transcription":{"preview":{"content":"W"}}}]}`,
	"a workflow's step":          `{"bot_profile":{"name":"W"}}`,
	"a deep one":                 strings.Repeat(`{"a":`, 60) + `"W"` + strings.Repeat(`}`, 60),
}

// TestEveryStringIsRead whatever a client makes of it.
func TestEveryStringIsRead(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
	words := map[string]string{}
	for name, raw := range strange {
		word := fmt.Sprintf("word%dofmagic", len(words))
		words[name] = word
		m := w.Say(c, "U0ANN", "")
		if err := json.Unmarshal([]byte(strings.ReplaceAll(raw, "W", word)), &m.More); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	parent := w.Say(c, "U0ANN", "a thread")
	reply := w.Reply(c, parent, "U0ANN", "")
	reply.More = map[string]any{"blocks": []any{map[string]any{"type": "hologram", "said": "replyofmagic"}}, "subtype": "new_reply"}
	words["a reply"] = "replyofmagic"
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited = true
	var all strings.Builder
	for _, it := range crawlAll(t, serve(t, srv, token, Config{})) {
		if it.err != nil && !errors.Is(it.err, sources.ErrSkipped) {
			t.Errorf("%s: %v", it.ID, it.err)
		}
		all.WriteString(it.text)
	}
	for name, word := range words {
		if !strings.Contains(all.String(), word) {
			t.Errorf("%s was not read", name)
		}
	}
}

// TestTypedDecodingWouldNotDo: it is why the raw bodies are kept. If slack-go
// drops and refuses nothing any more, they need not be.
func TestTypedDecodingWouldNotDo(t *testing.T) {
	lost := 0
	for name, raw := range strange {
		var m slackgo.Message
		err := json.Unmarshal([]byte(raw), &m)
		again, merr := json.Marshal(m)
		if merr != nil {
			t.Fatal(merr)
		}
		if err != nil || !strings.Contains(string(again), "W") {
			lost++
			t.Logf("%s: %v", name, err)
		}
	}
	if lost == 0 {
		t.Error("slack-go keeps everything")
	}
}

// TestAgainstTheLibrarysServer: what slack-go's own test server answers is
// understood. It knows few methods; the others are refused, in a way that is told.
func TestAgainstTheLibrarysServer(t *testing.T) {
	srv := gotest.NewTestServer()
	srv.Start()
	defer srv.Stop()
	s, err := New(t.Context(), Config{Token: func() string { return "none" }, BaseURL: srv.GetAPIURL(), Scale: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.me.Team == "" || s.me.UserID == "" || s.me.TeamID == "" {
		t.Errorf("%+v", s.me)
	}
	raw, err := s.client.conversation(t.Context(), "C024BE91L")
	if err != nil {
		t.Fatal(err)
	}
	if ch, err := s.parse(raw, "", 0); err != nil || ch.ID == "" {
		t.Errorf("%v: %+v", err, ch)
	}
	if _, err := s.client.history(t.Context(), "", "C024BE91L", span{}); err == nil || !strings.Contains(err.Error(), "conversations.history") {
		t.Errorf("a method that it has not: %v", err)
	}
}

// TestAnswersOfAnotherForm are errors that hold nothing of the answer.
func TestAnswersOfAnotherForm(t *testing.T) {
	for _, answer := range []string{`{"ok":true,"messages":"secretword"}`, `{"ok":true,"messages":[{"ts":"secretword"}]}`, `{"ok":false,"error":"secret word"}`, `["secretword"]`, `secretword`} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "auth.test") {
				_, _ = io.WriteString(w, `{"ok":true,"team_id":"T1","user_id":"U1"}`)
				return
			}
			_, _ = io.WriteString(w, answer)
		}))
		s, err := New(t.Context(), Config{Token: func() string { return "none" }, BaseURL: web.URL, Scale: 1e6})
		if err != nil {
			t.Fatal(err)
		}
		s.client.retries = 0
		_, _, err = s.historyOf(t.Context(), &channel{}, span{})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", answer, err)
		}
		web.Close()
	}
}
