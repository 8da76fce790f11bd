package scan

import (
	"context"
	"slices"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/sources"
)

// Explained is how one stream of an item was judged, and what lies in the item.
type Explained struct {
	Path  string // within the item, "" for the item itself
	Trace detectors.Trace
	Place func(detectors.Atom) journal.Position // where an atom stands, for people
	Bytes int64                                 // read

	Inner   []Explained // streams that lie in the item and hold something like a part of a credential
	Streams int         // how many lie in it
	Gaps    []ExplainedGap
}

// ExplainedGap is something in an item that could not be read.
type ExplainedGap struct {
	Path string
	Err  error
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
	e.Inner, e.Streams = f.explained, f.streams
	for _, g := range f.unread {
		e.Gaps = append(e.Gaps, ExplainedGap{g.path, g.err})
	}
	w.close()
	if i := slices.IndexFunc(e.Inner, func(in Explained) bool { return in.Path == "" }); i >= 0 { // the item's own text, unwrapped
		e.Trace, e.Place = e.Inner[i].Trace, e.Inner[i].Place
		e.Inner = slices.Delete(e.Inner, i, i+1)
	}
	return e, err
}
