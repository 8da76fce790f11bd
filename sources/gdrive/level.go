package gdrive

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/api/drive/v3"

	"mislaid/sources"
)

// place says where a grant's address lies.
type place string

// The places.
const (
	anywhere place = ""
	inside   place = "inside"   // the organisation's primary, secondary and alias domains
	outside  place = "outside"  // any other
	targeted place = "targeted" // a target audience: chosen people of the organisation, whom Drive lists as a domain of its own
)

// level is one row of the table: what a grant means on the scale.
type level struct {
	kind       string // of the permission: user, group, domain, anyone
	place      place
	searchable *bool // allowFileDiscovery; nil: either way
	owner      bool
	level      sources.Level
	findable   sources.Findable
	text       string // %s is the address
}

func is(b bool) *bool { return &b }

// levels is the table of all grants (developers.google.com, "Permissions" and the
// reference of the resource, 2026). The first row that fits counts.
var levels = []level{
	{kind: "anyone", searchable: is(true), level: sources.Public, findable: sources.FindSearch, text: "anyone on the web"},
	{kind: "anyone", searchable: is(false), level: sources.AnyoneLink, findable: sources.FindLink, text: "anyone with the link"},
	{kind: "domain", place: targeted, level: sources.Organisation, findable: sources.FindLink, text: "the target audience %s"},
	{kind: "domain", place: inside, searchable: is(true), level: sources.Organisation, findable: sources.FindSearch, text: "everyone at %s"},
	{kind: "domain", place: inside, searchable: is(false), level: sources.Organisation, findable: sources.FindLink, text: "everyone at %s with the link"},
	{kind: "domain", place: outside, level: sources.Outsiders, findable: sources.FindLink, text: "everyone at %s, another organisation"},
	{kind: "group", place: inside, level: sources.GroupOf, findable: sources.FindBrowse, text: "group %s"},
	{kind: "group", place: outside, level: sources.Outsiders, findable: sources.FindBrowse, text: "group %s of another organisation"},
	{kind: "user", place: inside, owner: true, level: sources.OwnerOnly, findable: sources.FindBrowse, text: "owner %s"},
	{kind: "user", place: outside, owner: true, level: sources.Outsiders, findable: sources.FindBrowse, text: "owner %s, outside the organisation"},
	{kind: "user", place: inside, level: sources.NamedFew, findable: sources.FindBrowse, text: "%s"},
	{kind: "user", place: outside, level: sources.Outsiders, findable: sources.FindBrowse, text: "%s, outside the organisation"},
}

// audienceDomain is how Drive spells target audiences as domains.
const audienceDomain = ".audience.googledomains.com"

func (p *people) placeOf(perm *drive.Permission) place {
	domain := strings.ToLower(perm.Domain)
	switch {
	case perm.Type == "anyone":
		return anywhere
	case strings.HasSuffix(domain, audienceDomain):
		return targeted
	case perm.Type != "domain":
		_, domain, _ = strings.Cut(strings.ToLower(perm.EmailAddress), "@")
	}
	if p.inside(domain) {
		return inside
	}
	return outside
}

// rate finds the row of a grant; ok is false where none fits.
func (p *people) rate(perm *drive.Permission) (level, bool) {
	where := p.placeOf(perm)
	i := slices.IndexFunc(levels, func(l level) bool {
		return l.kind == perm.Type && (l.place == anywhere || l.place == where) && (l.searchable == nil || *l.searchable == perm.AllowFileDiscovery) && (!l.owner || perm.Role == "owner")
	})
	if i < 0 {
		return level{}, false
	}
	return levels[i], true
}

// void reports whether a grant lets nobody read: it was deleted, has expired, or
// shows a folder's name alone.
func void(perm *drive.Permission, now time.Time) bool {
	if perm.Deleted || perm.View == "metadata" {
		return true
	}
	until := parseTime(perm.ExpirationTime)
	return !until.IsZero() && !until.After(now)
}

// joining is what Groups Settings' whoCanJoin means on the scale. What is not in
// it lets nobody in without being asked.
var joining = map[string]struct {
	level sources.Level
	who   string
}{
	"ANYONE_CAN_JOIN":        {sources.AnyoneLink, "anyone on the web may join"},
	"ALL_IN_DOMAIN_CAN_JOIN": {sources.Organisation, "everyone in the organisation may join"},
}

// largeGroup is the part of the directory from which on a group counts as the
// organisation.
const largeGroup = 4
