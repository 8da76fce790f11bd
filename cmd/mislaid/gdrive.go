package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mislaid/sources"
	"mislaid/sources/gdrive"
)

const schemeDrive = "gdrive"

var driveConnector = connector{
	scheme: schemeDrive, what: "Google Drive: your own; gdrive://ID-or-LINK; gdrive:domain=DOMAIN; gdrive:shared-drive=ID", spelled: "gdrive:",
	claims: func(arg string) bool {
		return strings.HasPrefix(arg, "gdrive:") || strings.HasPrefix(arg, "https://drive.google.com/") || strings.HasPrefix(arg, "https://docs.google.com/")
	},
	parse:       parseDrive,
	define:      func(cmd *cobra.Command, f *crawlFlags) { f.drive.define(cmd) },
	coverage:    []string{"sharing", "owners", "folders", "mime", "revisions", "comments", "viewers", "exclude-ou"},
	open:        openDrive,
	list:        listDrive,
	check:       checkDrive,
	permissions: permissionsDrive,
}

// driveFlags are those of Google Drive. --after and --exclude-users are shared
// with Slack.
type driveFlags struct {
	client, key                  credential
	token                        string
	account, admin, api          string
	adc                          bool
	signIn                       time.Duration
	sharing                      choice
	owners, folders, mime, units []string
	revisions, comments, viewers bool
	budget                       size
}

func (f *driveFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.client = credential{from: "env:GDRIVE_CLIENT"}
	f.key = credential{from: "env:GDRIVE_KEY"}
	fs.Var(&f.client, "gdrive-client", "Drive: `where` the file of your OAuth client (\"Desktop app\") is: "+credentialHelp)
	fs.StringVar(&f.token, "gdrive-token", "", "Drive: `where` your sign-in is kept: keyring:SERVICE/USER or file:PATH (default: the keyring, or a file that only you can read)")
	fs.BoolVar(&f.adc, "gdrive-adc", false, "Drive: sign in by application-default credentials (gcloud auth application-default login)")
	fs.DurationVar(&f.signIn, "gdrive-sign-in", 5*time.Minute, "Drive: wait this `long` for the answer in the browser")
	fs.Var(&f.key, "gdrive-key", "Drive: `where` the key file of a service account with domain-wide delegation is: "+credentialHelp)
	fs.StringVar(&f.account, "gdrive-account", "", "Drive: `address` of such a service account, without a key: application-default credentials have Google sign for it")
	fs.StringVar(&f.admin, "gdrive-admin", "", "Drive: `address` of the administrator as whom the Directory is asked")
	fs.StringVar(&f.api, "gdrive-api", "", "Drive: send what is for Google's hosts to this `address` instead, the host first in the path")
	choiceVar(cmd, &f.sharing, "sharing", "Drive: only what is shared broadly (organisation, large groups, outside), externally, or any ; auto is broad for a domain, else any", "auto", "broad", "external", "any")
	fs.StringArrayVar(&f.owners, "owners", nil, "Drive: only files of people with this `address` (repeatable)")
	fs.StringArrayVar(&f.folders, "folders", nil, "Drive: only what lies below the folder with this `ID` or link (repeatable)")
	fs.StringArrayVar(&f.mime, "mime", nil, "Drive: only files of this MIME `type`, or of all that begin with it up to a slash: text/ (repeatable)")
	fs.StringArrayVar(&f.units, "exclude-ou", nil, "Drive: not those of people in this organisational `unit`, such as /Board; they are not read at all (repeatable)")
	fs.BoolVar(&f.revisions, "revisions", false, "Drive: read older revisions too: what was removed from a file is still there")
	fs.BoolVar(&f.comments, "comments", false, "Drive: read comments and replies too")
	fs.BoolVar(&f.viewers, "viewers", false, "Drive: tell from Google's log who viewed what was found, and since when it was public")
	fs.Var(&f.budget, "download-budget", "Drive: stop after downloading this `much`, such as 200GB; --resume goes on (default: 1TB, what Google allows a project a day)")
}

// googlesBudget is what Google allows a project to download in a day
// (developers.google.com, "Usage limits", 2026).
const googlesBudget = 1_000_000_000_000

