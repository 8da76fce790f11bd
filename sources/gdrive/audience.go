package gdrive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/drive/v3"

	"mislaid/sources"
)

// grant is a permission and where it comes from.
type grant struct {
	*drive.Permission
	from string // what it is inherited from, as a person reads it; "" the file itself
}

// fewNamed is the most named people who are a few.
const fewNamed = 10

func unknownAudience(why string) sources.Audience {
	r := sources.UnknownReach()
	return sources.Audience{Now: r, Ever: r, Heads: sources.Heads{Max: -1}, Unresolved: []string{why}, ReadAt: now()}
}

// judge says what grants mean together: the widest of all, never less than what
// could not be found out.
func (p *people) judge(ctx context.Context, grants []grant) sources.Audience {
	a := sources.Audience{ReadAt: now()}
	named, any := 0, false
	for _, g := range grants {
		if void(g.Permission, a.ReadAt) {
			continue
		}
		l, ok := p.rate(g.Permission)
		if !ok {
			a.Now.AtMost = sources.Public
			a.Heads.Max = -1
			a.Unresolved = append(a.Unresolved, "what a permission of the kind "+plainReason(g.Type)+" means")
			continue
		}
		any = true
		one := p.one(ctx, g, l)
		if l.level == sources.NamedFew {
			named++
		}
		a = a.Union(one)
	}
	switch {
	case !any && len(a.Unresolved) == 0:
		return unknownAudience("no permission on it is shown to us")
	case !any:
		return a
	case named > fewNamed:
		a.Now = a.Now.Union(sources.ReachOf(sources.GroupOf))
	}
	if p.domainsWhy != nil && a.Now.Set&(1<<sources.Outsiders) != 0 {
		a.Unresolved = append(a.Unresolved, fmt.Sprintf("whether those outside are of another domain of the same organisation: %v", p.domainsWhy))
	}
	a.Ever = a.Now
	return a
}

// one is the audience of one grant.
func (p *people) one(ctx context.Context, g grant, l level) sources.Audience {
	who := g.EmailAddress
	if g.Type == "domain" {
		who = g.Domain
	}
	text := l.text
	if strings.Contains(text, "%s") {
		text = fmt.Sprintf(text, who)
	}
	if g.View == published {
		text += ", published to the web"
	}
	by := g.Role
	if g.from != "" {
		by += " of " + g.from
	}
	e := sources.Grant{Who: text, By: by, Level: l.level, Heads: sources.Heads{Min: 1, Max: 1}}
	a := sources.Audience{Now: sources.ReachOf(l.level), Findable: l.findable, Heads: e.Heads, ReadAt: now()}
	switch {
	case g.Type == "anyone":
		e.Heads = sources.Heads{Min: 1, Max: -1}
	case g.Type == "domain" && l.place == inside:
		e.Heads = sources.Heads{Min: 1, Max: p.heads()}
		if n := p.heads(); n > 0 {
			e.Heads.Min, e.Count = n, "active accounts in the Directory"
		}
	case g.Type == "domain":
		e.Heads = sources.Heads{Min: 1, Max: -1}
	case g.Type == "group" && l.place == inside:
		return p.ofGroup(ctx, g, a, e)
	case g.Type == "group":
		e.Heads, e.Count = sources.Heads{Min: 1, Max: -1}, "the members of another organisation's group are not shown"
	}
	a.Heads, a.Grants = e.Heads, []sources.Grant{e}
	return a
}

// ofGroup is the audience of a grant to a group of the organisation.
func (p *people) ofGroup(ctx context.Context, g grant, a sources.Audience, e sources.Grant) sources.Audience {
	x := p.group(ctx, g.EmailAddress)
	n := len(x.members)
	e.Heads = sources.Heads{Min: n, Max: n}
	e.Who = fmt.Sprintf("%s (%d members)", e.Who, n)
	all := p.heads()
	if x.everyone || all > 0 && n*largeGroup >= all && n > fewNamed {
		a.Now = a.Now.Union(sources.ReachOf(sources.Organisation))
		e.Level = sources.Organisation
		if x.everyone {
			e.Heads, e.Who = sources.Heads{Min: max(n, all), Max: max(n, all)}, fmt.Sprintf("group %s (everyone in the organisation)", g.EmailAddress)
			if all < 0 {
				e.Heads = sources.Heads{Min: n, Max: -1}
			}
		}
	}
	if len(x.outside) > 0 {
		a.Now = a.Now.Union(sources.ReachOf(sources.Outsiders))
		e.Level = max(e.Level, sources.Outsiders)
		e.Who = fmt.Sprintf("%s, %d of them from outside", strings.TrimSuffix(e.Who, ")"), len(x.outside)) + ")"
	}
	if j, ok := joining[x.join]; ok {
		a.Now = a.Now.Union(sources.ReachOf(j.level))
		a.CouldJoin = append(a.CouldJoin, sources.Grant{Who: j.who, By: "group " + g.EmailAddress + ": " + x.join, Level: j.level, Heads: sources.Heads{Max: -1}})
	}
	if x.why != nil {
		e.Who, e.Heads.Max, e.Count = "group "+g.EmailAddress, -1, "its members are not all known"
		a.Now.AtMost = max(a.Now.AtMost, sources.AnyoneLink)
		a.Unresolved = append(a.Unresolved, fmt.Sprintf("who is in group %s: %v", g.EmailAddress, x.why))
	}
	a.Heads, a.Grants = e.Heads, []sources.Grant{e}
	return a
}

