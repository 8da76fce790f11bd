//go:build unix

package local

import (
	"fmt"
	"slices"
	"strings"

	"mislaid/internal/paths"
	"mislaid/sources"
)

// judge finds out who can read the last node of a chain.
type judge struct {
	chain      chain
	people     *people
	uids, gids []uint32 // named by the chain
}

// few is the largest number of people that counts as a named few.
const few = 10

// circle is the readers who pass the gates, the nodes that stop strangers, by
// the same entries.
type circle struct {
	gates   []gate
	readers []account
}

type gate struct {
	node *node
	way  way
}

func (j judge) audience() sources.Audience {
	file := &j.chain[len(j.chain)-1]
	readers := j.readers()
	a := sources.Audience{Now: sources.ReachOf(sources.OwnerOnly), Since: file.ctime, Heads: heads(readers)}
	a.Grants = append(a.Grants, j.ownerGrant(readers))
	if j.chain.reads(stranger) {
		a.Findable = j.findable()
		j.add(&a, sources.Grant{
			Who: "everyone on this machine", By: j.by(file, way{}), Level: sources.Organisation,
			Heads: j.bound(heads(readers)), Count: j.people.how,
		})
	} else {
		for _, c := range j.circles(readers) {
			j.add(&a, j.circleGrant(c))
		}
		j.addUnlisted(&a, readers)
	}
	j.addDoubts(&a)
	return a
}

func (j judge) add(a *sources.Audience, g sources.Grant) {
	a.Grants = append(a.Grants, g)
	a.Now = a.Now.Union(sources.ReachOf(g.Level))
	if g.Heads.Max < 0 {
		a.Heads.Max = -1
	}
}

// readers are the known accounts that can read the file, and the uids without
// account that can, except the superuser.
func (j judge) readers() []account {
	var list []account
	all := j.people.accounts
	for _, uid := range j.uids {
		if !slices.ContainsFunc(all, func(a account) bool { return a.uid == int64(uid) }) {
			// No account, so no person; its group is one that no file has.
			all = append(slices.Clip(all), account{name: j.people.userName(uid), uid: int64(uid), gid: 1<<32 - 1})
		}
	}
	for _, a := range all {
		if a.uid != 0 && j.chain.reads(j.people.as(a)) {
			list = append(list, a)
		}
	}
	return list
}

func heads(readers []account) sources.Heads {
	h := sources.Heads{Max: len(readers)}
	for _, a := range readers {
		if a.human {
			h.Min++
		}
	}
	return h
}

// bound takes the upper bound away where accounts may be hidden.
func (j judge) bound(h sources.Heads) sources.Heads {
	if !j.people.complete {
		h.Max = -1
	}
	return h
}

func (j judge) ownerGrant(readers []account) sources.Grant {
	file := &j.chain[len(j.chain)-1]
	g := sources.Grant{Who: "administrators", By: j.describe(file), Level: sources.OwnerOnly}
	for _, a := range readers {
		if a.uid == int64(file.uid) {
			g.Who, g.Heads = "owner "+a.name, heads([]account{a})
		}
	}
	if file.uid == 0 {
		g.Who = "owner root"
	}
	if file.acl != nil {
		g.By += " with an ACL"
	}
	classes := []struct {
		who string
		as  principal
	}{{"members of " + j.people.groupName(file.gid), memberOf(file.gid)}, {"all others", stranger}}
	for _, c := range classes {
		if _, ok := file.allows(c.as, permRead); !ok {
			continue
		}
		if n := j.chain.blocker(c.as); n != nil {
			g.By += "; " + paths.Legible(n.path) + " (" + j.describe(n) + ") stops " + c.who
		}
	}
	return g
}

// circles sorts the readers, without the owner, by how they got past what stops
// strangers.
func (j judge) circles(readers []account) []circle {
	var list []circle
	owner := int64(j.chain[len(j.chain)-1].uid)
	for _, a := range readers {
		if a.uid == owner {
			continue
		}
		gates := j.gates(j.people.as(a))
		i := slices.IndexFunc(list, func(c circle) bool { return slices.Equal(c.gates, gates) })
		if i < 0 {
			i = len(list)
			list = append(list, circle{gates: gates})
		}
		list[i].readers = append(list[i].readers, a)
	}
	return list
}

func (j judge) gates(p principal) []gate {
	var gates []gate
	for i := range j.chain {
		n := &j.chain[i]
		if _, open := n.allows(stranger, j.chain.want(i)); open {
			continue
		}
		w, _ := n.allows(p, j.chain.want(i))
		gates = append(gates, gate{n, w})
	}
	return gates
}

