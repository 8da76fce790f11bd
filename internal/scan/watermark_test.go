package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// memSink keeps commits in memory, and fails from the failAt-th on.
type memSink struct {
	mu      sync.Mutex
	commits [][]journal.Record
	failAt  int
}

var errSink = errors.New("the disk is full")

func (s *memSink) Commit(_ context.Context, records []journal.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failAt > 0 && len(s.commits) >= s.failAt {
		return errSink
	}
	s.commits = append(s.commits, records)
	return nil
}

func (s *memSink) records() []journal.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []journal.Record
	for _, c := range s.commits {
		all = append(all, c...)
	}
	return all
}

// TestWatermarkNeverCoversAnOpenItem ends items in random order, and checks
// every checkpoint against the items that had ended by then.
func TestWatermarkNeverCoversAnOpenItem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "items")
		order := rapid.Permutation(seq(n)).Draw(t, "order")
		sink := &memSink{}
		mark := newWatermark(sink, journal.Checkpoint{Source: "s", Container: "c"}, nil)
		for range n {
			mark.begin()
		}
		ended := make(map[int]bool)
		for _, i := range order {
			ended[i] = true
			var records []journal.Record
			if rapid.Bool().Draw(t, "found") {
				records = []journal.Record{{Gap: &journal.Gap{Path: fmt.Sprint(i)}}}
			}
			if err := mark.end(t.Context(), int64(i), done{cursor: cursorOf(i), counts: journal.Counts{Items: 1}, seen: uint64(i + 1)}, records); err != nil {
				t.Fatal(err)
			}
			for _, c := range sink.commits {
				for k, r := range c {
					if r.Checkpoint != nil && k != len(c)-1 {
						t.Fatal("a checkpoint is not the last record of its commit")
					}
				}
			}
			cp := lastCheckpoint(sink)
			if cp == nil {
				continue
			}
			for k := range int(cp.Counts.Items) {
				if !ended[k] {
					t.Fatalf("the checkpoint %q covers item %d, which is open", cp.Cursor, k)
				}
			}
			if n := seenCount(sink); n != cp.Counts.Items {
				t.Fatalf("%d items are seen where the checkpoint covers %d", n, cp.Counts.Items)
			}
			if cp.Cursor != cursorOf(int(cp.Counts.Items)-1) {
				t.Fatalf("cursor %q for %d items", cp.Cursor, cp.Counts.Items)
			}
		}
		if err := mark.finish(t.Context(), true, nil); err != nil {
			t.Fatal(err)
		}
		if cp := lastCheckpoint(sink); !cp.Done || cp.Counts.Items != int64(n) {
			t.Fatalf("last checkpoint %+v", cp)
		}
	})
}

func TestWatermarkFailsWithItsSink(t *testing.T) {
	mark := newWatermark(&memSink{failAt: 1}, journal.Checkpoint{}, nil)
	records := []journal.Record{{Gap: &journal.Gap{}}}
	for i := range 3 {
		mark.begin()
		err := mark.end(t.Context(), int64(i), done{cursor: "x"}, records)
		if want := i > 0; errors.Is(err, errSink) != want {
			t.Errorf("item %d: %v", i, err)
		}
	}
}

// seenCount is how many hashes the sink's Seen records hold.
func seenCount(s *memSink) (n int64) {
	for _, r := range s.records() {
		if r.Seen != nil {
			n += int64(len(r.Seen.Hashes) / 8)
		}
	}
	return n
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func cursorOf(i int) sources.Cursor { return sources.Cursor(fmt.Sprintf("%04d", i)) }

func lastCheckpoint(s *memSink) *journal.Checkpoint {
	var last *journal.Checkpoint
	for _, r := range s.records() {
		if r.Checkpoint != nil {
			last = r.Checkpoint
		}
	}
	return last
}

// item returns an item that is told by line and column.
func item(id string) sources.Item { return sources.Item{Container: "c", ID: id, Path: id} }
