package scan

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	gocmp "github.com/google/go-cmp/cmp"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/sources"
	"mislaid/verify"
)

// submitted collects what a scan hands to the verifier.
type submitted struct {
	mu   sync.Mutex
	reqs []verify.Request
}

func (s *submitted) add(r verify.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reqs = append(s.reqs, r)
}

func (s *submitted) secrets() (out []string) {
	for _, r := range s.reqs {
		out = append(out, r.Credential.ID+":"+string(r.Credential.Secret.Reveal()))
	}
	slices.Sort(out)
	return out
}

func sightings(records []journal.Record) (out []journal.Sighting) {
	for _, r := range records {
		if r.Sighting != nil {
			out = append(out, *r.Sighting)
		}
	}
	slices.SortFunc(out, func(a, b journal.Sighting) int { return cmp.Compare(a.Path+a.KeyID, b.Path+b.KeyID) })
	return out
}

func gaps(records []journal.Record) (out []string) {
	for _, r := range records {
		if r.Gap != nil {
			out = append(out, r.Gap.Path+": "+r.Gap.Reason)
		}
	}
	slices.Sort(out)
	return out
}

func TestRun(t *testing.T) {
	src := newList("list://a", "nothing", "line\n  <kid:one> and <sec:s1>\n<kid:one> <sec:s1>", "<kid:two>", "x", "y", "z")
	src.items[3].err = &sources.SkipError{Reason: "fifo"}
	src.items[4].err = fmt.Errorf("y: %w", sources.ErrDenied)
	src.items[5].text = []byte("before <bug:x> after")
	sink, sub, progress := &memSink{}, &submitted{}, &Progress{}
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink, Submit: sub.add, Progress: progress}); err != nil {
		t.Fatal(err)
	}

	got := sightings(sink.records())
	if len(got) != 2 {
		t.Fatalf("%d sightings", len(got))
	}
	one := got[0]
	sum := sha256.Sum256(src.items[1].text)
	if one.KeyID != "one" || one.Total != 2 || one.SHA256 != hex.EncodeToString(sum[:]) || one.Author != "alice" || !one.Left || one.Version != "v0" {
		t.Errorf("%+v", one)
	}
	if p := one.Positions[0]; p.Line != 2 || p.Column != 3 || p.Offset != 7 {
		t.Errorf("first position %+v", p)
	}
	if want := []string{"one:s1", "two:"}; !slices.Equal(sub.secrets(), want) {
		t.Errorf("submitted %v", sub.secrets())
	}
	if want := []string{"dir/0004: denied", "dir/0005: error"}; !slices.Equal(gaps(sink.records()), want) {
		t.Errorf("gaps %v", gaps(sink.records()))
	}
	cp := lastCheckpoint(sink)
	if !cp.Done || cp.Counts.Items != 3 || cp.Counts.Skipped["fifo"] != 1 {
		t.Errorf("last checkpoint %+v", cp)
	}
	if progress.Items.Load() != 3 || progress.Gaps.Load() != 2 || progress.Skipped.Load() != 1 || progress.Candidates.Load() != 3 {
		t.Errorf("progress: %d items, %d gaps, %d skipped", progress.Items.Load(), progress.Gaps.Load(), progress.Skipped.Load())
	}

	// The unreadable audience of 0001 is unknown, never private.
	for _, r := range sink.records() {
		if r.Audience != nil && r.Audience.ID == one.AudienceID {
			if r.Audience.Now.AtMost != sources.Public || len(r.Audience.Unresolved) != 1 {
				t.Errorf("audience %+v", r.Audience)
			}
		}
	}
	text, err := json.Marshal(sink.records())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"s1", "bug:x"} {
		if strings.Contains(string(text), secret+">") || strings.Contains(string(text), `"`+secret+`"`) {
			t.Errorf("the records hold %q", secret)
		}
	}
}

