//go:build linux

package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mislaid/sources"
)

// TestAllocations: a listing allocates the path of a file and little more, and
// reading one its body, its version and the kernel's copy of its name.
func TestAllocations(t *testing.T) {
	dir := t.TempDir()
	const n = 1000
	for i := range n {
		put(t, dir, fmt.Sprintf("d%d/file%d", i%10, i), "content")
	}
	s := opened(t, Config{Root: dir})
	listing := testing.AllocsPerRun(5, func() {
		for it, err := range s.Items(t.Context(), sources.Container{ID: ContainerID}, "") {
			if err != nil {
				t.Errorf("%q: %v", it.ID, err)
			}
		}
	})
	if perFile := listing / n; perFile > 1.2 {
		t.Errorf("listing takes %.2f allocations a file", perFile)
	}
	it, err := s.Item(t.Context(), sources.Ref{Container: ContainerID, Item: "d3/file3"})
	must(t, err)
	buf := make([]byte, 100)
	reading := testing.AllocsPerRun(100, func() {
		b, err := s.Open(t.Context(), it, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if b.Attr().Version == "" {
			t.Error("no version")
		}
		if n, err := b.Read(buf); n != 7 || err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("%d, %v", n, err)
		}
		_ = b.Close()
	})
	if reading > 4 {
		t.Errorf("reading takes %.0f allocations", reading)
	}
}

// TestUnknownKinds: file systems may leave the kind of an entry out.
func TestUnknownKinds(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "d/file", "x")
	must(t, os.Symlink("file", dir+"/d/link"))
	must(t, os.Symlink("..", dir+"/d/up"))
	for _, follow := range []bool{false, true} {
		w := &walk{src: opened(t, Config{Root: dir, FollowSymlinks: follow}), ctx: t.Context()}
		want := map[string]kind{"d": kindDir, "d/file": kindFile, "d/link": kindLink, "d/up": kindLink}
		if follow {
			want["d/link"], want["d/up"] = kindFile, kindDir
		}
		for path, k := range want {
			name := filepath.Base(path)
			if got, loop, err := w.resolve(path, name, kindUnknown); got != k || loop || err != nil {
				t.Errorf("%s is a %v, %v, %v; want %v", path, got, loop, err, k)
			}
		}
		if _, _, err := w.resolve("d/none", "none", kindUnknown); !isGone(err) {
			t.Errorf("what is not there: %v", err)
		}
	}
}
