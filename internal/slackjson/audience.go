package slackjson

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mislaid/sources"
)

// Setting is what is known of a conversation's surroundings when its audience is
// asked for.
type Setting struct {
	People *Directory
	Past   []string  // ids of those who wrote or were members, as far as was seen
	Apps   []string  // ids of bots that were seen writing
	At     time.Time // when all this was true
	Export bool      // it is what an export says, of the time when it was made
}

// few is how many people are a named few rather than a group.
const few = 10

// Audience says who can read what is in a conversation. What Slack, or an export,
// does not say is Unresolved and raises the upper bound.
func (c Conversation) Audience(s Setting) sources.Audience {
	a := sources.Audience{Findable: sources.FindSearch, ReadAt: s.At}
	switch c.Form {
	case PublicChannel:
		c.public(&a, s)
	case PrivateChannel, GroupDirect, Direct:
		c.closed(&a, s)
	default:
		return Unknown("what kind of conversation it is, is not known", s.At)
	}
	c.shared(&a, s)
	c.machines(&a, s)
	a.Ever = a.Now
	c.past(&a, s)
	return a
}

// Unknown is the audience of what nothing is known about.
func Unknown(why string, at time.Time) sources.Audience {
	return sources.Audience{
		Now: sources.UnknownReach(), Ever: sources.UnknownReach(), Heads: sources.Heads{Max: -1}, Unresolved: []string{why}, ReadAt: at,
	}
}

// allow adds a grant to those who can read now. heads are people that no grant
// before it counted.
func allow(a *sources.Audience, g sources.Grant) {
	a.Grants = append(a.Grants, g)
	a.Now = a.Now.Union(sources.ReachOf(g.Level))
	a.Heads.Min += g.Heads.Min
	if g.Heads.Max < 0 || a.Heads.Max < 0 {
		a.Heads.Max = -1
	} else {
		a.Heads.Max += g.Heads.Max
	}
}

// unresolved says what could not be found out and how wide it could be.
func unresolved(a *sources.Audience, atMost sources.Level, why string) {
	a.Unresolved = append(a.Unresolved, why)
	a.Now.AtMost = max(a.Now.AtMost, atMost)
	a.Heads.Max = -1
}

// readers is the humans among the members, by what they are.
type readers struct {
	own, guests, strangers, gone, bots, unknown []string
}

func (c Conversation) readers(d *Directory) (r readers) {
	for _, id := range c.Members {
		p, ok := d.Find(id)
		switch {
		case !ok:
			r.unknown = append(r.unknown, id)
		case p.Bot:
			r.bots = append(r.bots, id)
		case p.Deleted:
			r.gone = append(r.gone, id)
		case p.Stranger || d.Team != "" && p.Team != "" && p.Team != d.Team && !strings.HasPrefix(d.Team, "E") && c.External:
			r.strangers = append(r.strangers, id)
		case p.Guest:
			r.guests = append(r.guests, id)
		default:
			r.own = append(r.own, id)
		}
	}
	return r
}

func exactly(n int) sources.Heads { return sources.Heads{Min: n, Max: n} }

// public adds the readers of a public channel: every full member, joined or not.
func (c Conversation) public(a *sources.Audience, s Setting) {
	r := c.readers(s.People)
	everyone := sources.Grant{
		Who: "every full member of the workspace", By: "public channel: they can read it without joining",
		Level: sources.Organisation, Heads: sources.Heads{Min: max(s.People.Full(), len(r.own)), Max: -1}, Count: "the list of accounts is not complete",
	}
	if s.People.Complete {
		everyone.Heads = exactly(s.People.Full())
		everyone.Count = fmt.Sprintf("%d active accounts that are no guests'", s.People.Full())
	}
	allow(a, everyone)
	join := everyone
	join.By = "public channel: any full member may add themselves or others"
	a.CouldJoin = append(a.CouldJoin, join)
	c.guests(a, s, r, sources.Guests)
	if !c.MembersKnown {
		unresolved(a, sources.Guests, "the members of the channel, and so the guests among them, are not known")
	}
	if !s.People.Complete {
		a.Heads.Max = -1
	}
}

