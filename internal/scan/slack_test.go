package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"mislaid/detectors"
	"mislaid/detectors/aws"
	"mislaid/detectors/detectortest"
	"mislaid/internal/journal"
	"mislaid/internal/pick"
	"mislaid/sources"
	"mislaid/sources/slack"
	"mislaid/sources/slack/slacktest"
)

// chatty is a workspace with keys in messages, across messages, in threads, in
// snippets and in files, and more pages than one of everything.
func chatty(seed uint64) *slacktest.Workspace {
	keys := detectortest.NewKeys(rand.New(rand.NewPCG(seed, 3)))
	pair := func() (id, sec string) {
		return "the id is " + keys.KeyID("AKIA", 29608264753), "the aws secret is " + keys.Secret()
	}
	w := slacktest.NewWorkspace()
	for i, form := range []string{"im", "private_channel", "public_channel", "public_channel"} {
		c := w.AddConversation(form, []string{"D1", "G1", "C1", "C2"}[i], fmt.Sprintf("room-%d", i), "U0ANN", "U0BEN")
		for n := range 90 {
			m := w.Say(c, "U0ANN", fmt.Sprintf("message %d of %s", n, c.ID))
			switch n % 30 {
			case 7:
				id, sec := pair()
				m.Text = id
				w.Say(c, "U0BEN", sec)
			case 12:
				id, sec := pair()
				m.Text = id
				for range 3 {
					w.Reply(c, m, "U0BEN", "well")
				}
				w.Reply(c, m, "U0BEN", sec)
			case 17:
				id, sec := pair()
				_, f := w.Share(c, "U0BEN", "snip.txt", []byte(id+"\n"+sec+"\n"))
				f.Mode = "snippet"
			case 22:
				id, sec := pair()
				w.Share(c, "U0BEN", "notes.txt", []byte(id+"\n"+sec+"\n"))
			}
		}
	}
	return w
}

// session is one run over a workspace.
type session struct {
	*memSink
	srv   *slacktest.Server
	token string
	err   error
}

// crawlSlack scans a workspace. fault is told before each call which one it is.
func crawlSlack(t *testing.T, ctx context.Context, w *slacktest.Workspace, from []journal.Record, fault func(s *session, n int, method string, w http.ResponseWriter) bool) *session {
	t.Helper()
	return crawlSlackFor(t, ctx, w, from, nil, fault)
}

// crawlSlackFor searches first for what queries find.
func crawlSlackFor(t *testing.T, ctx context.Context, w *slacktest.Workspace, from []journal.Record, queries []string, fault func(s *session, n int, method string, w http.ResponseWriter) bool) *session {
	t.Helper()
	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited, srv.PageMost = true, 25
	s := &session{memSink: &memSink{}, srv: srv, token: token}
	var calls atomic.Int64
	srv.Fault = func(w http.ResponseWriter, _ *http.Request, method string) bool {
		return fault != nil && fault(s, int(calls.Add(1)), method, w)
	}
	src, err := slack.New(ctx, slack.Config{Token: func() string { return token }, BaseURL: "https://slack.test/api/", Transport: srv, Scale: 1e6, First: queries})
	if err != nil {
		s.err = err
		return s
	}
	defer src.Close()
	o := Options{Set: awsSet(t), Sink: s, Jobs: 3, From: lastCheckpoints(from)}
	if len(queries) > 0 {
		o.Rules.Likely = pick.Likely()
	}
	s.err = Run(ctx, []sources.Source{src}, o)
	return s
}

