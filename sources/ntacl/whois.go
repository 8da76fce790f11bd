package ntacl

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"mislaid/sources"
)

// few is the largest number of people that counts as a named few.
const few = 10

// who is a SID with what was found out about it.
type who struct {
	sid   SID
	class class
	Principal
	err error // why more is not known
}

// whois finds out who SIDs are, each once.
type whois struct {
	ctx    context.Context
	server Server
	known  map[SID]who
	people *sources.Heads
}

func (w *whois) is(s SID) who {
	if p, ok := w.known[s]; ok {
		return p
	}
	p := who{sid: s, class: classOf(s), Principal: Principal{Heads: sources.Heads{Max: -1}}}
	if w.server.Directory != nil && asks(p.class, s) {
		p.Principal, p.err = w.server.Directory.Principal(w.ctx, s)
		if p.err != nil && p.Heads == (sources.Heads{}) {
			p.Heads.Max = -1
		}
	} else if p.class == classOther {
		p.err = errNoDirectory
	}
	if name := WellKnownName(s); name != "" {
		p.Name = name
	}
	if errors.Is(p.err, ErrNoSuchSID) {
		p.State = Gone
	}
	w.known[s] = p
	return p
}

var errNoDirectory = errors.New("nobody was asked")

// asks reports whether the meaning of a SID takes asking: everything with a
// name that somebody made, and groups that have members.
func asks(c class, s SID) bool { return c == classOther || s.Account() || s.Builtin() }

// machine reports whether who is computers and no people.
func (p who) machine() bool {
	return p.class == classMachine || p.Kind == KindComputer || p.sid.Account() && p.sid.RID() == ridDomainComputers
}

// stranger reports whether nobody could say what a SID names.
func (p who) stranger() bool {
	_, user := p.sid.UnixUser()
	_, group := p.sid.UnixGroup()
	return p.class == classOther && p.Kind == KindUnknown && !user && !group
}

// everybody bounds the number of people who can sign in.
func (w *whois) everybody() sources.Heads {
	if w.people == nil {
		h := sources.Heads{Max: -1}
		if w.server.Directory != nil {
			h = w.server.Directory.People(w.ctx)
		}
		w.people = &h
	}
	return *w.people
}

// name is what a person calls who, with the SID where nobody knows a name.
func (p who) name() string {
	if uid, ok := p.sid.UnixUser(); ok && p.Name == "" {
		return "Unix user " + strconv.FormatUint(uint64(uid), 10)
	}
	if gid, ok := p.sid.UnixGroup(); ok && p.Name == "" {
		return "Unix group " + strconv.FormatUint(uint64(gid), 10)
	}
	name := p.Name
	if name == "" {
		name = p.sid.String()
		if suffix := domainAccount[p.sid.RID()]; suffix != "" && p.sid.Account() {
			name = suffix + " of " + p.sid.Domain().String()
		}
	}
	switch p.State {
	case Disabled:
		name += " (disabled account)"
	case Expired:
		name += " (expired account)"
	case Gone:
		name += " (no such account any more)"
	}
	return name
}

// domainAccount are the names of accounts that every domain has.
var domainAccount = map[uint32]string{
	ridAdministrator: "Administrator", ridGuest: "Guest", ridKrbtgt: "krbtgt", ridDomainAdmins: "Domain Admins",
	ridDomainUsers: "Domain Users", ridDomainGuests: "Domain Guests", ridDomainComputers: "Domain Computers",
	ridDomainControllers: "Domain Controllers", ridSchemaAdmins: "Schema Admins", ridEnterpriseAdmins: "Enterprise Admins",
	ridReadOnlyDCs: "Read-only Domain Controllers",
}

// standing is where somebody is on the scale of audience.
type standing struct {
	level sources.Level
	worst sources.Level // what it can be at worst
	heads sources.Heads
	count string
	doubt string // why worst is more than level; "" when it is not, or when the Place says it
}

func plain(l sources.Level, h sources.Heads, count string) standing {
	return standing{level: l, worst: l, heads: h, count: count}
}