// closed adds the readers of a conversation that only its members can read.
func (c Conversation) closed(a *sources.Audience, s Setting) {
	r := c.readers(s.People)
	by := map[Form]string{PrivateChannel: "member of the private channel", GroupDirect: "in the group message", Direct: "in the direct message"}[c.Form]
	if n := len(r.own); n > 0 {
		allow(a, sources.Grant{Who: countNames(s.People, r.own), By: by, Level: c.levelOf(n, s.People), Heads: exactly(n)})
	}
	c.guests(a, s, r, sources.Outsiders)
	if n := len(r.unknown); n > 0 {
		allow(a, sources.Grant{Who: countNames(s.People, r.unknown), By: by, Level: c.levelOf(n, s.People), Heads: exactly(n), Count: "not in the list of accounts"})
		unresolved(a, sources.Outsiders, fmt.Sprintf("who %s is: not in the list of accounts", names(s.People, r.unknown)))
	}
	switch {
	case !c.MembersKnown && c.MemberCount > 0:
		n := c.MemberCount
		allow(a, sources.Grant{Who: fmt.Sprintf("%d members", n), By: by, Level: c.levelOf(n, s.People), Heads: sources.Heads{Min: max(0, n-a.Heads.Min), Max: n}})
		unresolved(a, sources.Outsiders, "who the members are, and whether guests or outsiders are among them")
	case !c.MembersKnown:
		unresolved(a, sources.Public, "who the members are")
	case len(a.Grants) == 0:
		allow(a, sources.Grant{Who: "nobody who still has an account", By: by, Level: sources.OwnerOnly})
	}
	if c.Form == PrivateChannel {
		a.CouldJoin = append(a.CouldJoin, sources.Grant{
			Who: "whom a member invites", By: "private channel: members may add others, who then read all of its past",
			Level: sources.Organisation, Heads: sources.Heads{Max: -1},
		})
	}
}

// guests adds the guests and strangers among the members.
func (c Conversation) guests(a *sources.Audience, s Setting, r readers, guests sources.Level) {
	if n := len(r.guests); n > 0 {
		allow(a, sources.Grant{Who: countNames(s.People, r.guests), By: "guest account in the conversation", Level: guests, Heads: exactly(n)})
	}
	if n := len(r.strangers); n > 0 {
		allow(a, sources.Grant{Who: countNames(s.People, r.strangers), By: "of another organisation, through Slack Connect", Level: sources.Outsiders, Heads: exactly(n)})
	}
	if n := len(r.unknown); n > 0 && c.Form == PublicChannel {
		unresolved(a, sources.Outsiders, fmt.Sprintf("who %s is: not in the list of accounts", names(s.People, r.unknown)))
	}
}

// levelOf places n members on the scale: a group that holds a quarter of the
// organisation counts as all of it.
func (c Conversation) levelOf(n int, d *Directory) sources.Level {
	switch {
	case n <= 1 && c.Form == Direct:
		return sources.OwnerOnly
	case n <= few:
		return sources.NamedFew
	case d.Complete && 4*n >= d.Full():
		return sources.Organisation
	}
	return sources.GroupOf
}

// shared adds what other workspaces and organisations can read.
func (c Conversation) shared(a *sources.Audience, s Setting) {
	if c.External {
		with := "other organisations"
		if len(c.ConnectedTeam) > 0 {
			with = fmt.Sprintf("members of %s", strings.Join(c.ConnectedTeam[:min(len(c.ConnectedTeam), maxNames)], ", "))
		}
		allow(a, sources.Grant{
			Who: with, By: "shared with other organisations through Slack Connect", Level: sources.Outsiders,
			Heads: sources.Heads{Max: -1}, Count: "the other side's members are theirs to count",
		})
	}
	if c.Organisation || c.Global {
		who := "members of several workspaces of the organisation"
		if c.Global {
			who = "members of all workspaces of the organisation"
		}
		allow(a, sources.Grant{Who: who, By: "channel shared within the organisation", Level: sources.Guests, Heads: sources.Heads{Max: -1}})
	}
	if c.PendingShare {
		a.CouldJoin = append(a.CouldJoin, sources.Grant{
			Who: "another organisation", By: "an invitation of Slack Connect that is not answered yet", Level: sources.Outsiders, Heads: sources.Heads{Max: -1},
		})
	}
	if !c.SharingKnown {
		unresolved(a, sources.Outsiders, "whether it is shared with other organisations or workspaces: "+source(s)+" does not say")
	}
}

func source(s Setting) string {
	if s.Export {
		return "the export"
	}
	return "Slack"
}

