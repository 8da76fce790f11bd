package slacktest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// page cuts a list at what was asked for: from is where it begins, next the
// cursor behind it. bad says that the cursor is none.
func (c *call) page(n int) (from, to int, next string, bad bool) {
	limit, _ := strconv.Atoi(cmpOr(c.arg("limit"), c.arg("count")))
	if limit <= 0 {
		limit = c.method.usual
	}
	if limit <= 0 {
		limit = n
	}
	if c.PageMost > 0 {
		limit = min(limit, c.PageMost)
	}
	if cur := c.arg("cursor"); cur != "" {
		raw, err := base64.StdEncoding.DecodeString(cur)
		at, aerr := strconv.Atoi(strings.TrimPrefix(string(raw), c.name+":"))
		if err != nil || aerr != nil || at > n || c.DeadCursors {
			return 0, 0, "", true
		}
		from = at
	}
	to = min(from+limit, n)
	if to < n {
		next = base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("%s:%d", c.name, to)))
	}
	return from, to, next, false
}

// listed is an answer with a page of a list under a name.
func listed[T any](c *call, name string, all []T) object {
	from, to, next, bad := c.page(len(all))
	if bad {
		return refuse("invalid_cursor")
	}
	return object{name: all[from:to:to], "response_metadata": object{"next_cursor": next}}
}

func authTest(c *call) object {
	w := c.Workspaces[0]
	o := object{"url": "https://" + w.Domain + ".slack.com/", "team": w.Name, "team_id": w.Team, "user": "", "user_id": c.token.User, "is_enterprise_install": c.token.Org}
	for _, u := range w.Users {
		if u.ID == c.token.User {
			o["user"] = u.Name
		}
	}
	if w.Enterprise != "" {
		o["enterprise_id"] = w.Enterprise
	}
	if c.token.Bot {
		o["bot_id"] = "B0BOT"
	}
	return o
}

func teamsList(c *call) object {
	var teams []object
	for _, w := range c.Workspaces {
		teams = append(teams, object{"id": w.Team, "name": w.Name})
	}
	return listed(c, "teams", teams)
}

func teamInfo(c *call) object {
	for _, w := range c.Workspaces {
		if c.arg("team") == "" && w == c.space || w.Team == c.arg("team") {
			return object{"team": object{"id": w.Team, "name": w.Name, "domain": w.Domain, "email_domain": "", "enterprise_id": w.Enterprise}}
		}
	}
	return refuse("team_not_found")
}

func usersList(c *call) object {
	var all []object
	for _, u := range c.space.Users {
		all = append(all, c.space.user(u))
	}
	return listed(c, "members", all)
}

func usersInfo(c *call) object {
	for _, u := range c.space.Users {
		if u.ID == c.arg("user") {
			return object{"user": c.space.user(u)}
		}
	}
	return refuse("user_not_found")
}

// sees reports whether the token sees a conversation at all; reads, whether it
// may read what is in it.
func (c *call) sees(v *Conversation) bool {
	return v.Form == "public_channel" || slices.Contains(v.Members, c.token.User)
}

func (c *call) reads(v *Conversation) bool {
	return slices.Contains(v.Members, c.token.User) || v.Form == "public_channel" && !c.token.Bot
}

func (c *call) conversations(only func(*Conversation) bool) object {
	types := strings.Split(cmpOr(c.arg("types"), "public_channel"), ",")
	for _, t := range types {
		if !slices.Contains([]string{"public_channel", "private_channel", "mpim", "im"}, t) {
			return refuse("invalid_types")
		}
		if o := c.formScope(t); o != nil {
			return o
		}
	}
	var all []object
	for _, v := range c.space.Conversations {
		if archived, _ := v.More["is_archived"].(bool); archived && c.arg("exclude_archived") == "true" {
			continue
		}
		if slices.Contains(types, v.Form) && only(v) {
			all = append(all, c.space.conversation(v, c.token.User))
		}
	}
	return listed(c, "channels", all)
}

func conversationsList(c *call) object { return c.conversations(c.sees) }

func usersConversations(c *call) object {
	return c.conversations(func(v *Conversation) bool { return slices.Contains(v.Members, c.token.User) })
}

