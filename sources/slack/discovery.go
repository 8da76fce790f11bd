package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// caller is the methods that a crawl calls.
type caller interface {
	teams(ctx context.Context) ([]team, error)
	users(ctx context.Context, team string, d *slackjson.Directory) error
	conversations(ctx context.Context, team string, form slackjson.Form, f func(raw json.RawMessage) error) error
	conversation(ctx context.Context, id string) (json.RawMessage, error)
	members(ctx context.Context, team, channel string) ([]string, error)
	history(ctx context.Context, team, channel string, s span) (historyPage, error)
	replies(ctx context.Context, team, channel, ts string, s replySpan) (messages []json.RawMessage, next string, err error)
	bookmarks(ctx context.Context, team, channel string) ([]byte, error)
	file(ctx context.Context, id string) (json.RawMessage, error)
	filesIn(ctx context.Context, team, channel string, page int, until int64) (files []json.RawMessage, pages int, err error)
}

// discovery calls the Discovery API, which Slack opens to organisations on
// request and documents for them alone: the methods, their arguments and their
// two ways of paging are as public programs use them (slack-watchman for
// Enterprise Grid, 2023). It shows everybody's conversations, replies among the
// other messages, and what messages said before they were edited.
type discovery struct{ *client }

// errNoDiscovery says what to do where the API is not open.
var errNoDiscovery = errors.New("the Discovery API is not open to this token: it takes an Enterprise organisation, Slack's consent, and an app with the scope discovery:read; use a corporate export instead (slack-export:PATH)")

