package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/slackjson"
	"mislaid/sources"
	"mislaid/sources/slack"
)

const schemeSlack = "slack"

var slackConnector = connector{
	scheme: schemeSlack, what: "a Slack workspace, live, as its token sees it", spelled: "slack:",
	claims: func(arg string) bool { return strings.HasPrefix(arg, "slack:") },
	parse: func(arg string) (target, error) {
		if arg != "slack:" && arg != "slack://" {
			return target{}, errors.New("a workspace is spelled slack: alone; which one it is, is said by the token (--slack-token), and --channels chooses within it")
		}
		return target{scheme: schemeSlack, path: "slack:"}, nil
	},
	define:      func(cmd *cobra.Command, f *crawlFlags) { f.slack.define(cmd) },
	coverage:    []string{"channels", "exclude-channels", "types", "after", "before", "users", "exclude-users", "files", "fetch-files"},
	open:        openSlack,
	list:        listSlack,
	check:       checkSlack,
	permissions: permissionsSlack,
}

// slackFlags are those of Slack, live and exported.
type slackFlags struct {
	token                     credential
	api                       string
	rate                      float64
	channels, excludeChannels []string
	users, excludeUsers       []string
	types                     []string
	after, before             moment
	files                     choice
	fetch                     bool
	shapes                    string
}

// slackTypes are the values of --types, as Slack calls them.
var slackTypes = map[string]slackjson.Form{
	"public": slackjson.PublicChannel, "private": slackjson.PrivateChannel, "mpim": slackjson.GroupDirect, "im": slackjson.Direct,
	"public_channel": slackjson.PublicChannel, "private_channel": slackjson.PrivateChannel,
}

func (f *slackFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.token = credential{from: "env:SLACK_TOKEN"}
	fs.Var(&f.token, "slack-token", "Slack: `where` the token is: "+credentialHelp)
	fs.StringVar(&f.api, "slack-api", "", "Slack: `address` of the API, such as https://slack-gov.com/api/ (default: Slack's)")
	fs.Float64Var(&f.rate, "slack-rate", 1, "Slack: call this `many` times as often as Slack promises to answer: 0.5 is gentler; above 1 it may say so, and is waited for")
	fs.StringArrayVar(&f.channels, "channels", nil, "Slack: only channels with this `name` (a glob) or id (repeatable)")
	fs.StringArrayVar(&f.excludeChannels, "exclude-channels", nil, "Slack: not those with this `name` or id; they are not read at all (repeatable)")
	fs.StringSliceVar(&f.types, "types", nil, "Slack: only these `kinds` of conversations: public, private, mpim, im")
	fs.Var(&f.after, "after", "Slack: only messages written at this `time` or later: 2026-01-31, 2026-01-31T08:00:00Z, or 90d ago")
	fs.Var(&f.before, "before", "Slack: only messages written before this `time`")
	fs.StringArrayVar(&f.users, "users", nil, "Slack: only messages of people with this `name` or id (repeatable)")
	fs.StringArrayVar(&f.excludeUsers, "exclude-users", nil, "Slack: not those of people with this `name` or id (repeatable)")
	choiceVar(cmd, &f.files, "files", "Slack: download which files: likely leaves out pictures, sound and films", "likely", "all", "none")
	fs.BoolVar(&f.fetch, "fetch-files", false, "Slack exports: download the files that the export only links to, from Slack's file hosts, with the token in the links")
	if cmd.Name() == "check" {
		fs.StringVar(&f.shapes, "record-shapes", "", "Slack: write the form of Slack's answers, names of fields and no values, to this new `file`")
	}
}

// selection is what the flags choose.
func (f *slackFlags) selection() (slackjson.Selection, error) {
	s := slackjson.Selection{
		Channels: f.channels, ExcludeChannels: f.excludeChannels, After: time.Time(f.after), Before: time.Time(f.before),
		Users: f.users, ExcludeUsers: f.excludeUsers,
	}
	for _, name := range f.types {
		form, ok := slackTypes[name]
		if !ok {
			return s, fmt.Errorf("--types: %q is none of public, private, mpim, im", name)
		}
		s.Forms = append(s.Forms, form)
	}
	return s, s.Check()
}

func openSlack(ctx context.Context, a *app, t target, f *crawlFlags) ([]sources.Source, error) {
	src, err := newSlack(ctx, a, t, f)
	if err != nil {
		return nil, err
	}
	return []sources.Source{src}, nil
}

