package slacktest

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

// reference is what Slack's material says of a method.
type reference struct {
	Tier       string
	Required   []string
	Optional   []string
	UserScopes []string `json:"user_scopes"`
	BotScopes  []string `json:"bot_scopes"`
	Defaults   map[string]int
	Errors     []string
}

func readReference(t *testing.T) map[string]reference {
	t.Helper()
	data, err := os.ReadFile("testdata/methods.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]reference
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// experimental are the methods that no public reference describes.
func experimental(name string) bool { return strings.HasPrefix(name, "discovery.") }

// unpublished are arguments that slack-go sends and Slack passes over.
var unpublished = map[string][]string{"users.list": {"presence"}}

// TestMethodsAgree compares arguments, scopes, tiers and sizes of pages.
func TestMethodsAgree(t *testing.T) {
	all := readReference(t)
	tiers := map[string]int{"t2": tier2, "t3": tier3, "t4": tier4, "t5": tier5}
	for name, m := range methods {
		if experimental(name) {
			continue
		}
		ref, ok := all[name]
		if !ok {
			t.Errorf("%s: not in the reference", name)
			continue
		}
		if m.perMinute != tiers[ref.Tier] {
			t.Errorf("%s: %d calls a minute, the reference has tier %s", name, m.perMinute, ref.Tier)
		}
		if got := sorted(m.required); !slices.Equal(got, ref.Required) {
			t.Errorf("%s: required %v, the reference has %v", name, got, ref.Required)
		}
		args := slices.DeleteFunc(sorted(m.args), func(a string) bool { return slices.Contains(unpublished[name], a) })
		if !slices.Equal(args, ref.Optional) {
			t.Errorf("%s: optional %v, the reference has %v", name, args, ref.Optional)
		}
		if got := sorted(m.scopes); !slices.Equal(got, ref.UserScopes) {
			t.Errorf("%s: scopes %v, the reference has %v", name, got, ref.UserScopes)
		}
		if len(ref.UserScopes) > 0 && m.userOnly != (len(ref.BotScopes) == 0) {
			t.Errorf("%s: only for users %t, the reference has %v for bots", name, m.userOnly, ref.BotScopes)
		}
		for _, arg := range []string{"limit", "count"} {
			if n := ref.Defaults[arg]; n > 0 && m.usual > 0 && n != m.usual {
				t.Errorf("%s: %d items without a %s, the reference has %d", name, m.usual, arg, n)
			}
		}
	}
	for name := range all {
		if _, ok := methods[name]; !ok {
			t.Errorf("%s is not answered", name)
		}
	}
}

func sorted(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return out
}

// common are codes that any method may refuse with (docs.slack.dev, "Errors" of
// each method, 2026).
var common = []string{
	"access_denied", "account_inactive", "ekm_access_denied", "enterprise_is_restricted", "fatal_error", "internal_error", "invalid_arg_name",
	"invalid_arguments", "invalid_auth", "invalid_form_data", "missing_argument", "missing_scope", "no_permission", "not_allowed_token_type",
	"not_authed", "org_login_required", "ratelimited", "request_timeout", "service_unavailable", "team_access_not_granted", "team_not_found",
	"token_expired", "token_revoked", "unknown_method",
}

// seen are codes that Slack answers with and its reference leaves out: the page
// of conversations.history alone tells what a bot outside of a channel hears.
var seen = map[string][]string{"conversations.replies": {"not_in_channel"}, "files.info": {"team_not_found"}}

// full returns a workspace in which everything exists that an answer can hold.
func full() *Workspace {
	w := NewWorkspace()
	w.Enterprise = "E00000001"
	ch := w.AddConversation("public_channel", "C1", "general", "U0ANN", "U0GUEST")
	ch.Topic, ch.Pins = "topic", []string{}
	w.AddConversation("private_channel", "C2", "closed", "U0BEN")
	w.AddConversation("public_channel", "C3", "open", "U0BEN")
	w.AddConversation("im", "D1", "", "U0ANN", "U0BEN")
	w.AddConversation("mpim", "G1", "mpdm-ann--ben--gus-1", "U0ANN", "U0BEN", "U0GUEST")
	first := w.Say(ch, "U0ANN", "first words &amp; others")
	w.Reply(ch, first, "U0BEN", "a reply").Broadcast = true
	w.Share(ch, "U0ANN", "a.txt", []byte("text"))
	_, f := w.Share(ch, "U0ANN", "b.txt", []byte("lines\nof a snippet"))
	f.Mode = "snippet"
	ch.Pins = append(ch.Pins, first.TS)
	ch.Bookmarks = []map[string]any{{"id": "Bk1", "channel_id": "C1", "title": "wiki", "link": "https://example.com", "type": "link"}}
	w.Lists["F0LIST"] = []string{"a row"}
	return w
}

// ask makes one call.
func ask(t *testing.T, srv *Server, token, method string, args map[string]string) map[string]any {
	t.Helper()
	form := url.Values{}
	for k, v := range args {
		form.Set(k, v)
	}
	r := httptest.NewRequest(http.MethodPost, "https://slack.test/api/"+method, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	var o map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return o
}

// good are calls that every method answers.
var good = map[string]map[string]string{
	"users.list": {"limit": "200"}, "users.info": {"user": "U0ANN"}, "users.conversations": {"types": "public_channel,im"},
	"conversations.list": {"types": "public_channel,private_channel,mpim,im", "limit": "2"}, "conversations.info": {"channel": "C1", "include_num_members": "true"},
	"conversations.members": {"channel": "C1"}, "conversations.history": {"channel": "C1", "limit": "1"}, "conversations.replies": {"channel": "C1", "ts": "?"},
	"files.list": {"channel": "C1"}, "files.info": {"file": "F00000001"}, "bookmarks.list": {"channel_id": "C1"}, "pins.list": {"channel": "C1"},
	"search.messages": {"query": "words"}, "slackLists.items.list": {"list_id": "F0LIST"},
}

// TestAnswersAgree: no answer has a field that Slack's samples have not, nor one
// of another type.
func TestAnswersAgree(t *testing.T) {
	want := map[string][]string{}
	file, err := os.Open("testdata/fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 3 {
			want[f[0]+" "+f[1]] = strings.Split(f[2], ",")
		}
	}
	srv, token := NewServer(full(), t.Errorf)
	srv.Unlimited = true
	for name := range methods {
		if experimental(name) {
			continue
		}
		args := good[name]
		if args["ts"] == "?" {
			args["ts"] = srv.Workspaces[0].Find("C1").Messages[0].TS
		}
		answer := ask(t, srv, token, name, args)
		if answer["ok"] != true {
			t.Errorf("%s: %v", name, answer["error"])
			continue
		}
		eachField(answer, "", func(path, kind string) {
			types := want[name+" "+path]
			if path == "" || path == "ok" || strings.Count(path, ".") > 2 || strings.Contains(path, "response_metadata") {
				return
			}
			if name+" "+path == "conversations.replies messages[].subtype" {
				return // of broadcasts, as the page of the event thread_broadcast says
			}
			if len(types) == 0 {
				t.Errorf("%s: the samples have no %s", name, path)
			} else if !slices.Contains(types, kind) && kind != "null" {
				t.Errorf("%s: %s is a %s, in the samples %v", name, path, kind, types)
			}
		})
	}
}

func eachField(v any, path string, f func(path, kind string)) {
	switch v := v.(type) {
	case map[string]any:
		f(path, "object")
		for k, below := range v {
			if strings.ToLower(k) != k {
				k = "*"
			}
			eachField(below, strings.TrimPrefix(path+"."+k, "."), f)
		}
	case []any:
		f(path, "array")
		for _, below := range v {
			eachField(below, path+"[]", f)
		}
	case string:
		f(path, "string")
	case float64:
		f(path, "number")
	case bool:
		f(path, "boolean")
	default:
		f(path, "null")
	}
}

// TestRefuses: what Slack refuses is refused, with a code that Slack has.
func TestRefuses(t *testing.T) {
	const (
		user    = "" // the token that may do everything
		bot     = "xo" + "xb-bot"
		narrow  = "xo" + "xp-narrow"
		org     = "xo" + "xp-org"
		revoked = "xo" + "xp-revoked"
	)
	for _, c := range []struct {
		token, method string
		args          map[string]string
		code          string
	}{
		{"none", "auth.test", nil, "not_authed"},
		{"xo" + "xp-unknown", "auth.test", nil, "invalid_auth"},
		{revoked, "conversations.history", map[string]string{"channel": "C1"}, "token_revoked"},
		{narrow, "conversations.history", map[string]string{"channel": "C1"}, "missing_scope"},
		{narrow, "conversations.list", map[string]string{"types": "im"}, "missing_scope"},
		{narrow, "users.list", map[string]string{"limit": "1"}, "missing_scope"},
		{narrow, "files.info", map[string]string{"file": "F00000001"}, "missing_scope"},
		{bot, "search.messages", map[string]string{"query": "words"}, "not_allowed_token_type"},
		{bot, "conversations.history", map[string]string{"channel": "C3"}, "not_in_channel"},
		{bot, "conversations.replies", map[string]string{"channel": "C3", "ts": "1714550000.000000"}, "not_in_channel"},
		{bot, "bookmarks.list", map[string]string{"channel_id": "C3"}, "access_denied"},
		{user, "conversations.history", map[string]string{"channel": "C2"}, "channel_not_found"},
		{user, "conversations.history", map[string]string{"channel": "C9"}, "channel_not_found"},
		{user, "conversations.history", nil, "invalid_arguments"},
		{user, "conversations.history", map[string]string{"channel": "C1", "cursor": "bm9uZQ=="}, "invalid_cursor"},
		{user, "conversations.history", map[string]string{"channel": "C1", "latest": "yesterday"}, "invalid_ts_latest"},
		{user, "conversations.history", map[string]string{"channel": "C1", "oldest": "-1"}, "invalid_ts_oldest"},
		{user, "conversations.replies", map[string]string{"channel": "C1", "ts": "1000000000.000000"}, "thread_not_found"},
		{user, "conversations.list", map[string]string{"types": "channels"}, "invalid_types"},
		{user, "conversations.members", map[string]string{"channel": "C1", "cursor": "bm9uZQ=="}, "invalid_cursor"},
		{user, "users.list", nil, "limit_required"},
		{user, "users.info", map[string]string{"user": "U9"}, "user_not_found"},
		{user, "files.info", map[string]string{"file": "F9"}, "file_not_found"},
		{user, "team.info", map[string]string{"team": "T9"}, "team_not_found"},
		{user, "slackLists.items.list", map[string]string{"list_id": "F9"}, "list_not_found"},
		{user, "search.messages", map[string]string{"query": " "}, "no_query"},
		{org, "conversations.list", nil, "missing_argument"},
		{org, "users.list", map[string]string{"limit": "1"}, "missing_argument"},
		{org, "conversations.list", map[string]string{"team_id": "T9"}, "team_not_found"},
	} {
		srv, token := NewServer(full(), t.Errorf)
		srv.Unlimited = true
		srv.Tokens[bot] = &Token{User: "U0BOT", Bot: true, Scopes: ReadScopes}
		srv.Tokens[narrow] = &Token{User: "U0ANN", Scopes: []string{"team:read", "channels:read"}}
		srv.Tokens[org] = &Token{User: "U0ANN", Org: true, Scopes: ReadScopes}
		srv.Tokens[revoked] = &Token{User: "U0ANN", Scopes: ReadScopes, Error: "token_revoked"}
		switch c.token {
		case user:
			c.token = token
		case "none":
			c.token = ""
		}
		answer := ask(t, srv, c.token, c.method, c.args)
		if answer["ok"] != false || answer["error"] != c.code {
			t.Errorf("%s %v: %v, want %s", c.method, c.args, answer["error"], c.code)
		}
		if known := readReference(t)[c.method].Errors; !slices.Contains(slices.Concat(known, common, seen[c.method]), c.code) {
			t.Errorf("%s: Slack has no code %s", c.method, c.code)
		}
	}
}

// TestFailsWhatNoReaderMayCall: a method off the read list fails the test that
// calls it, and so do arguments that Slack has not, pages that are too long, and
// a token in an address.
func TestFailsWhatNoReaderMayCall(t *testing.T) {
	for _, c := range []struct {
		method, query string
		args          map[string]string
	}{
		{method: "chat.postMessage", args: map[string]string{"channel": "C1", "text": "x"}},
		{method: "conversations.join", args: map[string]string{"channel": "C1"}},
		{method: "conversations.mark", args: map[string]string{"channel": "C1"}},
		{method: "conversations.history", args: map[string]string{"channel": "C1", "made": "up"}},
		{method: "conversations.history", args: map[string]string{"channel": "C1", "limit": "1000"}},
		{method: "auth.test", query: "?token=xoxp"},
	} {
		failed := 0
		srv, token := NewServer(full(), func(string, ...any) { failed++ })
		ask(t, srv, token, c.method+c.query, c.args)
		if failed == 0 {
			t.Errorf("%s%s %v was let pass", c.method, c.query, c.args)
		}
	}
}
