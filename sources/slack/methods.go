package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	slackgo "github.com/slack-go/slack"

	"mislaid/internal/slackjson"
)

// Items asked for in one page: what Slack allows, or advises where it allows
// more.
const (
	pageHistory = 999
	pageReplies = 1000
	pageList    = 999
	pageMembers = 1000
	pageUsers   = 200
	pageFiles   = 100
	pageSearch  = 100
)

// identity is who the token is.
type identity struct {
	URL        string `json:"url"`
	Team       string `json:"team"`
	TeamID     string `json:"team_id"`
	User       string `json:"user"`
	UserID     string `json:"user_id"`
	BotID      string `json:"bot_id"`
	Enterprise string `json:"enterprise_id"`
	Org        bool   `json:"is_enterprise_install"`
	AppID      string `json:"app_id"`
	AppName    string `json:"app_name"`

	scopes []string // "" where Slack did not say
}

func (c *client) whoAmI(ctx context.Context) (identity, error) {
	var scopes []string
	body, err := c.call(ctx, "", "auth.test", func(ctx context.Context, api *slackgo.Client) error {
		_, err := api.AuthTestContext(ctx)
		if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
			scopes = splitList(x.header.Get("X-Oauth-Scopes"))
		}
		return err
	})
	id := identity{scopes: scopes}
	if err != nil {
		return id, err
	}
	err = decode("auth.test", body, &id)
	return id, err
}

func decode(method string, body []byte, to any) error {
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("slack: %s: an answer of another form than Slack documents", method)
	}
	return nil
}