func (j judge) circleGrant(c circle) sources.Grant {
	var who, by []string
	group := false
	for _, g := range c.gates {
		name := "user " + j.people.userName(g.way.id)
		if g.way.class == viaGroup {
			name, group = "group "+j.people.groupName(g.way.id), true
		}
		if !slices.Contains(who, name) {
			who = append(who, name)
		}
		by = append(by, j.by(g.node, g.way))
	}
	h := heads(c.readers)
	g := sources.Grant{
		Who: strings.Join(who, " and "), By: strings.Join(by, "; "), Level: sources.NamedFew, Heads: h, Count: j.people.how,
	}
	if group {
		g.Who = fmt.Sprintf("%s (%d besides the owner)", g.Who, h.Max)
		g.Heads = j.bound(h)
		g.Level = j.groupLevel(g.Heads)
	}
	return g
}

// groupLevel places a group of readers on the scale.
func (j judge) groupLevel(h sources.Heads) sources.Level {
	switch {
	case h.Max == 0:
		return sources.OwnerOnly
	case 0 <= h.Max && h.Max <= few:
		return sources.NamedFew
	case h.Max > few && 4*h.Max >= j.people.humans(), h.Min > few && 4*h.Min >= j.people.humans():
		return sources.Organisation
	}
	return sources.GroupOf
}

// addUnlisted adds the groups that let in members of whom none is known.
func (j judge) addUnlisted(a *sources.Audience, readers []account) {
	owner := int64(j.chain[len(j.chain)-1].uid)
	for _, gid := range j.gids {
		if !j.chain.reads(memberOf(gid)) || slices.ContainsFunc(readers, func(r account) bool {
			return r.uid != owner && j.people.in(r, gid)
		}) {
			continue
		}
		gates := j.gates(memberOf(gid))
		g := sources.Grant{
			Who: "group " + j.people.groupName(gid) + " (no member besides the owner is known)", Level: sources.OwnerOnly,
			By: j.by(gates[len(gates)-1].node, way{viaGroup, gid}), Count: j.people.how,
		}
		if _, known := j.people.groups[gid]; !known || !j.people.complete {
			g.Level, g.Heads.Max = sources.GroupOf, -1
			a.Unresolved = append(a.Unresolved, "who is in group "+j.people.groupName(gid)+" is not known here")
			a.Now.AtMost = max(a.Now.AtMost, sources.Organisation)
		}
		j.add(a, g)
	}
	if j.people.complete {
		return
	}
	if all := memberOf(j.gids...); j.chain.reads(all) || slices.ContainsFunc(j.gids, func(g uint32) bool { return j.chain.reads(memberOf(g)) }) {
		unresolved(a, sources.Organisation, "groups may have members that "+j.people.how)
	}
}

// addDoubts adds what may let in more than the chain shows.
func (j judge) addDoubts(a *sources.Audience) {
	for i := range j.chain {
		if n := &j.chain[i]; n.aclErr != nil {
			unresolved(a, sources.Organisation, "the ACL of "+paths.Legible(n.path)+" could not be read")
		}
	}
	file := j.chain[len(j.chain)-1:]
	if file[0].nlink > 1 && !j.chain.reads(stranger) {
		_, gids := file.named()
		open := file.reads(stranger) || slices.ContainsFunc(gids, func(g uint32) bool { return file.reads(memberOf(g)) })
		if open {
			unresolved(a, sources.Organisation, fmt.Sprintf("the file has %d names, and another may lie in a directory that is more open", file[0].nlink))
		}
	}
	if j.chain.reads(stranger) && !j.people.complete {
		a.Unresolved = append(a.Unresolved, "how many accounts the machine has is not known")
	}
}

func (j judge) findable() sources.Findable {
	if len(j.chain) > 1 {
		if _, ok := j.chain[len(j.chain)-2].allows(stranger, permRead); ok {
			return sources.FindBrowse
		}
	}
	return sources.FindLink
}

// by says which entry of n lets somebody in.
func (j judge) by(n *node, w way) string {
	text := "mode " + j.describe(n)
	if n.acl != nil {
		switch w.class {
		case viaUser:
			text = "ACL entry user:" + j.people.userName(w.id)
		case viaGroup:
			text = "ACL entry group:" + j.people.groupName(w.id)
		}
	}
	if n != &j.chain[len(j.chain)-1] {
		text += " of " + paths.Legible(n.path)
	}
	return text
}

func (j judge) describe(n *node) string {
	return modeString(n.mode) + " " + j.people.userName(n.uid) + ":" + j.people.groupName(n.gid)
}
