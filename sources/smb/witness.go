package smb

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"mislaid/internal/smb2"
	"mislaid/sources"
)

// witness opens a file as the witness of the run and says what came of it. It
// reads one byte: some servers refuse only that.
func (s *Source) witness(ctx context.Context, share, path string) (sources.Witness, error) {
	w := sources.Witness{Who: s.config.Witness.account.credential.String(), Outcome: sources.Opened}
	if err := s.wait(ctx); err != nil {
		return w, err
	}
	var one [1]byte
	p := s.spot(share, path)
	there := s.config.Witness.server(Target{Host: p.server.host, Port: p.server.port})
	err := there.call(ctx, p.share, func(ctx context.Context, t *smb2.Tree) error {
		_, _, err := t.Open(ctx, p.path, 0, one[:], 0, false, false)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return w, ctx.Err()
	case err == nil, errors.Is(err, io.EOF):
	case errors.Is(err, sources.ErrSession): // of the witness: ours goes on
		w.Outcome, w.Detail = sources.Untold, err.Error()
	case errors.Is(err, fs.ErrPermission):
		w.Outcome = sources.Refused
	default:
		w.Outcome, w.Detail = sources.Untold, err.Error()
	}
	return w, nil
}

// heed takes into an audience what the witness found. Somebody who opened it is
// let in, whatever the lists say.
func heed(a *sources.Audience, w sources.Witness) {
	a.Witnessed = append(a.Witnessed, w)
	if w.Outcome != sources.Opened {
		return
	}
	g := sources.Grant{Who: "witness " + w.Who, By: "opened it", Level: sources.NamedFew, Heads: sources.Heads{Min: 1, Max: 1}}
	a.Grants = append(a.Grants, g)
	a.Now = a.Now.Union(sources.ReachOf(g.Level))
	a.Ever = a.Ever.Union(a.Now)
	a.Heads.Min = max(a.Heads.Min, 1)
	if a.Heads.Max == 0 {
		a.Heads.Max = 1
	}
}

// Witness says who the witness of the run is, and whether the server lets it in.
func (s *Source) Witness(ctx context.Context) (who string, err error) {
	if s.config.Witness == nil {
		return "", nil
	}
	who = s.config.Witness.account.credential.String()
	return who, s.config.Witness.server(s.config.Target).call(ctx, "IPC$", func(context.Context, *smb2.Tree) error { return nil })
}
