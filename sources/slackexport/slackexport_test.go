package slackexport

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mislaid/internal/slackjson"
	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// deniedTree refuses to open some files.
type deniedTree struct {
	tree
	denied map[string]bool
}

func (d deniedTree) open(e entry) (io.ReadCloser, error) {
	if d.denied[e.name] {
		return nil, typed(fs.ErrPermission)
	}
	return d.tree.open(e)
}

// office is a workspace with something in every kind of conversation.
func office() *slacktest.Workspace {
	w := slacktest.NewWorkspace()
	general := w.AddConversation("public_channel", "C1", "general", "U0ANN", "U0BEN", "U0GUEST")
	general.Topic = "topic of general"
	secret := w.AddConversation("private_channel", "G1", "secret", "U0ANN", "U0BEN", "U0GONE")
	group := w.AddConversation("mpim", "G2", "mpdm-ann--ben--gus-1", "U0ANN", "U0BEN", "U0GUEST")
	direct := w.AddConversation("im", "D1", "", "U0ANN", "U0BEN")
	w.Say(general, "U0ANN", "said in general &amp; <https://x.example|there>")
	w.Say(secret, "U0BEN", "said in secret")
	w.Say(group, "U0ANN", "said in group")
	w.Say(direct, "U0BEN", "said in direct")
	w.Share(secret, "U0BEN", "notes.txt", []byte("inside the file"))
	canvas := w.NewFile("U0ANN", "runbook", []byte("<p>inside the canvas</p>"))
	canvas.Mode, canvas.Filetype, canvas.Mimetype, canvas.Shares = "quip", "quip", "application/vnd.slack-docs", []string{"C1", "G1"}
	return w
}