func awsSet(t *testing.T) *detectors.Set {
	t.Helper()
	set, err := detectors.NewSet(aws.New())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// lastCheckpoints are what a resumed run begins with.
func lastCheckpoints(records []journal.Record) []journal.Checkpoint {
	last := map[string]journal.Checkpoint{}
	for _, r := range records {
		if r.Checkpoint != nil && !r.Checkpoint.Likely {
			last[r.Checkpoint.Container] = *r.Checkpoint
		}
	}
	var all []journal.Checkpoint
	for _, c := range last {
		all = append(all, c)
	}
	return all
}

// outcome is what must be the same whatever happened on the way. How many items
// were read is not: after a stop some are read twice.
type outcome struct {
	Places, Gaps []string
}

func (s *session) outcome(before ...journal.Record) outcome {
	f := journal.NewFolder()
	f.Add(journal.Record{Run: &journal.Run{ID: "x"}})
	records := append(slices.Clone(before), s.records()...)
	if len(before) > 0 {
		records = append(slices.Clone(before), append([]journal.Record{{Run: &journal.Run{ID: "x", Part: 1}}}, s.records()...)...)
	}
	for _, r := range records {
		f.Add(r)
	}
	sum := f.Summary()
	var o outcome
	for _, l := range sum.Leaks {
		for _, p := range l.Places {
			o.Places = append(o.Places, fmt.Sprintf("%s %s %s %s", p.Ref.Container, p.Ref.Item, p.KeyID, p.Kind))
		}
	}
	for _, g := range sum.Coverage.Gaps {
		o.Gaps = append(o.Gaps, fmt.Sprintf("%s %s %s", g.Ref, g.Reason, g.Detail))
	}
	slices.Sort(o.Places)
	for _, c := range lastCheckpoints(records) {
		if !c.Done {
			o.Gaps = append(o.Gaps, c.Container+" is not done")
		}
	}
	return o
}

// calm is what an undisturbed run finds, in how many calls.
func calm(t *testing.T, w *slacktest.Workspace) (o outcome, calls int) {
	t.Helper()
	s := crawlSlack(t, t.Context(), w, nil, func(_ *session, n int, _ string, _ http.ResponseWriter) bool { calls = n; return false })
	if s.err != nil {
		t.Fatal(s.err)
	}
	o = s.outcome()
	if len(o.Places) < 40 || len(o.Gaps) > 0 || calls < 60 {
		t.Fatalf("%d calls, %d places, gaps %v", calls, len(o.Places), o.Gaps)
	}
	return o, calls
}

// TestSlackStopAndResume stops a crawl at every call it makes, in any page of
// anything, and goes on with its checkpoints.
func TestSlackStopAndResume(t *testing.T) {
	w := chatty(1)
	want, calls := calm(t, w)
	for at := 2; at <= calls; at++ { // the first one signs in
		ctx, cancel := context.WithCancel(t.Context())
		first := crawlSlack(t, ctx, w, nil, func(_ *session, n int, _ string, _ http.ResponseWriter) bool {
			if n == at {
				cancel()
			}
			return false
		})
		cancel()
		if first.err != nil && !errors.Is(first.err, context.Canceled) {
			t.Fatalf("call %d: %v", at, first.err)
		}
		second := crawlSlack(t, t.Context(), w, first.records(), nil)
		if diff := gocmp.Diff(want, second.outcome(first.records()...)); diff != "" || second.err != nil {
			t.Fatalf("stopped at call %d of %d: %v\nundisturbed (-), resumed (+):\n%s", at, calls, second.err, diff)
		}
	}
}

// TestSlackTokenRevoked takes the token away at every call: what was found so far
// is kept, each error says what happened and what to do, and with a new token the
// run goes on.
func TestSlackTokenRevoked(t *testing.T) {
	w := chatty(2)
	want, calls := calm(t, w)
	for at := 2; at <= calls; at += 3 {
		first := crawlSlack(t, t.Context(), w, nil, func(s *session, n int, _ string, _ http.ResponseWriter) bool {
			if n == at {
				s.srv.Lock()
				s.srv.Tokens[s.token].Error = "token_revoked"
				s.srv.Unlock()
			}
			return false
		})
		if first.err != nil {
			t.Fatalf("call %d: %v", at, first.err)
		}
		told := false
		for _, r := range first.records() {
			if r.Gap == nil {
				continue
			}
			if strings.Contains(r.Gap.Detail, first.token) {
				t.Fatalf("the token is told: %s", r.Gap.Detail)
			}
			if r.Gap.Reason == journal.GapSource && strings.Contains(r.Gap.Detail, "was revoked") && strings.Contains(r.Gap.Detail, "--resume") {
				told = true
			} else {
				t.Fatalf("call %d: a gap that is about something else: %+v", at, *r.Gap)
			}
		}
		if !told {
			t.Fatalf("call %d: nothing says that the token was revoked", at)
		}
		second := crawlSlack(t, t.Context(), w, first.records(), nil)
		if diff := gocmp.Diff(want, second.outcome(first.records()...)); diff != "" || second.err != nil {
			t.Fatalf("revoked at call %d of %d: %v\nundisturbed (-), resumed (+):\n%s", at, calls, second.err, diff)
		}
	}
}

// TestSlackTroubles: what passes is waited for, as long as Slack says and no
// longer, and the run finds what an undisturbed one finds.
func TestSlackTroubles(t *testing.T) {
	const every = 4
	for _, c := range []struct {
		name    string
		trouble func(w http.ResponseWriter)
		each    time.Duration // that a trouble takes at least
		said    bool          // in a body of status 200, which of a file would be its content
	}{
		{"429 with Retry-After", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}, 7 * time.Second, false},
		{"429 without Retry-After", func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) }, time.Minute, false},
		{"ratelimited in a body", func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"ok":false,"error":"ratelimited"}`) }, time.Minute, true},
		{"503", func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<html>down</html>")
		}, 800 * time.Millisecond, false},
		{"500 and JSON", func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"ok":false,"error":"fatal_error"}`)
		}, 800 * time.Millisecond, false},
		{"internal_error", func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"ok":false,"error":"internal_error"}`) }, 800 * time.Millisecond, true},
		{"a page instead of JSON", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>proxy</html>") }, 800 * time.Millisecond, true},
		{"dropped before the answer", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 800 * time.Millisecond, false},
		{"dropped in the middle", func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"ok":true,"messages":[{"type":"mess`)
			panic(http.ErrAbortHandler)
		}, 800 * time.Millisecond, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := chatty(3)
			want, _ := calm(t, w)
			synctest.Test(t, func(t *testing.T) {
				begun, troubles := time.Now(), 0
				s := crawlSlack(t, t.Context(), w, nil, func(s *session, n int, method string, w http.ResponseWriter) bool {
					if n%every != 0 || method == "file" && c.said {
						return false
					}
					troubles++
					c.trouble(w)
					return true
				})
				if s.err != nil {
					t.Fatal(s.err)
				}
				if diff := gocmp.Diff(want, s.outcome()); diff != "" {
					t.Errorf("undisturbed (-), with troubles (+):\n%s", diff)
				}
				if took := time.Since(begun); troubles < 15 || took < c.each || took > time.Duration(troubles)*(2*c.each+time.Minute) {
					t.Errorf("%d troubles took %s", troubles, took)
				}
			})
		})
	}
}

