package scan

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// job is a listed item on its way to a worker.
type job struct {
	task task
	item sources.Item
	num  int64
	mark *watermark      // nil: of no listed container
	left *sync.WaitGroup // counts the container's items that have not ended

	earlier []*journal.Sighting // what an earlier run sighted in it
	counts  journal.Counts      // what it counts for whatever becomes of it
	seen    uint64              // its hash, if it is unchanged
	changes bool                // the listing is one of changes: what it does not show is unchanged
	first   *firstPass          // of the pass over likely names; nil: of the pass over everything
	key     uint64              // of first
	within  bool                // the item was listed, and counts, without this job
}

// end commits a job's records and ends it. Its counts are added to d's.
func (w *worker) end(ctx context.Context, j *job, d done, records []journal.Record) error {
	if j.mark == nil {
		if len(records) == 0 {
			return nil
		}
		return w.Sink.Commit(ctx, records)
	}
	d.cursor = j.item.Cursor
	if j.first != nil || j.within {
		d.counts = journal.Counts{}
	}
	d.counts.Add(j.counts)
	return j.mark.end(ctx, j.num, d, records)
}

// lose ends a job that is not done because its source is gone.
func (j *job) lose(err error) error {
	if j.mark != nil {
		j.mark.lose(err)
	}
	return nil
}

// task is what is to be done with an item.
type task uint8

const (
	taskRead  task = iota
	taskLook       // read it unless a look tells that it is as it was
	taskKeep       // it is as it was: ask who can read it now
	taskFind       // the listing did not show it: is it still there?
	taskAgain      // find it without a listing, and read it
)

// lister lists the containers of one source into its queue. It belongs to one
// goroutine.
type lister struct {
	Options
	src  sources.Source
	info sources.Info
	q    *queue
	from map[passKey]journal.Checkpoint
	told <-chan struct{} // closed when the source's own record is committed
	hash *journal.SeenHasher
	seen map[string]*firstPass // by container: what the pass over likely names read

	sighted map[string][]sources.Ref // by container: items that an earlier run sighted
}

type passKey struct {
	container string
	likely    bool
}

func newLister(src sources.Source, o Options, q *queue) *lister {
	l := &lister{
		Options: o, src: src, info: src.Info(), q: q, from: make(map[passKey]journal.Checkpoint),
		hash: o.hasher(), seen: make(map[string]*firstPass), sighted: o.Since.items(src.Info().Name),
	}
	for _, c := range o.From {
		if c.Source == l.info.Name {
			l.from[passKey{c.Container, c.Likely}] = c
		}
	}
	return l
}

func (o *Options) hasher() *journal.SeenHasher {
	return journal.NewSeenHasher(o.Salt, o.Set.Name()+"\n"+o.Reading)
}

// containers crawls all containers: their items with likely names, or
// everything.
func (l *lister) containers(ctx context.Context, likely bool) error {
	unlisted := maps.Clone(l.sighted)
	for c, err := range l.src.Containers(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := l.wait(ctx); err != nil {
			return err
		}
		delete(unlisted, c.ID)
		if err != nil {
			if !likely {
				if err := l.gap(ctx, c, err); err != nil {
					return err
				}
			}
			if c == (sources.Container{}) {
				return nil
			}
			continue
		}
		if err := l.container(ctx, c, likely || c.Ahead); err != nil {
			return err
		}
	}
	if likely {
		return nil
	}
	// What is left was sighted in containers that are no longer listed.
	var left sync.WaitGroup
	for _, c := range slices.Sorted(maps.Keys(unlisted)) {
		for _, ref := range unlisted[c] {
			if err := l.put(ctx, job{task: taskFind, item: itemOf(ref), left: &left, earlier: l.Since.of(ref)}); err != nil {
				return err
			}
		}
	}
	if err := l.q.flush(ctx); err != nil {
		return err
	}
	left.Wait()
	return nil
}

func itemOf(ref sources.Ref) sources.Item {
	return sources.Item{Container: ref.Container, ID: ref.Item}
}

// put hands a job to the workers.
func (l *lister) put(ctx context.Context, j job) error {
	j.left.Add(1)
	return l.q.put(ctx, j)
}

// container crawls one container in one pass and waits until its items have
// ended.
func (l *lister) container(ctx context.Context, c sources.Container, likely bool) error {
	from, resumed := l.from[passKey{c.ID, likely}]
	switch {
	case from.Done:
		return nil
	case !resumed:
		from = journal.Checkpoint{Source: l.info.Name, Container: c.ID, Likely: likely}
		changes, ok := l.Since.changesFrom(l.info.Name, c)
		switch {
		case ok && likely:
			from.Cursor, from.Changes = changes.Cursor, true
		case ok:
			from = changes
			if err := l.keepSeen(ctx, c.ID); err != nil {
				return err
			}
		}
	}
	err := l.newPass(c, from).run(ctx)
	if errors.Is(err, sources.ErrExpired) {
		from = journal.Checkpoint{Source: l.info.Name, Container: c.ID, Likely: likely}
		p := l.newPass(c, from)
		p.restarted = true
		err = p.run(ctx)
	}
	return err
}

// keepSeen takes over the hashes of a container of which only changes are
// listed: a later run may have to list it whole.
func (l *lister) keepSeen(ctx context.Context, container string) error {
	for hashes := range slices.Chunk(l.Since.Seen.Hashes(l.info.Name, container), keptHashes) {
		seen := journal.NewSeen(l.info.Name, container, l.Since.Seen.Salt(), slices.Clone(hashes))
		if err := l.Sink.Commit(ctx, []journal.Record{{Seen: seen}}); err != nil {
			return err
		}
	}
	return nil
}

// keptHashes is how many hashes are committed at once.
const keptHashes = 1 << 16
