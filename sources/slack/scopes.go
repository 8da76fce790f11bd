package slack

import "slices"

// Scope is a right of a token, and what a crawl sees by it.
type Scope struct {
	Name string
	Why  string // what is not seen without it
	User bool   // a user token has it
	Bot  bool   // a bot token has it
	More bool   // a crawl is whole without it; it serves what Why says
}

// Scopes are what a crawl needs, and no more (docs.slack.dev, "Permission
// scopes", 2026). None of them can write.
var Scopes = []Scope{
	{Name: "channels:read", Why: "public channels and their members", User: true, Bot: true},
	{Name: "channels:history", Why: "what is said in public channels", User: true, Bot: true},
	{Name: "groups:read", Why: "private channels and their members", User: true, Bot: true},
	{Name: "groups:history", Why: "what is said in private channels", User: true, Bot: true},
	{Name: "mpim:read", Why: "group messages and who is in them", User: true, Bot: true},
	{Name: "mpim:history", Why: "what is said in group messages", User: true, Bot: true},
	{Name: "im:read", Why: "direct messages and who is in them", User: true, Bot: true},
	{Name: "im:history", Why: "what is said in direct messages", User: true, Bot: true},
	{Name: "users:read", Why: "people's names, and who is a guest, deactivated or a bot: without it audiences are unknown", User: true, Bot: true},
	{Name: "files:read", Why: "the bytes of files, canvases and snippets", User: true, Bot: true},
	{Name: "team:read", Why: "the workspace's name and address", User: true, Bot: true},
	{Name: "bookmarks:read", Why: "bookmarks of conversations", User: true, Bot: true, More: true},
	{Name: "lists:read", Why: "rows of lists", User: true, Bot: true, More: true},
	{Name: "search:read", Why: "searching first, for --quick", User: true, More: true},
}

func wantedScopes(bot bool) []Scope {
	return slices.DeleteFunc(slices.Clone(Scopes), func(s Scope) bool { return bot && !s.Bot || !bot && !s.User })
}

// missing returns those of wanted that a token has not got; none where Slack did
// not say what it has.
func missing(has []string, wanted []Scope) []Scope {
	if len(has) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(s Scope) bool { return slices.Contains(has, s.Name) })
}

// has reports whether the token has a scope, as far as is known.
func (s *Source) has(scope string) bool {
	return len(s.me.scopes) == 0 || slices.Contains(s.me.scopes, scope)
}
