package msrpc

import (
	"context"
	"fmt"
	"time"

	"mislaid/sources/ntacl"
)

// Accounts are the accounts and groups that a server has of its own (on a domain
// controller those of the domain), and the groups that every server has. It
// holds one pipe open and belongs to one goroutine.
type Accounts struct {
	c       *conn
	server  handle
	domains map[ntacl.SID]handle
}

// Operations of the interface; MS-SAMR 3.1.5.
const (
	opSamrCloseHandle          = 1
	opSamrOpenDomain           = 7
	opSamrQueryInformationDom  = 8
	opSamrEnumerateUsers       = 13
	opSamrOpenGroup            = 19
	opSamrGetMembersInGroup    = 25
	opSamrOpenAlias            = 27
	opSamrGetMembersInAlias    = 33
	opSamrOpenUser             = 34
	opSamrQueryInformationUser = 36
	opSamrGetGroupsForUser     = 39
	opSamrConnect2             = 57
	domainPasswordParameters   = 0x001 // rights; MS-SAMR 2.2.1
	domainListAccounts         = 0x100
	domainLookup               = 0x200
	serverLookupDomain         = 0x20
	aliasListMembers           = 0x4
	groupListMembers           = 0x10
	userReadAccount            = 0x10
	userListGroups             = 0x100
	userNormalAccount          = 0x10 // a kind of account; MS-SAMR 2.2.1.12
	userAccountDisabled        = 0x1
	userAccountAutoLocked      = 0x400
	domainLockoutInformation   = 12
	userControlInformation     = 16
	maxUsers                   = 1 << 20 // that are counted
)

// OpenAccounts connects to the accounts of a server.
func OpenAccounts(ctx context.Context, open Opener, host string) (*Accounts, error) {
	c, err := dial(ctx, open, "samr", samr)
	if err != nil {
		return nil, err
	}
	a := &Accounts{c: c, domains: map[ntacl.SID]handle{}}
	var e encoder
	e.pointer()
	e.text(`\\` + host)
	e.u32(serverLookupDomain)
	if a.server, err = a.open(opSamrConnect2, &e); err != nil {
		c.close()
		return nil, fmt.Errorf("accounts of %s: %w", host, err)
	}
	return a, nil
}

// Close ends the connection; the server closes what it held open for it.
func (a *Accounts) Close() { a.c.close() }

// open asks an operation that answers with a handle.
func (a *Accounts) open(op uint16, e *encoder) (handle, error) {
	d, err := a.c.ask(op, e)
	if err != nil {
		return handle{}, err
	}
	h := d.handle()
	return h, d.status()
}

// done gives a handle back.
func (a *Accounts) done(h handle) {
	var e encoder
	e.handle(h)
	_, _ = a.c.ask(opSamrCloseHandle, &e) // the pipe's end closes it too
}

// domain opens a domain with as many of the rights as the server gives.
func (a *Accounts) domain(s ntacl.SID, access uint32) (handle, error) {
	if h, ok := a.domains[s]; ok && access == domainLookup {
		return h, nil
	}
	var e encoder
	e.handle(a.server)
	e.u32(access)
	e.sid(s)
	h, err := a.open(opSamrOpenDomain, &e)
	if err == nil && access == domainLookup {
		a.domains[s] = h
	}
	return h, err
}

// within opens something of a domain by its number.
func (a *Accounts) within(op uint16, s ntacl.SID, access uint32) (handle, error) {
	dom, err := a.domain(s.Domain(), domainLookup)
	if err != nil {
		return handle{}, err
	}
	var e encoder
	e.handle(dom)
	e.u32(access)
	e.u32(s.RID())
	return a.open(op, &e)
}

// AliasMembers lists who is in a group of the server, not who is in the groups
// in it.
func (a *Accounts) AliasMembers(s ntacl.SID) ([]ntacl.SID, error) {
	h, err := a.within(opSamrOpenAlias, s, aliasListMembers)
	if err != nil {
		return nil, err
	}
	defer a.done(h)
	var e encoder
	e.handle(h)
	d, err := a.c.ask(opSamrGetMembersInAlias, &e)
	if err != nil {
		return nil, err
	}
	list := d.sids()
	return list, d.status()
}

// GroupMembers lists the accounts in a group of the server that can hold
// accounts of the server only.
func (a *Accounts) GroupMembers(s ntacl.SID) ([]ntacl.SID, error) {
	h, err := a.within(opSamrOpenGroup, s, groupListMembers)
	if err != nil {
		return nil, err
	}
	defer a.done(h)
	var e encoder
	e.handle(h)
	d, err := a.c.ask(opSamrGetMembersInGroup, &e)
	if err != nil {
		return nil, err
	}
	rids, err := decodeGroupMembers(d)
	list := make([]ntacl.SID, 0, len(rids))
	for _, rid := range rids {
		list = append(list, s.Domain().Child(rid))
	}
	return list, err
}

// decodeGroupMembers reads the answer to SamrGetMembersInGroup; MS-SAMR
// 3.1.5.8.3.
func decodeGroupMembers(d *decoder) (rids []uint32, err error) {
	if d.pointer() {
		d.u32()
		members, attributes := d.pointer(), d.pointer()
		if members {
			rids = d.numbers()
		}
		if attributes {
			d.numbers()
		}
	}
	return rids, d.status()
}

// User is an account of the server.
type User struct {
	Disabled, Locked bool
	Groups           []ntacl.SID // of the domain that the account is in; not the groups that only one server has
}

