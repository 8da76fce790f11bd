package slackjson

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Form is what kind of conversation it is.
type Form uint8

// The forms of conversations.
const (
	UnknownForm Form = iota
	PublicChannel
	PrivateChannel
	GroupDirect // a direct message of several people
	Direct      // a direct message of two people, or of one with themselves
)

// String returns the form as Slack's types argument has it.
func (f Form) String() string {
	switch f {
	case PublicChannel:
		return "public_channel"
	case PrivateChannel:
		return "private_channel"
	case GroupDirect:
		return "mpim"
	case Direct:
		return "im"
	}
	return "unknown"
}

// Conversation is a channel or a direct message.
type Conversation struct {
	ID      string
	Name    string // without #; "" for direct messages
	Form    Form
	Created time.Time

	Members      []string // ids; see MembersKnown
	MembersKnown bool     // Members is all of them
	MemberCount  int      // as Slack counts; 0 unknown

	SharingKnown  bool     // what follows is what Slack says
	External      bool     // shared with other organisations by Slack Connect
	PendingShare  bool     // another organisation is invited
	Organisation  bool     // shared between workspaces of the organisation
	Global        bool     // shared with all its workspaces
	ConnectedTeam []string // ids of the other organisations, as far as Slack tells

	Archived bool
	IsMember bool      // of the token's own account; false in exports
	Latest   time.Time // of the last activity, where the listing tells it
}

// rawConversation is a conversation object (docs.slack.dev, 2026) and an entry of
// an export's channels.json, groups.json, mpims.json and dms.json, which has
// fewer members.
type rawConversation struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	User         string   `json:"user"` // im: the other one
	Created      int64    `json:"created"`
	Updated      int64    `json:"updated"` // milliseconds
	Members      []string `json:"members"`
	NumMembers   int      `json:"num_members"`
	IsChannel    bool     `json:"is_channel"`
	IsGroup      bool     `json:"is_group"`
	IsIM         bool     `json:"is_im"`
	IsMPIM       bool     `json:"is_mpim"`
	IsPrivate    bool     `json:"is_private"`
	IsArchived   bool     `json:"is_archived"`
	IsMember     bool     `json:"is_member"`
	IsShared     *bool    `json:"is_shared"`
	IsExtShared  *bool    `json:"is_ext_shared"`
	IsPending    bool     `json:"is_pending_ext_shared"`
	IsOrgShared  bool     `json:"is_org_shared"`
	IsGlobal     bool     `json:"is_global_shared"`
	SharedTeams  []string `json:"shared_team_ids"`
	Connected    []string `json:"connected_team_ids"`
	ConnectedLim []string `json:"connected_limited_team_ids"`
	Internal     []string `json:"internal_team_ids"`
	HostID       string   `json:"conversation_host_id"`
	ContextTeam  string   `json:"context_team_id"`
}

// ParseConversation reads a conversation object. form is what it is where the
// object itself does not say, as in exports.
func ParseConversation(raw []byte, form Form) (Conversation, error) {
	var r rawConversation
	if err := json.Unmarshal(raw, &r); err != nil {
		return Conversation{}, fmt.Errorf("slackjson: a conversation object: %w", plainError(err))
	}
	c := Conversation{
		ID: r.ID, Name: r.Name, Form: form, Members: r.Members, MembersKnown: r.Members != nil, MemberCount: max(r.NumMembers, len(r.Members)),
		SharingKnown: r.IsExtShared != nil || r.IsShared != nil, PendingShare: r.IsPending, Organisation: r.IsOrgShared, Global: r.IsGlobal,
		Archived: r.IsArchived, IsMember: r.IsMember,
	}
	c.External = r.IsExtShared != nil && *r.IsExtShared || len(r.Connected)+len(r.ConnectedLim) > 0
	c.ConnectedTeam = slices.Concat(r.Connected, r.ConnectedLim)
	if len(c.ConnectedTeam) == 0 && c.External {
		c.ConnectedTeam = slices.DeleteFunc(slices.Clone(r.SharedTeams), func(t string) bool { return slices.Contains(r.Internal, t) || t == r.ContextTeam })
	}
	if r.Created > 0 {
		c.Created = time.Unix(r.Created, 0).UTC()
	}
	if r.Updated > 0 {
		c.Latest = time.UnixMilli(r.Updated).UTC()
	}
	if c.Form == UnknownForm {
		switch {
		case r.IsIM:
			c.Form = Direct
		case r.IsMPIM:
			c.Form = GroupDirect
		case r.IsPrivate, r.IsGroup:
			c.Form = PrivateChannel
		case r.IsChannel:
			c.Form = PublicChannel
		}
	}
	if c.Form == Direct && c.Members == nil && r.User != "" {
		c.Members = []string{r.User} // the account that asks is the other one: the caller adds it
	}
	return c, nil
}

// Title is what people call the conversation. d names the people of a direct
// message.
func (c Conversation) Title(d *Directory) string {
	switch c.Form {
	case Direct, GroupDirect:
		who := "direct message"
		if c.Form == GroupDirect {
			who = "group message"
		}
		if len(c.Members) == 0 {
			return who + " " + cmp.Or(c.Name, c.ID)
		}
		return who + " of " + names(d, c.Members)
	}
	if c.Name == "" {
		return "#" + c.ID
	}
	return "#" + c.Name
}

// maxNames is how many people are named one by one.
const maxNames = 10

// names lists people, the first of them by name.
func names(d *Directory, ids []string) string {
	s := ""
	for i, id := range ids {
		if i == maxNames {
			return fmt.Sprintf("%s and %d more", s, len(ids)-i)
		}
		switch {
		case i > 0 && i == len(ids)-1:
			s += " and "
		case i > 0:
			s += ", "
		}
		s += d.Name(id)
	}
	return s
}

// Kind is what kind of conversation it is, in people's words.
func (c Conversation) Kind() string {
	name := map[Form]string{Direct: "direct message", GroupDirect: "group message", PrivateChannel: "private channel", PublicChannel: "public channel"}[c.Form]
	if c.External {
		name += ", shared with other organisations"
	}
	if c.Archived {
		name += ", archived"
	}
	return name
}
