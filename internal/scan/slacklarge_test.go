package scan

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/detectors/detectortest"
	"mislaid/sources"
	"mislaid/sources/slack"
	"mislaid/sources/slack/slacktest"
)

// large is a workspace of 40 channels in which people wrote so many messages, a
// tenth of them beginnings of threads with three replies, and a key in every
// second channel, its halves in two messages and in a thread by turns.
func large(messages int) (w *slacktest.Workspace, threads, keys int) {
	const channels, replies = 40, 3
	made := detectortest.NewKeys(rand.New(rand.NewPCG(9, 9)))
	w = slacktest.NewWorkspace()
	for c := range channels {
		ch := w.AddConversation("public_channel", fmt.Sprintf("C%03d", c), fmt.Sprintf("team-%d", c), "U0ANN", "U0BEN")
		ts := func() string { return slacktest.TS(w.Tick(7 * time.Second)) }
		for n := 0; n < messages/channels; {
			m := &slacktest.Message{TS: ts(), User: "U0ANN", Text: "the build is green again, please have a look at it when you can"}
			ch.Messages = append(ch.Messages, m)
			n++
			plant := c%2 == 0 && n == messages/channels/2+1
			if plant {
				keys++
				m.Text = "key id " + made.KeyID("AKIA", 29608264753)
			}
			if n%10 == 1 || plant && c%4 == 0 {
				threads++
				m.Thread = m.TS
				for r := range replies {
					text := "thanks"
					if plant && r == 1 {
						text = "aws secret " + made.Secret()
					}
					ch.Messages = append(ch.Messages, &slacktest.Message{TS: ts(), Thread: m.TS, User: "U0BEN", Text: text})
					n++
				}
			}
		}
		ch.Freeze()
	}
	return w, threads, keys
}

// TestSlackLarge reads a workspace of 200,000 messages and 20,000 threads at the
// pace that Slack allows, under a fake clock: nothing is asked for too often, and
// it takes little longer than the limits of the tiers make it take.
func TestSlackLarge(t *testing.T) {
	messages := 200_000
	if underRace {
		messages = 20_000 // it takes ten times as long
	}
	w, threads, keys := large(messages)
	synctest.Test(t, func(t *testing.T) {
		srv, token := slacktest.NewServer(w, t.Errorf)
		src, err := slack.New(t.Context(), slack.Config{Token: func() string { return token }, BaseURL: "https://slack.test/api/", Transport: srv})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		s, begun := &session{memSink: &memSink{}}, time.Now()
		if err := Run(t.Context(), []sources.Source{src}, Options{Set: awsSet(t), Sink: s}); err != nil {
			t.Fatal(err)
		}
		took := time.Since(begun)
		least, calls, slowest := srv.Least()
		ratio := took.Seconds() / least.Seconds()
		t.Logf("%d messages, %d threads: %d calls, %.3f a message; %s, and %s allows no less than %s: %.3f times that",
			messages, threads, calls, float64(calls)/float64(messages), took.Round(time.Second), slowest, least.Round(time.Second), ratio)
		for method, n := range srv.Denied {
			t.Errorf("%s was called too often, %d times", method, n)
		}
		if ratio > 1.15 {
			t.Errorf("that is too long")
		}
		if threads < messages/10 || srv.Calls["conversations.replies"] != threads {
			t.Errorf("%d threads, %d calls of replies", threads, srv.Calls["conversations.replies"])
		}
		o := s.outcome()
		if len(o.Gaps) > 0 || len(o.Places) < keys {
			t.Errorf("%d keys at %d places, gaps %v", keys, len(o.Places), o.Gaps)
		}
	})
}
