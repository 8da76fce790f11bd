//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mislaid/internal/paths"
	"mislaid/sources"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readID(t testing.TB, s *Source, id string) (string, error) {
	t.Helper()
	b, err := s.Open(context.Background(), sources.Item{Container: ContainerID, ID: id, Ranges: true}, 0, -1)
	if err != nil {
		return "", err
	}
	defer func() { _ = b.Close() }()
	data, err := io.ReadAll(b)
	return string(data), err
}

func TestRootErrors(t *testing.T) {
	dir := t.TempDir()
	must(t, unix.Mkfifo(dir+"/fifo", 0o600))
	must(t, os.Symlink("nowhere", dir+"/dangling"))
	for root, want := range map[string]error{dir + "/none": sources.ErrGone, dir + "/dangling": sources.ErrGone, dir + "/fifo": nil} {
		_, err := New(Config{Root: root})
		var re *sources.RootError
		if !errors.As(err, &re) || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", root, err)
		}
	}
	var re *sources.RootError
	if _, err := New(Config{Root: dir, Exclude: []string{"["}}); err == nil || errors.As(err, &re) {
		t.Errorf("a bad pattern gives %v", err)
	}
}

func TestSingleFile(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "d/odd\nname", "content")
	put(t, dir, "d/sibling", "other")
	must(t, os.Symlink("d/odd\nname", dir+"/link"))
	for root, id := range map[string]string{dir + "/d/odd\nname": `odd\x0aname`, dir + "/link": "link"} {
		s := opened(t, Config{Root: root, Exclude: []string{"*"}})
		expect(t, outcome(t, s), map[string]string{id: ""})
		if got, err := readID(t, s, id); got != "content" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := readID(t, s, "sibling"); !errors.Is(err, sources.ErrGone) {
			t.Errorf("a sibling opens: %v", err)
		}
		for it, err := range s.Items(t.Context(), sources.Container{ID: ContainerID}, sources.Cursor(id)) {
			t.Errorf("after the only item comes %q, %v", it.ID, err)
		}
		if s.Info().Name != "file://"+paths.Legible(root) {
			t.Errorf("called %q", s.Info().Name)
		}
	}
}

func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "x")
	must(t, unix.Mkfifo(dir+"/fifo", 0o600))
	must(t, os.Symlink("/etc/passwd", dir+"/out"))
	must(t, os.Symlink(".", dir+"/loop"))
	must(t, os.Symlink("nowhere", dir+"/dangling"))
	l, err := net.Listen("unix", dir+"/socket")
	must(t, err)
	defer func() { _ = l.Close() }()
	want := map[string]string{
		"file": "", "fifo": "fifo", "socket": "socket", "out": "symlink", "loop": "symlink", "dangling": "symlink",
	}
	if os.Geteuid() == 0 && unix.Mknod(dir+"/null", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))) == nil {
		want["null"] = "device"
	}
	s := opened(t, Config{Root: dir})
	expect(t, outcome(t, s), want)
	for id, reason := range want {
		var skip *sources.SkipError
		if _, err := readID(t, s, id); reason != "" && (!errors.As(err, &skip) || skip.Reason != reason) {
			t.Errorf("opening %q: %v", id, err)
		}
		if _, err := s.Item(t.Context(), sources.Ref{Container: ContainerID, Item: id}); reason != "" && (!errors.As(err, &skip) || skip.Reason != reason) {
			t.Errorf("finding %q: %v", id, err)
		}
	}
}

func TestDevices(t *testing.T) {
	s := opened(t, Config{Root: "/dev", Include: []string{"null", "zero"}, Exclude: []string{"shm", "pts", "mqueue", "hugepages"}})
	got := outcome(t, s)
	expect(t, map[string]error{"null": got["null"], "zero": got["zero"]}, map[string]string{"null": "device", "zero": "device"})
}

