package ntacl

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mislaid/sources"
)

// maxDoors is how many entries of a list are looked at one by one. A list has
// room for thousands; what is beyond counts as unresolved.
const maxDoors = 256

// Audience says who can read the file: what its own list and the share's both
// allow. The error is ctx's alone.
//
// The directories above the file are not asked who may pass them: Windows gives
// everybody the privilege to bypass that (SeChangeNotifyPrivilege), and what
// keeps somebody out on Samba are modes that no descriptor need show.
//
// The levels: somebody who need not sign in is AnyoneLink; Everyone and guests
// are that only where a session without an account is proven. Everyone who can
// sign in is Organisation, or Guests where users of other domains can. Groups
// stand by the number of people in them. Administrators and backup operators
// can always read and are OwnerOnly. What is not known widens AtMost and never
// narrows anything. The set of levels holds those that are certain: a list that
// another one or a rule we cannot see may narrow only raises AtMost.
func (s Server) Audience(ctx context.Context, p Place) (sources.Audience, error) {
	j := judge{
		whois: whois{ctx: ctx, server: s, known: map[SID]who{}},
		place: p,
		aud:   sources.Audience{Now: sources.ReachOf(sources.OwnerOnly)},
	}
	if p.Share == nil {
		j.doubt(sources.OwnerOnly, "share ACL not read"+because(p.ShareErr)+": it may let in fewer than the file's own list")
	}
	if s.Samba {
		j.doubt(sources.OwnerOnly, "smb.conf of the server is not read, nor who may pass the directories above: both may let in fewer than the lists, as by \"valid users\"")
	}
	if p.File == nil {
		j.unreadable()
	} else {
		j.readable()
	}
	a := j.aud
	a.Ever = a.Now
	if p.File != nil && p.File.Owner.set {
		owner := j.is(p.File.Owner)
		a.Owner = owner.name()
		a.OwnerLeft = owner.State == Disabled || owner.State == Expired || owner.State == Gone
	}
	a.ReadAt = time.Now()
	if err := ctx.Err(); err != nil {
		unknown := sources.UnknownReach()
		return sources.Audience{
			Now: unknown, Ever: unknown, Heads: sources.Heads{Max: -1}, ReadAt: a.ReadAt,
			Unresolved: []string{"who can read it was not waited for"},
		}, err
	}
	return a, nil
}

// untried is said where the lists let in whoever comes without an account.
const untried = "whether the server lets in somebody without an account was not tried, and is taken for no (--probe-anonymous tries)"