func openExport(t *testing.T, w *slacktest.Workspace, l slacktest.Layout, zipped bool, c Config) *Source {
	t.Helper()
	c.Path = t.TempDir()
	if zipped {
		c.Path = filepath.Join(c.Path, "export.zip")
		if err := w.WriteZip(l, c.Path); err != nil {
			t.Fatal(err)
		}
	} else if err := w.WriteFolder(l, c.Path); err != nil {
		t.Fatal(err)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// found is an item and what is read of it.
type found struct {
	item sources.Item
	text string
}

func readAll(t *testing.T, s *Source) map[string]found {
	t.Helper()
	all := map[string]found{}
	for c, err := range s.Containers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for it, err := range s.Items(t.Context(), c, "") {
			if err != nil {
				t.Logf("%s: %v", it.ID, err)
				continue
			}
			all[it.Path] = found{it, read(t, s, it)}
		}
	}
	return all
}

func read(t *testing.T, s *Source, it sources.Item) string {
	t.Helper()
	b, err := s.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatalf("%s: %v", it.ID, err)
	}
	text, err := io.ReadAll(b)
	if err != nil {
		t.Fatalf("%s: %v", it.ID, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// layoutTexts is what every item of an export of the office must hold, by path.
func layoutTexts(l slacktest.Layout) map[string]string {
	const (
		group  = "group message of ann (U0ANN), ben (U0BEN) and gus (U0GUEST)"
		direct = "direct message of ann (U0ANN) and ben (U0BEN)"
		about  = " (topic, purpose and what else describes it)"
	)
	switch l {
	case slacktest.Person:
		return map[string]string{
			"channels/general.txt": "said in general & <https", "channels/secret.txt": "said in secret", "dms/U0ANN-U0BEN.txt": "said in direct",
			"dms/mpdm-ann--ben--gus-1.txt": "said in group", "files/F00000001-notes.txt": "inside the file",
		}
	case slacktest.Dump:
		return map[string]string{
			"#general/C1.json": "said in general & there https://x.example", "#secret/G1.json": "said in secret", "group message mpdm-ann--ben--gus-1/G2.json": "said in group",
			"direct message D1/D1.json": "said in direct", "G1/F00000001-notes.txt": "inside the file",
		}
	case slacktest.Database:
		return map[string]string{"slackdump.sqlite": "said in secret", "__uploads/F00000001/notes.txt": "inside the file"}
	case slacktest.Chunks:
		return map[string]string{
			"#general/C1.json.gz": "said in general & there https://x.example", "#secret/G1.json.gz": "said in secret",
			group + "/G2.json.gz": "said in group", direct + "/D1.json.gz": "said in direct", "#general" + about: "topic of general", "#secret" + about: "secret", group + about: "mpdm", direct + about: "",
			"__uploads/F00000001/notes.txt": "inside the file", "users.json.gz": "ann", "workspace.json.gz": "Acme",
		}
	}
	want := map[string]string{
		"#general/2024-05-01.json": "said in general & there https://x.example", "#general" + about: "topic of general", "integration_logs.json": "Deploys", "users.json": "ann",
	}
	if l != slacktest.Standard {
		maps.Copy(want, map[string]string{
			"#secret/2024-05-01.json": "said in secret", group + "/2024-05-01.json": "said in group", direct + "/2024-05-01.json": "said in direct",
			"#secret" + about: "secret", group + about: "mpdm", direct + about: "",
		})
	}
	switch l {
	case slacktest.Dumped:
		want["secret/attachments/F00000001-notes.txt"] = "inside the file"
	case slacktest.DumpedMost:
		want["__uploads/F00000001/notes.txt"] = "inside the file"
	default:
		maps.Copy(want, map[string]string{
			"canvases.json": "runbook", "lists.json": "", "huddle_transcripts.json": "", "comments on F00000002:runbook/2024-05-03.json": "a comment on runbook",
			"comments on F00000002:runbook" + about: "FC:F00000002:runbook",
		})
		if l != slacktest.Standard {
			want[".slack-manifest.json"] = "MANUAL"
		}
		if l == slacktest.Enterprise {
			want["org_users.json"] = "ann"
			delete(want, "users.json")
		}
	}
	return want
}

func TestLayouts(t *testing.T) {
	for _, l := range slacktest.Layouts {
		for _, zipped := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s zip %v", l, zipped), func(t *testing.T) {
				s := openExport(t, office(), l, zipped, Config{})
				all := readAll(t, s)
				want := layoutTexts(l)
				for path, text := range want {
					f, ok := all[path]
					if !ok {
						t.Errorf("no %s", path)
						continue
					}
					if !strings.Contains(f.text, text) {
						t.Errorf("%s holds %q", path, f.text)
					}
					if f.item.At != nil && strings.HasPrefix(text, "said") {
						spot := f.item.At(int64(strings.Index(f.text, text)))
						if spot.Time.IsZero() && l == slacktest.Person {
							continue
						}
						if !slackjson.IsTS(spot.Item) || spot.Author == "" || spot.Time.IsZero() || !strings.HasPrefix(spot.Name, "message 2024-05-01 09:0") {
							t.Errorf("%s: %+v", path, spot)
						}
						again, err := s.Item(t.Context(), sources.Ref{Container: f.item.Container, Item: spot.Item})
						if err != nil || again.ID != f.item.ID {
							t.Errorf("%s: the message is found as %q, %v", path, again.ID, err)
						}
					}
				}
				if got := len(all); got != len(want) {
					t.Errorf("%d items: %q", got, slices.Sorted(maps.Keys(all)))
				}
				if l == slacktest.Standard && len(s.Info().Notes) < 2 {
					t.Errorf("notes: %q", s.Info().Notes)
				}
				if s.Private() != (l != slacktest.Standard) {
					t.Error("private")
				}
				shown := fmt.Sprintf("%+v", s.Info())
				for _, f := range all {
					shown += fmt.Sprintf("%q %q %q", f.item.ID, f.item.Path, f.item.Link)
				}
				if strings.Contains(shown, slacktest.ExportToken()) {
					t.Error("the token in the files' addresses is shown")
				}
			})
		}
	}
}