// stand places somebody on the scale.
func (w *whois) stand(p who) standing {
	unknown := sources.Heads{Max: -1}
	switch p.class {
	case classAnonymous:
		return plain(sources.AnyoneLink, unknown, "everyone who reaches the server, without signing in")
	case classStranger, classEveryone:
		return w.strangers(p)
	case classGuest:
		if w.server.Null == Proven || w.server.Guest == Proven {
			return plain(sources.AnyoneLink, unknown, "everyone who reaches the server: it lets in sessions without an account")
		}
		return w.strangers(p)
	case classDomain:
		if h := w.everybody(); p.sid.RID() == ridDomainUsers && h.Max >= 0 {
			return plain(sources.Organisation, h, "enabled accounts of the directory")
		}
		return plain(sources.Organisation, unknown, "everyone in the domain")
	case classForeign:
		return plain(sources.Guests, unknown, "users of trusted domains who were allowed to this server")
	case classAdmin, classService, classMachine, classNobody:
		return plain(sources.OwnerOnly, sources.Heads{Min: p.Heads.Min, Max: p.Heads.Max}, p.Count)
	case classLocal:
		return standing{
			level: sources.OwnerOnly, worst: sources.Organisation, heads: unknown,
			doubt: "who may log on at the server itself (" + p.name() + ") is not read here",
		}
	}
	return w.standOther(p)
}

// strangers stands for everybody who can sign in to the server.
func (w *whois) strangers(p who) standing {
	h := w.everybody()
	s := plain(sources.Organisation, h, "enabled accounts of the directory")
	if h.Max < 0 {
		s.count = "everyone with an account that the server accepts"
	}
	if p.class == classEveryone || p.class == classGuest {
		if w.server.Null == Untried && w.server.Guest == Untried {
			s.count += "; whether it lets anybody in without one was not tried"
		}
	}
	switch {
	case w.server.Standalone, w.server.Trusts == TrustsNone:
	case w.server.Trusts == TrustsOutbound:
		s.level, s.worst, s.heads.Max = sources.Guests, sources.Guests, -1
		s.count += ", and everyone of the domains that its domain trusts"
	default:
		s.worst, s.heads.Max = sources.Guests, -1
		s.doubt = "trusts not read: users of other domains may count as " + WellKnownName(AuthenticatedUsers)
	}
	return s
}

// standOther places an account or group that its Directory knows.
func (w *whois) standOther(p who) standing {
	unknown := sources.Heads{Max: -1}
	if _, ok := p.sid.UnixUser(); ok {
		return plain(sources.NamedFew, sources.Heads{Max: 1}, "")
	}
	if _, ok := p.sid.UnixGroup(); ok && p.Kind != KindGroup && p.Kind != KindAlias {
		return standing{
			level: sources.GroupOf, worst: sources.Organisation, heads: unknown,
			doubt: "who is in " + p.name() + " of the server is not known here",
		}
	}
	switch p.Kind {
	case KindUser, KindComputer:
		h := sources.Heads{Min: 1, Max: 1}
		if p.Kind == KindComputer {
			h = sources.Heads{}
		} else if p.State == Disabled || p.State == Expired || p.State == Gone {
			h.Min = 0
		}
		return plain(sources.NamedFew, h, "")
	case KindGroup, KindAlias:
		return w.standGroup(p)
	}
	s := standing{level: sources.GroupOf, worst: sources.Guests, heads: unknown}
	switch {
	case p.State == Gone:
		s.doubt = p.name() + " is let in; if it is in use elsewhere, who that is is not known here"
	case p.err != nil && !errors.Is(p.err, errNoDirectory):
		s.doubt = fmt.Sprintf("who %s is could not be found out: %v", p.name(), p.err)
	default:
		s.doubt = "who " + p.name() + " is is not known here"
	}
	return s
}

func (w *whois) standGroup(p who) standing {
	s := plain(sources.GroupOf, p.Heads, p.Count)
	all := w.everybody()
	switch h := p.Heads; {
	case p.Open:
		s.level, s.worst = sources.Organisation, sources.Organisation
		s.count += "; anybody may add themselves"
	case h.Max == 0:
		s.level, s.worst = sources.OwnerOnly, sources.OwnerOnly
	case 0 < h.Max && h.Max <= few:
		s.level, s.worst = sources.NamedFew, sources.NamedFew
	case h.Max > few && all.Max >= 0 && 4*h.Max >= all.Max, h.Min > few && all.Max >= 0 && 4*h.Min >= all.Max:
		s.level, s.worst = sources.Organisation, sources.Organisation
	case h.Max < 0:
		s.worst = sources.Organisation
		s.doubt = "how many people are in " + p.name() + " is not known here"
		if p.Count != "" {
			s.doubt += ": " + p.Count
		}
	}
	return s
}
