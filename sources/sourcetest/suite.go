package sourcetest

import (
	"io"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mislaid/sources"
)

// Place is a place that the suite fills and changes behind a Source's back.
// Paths are raw bytes with slashes; they never begin or end with one.
type Place interface {
	// Open returns a new Source over the place. The suite closes it.
	Open(t *testing.T) sources.Source
	// Ref is what the Source calls the item at the path.
	Ref(path string) (container, item string)
	// Put makes or replaces the item at the path, in one step. Replacing
	// changes the version.
	Put(t *testing.T, path string, data []byte)
	// Remove takes the item at the path away.
	Remove(t *testing.T, path string)
	// Deny takes the right to read the item at the path from the Source.
	Deny(t *testing.T, path string)
}

// without is a place that cannot hold some paths.
type without struct {
	Place
	paths []string
}

// Run tests that Sources over places as empty returns them keep the promises of
// package sources. Paths that no such place can show, whatever the Source does,
// are left out.
func Run(t *testing.T, empty func(t *testing.T) Place, impossible ...string) {
	tests := []struct {
		name string
		run  func(*testing.T, Place)
	}{
		{"Listing", testListing}, {"Bytes", testBytes}, {"Resume", testResume}, {"Again", testAgain},
		{"Break", testBreak}, {"Cancel", testCancel}, {"Gone", testGone}, {"Denied", testDenied},
		{"Changed", testChanged}, {"Audience", testAudience}, {"Concurrent", testConcurrent},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			place := without{empty(t), impossible}
			t.Cleanup(func() { goleak.VerifyNone(t, before) })
			test.run(t, place)
		})
	}
}

// Odd are paths that a place may hold and a Source must list.
var Odd = []string{
	"plain.txt", "a/b", "a-b", "a", "a.b/c", "-rf", "--", " ", "a b", "trailing ", "new\nline", "tab\there",
	"\x01\x7f", "esc\x1b[31m", "invalid\xff\xfe", "\xc3", "half\xe2\x82", `back\slash`, `\x41`, `\\x5c`, `"quoted"`, "'", "*", "?", "[a]",
	"~", "%41", "&", "#1", "ünï/cødé", "シークレット", "\u202etxt.exe", "\u0085", ".hidden", "..x", "...", "x/..y/z",
	strings.Repeat("n", 255), strings.Repeat("deep/", 60) + "file", "con", "a:b", "ends.",
}

// content is what the suite puts at a path.
func content(path string) []byte { return []byte("this is " + path) }

// fill puts paths that can live beside each other into the place.
func fill(t *testing.T, p Place, paths []string) []string {
	t.Helper()
	var put []string
	for _, path := range paths {
		w, ok := p.(without)
		clash := ok && slices.Contains(w.paths, path)
		for _, other := range paths {
			clash = clash || strings.HasPrefix(other, path+"/")
		}
		if clash {
			continue
		}
		p.Put(t, path, content(path))
		put = append(put, path)
	}
	return put
}

func open(t *testing.T, p Place) sources.Source {
	t.Helper()
	s := p.Open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// seen is one thing that a listing yielded.
type seen struct {
	item sources.Item
	err  error
}

type key struct{ container, item string }

// list lists the whole source. The sequence must end without error.
func list(t *testing.T, s sources.Source) []seen {
	t.Helper()
	var all []seen
	for _, c := range containers(t, s) {
		all = append(all, listFrom(t, s, c, "")...)
	}
	return all
}

func containers(t *testing.T, s sources.Source) []sources.Container {
	t.Helper()
	var list []sources.Container
	for c, err := range s.Containers(t.Context()) {
		if err != nil || c.ID == "" {
			t.Fatalf("containers: %+v, %v", c, err)
		}
		list = append(list, c)
	}
	return list
}

func listFrom(t *testing.T, s sources.Source, c sources.Container, after sources.Cursor) []seen {
	t.Helper()
	var list []seen
	for it, err := range s.Items(t.Context(), c, after) {
		if it.ID == "" && err == nil && it.Cursor != "" {
			continue // it moves the cursor on
		}
		if it.ID == "" {
			t.Fatalf("listing of %q after %q ended: %v", c.ID, after, err)
		}
		if it.Container != c.ID {
			t.Fatalf("item %q says it is in container %q, not %q", it.ID, it.Container, c.ID)
		}
		list = append(list, seen{it, err})
	}
	return list
}

func byKey(list []seen) map[key]seen {
	m := make(map[key]seen)
	for _, s := range list {
		m[key{s.item.Container, s.item.ID}] = s
	}
	return m
}

func read(t *testing.T, s sources.Source, it sources.Item) []byte {
	t.Helper()
	return readRange(t, s, it, 0, -1)
}

func readRange(t *testing.T, s sources.Source, it sources.Item, off, n int64) []byte {
	t.Helper()
	b, err := s.Open(t.Context(), it, off, n)
	if err != nil {
		t.Fatalf("open %q: %v", it.ID, err)
	}
	data, err := io.ReadAll(b)
	if err != nil {
		t.Fatalf("read %q: %v", it.ID, err)
	}
	if err := b.Close(); err != nil {
		t.Fatalf("close %q: %v", it.ID, err)
	}
	return data
}

// versionOf is the version of an item as its body tells it.
func versionOf(t *testing.T, s sources.Source, it sources.Item) string {
	t.Helper()
	b, err := s.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatalf("open %q: %v", it.ID, err)
	}
	defer func() { _ = b.Close() }()
	return b.Attr().Version
}

// has fails unless the listing shows the path without error, and returns it.
func has(t *testing.T, p Place, listed map[key]seen, path string) sources.Item {
	t.Helper()
	c, id := p.Ref(path)
	s, ok := listed[key{c, id}]
	if !ok {
		t.Fatalf("the listing lacks %q (%q)", path, id)
	}
	if s.err != nil {
		t.Fatalf("%q is listed with %v", path, s.err)
	}
	return s.item
}