func newSlack(ctx context.Context, a *app, _ target, f *crawlFlags) (*slack.Source, error) {
	sel, err := f.slack.selection()
	if err != nil {
		return nil, err
	}
	if !(f.slack.rate > 0) || f.slack.rate > mostRate {
		return nil, fmt.Errorf("--slack-rate: must be above 0 and at most %d", mostRate)
	}
	token, err := f.slack.token.read(a, "Slack token")
	if err != nil {
		return nil, fmt.Errorf("%w; say where it is with --slack-token; \"mislaid permissions slack\" says how to get one", err)
	}
	files := slack.Files(f.slack.files.value)
	if f.slack.files.value == "likely" {
		files = slack.LikelyFiles
	}
	c := slack.Config{
		Token: func() string { return string(token.Reveal()) }, BaseURL: f.slack.api, UserAgent: slackAgent(), Select: sel, Files: files, Ops: f.opsLimiter(), Scale: f.slack.rate,
	}
	if f.choose.quick {
		c.First = slackQueries
	}
	return slack.New(ctx, c)
}

// mostRate is the largest --slack-rate.
const mostRate = 1_000_000

// slackQueries are what --quick searches for before it reads the rest: how keys
// begin, and what people and programs write beside them.
var slackQueries = []string{
	"AKIA*", "ASIA*", "aws_secret_access_key", "aws_access_key_id", "aws_session_token", `"secret access key"`, `"access key"`, `"secret key"`, `"aws secret"`, "credentials.csv",
}

// slackAgent is how we name ourselves to Slack: a team that watches its audit
// logs must be able to tell us from an intruder.
func slackAgent() string { return "mislaid/" + readBuild().version }

func listSlack(ctx context.Context, a *app, t target, f *crawlFlags) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		src, err := newSlack(ctx, a, t, f)
		if err != nil {
			yield(listed{}, err)
			return
		}
		defer src.Close()
		listConversations(ctx, src, src.Conversation, yield)
	}
}

// listConversations yields the containers of a source with their audiences.
func listConversations(ctx context.Context, src sources.Source, about func(context.Context, string) (string, sources.Audience, error), yield func(listed, error) bool) {
	for c, err := range src.Containers(ctx) {
		e := listed{Name: c.Name, Access: "read"}
		switch {
		case err != nil && c.ID == "":
			e = listed{}
		case err != nil:
			e.Access = "cannot be read"
		default:
			kind, audience, aerr := about(ctx, c.ID)
			e.Kind, e.Audience, e.Comment = kind, &audience, c.ID
			err = aerr
		}
		if !yield(e, err) || c.ID == "" {
			return
		}
	}
}

func checkSlack(ctx context.Context, a *app, t target, f *crawlFlags) ([]checked, error) {
	src, err := newSlack(ctx, a, t, f)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	o, err := src.Overview(ctx)
	if err != nil {
		return nil, err
	}
	answers := slackAnswers(o)
	if f.slack.shapes != "" {
		if err := recordShapes(ctx, src, f.slack.shapes); err != nil {
			return answers, err
		}
		answers = append(answers, checked{Topic: "shapes", State: checkOK, Text: "the form of Slack's answers is in " + f.slack.shapes + ": names of fields and no values; look through it before you share it"})
	}
	return answers, nil
}

func recordShapes(ctx context.Context, src *slack.Source, path string) error {
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("--record-shapes: %w", err)
	}
	shapes, err := src.RecordShapes(ctx)
	return errors.Join(err, shapes.Write(w), w.Close())
}

