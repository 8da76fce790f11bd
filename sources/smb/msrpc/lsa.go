package msrpc

import (
	"context"
	"fmt"

	"mislaid/sources/ntacl"
)

// Use is what a name stands for; SID_NAME_USE of MS-LSAT 2.2.13.
type Use uint16

// What names stand for.
const (
	UseUser      Use = 1
	UseGroup     Use = 2
	UseDomain    Use = 3
	UseAlias     Use = 4
	UseWellKnown Use = 5
	UseDeleted   Use = 6
	UseUnknown   Use = 8
	UseComputer  Use = 9
)

// Name is what a server calls a SID.
type Name struct {
	Domain string
	Name   string // "" when the server does not know the SID
	Use    Use
}

// String is the name as Windows shows it, DOMAIN\name.
func (n Name) String() string {
	if n.Domain == "" || n.Name == "" {
		return n.Name
	}
	return n.Domain + `\` + n.Name
}

// Operations of the interface; MS-LSAD 3.1.4 and MS-LSAT 3.1.4.
const (
	opLsarClose                  = 0
	opLsarQueryInformationPolicy = 7
	opLsarLookupSids             = 15
	opLsarOpenPolicy2            = 44
)

// Rights on the policy that are asked for; MS-LSAD 2.2.1.1.2.
const (
	policyViewLocal   = 0x00000001
	policyLookupNames = 0x00000800
)

// policy is a server's policy object, held open.
type policy struct {
	*conn
	handle handle
}

func openPolicy(ctx context.Context, open Opener, host string, access uint32) (policy, error) {
	c, err := dial(ctx, open, "lsarpc", lsarpc)
	if err != nil {
		return policy{}, err
	}
	var e encoder
	e.pointer()
	e.text(`\\` + host)
	e.u32(24) // an empty LSAPR_OBJECT_ATTRIBUTES, MS-LSAD 2.2.9
	for range 5 {
		e.u32(0)
	}
	e.u32(access)
	d, err := c.ask(opLsarOpenPolicy2, &e)
	if err == nil {
		h := d.handle()
		if err = d.status(); err == nil {
			return policy{c, h}, nil
		}
	}
	c.close()
	return policy{}, fmt.Errorf("open the policy of %s: %w", host, err)
}

func (p policy) close() {
	var e encoder
	e.handle(p.handle)
	_, _ = p.ask(opLsarClose, &e) // the pipe's end closes it too
	p.conn.close()
}

// maxSIDs is how many SIDs are asked for in one question; so many of the longest
// fit.
const maxSIDs = 48

// Names asks the server what it calls the SIDs. The answer has one Name for
// each, with an empty Name.Name where the server knows none.
func Names(ctx context.Context, open Opener, host string, sids []ntacl.SID) ([]Name, error) {
	p, err := openPolicy(ctx, open, host, policyLookupNames)
	if err != nil {
		return nil, err
	}
	defer p.close()
	all := make([]Name, 0, len(sids))
	for len(all) < len(sids) {
		part := sids[len(all):min(len(all)+maxSIDs, len(sids))]
		var e encoder
		e.handle(p.handle)
		e.sids(part)
		e.u32(0) // no names yet
		e.u32(0)
		e.u16(1) // LsapLookupWksta: the server, then its domain, then the domains it trusts
		e.u32(0)
		d, err := p.ask(opLsarLookupSids, &e)
		if err != nil {
			return nil, fmt.Errorf("names by %s: %w", host, err)
		}
		names, err := decodeNames(d, len(part))
		if err != nil {
			return nil, fmt.Errorf("names by %s: %w", host, err)
		}
		all = append(all, names...)
	}
	return all, nil
}

// decodeNames reads the answer to LsarLookupSids; MS-LSAT 3.1.4.11.
func decodeNames(d *decoder, want int) ([]Name, error) {
	domains := decodeDomains(d)
	d.u32() // entries
	type head struct {
		use    Use
		text   bool
		domain uint32
	}
	var heads []head
	if d.pointer() {
		for range d.count(16) {
			use := Use(d.u16())
			heads = append(heads, head{use, d.counted(), d.u32()})
		}
	}
	names := make([]Name, 0, want)
	for _, h := range heads {
		n := Name{Use: h.use}
		if h.text {
			n.Name = d.text()
		}
		if int64(h.domain) < int64(len(domains)) {
			n.Domain = domains[h.domain].Name
		}
		if n.Use == UseUnknown || n.Use == UseDeleted || n.Use == 7 {
			n.Name = "" // a server may put the SID itself here
		}
		if n.Use == UseDomain {
			n.Name, n.Domain = n.Domain, ""
		}
		names = append(names, n)
	}
	d.u32() // mapped
	if err := d.status(statusSomeNotMapped, statusNoneMapped); err != nil {
		return nil, err
	}
	switch len(names) {
	case want:
		return names, nil
	case 0:
		return make([]Name, want), nil // none is known
	}
	return nil, errWire
}

// Domain is a domain, or a machine as the domain of its own accounts.
type Domain struct {
	Name string
	SID  ntacl.SID // zero: none, a workgroup
}

// decodeDomains reads an LSAPR_REFERENCED_DOMAIN_LIST behind a pointer; MS-LSAT
// 2.2.12.
func decodeDomains(d *decoder) []Domain {
	if !d.pointer() {
		return nil
	}
	d.u32()
	found := d.pointer()
	d.u32() // room
	if !found {
		return nil
	}
	return decodeDomainArray(d, d.count(12))
}

func decodeDomainArray(d *decoder, n int) []Domain {
	type head struct{ name, sid bool }
	heads := make([]head, n)
	for i := range heads {
		heads[i] = head{d.counted(), d.pointer()}
	}
	list := make([]Domain, n)
	for i, h := range heads {
		if h.name {
			list[i].Name = d.text()
		}
		if h.sid {
			list[i].SID = d.sid()
		}
		if d.err != nil {
			return nil
		}
	}
	return list
}

// Machine says what domain the server's own accounts are in, and which domain it
// belongs to; on a domain controller the two are one.
type Machine struct {
	Accounts Domain
	Primary  Domain // of a server in a workgroup without SID
}

// Standalone reports whether the server belongs to no domain.
func (m Machine) Standalone() bool {
	return m.Primary.SID.IsZero() || m.Primary.SID == m.Accounts.SID && m.Primary.Name != m.Accounts.Name
}

// Classes of information; MS-LSAD 2.2.4.1.
const (
	policyPrimaryDomain = 3
	policyAccountDomain = 5
)

// AskMachine asks a server who it is.
func AskMachine(ctx context.Context, open Opener, host string) (Machine, error) {
	p, err := openPolicy(ctx, open, host, policyViewLocal)
	if err != nil {
		return Machine{}, err
	}
	defer p.close()
	var m Machine
	for class, to := range map[uint16]*Domain{policyAccountDomain: &m.Accounts, policyPrimaryDomain: &m.Primary} {
		var e encoder
		e.handle(p.handle)
		e.u16(class)
		d, err := p.ask(opLsarQueryInformationPolicy, &e)
		if err == nil {
			*to, err = decodePolicyDomain(d, class)
		}
		if err != nil {
			return Machine{}, fmt.Errorf("domain of %s: %w", host, err)
		}
	}
	return m, nil
}

// decodePolicyDomain reads the answer to LsarQueryInformationPolicy for the two
// classes above; MS-LSAD 3.1.4.4.4.
func decodePolicyDomain(d *decoder, class uint16) (Domain, error) {
	var dom Domain
	found := d.pointer()
	if found {
		if tag := d.u16(); d.err == nil && tag != class {
			return dom, errWire
		}
		if list := decodeDomainArray(d, 1); len(list) == 1 {
			dom = list[0]
		}
	}
	d.align(4)
	if err := d.status(); err != nil {
		return dom, err
	}
	if !found {
		return dom, errWire
	}
	return dom, nil
}
