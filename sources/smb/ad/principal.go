package ad

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"mislaid/sources"
	"mislaid/sources/ntacl"
)

const (
	inChain   = "memberOf:1.2.840.113556.1.4.1941:=" // through groups in groups, circles included
	people    = "(&(objectCategory=person)(objectClass=user))"
	enabled   = "(!(userAccountControl" + bitAnd + "2))"
	maxNested = 1000 // groups in a group that are looked at one by one
)

// Principal says who a SID of the domain is: the name, of a user the groups, of
// a group the number of people in it through other groups too, by primary groups
// too. The error wraps ntacl.ErrNoSuchSID when the domain has no such account;
// of a SID of another domain it knows nothing.
func (d *Domain) Principal(ctx context.Context, s ntacl.SID) (ntacl.Principal, error) {
	unknown := ntacl.Principal{Heads: sources.Heads{Max: -1}}
	e, err := d.one(ctx, d.root.base, ldap.ScopeWholeSubtree, "(objectSid="+octets(s)+")",
		"sAMAccountName", "objectClass", "userAccountControl", "accountExpires")
	if errors.Is(err, errNotThere) {
		if s.Domain() == d.sid || s.Builtin() {
			unknown.State = ntacl.Gone
			return unknown, fmt.Errorf("ad: %s: %w", s, ntacl.ErrNoSuchSID)
		}
		return unknown, fmt.Errorf("ad: %s is of another domain than %s", s, d.DNSName())
	}
	if err != nil {
		return unknown, fmt.Errorf("ad: look up %s: %w", s, err)
	}
	p := unknown
	p.Name = d.name + `\` + e.GetAttributeValue("sAMAccountName")
	classes := e.GetAttributeValues("objectClass")
	switch {
	case slices.Contains(classes, "group"):
		p.Kind = ntacl.KindGroup
		err = d.fillGroup(ctx, &p, e.DN, s)
		p.Open = err == nil && d.open(ctx, e.DN)
	case slices.Contains(classes, "computer"):
		p.Kind, p.State = ntacl.KindComputer, state(e)
		p.Heads = sources.Heads{}
		d.fillGroups(ctx, &p, e.DN)
	case slices.Contains(classes, "user"):
		p.Kind, p.State = ntacl.KindUser, state(e)
		p.Heads = sources.Heads{Min: 1, Max: 1}
		d.fillGroups(ctx, &p, e.DN)
	}
	return p, err
}

// octets is a SID as a filter compares it.
func octets(s ntacl.SID) string {
	raw, _ := s.AppendBinary(nil)
	var b strings.Builder
	for _, c := range raw {
		fmt.Fprintf(&b, `\%02x`, c)
	}
	return b.String()
}

func state(e *ldap.Entry) ntacl.State {
	switch {
	case e.GetAttributeValue("userAccountControl") == "":
		return ntacl.StateUnknown
	case number(e, "userAccountControl")&uacDisabled != 0:
		return ntacl.Disabled
	}
	if t := fileTime(number(e, "accountExpires")); !t.IsZero() && t.Before(time.Now()) {
		return ntacl.Expired
	}
	return ntacl.Active
}

// fillGroups reads all groups that an account is in; MS-ADTS 3.1.1.4.5.19.
func (d *Domain) fillGroups(ctx context.Context, p *ntacl.Principal, dn string) {
	e, err := d.one(ctx, dn, ldap.ScopeBaseObject, "(objectClass=*)", "tokenGroups")
	if err != nil {
		return
	}
	for _, raw := range e.GetRawAttributeValues("tokenGroups") {
		g, n, err := ntacl.DecodeSID(raw)
		if err != nil || n != len(raw) {
			return
		}
		p.Groups = append(p.Groups, g)
	}
	p.GroupsKnown = len(p.Groups) > 0 // everybody is in a primary group
}

// fillGroup counts the people in a group.
func (d *Domain) fillGroup(ctx context.Context, p *ntacl.Principal, dn string, s ntacl.SID) error {
	h, others, err := d.members(ctx, dn, s)
	p.Heads = h
	switch {
	case err != nil:
		p.Count = "its members could not be counted"
		return fmt.Errorf("ad: members of %s: %w", p.Name, err)
	case h.Max < 0:
		p.Count = fmt.Sprintf("more than the %d members that were counted", h.Min)
	default:
		p.Count = "enabled accounts in it, through other groups too"
	}
	p.Also = others
	return nil
}

// members counts the enabled accounts of people in a group, and lists the SIDs
// of other domains that it holds.
func (d *Domain) members(ctx context.Context, dn string, s ntacl.SID) (h sources.Heads, others []ntacl.SID, err error) {
	unknown := sources.Heads{Max: -1}
	primary := []ntacl.SID{s}
	within := "(" + inChain + ldap.EscapeFilter(dn) + ")"
	for e, err := range d.search(ctx, d.root.base, ldap.ScopeWholeSubtree,
		"(&(|(objectClass=group)(objectClass=foreignSecurityPrincipal))"+within+")", "objectClass", "objectSid") {
		if err != nil {
			return unknown, nil, err
		}
		sid, err := sidOf(e)
		switch {
		case err != nil:
			return unknown, nil, err
		case len(primary)+len(others) >= maxNested:
			return unknown, others, nil
		case slices.Contains(e.GetAttributeValues("objectClass"), "group"):
			primary = append(primary, sid)
		default:
			others = append(others, sid)
		}
	}
	// Somebody's primary group does not list them as a member.
	var by strings.Builder
	for _, g := range primary {
		if g.Domain() == d.sid {
			by.WriteString("(primaryGroupID=" + strconv.FormatUint(uint64(g.RID()), 10) + ")")
		}
	}
	n, more, err := d.count(ctx, "(&"+people+enabled+"(|"+within+by.String()+"))")
	switch {
	case err != nil:
		return unknown, others, err
	case more:
		return sources.Heads{Min: n, Max: -1}, others, nil
	}
	return sources.Heads{Min: n, Max: n}, others, nil
}

// People bounds the number of enabled accounts of people in the domain. The
// answer is kept.
func (d *Domain) People(ctx context.Context) sources.Heads {
	return d.people.get(func() (sources.Heads, error) {
		n, more, err := d.count(ctx, "(&"+people+enabled+")")
		switch {
		case err != nil:
			return sources.Heads{}, err
		case more:
			return sources.Heads{Min: n, Max: -1}, nil
		}
		return sources.Heads{Min: n, Max: n}, nil
	})
}
