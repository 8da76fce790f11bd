package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"mislaid/sources"
)

// A child process of TestKill is this binary with its journal's path here.
const childEnv = "MISLAID_TEST_JOURNAL_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		writeForever(path)
	}
	os.Exit(m.Run())
}

// gaps are records that tell themselves apart by n.
func gapCommit(n int) []Record {
	return []Record{
		{Gap: &Gap{Ref: sources.Ref{Source: "s", Container: "c", Item: strconv.Itoa(n)}, Reason: GapDenied}},
		{Checkpoint: &Checkpoint{Source: "s", Container: "c", Cursor: sources.Cursor(strconv.Itoa(n))}},
	}
}

func newFile(t *testing.T) (string, *File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state", "j.jsonl")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, f
}

func commit(t *testing.T, f *File, rs ...Record) {
	t.Helper()
	if err := f.Commit(t.Context(), rs); err != nil {
		t.Fatal(err)
	}
}

func closeFile(t *testing.T, f *File) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// cursors reads the checkpoints of a whole journal.
func cursors(t *testing.T, data []byte) (got []string, chain Chain) {
	t.Helper()
	for r, err := range Read(bytes.NewReader(data), &chain) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Checkpoint != nil {
			got = append(got, string(r.Checkpoint.Cursor))
		}
	}
	return got, chain
}

func takeAll(Record) error { return nil }

