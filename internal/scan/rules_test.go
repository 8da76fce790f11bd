package scan

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"mislaid/internal/journal"
	"mislaid/internal/pace"
	"mislaid/internal/pick"
	"mislaid/sources"
	"mislaid/sources/sourcetest"
)

// opening notes what is opened, in order.
type opening struct {
	sources.Source
	mu     sync.Mutex
	opened []string
	before func(pass int) // called when the containers are listed for the pass-th time
	passes int
}

func (o *opening) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	o.passes++
	if o.before != nil {
		o.before(o.passes)
	}
	return o.Source.Containers(ctx)
}

func (o *opening) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	o.mu.Lock()
	o.opened = append(o.opened, it.Container+"/"+it.ID)
	o.mu.Unlock()
	return o.Source.Open(ctx, it, off, n)
}

func coverageOf(t *testing.T, records []journal.Record) journal.Coverage {
	t.Helper()
	f := journal.NewFolder()
	for _, r := range records {
		f.Add(r)
	}
	return f.Summary().Coverage
}

// TestQuick reads likely names first, over all containers, and covers in the end
// what a scan without it covers; what changes between the passes is read again.
func TestQuick(t *testing.T) {
	mem := sourcetest.NewMem("place")
	mem.Attrs()
	for _, c := range []string{"one", "two"} {
		for i := range 50 {
			mem.Put(c, fmt.Sprintf("file%02d", i), []byte("<kid:x>"))
		}
		mem.Put(c, "z.env", []byte("<kid:env> <sec:s>"))
		mem.Put(c, "denied.env", []byte("<kid:denied>"))
		mem.Put(c, "fifo.env", nil)
		mem.List(c, "fifo.env", &sources.SkipError{Reason: "fifo"})
		mem.Fail(sourcetest.Fault{Op: sourcetest.OpOpen, Container: c, Item: "denied.env", Err: sources.ErrDenied})
	}
	likely, err := pick.Parse("test", []byte("*.env"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(rules Rules, before func(int)) ([]string, *memSink) {
		src, sink := &opening{Source: mem, before: before}, &memSink{}
		if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink, Jobs: 2, Rules: rules}); err != nil {
			t.Fatal(err)
		}
		return src.opened, sink
	}
	plain, plainSink := run(Rules{}, nil)
	quick, quickSink := run(Rules{Likely: likely}, nil)
	if diff := gocmp.Diff(coverageOf(t, plainSink.records()), coverageOf(t, quickSink.records()), gocmp.FilterPath(func(p gocmp.Path) bool {
		return p.Last().String() == ".Time"
	}, gocmp.Ignore())); diff != "" {
		t.Errorf("coverage plain (-), quick (+)\n%s", diff)
	}
	first := slices.Clone(quick[:4])
	slices.Sort(first)
	if want := []string{"one/denied.env", "one/z.env", "two/denied.env", "two/z.env"}; !slices.Equal(first, want) {
		t.Errorf("first were %v", first)
	}
	if len(quick) != len(plain)+2 { // what was denied is tried again
		t.Errorf("%d opened, %d without", len(quick), len(plain))
	}
	if n := len(sightings(quickSink.records())); n != 102 {
		t.Errorf("%d sightings", n)
	}

	_, sink := run(Rules{Likely: likely}, func(pass int) {
		if pass == 2 {
			mem.Put("one", "z.env", []byte("<kid:later>"))
			mem.Put("one", "zz.env", []byte("<kid:new>"))
		}
	})
	var found []string
	for _, s := range sightings(sink.records()) {
		if s.Ref.Container == "one" && strings.HasPrefix(s.Path, "z") {
			found = append(found, s.KeyID)
		}
	}
	if want := []string{"env", "later", "new"}; !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}