func TestFollowSymlinks(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	put(t, dir, "d/file", "inside")
	put(t, out, "sub/secret", "outside")
	must(t, os.Symlink(out, dir+"/out"))
	must(t, os.Symlink(out+"/sub/secret", dir+"/direct"))
	must(t, os.Symlink("..", dir+"/d/up"))
	must(t, os.Symlink("self", dir+"/self"))
	must(t, os.Symlink("nowhere", dir+"/dangling"))
	must(t, os.Symlink("sub", out+"/again"))
	s := opened(t, Config{Root: dir, FollowSymlinks: true})
	expect(t, outcome(t, s), map[string]string{
		"d/file": "", "d/up": "symlink loop", "self": "symlink loop", "dangling": "symlink", "direct": "",
		"out/sub/secret": "", "out/again/secret": "",
	})
	for id, want := range map[string]string{"out/again/secret": "outside", "direct": "outside", "d/file": "inside"} {
		if got, err := readID(t, s, id); got != want || err != nil {
			t.Errorf("%s: %q, %v", id, got, err)
		}
		if a, err := s.Audience(t.Context(), sources.Item{ID: id}); err != nil || a.Now.Set == 0 {
			t.Errorf("audience of %s: %+v, %v", id, a, err)
		}
	}
}

func TestExcluded(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"a.txt", "a.log", "skip/x.txt", "skip/y/z.txt", "docs/a.log", "docs/skip/b.txt"} {
		put(t, dir, path, "x")
	}
	s := opened(t, Config{Root: dir, Include: []string{"*.txt", "docs"}, Exclude: []string{"skip/"}})
	expect(t, outcome(t, s), map[string]string{
		"a.txt": "", "a.log": "excluded", "skip": "excluded", "docs/a.log": "", "docs/skip": "excluded",
	})
	if _, err := s.Item(t.Context(), sources.Ref{Container: ContainerID, Item: "skip/x.txt"}); !errors.Is(err, sources.ErrSkipped) {
		t.Errorf("an excluded item is found: %v", err)
	}
}

func TestGitObjects(t *testing.T) {
	dir := t.TempDir()
	for _, repo := range []string{"work/.git/", "bare.git/", "work/.git/modules/sub/"} {
		put(t, dir, repo+"HEAD", "ref: refs/heads/main")
		put(t, dir, repo+"config", "[core]")
		put(t, dir, repo+"objects/ab/cdef", strings.Repeat("x", 1_500_000))
		put(t, dir, repo+"objects/pack/pack-1.pack", "x")
		put(t, dir, repo+"objects/info/packs", "x")
	}
	put(t, dir, "fresh/.git/HEAD", "ref: refs/heads/main")
	put(t, dir, "fresh/.git/config", "[core]")
	must(t, os.MkdirAll(dir+"/fresh/.git/objects/pack", 0o755))
	put(t, dir, "game/objects/ab/model", "x")
	got := outcome(t, opened(t, Config{Root: dir}))
	for _, id := range []string{"work/.git/objects", "bare.git/objects", "work/.git/modules/sub/objects"} {
		if err := got[id]; !errors.Is(err, sources.ErrUnsupported) || !strings.Contains(err.Error(), "git objects (2 MB) are not decoded") {
			t.Errorf("%s: %v", id, err)
		}
		delete(got, id)
	}
	expect(t, got, map[string]string{
		"work/.git/HEAD": "", "work/.git/config": "", "bare.git/HEAD": "", "bare.git/config": "", "fresh/.git/HEAD": "",
		"fresh/.git/config": "", "work/.git/modules/sub/HEAD": "", "work/.git/modules/sub/config": "", "game/objects/ab/model": "",
	})
}

