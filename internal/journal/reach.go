package journal

import (
	"slices"
	"strings"
	"time"

	"mislaid/sources"
)

// exposure is the union of the audiences of places; a place whose audience was
// not resolved may be read by anyone.
func exposure(places []Place) sources.Audience {
	seen := make(map[string]bool)
	var all []*sources.Audience
	var ids []string
	unresolved := false
	for i := range places {
		id, a := places[i].AudienceID, places[i].Audience
		switch {
		case a == nil:
			unresolved = true
		case !seen[id]:
			seen[id] = true
			ids = append(ids, id)
			all = append(all, a)
		}
	}
	if unresolved {
		ids = append(ids, "")
		all = append(all, &sources.Audience{
			Now: sources.UnknownReach(), Ever: sources.UnknownReach(), Heads: sources.Heads{Max: -1},
			Unresolved: []string{"the audience of a place was not resolved"},
		})
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(ids[a], ids[b]) })
	var out sources.Audience
	for n, i := range order {
		if n == 0 {
			out = *all[i]
			continue
		}
		out = out.Union(*all[i])
	}
	return out
}

// remember widens who could ever read a place by those who were seen to be able
// to in other readings of it, and cannot now.
func (p *Place) remember(before []string, audiences map[string]*sources.Audience) {
	if p.Audience == nil {
		return
	}
	own := *p.Audience
	changed := false
	for _, id := range before {
		old := audiences[id]
		if old == nil || id == p.AudienceID || old.Now.Set&^own.Ever.Set == 0 {
			continue
		}
		changed = true
		for _, g := range old.Grants {
			if own.Now.Set&(1<<g.Level) == 0 {
				own.Past = append(slices.Clip(own.Past), sources.Past{Grant: g, Until: own.ReadAt})
			}
		}
		own.Past = append(slices.Clip(own.Past), old.Past...)
		own.Ever = own.Ever.Union(sources.ReachOf(old.Now.Levels()...))
	}
	if changed {
		p.Audience, p.AudienceID = &own, AudienceID(own)
	}
}

// reach is who could read it since its exposure began, over all places.
func (l *Leak) reach() (r sources.Reach) {
	for i := range l.Places {
		a := l.Places[i].Audience
		if a == nil {
			r = r.Union(sources.UnknownReach())
			continue
		}
		r = r.Union(a.EverSince(l.exposedFrom(&l.Places[i])))
	}
	return r
}

// exposedFrom is when whoever could read a place could first have read the key
// there: not before there was the key, nor before a message that holds it was
// sent. When a file was last changed says nothing of when the key got into it.
func (l *Leak) exposedFrom(p *Place) (from time.Time) {
	if l.Facts != nil {
		from = l.Facts.Created
	}
	var sent time.Time
	for _, at := range p.Positions {
		if at.Time.IsZero() {
			return from
		}
		sent = earliest(sent, at.Time)
	}
	if p.Total > len(p.Positions) || sent.Before(from) {
		return from
	}
	return sent
}