// post makes one call of slack-go's kind, for methods that slack-go has not got.
func (d discovery) post(ctx context.Context, team, method string, args url.Values) ([]byte, error) {
	args.Set("team", team)
	return d.call(ctx, team, method, func(ctx context.Context, _ *slackgo.Client) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base.String()+method, strings.NewReader(args.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "Bearer "+d.token())
		resp, err := tee(d).Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

// inChannel makes a call about a conversation. Direct messages across workspaces
// belong to none: what a workspace does not know is asked for once more without.
func (d discovery) inChannel(ctx context.Context, team, method, channel string, args url.Values) ([]byte, error) {
	args.Set("channel", channel)
	body, err := d.post(ctx, team, method, args)
	if refused := new(APIError); errors.As(err, &refused) && refused.Code == "channel_not_found" && team != "" {
		return d.post(ctx, "", method, args)
	}
	return body, err
}

// offset is the place from which an answer goes on: a string or a number, ""
// where it ends.
type offset string

// UnmarshalJSON implements json.Unmarshaler.
func (o *offset) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "0" || s == "false" || len(s) > 200 {
		s = ""
	}
	*o = offset(s)
	return nil
}

// eachOffset calls f with every page of a list. A list whose offset stands still
// is refused.
func (d discovery) eachOffset(ctx context.Context, team, method string, args url.Values, post func(context.Context, url.Values) ([]byte, error), f func(body []byte) error) error {
	last := offset("")
	for {
		args.Set("limit", "1000")
		body, err := post(ctx, args)
		if err != nil {
			return err
		}
		var p struct{ Offset offset }
		if err := decode(method, body, &p); err != nil {
			return err
		}
		if err := f(body); err != nil {
			return err
		}
		if p.Offset == "" {
			return nil
		}
		if p.Offset == last {
			return fmt.Errorf("slack: %s: its offset leads nowhere", method)
		}
		last = p.Offset
		args.Set("offset", string(p.Offset))
	}
}

// probe asks whether the API is open.
func (d discovery) probe(ctx context.Context) error {
	_, err := d.teams(ctx)
	if refused := new(APIError); errors.As(err, &refused) && !errors.Is(err, sources.ErrSession) {
		return fmt.Errorf("%w (%w)", errNoDiscovery, err)
	}
	return err
}

func (d discovery) teams(ctx context.Context) ([]team, error) {
	body, err := d.post(ctx, "", "discovery.enterprise.info", url.Values{})
	if err != nil {
		return nil, err
	}
	var answer struct{ Enterprise struct{ Teams []team } }
	if err := decode("discovery.enterprise.info", body, &answer); err != nil {
		return nil, err
	}
	return append(answer.Enterprise.Teams, team{Name: "messages across workspaces"}), nil
}

func (d discovery) users(ctx context.Context, team string, people *slackjson.Directory) error {
	if team == "" {
		return nil // everybody belongs to a workspace
	}
	const method = "discovery.users.list"
	return d.eachOffset(ctx, team, method, url.Values{}, func(ctx context.Context, args url.Values) ([]byte, error) { return d.post(ctx, team, method, args) }, func(body []byte) error {
		var page struct{ Users []json.RawMessage }
		if err := decode(method, body, &page); err != nil {
			return err
		}
		for _, raw := range page.Users {
			if err := people.AddJSON(raw); err != nil {
				return err
			}
		}
		return nil
	})
}

// only are the filters of discovery.conversations.list.
var only = map[slackjson.Form]string{
	slackjson.PublicChannel: "only_public", slackjson.PrivateChannel: "only_private", slackjson.GroupDirect: "only_mpim", slackjson.Direct: "only_im",
}

func (d discovery) conversations(ctx context.Context, team string, form slackjson.Form, f func(raw json.RawMessage) error) error {
	const method = "discovery.conversations.list"
	args := url.Values{only[form]: {"true"}}
	return d.eachOffset(ctx, team, method, args, func(ctx context.Context, args url.Values) ([]byte, error) { return d.post(ctx, team, method, args) }, func(body []byte) error {
		var page struct{ Channels []json.RawMessage }
		if err := decode(method, body, &page); err != nil {
			return err
		}
		for _, raw := range page.Channels {
			if err := f(raw); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d discovery) conversation(ctx context.Context, id string) (json.RawMessage, error) {
	all, err := d.teams(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		body, err := d.inChannel(ctx, t.ID, "discovery.conversations.info", id, url.Values{})
		if errors.Is(err, sources.ErrGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var answer struct{ Info []json.RawMessage }
		if err := decode("discovery.conversations.info", body, &answer); err != nil {
			return nil, err
		}
		if len(answer.Info) > 0 {
			return answer.Info[0], nil
		}
	}
	return nil, fmt.Errorf("slack: no conversation %q: %w", id, sources.ErrGone)
}

func (d discovery) members(ctx context.Context, team, channel string) (all []string, err error) {
	const method = "discovery.conversations.members"
	err = d.eachOffset(ctx, team, method, url.Values{}, func(ctx context.Context, args url.Values) ([]byte, error) {
		return d.inChannel(ctx, team, method, channel, args)
	}, func(body []byte) error {
		var page struct {
			Members []struct {
				ID   string      `json:"id"`
				Left json.Number `json:"date_left"`
			}
		}
		if err := decode(method, body, &page); err != nil {
			return err
		}
		for _, m := range page.Members {
			if left, _ := strconv.ParseInt(m.Left.String(), 10, 64); left == 0 {
				all = append(all, m.ID)
			}
		}
		return nil
	})
	return all, err
}

func (d discovery) history(ctx context.Context, team, channel string, s span) (page historyPage, err error) {
	args := url.Values{"limit": {strconv.Itoa(cmp.Or(s.limit, pageHistory))}}
	if s.oldest != "" {
		args.Set("oldest", s.oldest)
	}
	if s.latest != "" {
		latest := s.latest
		if s.inclusive {
			latest = after(latest)
		}
		args.Set("latest", latest)
	}
	body, err := d.inChannel(ctx, team, "discovery.conversations.history", channel, args)
	if err != nil {
		return page, err
	}
	var answer struct {
		Messages []json.RawMessage
		Offset   offset
	}
	if err := decode("discovery.conversations.history", body, &answer); err != nil {
		return page, err
	}
	page.More = answer.Offset != ""
	for _, raw := range answer.Messages { // whether bounds are inclusive is not known
		m, err := parseMessage(raw)
		if err == nil && s.latest != "" && (m.TS > s.latest || m.TS == s.latest && !s.inclusive) {
			continue
		}
		page.Messages = append(page.Messages, raw)
	}
	return page, nil
}

// after is the timestamp that follows ts.
func after(ts string) string {
	at := slackjson.Time(ts).Add(time.Microsecond)
	return fmt.Sprintf("%010d.%06d", at.Unix(), at.Nanosecond()/1000)
}

// replies are none beside the messages of the history.
func (d discovery) replies(context.Context, string, string, string, replySpan) ([]json.RawMessage, string, error) {
	return nil, "", nil
}

// bookmarks are not shown.
func (d discovery) bookmarks(context.Context, string, string) ([]byte, error) {
	return []byte("{}"), nil
}

// filesIn are none beside those of the messages.
func (d discovery) filesIn(context.Context, string, string, int, int64) ([]json.RawMessage, int, error) {
	return nil, 0, nil
}

// editsID is the item of what messages of a conversation said before they were
// edited or deleted.
const editsID = "edits"

// editsText reads it, as Slack's answers have it.
func (s *Source) editsText(ctx context.Context, ch *channel) *slackjson.Text {
	return slackjson.NewText(slackjson.Part{Open: func() (io.ReadCloser, error) {
		return &editsReader{ctx: ctx, src: s, ch: ch}, nil
	}})
}

// editsReader reads the answers one behind the other.
type editsReader struct {
	ctx    context.Context
	src    *Source
	ch     *channel
	latest string
	rest   []byte
	asked  bool
}

// Read implements io.Reader.
func (r *editsReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.asked && r.latest == "" {
			return 0, io.EOF
		}
		if err := r.src.wait(r.ctx); err != nil {
			return 0, err
		}
		args := url.Values{"limit": {strconv.Itoa(pageHistory)}}
		if r.latest != "" {
			args.Set("latest", r.latest)
		}
		d := discovery{r.src.client}
		body, err := d.inChannel(r.ctx, r.ch.team, "discovery.conversations.edits", r.ch.ID, args)
		if err != nil {
			return 0, err
		}
		var page struct{ Offset offset }
		if err := decode("discovery.conversations.edits", body, &page); err != nil {
			return 0, err
		}
		if r.asked && string(page.Offset) == r.latest {
			return 0, errors.New("slack: discovery.conversations.edits: its offset leads nowhere")
		}
		r.rest, r.asked, r.latest = append(body, '\n'), true, string(page.Offset)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close forgets what was not read.
func (r *editsReader) Close() error {
	clear(r.rest)
	r.rest = nil
	return nil
}