// TestResumeFromEveryCommit cuts a run after each of its commits and goes on
// from the last checkpoint: nothing is lost.
func TestResumeFromEveryCommit(t *testing.T) {
	var texts []string
	for i := range 40 {
		text := "nothing"
		if i%3 == 0 {
			text = fmt.Sprintf("<kid:k%02d> <sec:s%02d>", i, i)
		}
		texts = append(texts, text)
	}
	run := func(from []journal.Checkpoint) *memSink {
		src := newList("list://a", texts...)
		src.items[7].err = fmt.Errorf("7: %w", sources.ErrDenied)
		src.items[8].err = &sources.SkipError{Reason: "socket"}
		sink := &memSink{}
		if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink, Jobs: 3, From: from}); err != nil {
			t.Fatal(err)
		}
		return sink
	}
	paths := func(records []journal.Record) (out []string) {
		for _, s := range sightings(records) {
			out = append(out, s.Path+s.KeyID)
		}
		return slices.Compact(append(out, slices.Compact(gaps(records))...))
	}
	whole := run(nil)
	want := paths(whole.records())
	for cut := range len(whole.commits) + 1 {
		first := &memSink{commits: whole.commits[:cut]}
		var from []journal.Checkpoint
		if cp := lastCheckpoint(first); cp != nil {
			from = append(from, *cp)
		}
		second := run(from)
		if diff := gocmp.Diff(want, paths(append(first.records(), second.records()...))); diff != "" {
			t.Errorf("cut after commit %d: (-want +got)\n%s", cut, diff)
		}
		cp := lastCheckpoint(second)
		if cp == nil {
			cp = lastCheckpoint(first)
		}
		if diff := gocmp.Diff(lastCheckpoint(whole), cp); diff != "" {
			t.Errorf("cut after commit %d: last checkpoint (-want +got)\n%s", cut, diff)
		}
	}
}

// TestSplitEqualsOnePass reads the same bytes in parts and in one pass, as
// bytes and as UTF-16.
func TestSplitEqualsOnePass(t *testing.T) {
	const part = 100_000
	var offs []int
	for e := 0; e <= 8*part; e += part {
		offs = append(offs, e-30, e-5, e, e+17)
	}
	text := plantedText(8*part+4321, 3, offs...)
	copy(text[part*3+500:], "<sec:far-off>")
	wide := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(string(text))) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	copy(wide[part*5+1:], "<kid:in-bytes>") // an island of bytes, at an odd offset
	for name, text := range map[string][]byte{"bytes": text, "UTF-16": wide} {
		src := newList("list://a", string(text))
		o := Options{Set: testSet(t), Sink: &memSink{}, Jobs: 3}.withDefaults()
		it := src.items[0].item("c")
		scan := func(splitFrom, partSize int64) []string {
			w := newWorker(o, src, nil)
			w.splitFrom, w.partSize = splitFrom, partSize
			f, err := w.scan(t.Context(), it)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, c := range f.candidates {
				p, _ := f.place(c.Atoms[0])
				out = append(out, fmt.Sprint(c.Credential.Kind, " ", c.Credential.ID, " ", p.Offset, " ", p.Line, ":", p.Column))
			}
			slices.Sort(out)
			return append(out, f.sum)
		}
		want := scan(1<<40, part)
		if len(want) < len(offs)-2 {
			t.Fatalf("%s: one pass found %d", name, len(want))
		}
		for _, size := range []int64{part, part/2 + 2, 4096} {
			if diff := gocmp.Diff(want, scan(1, size)); diff != "" {
				t.Errorf("%s, parts of %d: one pass (-), parts (+)\n%s", name, size, diff)
			}
		}
	}
}

// TestChanged rewrites an item while it is read: it is read again, and if it
// does not come to rest it is a gap, and no pair is spliced of two versions.
func TestChanged(t *testing.T) {
	far := strings.Repeat(".", 2*ownSpan)
	t.Run("once", func(t *testing.T) {
		src := newList("list://a", "<kid:old>"+far+"<sec:old>")
		it := src.items[0]
		it.rewrite = func(opens int) {
			if opens == 1 {
				it.change("<kid:new>" + far + "<sec:new>")
			}
		}
		sink, sub := &memSink{}, &submitted{}
		if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink, Submit: sub.add}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"new:new"}; !slices.Equal(sub.secrets(), want) || len(gaps(sink.records())) != 0 {
			t.Errorf("submitted %v, gaps %v", sub.secrets(), gaps(sink.records()))
		}
	})
	t.Run("always", func(t *testing.T) {
		src := newList("list://a", "<kid:near> <sec:near>"+far+"<kid:far>"+far+"<sec:far>")
		it := src.items[0]
		it.rewrite = func(int) { it.change(string(it.text)) }
		sink, sub := &memSink{}, &submitted{}
		if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink, Submit: sub.add}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"near:near"}; !slices.Equal(sub.secrets(), want) {
			t.Errorf("submitted %v", sub.secrets())
		}
		if want := []string{"dir/0000: changed while read"}; !slices.Equal(gaps(sink.records()), want) {
			t.Errorf("gaps %v", gaps(sink.records()))
		}
	})
}

