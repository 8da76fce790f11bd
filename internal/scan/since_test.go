package scan

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mislaid/internal/journal"
	"mislaid/internal/pick"
	"mislaid/sources"
	"mislaid/sources/sourcetest"
)

// history is runs over one place, each on the journal of the one before.
type history struct {
	dir   string
	n     int
	since *Since
	old   []journal.Sighting // what the last run's journal says
}

// fatal is what *testing.T and *rapid.T have in common.
type fatal interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// run scans, cut off after some commits if cut is not negative and then gone on
// with, and folds the new journal.
func (h *history) run(t fatal, src sources.Source, o Options, cut int) *journal.Summary {
	h.n++
	path := filepath.Join(h.dir, fmt.Sprint(h.n))
	file, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var carried []journal.Record
	for _, sg := range h.old {
		if sg.State != journal.StateGone {
			sg.State = journal.StateEarlier
		}
		carried = append(carried, journal.Record{Sighting: &sg})
	}
	records := append([]journal.Record{{Run: &journal.Run{ID: "r", Command: "scan"}}}, carried...)
	if err := file.Commit(context.Background(), records); err != nil {
		t.Fatal(err)
	}
	o.Salt = h.since.salt()
	for part := 0; ; part++ {
		sink := &cutSink{Sink: file, left: cut}
		if part > 0 || cut < 0 {
			sink.left = -1
		}
		sum, last, salt := h.fold(t, path)
		o.Sink, o.From = sink, last
		if salt != nil {
			o.Salt = salt
		}
		o.Since = nil
		if h.since != nil {
			s := *h.since
			s.Sightings = nil
			for _, p := range places(sum) {
				if p.State == journal.StateEarlier {
					s.Sightings = append(s.Sightings, &p)
				}
			}
			o.Since = &s
		}
		if part > 0 {
			if o.ReadFirst, err = journal.LoadSeen(path, true); err != nil {
				t.Fatal(err)
			}
		}
		err := Run(context.Background(), []sources.Source{src}, o)
		if err == nil {
			break
		}
		if !errors.Is(err, errSink) {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	sum, last, _ := h.fold(t, path)
	h.old = places(sum)
	seen, err := journal.LoadSeen(path, false)
	if err != nil {
		t.Fatal(err)
	}
	h.since = &Since{Seen: seen, Last: last, Reread: make(map[sources.Ref]bool)}
	for _, g := range sum.Coverage.Gaps {
		if g.Ref.Item != "" {
			h.since.Reread[g.Ref] = true
		}
	}
	return sum
}

func (s *Since) salt() []byte {
	if s == nil {
		return nil
	}
	return s.Seen.Salt()
}

func (h *history) fold(t fatal, path string) (*journal.Summary, []journal.Checkpoint, []byte) {
	type key struct {
		container string
		likely    bool
	}
	last := make(map[key]journal.Checkpoint)
	var salt []byte
	folder := journal.NewFolder()
	file, err := journal.Load(path)
	if err != nil || file.Chain.Err != "" {
		t.Fatalf("%v %s", err, file.Chain.Err)
	}
	for r, err := range records(path) {
		if err != nil {
			t.Fatal(err)
		}
		folder.Add(r)
		if c := r.Checkpoint; c != nil {
			last[key{c.Container, c.Likely}] = *c
		}
		if r.Seen != nil {
			salt = r.Seen.Salt
		}
	}
	return folder.Summary(), slices.Collect(maps.Values(last)), salt
}

// records yields a journal's records.
func records(path string) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(journal.Record{}, err)
			return
		}
		defer func() { _ = f.Close() }()
		var chain journal.Chain
		journal.Read(f, &chain)(yield)
	}
}