// TestResumeOrder checks that nothing is repeated and that the order is that of
// path components, in which "a" with all below it comes before "a-b".
func TestResumeOrder(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"a/b/c", "a/b-c", "a-b/x", "a.b", "a0", "b!/x", "b/x", "b0"} {
		put(t, dir, path, "x")
	}
	must(t, unix.Mkfifo(dir+"/a/fifo", 0o600))
	s := opened(t, Config{Root: dir, Exclude: []string{"b!"}})
	ids := func(after string) (list []string) {
		for it, err := range s.Items(t.Context(), sources.Container{ID: ContainerID}, sources.Cursor(after)) {
			if err != nil && !errors.Is(err, sources.ErrSkipped) {
				t.Errorf("%q: %v", it.ID, err)
			}
			list = append(list, it.ID)
		}
		return list
	}
	whole := ids("")
	want := "a/b/c a/b-c a/fifo a-b/x a.b a0 b/x b! b0"
	if got := strings.Join(whole, " "); got != want {
		t.Fatalf("listed %s, want %s", got, want)
	}
	for i, id := range whole {
		if got, want := strings.Join(ids(id), " "), strings.Join(whole[i+1:], " "); got != want {
			t.Errorf("after %s: %s, want %s", id, got, want)
		}
	}
	for after, want := range map[string]string{
		"a": want, "a/b/a": want, "a/b/d": "a/b-c a/fifo a-b/x a.b a0 b/x b! b0", "a-b": "a-b/x a.b a0 b/x b! b0", "a0/was/a/directory": "a0 b/x b! b0", "zz": "",
	} {
		if got := strings.Join(ids(after), " "); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
}

// TestReplaced: what was listed as a file or directory is something else when
// it is opened.
func TestReplaced(t *testing.T) {
	out := t.TempDir()
	put(t, out, "file", "outside")
	for name, test := range map[string]struct {
		replace func(dir string) error
		want    error
	}{
		"file by link": {func(d string) error {
			return replace(d+"/d/file", func(p string) error { return os.Symlink(out+"/file", p) })
		}, sources.ErrSkipped},
		"file by fifo": {func(d string) error {
			return replace(d+"/d/file", func(p string) error { return unix.Mkfifo(p, 0o600) })
		}, sources.ErrSkipped},
		"file by directory": {func(d string) error { return replace(d+"/d/file", func(p string) error { return os.Mkdir(p, 0o700) }) }, sources.ErrGone},
		"dir by link":       {func(d string) error { return replace(d+"/d", func(p string) error { return os.Symlink(out, p) }) }, sources.ErrGone},
		"dir by file": {func(d string) error {
			return replace(d+"/d", func(p string) error { return os.WriteFile(p, nil, 0o600) })
		}, sources.ErrGone},
	} {
		dir := t.TempDir()
		put(t, dir, "d/file", "inside")
		held, fresh := opened(t, Config{Root: dir}), opened(t, Config{Root: dir})
		outcome(t, held)
		must(t, test.replace(dir))
		for _, s := range []*Source{held, fresh} {
			got, err := readID(t, s, "d/file")
			if !errors.Is(err, test.want) || got != "" {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}

// replace removes what is at path for good and makes something else.
func replace(path string, make func(string) error) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return make(path)
}

// TestSwapRace swaps a directory with a link to another one all the time. What
// is outside must never be listed or read.
func TestSwapRace(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	put(t, dir, "swap/in/file", "inside")
	put(t, out, "in/file", "outside")
	put(t, out, "in/outside only", "outside")
	must(t, os.Symlink(out, dir+"/link"))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.Rename(dir+"/swap", dir+"/aside")
				_ = os.Rename(dir+"/link", dir+"/swap")
				_ = os.Rename(dir+"/swap", dir+"/link")
				_ = os.Rename(dir+"/aside", dir+"/swap")
			}
		}
	})
	read := 0
	for i := 0; i < 20000 && (i < 2000 || read < 10); i++ {
		s := openSource(t, Config{Root: dir, MaxDirs: 1 + i%3})
		for it, err := range s.Items(t.Context(), sources.Container{ID: ContainerID}, "") {
			if strings.Contains(it.ID, "outside") {
				t.Fatalf("%q is listed: %v", it.ID, err)
			}
			if err != nil {
				continue
			}
			got, err := readID(t, s, it.ID)
			if got == "outside" {
				t.Fatalf("%q was read from outside", it.ID)
			}
			if err == nil {
				read++
			}
		}
		_ = s.Close()
	}
	close(stop)
	wg.Wait()
	if read == 0 {
		t.Error("nothing was ever read: the race was not run")
	}
}

