//go:build real && linux

package smb

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mislaid/sources"
	"mislaid/sources/smb/smbtest"
)

// read reads an item to its end.
func read(t *testing.T, s *Source, it sources.Item) string {
	t.Helper()
	b, err := s.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatalf("%s: %v", it.Path, err)
	}
	defer b.Close()
	text, err := io.ReadAll(b)
	if err != nil {
		t.Fatalf("%s: %v", it.Path, err)
	}
	return string(text)
}

// snapshot makes what vfs_shadow_copy2 takes for a snapshot of a share.
func snapshot(t *testing.T, s *smbtest.Server, share string, at time.Time, files map[string]string) {
	t.Helper()
	dir := filepath.Join(s.Path(share), ".snapshots", at.UTC().Format("@GMT-2006.01.02-15.04.05"))
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(full, at.Add(-time.Hour), at.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPreviousVersions reads them of files that are there and of one that is not.
func TestPreviousVersions(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{share: {"vfs objects": "shadow_copy2", "shadow:snapdir": ".snapshots", "shadow:mountpoint": "%DIR%/shares/" + share}}})
	put(t, s, share, "d/now.txt", []byte("new"))
	put(t, s, share, "d/fresh.txt", []byte("x"))
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for i := range 14 {
		snapshot(t, s, share, noon.AddDate(0, 0, -i), map[string]string{"d/now.txt": fmt.Sprint("old ", i), "d/gone.txt": "it was here", "d2/x": ""})
	}
	src := source(t, s, "alice", share)
	for name, want := range map[string]int{"d/now.txt": 14, "d/gone.txt": 14, "d/fresh.txt": 0, "lost/never.txt": 0} {
		it, err := src.Item(t.Context(), sources.Ref{Container: share, Item: name})
		if (err == nil) != (name == "d/now.txt" || name == "d/fresh.txt") {
			t.Errorf("%s: %v", name, err)
		}
		copies, err := it.Copies(t.Context())
		if err != nil || len(copies) != want {
			t.Fatalf("%s: %d copies, %v", name, len(copies), err)
		}
		for i, c := range copies {
			at := noon.AddDate(0, 0, -i)
			text := map[string]string{"d/now.txt": fmt.Sprint("old ", i), "d/gone.txt": "it was here"}[name]
			if got := read(t, src, c.Item); !c.Time.Equal(at) || c.Where != "previous version" || got != text {
				t.Errorf("%s, copy %d of %v: %q", name, i, c.Time, got)
			}
			if want := at.Format("@GMT-2006.01.02-15.04.05/") + name; c.Item.Path != want {
				t.Errorf("path %q, want %q", c.Item.Path, want)
			}
		}
	}
	// A share without snapshots.
	plain := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{share: nil}})
	put(t, plain, share, "f", []byte("x"))
	src = source(t, plain, "alice", share)
	it, err := src.Item(t.Context(), sources.Ref{Container: share, Item: "f"})
	if err != nil {
		t.Fatal(err)
	}
	if copies, err := it.Copies(t.Context()); err != nil || len(copies) > 0 {
		t.Errorf("%v, %v", copies, err)
	}
}

// TestRecycleBin: a client deletes files, and what they held is found in the bin.
func TestRecycleBin(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{share: {
		"read only": "no", "vfs objects": "recycle", "recycle:repository": ".recycle/%U", "recycle:keeptree": "yes", "recycle:versions": "yes",
	}}})
	if err := os.Chmod(s.Path(share), 0o777); err != nil {
		t.Fatal(err)
	}
	alice := smbtest.Dial(t, s.Addr, "", "alice", s.Password("alice"))
	alice.Mkdir(t, share, "d")
	for i := range 2 {
		alice.WriteFile(t, share, `d\key.txt`, []byte(fmt.Sprint("secret ", i)))
		alice.Remove(t, share, `d\key.txt`)
	}
	put(t, s, share, `$RECYCLE.BIN/S-1-5-21-1/$RABC.txt`, []byte("secret 2"))
	put(t, s, share, `$RECYCLE.BIN/S-1-5-21-1/$IABC.txt`, deletion(`D:\data\d\KEY.txt`, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))
	src := source(t, s, "alice", share+"/d")
	it, _ := src.Item(t.Context(), sources.Ref{Container: share + "/d", Item: "key.txt"})
	copies, err := it.Copies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range copies {
		got = append(got, read(t, src, c.Item)+" in "+c.Where)
		if strings.HasPrefix(c.Item.Path, "$") && c.Time.Year() != 2026 {
			t.Errorf("%s was thrown away %v", c.Item.Path, c.Time)
		}
	}
	slices.Sort(got)
	if want := []string{"secret 0 in recycle bin", "secret 1 in recycle bin", "secret 2 in recycle bin"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
