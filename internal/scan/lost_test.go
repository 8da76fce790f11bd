package scan

import (
	"fmt"
	"slices"
	"testing"

	"mislaid/internal/journal"
	"mislaid/sources"
	"mislaid/sources/sourcetest"
)

// TestLostSource: a source that goes away in the middle of a container leaves
// one gap, no item is passed over, the other containers are read as far as they
// can be, and a resumed run finds what an undisturbed one does.
func TestLostSource(t *testing.T) {
	gone := fmt.Errorf("it went away: %w", sources.ErrSession)
	for name, fault := range map[string]sourcetest.Fault{
		"listing":  {Op: sourcetest.OpItems, Container: "c1", Item: "0030", Err: gone},
		"open":     {Op: sourcetest.OpOpen, Container: "c1", Item: "0030", Err: gone},
		"read":     {Op: sourcetest.OpRead, Container: "c1", Item: "0030", Err: gone},
		"audience": {Op: sourcetest.OpAudience, Container: "c1", Item: "0030", Err: gone},
	} {
		t.Run(name, func(t *testing.T) {
			src := sourcetest.NewMem("a")
			for c := range 3 {
				for i := range 60 {
					src.Put(fmt.Sprintf("c%d", c), fmt.Sprintf("%04d", i), fmt.Appendf(nil, "<kid:k%d%02d> <sec:s%02d>", c, i, i))
				}
			}
			src.Fail(fault)
			sink := &memSink{}
			run := func(from []journal.Checkpoint) {
				if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink, Jobs: 3, From: from}); err != nil {
					t.Fatal(err)
				}
			}
			run(nil)
			if got := gaps(sink.records()); !slices.Equal(got, []string{"c1: source ended"}) {
				t.Errorf("gaps %v", got)
			}
			last := make(map[string]journal.Checkpoint)
			for _, r := range sink.records() {
				if r.Checkpoint != nil {
					last[r.Checkpoint.Container] = *r.Checkpoint
				}
			}
			if cp := last["c1"]; cp.Done || cp.Cursor >= "0030" || !last["c0"].Done || !last["c2"].Done {
				t.Errorf("checkpoints %+v", last)
			}
			src.Heal()
			var from []journal.Checkpoint
			for _, cp := range last {
				from = append(from, cp)
			}
			run(from)
			found := make(map[string]bool)
			for _, s := range sightings(sink.records()) {
				found[s.KeyID] = true
			}
			if len(found) != 180 {
				t.Errorf("found %d credentials, want 180", len(found))
			}
		})
	}
}