func TestAudiences(t *testing.T) {
	s := openExport(t, office(), slacktest.DumpedMost, true, Config{})
	all := readAll(t, s)
	for path, want := range map[string][]sources.Level{
		"#general/2024-05-01.json":                                      {sources.Organisation, sources.Guests},
		"#secret/2024-05-01.json":                                       {sources.NamedFew},
		"direct message of ann (U0ANN) and ben (U0BEN)/2024-05-01.json": {sources.NamedFew},
		"__uploads/F00000001/notes.txt":                                 {sources.NamedFew},
		"integration_logs.json":                                         nil,
	} {
		a, err := s.Audience(t.Context(), all[path].item)
		if err != nil || !slices.Equal(a.Now.Levels(), want) || len(a.Unresolved) == 0 {
			t.Errorf("%s: %v, %v", path, a, err)
		}
	}
	a, _ := s.Audience(t.Context(), all["#secret/2024-05-01.json"].item)
	if !a.EverKnown || !strings.Contains(fmt.Sprint(a.Past), "gone") {
		t.Errorf("the one who left: %+v", a)
	}
}

// TestWriters: who wrote and is no member, or has no account any more, could read
// it once; an app that wrote reads along; a bot is no human reader.
func TestWriters(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("private_channel", "G1", "secret", "U0ANN", "U0BEN")
	w.Say(c, "U0GONE", "I leave today")
	w.Say(c, "U0GUEST", "so do I")
	w.Say(c, "", "deployed").More = map[string]any{"bot_id": "B0BOT", "user": nil}
	w.Say(c, "U0ANN", "bye")
	s := openExport(t, w, slacktest.Corporate, true, Config{})
	day := readAll(t, s)["#secret/2024-05-01.json"]
	a, err := s.Audience(t.Context(), day.item)
	if err != nil || !slices.Equal(a.Now.Levels(), []sources.Level{sources.NamedFew}) || a.Heads.Min != 2 {
		t.Errorf("%+v, %v", a, err)
	}
	if !a.EverKnown || !slices.Contains(a.Ever.Levels(), sources.Guests) {
		t.Errorf("who left: %+v", a.Ever)
	}
	said := fmt.Sprint(a.Unresolved, a.Machines, a.Past)
	for _, want := range []string{"gone (U0GONE, deactivated)", "gus (U0GUEST)", "deploybot", "the export does not say"} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is missing: %s", want, said)
		}
	}
	if spot := day.item.At(int64(strings.Index(day.text, "I leave today"))); spot.Author != "gone (U0GONE, deactivated)" {
		t.Errorf("%+v", spot)
	}
}

// TestPermalinks: a message is linked to where the export tells the workspace's
// address, and nowhere else.
func TestPermalinks(t *testing.T) {
	w := office()
	w.Share(w.Find("C1"), "U0ANN", "a.txt", []byte("x"))
	s := openExport(t, w, slacktest.Corporate, true, Config{})
	all := readAll(t, s)
	day := all["#general/2024-05-01.json"]
	if spot := day.item.At(int64(strings.Index(day.text, "said"))); !strings.HasPrefix(spot.Link, "https://acme.slack.com/archives/C1/p17145") {
		t.Errorf("%+v", spot)
	}
	day = all["direct message of ann (U0ANN) and ben (U0BEN)/2024-05-01.json"]
	if spot := day.item.At(int64(strings.Index(day.text, "said"))); spot.Link != "" {
		t.Errorf("%+v", spot)
	}
	s = openExport(t, w, slacktest.Chunks, false, Config{}) // which say it in a file of their own
	day = readAll(t, s)["direct message of ann (U0ANN) and ben (U0BEN)/D1.json.gz"]
	if spot := day.item.At(int64(strings.Index(day.text, "said"))); !strings.HasPrefix(spot.Link, "https://acme.slack.com/archives/D1/p17145") {
		t.Errorf("%+v", spot)
	}
}

