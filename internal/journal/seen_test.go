package journal

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// writeSeen writes a journal with the hashes of count items, each ten
// thousand in a record of its own.
func writeSeen(t testing.TB, path string, salt []byte, count int) {
	t.Helper()
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	h := NewSeenHasher(salt, "set")
	for i := 0; i < count; {
		var hashes []uint64
		for ; i < count && len(hashes) < 100_000; i++ {
			hashes = append(hashes, h.Hash(fmt.Sprint("dir/file", i), "v1"))
		}
		if err := f.Commit(t.Context(), []Record{{Seen: NewSeen("s", "c", salt, hashes)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSeenComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	salt := NewSalt()
	writeSeen(t, path, salt, 50_001)
	set, err := LoadSeen(path, false)
	if err != nil {
		t.Fatal(err)
	}
	h, other := NewSeenHasher(set.Salt(), "set"), NewSeenHasher(set.Salt(), "another set")
	for i := range 50_001 {
		id := fmt.Sprint("dir/file", i)
		if !set.Has("s", "c", h.Hash(id, "v1")) {
			t.Fatalf("%s is not there", id)
		}
		if set.Has("s", "c", h.Hash(id, "v2")) || set.Has("s", "d", h.Hash(id, "v1")) || set.Has("s", "c", other.Hash(id, "v1")) {
			t.Fatalf("%s is there in another version, container or reading", id)
		}
	}
	if n := len(set.Hashes("s", "c")); n != 50_001 {
		t.Errorf("%d hashes", n)
	}
	if first, err := LoadSeen(path, true); err != nil || first.Salt() != nil {
		t.Errorf("of likely names: %v, %v", first, err)
	}
	var none *SeenSet
	if none.Has("s", "c", 1) || none.Salt() != nil || none.Hashes("s", "c") != nil {
		t.Error("nothing holds something")
	}
}

// TestSeenHashTellsApart: the border between ID and version counts.
func TestSeenHashTellsApart(t *testing.T) {
	h := NewSeenHasher(NewSalt(), "set")
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) [2]string {
			return [2]string{rapid.StringN(0, 6, -1).Draw(t, name), rapid.StringN(0, 6, -1).Draw(t, name)}
		}
		a, b := draw("a"), draw("b")
		if same := h.Hash(a[0], a[1]) == h.Hash(b[0], b[1]); same != (a == b) {
			t.Fatalf("%q and %q: same %v", a, b, same)
		}
	})
	if h.Hash("ab", "c") == h.Hash("a", "bc") {
		t.Error("the border does not count")
	}
}

// TestSeenIsFrugal: ten million items take 80 MB and little beside.
func TestSeenIsFrugal(t *testing.T) {
	const count = 400_000
	path := filepath.Join(t.TempDir(), "j")
	writeSeen(t, path, NewSalt(), count)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	set, err := LoadSeen(path, false)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > count*9 {
		t.Errorf("%d items take %d bytes", count, grown)
	}
	if len(set.Hashes("s", "c")) != count {
		t.Errorf("%d hashes", len(set.Hashes("s", "c")))
	}
}

func TestNewSeenSorts(t *testing.T) {
	s := NewSeen("s", "c", nil, []uint64{3, 1 << 63, 1})
	var got []uint64
	for b := s.Hashes; len(b) > 0; b = b[8:] {
		got = append(got, binary.BigEndian.Uint64(b))
	}
	if !slices.Equal(got, []uint64{1, 3, 1 << 63}) {
		t.Errorf("%v", got)
	}
}

func BenchmarkSeenHash(b *testing.B) {
	h := NewSeenHasher(NewSalt(), "set")
	for b.Loop() {
		h.Hash("projects/some/deep/directory/with/a/file/of/source/text.go", "117-1795602704836679708-1795602704836679708-9994980")
	}
}

// TestListingGapsAreTakenBack: a part of the run that lists again takes back
// what an earlier part could not list, and only that.
func TestListingGapsAreTakenBack(t *testing.T) {
	src := &Source{Name: "s", Type: "t"}
	gap := func(container, item, reason string) Record {
		g := Gap{Reason: reason}
		g.Ref.Source, g.Ref.Container, g.Ref.Item = "s", container, item
		return Record{Gap: &g}
	}
	run := func(id string, part int) Record { return Record{Run: &Run{ID: id, Command: "scan", Part: part}} }
	first := []Record{run("a", 0), {Source: src}, gap("c", "", GapSource), gap("c", "item", GapDenied), gap("", "", GapLimit)}
	if s := fold(first...); s.Coverage.GapTotal != 3 || len(s.Coverage.Gaps) != 3 {
		t.Errorf("%+v", s.Coverage)
	}
	s := fold(append(first, run("a", 1), Record{Source: src}, gap("c", "other", GapDenied), gap("d", "", GapSource))...)
	if s.Coverage.GapTotal != 3 || s.Coverage.GapBy[GapLimit] != 0 || s.Coverage.GapBy[GapDenied] != 2 || len(s.Coverage.Gaps) != 3 {
		t.Errorf("%+v", s.Coverage)
	}
	s = fold(append(first, run("b", 0), Record{Source: src})...) // another run has nothing to take back
	if s.Coverage.GapTotal != 3 {
		t.Errorf("%+v", s.Coverage)
	}
	s = fold(append(first, Record{Source: &Source{Name: "s", Error: "ended"}})...)
	if s.Coverage.GapTotal != 3 {
		t.Errorf("%+v", s.Coverage)
	}
}

// TestStates: what a later record of the same reading says counts, and a place
// that was read again is read.
func TestStates(t *testing.T) {
	sg := sighting("item", "aws-access-key", "AKID", "fp")
	state := func(s State) Record {
		own := *sg
		own.State = s
		return Record{Sighting: &own}
	}
	again := *sg
	again.Found = sg.Found.Add(1)
	for _, test := range []struct {
		records []Record
		want    State
	}{
		{[]Record{state(StateEarlier)}, StateEarlier},
		{[]Record{state(StateEarlier), state(StateUnchanged)}, StateUnchanged},
		{[]Record{state(StateEarlier), state(StateGone)}, StateGone},
		{[]Record{state(StateEarlier), {Sighting: &again}}, StateRead},
		{[]Record{{Sighting: &again}, state(StateGone)}, StateRead},
	} {
		if got := one(t, fold(test.records...)).Places[0].State; got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestTargetThatOpensAtLast: what a part of a scan could not open, a later one
// opens, maybe under another name, or says again that it cannot.
func TestTargetThatOpensAtLast(t *testing.T) {
	run := func(command string, part int) Record {
		return Record{Run: &Run{ID: "a", Command: command, Part: part}}
	}
	closed := Record{Source: &Source{Name: "slack:", Type: "slack", Error: "no session"}}
	opened := Record{Source: &Source{Name: "slack://T1", Type: "slack"}}
	for _, c := range []struct {
		records []Record
		want    int
	}{
		{[]Record{run("scan", 0), closed}, 1},
		{[]Record{run("scan", 0), closed, run("scan", 1), opened}, 0},
		{[]Record{run("scan", 0), closed, run("scan", 1), closed}, 1},
		{[]Record{run("scan", 0), closed, run("recheck", 1), opened}, 1},
		{[]Record{run("scan", 0), {Source: &Source{Name: "s"}}, {Checkpoint: &Checkpoint{Source: "s", Container: "c"}}, {Source: &Source{Name: "s", Error: "ended"}}, run("scan", 1), opened}, 1},
	} {
		failed := 0
		for _, s := range fold(c.records...).Coverage.Sources {
			if s.Error != "" {
				failed++
			}
		}
		if failed != c.want {
			t.Errorf("%d sources failed, want %d: %+v", failed, c.want, c.records)
		}
	}
}