// User reads an account of the server.
func (a *Accounts) User(s ntacl.SID) (User, error) {
	var u User
	h, err := a.within(opSamrOpenUser, s, userReadAccount|userListGroups)
	if err != nil {
		return u, err
	}
	defer a.done(h)
	var e encoder
	e.handle(h)
	e.u16(userControlInformation)
	d, err := a.c.ask(opSamrQueryInformationUser, &e)
	if err != nil {
		return u, err
	}
	control, err := decodeUserControl(d)
	if err != nil {
		return u, err
	}
	u.Disabled, u.Locked = control&userAccountDisabled != 0, control&userAccountAutoLocked != 0
	e = encoder{}
	e.handle(h)
	if d, err = a.c.ask(opSamrGetGroupsForUser, &e); err != nil {
		return u, err
	}
	rids, err := decodeUserGroups(d)
	if err != nil {
		return u, err
	}
	for _, rid := range rids {
		u.Groups = append(u.Groups, s.Domain().Child(rid))
	}
	return u, nil
}

// decodeUserControl reads the answer to SamrQueryInformationUser; MS-SAMR
// 3.1.5.5.6 and 2.2.6.5.
func decodeUserControl(d *decoder) (control uint32, err error) {
	found := d.pointer()
	if found {
		if tag := d.u16(); d.err == nil && tag != userControlInformation {
			return 0, errWire
		}
		control = d.u32()
	}
	if err := d.status(); err != nil {
		return 0, err
	}
	if !found {
		return 0, errWire
	}
	return control, nil
}

// decodeUserGroups reads the answer to SamrGetGroupsForUser; MS-SAMR 3.1.5.9.1.
func decodeUserGroups(d *decoder) (rids []uint32, err error) {
	if d.pointer() {
		d.u32()
		if d.pointer() {
			for range d.count(8) {
				rids = append(rids, d.u32())
				d.u32() // attributes
			}
		}
	}
	return rids, d.status()
}

// Lockout is when a domain or server locks an account.
type Lockout struct {
	Threshold int           // wrong passwords; 0: never
	Window    time.Duration // after which they are forgotten
	Duration  time.Duration // how long it stays locked; < 0: until somebody unlocks it
}

// Lockout reads the policy for the accounts of the domain.
func (a *Accounts) Lockout(domain ntacl.SID) (Lockout, error) {
	h, err := a.domain(domain, domainPasswordParameters)
	if err != nil {
		return Lockout{}, err
	}
	defer a.done(h)
	var e encoder
	e.handle(h)
	e.u16(domainLockoutInformation)
	d, err := a.c.ask(opSamrQueryInformationDom, &e)
	if err != nil {
		return Lockout{}, err
	}
	return decodeLockout(d)
}

// decodeLockout reads the answer to SamrQueryInformationDomain; MS-SAMR
// 2.2.3.15.
func decodeLockout(d *decoder) (l Lockout, err error) {
	found := d.pointer()
	if found {
		if tag := d.u16(); d.err == nil && tag != domainLockoutInformation {
			return l, errWire
		}
		l.Duration, l.Window = Interval(int64(d.u64())), Interval(int64(d.u64()))
		l.Threshold = int(d.u16())
	}
	d.align(4)
	if err := d.status(); err != nil {
		return Lockout{}, err
	}
	if !found {
		return l, errWire
	}
	return l, nil
}

// Interval is the length of a Windows interval, which counts tenths of
// microseconds downwards; -1 for the one that never ends.
func Interval(v int64) time.Duration {
	const never = -1 << 63
	if v == never || v == 0 {
		if v == 0 {
			return 0
		}
		return -1
	}
	if v > 0 {
		v = -v
	}
	if v < never/100 {
		return -1
	}
	// Samba's half hours are a tenth of a microsecond too long.
	return (time.Duration(-v) * 100).Truncate(time.Microsecond)
}

// CountUsers counts the accounts of people and services in the domain, disabled
// ones too.
func (a *Accounts) CountUsers(domain ntacl.SID) (int, error) {
	h, err := a.domain(domain, domainListAccounts)
	if err != nil {
		return 0, err
	}
	defer a.done(h)
	n, resume := 0, uint32(0)
	for n < maxUsers {
		var e encoder
		e.handle(h)
		e.u32(resume)
		e.u32(userNormalAccount)
		e.u32(1 << 16) // bytes at a time
		d, err := a.c.ask(opSamrEnumerateUsers, &e)
		if err != nil {
			return n, err
		}
		next, got, more, err := decodeUsers(d)
		if err != nil {
			return n, err
		}
		n += got
		if !more || got == 0 || next == resume {
			return n, nil
		}
		resume = next
	}
	return n, fmt.Errorf("more than %d accounts", maxUsers)
}

// decodeUsers reads the answer to SamrEnumerateUsersInDomain; MS-SAMR 3.1.5.2.5.
// Names are not kept.
func decodeUsers(d *decoder) (resume uint32, n int, more bool, err error) {
	resume = d.u32()
	if d.pointer() {
		d.u32()
		if d.pointer() {
			n = d.count(12)
			texts := 0
			for range n {
				d.u32()
				if d.counted() {
					texts++
				}
			}
			for range texts {
				d.text()
			}
		}
	}
	d.u32() // returned
	code := d.u32()
	switch {
	case d.err != nil:
		return 0, 0, false, d.err
	case code != 0 && code != statusMoreEntries:
		return 0, 0, false, &StatusError{Code: code}
	}
	return resume, n, code == statusMoreEntries, nil
}