// TestOrderedNeedsNoPass: a source that puts what is likely first is listed once.
func TestOrderedNeedsNoPass(t *testing.T) {
	mem := sourcetest.NewMem("place")
	mem.Put("c", "a.env", nil)
	src := &ordered{opening{Source: mem}}
	o := Options{Set: testSet(t), Sink: &memSink{}, Rules: Rules{Likely: pick.Likely()}}
	if err := Run(t.Context(), []sources.Source{src}, o); err != nil || src.passes != 1 {
		t.Errorf("%d passes, %v", src.passes, err)
	}
}

type ordered struct{ opening }

func (o *ordered) Info() sources.Info {
	i := o.opening.Info()
	i.Ordered = true
	return i
}

func TestRules(t *testing.T) {
	day := func(n int) time.Time { return time.Unix(int64(n), 0) }
	never, err := pick.Parse("test", []byte("decoy\nmem-title/secret/"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rules Rules
		max   int64
		path  string
		attr  sources.Attr
		want  string
	}{
		{Rules{}, 0, "a", sources.Attr{Size: 1 << 40, ModTime: day(5)}, ""},
		{Rules{After: day(5)}, 0, "a", sources.Attr{ModTime: day(5)}, ""},
		{Rules{After: day(5)}, 0, "a", sources.Attr{ModTime: day(4)}, skipOld},
		{Rules{After: day(5)}, 0, "a", sources.Attr{}, ""},
		{Rules{Before: day(5)}, 0, "a", sources.Attr{ModTime: day(5)}, skipNew},
		{Rules{Before: day(5)}, 0, "a", sources.Attr{ModTime: day(4)}, ""},
		{Rules{After: day(3), Before: day(5)}, 0, "a", sources.Attr{ModTime: day(4)}, ""},
		{Rules{}, 10, "a", sources.Attr{Size: 11}, skipLarge},
		{Rules{}, 10, "a", sources.Attr{Size: 10}, ""},
		{Rules{}, 10, "a", sources.Attr{Size: -1}, ""},
		{Rules{Never: never}, 0, "x/DECOY", sources.Attr{}, skipNever},
		{Rules{Never: never}, 0, "decoy/x", sources.Attr{}, skipNever},
		{Rules{Never: never}, 0, "secret/x", sources.Attr{}, skipNever},
		{Rules{Never: never}, 0, "x/secret", sources.Attr{}, ""},
	} {
		o := Options{Rules: test.rules, MaxFileSize: test.max}
		if got := o.skip(&sources.Info{Title: "mem-title"}, &sources.Item{Path: test.path, Attr: test.attr}); got != test.want {
			t.Errorf("%s %+v: %q, want %q", test.path, test.attr, got, test.want)
		}
	}
}

// TestTimeAtOpening applies the rules of time also where the listing tells no
// time.
func TestTimeAtOpening(t *testing.T) {
	mem := sourcetest.NewMem("place")
	for i := range 6 {
		mem.Put("c", fmt.Sprint(i), []byte("<kid:x>")) // modified at 1 s, 2 s, …
	}
	sink := &memSink{}
	o := Options{Set: testSet(t), Sink: sink, Rules: Rules{After: time.Unix(2, 0), Before: time.Unix(5, 0)}}
	if err := Run(t.Context(), []sources.Source{mem}, o); err != nil {
		t.Fatal(err)
	}
	c := coverageOf(t, sink.records()).Counts
	if c.Items != 3 || c.Skipped[skipOld] != 1 || c.Skipped[skipNew] != 2 {
		t.Errorf("%+v", c)
	}
}

// TestNeverOpened: what is never opened is opened by nobody, counted and named.
func TestNeverOpened(t *testing.T) {
	mem := sourcetest.NewMem("place")
	mem.Put("c", "decoy", []byte("<kid:x>"))
	never, err := pick.Parse("test", []byte("DECOY"))
	if err != nil {
		t.Fatal(err)
	}
	sink := &memSink{}
	o := Options{Set: testSet(t), Sink: sink, Rules: Rules{Never: never, Likely: never}}
	place := journal.Place{Sighting: journal.Sighting{Ref: sources.Ref{Source: "mem://place", Container: "c", Item: "decoy"}}}
	if err := Run(t.Context(), []sources.Source{mem}, o); err != nil {
		t.Fatal(err)
	}
	c := coverageOf(t, sink.records())
	if c.Counts.Skipped[skipNever] != 1 || len(c.Skipped) != 1 || c.Skipped[0].Path != "decoy" {
		t.Errorf("%+v", c)
	}
	if err := Recheck(t.Context(), []sources.Source{mem}, []journal.Place{place}, o); err != nil {
		t.Fatal(err)
	}
	if mem.Opens() != 0 {
		t.Errorf("opened %d times", mem.Opens())
	}
}

// TestGateHoldsBack reads by night and not by day, under a fake clock.
func TestGateHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hours, err := pace.ParseHours("20:00-00:01", time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		src := &slowList{newList("list://a", "<kid:a>", "<kid:b>", "<kid:c>", "<kid:d>")}
		sink := &memSink{}
		o := Options{Set: testSet(t), Sink: sink, Jobs: 1, Gate: pace.NewGate(hours)}
		if err := Run(t.Context(), []sources.Source{src}, o); err != nil {
			t.Fatal(err)
		}
		var at []string
		for _, s := range sightings(sink.records()) {
			at = append(at, s.Found.Format("15:04"))
			if !hours.Contain(s.Found) {
				t.Errorf("found at %s", s.Found)
			}
		}
		if len(at) != 4 || at[0] != "00:00" || at[3] != "20:00" {
			t.Errorf("found at %v", at)
		}
	})
}

