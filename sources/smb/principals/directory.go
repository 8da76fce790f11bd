// Package principals says who the SIDs in the lists of one file server are. A
// SID means what that server takes it for: its own groups, and the groups that
// every server has of its own, are asked of the server and never of the domain.
// Accounts of the domain are asked of the directory where there is one, else the
// server is asked for their names.
//
// This package knows whom to ask. It does not know how (packages msrpc and ad),
// and does not know what the answers mean for an audience.
package principals

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mislaid/sources"
	"mislaid/sources/ntacl"
	"mislaid/sources/smb/ad"
	"mislaid/sources/smb/msrpc"
)

// Config says whom to ask. Open and Host must be set.
type Config struct {
	Host   string       // as the server calls itself in UNC paths
	Open   msrpc.Opener // of the server's pipes
	Domain *ad.Domain   // of the server, or nil
}

// Directory is a ntacl.Directory for one server. Safe for concurrent use; what
// it found out it keeps, failures for a minute.
type Directory struct {
	config Config
	turn   chan struct{} // one question at a time

	mu    sync.Mutex
	known map[ntacl.SID]answer
	self  *msrpc.Machine
	soft  *msrpc.Software
	heads *sources.Heads
}

type answer struct {
	p   ntacl.Principal
	err error
	at  time.Time
}

const (
	maxKnown = 10_000 // answers that are kept
	retry    = time.Minute
)

// New returns a Directory that has asked nothing yet.
func New(c Config) *Directory {
	return &Directory{config: c, turn: make(chan struct{}, 1), known: make(map[ntacl.SID]answer)}
}

// Principal says who a SID is to the server.
func (d *Directory) Principal(ctx context.Context, s ntacl.SID) (ntacl.Principal, error) {
	if a, ok := d.have(s); ok {
		return a.p, a.err
	}
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ntacl.Principal{Heads: sources.Heads{Max: -1}}, ctx.Err()
	}
	if a, ok := d.have(s); ok { // somebody asked meanwhile
		return a.p, a.err
	}
	p, err := d.ask(ctx, s)
	if ctx.Err() == nil {
		d.mu.Lock()
		if len(d.known) >= maxKnown {
			clear(d.known)
		}
		d.known[s] = answer{p, err, time.Now()}
		d.mu.Unlock()
	}
	return p, err
}

func (d *Directory) have(s ntacl.SID) (answer, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.known[s]
	if ok && a.err != nil && !errors.Is(a.err, ntacl.ErrNoSuchSID) && time.Since(a.at) > retry {
		return answer{}, false
	}
	return a, ok
}

// Machine says who the server is: the domain of its own accounts, and the domain
// it belongs to.
func (d *Directory) Machine(ctx context.Context) (msrpc.Machine, error) {
	d.mu.Lock()
	self := d.self
	d.mu.Unlock()
	if self != nil {
		return *self, nil
	}
	m, err := msrpc.AskMachine(ctx, d.config.Open, d.config.Host)
	if err != nil {
		return m, err
	}
	d.mu.Lock()
	d.self = &m
	d.mu.Unlock()
	return m, nil
}

// Software says what the server runs.
func (d *Directory) Software(ctx context.Context) (msrpc.Software, error) {
	d.mu.Lock()
	soft := d.soft
	d.mu.Unlock()
	if soft != nil {
		return *soft, nil
	}
	s, err := msrpc.AskSoftware(ctx, d.config.Open, d.config.Host)
	if err != nil {
		return s, err
	}
	d.mu.Lock()
	d.soft = &s
	d.mu.Unlock()
	return s, nil
}

func (d *Directory) ask(ctx context.Context, s ntacl.SID) (ntacl.Principal, error) {
	domain := d.config.Domain
	if s.Builtin() {
		return d.askServer(ctx, s)
	}
	if domain != nil && s.Account() && s.Domain() == domain.SID() {
		p, err := domain.Principal(ctx, s)
		if err != nil && p.Name == "" && !errors.Is(err, ntacl.ErrNoSuchSID) {
			if named, nameErr := d.name(ctx, s); nameErr == nil {
				p.Name, p.Kind = named.Name, named.Kind
			}
		}
		return p, err
	}
	m, err := d.Machine(ctx)
	if err == nil && s.Account() && s.Domain() == m.Accounts.SID {
		return d.askServer(ctx, s)
	}
	p, nameErr := d.name(ctx, s)
	if nameErr != nil {
		return p, errors.Join(nameErr, err)
	}
	if p.Kind == ntacl.KindGroup || p.Kind == ntacl.KindAlias {
		p.Count = "no directory of its domain was asked"
	}
	return p, nil
}