// TestSlackQuick searches first: what stands around the hits is read before
// anything else, is told once, and in the end all is read as without.
func TestSlackQuick(t *testing.T) {
	w := chatty(4)
	old := w.AddConversation("public_channel", "C9", "old", "U0BEN")
	keys := detectortest.NewKeys(rand.New(rand.NewPCG(44, 4)))
	first, second := keys.KeyID("AKIA", 29608264753), keys.KeyID("AKIA", 29608264753)
	for n := range 200 {
		m := w.Say(old, "U0BEN", fmt.Sprintf("old message %d", n))
		switch n {
		case 40:
			m.Text = "the new id is " + first
			w.Say(old, "U0BEN", "its aws secret is "+keys.Secret())
		case 90:
			m.Text = "who needs it?"
			w.Reply(old, m, "U0BEN", "look, aws_access_key_id="+second+" aws_secret_access_key="+keys.Secret())
		}
	}
	want, plainCalls := calm(t, w)
	queries := []string{"AKIA*", "aws_access_key_id"}
	var order []string
	s := crawlSlackFor(t, t.Context(), w, nil, queries, func(_ *session, _ int, method string, _ http.ResponseWriter) bool {
		order = append(order, method)
		return false
	})
	if diff := gocmp.Diff(want, s.outcome()); diff != "" || s.err != nil {
		t.Errorf("%v: plain (-), quick (+):\n%s", s.err, diff)
	}
	begun := slices.Index(order, "conversations.list")
	if n := slices.Index(order, "search.messages"); n < 0 || n > begun {
		t.Errorf("searched at call %d, listed at call %d", n, begun)
	}
	early := map[string]bool{}
	for _, r := range s.records() {
		if r.Checkpoint != nil && !r.Checkpoint.Likely {
			break
		}
		if r.Sighting != nil {
			early[r.Sighting.KeyID] = true
			if r.Sighting.Ref.Container == "search" {
				t.Errorf("a place in the search: %+v", r.Sighting.Ref)
			}
		}
	}
	if !early[first] || !early[second] || len(early) < len(want.Places)/3 {
		t.Errorf("of %d places %d keys were read ahead", len(want.Places), len(early))
	}
	t.Logf("%d calls, %d with a search first; %d keys ahead", plainCalls, len(order), len(early))
	if got, plain := itemsRead(s.records()), itemsRead(crawlSlack(t, t.Context(), w, nil, nil).records()); got != plain {
		t.Errorf("%d items read, %d without", got, plain)
	}

	// It is stopped in the search, and goes on.
	for at := 3; at < 40; at += 4 {
		ctx, cancel := context.WithCancel(t.Context())
		half := crawlSlackFor(t, ctx, w, nil, queries, func(_ *session, n int, _ string, _ http.ResponseWriter) bool {
			if n == at {
				cancel()
			}
			return false
		})
		cancel()
		rest := crawlSlackFor(t, t.Context(), w, half.records(), queries, nil)
		if diff := gocmp.Diff(want, rest.outcome(half.records()...)); diff != "" || rest.err != nil {
			t.Errorf("stopped at call %d: %v: plain (-), quick (+):\n%s", at, rest.err, diff)
		}
	}
}

func itemsRead(records []journal.Record) (n int64) {
	for _, c := range lastCheckpoints(records) {
		n += c.Counts.Items
	}
	return n
}
