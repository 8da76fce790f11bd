package scan

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// Recheck opens again the places in which credentials were sighted and submits
// those credentials. A place that cannot be opened or no longer holds its
// credential is a gap.
func Recheck(ctx context.Context, srcs []sources.Source, places []journal.Place, o Options) error {
	o = o.withDefaults()
	type target struct {
		src    sources.Source
		places []journal.Place
	}
	byItem := make(map[sources.Ref]*target)
	for _, p := range places {
		t := byItem[p.Ref]
		if t == nil {
			t = new(target)
			byItem[p.Ref] = t
			i := slices.IndexFunc(srcs, func(s sources.Source) bool { return s.Info().Name == p.Ref.Source })
			if i >= 0 {
				t.src = srcs[i]
			}
		}
		t.places = append(t.places, p)
	}
	return interruptible(ctx, func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(o.Jobs)
		for ref, t := range byItem {
			g.Go(func() error {
				err := fmt.Errorf("source %s is not among the targets: %w", ref.Source, sources.ErrGone)
				if t.src != nil {
					w := newWorker(o, t.src, nil)
					defer w.close()
					err = w.recheck(ctx, ref, t.places)
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err == nil {
					return nil
				}
				err = fmt.Errorf("opened again to verify what was found there: %w", err)
				return o.Sink.Commit(ctx, []journal.Record{gapRecord(o, ref, t.places[0].Path, "", err)})
			})
		}
		return g.Wait()
	})
}

// recheck scans one item again and submits the credentials of places.
func (w *worker) recheck(ctx context.Context, ref sources.Ref, places []journal.Place) error {
	it, err := w.src.Item(ctx, ref)
	if err != nil {
		return err
	}
	it.Container = ref.Container
	if reason := w.skip(&w.info, &it); reason == skipNever {
		return &sources.SkipError{Reason: reason}
	}
	f, err := w.scan(ctx, it)
	defer f.destroy()
	defer w.win.clear()
	if err != nil {
		return err
	}
	wanted := make(map[sightingKey]bool)
	for _, p := range places {
		wanted[sightingKey{kind: p.Kind, id: p.KeyID, print: p.Fingerprint}] = true
	}
	kept := f.candidates[:0:0]
	for _, c := range f.candidates {
		if wanted[keyOf(c)] {
			kept = append(kept, c)
		}
	}
	w.submit(it.Path, kept)
	for _, c := range kept {
		delete(wanted, keyOf(c))
	}
	if len(wanted) > 0 {
		return fmt.Errorf("%d of %d credentials no longer stand there: %w", len(wanted), len(places), sources.ErrGone)
	}
	return nil
}
