package slacktest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
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
			o := c.space.conversation(v, c.token.User)
			if c.name == "users.conversations" { // it is a member of all
				delete(o, "is_member")
				delete(o, "num_members")
			}
			all = append(all, o)
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

// span keeps what lies between oldest and latest, and what is not hidden. bad is
// the code of an argument that is none.
func (c *call) span(all []*Message, newestFirst bool) (kept []*Message, hidden bool, bad string) {
	oldest, latest, inclusive := c.arg("oldest"), c.arg("latest"), c.arg("inclusive") == "1" || c.arg("inclusive") == "true"
	for _, name := range []string{"oldest", "latest"} {
		if v := c.arg(name); v != "" && v != "0" && v != "now" && !isTime(v) {
			return nil, false, "invalid_ts_" + name
		}
	}
	if oldest == "0" {
		oldest = ""
	}
	if latest == "now" {
		latest = ""
	}
	before := func(ts string) bool { return oldest != "" && (ts < oldest || ts == oldest && !inclusive) }
	behind := func(ts string) bool { return latest != "" && (ts > latest || ts == latest && !inclusive) }
	if newestFirst {
		from := sort.Search(len(all), func(i int) bool { return !behind(all[i].TS) })
		to := sort.Search(len(all), func(i int) bool { return before(all[i].TS) })
		cut := sort.Search(len(all), func(i int) bool { return all[i].TS < c.space.HiddenBefore })
		return all[from:max(from, min(to, cut))], cut < to, ""
	}
	from := sort.Search(len(all), func(i int) bool { return !before(all[i].TS) && all[i].TS >= c.space.HiddenBefore })
	to := sort.Search(len(all), func(i int) bool { return behind(all[i].TS) })
	return all[from:max(from, to)], false, ""
}

// isTime reports whether v is a Unix time, with or without a fraction.
func isTime(v string) bool {
	_, err := strconv.ParseFloat(v, 64)
	return err == nil && !strings.HasPrefix(v, "-")
}

func conversationsHistory(c *call) object {
	v, bad := c.conversation()
	if bad != nil {
		return bad
	}
	if !c.reads(v) {
		return refuse("not_in_channel")
	}
	all, hidden, code := c.span(v.history(), true)
	if code != "" {
		return refuse(code)
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
	if hidden && next == "" {
		o["is_limited"] = true
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
	parent := v.message(c.arg("ts"))
	if parent != nil && parent.Thread != "" && parent.Thread != parent.TS {
		parent = v.message(parent.Thread)
	}
	if parent == nil {
		return refuse("thread_not_found")
	}
	all, _, code := c.span(v.replies(parent.TS), false)
	if code != "" {
		return refuse(code)
	}
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
	v := c.space.Find(c.arg("channel"))
	if v == nil || !c.reads(v) {
		v = new(Conversation) // nothing is shared where the token does not look
	}
	until, err := strconv.ParseInt(cmpOr(c.arg("ts_to"), strconv.FormatInt(1<<40, 10)), 10, 64)
	if err != nil {
		return refuse("invalid_arguments")
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
		return refuse("access_denied")
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
			items = append(items, object{"type": "message", "channel": v.ID, "created": 1714550000, "created_by": "U0ANN", "message": object{
				"type": "message", "ts": m.TS, "user": m.User, "text": m.Text,
			}})
		}
	}
	return object{"items": items}
}

// searchMessages finds messages that hold all words of the query: whole words,
// beginnings of words with an asterisk, phrases in quotation marks.
func searchMessages(c *call) object {
	query := c.arg("query")
	if strings.TrimSpace(query) == "" {
		return refuse("no_query")
	}
	all := []object{}
	for _, v := range c.space.Conversations {
		if !c.reads(v) {
			continue
		}
		for _, m := range slices.Backward(v.Messages) {
			if !matchesQuery(m.Text, query) {
				continue
			}
			link := "https://" + c.space.Domain + ".slack.com/archives/" + v.ID + "/p" + strings.Replace(m.TS, ".", "", 1)
			if m.Thread != "" && m.Thread != m.TS {
				link += "?thread_ts=" + m.Thread
			}
			all = append(all, object{
				"type": "message", "iid": "0", "team": c.space.Team, "user": m.User, "username": "", "ts": m.TS, "text": m.Text, "permalink": link,
				"channel": object{"id": v.ID, "name": v.Name, "is_private": v.Form != "public_channel", "is_mpim": v.Form == "mpim"},
			})
		}
	}
	slices.SortStableFunc(all, func(a, b object) int { return strings.Compare(b["ts"].(string), a["ts"].(string)) })
	count, _ := strconv.Atoi(c.arg("count"))
	if count == 0 {
		count = c.method.usual
	}
	if c.PageMost > 0 {
		count = min(count, c.PageMost)
	}
	page, _ := strconv.Atoi(c.arg("page"))
	page = max(page, 1)
	pages := (len(all) + count - 1) / count
	from := min((page-1)*count, len(all))
	return object{"query": query, "messages": object{
		"total": len(all), "matches": all[from:min(from+count, len(all))],
		"paging": object{"count": count, "total": len(all), "page": page, "pages": pages},
	}}
}

func matchesQuery(text, query string) bool {
	text = strings.ToLower(text)
	isWord := func(r rune) bool { return r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' }
	words := strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) })
	for _, term := range queryTerms(strings.ToLower(query)) {
		prefix, open := strings.CutSuffix(term, "*")
		switch {
		case strings.Contains(term, " "):
			if !strings.Contains(text, term) {
				return false
			}
		case !slices.ContainsFunc(words, func(w string) bool { return w == prefix || open && strings.HasPrefix(w, prefix) }):
			return false
		}
	}
	return true
}

func queryTerms(query string) (terms []string) {
	for i, part := range strings.Split(query, `"`) {
		if i%2 == 1 {
			terms = append(terms, part)
			continue
		}
		terms = append(terms, strings.Fields(part)...)
	}
	return terms
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
