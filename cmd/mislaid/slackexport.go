package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"mislaid/internal/slackfiles"
	"mislaid/internal/slackjson"
	"mislaid/sources"
	"mislaid/sources/slackexport"
)

const schemeSlackExport = "slack-export"

var slackExportConnector = connector{
	scheme: schemeSlackExport, what: "an export of Slack: a ZIP or its folder", spelled: "slack-export:PATH",
	claims: func(arg string) bool { return strings.HasPrefix(arg, schemeSlackExport+":") },
	parse: func(arg string) (target, error) {
		path := strings.TrimPrefix(strings.TrimPrefix(arg, schemeSlackExport+":"), "//")
		if path == "" {
			return target{}, errors.New("name the export's ZIP or folder: slack-export:PATH")
		}
		abs, err := filepath.Abs(path)
		return target{scheme: schemeSlackExport, path: schemeSlackExport + ":" + abs}, err
	},
	open:        openSlackExport,
	list:        listSlackExport,
	check:       checkSlackExport,
	permissions: permissionsSlackExport,
}

func openSlackExport(_ context.Context, _ *app, t target, f *crawlFlags) ([]sources.Source, error) {
	src, err := newSlackExport(t, f, f.slack.fetch)
	if err != nil {
		return nil, err
	}
	if f.scans && f.reason == "" && src.Private() {
		_ = src.Close() // nothing was read of it yet
		return nil, fmt.Errorf("%s holds direct messages or private channels of other people: say why they are read, with --reason; it is recorded. Or leave them out with --types public", t)
	}
	return []sources.Source{src}, nil
}

func newSlackExport(t target, f *crawlFlags, fetch bool) (*slackexport.Source, error) {
	sel, err := f.slack.selection()
	if err != nil {
		return nil, err
	}
	config := slackexport.Config{Path: exportPath(t), Select: sel, AllFiles: f.slack.files.value == "all"}
	if fetch && f.slack.files.value != "none" {
		if config.Fetch, err = slackfiles.New(slackfiles.Config{API: f.slack.api, UserAgent: slackAgent(), Ops: f.opsLimiter()}); err != nil {
			return nil, fmt.Errorf("--slack-api: %w", err)
		}
	}
	return slackexport.New(config)
}

func exportPath(t target) string { return strings.TrimPrefix(t.path, schemeSlackExport+":") }

func listSlackExport(ctx context.Context, _ *app, t target, f *crawlFlags) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		src, err := newSlackExport(t, f, false)
		if err != nil {
			yield(listed{}, err)
			return
		}
		defer src.Close()
		about := func(_ context.Context, id string) (string, sources.Audience, error) { return src.Conversation(id) }
		listConversations(ctx, src, about, yield)
	}
}

func checkSlackExport(_ context.Context, _ *app, t target, f *crawlFlags) ([]checked, error) {
	src, err := newSlackExport(t, f, false)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	answers := []checked{{Topic: "access", State: checkOK, Text: fmt.Sprintf(
		"%d public channels, %d private channels, %d group messages, %d direct messages", src.Count(slackjson.PublicChannel),
		src.Count(slackjson.PrivateChannel), src.Count(slackjson.GroupDirect), src.Count(slackjson.Direct))}}
	if src.Private() {
		answers = append(answers, checked{
			Topic: "access", State: checkWarning, Text: "it holds what people said to each other in private: a scan asks why, and records it", Remedy: `mislaid scan --reason "…" ` + shellWord(t.String()),
		})
	}
	for _, note := range src.Info().Notes {
		answers = append(answers, checked{Topic: "note", State: checkWarning, Text: note})
	}
	if st, err := os.Stat(exportPath(t)); err == nil && !st.IsDir() {
		answers = append(answers, checked{Topic: "cost", State: checkOK, Text: fmt.Sprintf("the ZIP has %d MB; text usually unpacks to ten to twenty times that, which is read in place at 100 MB a second or more", st.Size()>>20)})
	}
	return append(answers,
		checked{Topic: "network", State: checkOK, Text: "reading it contacts no host; --fetch-files downloads the files that it links to, from Slack's file hosts only"},
		checked{Topic: "care", State: checkWarning, Text: "addresses in an export carry tokens that open its files: whoever has the ZIP has the files"},
	), nil
}

func permissionsSlackExport(w io.Writer) error {
	_, err := io.WriteString(w, `An export needs no grant but to read the file.

Workspace Owners and Admins make a standard export (public channels) on
https://slack.com/services/export. An export of all conversations, private channels
and direct messages included, is a corporate export: a Workspace Owner applies to
Slack for it (Business+ and Enterprise), and the law may ask for more.

  mislaid check slack-export:acme.zip
  mislaid scan --reason "case 7: leaked deploy keys" slack-export:acme.zip

What slackdump writes is read too: its exports, dumps and archives.

An export holds addresses of files, not the files. --fetch-files downloads them
from files.slack.com with the token that the addresses carry; Slack's logs name
mislaid's user agent. Nothing else is asked, and no token of yours is needed.

Keep the ZIP where only you can read it, and delete it when the case is closed:
the addresses in it carry tokens that open the workspace's files.
`)
	return err
}
