//go:build unix

package local

import (
	"context"
	"errors"
	"strings"

	"mislaid/sources"
	"mislaid/sources/ntacl"
)

// descriptors are the Windows security descriptors of a file that the machine
// knows besides its mode.
type descriptors struct {
	remote    *ntacl.Descriptor // of the server whose share is mounted; nil: not shown
	remoteErr error             // why
	shared    *ntacl.Descriptor // by which Samba on this machine guards it; nil: none
	sharedErr error             // why it is not known
}

// Attributes in which Linux shows what a server told, and in which Samba keeps
// what a client set; mount.cifs(8) and vfs_acl_xattr(8).
const (
	remoteAttribute = "system.cifs_acl"
	sharedAttribute = "security.NTACL"
)

var (
	errNotShown     = errors.New("the mount does not show the NT ACL")
	errThroughMount = errors.New("a mount does not show it")
)

// remoteAudience widens the audience of a file on a mounted share by those whom
// its server lets in.
func (m mount) remoteAudience(ctx context.Context, a *sources.Audience, n *node) {
	if n.nt.remote == nil {
		unresolved(a, sources.Public, m.remoteNote())
		if n.nt.remoteErr != nil {
			a.Unresolved = append(a.Unresolved, "the NT ACL on "+m.source+" could not be read: "+n.nt.remoteErr.Error())
		}
		return
	}
	server := ntacl.Server{Name: m.server()}
	b, err := server.Audience(ctx, ntacl.Place{File: n.nt.remote, ShareErr: errThroughMount})
	if err != nil {
		unresolved(a, sources.Public, m.remoteNote())
		return
	}
	*a = a.Union(b)
}

// server is the host part of //host/share or host:/path.
func (m mount) server() string {
	s := strings.TrimLeft(strings.ReplaceAll(m.source, `\`, "/"), "/")
	if i := strings.IndexByte(s, '/'); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSuffix(s, ":")
}

// kerberos reports whether an NFS server knows by itself which user asks. With
// sec=sys, which is what NFS does unless told otherwise, it believes the client;
// nfs(5).
func (m mount) kerberos() bool {
	for _, o := range m.options {
		if strings.HasPrefix(o, "sec=krb5") {
			return true
		}
	}
	return false
}

// nfsAudience widens the audience of a file on a mounted export by the hosts
// that may mount it too.
func (m mount) nfsAudience(a *sources.Audience) {
	if m.kerberos() {
		unresolved(a, sources.Organisation, m.remoteNote())
		return
	}
	a.Machines = append(a.Machines, sources.Grant{
		Who: "the hosts that " + m.server() + " exports " + m.source + " to", By: m.point + " is mounted with sec=sys", Level: sources.GroupOf,
		Heads: sources.Heads{Max: -1}, Count: "with sec=sys a client says itself which user asks",
	})
	unresolved(a, sources.AnyoneLink, m.remoteNote())
}

// sharedAudience widens the audience of a file that Samba shares by those whom
// the NT ACL that it keeps lets in, and reports whether there is one.
func (s share) sharedAudience(ctx context.Context, a *sources.Audience, n *node) bool {
	if n.nt.sharedErr != nil {
		unresolved(a, sources.Organisation, "the NT ACL by which the SMB share ["+s.name+"] guards the file could not be read: "+n.nt.sharedErr.Error())
	}
	if n.nt.shared == nil || s.forced {
		return false
	}
	server := ntacl.Server{Name: "this machine", Samba: true}
	if s.guests {
		server.Guest = ntacl.Proven
	}
	b, err := server.Audience(ctx, ntacl.Place{File: n.nt.shared, ShareErr: errors.New("not looked for")})
	if err != nil {
		return false
	}
	*a = a.Union(b)
	return true
}
