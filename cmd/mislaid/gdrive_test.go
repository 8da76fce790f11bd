package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mislaid/sources/gdrive"
	"mislaid/sources/gdrive/drivetest"
)

// leakyOrg is an organisation whose people left keys in Drive. Their ids are in
// variables: LINK (a text file with a link for anyone), DOC (in the second tab of
// a document of Ann's that the organisation can search for), SHEET (in a shared
// drive), PRIVATE (Ben's own), OLD (in a revision), REMARK (in a comment). Every key
// is live.
func leakyOrg(ts *testscript.TestScript) *drivetest.Org {
	keys := newKeyMaker(rand.Uint64())
	key := func(name string) string {
		k, _ := planting(keys, "live")
		ts.Value("sts").(*fakeSTS).know(k)
		ts.Setenv(name, k.id)
		return "aws_access_key_id = " + k.id + "\naws_secret_access_key = " + k.secret + "\n"
	}
	o := drivetest.NewOrg()
	ann, ben, cat := "ann@acme.test", "ben@acme.test", "cat@acme.test"
	for i := range 9 { // so that a group of two is no large one
		o.AddUser(fmt.Sprintf("user%d", i))
	}
	folder := o.Mkdir(ann, "Deploy")
	o.Add(&drivetest.File{Name: "keys.txt", MIME: "text/plain", Owner: ann, Parent: folder.ID, Bytes: []byte(key("LINK")), Permissions: []*drivetest.Permission{o.Grant("anyone", "")}})
	o.Add(&drivetest.File{
		Name: "Runbook", MIME: drivetest.Document, Owner: ann, Permissions: []*drivetest.Permission{o.Grant("domain", "acme.test").Find()},
		Text:    []drivetest.Tab{{Title: "Intro", Text: "nothing\n"}, {Title: "Access", Text: key("DOC")}},
		Exports: map[string][]byte{},
	})
	d := o.AddDrive("Team", "organizer:"+ann, "reader:ops@acme.test", "reader:eve@outside.test")
	o.Put(d.ID, "plan.txt", []byte(key("SHEET")))
	o.AddDrive("Orphan", "organizer:eve@outside.test")
	o.Put(ben, "private.txt", []byte(key("PRIVATE")))
	o.Add(&drivetest.File{Name: "of-cat.txt", MIME: "text/plain", Owner: cat, Bytes: []byte("x"), Permissions: []*drivetest.Permission{o.Grant("user", "eve@outside.test")}})
	old := o.Put(ann, "rotated.txt", []byte("it is gone\n"), o.Grant("user", "eve@outside.test"))
	old.Revisions = []drivetest.Revision{{ID: "r1", Bytes: []byte(key("OLD")), Modified: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}}
	old.Comments = []drivetest.Comment{{ID: "c1", Author: "Ben", Text: "use this one:\n" + key("REMARK")}}
	o.Activities = []drivetest.Activity{
		{Time: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Actor: "eve@outside.test", Event: "download", File: o.FileNamed("keys.txt").ID},
		{Time: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC), Actor: ann, Event: "change_document_visibility", File: o.FileNamed("keys.txt").ID, Visibility: "people_with_link"},
	}
	return o
}

// scriptDriveServer serves that organisation.
func scriptDriveServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: drive-server")
	}
	o := leakyOrg(ts)
	ts.Setenv("KEYSTXT", o.FileNamed("keys.txt").ID)
	srv := drivetest.NewServer(o, func(format string, args ...any) { ts.Logf("the server: "+format, args...) })
	for _, s := range gdrive.DelegatedScopes() {
		srv.Delegated[s.Scope] = s.Scope != gdrive.ScopeApps
	}
	web := httptest.NewServer(srv)
	ts.Defer(web.Close)
	srv.AllowClient("ann@acme.test")
	ts.Check(os.WriteFile(ts.MkAbs("client.json"), srv.ClientFile(web.URL), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("key.json"), srv.KeyFile(), 0o600))
	ts.Setenv("MISLAID_GDRIVE_API", web.URL)
}

// readmeDrive serves the organisation that the README speaks of, in which the
// keys lie, and puts the files that it names into dir. It returns its address.
func readmeDrive(t *testing.T, dir, keys string) string {
	t.Helper()
	o := drivetest.EmptyOrg("example.com")
	o.AddUser("admin").Admin = true
	o.Put("admin@example.com", "keys.txt", []byte(keys), o.Grant("anyone", ""))
	srv := drivetest.NewServer(o, t.Errorf)
	for _, s := range gdrive.DelegatedScopes() {
		srv.Delegated[s.Scope] = true
	}
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	srv.AllowClient("admin@example.com")
	for name, data := range map[string][]byte{"client.json": srv.ClientFile(web.URL), "key.json": srv.KeyFile()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return web.URL
}

// browse is a browser that says yes or no, as $CONSENT has it; "" it says
// nothing.
func browse() {
	if err := consent(os.Args[1], os.Getenv("CONSENT")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func consent(address, say string) error {
	if say == "" {
		return nil
	}
	res, err := http.Get(address) //nolint:gosec,noctx // the test's own server
	if err != nil {
		return err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	m := regexp.MustCompile(`id="` + say + `" href="([^"]*)"`).FindSubmatch(page)
	if m == nil {
		return fmt.Errorf("no such link: %s", page)
	}
	back, err := http.Get(strings.ReplaceAll(string(m[1]), "&amp;", "&")) //nolint:gosec,noctx // our own program
	if err != nil {
		return err
	}
	return back.Body.Close()
}
