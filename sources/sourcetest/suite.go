package sourcetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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

// Run tests that Sources over places as empty returns them keep the promises of
// package sources.
func Run(t *testing.T, empty func(t *testing.T) Place) {
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
			place := empty(t)
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
		clash := false
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

func testListing(t *testing.T, p Place) {
	if got := list(t, open(t, p)); len(got) != 0 {
		t.Fatalf("an empty place lists %d items", len(got))
	}
	paths := fill(t, p, Odd)
	s := open(t, p)
	if again := open(t, p); again.Info().Name != s.Info().Name || s.Info().Name == "" || s.Info().Type == "" {
		t.Errorf("the name is not stable: %q, then %q", s.Info().Name, again.Info().Name)
	}
	listed := byKey(list(t, s))
	for _, path := range paths {
		it := has(t, p, listed, path)
		if !utf8.ValidString(it.ID) || !utf8.ValidString(string(it.Cursor)) || it.Cursor == "" || it.Path == "" {
			t.Errorf("%q is listed as %q with cursor %q", path, it.ID, it.Cursor)
		}
		if got := read(t, s, it); !bytes.Equal(got, content(path)) {
			t.Errorf("%q holds %q", path, got)
		}
	}
	if len(listed) != len(paths) {
		t.Errorf("listed %d items, put %d", len(listed), len(paths))
	}
}

func testBytes(t *testing.T, p Place) {
	const size = 256<<10 + 77
	data := make([]byte, size)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	p.Put(t, "big", data)
	p.Put(t, "empty", nil)
	s := open(t, p)
	listed := byKey(list(t, s))
	if got := read(t, s, has(t, p, listed, "empty")); len(got) != 0 {
		t.Errorf("the empty item holds %d bytes", len(got))
	}
	it := has(t, p, listed, "big")
	if it.Attr.Size != -1 && it.Attr.Size != size {
		t.Errorf("listed with %d bytes", it.Attr.Size)
	}
	if !bytes.Equal(read(t, s, it), data) {
		t.Error("the bytes differ")
	}
	offs := []int64{0, 1, 4095, 4096, 65535, 65536, 65537, size / 2, size - 1, size, size + 1, size + 1<<20}
	if !it.Ranges {
		offs = offs[:1]
	}
	for _, off := range offs {
		for _, n := range []int64{-1, 0, 1, 4096, 65536, size, size + 1} {
			want := data[min(off, size):]
			if n >= 0 {
				want = want[:min(n, int64(len(want)))]
			}
			if got := readRange(t, s, it, off, n); !bytes.Equal(got, want) {
				t.Errorf("%d bytes from %d: got %d bytes, want %d, or others", n, off, len(got), len(want))
			}
		}
	}
	b, err := s.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if a := b.Attr(); a.Size != -1 && a.Size != size {
		t.Errorf("attr: %+v", a)
	}
	var got []byte
	for buf := make([]byte, 1<<16); ; {
		n, err := b.Read(buf[:1+rng.IntN(1<<16-1)])
		got = append(got, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, data) {
		t.Error("reading in pieces gives other bytes")
	}
	if _, err := s.Open(t.Context(), it, -1, 1); err == nil {
		t.Error("a negative offset opens")
	}
}

func testResume(t *testing.T, p Place) {
	fill(t, p, append([]string{"a/b/c", "a/b-c", "a/b.c", "a-b/c", "a0", "b/a", "b/b/b", "b!/x", "b0/x"}, Odd...))
	s := open(t, p)
	for _, c := range containers(t, s) {
		whole := listFrom(t, s, c, "")
		for i, cut := range whole {
			rest := byKey(listFrom(t, open(t, p), c, cut.item.Cursor))
			for _, want := range whole[i+1:] {
				if _, ok := rest[key{c.ID, want.item.ID}]; !ok {
					t.Fatalf("resumed after %q the listing lacks %q", cut.item.Cursor, want.item.ID)
				}
			}
		}
	}
}

func testAgain(t *testing.T, p Place) {
	fill(t, p, Odd)
	s := open(t, p)
	for _, seen := range list(t, s) {
		ref := sources.Ref{Source: s.Info().Name, Container: seen.item.Container, Item: seen.item.ID}
		blob, err := json.Marshal(ref)
		if err != nil {
			t.Fatal(err)
		}
		ref = sources.Ref{}
		if err := json.Unmarshal(blob, &ref); err != nil {
			t.Fatal(err)
		}
		it, err := s.Item(t.Context(), ref)
		if err != nil {
			t.Fatalf("%q is not found again: %v", ref.Item, err)
		}
		if it.ID != seen.item.ID || it.Container != seen.item.Container || it.Path != seen.item.Path {
			t.Errorf("%q is found again as %q", seen.item.ID, it.ID)
		}
		if !bytes.Equal(read(t, s, it), read(t, s, seen.item)) {
			t.Errorf("%q holds other bytes when found again", it.ID)
		}
	}
	for _, id := range []string{"", ".", "..", "/", "//", "../x", "/etc/passwd", "plain.txt/", "plain.txt/x", "./plain.txt",
		"x/../plain.txt", "a//b", "a", "nothing", "nul\x00", `\x2e\x2e/x`, `\x2fetc`, "plain.txt\x00", strings.Repeat("n", 256)} {
		for _, c := range containers(t, s) {
			if it, err := s.Item(t.Context(), sources.Ref{Source: s.Info().Name, Container: c.ID, Item: id}); err == nil {
				t.Errorf("%q finds %q", id, it.ID)
			}
			if b, err := s.Open(t.Context(), sources.Item{Container: c.ID, ID: id}, 0, -1); err == nil {
				_ = b.Close()
				t.Errorf("%q opens", id)
			}
		}
	}
	if _, err := s.Item(t.Context(), sources.Ref{Container: "no such container", Item: "plain.txt"}); !errors.Is(err, sources.ErrGone) {
		t.Errorf("an unknown container: %v", err)
	}
}

func testBreak(t *testing.T, p Place) {
	n := len(fill(t, p, Odd))
	s := open(t, p)
	for c, err := range s.Containers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for stop := range n {
			i := 0
			for it, err := range s.Items(t.Context(), c, "") {
				if err != nil {
					t.Errorf("%q: %v", it.ID, err)
				}
				if i == stop {
					break
				}
				i++
			}
		}
	}
}

func testCancel(t *testing.T, p Place) {
	fill(t, p, Odd)
	s := open(t, p)
	first := list(t, s)[0].item
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body, err := s.Open(ctx, first, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	c := containers(t, s)[0]
	var last error
	var at time.Time
	for it, err := range s.Items(ctx, c, "") {
		if at.IsZero() {
			at = time.Now()
			cancel()
		}
		if last = err; it.ID != "" {
			last = nil
		}
	}
	if !errors.Is(last, context.Canceled) || time.Since(at) > time.Second {
		t.Errorf("cancelled, a listing ended with %v after %v", last, time.Since(at))
	}
	if n, err := body.Read(make([]byte, 10)); !errors.Is(err, context.Canceled) || n != 0 {
		t.Errorf("cancelled, a read gives %d bytes, %v", n, err)
	}
	if _, err := s.Open(ctx, first, 0, -1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, open gives %v", err)
	}
	if _, err := s.Item(ctx, sources.Ref{Source: s.Info().Name, Container: c.ID, Item: first.ID}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, item gives %v", err)
	}
	if a, err := s.Audience(ctx, first); !errors.Is(err, context.Canceled) || a.Now.AtMost != sources.Public {
		t.Errorf("cancelled, audience gives %v, %v", a.Now, err)
	}
	ended := false
	for c, err := range s.Containers(ctx) {
		ended = c.ID == "" && errors.Is(err, context.Canceled)
	}
	if !ended {
		t.Error("cancelled, containers are listed as if nothing were")
	}
}
