package smb

import (
	"context"
	"fmt"
	"time"

	"mislaid/internal/smb2"
	"mislaid/sources"
	"mislaid/sources/ntacl"
)

// Audience says who can read a file: of those whom the share lets in, those whom
// the file's own security descriptor lets read.
func (s *Source) Audience(ctx context.Context, it sources.Item) (sources.Audience, error) {
	if err := ctx.Err(); err != nil {
		return unknownAudience("who can read it could not be asked for"), err
	}
	r, path, err := s.locate(it.Container, it.ID)
	if err != nil {
		return unknownAudience("who can read it could not be asked for"), err
	}
	return s.judge(ctx, r.share, path)
}

// unknownAudience is what is said when nothing could be found out.
func unknownAudience(why string) sources.Audience {
	return sources.Audience{
		Now: sources.UnknownReach(), Ever: sources.UnknownReach(), Heads: sources.Heads{Max: -1},
		Unresolved: []string{why}, ReadAt: time.Now().UTC(),
	}
}

// judge says who can read what lies at a path of a share.
func (s *Source) judge(ctx context.Context, share, path string) (sources.Audience, error) {
	var place ntacl.Place
	var info smb2.Info
	err := s.at(ctx, share, path, func(ctx context.Context, t *smb2.Tree, path string) (err error) {
		if info, err = t.Stat(ctx, path, 0); err != nil {
			return err
		}
		raw, err := t.Security(ctx, path)
		if err == nil {
			place.File, err = ntacl.Parse(raw)
		}
		if err != nil && !lost(err) {
			place.File, place.FileErr = nil, sentinel(err)
			return nil
		}
		return err
	})
	if ctx.Err() != nil {
		return unknownAudience("who can read it could not be asked for"), ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("smb: who can read %s: %w", path, sentinel(err))
		return unknownAudience("who can read it could not be asked for"), err
	}
	p := s.spot(share, path)
	g := p.server.guardOf(ctx, p.share)
	place.Share, place.ShareErr = g.descriptor, g.err
	about := p.server.facts(ctx)
	var anyone []sources.Grant
	var untried []string
	if s.config.Network.probes {
		anyone, untried = p.server.probe(ctx, p, info.Attributes&smb2.AttrDirectory != 0, &about)
	}
	a, err := about.Audience(ctx, place)
	if err != nil {
		return unknownAudience("who can read it could not be asked for"), err
	}
	if len(anyone) > 0 {
		reach := sources.ReachOf(sources.AnyoneLink)
		a = a.Union(sources.Audience{Now: reach, Ever: reach, Heads: sources.Heads{Max: -1}, Grants: anyone})
	}
	a.Unresolved = append(a.Unresolved, untried...)
	a.Since = info.ChangeTime()
	return a, nil
}

// facts says what is known of the server as such.
func (s *server) facts(ctx context.Context) ntacl.Server {
	rpc, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	about := ntacl.Server{Name: s.host, Directory: s.people, Trusts: s.network.trusts}
	if machine, err := s.people.Machine(rpc); err == nil {
		about.Standalone = machine.Standalone()
	}
	if software, err := s.people.Software(rpc); err == nil {
		about.Samba = software.Unix
	}
	switch s.network.account.credential.Method {
	case Guest:
		about.Guest = ntacl.Proven // we are reading with nothing else
	case Anonymous:
		about.Null = ntacl.Proven
	}
	return about
}
