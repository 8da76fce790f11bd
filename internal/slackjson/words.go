package slackjson

import "strings"

// class says what stands under the name of an object's member.
type class uint8

const (
	unknown    class = iota // a name that is not Slack's: it is shown with its value
	written                 // what people or integrations write
	identifier              // what Slack makes: ids, addresses, kinds
)

// fact is a member of a message that is kept for naming it.
type fact uint8

const (
	noFact fact = iota
	factTS
	factThread
	factUser
	factBot
	factUsername
)

// classOf judges a member by its name. The names are those of the sample
// responses in slackapi/java-slack-sdk, json-logs, read 2026-08. A name in
// neither list is not Slack's own, or is newer than we are.
func classOf(name []byte) class {
	switch string(name) {
	case "text", "value", "values", "fallback", "pretext", "title", "name", "preview", "preview_highlight", "preview_plain_text",
		"plain_text", "comment", "initial_comment", "topic", "purpose", "description", "content", "content_highlight_html",
		"simplified_html", "alt_text", "alt_txt", "footer", "author_name", "author_subname", "label", "old_name", "status_text",
		"real_name", "display_name", "placeholder", "confirm", "deny", "elements", "fields", "blocks", "attachments", "query",
		"ok_text", "dismiss_text", "button_label", "subject", "summary", "message", "headline", "subtitle", "filename", "phone":
		return written
	case "type", "subtype", "user", "user_id", "users", "ts", "thread_ts", "event_ts", "team", "team_id", "user_team", "source_team",
		"client_msg_id", "block_id", "bot_id", "app_id", "api_app_id", "style", "id", "mode", "filetype", "mimetype", "pretty_type",
		"avatar_hash", "channel", "channel_id", "parent_user_id", "latest_reply", "reply_users", "last_read", "action_id", "emoji",
		"unicode", "external_type", "external_id", "file_access", "media_display_type", "editor", "last_editor", "bot_link", "color",
		"inviter", "creator", "members", "username", "pinned_to", "channels", "groups", "ims", "file_id", "service_icon", "footer_icon",
		"author_icon", "author_link", "author_id", "thumb_tiny", "mrkdwn_in", "msg_subtype", "item_type", "locale", "status", "icon":
		return identifier
	}
	s := string(name[:min(len(name), 16)])
	for _, prefix := range []string{"thumb_", "image_", "permalink", "url_private", "avatar_", "original_"} {
		if strings.HasPrefix(s, prefix) {
			return identifier
		}
	}
	return unknown
}

// factOf returns which fact a member of a message is.
func factOf(name []byte) fact {
	switch string(name) {
	case "ts":
		return factTS
	case "thread_ts":
		return factThread
	case "user":
		return factUser
	case "bot_id":
		return factBot
	case "username":
		return factUsername
	}
	return noFact
}
