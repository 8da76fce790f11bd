package ntacl

import (
	"slices"
	"strings"

	"mislaid/sources"
)

// leaf is somebody whom an entry may let in, by itself or through groups of the
// server that hold them, with the SIDs that they surely have.
type leaf struct {
	who     who
	through []who // groups of the server, the entry's first
	token   Token
	session bool // a session without an account: exactly these SIDs
	guess   bool // nobody proved that there are such sessions
	level   *sources.Level
}

// signedIn are the SIDs of every session of an account over the network.
var signedIn = Token{Everyone, AuthenticatedUsers, Network, ThisOrganization}

// expand lists whom the entries of a list may let in to read.
func (j *judge) expand(d *Descriptor) []leaf { return j.expandFor(d, ReadData) }

func (j *judge) expandFor(d *Descriptor, want Mask) []leaf {
	var list []leaf
	seen := map[SID]bool{}
	for i, e := range d.doors(want) {
		if i >= maxDoors {
			j.doubt(sources.Guests, "a list has more entries than are looked at one by one")
			break
		}
		if !seen[e.SID] {
			seen[e.SID] = true
			list = append(list, j.leavesOf(j.is(e.SID), nil, map[SID]bool{})...)
		}
	}
	return list
}

// leavesOf follows the groups of a server down to who is in them. seen keeps
// out circles.
func (j *judge) leavesOf(p who, through []who, seen map[SID]bool) []leaf {
	if seen[p.sid] || p.class == classNobody {
		return nil
	}
	if len(seen) >= maxDoors {
		j.doubt(sources.Guests, "a group of the server has more members than are looked at one by one")
		return nil
	}
	seen[p.sid] = true
	if p.MembersKnown {
		below := append(slices.Clone(through), p)
		var list []leaf
		for _, m := range p.Members {
			list = append(list, j.leavesOf(j.is(m), below, seen)...)
		}
		return list
	}
	if p.sid.Builtin() && p.class != classAdmin && j.server.Directory != nil {
		j.doubt(sources.OwnerOnly, "who is in "+p.name()+" of the server could not be read"+because(p.err))
	}
	token := Token{p.sid}
	for _, t := range through {
		token = append(token, t.sid)
	}
	l := leaf{who: p, through: through}
	switch p.class {
	case classAnonymous:
		l.token, l.session = append(token, Anonymous, Everyone, Network), true
		if j.server.Null == Proven {
			l.level = new(sources.Level)
			*l.level = sources.AnyoneLink
		}
		return []leaf{l}
	case classGuest:
		return []leaf{j.guest(l, token)}
	case classEveryone:
		l.token = append(token, signedIn...)
		list := []leaf{l, j.guest(l, token)}
		if j.server.Null == Proven {
			a := leaf{who: p, through: through, session: true, token: append(slices.Clone(token), Anonymous, Everyone, Network), level: new(sources.Level)}
			*a.level = sources.AnyoneLink
			list = append(list, a)
		}
		return list
	}
	l.token = append(token, signedIn...)
	if p.GroupsKnown {
		l.token = append(l.token, p.Groups...)
	}
	list := []leaf{l}
	for _, m := range p.Also {
		list = append(list, j.leavesOf(j.is(m), append(slices.Clone(through), p), seen)...)
	}
	return list
}

// guest is the leaf as somebody without an account whom the server takes for
// its guest.
func (j *judge) guest(l leaf, token Token) leaf {
	l.token, l.session = append(slices.Clone(token), GuestsGroup, Everyone, Network), true
	if j.server.Guest == Proven {
		l.level = new(sources.Level)
		*l.level = sources.AnyoneLink
	} else {
		l.guess = l.who.class == classEveryone || j.server.Null != Proven
	}
	return l
}

// close adds the server's groups that hold one of the token's SIDs, as far as
// any list names them.
func (j *judge) close(t *Token) {
	for again := true; again; {
		again = false
		for sid, p := range j.known {
			if !t.Has(sid) && (p.MembersKnown && slices.ContainsFunc(p.Members, t.Has) || slices.ContainsFunc(p.Also, t.Has)) {
				*t = append(*t, sid)
				again = true
			}
		}
	}
}

// exact reports whether the token holds all SIDs that the leaf has.
func (l leaf) exact() bool { return l.session || l.who.Kind == KindUser && l.who.GroupsKnown }

// settles reports whether it is known if the leaf is o or in it. Groups that only
// the server knows, and whose members it did not tell, are no part of what a
// directory says of a user.
func (l leaf) settles(o who) bool {
	if l.session {
		return true
	}
	_, unix := o.sid.UnixGroup()
	return l.exact() && !unix && !o.sid.Builtin() && o.Kind != KindAlias && (o.Kind != KindUnknown || o.class != classOther)
}

func (l leaf) is(s SID) bool { return !s.IsZero() && l.who.sid == s }

// proven reports whether a session like that of the leaf read the share.
func (l leaf) proven() bool { return l.session && l.level != nil }

// lateness orders leaves: who sits at the server itself comes last.
func (l leaf) lateness() int {
	if l.who.class == classLocal {
		return 1
	}
	return 0
}

// standing is where the leaf is on the scale.
func (l leaf) standing(w *whois) standing {
	s := w.stand(l.who)
	if l.level != nil {
		s = plain(*l.level, sources.Heads{Max: -1}, "everyone who reaches the server: it lets in sessions without an account")
	}
	// Who is in a group of administrators is one, unless that is everybody.
	for _, t := range l.through {
		if t.class == classAdmin && s.level < sources.Organisation {
			s.level = sources.OwnerOnly
		}
	}
	return s
}

// name is what a person calls the leaf.
func (l leaf) name() string {
	name := l.who.name()
	if l.session && l.who.class == classEveryone {
		name += ", without an account"
	}
	var groups []string
	for _, t := range l.through {
		groups = append(groups, t.name())
	}
	if groups != nil {
		slices.Reverse(groups)
		name += ", in " + strings.Join(groups, " in ")
	}
	return name
}

// by says which entries let a token in.
func (j *judge) by(t Token) string {
	words := "file: " + j.entry(j.place.File, t)
	if j.place.Share == nil {
		return words + "; share ACL not read"
	}
	return words + "; share: " + j.entry(j.place.Share, t)
}

func (j *judge) entry(d *Descriptor, t Token) string {
	if !d.HasDACL {
		return "no list at all, which lets everybody in"
	}
	for _, e := range d.DACL {
		f := e.Effect()
		owner := e.SID == OwnerRights && t.Has(d.Owner)
		if (f == Allows || f == MaybeAllows) && e.Mask&ReadData != 0 && (owner || t.Has(e.SID)) {
			words := j.is(e.SID).name() + " " + e.Mask.String()
			if f == MaybeAllows {
				words += ", on a condition"
			}
			return words
		}
	}
	return "nothing"
}
