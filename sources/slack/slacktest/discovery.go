package slacktest

import (
	"slices"
	"strconv"
)

// The Discovery API has no public reference. What is here is what programs that
// use it send and expect (slack-watchman for Enterprise Grid, 2023).

func discoveryMethod(answer func(*call) object, required []string, args ...string) method {
	return method{
		perMinute: tier2, scopes: []string{"discovery:read"}, userOnly: true, required: required, args: append(args, "team", "limit", "offset"), most: 1000, usual: 100,
		answer: func(c *call) object {
			if c.Workspaces[0].Enterprise == "" || !c.token.Org {
				return refuse("not_allowed_token_type")
			}
			c.space = nil
			for _, w := range c.Workspaces {
				if w.Team == c.arg("team") {
					c.space = w
				}
			}
			if c.space == nil && c.arg("team") != "" {
				return refuse("team_not_found")
			}
			return answer(c)
		},
	}
}

// offsetPage cuts a list where offset and limit say.
func offsetPage[T any](c *call, name string, all []T) object {
	limit, _ := strconv.Atoi(c.arg("limit"))
	if limit <= 0 {
		limit = c.method.usual
	}
	if c.PageMost > 0 {
		limit = min(limit, c.PageMost)
	}
	from, _ := strconv.Atoi(c.arg("offset"))
	from = min(max(from, 0), len(all))
	to := min(from+limit, len(all))
	o := object{name: all[from:to:to]}
	if to < len(all) {
		o["offset"] = strconv.Itoa(to)
	}
	return o
}

func discoveryEnterprise(c *call) object {
	teams := []object{}
	for _, w := range c.Workspaces {
		teams = append(teams, object{"id": w.Team, "name": w.Name, "domain": w.Domain})
	}
	return object{"enterprise": object{"id": c.Workspaces[0].Enterprise, "name": "Acme", "teams": teams}}
}

func discoveryUsers(c *call) object {
	if c.space == nil {
		return refuse("team_not_found")
	}
	var all []object
	for _, u := range c.space.Users {
		all = append(all, c.space.user(u))
	}
	return offsetPage(c, "users", all)
}

// ownConversations are those of the team that was named; direct messages across
// workspaces belong to none.
func (c *call) ownConversations() (w *Workspace, all []*Conversation) {
	w = c.space
	if w == nil {
		w = c.Workspaces[0]
	}
	for _, v := range w.Conversations {
		if v.Across == (c.space == nil) {
			all = append(all, v)
		}
	}
	return w, all
}

func discoveryConversations(c *call) object {
	w, own := c.ownConversations()
	only := map[string]string{"public_channel": "only_public", "private_channel": "only_private", "mpim": "only_mpim", "im": "only_im"}
	all := []object{}
	for _, v := range own {
		if c.arg(only[v.Form]) == "true" {
			o := w.conversation(v, "")
			delete(o, "is_member")
			all = append(all, o)
		}
	}
	return offsetPage(c, "channels", all)
}

func (c *call) discovered() (*Workspace, *Conversation) {
	w, own := c.ownConversations()
	i := slices.IndexFunc(own, func(v *Conversation) bool { return v.ID == c.arg("channel") })
	if i < 0 {
		return w, nil
	}
	return w, own[i]
}

func discoveryInfo(c *call) object {
	w, v := c.discovered()
	if v == nil {
		return refuse("channel_not_found")
	}
	return object{"info": []object{w.conversation(v, "")}}
}

func discoveryMembers(c *call) object {
	_, v := c.discovered()
	if v == nil {
		return refuse("channel_not_found")
	}
	all := []object{}
	for _, id := range v.Members {
		all = append(all, object{"id": id, "date_joined": 1700000000, "date_left": 0})
	}
	all = append(all, object{"id": "U0GONE", "date_joined": 1600000000, "date_left": 1700000000})
	return offsetPage(c, "members", all)
}

func discoveryHistory(c *call) object {
	w, v := c.discovered()
	if v == nil {
		return refuse("channel_not_found")
	}
	messages := []object{}
	limit, _ := strconv.Atoi(c.arg("limit"))
	if c.PageMost > 0 {
		limit = min(limit, c.PageMost)
	}
	o := object{}
	for _, m := range slices.Backward(v.Messages) {
		if l := c.arg("latest"); l != "" && m.TS >= l || m.TS <= c.arg("oldest") {
			continue
		}
		if len(messages) == limit {
			o["offset"] = messages[limit-1]["ts"]
			break
		}
		messages = append(messages, w.message(v, m, c.base))
	}
	o["messages"] = messages
	return o
}

func discoveryEdits(c *call) object {
	_, v := c.discovered()
	if v == nil {
		return refuse("channel_not_found")
	}
	edits := []object{}
	o := object{}
	for _, m := range slices.Backward(v.Messages) {
		if l := c.arg("latest"); m.Before == "" || l != "" && m.TS >= l {
			continue
		}
		if c.PageMost > 0 && len(edits) == c.PageMost {
			o["offset"] = edits[len(edits)-1]["ts"]
			break
		}
		edits = append(edits, object{"ts": m.TS, "user": m.User, "previous": object{"text": m.Before}})
	}
	o["edits"] = edits
	return o
}
