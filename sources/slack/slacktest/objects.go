package slacktest

import (
	"maps"
	"slices"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// with returns o with more's members put over its own.
func with(o, more object) object {
	maps.Copy(o, more)
	return o
}

func (w *Workspace) user(u *User) object {
	profile := object{"real_name": u.Name, "display_name": u.Name, "team": w.Team}
	o := object{
		"id": u.ID, "team_id": w.Team, "name": u.Name, "deleted": false, "is_bot": false, "is_restricted": false,
		"is_ultra_restricted": false, "is_admin": false, "is_owner": false, "updated": 1714550000, "profile": profile,
	}
	return with(o, u.More)
}

// conversation is the object of conversations.list and conversations.info.
func (w *Workspace) conversation(c *Conversation, me string) object {
	o := object{
		"id": c.ID, "created": 1700000000, "is_archived": false, "is_org_shared": false, "is_shared": false, "is_ext_shared": false,
		"is_channel": c.Form == "public_channel" || c.Form == "private_channel", "is_group": c.Form == "private_channel",
		"is_im": c.Form == "im", "is_mpim": c.Form == "mpim", "is_private": c.Form != "public_channel", "context_team_id": w.Team,
	}
	switch c.Form {
	case "im":
		o["user"] = me
		for _, id := range c.Members {
			if id != me {
				o["user"] = id
			}
		}
	default:
		o["name"], o["is_member"], o["num_members"] = c.Name, slices.Contains(c.Members, me), len(c.Members)
		o["topic"] = object{"value": c.Topic, "creator": "U0ANN", "last_set": 1700000000}
		o["purpose"] = object{"value": c.Purpose, "creator": "U0ANN", "last_set": 1700000000}
	}
	return with(o, c.More)
}

// exported is the entry of an export's lists.
func (c *Conversation) exported() object {
	o := object{"id": c.ID, "created": 1700000000, "members": c.Members}
	if c.Form != "im" {
		o["name"], o["creator"], o["is_archived"] = c.Name, "U0ANN", false
		o["topic"] = object{"value": c.Topic, "creator": "U0ANN", "last_set": "1700000000"}
		o["purpose"] = object{"value": c.Purpose, "creator": "U0ANN", "last_set": "1700000000"}
	}
	return o
}

// message is a message object. With thread says whether to tell a parent's
// replies.
func (w *Workspace) message(c *Conversation, m *Message, base string) object {
	o := object{"type": "message", "ts": m.TS, "user": m.User, "text": m.Text, "team": w.Team}
	if m.Text != "" {
		o["blocks"] = []any{object{"type": "rich_text", "block_id": "b" + m.TS[11:], "elements": []any{
			object{"type": "rich_text_section", "elements": []any{object{"type": "text", "text": unescaped(m.Text)}}},
		}}}
	}
	if m.Thread != "" {
		o["thread_ts"] = m.Thread
	}
	if m.Thread == m.TS && m.Thread != "" {
		replies := c.replies(m.TS)
		var users []string
		latest := m.TS
		for _, r := range replies {
			if !slices.Contains(users, r.User) {
				users = append(users, r.User)
			}
			latest = max(latest, r.TS)
		}
		o["reply_count"], o["reply_users_count"], o["reply_users"], o["latest_reply"] = len(replies), len(users), users, latest
		o["subscribed"], o["is_locked"] = false, false
	} else if m.Thread != "" {
		o["parent_user_id"] = "U0ANN"
	}
	if m.Broadcast {
		o["subtype"] = "thread_broadcast"
	}
	if len(m.Files) > 0 {
		var files []any
		for _, f := range m.Files {
			files = append(files, w.file(f, base))
		}
		o["files"], o["upload"], o["display_as_bot"] = files, false, false
	}
	return with(o, m.More)
}

// file is a file object. base is where files are downloaded from.
func (w *Workspace) file(f *File, base string) object {
	if f.Mode == "tombstone" || f.Mode == "hidden_by_limit" {
		return object{"id": f.ID, "mode": f.Mode}
	}
	o := object{
		"id": f.ID, "name": f.Name, "title": f.Name, "mimetype": f.Mimetype, "filetype": f.Filetype, "pretty_type": "Plain Text", "user": f.User,
		"size": len(f.Bytes), "mode": f.Mode, "is_external": f.Mode == "external", "created": f.Created, "timestamp": f.Created,
		"is_public": true, "public_url_shared": f.Public, "file_access": "visible",
		"url_private":          base + "/files-pri/" + w.Team + "-" + f.ID + "/" + pathOf(f.Name),
		"url_private_download": base + "/files-pri/" + w.Team + "-" + f.ID + "/download/" + pathOf(f.Name),
		"permalink":            "https://" + w.Domain + ".slack.com/files/" + f.User + "/" + f.ID + "/" + pathOf(f.Name),
	}
	if f.Mode == "snippet" {
		lines := strings.SplitAfterN(string(f.Bytes), "\n", 6)
		o["preview"] = strings.Join(lines[:min(len(lines), 5)], "")
	}
	return with(o, f.More)
}

// pathOf is a file's name as Slack has it in addresses.
func pathOf(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, strings.ToLower(name))
}

var unescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

func unescaped(s string) string { return unescaper.Replace(s) }