func TestRoundTrip(t *testing.T) {
	path, f := newFile(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	want := []Record{
		{Run: &Run{ID: "r", Started: at, Targets: []string{"/srv/\xff\x00\ufffd<&>"}, Options: map[string]string{"a\xfe": "\xc3"}}},
		{Source: &Source{Name: "file:///srv", Notes: []string{"caf\xe9"}}},
		{Sighting: &Sighting{
			Ref: sources.Ref{Source: "file:///srv", Item: "\x00\x0041\xf0\x9f\x94\x91\xf0\x9f"}, Path: "a\u202eb\x1b[31m\xff",
			Positions: []Position{{Line: 3, Name: "\xff"}}, Total: 1, Found: at,
		}},
		{Audience: &Audience{ID: "a", Audience: sources.Audience{
			Now: sources.ReachOf(sources.Organisation), Grants: []sources.Grant{{Who: "\xe9", By: "\u0000"}}, Heads: sources.Heads{Max: -1},
		}}},
		{Gap: &Gap{Inner: "!\xff", Reason: GapError, Time: at}},
		{Checkpoint: &Checkpoint{Cursor: "\xff\xfe", Counts: Counts{Skipped: map[string]int64{"fifo": 2}}}},
		{End: &End{Time: at, Reason: EndComplete}},
	}
	for _, r := range want {
		commit(t, f, r)
	}
	closeFile(t, f)
	var got []Record
	g, err := Resume(path, func(r Record) error { got = append(got, r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	closeFile(t, g)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestTimeThatJSONCannotHold(t *testing.T) {
	path, f := newFile(t)
	commit(t, f, Record{Sighting: &Sighting{ModTime: time.Unix(1<<60, 0), Found: time.Unix(1, 0)}})
	closeFile(t, f)
	g, err := Resume(path, func(r Record) error {
		if !r.Sighting.ModTime.IsZero() || r.Sighting.Found.Unix() != 1 {
			t.Errorf("got %v, %v", r.Sighting.ModTime, r.Sighting.Found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	closeFile(t, g)
}

func TestModes(t *testing.T) {
	path, f := newFile(t)
	closeFile(t, f)
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		st, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode() != want {
			t.Errorf("%s: mode %v, want %v", p, st.Mode(), want)
		}
	}
	if _, err := Create(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("Create over an existing file: %v", err)
	}
}

func TestSymlinkIsRefused(t *testing.T) {
	path, f := newFile(t)
	closeFile(t, f)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(t.TempDir(), "dangling")
	target := filepath.Join(t.TempDir(), "target")
	if err := os.Symlink(target, dangling); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(link, takeAll); err == nil {
		t.Error("Resume went through a symlink")
	}
	for _, p := range []string{link, dangling} {
		if _, err := Create(p); err == nil {
			t.Error("Create went through a symlink")
		}
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("the target of a dangling symlink was made")
	}
	if _, err := Resume(t.TempDir(), takeAll); err == nil {
		t.Error("Resume took a directory")
	}
}

func TestTwoWriters(t *testing.T) {
	path, f := newFile(t)
	commit(t, f, gapCommit(0)...)
	if _, err := Resume(path, takeAll); !errors.Is(err, ErrLocked) {
		t.Errorf("second writer: %v", err)
	}
	closeFile(t, f)
	g, err := Resume(path, takeAll)
	if err != nil {
		t.Fatal(err)
	}
	closeFile(t, g)
}

// TestCutEverywhere cuts a journal at every byte, resumes it and goes on.
func TestCutEverywhere(t *testing.T) {
	path, f := newFile(t)
	var ends []int64 // offsets behind the lines
	for i := range 4 {
		commit(t, f, gapCommit(i)...)
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, st.Size())
	}
	closeFile(t, f)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, zeros := range []int{0, 1, 5000} {
		for cut := range len(whole) + 1 {
			var want []string
			for i, end := range ends {
				if end <= int64(cut) {
					want = append(want, strconv.Itoa(i))
				}
			}
			if err := os.WriteFile(path, append(whole[:cut:cut], make([]byte, zeros)...), 0o600); err != nil {
				t.Fatal(err)
			}
			g, err := Resume(path, takeAll)
			if err != nil {
				t.Fatalf("cut at %d, %d zeros: %v", cut, zeros, err)
			}
			commit(t, g, gapCommit(99)...)
			if err := g.f.Close(); err != nil { // without the flush of Close, which makes this test slow
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, chain := cursors(t, data)
			if want = append(want, "99"); !reflect.DeepEqual(got, want) || chain.Err != "" || chain.Torn {
				t.Fatalf("cut at %d: got %v, want %v; %+v", cut, got, want, chain)
			}
		}
	}
}

// TestFlipEverywhere changes every byte of a journal.
func TestFlipEverywhere(t *testing.T) {
	path, f := newFile(t)
	for i := range 3 {
		commit(t, f, gapCommit(i)...)
	}
	closeFile(t, f)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for at := range whole {
		line := bytes.Count(whole[:at], []byte("\n"))
		for _, flip := range []byte{1, 0x20, 0x80, whole[at]} { // the last one makes it zero
			data := bytes.Clone(whole)
			data[at] ^= flip
			got, chain := cursors(t, data)
			if len(got) != line {
				t.Fatalf("byte %d: %d commits were read, want %d", at, len(got), line)
			}
			last := at >= len(lines[0])+len(lines[1])
			if last && (!chain.Torn || chain.Err != "") {
				t.Fatalf("byte %d of the last line: %+v", at, chain)
			}
			if !last && !strings.HasPrefix(chain.Err, fmt.Sprintf("line %d ", line+1)) {
				t.Fatalf("byte %d in line %d: %+v", at, line+1, chain)
			}
			if at%7 != 0 || last {
				continue
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Resume(path, takeAll); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), fmt.Sprintf("line %d ", line+1)) {
				t.Fatalf("byte %d: Resume: %v", at, err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, data) {
				t.Fatal("Resume changed a broken journal")
			}
		}
	}
}

// TestLinesMoved: a line that is taken out, doubled or swapped breaks the chain.
func TestLinesMoved(t *testing.T) {
	path, f := newFile(t)
	for i := range 4 {
		commit(t, f, gapCommit(i)...)
	}
	closeFile(t, f)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := bytes.SplitAfter(whole, []byte("\n"))
	for name, data := range map[string][][]byte{
		"out":     {l[0], l[2], l[3]},
		"first":   {l[1], l[2], l[3]},
		"doubled": {l[0], l[0], l[1], l[2]},
		"swapped": {l[0], l[2], l[1], l[3]},
	} {
		if _, chain := cursors(t, bytes.Join(data, nil)); chain.Err == "" {
			t.Errorf("%s: not noticed", name)
		}
	}
}

// TestUnknownRecord: what a newer version wrote is never taken for a torn tail.
func TestUnknownRecord(t *testing.T) {
	path, f := newFile(t)
	commit(t, f, gapCommit(0)...)
	raw := []byte(`[{"prophecy":{"x":1}}]`)
	if _, err := f.f.Write(appendLine(nil, link(f.chain, raw), raw)); err != nil {
		t.Fatal(err)
	}
	closeFile(t, f)
	if _, err := Resume(path, takeAll); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "line 2 holds a record that this version does not know") {
		t.Errorf("Resume: %v", err)
	}
}

func TestCommitRefuses(t *testing.T) {
	path, f := newFile(t)
	if err := f.Commit(t.Context(), []Record{{}}); err == nil {
		t.Error("a record without a field was taken")
	}
	if err := f.Commit(t.Context(), []Record{{Gap: &Gap{}, End: &End{}}}); err == nil {
		t.Error("a record with two fields was taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Commit(ctx, gapCommit(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancellation: %v", err)
	}
	commit(t, f)
	closeFile(t, f)
	if err := f.Commit(t.Context(), gapCommit(1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if st, err := os.Stat(path); err != nil || st.Size() != 0 {
		t.Errorf("something was written: %v, %v", st, err)
	}
}

func TestLongLine(t *testing.T) {
	path, f := newFile(t)
	long := strings.Repeat("x", 9<<20)
	commit(t, f, Record{Gap: &Gap{Detail: long, Reason: GapError}})
	commit(t, f, gapCommit(1)...)
	closeFile(t, f)
	n := 0
	g, err := Resume(path, func(r Record) error {
		if n++; n == 1 && r.Gap.Detail != long {
			t.Error("the long line came back different")
		}
		return nil
	})
	if err != nil || n != 3 {
		t.Fatalf("%d records, %v", n, err)
	}
	closeFile(t, g)
}

// writeForever commits until the process is killed.
func writeForever(path string) {
	f, err := Create(path)
	for i := 0; err == nil; i++ {
		if err = f.Commit(context.Background(), gapCommit(i)); err == nil {
			fmt.Println(i) // the commit came back
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(3)
}

// TestKill kills a writing process and goes on with its journal.
func TestKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "j")
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), childEnv+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		buf, said := make([]byte, 4<<10), []byte(nil)
		for len(said) < 2000*(round+1) {
			n, err := out.Read(buf)
			said = append(said, buf[:n]...)
			if err != nil {
				t.Fatal("the child ended on its own")
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		told := bytes.Count(said, []byte("\n"))
		next := 0
		g, err := Resume(path, func(r Record) error {
			if r.Checkpoint != nil {
				if string(r.Checkpoint.Cursor) != strconv.Itoa(next) {
					return fmt.Errorf("cursor %s, want %d", r.Checkpoint.Cursor, next)
				}
				next++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if next < told {
			t.Errorf("%d commits came back, %d were promised", next, told)
		}
		commit(t, g, gapCommit(next)...)
		closeFile(t, g)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, chain := cursors(t, data); len(got) != next+1 || chain.Err != "" || chain.Torn {
			t.Errorf("%d commits, %+v", len(got), chain)
		}
	}
}

func TestConcurrentCommits(t *testing.T) {
	path, f := newFile(t)
	done := make(chan error)
	for w := range 8 {
		go func() {
			var err error
			for i := range 50 {
				err = errors.Join(err, f.Commit(context.Background(), gapCommit(w*100+i)))
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	closeFile(t, f)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, chain := cursors(t, data); len(got) != 400 || chain.Err != "" {
		t.Errorf("%d commits, %+v", len(got), chain)
	}
}

func FuzzRead(f *testing.F) {
	raw, err := encode(gapCommit(1))
	if err != nil {
		f.Fatal(err)
	}
	line := appendLine(nil, link(genesis, raw), raw)
	f.Add(line)
	f.Add(line[:len(line)-1])
	f.Add(append(bytes.Clone(line), make([]byte, 9)...))
	f.Add([]byte("{\"chain\":\"\",\"commit\":[]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var chain Chain
		n := 0
		for r, err := range Read(bytes.NewReader(data), &chain) {
			if err != nil || r.check() != nil {
				t.Fatal("a record that is none")
			}
			n++
		}
		if n != chain.Records || chain.Torn && chain.Err != "" {
			t.Fatalf("%d records, %+v", n, chain)
		}
		if n > 0 && !bytes.HasPrefix(data, []byte(linePrefix)) {
			t.Fatal("records out of nothing")
		}
	})
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a", "\xff", "\x00", "\x00ff", "\ufffd", "\xf0\x9f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		recs := []Record{{Gap: &Gap{Path: s}}}
		raw, err := encode(recs)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(raw)
		if err != nil || back[0].Gap.Path != s {
			t.Fatalf("%q became %q, %v", s, back[0].Gap.Path, err)
		}
		if recs[0].Gap.Path != s {
			t.Fatal("the caller's record was changed")
		}
	})
}

// breakLine changes a byte in the middle of line n of a journal.
func breakLine(t *testing.T, path string, n int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	lines[n-1][len(lines[n-1])/2] ^= 1
	if err := os.WriteFile(path, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
}
