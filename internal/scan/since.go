package scan

import (
	"context"
	"time"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// Since is what an earlier journal tells a scan that builds on it. Its sightings
// stand in the new journal before the scan begins.
type Since struct {
	Seen      *journal.SeenSet
	Last      []journal.Checkpoint // of each container
	Sightings []*journal.Sighting  // those to be looked after; none is changed
	Reread    map[sources.Ref]bool // items to be read though they are as they were: gaps, and keys to be asked about

	byItem map[sources.Ref][]*journal.Sighting
	last   map[containerKey]journal.Checkpoint
	reread map[containerKey][]string // IDs
}

type containerKey struct{ source, container string }

// index prepares s for look-ups. It changes nothing that a caller gave.
func (s *Since) index() *Since {
	if s == nil {
		return nil
	}
	own := *s
	own.byItem = make(map[sources.Ref][]*journal.Sighting)
	for _, sg := range s.Sightings {
		own.byItem[sg.Ref] = append(own.byItem[sg.Ref], sg)
	}
	own.last = make(map[containerKey]journal.Checkpoint)
	for _, c := range s.Last {
		if !c.Likely {
			own.last[containerKey{c.Source, c.Container}] = c
		}
	}
	own.reread = make(map[containerKey][]string)
	for ref := range s.Reread {
		key := containerKey{ref.Source, ref.Container}
		own.reread[key] = append(own.reread[key], ref.Item)
	}
	return &own
}

// of returns the earlier sightings of an item.
func (s *Since) of(ref sources.Ref) []*journal.Sighting {
	if s == nil {
		return nil
	}
	return s.byItem[ref]
}

// items returns the sighted items of a source by container.
func (s *Since) items(source string) map[string][]sources.Ref {
	by := make(map[string][]sources.Ref)
	if s != nil {
		for ref := range s.byItem {
			if ref.Source == source {
				by[ref.Container] = append(by[ref.Container], ref)
			}
		}
	}
	return by
}

// changesFrom returns where a listing of a container's changes begins, if an
// earlier run left a token for it.
func (s *Since) changesFrom(source string, c sources.Container) (journal.Checkpoint, bool) {
	if s == nil || !c.Changes {
		return journal.Checkpoint{}, false
	}
	old := s.last[containerKey{source, c.ID}]
	if !old.Done || old.Cursor == "" {
		return journal.Checkpoint{}, false
	}
	return journal.Checkpoint{
		Source: source, Container: c.ID, Cursor: old.Cursor, Changes: true,
		Counts: journal.Counts{Unchanged: old.Counts.Items + old.Counts.Unchanged},
	}, true
}

// moved returns the sightings in another state.
func moved(earlier []*journal.Sighting, state journal.State, change func(*journal.Sighting)) []journal.Record {
	now := time.Now().UTC()
	records := make([]journal.Record, 0, len(earlier)+1)
	for _, sg := range earlier {
		own := *sg
		own.State, own.Checked = state, now
		if change != nil {
			change(&own)
		}
		records = append(records, journal.Record{Sighting: &own})
	}
	return records
}

// gone returns the records of sightings whose place is no longer there, with
// what the source keeps of it. The error is that of copies.
func (w *worker) gone(ctx context.Context, it sources.Item, earlier []*journal.Sighting) ([]journal.Record, error) {
	if len(earlier) == 0 {
		return nil, nil
	}
	kept, records, err := w.copies(ctx, it)
	if err != nil {
		return nil, err
	}
	return append(moved(earlier, journal.StateGone, func(sg *journal.Sighting) {
		sg.Copies = kept[credentialKey{sg.Kind, sg.KeyID, sg.Fingerprint, sg.Inner}]
	}), records...), nil
}

// endGone ends a job whose item is no longer there.
func (w *worker) endGone(ctx context.Context, j *job, it sources.Item) error {
	records, err := w.gone(ctx, it, j.earlier)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return j.lose(err)
	}
	return w.end(ctx, j, done{}, records)
}

// gone returns the records of sightings whose place is no longer there.
func gone(earlier []*journal.Sighting) []journal.Record {
	return moved(earlier, journal.StateGone, nil)
}
