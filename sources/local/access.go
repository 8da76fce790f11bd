//go:build unix

package local

import (
	"time"
)

// node is a file or directory as the kernel judges access to it.
type node struct {
	path     string // absolute
	mode     uint32 // st_mode
	uid, gid uint32
	nlink    uint64
	acl      acl         // nil: the mode alone decides
	aclErr   error       // why the ACL is not known
	nt       descriptors // of the last node of a chain
	ctime    time.Time
}

// Rights as mode bits.
const (
	permRead = 4
	permExec = 1
)

// principal is who asks. uid < 0 is nobody in particular.
type principal struct {
	uid int64
	in  func(gid uint32) bool
}

// stranger is somebody whom nothing names.
var stranger = principal{uid: -1, in: func(uint32) bool { return false }}

// memberOf is a stranger who is in the given groups.
func memberOf(gids ...uint32) principal {
	return principal{uid: -1, in: func(gid uint32) bool {
		for _, g := range gids {
			if g == gid {
				return true
			}
		}
		return false
	}}
}

// way is the entry by which somebody was let in.
type way struct {
	class class
	id    uint32 // uid or gid
}

type class uint8

const (
	viaOther class = iota
	viaOwner
	viaUser
	viaGroup
)

// allows reports whether p, who is not the superuser, has the wanted right on
// n, and by which entry. The order of the entries is that of acl(5).
func (n *node) allows(p principal, want uint32) (way, bool) {
	// With an ACL the group bits are its mask. Where they are all clear Linux
	// does not look at the ACL at all (acl_permission_check in fs/namei.c).
	if n.acl != nil && n.mode&0o070 != 0 {
		return n.acl.allows(n, p, uint16(want))
	}
	switch {
	case p.uid == int64(n.uid):
		return way{viaOwner, n.uid}, n.mode>>6&want == want
	case p.in(n.gid):
		return way{viaGroup, n.gid}, n.mode>>3&want == want
	}
	return way{}, n.mode&want == want
}

func (l acl) allows(n *node, p principal, want uint16) (way, bool) {
	mask := l.mask()
	var other bool
	for _, e := range l {
		switch e.tag {
		case aclUserObj:
			if p.uid == int64(n.uid) {
				return way{viaOwner, n.uid}, e.perm&want == want
			}
		case aclUser:
			if p.uid == int64(e.id) {
				return way{viaUser, e.id}, e.perm&mask&want == want
			}
		case aclOther:
			other = e.perm&want == want
		}
	}
	member := false
	for _, e := range l {
		if e.tag != aclGroupObj && e.tag != aclGroup {
			continue
		}
		gid := e.id
		if e.tag == aclGroupObj {
			gid = n.gid
		}
		if !p.in(gid) {
			continue
		}
		if e.perm&mask&want == want {
			return way{viaGroup, gid}, true
		}
		member = true
	}
	if member {
		return way{}, false
	}
	return way{}, other
}

// chain is a file and all directories above it, the topmost first.
type chain []node

// want is the right on node i that reading the last one takes.
func (c chain) want(i int) uint32 {
	if i == len(c)-1 {
		return permRead
	}
	return permExec
}

// reads reports whether p can read the file.
func (c chain) reads(p principal) bool { return c.blocker(p) == nil }

// blocker returns the first node that stops p, or nil.
func (c chain) blocker(p principal) *node {
	for i := range c {
		if _, ok := c[i].allows(p, c.want(i)); !ok {
			return &c[i]
		}
	}
	return nil
}

// named lists the uids and gids that any node of the chain names.
func (c chain) named() (uids, gids []uint32) {
	add := func(list []uint32, id uint32) []uint32 {
		for _, have := range list {
			if have == id {
				return list
			}
		}
		return append(list, id)
	}
	for i := range c {
		n := &c[i]
		uids, gids = add(uids, n.uid), add(gids, n.gid)
		for _, e := range n.acl {
			switch e.tag {
			case aclUser:
				uids = add(uids, e.id)
			case aclGroup:
				gids = add(gids, e.id)
			}
		}
	}
	return uids, gids
}