// slackAnswers puts an overview into words.
func slackAnswers(o slack.Overview) []checked {
	var all []checked
	say := func(topic string, state checkState, remedy, format string, args ...any) {
		all = append(all, checked{topic, state, fmt.Sprintf(format, args...), remedy})
	}
	kind := "a user's token"
	if o.Bot {
		kind = "a bot's token"
	}
	say("who", checkOK, "", "%s (%s) of %s (%s), %s: %s", o.User, o.UserID, o.Team, o.TeamID, o.URL, kind)
	if o.Enterprise != "" {
		say("who", checkOK, "", "the workspace belongs to the organisation %s", o.Enterprise)
	}
	if len(o.Workspaces) > 0 {
		say("access", checkOK, "", "%d workspaces: %s", len(o.Workspaces), strings.Join(o.Workspaces, ", "))
	}
	if len(o.Scopes) == 0 {
		say("scopes", checkUnknown, "", "Slack did not say which scopes the token has")
	}
	for _, m := range o.Missing {
		state := checkMissing
		if m.More {
			state = checkWarning
		}
		say("scopes", state, "add "+m.Name+" to the app (mislaid permissions slack) and install it again", "%s is missing: %s", m.Name, m.Why)
	}
	if len(o.Scopes) > 0 && len(o.Missing) == 0 {
		say("scopes", checkOK, "", "all that a crawl needs")
	}
	for _, k := range o.Kinds {
		name := map[slackjson.Form]string{
			slackjson.Direct: "direct messages", slackjson.GroupDirect: "group messages", slackjson.PrivateChannel: "private channels", slackjson.PublicChannel: "public channels",
		}[k.Form]
		switch {
		case k.Problem != nil:
			say("access", checkMissing, "", "%s cannot be listed: %v", name, k.Problem)
		case k.Readable < k.Seen:
			say("access", checkMissing, "invite the bot to them, or use a user token, which reads all public channels", "%s: %d, of which %d cannot be read: the bot is not in them", name, k.Seen, k.Seen-k.Readable)
		default:
			say("access", checkOK, "", "%s: %d", name, k.Seen)
		}
	}
	say("access", checkWarning, "for those: a corporate export (slack-export:PATH), which asks for --reason",
		"direct messages and private channels that %s is not in are not seen, nor counted: no token of a person shows them", o.User)
	switch {
	case o.AccountsKnown:
		say("people", checkOK, "", "%d accounts, with who is a guest, deactivated or a bot", o.Accounts)
	default:
		say("people", checkMissing, "", "not all accounts could be listed, so audiences will be unknown: %v", o.AccountsProblem)
	}
	switch {
	case o.Slow:
		say("limits", checkMissing, "install it as the organisation's own internal app (mislaid permissions slack), or scan an export",
			"Slack answers this app once a minute, 15 messages each: it counts as distributed commercially. A crawl would take months")
	case o.SlowKnown:
		say("limits", checkOK, "", "not among the apps that Slack answers once a minute")
	default:
		say("limits", checkUnknown, "", "whether Slack answers this app once a minute could not be told: there is too little to read")
	}
	say("cost", checkOK, "", "at least %s: a call for each conversation, 50 a minute. Each further 999 messages and each thread is one call more, so 3,000 threads are an hour; files come on top", o.Least())
	say("untried", checkWarning, "please report what differs, with --record-shapes", "this connector has been run against a server made from Slack's documentation, not yet against a real workspace")
	say("tell", checkWarning, "have the service user exempted from anomaly responses, which can sign it out in the middle",
		"the security team, before the crawl: app %s, user %s (%s), this machine's address, user agent %s, and the hours; Slack may report it as data scraping",
		cmp.Or(o.App, "(its id is on api.slack.com/apps)"), o.User, o.UserID, slackAgent())
	return all
}

func permissionsSlack(w io.Writer) error {
	user, err := slack.Manifest(false)
	if err != nil {
		return err
	}
	bot, err := slack.Manifest(true)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, slackPermissions, user, bot)
	return err
}

const slackPermissions = `Slack: install mislaid as your organisation's own internal app. Slack answers
internal apps 50 times a minute; apps that are distributed commercially, once a
minute. Nothing here can write, join or delete.

1. Make a service user for the crawl, or use your own account: the token sees what
   its user sees, which is all public channels, and the private channels and direct
   messages that the user is in.
2. On https://api.slack.com/apps choose "Create New App", "From a manifest", the
   workspace, and paste the manifest for a user token:

%s
3. "Install to Workspace", signed in as that user. An admin may have to approve it.
   For an Enterprise organisation, an org admin installs it for the organisation
   and chooses its workspaces.
4. Copy the User OAuth Token (xoxp-…) into a file that only you can read, and:

     chmod 600 slack-token
     mislaid check --slack-token file:slack-token slack:

5. Tell the security team what check prints under "tell".

A bot reads only channels that it was invited to. If that is what you want:

%s
What nobody's token shows: direct messages and private channels of others. For
those a Workspace Owner exports all conversations (a corporate export), and
mislaid scan --reason "…" slack-export:PATH reads the ZIP.

When the case is closed, uninstall the app: that revokes the token.
`