// TestPanicCostsOneItem holds in the parts of a split item, too.
func TestPanicCostsOneItem(t *testing.T) {
	src := newList("list://a", strings.Repeat(".", 2*ownSpan)+"<bug:x>"+strings.Repeat(".", 10_000))
	o := Options{Set: testSet(t), Sink: &memSink{}, Jobs: 3}.withDefaults()
	w := newWorker(o, src, nil)
	for _, from := range []int64{1, 1 << 40} {
		w.splitFrom, w.partSize = from, ownSpan/4
		_, err := w.scan(t.Context(), src.items[0].item("c"))
		if err == nil || !strings.Contains(err.Error(), "our bug") || strings.Contains(err.Error(), "quotes") {
			t.Errorf("split from %d: %v", from, err)
		}
	}
}

func TestMaxFileSizeSkips(t *testing.T) {
	src := newList("list://a", "<kid:small>", "<kid:large>"+strings.Repeat(".", 100))
	sink := &memSink{}
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink, MaxFileSize: 50}); err != nil {
		t.Fatal(err)
	}
	cp := lastCheckpoint(sink)
	if len(sightings(sink.records())) != 1 || cp.Counts.Skipped["larger than --max-file-size"] != 1 || cp.Counts.Items != 1 {
		t.Errorf("%d sightings, %+v", len(sightings(sink.records())), cp)
	}
}

// TestCancel ends a scan whose reader is stuck.
func TestCancel(t *testing.T) {
	src := newList("list://a", "x", "y")
	src.items[0].blocked = make(chan struct{})
	defer close(src.items[0].blocked)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := Run(ctx, []sources.Source{src}, Options{Set: testSet(t), Sink: &memSink{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSinkFailureEndsTheScan(t *testing.T) {
	src := newList("list://a", slices.Repeat([]string{"<kid:x>"}, 1000)...)
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: &memSink{failAt: 5}}); !errors.Is(err, errSink) {
		t.Errorf("got %v", err)
	}
}

func TestRecheck(t *testing.T) {
	src := newList("list://a", "<kid:one> <sec:s1>", "<kid:two>", "<kid:three>")
	sink := &memSink{}
	o := Options{Set: testSet(t), Sink: sink}
	if err := Run(t.Context(), []sources.Source{src}, o); err != nil {
		t.Fatal(err)
	}
	var places []journal.Place
	for _, s := range sightings(sink.records()) {
		places = append(places, journal.Place{Sighting: s})
	}
	src.items[1].change("gone from here")
	src.items = src.items[:2]
	sub := &submitted{}
	o.Submit, o.Sink = sub.add, &memSink{}
	if err := Recheck(t.Context(), []sources.Source{src}, places, o); err != nil {
		t.Fatal(err)
	}
	if want := []string{"one:s1"}; !slices.Equal(sub.secrets(), want) {
		t.Errorf("submitted %v", sub.secrets())
	}
	if want := []string{"dir/0001: gone", "dir/0002: gone"}; !slices.Equal(gaps(o.Sink.(*memSink).records()), want) {
		t.Errorf("gaps %v", gaps(o.Sink.(*memSink).records()))
	}
}

// TestSecretsAreDestroyed keeps the detector's own values and looks at them
// after the scan: only the verifier's copies live on.
func TestSecretsAreDestroyed(t *testing.T) {
	d := testDetector()
	var mu sync.Mutex
	var atoms []detectors.Atom
	find := d.Find
	d.Find = func(dst []detectors.Atom, near detectors.Near) []detectors.Atom {
		n := len(dst)
		dst = find(dst, near)
		mu.Lock()
		defer mu.Unlock()
		atoms = append(atoms, dst[n:]...)
		return dst
	}
	set, err := detectors.NewSet(d)
	if err != nil {
		t.Fatal(err)
	}
	sub := &submitted{}
	src := newList("list://a", "<kid:one> <sec:s1>", "<sec:alone>")
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: set, Sink: &memSink{}, Submit: sub.add}); err != nil {
		t.Fatal(err)
	}
	if len(atoms) != 3 {
		t.Fatalf("%d atoms", len(atoms))
	}
	for _, a := range atoms {
		if !a.Value.IsZero() {
			t.Errorf("the secret at %d lives on", a.Off)
		}
	}
	if want := []string{"one:s1"}; !slices.Equal(sub.secrets(), want) {
		t.Errorf("submitted %v", sub.secrets())
	}
}