// pages is the cursor of an answer.
type pages struct {
	Metadata struct {
		Next string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// eachPage calls f with every page of a list that cursors lead through. A cursor
// that has expired begins the list again: f may see things twice.
func (c *client) eachPage(ctx context.Context, team, method string, do func(ctx context.Context, api *slackgo.Client, cursor string) error, f func(body []byte) error) error {
	cursor, again := "", 0
	for {
		body, err := c.call(ctx, team, method, func(ctx context.Context, api *slackgo.Client) error { return do(ctx, api, cursor) })
		var refused *APIError
		if errors.As(err, &refused) && refused.Code == "invalid_cursor" && cursor != "" && again < 3 {
			cursor = ""
			again++
			continue
		}
		if err != nil {
			return err
		}
		var p pages
		if err := decode(method, body, &p); err != nil {
			return err
		}
		if err := f(body); err != nil {
			return err
		}
		if p.Metadata.Next == "" {
			return nil
		}
		if p.Metadata.Next == cursor {
			return fmt.Errorf("slack: %s: its cursor leads nowhere", method)
		}
		cursor = p.Metadata.Next
	}
}

// team is a workspace.
type team struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain string `json:"domain"`
}

// teams lists the workspaces of an organisation's token.
func (c *client) teams(ctx context.Context) ([]team, error) {
	var all []team
	err := c.eachPage(ctx, "", "auth.teams.list", func(ctx context.Context, api *slackgo.Client, cursor string) error {
		_, _, err := api.ListTeamsContext(ctx, slackgo.ListTeamsParameters{Limit: 100, Cursor: cursor})
		return err
	}, func(body []byte) error {
		var page struct{ Teams []team }
		if err := decode("auth.teams.list", body, &page); err != nil {
			return err
		}
		for _, t := range page.Teams {
			if !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
		return nil
	})
	return all, err
}

// users adds the people of a workspace to a directory.
func (c *client) users(ctx context.Context, team string, d *slackjson.Directory) error {
	return c.eachPage(ctx, team, "users.list", func(ctx context.Context, api *slackgo.Client, cursor string) error {
		_, err := api.GetUsersPaginated(slackgo.GetUsersOptionLimit(pageUsers), slackgo.GetUsersOptionTeamID(team),
			slackgo.GetUsersOptionCursor(cursor), slackgo.GetUsersOptionIncludeLocale(false)).Next(ctx)
		return err
	}, func(body []byte) error {
		var page struct{ Members []json.RawMessage }
		if err := decode("users.list", body, &page); err != nil {
			return err
		}
		for _, raw := range page.Members {
			if err := d.AddJSON(raw); err != nil {
				return err
			}
		}
		return nil
	})
}

// conversations lists those of one form that the token sees in a workspace.
func (c *client) conversations(ctx context.Context, team string, form slackjson.Form, f func(raw json.RawMessage) error) error {
	return c.eachPage(ctx, team, "conversations.list", func(ctx context.Context, api *slackgo.Client, cursor string) error {
		_, _, err := api.GetConversationsContext(ctx, &slackgo.GetConversationsParameters{Cursor: cursor, Limit: pageList, Types: []string{form.String()}, TeamID: team})
		return err
	}, func(body []byte) error {
		var page struct{ Channels []json.RawMessage }
		if err := decode("conversations.list", body, &page); err != nil {
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

// conversation asks for one.
func (c *client) conversation(ctx context.Context, id string) (json.RawMessage, error) {
	body, err := c.call(ctx, "", "conversations.info", func(ctx context.Context, api *slackgo.Client) error {
		_, err := api.GetConversationInfoContext(ctx, &slackgo.GetConversationInfoInput{ChannelID: id, IncludeNumMembers: true})
		return err
	})
	if err != nil {
		return nil, err
	}
	var answer struct{ Channel json.RawMessage }
	err = decode("conversations.info", body, &answer)
	return answer.Channel, err
}

// members lists the accounts in a conversation.
func (c *client) members(ctx context.Context, team, channel string) ([]string, error) {
	seen := map[string]bool{}
	var all []string
	err := c.eachPage(ctx, team, "conversations.members", func(ctx context.Context, api *slackgo.Client, cursor string) error {
		_, _, err := api.GetUsersInConversationContext(ctx, &slackgo.GetUsersInConversationParameters{ChannelID: channel, Cursor: cursor, Limit: pageMembers})
		return err
	}, func(body []byte) error {
		var page struct{ Members []string }
		if err := decode("conversations.members", body, &page); err != nil {
			return err
		}
		for _, id := range page.Members {
			if !seen[id] {
				seen[id] = true
				all = append(all, id)
			}
		}
		return nil
	})
	return all, err
}

// span is a stretch of a conversation's time. Bounds are timestamps; "" is none.
type span struct {
	oldest, latest string
	inclusive      bool // of the bounds
	limit          int
}

// historyPage is messages of a conversation, the newest first.
type historyPage struct {
	Messages []json.RawMessage
	More     bool `json:"has_more"`   // there are older ones in the span
	Limited  bool `json:"is_limited"` // there are older ones that the workspace's plan hides
}

// history returns messages of a conversation.
func (c *client) history(ctx context.Context, team, channel string, s span) (page historyPage, err error) {
	limit := s.limit
	if limit == 0 {
		limit = pageHistory
	}
	body, err := c.call(ctx, team, "conversations.history", func(ctx context.Context, api *slackgo.Client) error {
		_, err := api.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{
			ChannelID: channel, Limit: limit, Latest: s.latest, Oldest: s.oldest, Inclusive: s.inclusive, IncludeAllMetadata: true,
		})
		return err
	})
	if err != nil {
		return page, err
	}
	if err := decode("conversations.history", body, &page); err != nil {
		return page, err
	}
	if page.More && limit > cohortItems && len(page.Messages) == cohortItems {
		for _, method := range []string{"conversations.history", "conversations.replies"} {
			c.pace.slowDown(method, cohortPerMinute)
		}
	}
	return page, nil
}

// replySpan is what of a thread is asked for; the parent comes with all of it.
type replySpan struct {
	cursor string
	oldest string // replies after it; "": all
	only   string // that reply alone; "": all
}

// replies returns a page of a thread: its parent, then replies in order of time.
func (c *client) replies(ctx context.Context, team, channel, ts string, s replySpan) (messages []json.RawMessage, next string, err error) {
	p := slackgo.GetConversationRepliesParameters{ChannelID: channel, Timestamp: ts, Cursor: s.cursor, Oldest: s.oldest, Limit: pageReplies, IncludeAllMetadata: true}
	if s.only != "" {
		p.Oldest, p.Latest, p.Inclusive, p.Limit = s.only, s.only, true, 1
	}
	body, err := c.call(ctx, team, "conversations.replies", func(ctx context.Context, api *slackgo.Client) error {
		_, _, _, err := api.GetConversationRepliesContext(ctx, &p)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	var page struct {
		Messages []json.RawMessage
		pages
	}
	err = decode("conversations.replies", body, &page)
	return page.Messages, page.Metadata.Next, err
}

// bookmarks returns what is bookmarked in a conversation, as Slack's answer has
// it.
func (c *client) bookmarks(ctx context.Context, team, channel string) ([]byte, error) {
	return c.call(ctx, team, "bookmarks.list", func(ctx context.Context, api *slackgo.Client) error {
		_, err := api.ListBookmarksContext(ctx, channel)
		return err
	})
}

// file asks for a file.
func (c *client) file(ctx context.Context, id string) (json.RawMessage, error) {
	body, err := c.call(ctx, "", "files.info", func(ctx context.Context, api *slackgo.Client) error {
		_, _, _, err := api.GetFileInfoContext(ctx, id, 1, 1)
		return err
	})
	if err != nil {
		return nil, err
	}
	var answer struct{ File json.RawMessage }
	err = decode("files.info", body, &answer)
	return answer.File, err
}

// filesIn returns a page of the files in a conversation that are not newer than
// until, in seconds (0: no bound); the first page is 1.
func (c *client) filesIn(ctx context.Context, team, channel string, page int, until int64) (files []json.RawMessage, pages int, err error) {
	to := slackgo.JSONTime(slackgo.DEFAULT_FILES_TS_TO)
	if until > 0 {
		to = slackgo.JSONTime(until)
	}
	body, err := c.call(ctx, team, "files.list", func(ctx context.Context, api *slackgo.Client) error {
		_, _, err := api.GetFilesContext(ctx, slackgo.GetFilesParameters{
			Channel: channel, TeamID: team, TimestampTo: to, Types: slackgo.DEFAULT_FILES_TYPES, Count: pageFiles, Page: page, ShowHidden: true,
		})
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	var answer struct {
		Files  []json.RawMessage
		Paging struct{ Pages int }
	}
	err = decode("files.list", body, &answer)
	return answer.Files, answer.Paging.Pages, err
}

// hit is a message that a search found.
type hit struct {
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	TS        string `json:"ts"`
	Permalink string `json:"permalink"`
}

// thread is the thread that the message is a reply in, "" if it is none: only the
// address tells.
func (h hit) thread() string {
	u, err := url.Parse(h.Permalink)
	if ts := u.Query().Get("thread_ts"); err == nil && slackjson.IsTS(ts) && ts != h.TS {
		return ts
	}
	return ""
}

// search returns a page of the messages that a query finds, the newest first, and
// how many pages there are; the first page is 1.
func (c *client) search(ctx context.Context, team, query string, page int) (hits []hit, pages int, err error) {
	body, err := c.call(ctx, team, "search.messages", func(ctx context.Context, api *slackgo.Client) error {
		_, err := api.SearchMessagesContext(ctx, query, slackgo.SearchParameters{TeamID: team, Sort: "timestamp", SortDirection: "desc", Count: pageSearch, Page: page})
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	var answer struct {
		Messages struct {
			Matches []hit
			Paging  struct{ Pages int }
		}
	}
	err = decode("search.messages", body, &answer)
	return answer.Messages.Matches, answer.Messages.Paging.Pages, err
}
