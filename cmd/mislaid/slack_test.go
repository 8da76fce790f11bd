package main

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mislaid/sources/slack/slacktest"
)

// leakyWorkspace is a workspace in which people handed keys to each other. The
// ids of the keys are in variables: CHANNEL, NIGHT, DM, THREAD, LATE, FILE,
// SNIPPET. Every key is live.
func leakyWorkspace(ts *testscript.TestScript) *slacktest.Workspace {
	keys := newKeyMaker(rand.Uint64())
	key := func(name string) planted {
		k, _ := planting(keys, "live")
		ts.Value("sts").(*fakeSTS).know(k)
		ts.Setenv(name, k.id)
		return k
	}
	w := slacktest.NewWorkspace()
	general := w.AddConversation("public_channel", "C0GENERAL", "general", "U0ANN", "U0BEN", "U0GUEST")
	direct := w.AddConversation("im", "D0DIRECT", "", "U0ANN", "U0BEN")
	chatter := func(c *slacktest.Conversation, n int) {
		for i := range n {
			w.Say(c, []string{"U0ANN", "U0BEN"}[i%2], fmt.Sprintf("nothing to see here, number %d &amp; counting", i))
		}
	}

	chatter(general, 40)
	k := key("CHANNEL") // the id in one message, the secret in the next
	w.Say(general, "U0ANN", "here is the key id you asked for: "+k.id)
	w.Say(general, "U0ANN", "and the secret: "+k.secret)
	chatter(general, 3)

	k = key("THREAD") // the id in a message, the secret in its thread
	parent := w.Say(general, "U0ANN", "the id for the deploy is "+k.id)
	chatter(general, 20)
	w.Reply(general, parent, "U0BEN", "thanks! what is the secret?")
	w.Reply(general, parent, "U0ANN", "aws secret is "+k.secret)

	k = key("FILE")
	w.Share(general, "U0BEN", "credentials.txt", []byte("[default]\naws_access_key_id = "+k.id+"\naws_secret_access_key = "+k.secret+"\n"))

	k = key("SNIPPET") // the id in a message, the secret in its snippet
	m, f := w.Share(general, "U0BEN", "notes.txt", []byte(strings.Repeat("a line\n", 20)+"secret: "+k.secret+"\n"))
	f.Mode, f.Filetype = "snippet", "text"
	m.Text = "the secret for " + k.id + " is in here"

	late := key("LATE") // weeks between the id and the secret
	old := w.Say(general, "U0ANN", "new key is "+late.id)
	w.Tick(13*time.Hour + 30*time.Minute)
	k = key("NIGHT") // one before midnight, one after
	w.Say(general, "U0ANN", "the access key is "+k.id)
	w.Tick(time.Hour)
	w.Say(general, "U0ANN", "its secret is "+k.secret)
	w.Tick(30 * 24 * time.Hour)
	w.Reply(general, old, "U0ANN", "forgot the secret: "+late.secret)

	k = key("DM")
	w.Say(direct, "U0ANN", "aws_access_key_id="+k.id+"\naws_secret_access_key="+k.secret)
	return w
}

// scriptSlackExport writes an export. With "served" a server hands out its files,
// less the one of the name DENIED; only the export's token opens them.
func scriptSlackExport(ts *testscript.TestScript, neg bool, args []string) {
	served := len(args) == 3 && args[2] == "served"
	if neg || len(args) != 2 && !served {
		ts.Fatalf("usage: slack-export FILE LAYOUT [served]")
	}
	w, path := leakyWorkspace(ts), ts.MkAbs(args[0])
	if served {
		_, f := w.Share(w.Find("C0GENERAL"), "U0ANN", "denied.txt", []byte("never seen"))
		f.Deny = true
		srv, _ := slacktest.NewServer(w, func(format string, args ...any) { ts.Logf("the server: "+format, args...) })
		web := httptest.NewServer(srv)
		ts.Defer(web.Close)
		srv.ServeExports(web.URL)
		ts.Setenv("FILES", strings.TrimPrefix(web.URL, "http://"))
	}
	if filepath.Ext(path) == ".zip" {
		ts.Check(w.WriteZip(slacktest.Layout(args[1]), path))
		return
	}
	ts.Check(w.WriteFolder(slacktest.Layout(args[1]), path))
}

func scriptSlackServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: slack-server")
	}
	srv, token := slacktest.NewServer(leakyWorkspace(ts), func(format string, args ...any) { ts.Logf("the server: "+format, args...) })
	srv.Unlimited = true // what waiting there is, is tested under a fake clock
	web := httptest.NewServer(srv)
	ts.Defer(web.Close)
	ts.Setenv("MISLAID_SLACK_API", web.URL+"/api/")
	ts.Setenv("SLACK_TOKEN", token)
}
