package gdrive

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/sources"
	"mislaid/sources/gdrive/drivetest"
)

const ann, ben, cat, eve = "ann@acme.test", "ben@acme.test", "cat@acme.test", "eve@outside.test"

// listing is what a Source lists, by path.
type listing struct {
	items map[string]sources.Item
	errs  map[string]error
	ends  map[string]error          // by container: why its listing ended early
	last  map[string]sources.Cursor // by container
}

func listAll(t testing.TB, s *Source, after map[string]sources.Cursor) listing {
	t.Helper()
	l := listing{map[string]sources.Item{}, map[string]error{}, map[string]error{}, map[string]sources.Cursor{}}
	for c, err := range s.Containers(t.Context()) {
		if err != nil {
			l.ends[c.ID] = err
			continue
		}
		for it, err := range s.Items(t.Context(), c, after[c.ID]) {
			if it.ID == "" && err != nil {
				l.ends[c.ID] = err
				break
			}
			l.last[c.ID] = it.Cursor
			if it.ID == "" {
				continue
			}
			if _, twice := l.items[it.Path]; twice && it.Path != it.ID {
				t.Errorf("%s is listed twice", it.Path)
			}
			l.items[it.Path], l.errs[it.Path] = it, err
		}
	}
	return l
}

func (l listing) names() []string {
	var all []string
	for path, err := range l.errs {
		if err == nil {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

func contentOf(t testing.TB, s *Source, it sources.Item) string {
	t.Helper()
	b, err := s.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatalf("open %s: %v", it.Path, err)
	}
	data, err := io.ReadAll(b)
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatalf("read %s: %v", it.Path, err)
	}
	return string(data)
}

func personalOf(t testing.TB, srv *drivetest.Server, c Config) *Source {
	t.Helper()
	s, err := personal(t.Context(), srv, ann, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestKinds: what becomes of each kind of file, and why.
func TestKinds(t *testing.T) {
	o := drivetest.NewOrg()
	srv := serverOf(t, o)
	srv.ExportCap = 1000
	docx := exports[mimeDoc].mime
	add := func(name, mime string, f drivetest.File) *drivetest.File {
		f.Name, f.MIME, f.Owner = name, mime, ann
		return o.Add(&f)
	}
	add("doc", drivetest.Document, drivetest.File{Text: []drivetest.Tab{
		{Title: "One", Text: "first\n", Tabs: []drivetest.Tab{{Title: "Below", Text: "nested\n"}}}, {Title: "Two", Text: "second", Suggested: " and a suggestion\n"},
	}})
	add("sheet", drivetest.Sheet, drivetest.File{Exports: map[string][]byte{exports[mimeSheet].mime: []byte("xlsx")}})
	add("large sheet", drivetest.Sheet, drivetest.File{Exports: map[string][]byte{exports[mimeSheet].mime: []byte(strings.Repeat("x", 2000))}})
	add("slides", drivetest.Slides, drivetest.File{Exports: map[string][]byte{exports[mimeSlides].mime: []byte("pptx")}})
	add("script", drivetest.Script, drivetest.File{Exports: map[string][]byte{exports[mimeScript].mime: []byte("{}")}})
	add("notebook.ipynb", "application/vnd.google.colaboratory", drivetest.File{Bytes: []byte("{cells}")})
	add("drawing", drivetest.Drawing, drivetest.File{})
	add("form", drivetest.Form, drivetest.File{})
	add("no download", "text/plain", drivetest.File{NoDownload: true, Permissions: []*drivetest.Permission{o.Grant("anyone", "")}})
	add("abusive", "text/plain", drivetest.File{Bytes: []byte("x"), Abusive: true})
	add("encrypted", "text/plain", drivetest.File{Encrypted: true})
	add("trashed", "text/plain", drivetest.File{Trashed: true, Bytes: []byte("t")})
	keyed := o.Add(&drivetest.File{Name: "keyed", MIME: "text/plain", Owner: eve, Bytes: []byte("k"), ResourceKey: "0-key", NeedsKey: true, Permissions: []*drivetest.Permission{o.Grant("anyone", "")}})
	add("to keyed", drivetest.Shortcut, drivetest.File{Target: keyed.ID})
	add("to doc", drivetest.Shortcut, drivetest.File{Target: o.FileNamed("doc").ID})
	add("again to keyed", drivetest.Shortcut, drivetest.File{Target: keyed.ID})
	add("dangling", drivetest.Shortcut, drivetest.File{Target: "1Fnothing"})
	far := o.Mkdir(eve, "far", o.Grant("anyone", ""))
	add("to folder", drivetest.Shortcut, drivetest.File{Target: far.ID})
	for _, docs := range []bool{true, false} {
		srv.NoDocs = !docs
		o.FileNamed("doc").Exports = map[string][]byte{docx: []byte("docx")}
		s := personalOf(t, srv, Config{})
		l := listAll(t, s, nil)
		want := map[string]string{"doc": "\nBelow\nOne\nTwo\ndoc\nfirst\nnested\nsecond and a suggestion", "sheet": "xlsx", "large sheet": strings.Repeat("x", 2000), "slides": "pptx", "script": "{}", "notebook.ipynb": "{cells}", "trashed (in the trash)": "t", "keyed": "k"}
		if !docs {
			want["doc"] = "docx"
		}
		for name, text := range want {
			it, ok := l.items[ann+"/"+name]
			if err := l.errs[ann+"/"+name]; !ok || err != nil {
				t.Errorf("%s: %v, %v", name, ok, err)
			} else if got := contentOf(t, s, it); got != text && (name != "doc" || sortedLines(got) != text) {
				t.Errorf("%s: %q", name, got)
			}
		}
		for name, says := range map[string]string{
			"drawing": "left out: drawing", "form": "exports nothing of the kind form", "no download": "switched off", "encrypted": "own keys",
			"to keyed": "left out: shortcut", "to doc": "left out: shortcut to what is listed", "again to keyed": "left out: shortcut to what is listed",
			"dangling": "notFound", "to folder": "scan it by itself, as gdrive://" + far.ID,
		} {
			if err := l.errs[ann+"/"+name]; err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", name, err, says)
			}
		}
		exposed := new(sources.ExposedError)
		if err := l.errs[ann+"/no download"]; !errors.As(err, &exposed) || exposed.Audience.Now.AtLeast != sources.AnyoneLink || !errors.Is(err, sources.ErrDenied) {
			t.Errorf("a gap that carries no audience: %v", err)
		}
		if _, err := s.Open(t.Context(), l.items[ann+"/abusive"], 0, -1); !errors.Is(err, sources.ErrDenied) || !errors.As(err, &exposed) || !strings.Contains(err.Error(), "malware") {
			t.Errorf("abusive: %v", err)
		}
	}
	srv.NoExportLinks = true
	s := personalOf(t, srv, Config{})
	l := listAll(t, s, nil)
	if _, err := s.Open(t.Context(), l.items[ann+"/large sheet"], 0, -1); !errors.Is(err, sources.ErrUnsupported) || !strings.Contains(err.Error(), "10 MB") {
		t.Errorf("an export over the cap without a link: %v", err)
	}
}

// sortedLines puts lines in order: a JSON object has none.
func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestFilters: what is wanted is told by what was asked for.
func TestFilters(t *testing.T) {
	o := drivetest.NewOrg()
	for i := range 20 {
		o.AddUser(fmt.Sprint("u", i))
	}
	o.Users[1].Unit = "/Board/Chair"
	srv := serverOf(t, o)
	in := o.Mkdir(ann, "in")
	deeper := o.Add(&drivetest.File{Name: "deeper", MIME: drivetest.Folder, Owner: ann, Parent: in.ID})
	o.Add(&drivetest.File{Name: "below.txt", MIME: "text/plain", Owner: ann, Parent: deeper.ID})
	o.Put(ann, "own", nil)
	o.Put(ann, "org", nil, o.Grant("domain", "acme.test"))
	o.Put(ann, "ops", nil, o.Grant("group", "ops@acme.test"))
	o.Put(ann, "out", nil, o.Grant("user", eve))
	o.Put(ben, "bens", nil, o.Grant("anyone", "").Find())
	o.Add(&drivetest.File{Name: "image", MIME: "image/png", Owner: ann})
	o.Add(&drivetest.File{Name: "ancient", MIME: "text/plain", Owner: ann, Created: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
	d := o.AddDrive("Team", "organizer:"+ann)
	open := o.Mkdir(d.ID, "open", o.Grant("anyone", ""))
	o.Add(&drivetest.File{Name: "inherits", MIME: "text/plain", Drive: d.ID, Parent: open.ID})
	o.Add(&drivetest.File{Name: "cut off", MIME: "text/plain", Drive: d.ID, Parent: open.ID, NoInherit: true})
	o.Put(d.ID, "members only", nil)
	for _, c := range []struct {
		name   string
		config Config
		want   string
	}{
		{"all", Config{}, "ancient below.txt bens cut_off image in inherits members_only ops org out own"},
		{"broad", Config{Sharing: BroadSharing}, "bens inherits org out"},
		{"external", Config{Sharing: ExternalSharing}, "bens inherits out"},
		{"after", Config{After: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}, "below.txt bens cut_off image inherits members_only ops org out own"},
		{"owners", Config{Owners: []string{"Ben@acme.test"}}, "bens"},
		{"folders", Config{Folders: []string{in.ID}}, "below.txt"},
		{"mime", Config{MIME: []string{"image/"}}, "image"},
		{"without ben", Config{ExcludeUsers: []string{ben}}, "ancient below.txt cut_off image inherits members_only ops org out own"},
		{"without the board", Config{ExcludeUnits: []string{"/Board"}}, "ancient below.txt cut_off image inherits members_only ops org out own"},
	} {
		c.config.Target.Domain = "acme.test"
		s := delegate(t, srv, c.config)
		var got []string
		for _, path := range listAll(t, s, nil).names() {
			got = append(got, strings.ReplaceAll(path[strings.LastIndex(path, "/")+1:], " ", "_"))
		}
		slices.Sort(got)
		want := strings.Fields(strings.ReplaceAll(c.want, " in ", " "))
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
}

// TestChanges: a later run lists what changed, was shared or was removed.
func TestChanges(t *testing.T) {
	o := drivetest.NewOrg()
	srv := serverOf(t, o)
	srv.PageMost = 2
	d := o.AddDrive("Team", "organizer:"+ann)
	for i := range 5 {
		o.Put(ann, fmt.Sprint("f", i), []byte("x"))
		o.Put(d.ID, fmt.Sprint("g", i), []byte("x"))
	}
	o.Put(ann, "private", []byte("p"))
	config := Config{Target: Target{Domain: "acme.test"}, Sharing: AnySharing}
	s := delegate(t, srv, config)
	first := listAll(t, s, nil)
	if n := len(first.names()); n != 11 {
		t.Fatalf("%d items", n)
	}
	o.FileNamed("f1").Bytes = []byte("new")
	srv.Touch(o.FileNamed("f1"), true)
	o.FileNamed("private").Permissions = []*drivetest.Permission{o.Grant("anyone", "")}
	srv.Touch(o.FileNamed("private"), false)
	gone := o.FileNamed("g2")
	srv.Remove(gone)
	o.Put(d.ID, "g9", []byte("added"))
	second := listAll(t, delegate(t, srv, config), first.last)
	if got, want := strings.Join(second.names(), " "), ann+"/f1 "+ann+"/private shared drive Team/g9"; got != want {
		t.Errorf("changed: %s", got)
	}
	if err := second.errs[gone.ID]; !errors.Is(err, sources.ErrGone) {
		t.Errorf("removed: %v", err)
	}
	if third := listAll(t, delegate(t, srv, config), second.last); len(third.items) != 0 {
		t.Errorf("nothing changed, yet %v", third.names())
	}
	// What is listed has the version that it is opened with.
	for _, path := range second.names() {
		it := second.items[path]
		contentOf(t, s, it)
	}
	srv.DeadTokens = true
	for id, err := range listAll(t, delegate(t, srv, config), second.last).ends {
		if !errors.Is(err, sources.ErrExpired) {
			t.Errorf("%s: a dead token gives %v", id, err)
		}
	}
}

// TestResumedShortcuts: a listing that goes on at a later page follows the
// shortcuts of the earlier ones too.
func TestResumedShortcuts(t *testing.T) {
	o := drivetest.NewOrg()
	srv := serverOf(t, o)
	srv.PageMost = 3
	far := o.Put(eve, "far", []byte("far"), o.Grant("anyone", ""))
	o.Add(&drivetest.File{Name: "a link", MIME: drivetest.Shortcut, Owner: ann, Target: far.ID})
	for i := range 9 {
		o.Put(ann, fmt.Sprint("f", i), []byte("x"))
	}
	s := personalOf(t, srv, Config{})
	var cursors []sources.Cursor
	c := sources.Container{ID: "user:" + ann}
	for it, err := range s.Items(t.Context(), c, "") {
		if it.ID == "" && err != nil {
			t.Fatal(err)
		}
		if it.ID == far.ID {
			break // it is done
		}
		cursors = append(cursors, it.Cursor)
	}
	if len(cursors) != 9 {
		t.Errorf("%d cursors", len(cursors))
	}
	for _, after := range cursors {
		found := false
		for it := range personalOf(t, srv, Config{}).Items(t.Context(), c, after) {
			found = found || it.ID == far.ID
		}
		if !found {
			t.Errorf("resumed after %s, the target of the first page's shortcut is lost", after)
		}
	}
}

// TestWaits: what passes is waited for, as long as Google says.
func TestWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		code   int
		reason string
		header string
		want   time.Duration // at least
	}{
		{"too many of a user", 403, "userRateLimitExceeded", "", 800 * time.Millisecond},
		{"too many", 403, "rateLimitExceeded", "", 800 * time.Millisecond},
		{"429 with a time", 429, "rateLimitExceeded", "30", 30 * time.Second},
		{"trouble", 503, "backendError", "", 800 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := drivetest.NewOrg()
			srv := serverOf(t, o)
			o.Put(ann, "f", []byte("x"))
			s := personalOf(t, srv, Config{})
			n := 0
			srv.Fault = func(w http.ResponseWriter, _ *http.Request, _, method string) bool {
				if method != "drive.files.list" || n == 3 {
					return false
				}
				n++
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				drivetest.Refuse(w, c.code, c.reason)
				return true
			}
			start := time.Now()
			l := listAll(t, s, nil)
			if len(l.names()) != 1 || n != 3 {
				t.Errorf("%s: %v, %v after %d refusals", c.name, l.names(), l.ends, n)
			}
			if d := time.Since(start); d < 3*c.want {
				t.Errorf("%s: waited %v", c.name, d)
			}
		})
	}
}

// TestStorm: an account whose requests are all refused costs some minutes once,
// and the others go on.
func TestStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := drivetest.NewOrg()
		srv := serverOf(t, o)
		for _, who := range []string{ann, ben, cat} {
			for i := range 20 {
				o.Put(who, fmt.Sprint("f", i), []byte("x"))
			}
		}
		s := delegate(t, srv, Config{Target: Target{Domain: "acme.test"}})
		l := listAll(t, s, nil)
		srv.Fault = func(w http.ResponseWriter, _ *http.Request, subject, _ string) bool {
			if subject != ben {
				return false
			}
			drivetest.Refuse(w, 403, "userRateLimitExceeded")
			return true
		}
		start := time.Now()
		lost, read := 0, 0
		for _, path := range l.names() {
			b, err := s.Open(t.Context(), l.items[path], 0, -1)
			switch {
			case err == nil:
				read++
				_ = b.Close()
			case errors.Is(err, sources.ErrSession):
				lost++
			default:
				t.Errorf("%s: %v", path, err)
			}
		}
		if read != 20 || lost != 20 {
			t.Errorf("read %d, lost %d", read, lost)
		}
		if d := time.Since(start); d > 5*time.Minute {
			t.Errorf("one account's storm cost %v", d)
		}
	})
}