// TestVanishing removes and makes files while they are listed and read.
func TestVanishing(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		put(t, dir, fmt.Sprintf("keep%d/file", i), "keep")
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(3, 4))
		for {
			select {
			case <-stop:
				return
			default:
				path := fmt.Sprintf("%s/keep%d/fleeting%d", dir, rng.IntN(50), rng.IntN(5))
				_ = os.MkdirAll(path, 0o755)
				_ = os.WriteFile(path+"/file", []byte("fleeting"), 0o644)
				_ = os.RemoveAll(path)
			}
		}
	})
	s := opened(t, Config{Root: dir, MaxDirs: 3})
	for range 50 {
		kept := 0
		for it, err := range s.Items(t.Context(), sources.Container{ID: ContainerID}, "") {
			fleeting := strings.Contains(it.ID, "fleeting")
			if err == nil {
				_, err = readID(t, s, it.ID)
			}
			switch {
			case err == nil && !fleeting:
				kept++
			case err != nil && (!fleeting || !errors.Is(err, sources.ErrGone)):
				t.Errorf("%q: %v", it.ID, err)
			}
		}
		if kept != 50 {
			t.Errorf("%d of 50 were read", kept)
		}
	}
	close(stop)
	wg.Wait()
}

func TestDirectoryMadeAnew(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "d/e/file", "old")
	s := opened(t, Config{Root: dir})
	outcome(t, s)
	must(t, os.RemoveAll(dir+"/d"))
	put(t, dir, "d/e/file", "new")
	if got, err := readID(t, s, "d/e/file"); got != "new" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestBody(t *testing.T) {
	dir := t.TempDir()
	full := put(t, dir, "file", "0123456789")
	when := time.Unix(1_600_000_000, 123)
	must(t, os.Chtimes(full, when, when))
	s := opened(t, Config{Root: dir})
	b, err := s.Open(t.Context(), sources.Item{ID: "file"}, 0, -1)
	must(t, err)
	first := b.Attr()
	if first.Size != 10 || !first.ModTime.Equal(when) || first.Author != s.machine.names.of(t.Context(), uint32(os.Geteuid())) || strings.Count(first.Version, "-") != 3 {
		t.Errorf("%+v", first)
	}
	buf := make([]byte, 100)
	if n, err := b.Read(buf[:4]); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	f, err := os.OpenFile(full, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("abc")
	must(t, errors.Join(err, f.Close()))
	if changed, err := b.Changed(); !changed || err != nil {
		t.Errorf("grown, but changed: %v, %v", changed, err)
	}
	if b.Attr() != first {
		t.Errorf("grown, it stood otherwise when it was opened: %+v", b.Attr())
	}
	rest, err := io.ReadAll(b)
	if string(rest) != "456789abc" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	must(t, b.Close())
	if b.Close() == nil {
		t.Error("closed twice")
	}
	if _, err := b.Read(buf); err == nil {
		t.Error("read when closed")
	}
	if _, err := b.Changed(); err == nil {
		t.Error("changed when closed")
	}
}

func TestAccessTimeStays(t *testing.T) {
	dir := t.TempDir()
	full := put(t, dir, "file", "x")
	old := time.Unix(1_000_000_000, 0)
	must(t, os.Chtimes(full, old, time.Now()))
	s := opened(t, Config{Root: dir})
	if _, err := readID(t, s, "file"); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	must(t, unix.Stat(full, &st))
	if oNoatime != 0 && st.Atim.Sec != old.Unix() {
		t.Error("reading changed the access time")
	}
}

// TestManyEntries lists a directory that takes many reads of it.
func TestManyEntries(t *testing.T) {
	dir := t.TempDir()
	const n = 5000
	for i := range n {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("file-%d-%s", i, strings.Repeat("x", i%40))))
		must(t, err)
		must(t, f.Close())
	}
	last, count := "", 0
	for it, err := range opened(t, Config{Root: dir}).Items(t.Context(), sources.Container{ID: ContainerID}, "") {
		if err != nil || it.ID <= last {
			t.Fatalf("%q after %q: %v", it.ID, last, err)
		}
		last = it.ID
		count++
	}
	if count != n {
		t.Errorf("%d of %d", count, n)
	}
}
