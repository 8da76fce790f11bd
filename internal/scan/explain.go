package scan

import (
	"context"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/sources"
)

// Explained is how one stream of an item was judged.
type Explained struct {
	Trace detectors.Trace
	Place func(detectors.Atom) journal.Position // where an atom stands, for people
	Bytes int64                                 // read
}

// Explain scans one item as a scan does, and returns how it was judged. Nothing
// is committed or submitted, and the secrets are destroyed. With an error comes
// what was seen until then.
func Explain(ctx context.Context, src sources.Source, it sources.Item, o Options) (Explained, error) {
	var e Explained
	o.Trace, o.Submit, o.Jobs = &e.Trace, nil, 1 // one job: a part of a split item hears only itself
	w := newWorker(o.withDefaults(), src, nil)
	f, err := w.scan(ctx, it)
	defer f.destroy()
	defer w.win.clear()
	of := place(it)
	e.Place = func(a detectors.Atom) journal.Position { pos, _ := of(a); return pos }
	e.Bytes = f.bytes
	return e, err
}
