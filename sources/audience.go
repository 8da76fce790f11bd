package sources

import (
	"slices"
	"time"
)

// Level is one step on the scale of audience that all sources share.
type Level uint8

// The scale. A place has a set of levels, not only a maximum: "the whole
// company, and one outsider" keeps both.
const (
	OwnerOnly    Level = iota // owner and administrators only
	NamedFew                  // at most 10 named people
	GroupOf                   // a group
	Organisation              // everyone in the organisation, or on a machine that many share
	Guests                    // everyone including guests, trusted forests or several workspaces
	Outsiders                 // named outsiders
	AnyoneLink                // anyone with the link, or unauthenticated on the network
	Public                    // public and findable
)

var levelNames = [...]string{
	"owner and administrators", "a named few", "a group", "everyone in the organisation",
	"everyone including guests", "named outsiders", "anyone with the link or on the network", "public and findable",
}

func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "unknown"
}

// Reach is a set of levels with bounds on the widest. Where the set is not
// fully known, AtMost is what it could be at worst.
type Reach struct {
	Set     uint8 `json:"set"` // bit n is Level n
	AtLeast Level `json:"at_least"`
	AtMost  Level `json:"at_most"`
}

// ReachOf returns the fully known reach of the given levels.
func ReachOf(levels ...Level) Reach {
	var r Reach
	for _, l := range levels {
		r.Set |= 1 << l
		r.AtLeast = max(r.AtLeast, l)
	}
	r.AtMost = r.AtLeast
	return r
}

// UnknownReach is what is said when nothing could be found out.
func UnknownReach() Reach { return Reach{AtMost: Public} }

// Union joins the sets and widens the bounds. It never narrows.
func (r Reach) Union(o Reach) Reach {
	return Reach{Set: r.Set | o.Set, AtLeast: max(r.AtLeast, o.AtLeast), AtMost: max(r.AtMost, o.AtMost)}
}

// Levels lists the set, narrowest first.
func (r Reach) Levels() []Level {
	var ls []Level
	for l := OwnerOnly; l <= Public; l++ {
		if r.Set&(1<<l) != 0 {
			ls = append(ls, l)
		}
	}
	return ls
}

// Heads bounds a head count. Max < 0 means no upper bound is known.
type Heads struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Grant is one piece of evidence: who is let in, and by what.
type Grant struct {
	Who   string `json:"who"`             // "group finance (12 members)", "everyone on this machine"
	By    string `json:"by"`              // "mode -rw-r--r--", "ACL user:alice:r--"
	Level Level  `json:"level"`           // where it stands on the scale
	Heads Heads  `json:"heads"`           // how many people it lets in
	Count string `json:"count,omitempty"` // how the heads were counted, or why they could not be
}

// Past is somebody who could read once and cannot now.
type Past struct {
	Grant
	Until time.Time `json:"until,omitzero"` // could not read any more at this time; zero: nobody knows since when
}

// Findable says how a stranger among the audience would come across the item.
type Findable string

// The ways of finding an item.
const (
	FindUnknown Findable = ""
	FindSearch  Findable = "search" // full-text search
	FindBrowse  Findable = "browse" // by looking around
	FindLink    Findable = "link"   // only with the link
)

// Audience says who can read an item. It is the answer of one moment.
type Audience struct {
	Now        Reach     `json:"now"`
	Ever       Reach     `json:"ever"`                 // including past members and revoked links
	EverKnown  bool      `json:"ever_known"`           // false: "not knowable here", Ever repeats Now
	Grants     []Grant   `json:"grants,omitempty"`     // evidence for Now
	Past       []Past    `json:"past,omitempty"`       // evidence for what Ever adds to Now
	CouldJoin  []Grant   `json:"could_join,omitempty"` // who could let themselves in
	Machines   []Grant   `json:"machines,omitempty"`   // bots, indexes and exports that read along
	Findable   Findable  `json:"findable,omitempty"`
	Heads      Heads     `json:"heads"`
	Since      time.Time `json:"since,omitzero"`       // readable like this since, at the latest; zero unknown
	Unresolved []string  `json:"unresolved,omitempty"` // what could not be found out; never means private
	ReadAt     time.Time `json:"read_at,omitzero"`
}

// Union joins two audiences: it only widens.
func (a Audience) Union(b Audience) Audience {
	a.Now = a.Now.Union(b.Now)
	a.Ever = a.Ever.Union(b.Ever)
	a.EverKnown = a.EverKnown && b.EverKnown
	a.Grants = appendNew(a.Grants, b.Grants)
	a.Past = appendNew(a.Past, b.Past)
	a.CouldJoin = appendNew(a.CouldJoin, b.CouldJoin)
	a.Machines = appendNew(a.Machines, b.Machines)
	a.Findable = widerFind(a.Findable, b.Findable)
	a.Heads = unionHeads(a.Heads, b.Heads)
	if a.Since.IsZero() || !b.Since.IsZero() && b.Since.Before(a.Since) {
		a.Since = b.Since
	}
	a.Unresolved = appendNew(a.Unresolved, b.Unresolved)
	if b.ReadAt.After(a.ReadAt) {
		a.ReadAt = b.ReadAt
	}
	return a
}

// EverSince returns who could read it at t or later: Ever without those who could
// no longer read it at t. As much of Ever as Past does not account for stays; so
// does all of it when t is zero.
func (a Audience) EverSince(t time.Time) Reach {
	since, all := a.Now, a.Now
	for _, p := range a.Past {
		r := ReachOf(p.Level)
		all = all.Union(r)
		if p.Until.IsZero() || p.Until.After(t) {
			since = since.Union(r)
		}
	}
	if t.IsZero() || all.Union(a.Ever) != all {
		return a.Ever.Union(a.Now)
	}
	return since
}

// unionHeads: the groups may overlap fully or not at all.
func unionHeads(a, b Heads) Heads {
	h := Heads{Min: max(a.Min, b.Min), Max: a.Max + b.Max}
	if a.Max < 0 || b.Max < 0 {
		h.Max = -1
	}
	return h
}

func appendNew[T comparable](dst, src []T) []T {
	dst = slices.Clip(dst)
	for _, s := range src {
		if !slices.Contains(dst, s) {
			dst = append(dst, s)
		}
	}
	return dst
}

func widerFind(a, b Findable) Findable {
	for _, f := range []Findable{FindSearch, FindBrowse, FindLink} {
		if a == f || b == f {
			return f
		}
	}
	return FindUnknown
}
