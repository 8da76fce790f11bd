package main

import (
	"context"
	"errors"
	"sync"

	"mislaid/internal/journal"
	"mislaid/verify"
)

// recorder writes the records of a run to its journal and folds them as they
// come. It is the run's journal.Sink.
type recorder struct {
	settled func(journal.Leak) error // a leak for which no verdict is awaited any more, each time it changed

	mu      sync.Mutex
	file    *journal.File
	folder  *journal.Folder
	changes map[string]int // how often a leak changed
	failed  error          // the first failure: nothing is written after it
}

var errJournalClosed = errors.New("the journal is closed")

// begin commits the run's first records once they are made. It returns at once;
// until then every Commit waits.
func (r *recorder) begin(ctx context.Context, first func() []journal.Record) {
	r.mu.Lock()
	go func() {
		defer r.mu.Unlock()
		if err := r.commit(ctx, first()); err != nil && r.failed == nil {
			r.failed = err
		}
	}()
}

// Commit implements journal.Sink.
func (r *recorder) Commit(ctx context.Context, records []journal.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.commit(ctx, records)
}

// commit writes and folds records. The caller holds the lock.
func (r *recorder) commit(ctx context.Context, records []journal.Record) error {
	if r.failed != nil {
		return r.failed
	}
	if err := r.file.Commit(ctx, records); err != nil {
		if ctx.Err() == nil {
			r.failed = err
		}
		return err
	}
	for _, rec := range records {
		for _, id := range r.folder.Add(rec) {
			if !r.look(id, rec.Verdict != nil || rec.Facts != nil) {
				continue
			}
			l, ok := r.folder.Leak(id)
			if !ok || !l.Settled || l.Suppressed {
				continue
			}
			if err := r.settled(l); err != nil {
				r.failed = err
				return err
			}
		}
	}
	return nil
}

// look reports whether a leak that changed is worth building: after a verdict,
// and each time its sightings have doubled. Building it costs as much as it has
// places, and one key may stand in very many.
func (r *recorder) look(id string, judged bool) bool {
	if r.changes == nil {
		r.changes = make(map[string]int)
	}
	r.changes[id]++
	n := r.changes[id]
	return judged || n&(n-1) == 0
}

// answer records what the verifier said. That a verdict is pending is what the
// journal says already by having none. A failure stays in r and ends the run.
func (r *recorder) answer(ctx context.Context, a verify.Answer) error {
	if a.Facts != nil {
		return r.Commit(ctx, []journal.Record{{Facts: &journal.Facts{KeyID: a.KeyID, Facts: *a.Facts}}})
	}
	if a.Verdict.State == verify.Unknown && a.Verdict.Why == verify.WhyPending {
		return nil
	}
	return r.Commit(ctx, []journal.Record{{Verdict: &journal.Verdict{KeyID: a.KeyID, Fingerprint: a.Fingerprint, Verdict: a.Verdict}}})
}

// err returns the first failure to write.
func (r *recorder) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// summary returns everything as it stands.
func (r *recorder) summary() *journal.Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.folder.Summary()
}

// close closes the journal. What a straggling goroutine commits after that is
// refused.
func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = errJournalClosed
	}
	return r.file.Close()
}