// TestRevoked: one account's grant that is taken away ends its container, not
// the run; a person's own ends the session.
func TestRevoked(t *testing.T) {
	o := drivetest.NewOrg()
	srv := serverOf(t, o)
	o.Put(ann, "a", nil)
	o.Put(ben, "b", nil)
	s := delegate(t, srv, Config{Target: Target{Domain: "acme.test"}})
	l := listAll(t, s, nil)
	srv.Revoke(ben)
	again := listAll(t, s, nil)
	if got := again.names(); len(got) != 1 || got[0] != ann+"/a" {
		t.Errorf("listed %v", got)
	}
	if err := again.ends[l.items[ben+"/b"].Container]; !errors.Is(err, sources.ErrSession) {
		t.Errorf("ben's: %v", err)
	}
	p := personalOf(t, srv, Config{})
	srv.Revoke(ann)
	if err := listAll(t, p, nil).ends[""]; !errors.Is(err, sources.ErrSession) || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("the person's own: %v", err)
	}
}

// TestDelegation: a wrong subject and a scope that is not granted are refused,
// and the error says what to do and nothing of the key.
func TestDelegation(t *testing.T) {
	o := drivetest.NewOrg()
	srv := serverOf(t, o)
	d, err := KeyDelegation(srv.KeyFile(), srv)
	if err != nil {
		t.Fatal(err)
	}
	for who, says := range map[string]string{"nobody@acme.test": "invalid_grant", eve: "of no user of the organisation"} {
		_, err := d.As(t.Context(), who, ScopeContent).Token()
		if !errors.Is(err, sources.ErrSession) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", who, err)
		}
	}
	delete(srv.Delegated, ScopeReports)
	if _, err := d.As(t.Context(), ann, ScopeReports).Token(); err == nil || !strings.Contains(err.Error(), "domain-wide delegation does not grant") {
		t.Errorf("a scope that is not granted: %v", err)
	}
	own := staticToken(srv.Token("robot", scopePrefix+"cloud-platform"))
	keyless := KeylessDelegation(srv.ServiceAccount, own, srv)
	if _, err := keyless.As(t.Context(), ann, ScopeContent).Token(); err != nil {
		t.Errorf("keyless: %v", err)
	}
	if _, err := KeylessDelegation(srv.ServiceAccount, staticToken(srv.Token("robot")), srv).As(t.Context(), ann, ScopeContent).Token(); err == nil || !strings.Contains(err.Error(), "serviceAccountTokenCreator") {
		t.Errorf("keyless without the role: %v", err)
	}
}