// parseDrive reads a target in any of its spellings.
func parseDrive(arg string) (target, error) {
	rest := strings.TrimPrefix(strings.TrimPrefix(arg, "gdrive:"), "//")
	kind, value, named := strings.Cut(rest, "=")
	switch {
	case rest == "":
		return target{scheme: schemeDrive, path: "gdrive:"}, nil
	case named && kind == "domain":
		if !strings.Contains(value, ".") || strings.ContainsAny(value, "/@: ") {
			return target{}, fmt.Errorf("%q is no domain such as example.com", value)
		}
		return target{scheme: schemeDrive, path: "gdrive:domain=" + strings.ToLower(value)}, nil
	case named && kind == "shared-drive":
		id, _, err := gdrive.ParseLink(value)
		if err != nil {
			return target{}, err
		}
		return target{scheme: schemeDrive, path: "gdrive:shared-drive=" + id}, nil
	}
	if id, key, ok := strings.Cut(rest, "?resourcekey="); ok && !strings.Contains(id, "/") {
		rest = "https://drive.google.com/open?id=" + url.QueryEscape(id) + "&resourcekey=" + url.QueryEscape(key)
	}
	id, key, err := gdrive.ParseLink(rest)
	if err != nil {
		return target{}, fmt.Errorf("%w; an organisation is spelled gdrive:domain=example.com, a shared drive gdrive:shared-drive=ID", err)
	}
	path := "gdrive://" + id
	if key != "" {
		path += "?resourcekey=" + key
	}
	return target{scheme: schemeDrive, path: path}, nil
}

// driveTarget is what a target's normal form stands for.
func driveTarget(t target) gdrive.Target {
	rest := strings.TrimPrefix(t.path, "gdrive:")
	if d, ok := strings.CutPrefix(rest, "domain="); ok {
		return gdrive.Target{Domain: d}
	}
	if d, ok := strings.CutPrefix(rest, "shared-drive="); ok {
		return gdrive.Target{SharedDrive: d}
	}
	id, key, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "?resourcekey=")
	return gdrive.Target{Item: id, ResourceKey: key}
}

func openDrive(ctx context.Context, a *app, t target, f *crawlFlags) ([]sources.Source, error) {
	src, err := newDrive(ctx, a, t, f, false)
	if err != nil {
		return nil, err
	}
	return []sources.Source{src}, nil
}

// newDrive signs in. metadata says that no content will be read.
func newDrive(ctx context.Context, a *app, t target, f *crawlFlags, metadata bool) (*gdrive.Source, error) {
	d := &f.drive
	transport := http.RoundTripper(gdrive.NewTransport())
	if d.api != "" {
		var err error
		if transport, err = gdrive.Rebase(d.api, transport); err != nil {
			return nil, fmt.Errorf("--gdrive-api: %w", err)
		}
	}
	c := gdrive.Config{
		Target: driveTarget(t), Transport: transport, UserAgent: "mislaid/" + readBuild().version, Ops: f.opsLimiter(), MetadataOnly: metadata,
		Sharing: gdrive.Sharing(d.sharing.value), After: time.Time(f.slack.after), Owners: d.owners, MIME: d.mime, Revisions: d.revisions, Comments: d.comments,
		Viewers: d.viewers, ExcludeUsers: f.slack.excludeUsers, ExcludeUnits: d.units, Budget: int64(d.budget), Admin: d.admin,
	}
	if d.sharing.value == "auto" {
		c.Sharing = gdrive.AnySharing
		if c.Target.Domain != "" {
			c.Sharing = gdrive.BroadSharing
		}
	}
	if c.Budget == 0 {
		c.Budget = googlesBudget
	}
	for _, folder := range d.folders {
		id, _, err := gdrive.ParseLink(folder)
		if err != nil {
			return nil, fmt.Errorf("--folders: %q: %w", folder, err)
		}
		c.Folders = append(c.Folders, id)
	}
	if err := d.signs(ctx, a, &c); err != nil {
		return nil, err
	}
	if c.Delegation != nil && f.scans && f.reason == "" {
		return nil, fmt.Errorf("%s reads other people's files in their names: say why, with --reason; it is recorded", t)
	}
	if c.Viewers && c.Delegation == nil {
		return nil, errors.New("--viewers: only an organisation's administrator may read Google's log: it needs --gdrive-key or --gdrive-account")
	}
	return gdrive.New(ctx, c)
}

func listDrive(ctx context.Context, a *app, t target, f *crawlFlags) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		src, err := newDrive(ctx, a, t, f, true)
		if err != nil {
			yield(listed{}, err)
			return
		}
		defer func() { _ = src.Close() }() // it only reads
		for c, err := range src.Containers(ctx) {
			if err != nil {
				e := listed{Name: c.Name, Kind: "container", Access: "cannot be read"}
				if c.ID == "" {
					e = listed{}
				}
				if !yield(e, err) || c.ID == "" {
					return
				}
				continue
			}
			for x, err := range src.Audit(ctx, c) {
				e := listed{Name: x.Path, Kind: x.Kind, Comment: x.Link, Audience: &x.Audience}
				if x.ID == "" {
					e = listed{Name: c.Name, Kind: "container", Access: "cannot be read"}
				}
				if skip := new(sources.SkipError); errors.As(err, &skip) {
					e.Skipped, err = skip.Reason, nil
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}
}