// conversation finds the one that a call is about.
func (c *call) conversation() (*Conversation, object) {
	v := c.space.Find(cmpOr(c.arg("channel"), c.arg("channel_id")))
	if v == nil || !c.sees(v) {
		return nil, refuse("channel_not_found")
	}
	return v, c.formScope(v.Form)
}

func conversationsInfo(c *call) object {
	v, bad := c.conversation()
	if bad != nil {
		return bad
	}
	return object{"channel": c.space.conversation(v, c.token.User)}
}

func conversationsMembers(c *call) object {
	v, bad := c.conversation()
	if bad != nil {
		return bad
	}
	return listed(c, "members", v.Members)
}

// span keeps what lies between oldest and latest.
func (c *call) span(all []*Message) []*Message {
	oldest, latest, inclusive := c.arg("oldest"), c.arg("latest"), c.arg("inclusive") == "1" || c.arg("inclusive") == "true"
	var out []*Message
	for _, m := range all {
		if oldest != "" && oldest != "0" && (m.TS < oldest || m.TS == oldest && !inclusive) {
			continue
		}
		if latest != "" && (m.TS > latest || m.TS == latest && !inclusive) {
			continue
		}
		out = append(out, m)
	}
	return out
}

func conversationsHistory(c *call) object {
	v, bad := c.conversation()
	if bad != nil {
		return bad
	}
	if !c.reads(v) {
		return refuse("not_in_channel")
	}
	var all []*Message
	for _, m := range slices.Backward(c.span(v.Messages)) { // the newest first
		if m.Thread == "" || m.Thread == m.TS || m.Broadcast {
			all = append(all, m)
		}
	}
	if c.Cohort {
		c.args["limit"] = "15"
	}
	from, to, next, bad2 := c.page(len(all))
	if bad2 {
		return refuse("invalid_cursor")
	}
	messages := []object{}
	for _, m := range all[from:to] {
		messages = append(messages, c.space.message(v, m, c.base))
	}
	o := object{"messages": messages, "has_more": next != "", "pin_count": len(v.Pins), "channel_actions_ts": nil, "channel_actions_count": 0}
	if next != "" {
		o["response_metadata"] = object{"next_cursor": next}
	}
	return o
}

func conversationsReplies(c *call) object {
	v, bad := c.conversation()
	if bad != nil {
		return bad
	}
	if !c.reads(v) {
		return refuse("not_in_channel")
	}
	i := slices.IndexFunc(v.Messages, func(m *Message) bool { return m.TS == c.arg("ts") })
	if i < 0 {
		return refuse("thread_not_found")
	}
	parent := v.Messages[i]
	if parent.Thread != "" && parent.Thread != parent.TS {
		i = slices.IndexFunc(v.Messages, func(m *Message) bool { return m.TS == parent.Thread })
		if i < 0 {
			return refuse("thread_not_found")
		}
		parent = v.Messages[i]
	}
	all := c.span(v.replies(parent.TS))
	if c.Cohort {
		c.args["limit"] = "15"
	}
	from, to, next, bad2 := c.page(len(all))
	if bad2 {
		return refuse("invalid_cursor")
	}
	messages := []object{c.space.message(v, parent, c.base)} // on every page
	for _, m := range all[from:to] {
		messages = append(messages, c.space.message(v, m, c.base))
	}
	o := object{"messages": messages, "has_more": next != ""}
	if next != "" {
		o["response_metadata"] = object{"next_cursor": next}
	}
	return o
}

