package gdrive

import (
	"cmp"
	"context"
	"iter"

	"mislaid/sources"
)

// Audit judges every file and folder of a container by what listings tell,
// without reading content, and yields those that are shared widely enough. The
// iterator rule of sources.Source holds.
func (s *Source) Audit(ctx context.Context, c sources.Container) iter.Seq2[Audited, error] {
	return func(yield func(Audited, error) bool) {
		w, err := s.newCrawl(ctx, c.ID, "", nil)
		if err == nil {
			w.yield = func(it sources.Item, err error) bool { return yield(Audited{ID: it.ID, Path: it.Path}, err) }
			w.audit = func(f file, it sources.Item, a sources.Audience, err error) {
				kind := "file"
				if f.isFolder() {
					kind = "folder"
				}
				w.done = !yield(Audited{ID: f.Id, Path: it.Path, Kind: kind, Link: it.Link, Audience: a}, err)
			}
			err = cmp.Or(w.run(), ctx.Err())
		}
		if err != nil && (w == nil || !w.done) {
			yield(Audited{}, err)
		}
	}
}

// Audited is a file or folder and who can read it.
type Audited struct {
	ID, Path, Kind, Link string
	Audience             sources.Audience
}