func because(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

// judge works out one audience.
type judge struct {
	whois
	place  Place
	aud    sources.Audience
	leaves []leaf // of the file, then of the share
}

// doubt adds what could not be found out and the widest it can mean.
func (j *judge) doubt(worst sources.Level, why string) {
	if why != "" && !slices.Contains(j.aud.Unresolved, why) {
		j.aud.Unresolved = append(j.aud.Unresolved, why)
	}
	if worst > sources.OwnerOnly {
		j.aud.Now.AtMost = max(j.aud.Now.AtMost, worst)
		j.aud.Heads.Max = -1
	}
}

// unreadable is the audience of a file whose descriptor could not be read: at
// worst everybody whom the share lets in.
func (j *judge) unreadable() {
	worst := sources.AnyoneLink
	if j.server.Null == Refused && j.server.Guest == Refused {
		worst = sources.Guests
	}
	if j.place.Share != nil {
		worst = sources.OwnerOnly
		for _, l := range j.expand(j.place.Share) {
			s := j.stand(l.who)
			worst = max(worst, s.level, s.worst)
			if l.who.class == classEveryone && (j.server.Null != Refused || j.server.Guest != Refused) {
				worst = sources.AnyoneLink
			}
		}
	}
	j.doubt(max(worst, sources.NamedFew), "the file's security descriptor could not be read"+because(j.place.FileErr))
}

func (j *judge) readable() {
	file, share := j.place.File, j.place.Share
	inFile := j.expand(file)
	var inShare []leaf
	if share != nil {
		inShare = j.expand(share)
	}
	j.lookUpDenied(file)
	j.lookUpDenied(share)
	j.leaves = slices.Concat(inFile, inShare)
	// Who sits at the server itself matters only where the network does not
	// let in as many.
	slices.SortStableFunc(j.leaves, func(a, b leaf) int { return a.lateness() - b.lateness() })
	j.base()
	var stopped []leaf // of the file's, by the share
	admitted := map[SID]bool{}
	for i := range j.leaves {
		l := &j.leaves[i]
		j.close(&l.token)
		if l.guess && j.server.Guest == Untried && Access(share, file, l.token).Possible&ReadData != 0 {
			j.doubt(sources.OwnerOnly, untried)
		}
		switch {
		case admitted[l.who.sid] && (!l.session || l.guess): // said already
		case j.admit(*l):
			admitted[l.who.sid] = true
		case file.Rights(l.token).Possible&ReadData != 0:
			stopped = append(stopped, *l)
		}
	}
	j.admitPairs(stopped, inShare)
	j.couldJoin()
	j.unknownEntries(file, "file")
	j.unknownEntries(share, "share")
	j.findable()
	if len(file.Labels) > 0 || file.Policies {
		j.doubt(sources.OwnerOnly, "a mandatory label or central access policy is ignored here: it can only let in fewer")
	}
}

// base adds the owner and who needs no entry.
func (j *judge) base() {
	owner := j.is(j.place.File.Owner)
	g := sources.Grant{Who: "administrators and backup operators", By: "their privileges", Level: sources.OwnerOnly}
	if j.server.Name != "" {
		g.Who += " of " + j.server.Name
	}
	if !owner.sid.IsZero() {
		g.Who = "owner " + owner.name() + "; " + g.Who
		g.By = "owner of the file; " + g.By
		if owner.Kind == KindUser {
			g.Heads = j.stand(owner).heads
		}
	}
	j.aud.Heads = g.Heads
	j.aud.Grants = append(j.aud.Grants, g)
}

// lookUpDenied finds out who is denied, as groups of the server may hold those
// who are let in.
func (j *judge) lookUpDenied(d *Descriptor) {
	if d == nil {
		return
	}
	n := 0
	for _, e := range d.DACL {
		if f := e.Effect(); (f == Denies || f == MaybeDenies) && e.Mask&ReadData != 0 && n < maxDoors {
			j.is(e.SID)
			n++
		}
	}
}

// admit adds a grant for a leaf that both lists let in, and reports whether
// they do.
func (j *judge) admit(l leaf) bool {
	r := Access(j.place.Share, j.place.File, l.token)
	if r.Possible&ReadData == 0 {
		return false
	}
	if l.is(j.place.File.Owner) && l.who.class == classOther && (l.who.Kind == KindUser || l.who.Kind == KindUnknown) {
		return true // said already
	}
	s := l.standing(&j.whois)
	if l.who.class == classLocal && j.aud.Now.AtMost >= s.worst {
		return true
	}
	except, unsure := j.exceptions(l, s.level)
	sure := r.Sure&ReadData != 0 && !unsure && !l.guess && !l.who.stranger() && (l.proven() || j.place.Share != nil && !j.server.Samba)
	g := sources.Grant{Who: l.name(), By: j.by(l.token) + except, Level: s.level, Heads: s.heads, Count: s.count}
	if l.who.machine() {
		j.aud.Machines = append(j.aud.Machines, g)
	}
	if s.level == sources.OwnerOnly && l.who.class != classOther && l.who.class != classLocal {
		return true // an administrator or a program of the server
	}
	j.grant(s, sure, g)
	return true
}

// maxPairs bounds the pairs of an entry of the file and one of the share that
// are looked at.
const maxPairs = 2048

func (j *judge) admitPairs(inFile, inShare []leaf) {
	n := 0
	for _, f := range inFile {
		for _, s := range inShare {
			if n++; n > maxPairs {
				j.doubt(sources.Guests, "the file's and the share's lists have more entries together than are looked at")
				return
			}
			j.close(&s.token)
			j.admitBoth(f, s)
		}
	}
}

// admitBoth adds a grant for who is both f, whom the file lets in, and s, whom
// the share does.
func (j *judge) admitBoth(f, s leaf) {
	if f.settles(s.who) || s.settles(f.who) || f.who.sid == s.who.sid || f.who.Kind == KindUser && s.who.Kind == KindUser {
		return
	}
	token := append(slices.Clone(f.token), s.token...)
	if Access(j.place.Share, j.place.File, token).Possible&ReadData == 0 || Access(j.place.Share, j.place.File, s.token).Possible&ReadData != 0 {
		return
	}
	fs, ss := f.standing(&j.whois), s.standing(&j.whois)
	both := fs
	if ss.level < fs.level {
		both = ss
	}
	both.worst = min(fs.worst, ss.worst)
	both.heads = sources.Heads{Max: lesser(fs.heads.Max, ss.heads.Max)}
	both.count = "who is in both is not counted"
	who := "who is both " + f.name() + " and " + s.name()
	j.grant(both, false, sources.Grant{Who: who, By: j.by(token), Level: both.level, Heads: both.heads, Count: both.count})
}

func lesser(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

func (j *judge) grant(s standing, sure bool, g sources.Grant) {
	a := &j.aud
	for i := range a.Grants {
		if a.Grants[i].Who == g.Who && a.Grants[i].Level == g.Level {
			return
		}
	}
	a.Grants = append(a.Grants, g)
	a.Now.AtMost = max(a.Now.AtMost, s.level)
	if sure {
		a.Now = a.Now.Union(sources.ReachOf(s.level))
	}
	if s.level > sources.OwnerOnly || s.heads.Max > 0 {
		a.Heads = sources.Heads{Min: max(a.Heads.Min, bound(sure, g.Heads.Min)), Max: sum(a.Heads.Max, g.Heads.Max)}
	}
	if s.worst > s.level || s.doubt != "" {
		j.doubt(s.worst, s.doubt)
	}
}

func bound(sure bool, n int) int {
	if sure {
		return n
	}
	return 0
}

func sum(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// exceptions names who is stopped by a denying entry before the one that lets
// the leaf in, without the leaf being known to be among them, and reports
// whether that could be all of it.
func (j *judge) exceptions(l leaf, level sources.Level) (words string, unsure bool) {
	if l.session {
		return "", false
	}
	var names []string
	for _, d := range []*Descriptor{j.place.File, j.place.Share} {
		if d == nil {
			continue
		}
		for _, e := range d.DACL {
			f := e.Effect()
			if (f == Allows || f == MaybeAllows) && e.Mask&ReadData != 0 && l.token.Has(e.SID) {
				break
			}
			if f != Denies && f != MaybeDenies || e.Mask&ReadData == 0 || e.SID == OwnerRights {
				continue
			}
			denied := j.is(e.SID)
			switch denied.class {
			case classGuest, classAnonymous, classService, classLocal, classNobody:
				continue // nobody who signed in over the network
			}
			if l.settles(denied) || l.exact() && denied.MembersKnown {
				continue
			}
			if denied.Kind == KindUser {
				unsure = unsure || level <= sources.NamedFew
			} else {
				unsure = unsure || level < sources.Organisation || j.stand(denied).worst >= level
			}
			if name := denied.name(); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for i, name := range names {
		if i == 0 {
			words = "; except "
		} else {
			words += " and "
		}
		words += name
	}
	return words, unsure
}

// couldJoin adds who cannot read but could give themselves the right.
func (j *judge) couldJoin() {
	file := j.place.File
	list := j.expandFor(file, takeover)
	if owner := j.is(file.Owner); !owner.sid.IsZero() {
		list = append(list, j.leavesOf(owner, nil, map[SID]bool{})...)
	}
	for _, l := range list {
		j.close(&l.token)
		r := Access(j.place.Share, file, l.token).Possible
		if r&takeover == 0 || r&ReadData != 0 || l.session {
			continue
		}
		s := l.standing(&j.whois)
		switch {
		case l.is(file.Owner) && l.who.class == classOther && (l.who.Kind == KindUser || l.who.Kind == KindUnknown):
			s.level = sources.OwnerOnly
		case s.level == sources.OwnerOnly:
			continue
		}
		g := sources.Grant{Who: l.name(), By: "may change its permissions", Level: s.level, Heads: s.heads, Count: s.count}
		switch {
		case l.is(file.Owner):
			g.By = "owns it, so " + g.By
		case r&WriteDAC == 0:
			g.By = "may take its ownership"
		}
		if !slices.ContainsFunc(j.aud.CouldJoin, func(o sources.Grant) bool { return o.Who == g.Who }) {
			j.aud.CouldJoin = append(j.aud.CouldJoin, g)
		}
	}
}

// unknownEntries says that a list has entries that nothing is known of.
func (j *judge) unknownEntries(d *Descriptor, what string) {
	if d == nil {
		return
	}
	for _, e := range d.DACL {
		switch e.Effect() {
		case Unknown:
			j.doubt(sources.Guests, fmt.Sprintf("the %s's list has an entry of the unknown type %#x", what, e.Type))
		case MaybeAllows:
			if e.Mask&ReadData != 0 {
				j.doubt(sources.OwnerOnly, fmt.Sprintf("whether the condition on %s in the %s's list holds is known to the server alone: it is taken to let in", j.is(e.SID).name(), what))
			}
		}
	}
}

// findable says how the widest readers come across the file.
func (j *judge) findable() {
	if j.place.Parent == nil {
		return
	}
	var widest sources.Level
	for _, l := range j.leaves {
		if Access(j.place.Share, j.place.File, l.token).Possible&ReadData == 0 {
			continue
		}
		lists := j.place.Parent.Rights(l.token).Possible&ReadData != 0
		level := l.standing(&j.whois).level
		if level < widest || level == widest && j.aud.Findable == sources.FindBrowse {
			continue
		}
		widest, j.aud.Findable = level, sources.FindLink
		if lists {
			j.aud.Findable = sources.FindBrowse
		}
	}
}