// filesList lists the files that messages and replies of a conversation share,
// the newest first. Its pages are numbered.
func filesList(c *call) object {
	v, bad := c.conversation()
	if bad != nil {
		return bad
	}
	if !c.reads(v) {
		return refuse("not_in_channel")
	}
	until, err := strconv.ParseInt(cmpOr(c.arg("ts_to"), strconv.FormatInt(1<<40, 10)), 10, 64)
	if err != nil {
		return refuse("invalid_ts_to")
	}
	var all []*File
	for _, m := range v.Messages {
		for _, f := range m.Files {
			if f.Created <= until && !slices.Contains(all, f) && c.space.Files[f.ID] != nil {
				all = append(all, f)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *File) int { return cmp.Compare(b.Created, a.Created) })
	count, _ := strconv.Atoi(c.arg("count"))
	if count <= 0 {
		count = c.method.usual
	}
	if c.PageMost > 0 {
		count = min(count, c.PageMost)
	}
	page, _ := strconv.Atoi(c.arg("page"))
	page = max(page, 1)
	from := min((page-1)*count, len(all))
	files := []object{}
	for _, f := range all[from:min(from+count, len(all))] {
		files = append(files, c.space.file(f, c.base))
	}
	return object{"files": files, "paging": object{"count": count, "total": len(all), "page": page, "pages": (len(all) + count - 1) / count}}
}

func filesInfo(c *call) object {
	for _, w := range c.Workspaces {
		f := w.Files[c.arg("file")]
		if f == nil {
			continue
		}
		o := w.file(f, c.base)
		delete(o, "preview")
		if access, _ := f.More["file_access"].(string); access == "check_file_info" {
			o["file_access"] = "visible"
			full := *f
			full.More = nil
			o = w.file(&full, c.base)
		}
		shares := object{}
		var channels, groups, ims []string
		for _, v := range w.Conversations {
			for _, m := range v.Messages {
				if !slices.ContainsFunc(m.Files, func(s *File) bool { return s.ID == f.ID }) || !c.sees(v) {
					continue
				}
				kind := "private"
				switch v.Form {
				case "public_channel":
					kind, channels = "public", append(channels, v.ID)
				case "im":
					ims = append(ims, v.ID)
				default:
					groups = append(groups, v.ID)
				}
				if shares[kind] == nil {
					shares[kind] = object{}
				}
				in := shares[kind].(object)
				list, _ := in[v.ID].([]any)
				in[v.ID] = append(list, object{"ts": m.TS, "channel_name": v.Name, "team_id": w.Team})
			}
		}
		o["shares"], o["channels"], o["groups"], o["ims"] = shares, channels, groups, ims
		return object{"file": o, "comments": []any{}}
	}
	return refuse("file_not_found")
}

func bookmarksList(c *call) object {
	v, bad := c.conversation()
	if bad != nil {
		return bad
	}
	if !c.reads(v) {
		return refuse("not_in_channel")
	}
	if v.Bookmarks == nil {
		return object{"bookmarks": []any{}}
	}
	return object{"bookmarks": v.Bookmarks}
}

func pinsList(c *call) object {
	v, bad := c.conversation()
	if bad != nil {
		return bad
	}
	items := []object{}
	for _, m := range v.Messages {
		if slices.Contains(v.Pins, m.TS) {
			items = append(items, object{"type": "message", "channel": v.ID, "created": 1714550000, "created_by": "U0ANN", "message": c.space.message(v, m, c.base)})
		}
	}
	return object{"items": items}
}

// searchMessages finds messages that hold one of the words of the query.
func searchMessages(c *call) object {
	words := strings.Fields(strings.ToLower(c.arg("query")))
	all := []object{}
	for _, v := range c.space.Conversations {
		for _, m := range slices.Backward(v.Messages) {
			text := strings.ToLower(m.Text)
			if c.reads(v) && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) }) {
				o := c.space.message(v, m, c.base)
				o["channel"] = object{"id": v.ID, "name": v.Name}
				o["permalink"] = "https://" + c.space.Domain + ".slack.com/archives/" + v.ID + "/p" + strings.Replace(m.TS, ".", "", 1)
				all = append(all, o)
			}
		}
	}
	count, _ := strconv.Atoi(c.arg("count"))
	if count == 0 {
		count = c.method.usual
	}
	page, _ := strconv.Atoi(c.arg("page"))
	page = max(page, 1)
	pages := (len(all) + count - 1) / count
	from := min((page-1)*count, len(all))
	return object{"query": c.arg("query"), "messages": object{
		"total": len(all), "matches": all[from:min(from+count, len(all))],
		"paging": object{"count": count, "total": len(all), "page": page, "pages": pages},
	}}
}

func listItems(c *call) object {
	rows, ok := c.space.Lists[c.arg("list_id")]
	if !ok {
		return refuse("list_not_found")
	}
	items := []object{}
	for i, text := range rows {
		items = append(items, object{"id": fmt.Sprintf("Rec%d", i), "list_id": c.arg("list_id"), "fields": []object{{"key": "name", "column_id": "Col0", "text": text, "value": text}}})
	}
	return listed(c, "items", items)
}
