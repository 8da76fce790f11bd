package scan

import (
	"context"
	"sync"
	"time"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// checkpointEvery is how often a container without finds writes a checkpoint.
const checkpointEvery = time.Second

// maxAhead is how far items may be done beyond one that is not. It bounds
// memory when one item takes very long.
const maxAhead = 1 << 16

// watermark commits what was found in the items of one container, and knows up
// to which item all are done: the checkpoint covers those and no others.
// Safe for concurrent use.
type watermark struct {
	sink journal.Sink

	mu     sync.Mutex
	room   *sync.Cond
	state  journal.Checkpoint // as of low
	low    int64              // items before it are all done
	ahead  []done             // ahead[i] is item low+i
	next   int64              // number of the next item
	wrote  time.Time
	wroteN int64
	salt   []byte   // of Seen
	seen   []uint64 // hashes of items before low that no Seen has yet
	failed error
	lost   error // why the source cannot be read any more
}

// done is an item that is done, or will be.
type done struct {
	ok     bool
	cursor sources.Cursor
	counts journal.Counts
	seen   uint64 // its hash if it was read whole, or is as an earlier run read it; else 0
}

func newWatermark(sink journal.Sink, from journal.Checkpoint, salt []byte) *watermark {
	w := &watermark{sink: sink, state: from, wrote: time.Now(), salt: salt}
	w.room = sync.NewCond(&w.mu)
	return w
}

// begin numbers an item. It blocks while too many items are done beyond one
// that is not.
func (w *watermark) begin() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.next-w.low >= maxAhead && w.failed == nil && w.lost == nil {
		w.room.Wait()
	}
	w.ahead = append(w.ahead, done{})
	w.next++
	return w.next - 1
}

// end commits an item's records and, where they can be, a checkpoint after
// them.
func (w *watermark) end(ctx context.Context, item int64, d done, records []journal.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	d.ok = true
	w.ahead[item-w.low] = d
	moved := 0
	for ; moved < len(w.ahead) && w.ahead[moved].ok; moved++ {
		d := &w.ahead[moved]
		w.state.Counts.Add(d.counts)
		if d.seen != 0 {
			w.seen = append(w.seen, d.seen)
		}
		if d.cursor != "" {
			w.state.Cursor = d.cursor
		}
	}
	if moved > 0 {
		w.low += int64(moved)
		clear(w.ahead[:moved])
		w.ahead = w.ahead[moved:] // begin makes room when it has to
		w.room.Broadcast()
	}
	switch {
	case len(records) > 0 && moved > 0:
		return w.commit(ctx, append(records, w.checkpoint()...))
	case len(records) > 0:
		return w.commit(ctx, records)
	case w.low != w.wroteN && time.Since(w.wrote) >= checkpointEvery:
		return w.commit(ctx, w.checkpoint())
	}
	return nil
}

// lose says that an item could not be read because its source is gone. It is
// not done: the checkpoint stays before it, so that a resumed run reads it.
func (w *watermark) lose(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost == nil {
		w.lost = err
	}
	w.room.Broadcast()
}

// isLost returns why the source cannot be read any more, nil if it can.
func (w *watermark) isLost() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// finish writes the container's last checkpoint. It is to be called when every
// item that began has ended; listed says whether the listing came to its end.
func (w *watermark) finish(ctx context.Context, listed bool, records []journal.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	w.state.Done = listed && w.low == w.next // a cancelled run leaves items that never end
	w.state.Counts.Unchanged = max(w.state.Counts.Unchanged, 0)
	return w.commit(ctx, append(records, w.checkpoint()...))
}

// checkpoint returns the records of how far it is: the checkpoint comes last.
func (w *watermark) checkpoint() (records []journal.Record) {
	w.wrote, w.wroteN = time.Now(), w.low
	c := w.state
	c.Counts = journal.Counts{}
	c.Counts.Add(w.state.Counts)
	if len(w.seen) > 0 {
		seen := journal.NewSeen(c.Source, c.Container, w.salt, w.seen)
		seen.Likely = c.Likely
		w.seen = w.seen[:0]
		records = append(records, journal.Record{Seen: seen})
	}
	return append(records, journal.Record{Checkpoint: &c})
}

func (w *watermark) commit(ctx context.Context, records []journal.Record) error {
	if err := w.sink.Commit(ctx, records); err != nil {
		w.failed = err
		w.room.Broadcast()
		return err
	}
	return nil
}

// abandon wakes a begin that waits for items which will never end.
func (w *watermark) abandon(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
	w.room.Broadcast()
}