// slowList takes a while for each item.
type slowList struct{ *listSource }

func (s *slowList) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		for it, err := range s.listSource.Items(ctx, c, after) {
			time.Sleep(25 * time.Second)
			if !yield(it, err) {
				return
			}
		}
	}
}

// TestDeadline gives up a stuck source and goes on with the others; the resumed
// run reads what was left, and the gap is taken back.
func TestDeadline(t *testing.T) {
	stuck, fine := newList("list://stuck", "<kid:a>", "<kid:b>"), newList("list://fine", "<kid:c>")
	stuck.items[1].blocked = make(chan struct{})
	sink := &memSink{}
	o := Options{Set: testSet(t), Sink: sink, Jobs: 1, Deadline: 50 * time.Millisecond}
	begin := []journal.Record{{Run: &journal.Run{ID: "r", Command: "scan"}}}
	if err := Run(t.Context(), []sources.Source{stuck, fine}, o); err != nil {
		t.Fatal(err)
	}
	c := coverageOf(t, append(begin, sink.records()...))
	if c.GapBy[journal.GapLimit] != 1 || c.GapTotal != 1 || len(sightings(sink.records())) < 2 {
		t.Errorf("%+v", c)
	}
	close(stuck.items[1].blocked)
	stuck.items[1].blocked = nil
	o.Deadline = 0
	if err := sink.Commit(t.Context(), []journal.Record{{Run: &journal.Run{ID: "r", Command: "scan", Part: 1}}}); err != nil {
		t.Fatal(err)
	}
	for _, r := range sink.records() {
		if r.Checkpoint != nil {
			o.From = append(o.From, *r.Checkpoint)
		}
	}
	if err := Run(t.Context(), []sources.Source{stuck, fine}, o); err != nil {
		t.Fatal(err)
	}
	c = coverageOf(t, append(begin, sink.records()...))
	if c.GapTotal != 0 || len(c.Gaps) != 0 || len(slices.Compact(keyIDs(sink))) != 3 {
		t.Errorf("%+v", c)
	}
}

func keyIDs(s *memSink) (out []string) {
	for _, sg := range sightings(s.records()) {
		out = append(out, sg.KeyID)
	}
	slices.Sort(out)
	return out
}
