package smb

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"mislaid/internal/paths"
	"mislaid/internal/smb2"
	"mislaid/sources"
	"mislaid/sources/ntacl"
	"mislaid/sources/smb/msrpc"
)

// Share is a share as its server lists it.
type Share struct {
	Name    string
	Comment string
	Kind    string // "share", "printer", "pipes", "device"
	LeftOut string // why it is not crawled; "" it is

	descriptor *ntacl.Descriptor
	err        error // why it could not be read
}

// rpcTimeout bounds what is asked over pipes at once. Some servers start a
// process to answer.
const rpcTimeout = 20 * time.Second

// pipe opens a pipe of the server; it is a msrpc.Opener.
func (s *server) pipe(ctx context.Context, name string) (p io.ReadWriteCloser, err error) {
	err = s.call(ctx, "IPC$", func(_ context.Context, t *smb2.Tree) (err error) {
		p, err = t.Conn().OpenPipe(ctx, name)
		return err
	})
	if err != nil {
		return nil, sentinel(err)
	}
	return p, nil
}

// Shares lists the shares of the server. What is left out is left out by its
// kind: a name that ends in $ hides nothing.
func (s *Source) Shares(ctx context.Context) ([]Share, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	rpc, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	all, err := msrpc.ListShares(rpc, s.server.pipe, s.server.host)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case rpc.Err() != nil:
			err = fmt.Errorf("no answer within %v: %w", rpcTimeout, sources.ErrSession)
		}
		return nil, fmt.Errorf("smb: shares of %s: %w", s.server.host, sentinel(err))
	}
	list := make([]Share, len(all))
	for i, sh := range all {
		list[i] = Share{
			Name: sh.Name, Comment: sh.Comment, Kind: kinds[sh.Type&msrpc.ShareKinds], LeftOut: s.leftOut(sh),
			descriptor: sh.Descriptor, err: sh.DescriptorErr,
		}
		s.server.keep(list[i])
	}
	return list, nil
}

var kinds = map[uint32]string{msrpc.ShareDisk: "share", msrpc.SharePrint: "printer", msrpc.ShareIPC: "pipes", 2: "device"}

// leftOut says why a share is not crawled.
func (s *Source) leftOut(sh msrpc.Share) string {
	kind := kinds[sh.Type&msrpc.ShareKinds]
	switch {
	case kind != "share":
		return "it shares no files"
	case sh.Type&msrpc.ShareSpecial != 0:
		return "administrative: a whole disk, for administrators"
	case strings.ContainsAny(sh.Name, "/\\:\x00") || sh.Name == "":
		return "its name cannot be asked for"
	case !s.shares.Wanted(sh.Name):
		return "excluded"
	}
	if first := s.server.network.firstWith(sh.Name, s.server.host); first != s.server.host {
		return "the same on every domain controller; it is read on " + first
	}
	return ""
}

// firstWith returns the first server of a domain that has a share which all
// domain controllers replicate, and host itself for all other shares.
func (n *Network) firstWith(share, host string) string {
	if !strings.EqualFold(share, "SYSVOL") && !strings.EqualFold(share, "NETLOGON") {
		return host
	}
	_, domain, ok := strings.Cut(host, ".")
	if !ok || strings.Trim(domain, "0123456789.") == "" {
		return host // not a name, so nobody knows the domain
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	key := strings.ToLower(share) + "." + domain
	if n.replicated[key] == "" {
		n.replicated[key] = host
	}
	return n.replicated[key]
}

// keep remembers the list that guards a share.
func (s *server) keep(sh Share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sh.descriptor != nil || sh.err != nil {
		s.guards[strings.ToLower(sh.Name)] = guard{sh.descriptor, sh.err}
	}
}

// guard is the list that guards a share, or why it is not known.
type guard struct {
	descriptor *ntacl.Descriptor
	err        error
}

// guardOf returns the list that guards a share; it asks once.
func (s *server) guardOf(ctx context.Context, share string) guard {
	key := strings.ToLower(share)
	s.mu.Lock()
	g, ok := s.guards[key]
	s.mu.Unlock()
	if ok {
		return g
	}
	rpc, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	g.descriptor, g.err = msrpc.ShareDescriptor(rpc, s.pipe, s.host, share)
	if g.err == nil || ctx.Err() == nil {
		s.mu.Lock()
		s.guards[key] = g
		s.mu.Unlock()
	}
	return g
}

// Access is what we may do with a share, as the share itself says.
type Access struct {
	Read bool
	Err  error // why not
}

// Access asks whether we may read a share.
func (s *Source) Access(ctx context.Context, share string) Access {
	err := s.at(ctx, share, "", func(ctx context.Context, t *smb2.Tree, path string) error {
		if ntacl.Mask(t.Access)&ntacl.ReadData == 0 {
			return smb2.StatusAccessDenied
		}
		_, err := t.Stat(ctx, path, 0)
		return err
	})
	if err != nil {
		return Access{Err: fmt.Errorf("smb: share %s: %w", paths.Legible(share), sentinel(err))}
	}
	return Access{Read: true}
}

// ShareAudience says who can read the top directory of a share.
func (s *Source) ShareAudience(ctx context.Context, share string) (sources.Audience, error) {
	return s.judge(ctx, share, "")
}