// TestBroken: a download whose connection breaks goes on at the next byte.
func TestBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := drivetest.NewOrg()
		srv := serverOf(t, o)
		data := strings.Repeat("0123456789", 1000)
		o.Put(ann, "f", []byte(data))
		s := personalOf(t, srv, Config{})
		n := 0
		srv.Fault = func(w http.ResponseWriter, r *http.Request, _, method string) bool {
			if method == "drive.files.get" && r.URL.Query().Get("alt") == "media" && n < 4 {
				n++
				drivetest.Cut(w, 1234)
			}
			return false
		}
		if got := contentOf(t, s, listAll(t, s, nil).items[ann+"/f"]); got != data || n != 4 {
			t.Errorf("%d bytes, broken %d times", len(got), n)
		}
	})
}

// TestBudget: what may be downloaded in a day is not exceeded, and the rest is
// not done.
func TestBudget(t *testing.T) {
	o := drivetest.NewOrg()
	srv := serverOf(t, o)
	o.Put(ann, "a", []byte(strings.Repeat("x", 600)))
	o.Put(ann, "b", []byte(strings.Repeat("x", 600)))
	s := personalOf(t, srv, Config{Budget: 1000})
	l := listAll(t, s, nil)
	contentOf(t, s, l.items[ann+"/a"])
	b, err := s.Open(t.Context(), l.items[ann+"/b"], 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(b)
	_ = b.Close()
	if _, err2 := io.Copy(io.Discard, mustOpen(t, s, l.items[ann+"/a"])); !errors.Is(err2, sources.ErrSession) {
		t.Errorf("beyond the budget: %v, %v", err, err2)
	}
}

func mustOpen(t *testing.T, s *Source, it sources.Item) sources.Body {
	t.Helper()
	b, err := s.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// TestViewers: the log is read before we open a file, our own events count for
// nothing, and silence is no proof.
func TestViewers(t *testing.T) {
	o := drivetest.NewOrg()
	srv := serverOf(t, o)
	f := o.Put(ann, "f", []byte("x"), o.Grant("user", ben))
	quiet := o.Put(ann, "quiet", []byte("x"))
	day := func(n int) time.Time { return time.Date(2026, 6, n, 0, 0, 0, 0, time.UTC) }
	o.Activities = []drivetest.Activity{
		{Time: day(1), Actor: ann, Event: "change_document_visibility", File: f.ID, Visibility: "people_with_link"},
		{Time: day(2), Actor: eve, Event: "download", File: f.ID},
		{Time: day(5), Actor: eve, Event: "download", File: f.ID},
		{Time: day(3), Actor: ben, Event: "view", File: f.ID},
		{Time: day(4), Actor: ann, Event: "download", File: f.ID, App: srv.Project},
		{Time: day(4), Event: "view", File: f.ID},
	}
	s := delegate(t, srv, Config{Target: Target{Domain: "acme.test"}, Viewers: true})
	l := listAll(t, s, nil)
	var order []string
	srv.Fault = func(_ http.ResponseWriter, r *http.Request, _, method string) bool {
		if r.URL.Query().Get("alt") == "media" {
			method = "media"
		}
		order = append(order, method)
		return false
	}
	contentOf(t, s, l.items[ann+"/f"])
	if a, b := slices.Index(order, "reports.activities.list"), slices.Index(order, "media"); a < 0 || b < a {
		t.Errorf("the log is to be read first: %v", order)
	}
	a, err := s.Audience(t.Context(), l.items[ann+"/f"])
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(a.Viewers.Seen)
	if len(a.Viewers.Seen) != 3 || !strings.Contains(got, eve) || !strings.Contains(got, ben) || !strings.Contains(got, "more than once, last 2026-06-05") {
		t.Errorf("viewers: %v", got)
	}
	if !a.Since.Equal(day(1)) || a.Ever.Set&(1<<sources.AnyoneLink) == 0 || a.Now.Set&(1<<sources.AnyoneLink) != 0 || a.Ever.Set&(1<<sources.Outsiders) == 0 {
		t.Errorf("since %v, ever %v, now %v", a.Since, a.Ever, a.Now)
	}
	contentOf(t, s, l.items[ann+"/quiet"])
	if a, err := s.Audience(t.Context(), l.items[ann+"/quiet"]); err != nil || len(a.Viewers.Seen) != 0 || !strings.Contains(a.Viewers.Limits, "does not say that nobody viewed it") {
		t.Errorf("silence: %+v, %v (%s)", a.Viewers, err, quiet.ID)
	}
}

// TestMachines: applications that the owner let in read along.
func TestMachines(t *testing.T) {
	o := drivetest.NewOrg()
	o.Users[0].Apps = []drivetest.App{{Client: "c1", Name: "PDF Joy", Scopes: []string{ScopeContent}}, {Client: "c2", Name: "Clock", Scopes: []string{"openid"}}}
	srv := serverOf(t, o)
	o.Put(ann, "f", []byte("x"))
	s := delegate(t, srv, Config{Target: Target{Domain: "acme.test"}})
	a, err := s.Audience(t.Context(), listAll(t, s, nil).items[ann+"/f"])
	if err != nil || len(a.Machines) != 1 || !strings.Contains(a.Machines[0].Who, "PDF Joy") {
		t.Errorf("machines: %v, %v", a.Machines, err)
	}
}

// TestResumeRepeatsNothing: a listing that goes on within a page shows what was
// left, each once; a page that now begins otherwise is shown as a whole.
func TestResumeRepeatsNothing(t *testing.T) {
	o := drivetest.NewOrg()
	srv := serverOf(t, o)
	srv.PageMost = 5
	for i := range 13 {
		o.Put(ann, fmt.Sprint("f", i), []byte("x"))
	}
	c := sources.Container{ID: "user:" + ann}
	list := func(after sources.Cursor) (ids []string, cursors []sources.Cursor) {
		for it, err := range personalOf(t, srv, Config{}).Items(t.Context(), c, after) {
			if err != nil {
				t.Fatal(err)
			}
			if it.ID != "" {
				ids, cursors = append(ids, it.ID), append(cursors, it.Cursor)
			}
		}
		return ids, cursors
	}
	all, cursors := list("")
	for i, after := range cursors {
		if rest, _ := list(after); !slices.Equal(rest, all[i+1:]) {
			t.Errorf("after item %d: %d items, want %d", i, len(rest), len(all)-i-1)
		}
	}
	srv.Remove(o.FileNamed("f5"))
	if rest, _ := list(cursors[7]); !slices.Contains(rest, all[8]) || !slices.Contains(rest, all[9]) {
		t.Errorf("the page moved, and something was skipped: %v", rest)
	}
}

func FuzzParseLink(f *testing.F) {
	for _, s := range []string{"", "1234567890abcdefXYZ", "https://drive.google.com/drive/folders/1234567890abcdefXYZ?resourcekey=0-a", "https://docs.google.com/spreadsheets/d/1234567890abcdefXYZ/edit#gid=0", "https://evil.example/d/1234567890abcdefXYZ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, key, err := ParseLink(s)
		if err == nil && (!isID(id) || key != "" && !isID(key)) {
			t.Errorf("%q gives %q and %q", s, id, key)
		}
	})
}

func FuzzFlatten(f *testing.F) {
	for _, s := range []string{"", "{}", `{"title":"T","tabs":[{"documentTab":{"body":{"content":[{"paragraph":{"elements":[{"textRun":{"content":"AB"}},{"textRun":{"content":"CD\n"}}]}}]}}}]}`, `[[[`, `{"content":{"content":"x"}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := flatten(strings.NewReader(s))
		if err == nil && len(text) > 3*len(s)+8 {
			t.Errorf("%d bytes of %d", len(text), len(s))
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(`{"s":"1","p":"2","n":3}`)
	f.Fuzz(func(t *testing.T, s string) {
		c := parseCursor(sources.Cursor(s))
		if again := parseCursor(c.String()); again != c {
			t.Errorf("%q: %+v, then %+v", s, c, again)
		}
	})
}
