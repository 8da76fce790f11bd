package scan

import (
	"path/filepath"
	"slices"
	"testing"

	"mislaid/internal/journal"
	"mislaid/sources"
	"mislaid/sources/sourcetest"
)

// states are the states of a summary's places by item.
func states(s *journal.Summary) map[string]journal.State {
	out := make(map[string]journal.State)
	for _, p := range places(s) {
		out[p.Ref.Container+"/"+p.Ref.Item] = p.State
	}
	return out
}

func newHistory(t *testing.T) *history { return &history{dir: filepath.Join(t.TempDir(), "h")} }

// TestOnlyWhatIsProvenIsGone: what a listing does not show is looked for, and
// what cannot be looked for is not gone.
func TestOnlyWhatIsProvenIsGone(t *testing.T) {
	mem := sourcetest.NewMem("place")
	mem.Attrs()
	for _, id := range []string{"denied", "excluded", "gone", "stays"} {
		mem.Put("c", id, []byte("<kid:"+id+">"))
		mem.Put("dropped", id, []byte("<kid:"+id+">"))
	}
	h, o := newHistory(t), Options{Set: testSet(t)}
	h.run(t, mem, o, -1)
	for _, id := range []string{"denied", "excluded", "gone"} {
		mem.Remove("c", id)
	}
	mem.Drop("dropped")
	mem.Fail(sourcetest.Fault{Op: sourcetest.OpItem, Item: "denied", Err: sources.ErrDenied})
	mem.Fail(sourcetest.Fault{Op: sourcetest.OpItem, Item: "excluded", Err: &sources.SkipError{Reason: "excluded"}})
	got := states(h.run(t, mem, o, -1))
	for place, want := range map[string]journal.State{
		"c/denied": journal.StateEarlier, "c/excluded": journal.StateEarlier, "c/gone": journal.StateGone, "c/stays": journal.StateUnchanged,
		"dropped/denied": journal.StateEarlier, "dropped/gone": journal.StateGone, "dropped/stays": journal.StateGone,
	} {
		if got[place] != want {
			t.Errorf("%s is %q, want %q", place, got[place], want)
		}
	}
}

// TestNothingIsGoneInAnIncompleteContainer: a listing that broke off shows
// nothing by what it did not show, and the next run reads on.
func TestNothingIsGoneInAnIncompleteContainer(t *testing.T) {
	mem := sourcetest.NewMem("place")
	mem.Attrs()
	for _, id := range []string{"a", "b", "c", "d"} {
		mem.Put("c", id, []byte("<kid:"+id+">"))
	}
	h, o := newHistory(t), Options{Set: testSet(t)}
	h.run(t, mem, o, -1)
	mem.Remove("c", "d")
	mem.Fail(sourcetest.Fault{Op: sourcetest.OpItems, Item: "c", Err: sources.ErrSession, Times: 1})
	sum := h.run(t, mem, o, -1)
	got := states(sum)
	if got["c/a"] != journal.StateUnchanged || got["c/c"] != journal.StateEarlier || got["c/d"] != journal.StateEarlier || sum.Coverage.Sources[0].Done {
		t.Errorf("%v", got)
	}
	opens := mem.Opens()
	got = states(h.run(t, mem, o, -1))
	if got["c/a"] != journal.StateUnchanged || got["c/d"] != journal.StateGone {
		t.Errorf("%v", got)
	}
	if n := mem.Opens() - opens; n != 1 { // the broken run's journal does not tell of c
		t.Errorf("%d opened", n)
	}
}

// TestGapsAreReadAgain: what could not be read is read by the next run though it
// did not change, also where only changes are listed.
func TestGapsAreReadAgain(t *testing.T) {
	mem := sourcetest.NewMem("place")
	mem.Attrs()
	for _, c := range []string{"whole", "changes"} {
		mem.Put(c, "a", []byte("<kid:a>"))
		mem.Put(c, "late", []byte("<kid:late>"))
		mem.Fail(sourcetest.Fault{Op: sourcetest.OpOpen, Container: c, Item: "late", Err: sources.ErrDenied, Times: 1})
	}
	mem.Changes("changes")
	h, o := newHistory(t), Options{Set: testSet(t)}
	if sum := h.run(t, mem, o, -1); sum.Coverage.GapTotal != 2 {
		t.Fatalf("%d gaps", sum.Coverage.GapTotal)
	}
	sum := h.run(t, mem, o, -1)
	got := states(sum)
	if sum.Coverage.GapTotal != 0 || len(got) != 4 || got["changes/late"] != journal.StateRead || got["whole/late"] != journal.StateRead || got["whole/a"] != journal.StateUnchanged {
		t.Errorf("%+v, %v", sum.Coverage, got)
	}
}

// TestChangedAfterListing: an item that changes between its listing and its
// opening is read as it is then.
func TestChangedAfterListing(t *testing.T) {
	mem := sourcetest.NewMem("place")
	mem.Attrs()
	mem.Put("c", "a", []byte("<kid:old>"))
	sink := &memSink{}
	src := &opening{Source: mem}
	src.atOpen = func() { mem.Put("c", "a", []byte("<kid:new>")) }
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink}); err != nil {
		t.Fatal(err)
	}
	if ids := keyIDs(sink); !slices.Equal(ids, []string{"new"}) || len(gaps(sink.records())) != 0 {
		t.Errorf("found %v, gaps %v", ids, gaps(sink.records()))
	}
}

// TestFreshIsNotSeen: an item that may change without another version is read
// again.
func TestFreshIsNotSeen(t *testing.T) {
	f := finds{attr: sources.Attr{Version: "v"}}
	o := Options{Set: testSet(t), Sink: &memSink{}}.withDefaults()
	w := newWorker(o, sourcetest.NewMem("place"), nil)
	it := &sources.Item{ID: "a"}
	if w.seen(it, &f, nil) == 0 {
		t.Error("what was read is not seen")
	}
	if w.seen(it, &f, sources.ErrDenied) != 0 {
		t.Error("a gap is seen")
	}
	if f.attr.Fresh = true; w.seen(it, &f, nil) != 0 {
		t.Error("what is fresh is seen")
	}
	if f.attr = (sources.Attr{}); w.seen(it, &f, nil) != 0 {
		t.Error("what has no version is seen")
	}
}