// machines adds who reads along without being anybody.
func (c Conversation) machines(a *sources.Audience, s Setting) {
	seen := slices.Clone(c.readers(s.People).bots)
	for _, id := range s.Apps {
		if p, ok := s.People.Find(id); ok {
			id = p.ID
		}
		if !slices.Contains(seen, id) {
			seen = append(seen, id)
		}
	}
	slices.Sort(seen)
	for _, id := range seen[:min(len(seen), maxNames)] {
		a.Machines = append(a.Machines, sources.Grant{Who: s.People.Name(id), By: "app in the conversation; whoever runs it", Level: sources.OwnerOnly, Heads: sources.Heads{Max: -1}})
	}
	if n := len(seen); n > maxNames {
		a.Machines = append(a.Machines, sources.Grant{Who: fmt.Sprintf("%d more apps", n-maxNames), By: "apps in the conversation", Level: sources.OwnerOnly, Heads: sources.Heads{Max: -1}})
	}
	a.Machines = append(a.Machines, sources.Grant{
		Who: "the workspace's owners", By: "exports, the Discovery API, and assistants that search the workspace", Level: sources.OwnerOnly, Heads: sources.Heads{Max: -1},
	})
}

// past adds those who could read it once and cannot now.
func (c Conversation) past(a *sources.Audience, s Setting) {
	r := c.readers(s.People)
	gone := slices.Clone(r.gone)
	for _, id := range s.Past {
		p, ok := s.People.Find(id)
		if ok && p.Bot || slices.Contains(gone, id) || (!ok || !p.Deleted) && (c.Form == PublicChannel || slices.Contains(c.Members, id)) {
			continue
		}
		gone = append(gone, id)
	}
	if len(gone) == 0 {
		return
	}
	slices.Sort(gone)
	a.EverKnown = true
	for _, id := range gone {
		p, ok := s.People.Find(id)
		once := sources.Past{Grant: sources.Grant{Who: s.People.Name(id), By: "seen in the conversation", Level: sources.NamedFew, Heads: exactly(1)}}
		switch {
		case !ok || p.Stranger:
			once.Level = sources.Outsiders
		case p.Guest:
			once.Level = sources.Guests
		}
		if ok && p.Deleted {
			once.By, once.Until = "had an account, which is deactivated", p.Updated
		}
		a.Ever = a.Ever.Union(sources.ReachOf(once.Level))
		a.Past = append(a.Past, once)
	}
	a.Past = shorten(a.Past)
	a.Unresolved = append(a.Unresolved, "who else could read it once")
}

// shorten names the first few one by one, and the rest by level.
func shorten(past []sources.Past) []sources.Past {
	if len(past) <= maxNames {
		return past
	}
	short := past[:maxNames:maxNames]
	for _, level := range []sources.Level{sources.NamedFew, sources.Guests, sources.Outsiders} {
		rest := sources.Past{Grant: sources.Grant{By: "seen in the conversation, or had an account", Level: level}}
		dated := true
		for _, p := range past[maxNames:] {
			if p.Level != level {
				continue
			}
			rest.Heads = exactly(rest.Heads.Max + 1)
			dated = dated && !p.Until.IsZero()
			if p.Until.After(rest.Until) {
				rest.Until = p.Until
			}
		}
		if !dated {
			rest.Until = time.Time{}
		}
		if rest.Heads.Max > 0 {
			rest.Who = fmt.Sprintf("%d more", rest.Heads.Max)
			short = append(short, rest)
		}
	}
	return short
}

func countNames(d *Directory, ids []string) string {
	if len(ids) == 1 {
		return d.Name(ids[0])
	}
	return fmt.Sprintf("%d people: %s", len(ids), names(d, ids))
}

// File widens a conversation's audience by what is known of a file in it: that
// it has a public address.
func File(a sources.Audience, publicURL bool) sources.Audience {
	if !publicURL {
		return a
	}
	g := sources.Grant{
		Who: "anyone who has the file's public address", By: "public_url_shared", Level: sources.AnyoneLink, Heads: sources.Heads{Max: -1},
	}
	a.Grants = append(slices.Clone(a.Grants), g)
	a.Now = a.Now.Union(sources.ReachOf(sources.AnyoneLink))
	a.Ever = a.Ever.Union(a.Now)
	a.Heads.Max = -1
	return a
}