// name asks the server for the name of a SID and what it is. Groups of Unix stay
// of an unknown kind: nobody tells who is in them.
func (d *Directory) name(ctx context.Context, s ntacl.SID) (ntacl.Principal, error) {
	p := ntacl.Principal{Heads: sources.Heads{Max: -1}}
	names, err := msrpc.Names(ctx, d.config.Open, d.config.Host, []ntacl.SID{s})
	if err != nil {
		return p, err
	}
	p.Name = names[0].String()
	if _, unix := s.UnixGroup(); unix {
		return p, nil
	}
	if p.Name == "" {
		return p, fmt.Errorf("%s: %w", d.config.Host, ntacl.ErrNoSuchSID)
	}
	switch names[0].Use {
	case msrpc.UseUser:
		p.Kind, p.Heads = ntacl.KindUser, sources.Heads{Max: 1}
	case msrpc.UseComputer:
		p.Kind, p.Heads = ntacl.KindComputer, sources.Heads{}
	case msrpc.UseGroup:
		p.Kind = ntacl.KindGroup
	case msrpc.UseAlias, msrpc.UseWellKnown:
		p.Kind = ntacl.KindAlias
	}
	return p, nil
}

// askServer asks the server for an account or group of its own.
func (d *Directory) askServer(ctx context.Context, s ntacl.SID) (ntacl.Principal, error) {
	p, err := d.name(ctx, s)
	if err != nil {
		return p, err
	}
	a, err := msrpc.OpenAccounts(ctx, d.config.Open, d.config.Host)
	if err != nil {
		return p, err
	}
	defer a.Close()
	switch p.Kind {
	case ntacl.KindAlias:
		p.Members, err = a.AliasMembers(s)
		p.MembersKnown = err == nil
		if errors.Is(err, ntacl.ErrNoSuchSID) {
			// A Samba that maps no groups has the name and no members.
			err = errors.New("the server keeps no members of it")
		}
	case ntacl.KindGroup:
		err = d.countGroup(ctx, a, s, &p)
	case ntacl.KindUser:
		var u msrpc.User
		u, err = a.User(s)
		p.State = ntacl.Active
		// Samba puts its users into groups of Unix, not into those it names here.
		if soft, softErr := d.Software(ctx); err == nil && softErr == nil && !soft.Unix {
			p.Groups, p.GroupsKnown = u.Groups, true
		}
		p.Heads.Min = 1
		if u.Disabled {
			p.State, p.Heads.Min = ntacl.Disabled, 0
		}
		if err != nil {
			p.State, p.Heads.Min = ntacl.StateUnknown, 0
			err = nil // the name is what matters; its groups stay unknown
		}
	}
	return p, err
}

// countGroup counts the accounts in a group of the server's own domain. On a
// domain controller such groups may hold groups, which are not followed here.
func (d *Directory) countGroup(ctx context.Context, a *msrpc.Accounts, s ntacl.SID, p *ntacl.Principal) error {
	members, err := a.GroupMembers(s)
	if err != nil {
		p.Count = "its members could not be counted"
		return err
	}
	m, err := d.Machine(ctx)
	if err != nil || m.Primary.SID == m.Accounts.SID {
		p.Heads.Min, p.Count = 0, "no directory of its domain was asked"
		return err
	}
	p.Heads, p.Count = sources.Heads{Max: len(members)}, "accounts of the server in it, disabled ones too"
	return nil
}

// People bounds the number of people with an account where the server looks
// accounts up: the domain's, or the server's own where it is in no domain.
func (d *Directory) People(ctx context.Context) sources.Heads {
	if d.config.Domain != nil {
		return d.config.Domain.People(ctx)
	}
	d.mu.Lock()
	heads := d.heads
	d.mu.Unlock()
	if heads != nil {
		return *heads
	}
	unknown := sources.Heads{Max: -1}
	m, err := d.Machine(ctx)
	if err != nil {
		return unknown
	}
	if !m.Standalone() {
		d.keepHeads(unknown)
		return unknown
	}
	a, err := msrpc.OpenAccounts(ctx, d.config.Open, d.config.Host)
	if err != nil {
		return unknown
	}
	defer a.Close()
	n, err := a.CountUsers(m.Accounts.SID)
	if err != nil {
		return unknown
	}
	d.keepHeads(sources.Heads{Max: n})
	return sources.Heads{Max: n}
}

func (d *Directory) keepHeads(h sources.Heads) {
	d.mu.Lock()
	d.heads = &h
	d.mu.Unlock()
}