func likelyNames(t fatal) *pick.Names {
	n, err := pick.Parse("test", []byte(".env\nb\n"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func places(s *journal.Summary) (all []journal.Sighting) {
	for _, l := range s.Leaks {
		for _, p := range l.Places {
			all = append(all, p.Sighting)
		}
	}
	return all
}

// cutSink fails after some commits, as a killed process would.
type cutSink struct {
	journal.Sink
	left int // -1: never
}

func (s *cutSink) Commit(ctx context.Context, records []journal.Record) error {
	if s.left == 0 {
		return errSink
	}
	if s.left > 0 {
		s.left--
	}
	return s.Sink.Commit(ctx, records)
}

// TestSinceEqualsWhole changes a place at random between runs that build on one
// another, some of them cut off and gone on with: what they say stands there is
// what stands there, what they say is gone was there once, nothing that is as it
// was is opened again, and the items add up.
func TestSinceEqualsWhole(t *testing.T) {
	set := testSet(t)
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		mem := sourcetest.NewMem("place")
		mem.Attrs()
		containers := []string{"whole", "changes"}
		content := make(map[[2]string]string)
		put := func(c, path, text string) {
			mem.Put(c, path, []byte(text))
			content[[2]string{c, path}] = text
		}
		for _, c := range containers {
			put(c, "first", "nothing")
		}
		mem.Changes("changes")
		for range 4 {
			put(rapid.SampledFrom(containers).Draw(t, "c"), rapid.SampledFrom([]string{"a", "b", ".env", "d"}).Draw(t, "path"), textFor(t))
		}
		h := &history{dir: filepath.Join(dir, fmt.Sprint(n))}
		ever := make(map[string]bool)
		read := make(map[[2]string]string) // as the last run read it
		for round := range rapid.IntRange(2, 4).Draw(t, "rounds") {
			for range rapid.IntRange(0, 4).Draw(t, "edits") {
				c := rapid.SampledFrom(containers).Draw(t, "c")
				path := rapid.SampledFrom([]string{"a", "b", ".env", "d", "new"}).Draw(t, "path")
				switch rapid.IntRange(0, 3).Draw(t, "edit") {
				case 0:
					mem.Remove(c, path)
					delete(content, [2]string{c, path})
				case 1:
					mem.Expire()
				default:
					put(c, path, textFor(t))
					delete(read, [2]string{c, path})
				}
			}
			o := Options{Set: set, Jobs: 2}
			if rapid.Bool().Draw(t, "quick") {
				o.Rules.Likely = likelyNames(t)
			}
			opens, cut := mem.Opens(), rapid.IntRange(-1, 6).Draw(t, "cut")
			sum := h.run(t, mem, o, cut)
			opens = mem.Opens() - opens

			want, still, gone, changed := make(map[string]bool), make(map[string]bool), make(map[string]bool), 0
			for key, text := range content {
				for _, kid := range kids(text) {
					want[key[0]+"/"+key[1]+" "+kid] = true
				}
				if old, ok := read[key]; !ok || old != text {
					changed++
				}
				read[key] = text
			}
			maps.DeleteFunc(read, func(key [2]string, _ string) bool { _, ok := content[key]; return !ok })
			for _, p := range places(sum) {
				name := p.Ref.Container + "/" + p.Ref.Item + " " + p.KeyID
				switch p.State {
				case journal.StateGone:
					gone[name] = true
				case journal.StateEarlier:
					t.Fatalf("round %d: nobody came to %s", round, name)
				default:
					still[name] = true
				}
			}
			if diff := gocmp.Diff(want, still); diff != "" {
				t.Fatalf("round %d: what stands there (-), what the journal says (+)\n%s", round, diff)
			}
			for name := range ever {
				if !want[name] && !gone[name] {
					t.Fatalf("round %d: %s was there once and is forgotten", round, name)
				}
			}
			for name := range gone {
				if !ever[name] {
					t.Fatalf("round %d: %s never was there", round, name)
				}
			}
			maps.Copy(ever, want)
			if cut < 0 && opens != changed {
				t.Fatalf("round %d: %d items were opened, %d changed", round, opens, changed)
			}
			if sum.Coverage.GapTotal != 0 || !sum.Coverage.Sources[0].Done {
				t.Fatalf("round %d: %+v", round, sum.Coverage)
			}
			if c := sum.Coverage.Counts; c.Items+c.Unchanged < int64(changed) || c.Items+c.Unchanged > int64(len(content)) {
				t.Fatalf("round %d: %d read and %d unchanged of %d", round, c.Items, c.Unchanged, len(content))
			}
		}
	})
}

func textFor(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(0, 2).Draw(t, "keys") {
		fmt.Fprintf(&b, "<kid:k%d> ", rapid.IntRange(0, 5).Draw(t, "kid"))
	}
	return b.String()
}

// kids are the key ids in a text.
func kids(text string) (all []string) {
	for _, part := range strings.Fields(text) {
		if kid, ok := strings.CutPrefix(part, "<kid:"); ok {
			all = append(all, strings.TrimSuffix(kid, ">"))
		}
	}
	return all
}