// TestAcrossDays: what was said in the evening and in the morning is read as one,
// and so are the beginning of a thread and a reply weeks later.
func TestAcrossDays(t *testing.T) {
	w := slacktest.NewWorkspace()
	c := w.AddConversation("public_channel", "C1", "general", "U0ANN")
	parent := w.Say(c, "U0ANN", "beginning of the thread")
	w.Tick(14*time.Hour + 30*time.Minute)
	w.Say(c, "U0ANN", "in the evening")
	w.Tick(time.Hour)
	w.Say(c, "U0BEN", "in the morning")
	w.Tick(20 * 24 * time.Hour)
	w.Reply(c, parent, "U0BEN", "late reply 0123456789abcdef0123")
	s := openExport(t, w, slacktest.Corporate, true, Config{})
	all := readAll(t, s)
	first := all["#general/2024-05-01.json"]
	if i, j := strings.Index(first.text, "in the evening"), strings.Index(first.text, "in the morning"); i < 0 || j < i {
		t.Errorf("%q", first.text)
	}
	twin := all["#general/2024-05-02.json"]
	a := first.item.At(int64(strings.Index(first.text, "in the morning")))
	b := twin.item.At(int64(strings.Index(twin.text, "in the morning")))
	if a.Item != b.Item || a.Item == "" {
		t.Errorf("one message, two names: %+v, %+v", a, b)
	}
	late := all["#general/2024-05-22.json"]
	i, j := strings.Index(late.text, "beginning of the thread"), strings.LastIndex(late.text, "late reply")
	if i < 0 || j < i || j-i > 300 {
		t.Errorf("the reply is not read beside its thread: %q", late.text)
	}
	if spot := late.item.At(int64(j)); spot.Item != parent.TS+"/"+c.Messages[len(c.Messages)-1].TS || !strings.HasPrefix(spot.Name, "thread reply") {
		t.Errorf("%+v", spot)
	}
}

func TestSelection(t *testing.T) {
	only := func(sel slackjson.Selection) string {
		var texts []string
		for _, f := range readAll(t, openExport(t, office(), slacktest.Corporate, true, Config{Select: sel})) {
			texts = append(texts, f.text)
		}
		var said []string
		for _, name := range []string{"general", "secret", "group", "direct"} {
			if strings.Contains(strings.Join(texts, ""), "said in "+name) {
				said = append(said, name)
			}
		}
		return strings.Join(said, " ")
	}
	at := func(minute int) time.Time { return time.Date(2024, 5, 1, 9, minute, 30, 0, time.UTC) }
	for _, c := range []struct {
		name string
		sel  slackjson.Selection
		want string
	}{
		{"all", slackjson.Selection{}, "general secret group direct"},
		{"channels", slackjson.Selection{Channels: []string{"#gen*"}}, "general"},
		{"by id", slackjson.Selection{Channels: []string{"D1", "G1"}}, "secret direct"},
		{"without", slackjson.Selection{ExcludeChannels: []string{"secret"}}, "general group direct"},
		{"types", slackjson.Selection{Forms: []slackjson.Form{slackjson.PublicChannel, slackjson.PrivateChannel}}, "general secret"},
		{"users", slackjson.Selection{Users: []string{"ann"}}, "general group"},
		{"without users", slackjson.Selection{ExcludeUsers: []string{"U0ANN"}}, "secret direct"},
		{"after", slackjson.Selection{After: at(2)}, "group direct"},
		{"before", slackjson.Selection{Before: at(2)}, "general secret"},
		{"another year", slackjson.Selection{After: at(2).AddDate(1, 0, 0)}, ""},
	} {
		if got := only(c.sel); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if _, err := New(Config{Path: t.TempDir(), Select: slackjson.Selection{Channels: []string{"[a"}}}); err == nil {
		t.Error("a bad pattern is taken")
	}
}

func TestNoExport(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(notes, []byte("PK no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, notes, filepath.Join(dir, "nothing")} {
		s, err := New(Config{Path: path})
		if err == nil {
			_ = s.Close()
			t.Errorf("%s is an export", path)
		}
	}
}
