//go:build unix

package local

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"mislaid/sources"
)

// surroundings remembers what the machine says about itself for a while. Safe
// for concurrent use.
type surroundings struct {
	etc  string
	mu   sync.Mutex
	last *machine
}

// fresh is how old an answer about accounts, exports and mounts may be.
const fresh = time.Minute

func newSurroundings(etc string) *surroundings { return &surroundings{etc: etc} }

func (s *surroundings) get() *machine {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || time.Since(s.last.at) > fresh {
		m := &machine{at: time.Now(), etc: s.etc, mounts: readMounts(), ready: make(chan struct{})}
		var p1, p2 []string
		m.exports, p1 = readExports(s.etc)
		m.shares, p2 = readShares(s.etc)
		m.problems = append(p1, p2...)
		s.last = m
	}
	return s.last
}

// machine is what a machine said about itself at one moment.
type machine struct {
	at       time.Time
	etc      string
	exports  []export
	shares   []share
	mounts   []mount
	problems []string

	ask    sync.Once
	ready  chan struct{} // closed when people is set
	mu     sync.Mutex    // of people, who may grow
	people *people
}

// accounts returns the people of the machine, whom only the holder of m.mu
// may use. Name services can be slow: it does not wait longer than ctx.
func (m *machine) accounts(ctx context.Context) (*people, error) {
	m.ask.Do(func() {
		go func() {
			m.people = readPeople(m.etc)
			close(m.ready)
		}()
	})
	select {
	case <-m.ready:
		return m.people, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// notes says what concerns the tree at path as a whole.
func (m *machine) notes(path string) []string {
	var notes []string
	for _, e := range m.exports {
		if dir := resolved(e.path); under(path, dir) || under(dir, path) {
			notes = append(notes, e.path+" is exported by NFS to "+e.to())
		}
	}
	for _, s := range m.shares {
		if dir := resolved(s.path); under(path, dir) || under(dir, path) {
			notes = append(notes, s.path+" is shared by SMB as ["+s.name+"]")
		}
	}
	if on := mountOf(m.mounts, path); on.remote() {
		notes = append(notes, on.remoteNote())
	}
	return append(notes, m.problems...)
}

func (e export) to() string {
	if e.hosts == "" {
		return "every host"
	}
	return e.hosts
}

func (m mount) remoteNote() string {
	what := m.point + " is a " + m.fstype + " mount"
	if m.source != "" {
		what += " of " + m.source
	}
	switch {
	case m.nfs() && m.kerberos():
		return what + " with Kerberos: who of its realm the modes let in is not read here"
	case m.nfs():
		return what + " with sec=sys: modes keep out nobody on the hosts that its server lets in, and which those are is not read here"
	case m.smb():
		return what + ": who may read it on its server is known only where the mount shows NT ACLs (cifsacl)"
	}
	return what + ": who may read it on its server is not read here"
}

// widen adds to the audience of the file what the machine lets in from outside.
func (m *machine) widen(ctx context.Context, a *sources.Audience, c chain) {
	file := &c[len(c)-1]
	path := file.path
	for _, e := range m.exports {
		if dir := resolved(e.path); under(path, dir) {
			e.widen(a, c.below(dir))
		}
	}
	for _, s := range m.shares {
		if under(path, resolved(s.path)) {
			s.widen(ctx, a, c)
		}
	}
	switch on := mountOf(m.mounts, path); {
	case on.smb():
		on.remoteAudience(ctx, a, file)
	case on.nfs():
		on.nfsAudience(a)
	case on.remote():
		unresolved(a, sources.Public, on.remoteNote())
	}
	for _, p := range m.problems {
		unresolved(a, sources.AnyoneLink, p)
	}
}

// below is the part of the chain from dir on: what a client of an export of dir
// must pass.
func (c chain) below(dir string) chain {
	for i := range c {
		if under(c[i].path, dir) {
			return c[i:]
		}
	}
	return c
}

func (e export) widen(a *sources.Audience, c chain) {
	what := "exported by NFS to " + e.to()
	by := "/etc/exports: " + strconv.Quote(e.path) + " (" + strings.Join(e.options, ",") + ")"
	switch {
	case !e.sys():
		a.Machines = append(a.Machines, sources.Grant{
			Who: what, By: by, Level: sources.GroupOf, Heads: sources.Heads{Max: -1}, Count: "Kerberos principals are not read here",
		})
		unresolved(a, sources.Organisation, what+": who of the Kerberos realm may read it is not read here")
	case e.squashesRoot() && !c.readableByAnyButRoot():
		unresolved(a, sources.Organisation, what+": only root may read the file, and the export does not take a client's root for ours")
	case e.open():
		g := sources.Grant{
			Who: what, By: by, Level: sources.AnyoneLink, Heads: sources.Heads{Max: -1},
			Count: "with sec=sys a client says itself which user asks",
		}
		a.Grants, a.Machines = append(a.Grants, g), append(a.Machines, g)
		widenTo(a, g)
	default:
		a.Machines = append(a.Machines, sources.Grant{
			Who: what, By: by, Level: sources.GroupOf, Heads: sources.Heads{Max: -1},
			Count: "with sec=sys a client says itself which user asks",
		})
		unresolved(a, sources.Organisation, what+": who uses these hosts is not known here")
	}
}

// readableByAnyButRoot reports whether some uid and gids other than 0 can read
// the file. A client that may say who asks can say any of them.
func (c chain) readableByAnyButRoot() bool {
	uids, gids := c.named()
	var groups []uint32
	for _, g := range gids {
		if g != 0 {
			groups = append(groups, g)
		}
	}
	all := memberOf(groups...)
	who := []principal{stranger, all}
	for _, g := range groups {
		who = append(who, memberOf(g))
	}
	for _, u := range uids {
		if u != 0 {
			who = append(who, principal{int64(u), stranger.in}, principal{int64(u), all.in})
		}
	}
	for _, p := range who {
		if c.reads(p) {
			return true
		}
	}
	return false
}

func (s share) widen(ctx context.Context, a *sources.Audience, c chain) {
	guarded := s.sharedAudience(ctx, a, &c[len(c)-1])
	what := "shared by SMB as [" + s.name + "]"
	g := sources.Grant{Who: what, By: "smb.conf: path = " + s.path, Level: sources.GroupOf, Heads: sources.Heads{Max: -1}}
	switch {
	case guarded:
		a.Machines = append(a.Machines, g)
		return
	case s.guests && (s.forced || c.reads(stranger)):
		g.Who, g.By, g.Level = what+", guests included", g.By+", guest ok = yes", sources.AnyoneLink
		a.Grants = append(a.Grants, g)
		widenTo(a, g)
	case s.guests:
		unresolved(a, sources.AnyoneLink, "the SMB share ["+s.name+"] lets in guests; as which account they read is not read here")
	default:
		unresolved(a, sources.Organisation, "who may use the SMB share ["+s.name+"] is not read here")
	}
	a.Machines = append(a.Machines, g)
}

// widenTo adds the level and the heads of a grant.
func widenTo(a *sources.Audience, g sources.Grant) {
	a.Now = a.Now.Union(sources.ReachOf(g.Level))
	a.Heads.Max = -1
}

// unresolved adds what could not be found out and the widest it can mean.
func unresolved(a *sources.Audience, worst sources.Level, why string) {
	a.Unresolved = append(a.Unresolved, why)
	a.Now.AtMost = max(a.Now.AtMost, worst)
	a.Heads.Max = -1
}