// grantsOf returns what is granted on a file, from what the listing told where
// it did; asked says that nothing of that kind is trusted and the server is
// asked.
func (s *Source) grantsOf(ctx context.Context, ct *container, f file) ([]grant, error) {
	if f.DriveId == "" {
		if f.Permissions == nil {
			return nil, nil
		}
		return s.named(ctx, ct, f.Permissions), nil
	}
	return s.tree(ct, f.DriveId).grants(ctx, f)
}

// named says of each permission what it is inherited from.
func (s *Source) named(ctx context.Context, ct *container, perms []*drive.Permission) []grant {
	all := make([]grant, 0, len(perms))
	for _, p := range perms {
		g := grant{Permission: p}
		for _, d := range p.PermissionDetails {
			if d.Inherited {
				g.from = "a folder above"
				if d.InheritedFrom != "" {
					g.from = s.tree(ct, "").name(ctx, d.InheritedFrom)
				}
			}
		}
		all = append(all, g)
	}
	return all
}

// audienceOf judges what the listing told of a file.
func (s *Source) audienceOf(ctx context.Context, ct *container, f file) (sources.Audience, error) {
	grants, err := s.grantsOf(ctx, ct, f)
	if err != nil {
		return unknownAudience("who can read it: " + err.Error()), err
	}
	if grants == nil {
		return s.hinted(f), nil
	}
	return s.people.judge(ctx, grants), nil
}

// hinted is the audience of a file whose permissions are not shown to us: the
// ids of those that we see tell whether it has a link.
func (s *Source) hinted(f file) sources.Audience {
	a := unknownAudience("its permissions are shown only to those who may share it")
	for _, h := range []struct {
		id    string
		level sources.Level
		who   string
	}{{"anyone", sources.Public, "anyone on the web"}, {"anyoneWithLink", sources.AnyoneLink, "anyone with the link"}} {
		if slices.Contains(f.PermissionIds, h.id) {
			a.Now = a.Now.Union(sources.ReachOf(h.level))
			a.Now.AtMost = sources.Public
			a.Grants = append(a.Grants, sources.Grant{Who: h.who, By: "permission " + h.id, Level: h.level, Heads: sources.Heads{Min: 1, Max: -1}})
		}
	}
	if o := f.owner(); o != "" {
		_, domain, _ := strings.Cut(strings.ToLower(o), "@")
		l := sources.OwnerOnly
		if !s.people.inside(domain) {
			l = sources.Outsiders
		}
		a.Now = a.Now.Union(sources.ReachOf(l))
		a.Now.AtMost = sources.Public
		a.Grants = append(a.Grants, sources.Grant{Who: "owner " + o, By: "owner", Level: l, Heads: sources.Heads{Min: 1, Max: 1}})
	}
	a.Ever = a.Now
	return a
}

// Audience asks who can read an item, as of now.
func (s *Source) Audience(ctx context.Context, it sources.Item) (sources.Audience, error) {
	const asked = "who can read it could not be asked for"
	ct, err := s.container(ctx, it.Container)
	if err != nil {
		return unknownAudience(asked), err
	}
	c, err := s.as(ctx, ct.subject)
	if err != nil {
		return unknownAudience(asked), err
	}
	id, _, _ := cutExtra(it.ID)
	listed, _ := it.Own.(file)
	key := ""
	if listed.File != nil {
		key = listed.ResourceKey
	}
	f, err := c.get(ctx, id, key, fileFields)
	if err != nil {
		return unknownAudience(asked), err
	}
	var a sources.Audience
	switch perms, perr := f.Permissions, error(nil); {
	case f.DriveId != "":
		perms, perr = c.permissions(ctx, id, false)
		if perr != nil {
			if ctx.Err() != nil || errors.Is(perr, sources.ErrSession) || errors.Is(perr, sources.ErrGone) {
				return unknownAudience(asked), perr
			}
			a, _ = s.audienceOf(ctx, ct, f)
			a = a.Union(unknownAudience(fmt.Sprintf("whether it is shared by itself: %v", perr)))
			break
		}
		a = s.people.judge(ctx, s.named(ctx, ct, perms))
	case perms == nil:
		a = s.hinted(f)
	default:
		a = s.people.judge(ctx, s.named(ctx, ct, perms))
	}
	if m := s.people.machines(ctx, f.owner()); len(m.grants) > 0 {
		a.Machines = append(a.Machines, m.grants...)
	}
	s.viewed(id).widen(&a)
	return a, ctx.Err()
}

// Sharing says how widely a file must be shared to be wanted.
type Sharing string

// The choices.
const (
	AnySharing      Sharing = "any"
	BroadSharing    Sharing = "broad"    // the whole organisation, large groups, anyone outside
	ExternalSharing Sharing = "external" // anyone outside
)

// wants reports whether an audience is wide enough. What could be is.
func (w Sharing) wants(a sources.Audience) bool {
	switch w {
	case BroadSharing:
		return a.Now.AtMost >= sources.Organisation
	case ExternalSharing:
		return a.Now.AtMost >= sources.Guests
	}
	return true
}

// now is the time for a record.
func now() time.Time { return time.Now().UTC() }
