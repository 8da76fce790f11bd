package slacktest

// method is what Slack's reference says of a method (docs.slack.dev, read
// 2026-08, by way of slack-ruby/slack-api-ref).
type method struct {
	perMinute int                // calls a minute, by workspace
	scopes    []string           // one of which the token needs; by conversation's form where there are four
	userOnly  bool               // bots may not call it
	required  []string           // arguments, beside the token
	args      []string           // optional arguments
	most      int                // of limit or count; 0: it has none
	usual     int                // items without a limit
	limitCode bool               // a limit that is none has a code of its own
	teamed    bool               // an organisation's token must name the workspace
	answer    func(*call) object // nil: not on the read list
}

// refusedLimit is the code of a limit that is none.
func (m method) refusedLimit() string {
	if m.limitCode {
		return "invalid_limit"
	}
	return "invalid_arguments"
}

// Tiers, in calls a minute.
const (
	tier2 = 20
	tier3 = 50
	tier4 = 100
	tier5 = 300 // "special": hundreds
)

var (
	readScopes    = []string{"channels:read", "groups:read", "mpim:read", "im:read"}
	historyScopes = []string{"channels:history", "groups:history", "mpim:history", "im:history"}
)

// methods is the read list: whatever is not on it fails the test that calls it.
var methods = map[string]method{
	"auth.test":       {perMinute: tier5, answer: authTest},
	"auth.teams.list": {perMinute: tier2, limitCode: true, args: []string{"cursor", "include_icon", "limit"}, most: 1000, usual: 100, answer: teamsList},
	"team.info":       {perMinute: tier3, scopes: []string{"team:read"}, args: []string{"domain", "team"}, answer: teamInfo},
	"users.list": {
		perMinute: tier2, scopes: []string{"users:read"}, args: []string{"cursor", "include_locale", "limit", "team_id", "presence"}, most: 1000, teamed: true, answer: usersList,
	},
	"users.info": {perMinute: tier4, scopes: []string{"users:read"}, required: []string{"user"}, args: []string{"include_locale"}, answer: usersInfo},
	"users.conversations": {
		limitCode: true,
		perMinute: tier3, scopes: readScopes, args: []string{"cursor", "exclude_archived", "exclude_muted", "limit", "team_id", "types", "user"},
		most: 999, usual: 100, teamed: true, answer: usersConversations,
	},
	"conversations.list": {
		limitCode: true,
		perMinute: tier2, scopes: readScopes, args: []string{"cursor", "exclude_archived", "limit", "team_id", "types"}, most: 999, usual: 100, teamed: true, answer: conversationsList,
	},
	"conversations.info": {perMinute: tier3, scopes: readScopes, required: []string{"channel"}, args: []string{"include_locale", "include_num_members"}, answer: conversationsInfo},
	"conversations.members": {
		limitCode: true,
		perMinute: tier4, scopes: readScopes, required: []string{"channel"}, args: []string{"cursor", "limit"}, most: 1000, usual: 100, answer: conversationsMembers,
	},
	"conversations.history": {
		perMinute: tier3, scopes: historyScopes, required: []string{"channel"},
		args: []string{"cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest"}, most: 999, usual: 100, answer: conversationsHistory,
	},
	"conversations.replies": {
		perMinute: tier3, scopes: historyScopes, required: []string{"channel", "ts"},
		args: []string{"cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest"}, most: 1000, usual: 1000, answer: conversationsReplies,
	},
	"files.list": {
		perMinute: tier3, scopes: []string{"files:read"},
		args: []string{"channel", "count", "page", "show_files_hidden_by_limit", "team_id", "ts_from", "ts_to", "types", "user"}, usual: 100, teamed: true, answer: filesList,
	},
	"files.info":     {perMinute: tier4, scopes: []string{"files:read"}, required: []string{"file"}, args: []string{"count", "cursor", "limit", "page"}, answer: filesInfo},
	"bookmarks.list": {perMinute: tier3, scopes: []string{"bookmarks:read"}, args: []string{"channel_id"}, answer: bookmarksList},
	"pins.list":      {perMinute: tier2, scopes: []string{"pins:read"}, required: []string{"channel"}, answer: pinsList},
	"search.messages": {
		perMinute: tier2, scopes: []string{"search:read"}, userOnly: true, required: []string{"query"},
		args: []string{"count", "cursor", "highlight", "page", "sort", "sort_dir", "team_id"}, most: 100, usual: 20, teamed: true, answer: searchMessages,
	},
	"slackLists.items.list": {perMinute: tier2, scopes: []string{"lists:read"}, required: []string{"list_id"}, args: []string{"archived", "cursor", "limit"}, most: 1000, usual: 100, answer: listItems},
}
