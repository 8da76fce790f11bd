package scan

import (
	"context"
	"errors"
	"slices"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/sources"
)

// seen returns the hash under which a later run knows an item again, or 0 if it
// is to be read again then: it was not read whole, or its version does not tell.
func (w *worker) seen(it *sources.Item, f *finds, err error) uint64 {
	if err != nil || len(f.unread) > 0 || f.attr.Version == "" || f.attr.Fresh || w.info.Once {
		return 0
	}
	return w.hash.Hash(it.ID, f.attr.Version)
}

// look asks for the version of an item whose listing did not tell it. The job has
// ended if it is as an earlier run read it. What cannot be looked at is read:
// opening it will say why not.
func (w *worker) look(ctx context.Context, j *job) (ended bool, err error) {
	ref := w.ref(j.item)
	it, err := w.src.Item(ctx, ref)
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	if err != nil || it.Attr.Version == "" {
		return false, nil
	}
	j.item.Attr = it.Attr
	hash := w.hash.Hash(it.ID, it.Attr.Version)
	if !w.Since.Seen.Has(ref.Source, ref.Container, hash) {
		return false, nil
	}
	j.seen = hash
	j.counts.Unchanged++
	w.Progress.Unchanged.Add(1)
	if len(j.earlier) > 0 {
		return true, w.keep(ctx, j)
	}
	return true, w.end(ctx, j, done{seen: hash}, nil)
}

// keep ends an item that is as an earlier run read it: what was sighted there is
// taken over with those who can read it now.
func (w *worker) keep(ctx context.Context, j *job) error {
	doc, err := w.audience(ctx, j.item)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return j.lose(err)
	}
	records := append([]journal.Record{{Audience: &doc}}, moved(j.earlier, journal.StateUnchanged, func(sg *journal.Sighting) {
		sg.AudienceID = doc.ID
	})...)
	return w.end(ctx, j, done{seen: j.seen}, records)
}

// find looks for an item that the listing did not show. Only what is proven to
// be gone is gone; where changes alone are listed, what is there is unchanged. The
// job has not ended if the place stands within another item that has changed: what
// is there now is to be read.
func (w *worker) find(ctx context.Context, j *job) (ended bool, err error) {
	ref := w.ref(j.item)
	it, err := w.src.Item(ctx, ref)
	switch {
	case ctx.Err() != nil:
		return true, ctx.Err()
	case errors.Is(err, sources.ErrSession) && j.mark != nil:
		return true, j.lose(err)
	case errors.Is(err, sources.ErrGone):
		return true, w.end(ctx, j, done{}, gone(j.earlier))
	case err != nil:
		return true, w.end(ctx, j, done{}, nil)
	}
	within := it.ID != ref.Item // a message of a run, which was listed and has been counted
	switch {
	case !j.changes && !within:
		return true, w.end(ctx, j, done{}, nil)
	case within && !w.isUnchanged(ref, &it):
		j.found(it)
		j.within = true
		return false, nil
	}
	j.found(it)
	return true, w.keep(ctx, j)
}

// isUnchanged reports whether an earlier run read it as it is now.
func (w *worker) isUnchanged(ref sources.Ref, it *sources.Item) bool {
	return w.Since != nil && it.Attr.Version != "" && w.Since.Seen.Has(ref.Source, ref.Container, w.hash.Hash(it.ID, it.Attr.Version))
}

// again finds an item that is to be read though no listing showed it. If it is
// not found, the job has ended.
func (w *worker) again(ctx context.Context, j *job) (found bool, err error) {
	it, err := w.src.Item(ctx, w.ref(j.item))
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err == nil:
		j.found(it)
		if reason := w.skip(&w.info, &it); reason != "" {
			err = &sources.SkipError{Reason: reason}
			break
		}
		return true, nil
	case errors.Is(err, sources.ErrSession) && j.mark != nil:
		return false, j.lose(err)
	case errors.Is(err, sources.ErrGone):
		return false, w.end(ctx, j, done{}, gone(j.earlier))
	}
	if reason, ok := skipReason(err); ok {
		return false, w.end(ctx, j, done{counts: journal.Counts{Skipped: map[string]int64{reason: 1}}}, nil)
	}
	return false, w.end(ctx, j, done{}, []journal.Record{gapRecord(w.Options, w.ref(j.item), j.item.Path, "", err)})
}

// found makes j about an item that was found without a listing: its cursor says
// nothing of how far the listing is.
func (j *job) found(it sources.Item) {
	it.Container, it.Cursor = j.item.Container, ""
	j.item = it
}

// missing returns the earlier sightings that are not among the records of what
// stands there now. A lone key id is, if its pair is.
func missing(earlier []*journal.Sighting, now []journal.Record) []*journal.Sighting {
	return slices.DeleteFunc(slices.Clone(earlier), func(old *journal.Sighting) bool {
		return slices.ContainsFunc(now, func(r journal.Record) bool {
			s := r.Sighting
			return s != nil && s.Ref == old.Ref && s.KeyID == old.KeyID && s.Inner == old.Inner &&
				(old.Kind == secret.KeyID || s.Kind == old.Kind && s.Fingerprint == old.Fingerprint)
		})
	})
}
