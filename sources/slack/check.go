package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// Overview is what a token can see, found out with a few calls.
type Overview struct {
	User, UserID    string
	Team, TeamID    string
	URL             string
	Enterprise      string   // id of the organisation, "" if there is none
	Workspaces      []string // of an organisation's token
	App             string   // id of the app, as far as Slack tells
	Bot             bool
	Scopes          []string // none: Slack did not say
	Missing         []Scope
	Kinds           []Kind
	Slow            bool // in the cohort of one call a minute
	SlowKnown       bool
	Accounts        int // people and bots
	AccountsKnown   bool
	AccountsProblem error
}

// Kind is how much there is of one form of conversation.
type Kind struct {
	Form     slackjson.Form
	Seen     int // the token sees them
	Readable int
	Problem  error // why they could not be listed
}

// Least is the least time that a crawl takes: a call of history for every
// conversation, at Slack's pace. Every 999 messages more and every thread take
// another call.
func (o Overview) Least() time.Duration {
	n := 0
	for _, k := range o.Kinds {
		n += k.Readable
	}
	rate := perMinute["conversations.history"]
	if o.Slow {
		rate = cohortPerMinute
	}
	return time.Duration(float64(n) / rate * float64(time.Minute)).Round(time.Second)
}

// Overview asks what the token can see. It looks at no content, but that it asks
// for one page of messages of a channel or two, to learn whether Slack counts the
// app among the slow ones, and throws it away.
func (s *Source) Overview(ctx context.Context) (Overview, error) {
	o := Overview{
		User: s.me.User, UserID: s.me.UserID, Team: s.me.Team, TeamID: s.me.TeamID, URL: s.me.URL, Enterprise: s.me.Enterprise, App: s.me.AppID,
		Bot: s.me.BotID != "", Scopes: slices.Clone(s.me.scopes), Missing: missing(s.me.scopes, wantedScopes(s.me.BotID != "")),
	}
	if err := s.load(ctx); err != nil {
		return o, err
	}
	for _, t := range s.spaces {
		if t.ID != "" {
			o.Workspaces = append(o.Workspaces, t.Name+" ("+t.ID+")")
		}
	}
	o.Accounts, o.AccountsKnown, o.AccountsProblem = s.people.Len(), s.people.Complete, s.peopleE
	seen := map[string]bool{}
	var probes []*channel
	for _, form := range forms {
		k := Kind{Form: form}
		list, err := s.list(ctx, form, seen)
		if ctx.Err() != nil {
			return o, ctx.Err()
		}
		k.Seen, k.Problem = len(list), err
		for _, ch := range list {
			if s.closed(ch) == nil {
				k.Readable++
				probes = append(probes, ch)
			}
		}
		o.Kinds = append(o.Kinds, k)
	}
	slices.Reverse(probes) // public channels first
	o.Slow, o.SlowKnown = s.probe(ctx, probes)
	return o, ctx.Err()
}

// probe finds out by two or three calls whether Slack has slowed the app down.
// Slack tells it by a page that is shorter than was asked for, or by a wish to
// wait for most of a minute.
func (s *Source) probe(ctx context.Context, from []*channel) (slow, known bool) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, ch := range from[:min(len(from), 3)] {
		page, err := s.client.history(ctx, ch.team, ch.ID, span{limit: cohortItems + 5})
		if s.client.pace.slowed("conversations.history") {
			return true, true
		}
		if err != nil {
			return false, false
		}
		if len(page.Messages) > cohortItems {
			return false, true
		}
		known = true // several calls at once were answered
	}
	return false, known && len(from) > 1
}

// RecordShapes calls the methods of a crawl once or twice each and notes the form
// of the answers.
func (s *Source) RecordShapes(ctx context.Context) (*Shapes, error) {
	shapes := new(Shapes)
	s.client.record = shapes.add
	defer func() { s.client.record = nil }()
	if _, err := s.client.whoAmI(ctx); err != nil {
		return shapes, err
	}
	back, err := s.loading.take(ctx)
	if err != nil {
		return shapes, err
	}
	s.loaded = false // ask again, with someone watching
	back()
	if err := s.load(ctx); err != nil {
		return shapes, err
	}
	seen := map[string]bool{}
	for _, form := range forms {
		list, _ := s.list(ctx, form, seen) // a refusal has a shape too
		for _, ch := range list[:min(len(list), 3)] {
			if err := s.visit(ctx, ch); err != nil {
				return shapes, err
			}
		}
	}
	return shapes, ctx.Err()
}

// visit calls every method that a crawl calls for a conversation. Refusals are
// part of what is to be seen; only the end of the session is an error.
func (s *Source) visit(ctx context.Context, ch *channel) error {
	fatal := func(err error) error { return fatal(ctx, err) }
	if _, err := s.client.members(ctx, ch.team, ch.ID); fatal(err) != nil {
		return err
	}
	page, err := s.client.history(ctx, ch.team, ch.ID, span{limit: 50})
	if fatal(err) != nil {
		return err
	}
	for _, raw := range page.Messages {
		m, err := parseMessage(raw)
		if err == nil && m.Replies > 0 {
			if _, _, err := s.client.replies(ctx, ch.team, ch.ID, m.TS, replySpan{}); fatal(err) != nil {
				return err
			}
			break
		}
	}
	if _, err := s.client.bookmarks(ctx, ch.team, ch.ID); fatal(err) != nil {
		return err
	}
	files, _, err := s.client.filesIn(ctx, ch.team, ch.ID, 1, 0)
	if fatal(err) != nil || len(files) == 0 {
		return fatal(err)
	}
	f, err := parseFile(files[0])
	if err == nil {
		_, err = s.client.file(ctx, f.ID)
	}
	return fatal(err)
}

// Manifest is the app manifest of an internal app with the scopes of a crawl, for
// a user's token or for a bot's.
func Manifest(bot bool) ([]byte, error) {
	var names []string
	for _, s := range wantedScopes(bot) {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	kind := "user"
	m := map[string]any{
		"display_information": map[string]any{
			"name": "mislaid", "description": "Looks for leaked credentials. Reads only.", "background_color": "#1f2a37",
		},
		"settings": map[string]any{"org_deploy_enabled": false, "socket_mode_enabled": false, "token_rotation_enabled": false},
	}
	if bot {
		kind = "bot"
		m["features"] = map[string]any{"bot_user": map[string]any{"display_name": "mislaid", "always_online": false}}
	}
	m["oauth_config"] = map[string]any{"scopes": map[string]any{kind: names}}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("slack: the manifest: %w", err)
	}
	return append(b, '\n'), nil
}

// Conversation says of a container what kind it is and who can read it.
func (s *Source) Conversation(ctx context.Context, id string) (kind string, a sources.Audience, err error) {
	ch, err := s.channel(ctx, id)
	if err != nil {
		return "", slackjson.Unknown("who can read it could not be asked for", now()), err
	}
	a, err = s.conversation(ctx, ch)
	return ch.Kind(), a, err
}
