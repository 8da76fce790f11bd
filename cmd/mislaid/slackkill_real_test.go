//go:build real && linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mislaid/sources/slack/slacktest"
)

// TestSlackKillAndResume kills the built program at calls of Slack's API, with
// and without a search first, resumes, and demands the leaks and gaps of a run
// that nobody disturbed.
func TestSlackKillAndResume(t *testing.T) {
	bin := buildProgram(t)
	rng := rand.New(rand.NewPCG(5, 26))
	w := slacktest.NewWorkspace()
	keys := newKeyMaker(7)
	for i, form := range []string{"im", "private_channel", "public_channel"} {
		c := w.AddConversation(form, []string{"D0ONE", "G0TWO", "C0THREE"}[i], fmt.Sprintf("room-%d", i), "U0ANN", "U0BEN")
		for n := range 120 {
			m := w.Say(c, "U0ANN", fmt.Sprintf("message %d", n))
			k, text := planting(keys, "dead")
			switch n % 40 {
			case 10:
				m.Text = "id " + k.id
				w.Say(c, "U0BEN", "aws secret "+k.secret)
			case 20:
				m.Text = "id " + k.id
				w.Reply(c, m, "U0BEN", "aws secret "+k.secret)
			case 30:
				w.Share(c, "U0BEN", "keys.txt", []byte(text))
			}
		}
	}
	_, hidden := w.Share(w.Conversations[2], "U0BEN", "hidden", nil)
	hidden.Mode = "hidden_by_limit"

	srv, token := slacktest.NewServer(w, t.Errorf)
	srv.Unlimited, srv.PageMost = true, 30
	var calls atomic.Int64
	var at int64
	hit := make(chan struct{})
	srv.Fault = func(http.ResponseWriter, *http.Request, string) bool {
		if n := calls.Add(1); at > 0 && n == at {
			close(hit)
			time.Sleep(time.Minute) // it is killed meanwhile
		}
		return false
	}
	web := httptest.NewServer(srv)
	t.Cleanup(web.CloseClientConnections)
	scan := func(journal string, more ...string) *exec.Cmd {
		args := append([]string{"scan", "slack:", "--slack-api", web.URL + "/api/", "--slack-rate", "1000", "--verify=off", "--journal", journal, "--format", "json", "--progress", "never"}, more...)
		cmd := exec.Command(bin, args...)
		cmd.Env = append(os.Environ(), "SLACK_TOKEN="+token, "HOME="+t.TempDir())
		return cmd
	}
	for _, flags := range [][]string{nil, {"--quick"}} {
		calls.Store(0)
		at = 0
		out, err := scan(filepath.Join(t.TempDir(), "calm.journal"), flags...).Output()
		want, all := chatEssence(t, out, err), calls.Load()
		if len(want.Leaks) < 3*9 || len(want.Gaps) == 0 || all < 30 {
			t.Fatalf("%d calls, %+v", all, want)
		}
		for i := range 6 {
			journal := filepath.Join(t.TempDir(), "run.journal")
			calls.Store(0)
			at, hit = 3+rng.Int64N(all-3), make(chan struct{})
			cmd := scan(journal, flags...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-hit:
			case <-time.After(time.Minute):
				t.Error("the point was never reached")
			}
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Errorf("it ended before it was killed: %v", err)
			}
			_ = cmd.Wait()
			web.CloseClientConnections()
			killed := at
			at = 0
			out, err := scan(journal, "--resume").Output()
			if diff := cmp.Diff(want, chatEssence(t, out, err)); diff != "" {
				t.Errorf("%v, %d, killed at call %d: undisturbed (-), resumed (+):\n%s", flags, i, killed, diff)
			}
		}
	}
}

// chatEssence is what two scans of a workspace must have in common. Where in its
// run a message stands is not: it may be seen in two.
func chatEssence(t *testing.T, out []byte, err error) summary {
	t.Helper()
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 4) {
		t.Fatalf("%v\n%s", err, exit.Stderr)
	}
	var r struct {
		Leaks []struct {
			LeakID    string `json:"leak_id"`
			Severity  string
			Sightings []struct{ Path, Link, Author string }
		}
		Coverage struct {
			Gaps []struct{ Path, Reason string }
		}
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %.200s", err, out)
	}
	var s summary
	for _, l := range r.Leaks {
		for _, x := range l.Sightings {
			s.Leaks = append(s.Leaks, fmt.Sprint(l.LeakID, " ", l.Severity, " ", x))
		}
	}
	for _, g := range r.Coverage.Gaps {
		s.Gaps = append(s.Gaps, fmt.Sprint(g))
	}
	slices.Sort(s.Leaks)
	slices.Sort(s.Gaps)
	return s
}
