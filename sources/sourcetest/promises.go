package sourcetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"mislaid/sources"
)

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
		if v := versionOf(t, s, it); it.Attr.Version != "" && it.Attr.Version != v {
			t.Errorf("%q is listed as version %q and opened as %q: a later run would not know it again", path, it.Attr.Version, v)
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
	defer func() { _ = b.Close() }()
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

func testGone(t *testing.T, p Place) {
	paths := fill(t, p, []string{"d/1", "d/2", "d/3", "e/1", "f"})
	s := open(t, p)
	listed := byKey(list(t, s))
	p.Remove(t, "d/2")
	it := has(t, p, listed, "d/2")
	if _, err := s.Open(t.Context(), it, 0, -1); !errors.Is(err, sources.ErrGone) {
		t.Errorf("open of what vanished: %v", err)
	}
	if _, err := s.Item(t.Context(), sources.Ref{Source: s.Info().Name, Container: it.Container, Item: it.ID}); !errors.Is(err, sources.ErrGone) {
		t.Errorf("item of what vanished: %v", err)
	}
	if a, err := s.Audience(t.Context(), it); !errors.Is(err, sources.ErrGone) || a.Now.AtMost != sources.Public {
		t.Errorf("audience of what vanished: %+v, %v", a.Now, err)
	}
	for _, path := range paths {
		if path != "d/2" {
			if got := read(t, s, has(t, p, listed, path)); !bytes.Equal(got, content(path)) {
				t.Errorf("its sibling %q holds %q", path, got)
			}
		}
	}
	p.Put(t, "d/2", content("d/2"))
	it.Attr.Version = "" // another one, where the listing told the first
	if got := read(t, s, it); !bytes.Equal(got, content("d/2")) {
		t.Errorf("back again it holds %q", got)
	}
}

func testDenied(t *testing.T, p Place) {
	paths := fill(t, p, []string{"d/1", "d/2", "d/3", "e/1", "f"})
	p.Deny(t, "d/2")
	s := open(t, p)
	listed := byKey(list(t, s))
	c, id := p.Ref("d/2")
	denied, ok := listed[key{c, id}]
	if !ok {
		t.Fatal("what is denied is not listed")
	}
	err := denied.err
	if err == nil {
		_, err = s.Open(t.Context(), denied.item, 0, -1)
	}
	if !errors.Is(err, sources.ErrDenied) {
		t.Errorf("what is denied gives %v", err)
	}
	for _, path := range paths {
		if path != "d/2" {
			if got := read(t, s, has(t, p, listed, path)); !bytes.Equal(got, content(path)) {
				t.Errorf("its sibling %q holds %q", path, got)
			}
		}
	}
}

func testChanged(t *testing.T, p Place) {
	p.Put(t, "d/f", []byte("one"))
	s := open(t, p)
	it := has(t, p, byKey(list(t, s)), "d/f")
	version := func() string {
		b, err := s.Open(t.Context(), it, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = b.Close() }()
		return b.Attr().Version
	}
	before := version()
	if before == "" {
		return // this source cannot tell
	}
	if again := version(); again != before {
		t.Errorf("unchanged, the version went from %q to %q", before, again)
	}
	it.Attr.Version = before
	if got := read(t, s, it); string(got) != "one" {
		t.Errorf("holds %q", got)
	}
	b, err := s.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	if changed, err := b.Changed(); changed || err != nil {
		t.Errorf("unchanged, but changed: %v, %v", changed, err)
	}
	p.Put(t, "d/f", []byte("two"))
	if changed, err := b.Changed(); !changed || err != nil {
		t.Errorf("changed, but not changed: %v, %v", changed, err)
	}
	if _, err := s.Open(t.Context(), it, 0, -1); !errors.Is(err, sources.ErrChanged) {
		t.Errorf("an item of an old version opens: %v", err)
	}
	it.Attr.Version = ""
	if version() == before {
		t.Error("changed, the version is the same")
	}
	if got := read(t, s, it); string(got) != "two" {
		t.Errorf("holds %q", got)
	}
}

func testAudience(t *testing.T, p Place) {
	fill(t, p, Odd)
	s := open(t, p)
	items := list(t, s)
	for _, id := range []string{"", "..", "nothing", "../../../../etc/passwd", "nul\x00", `\x2e\x2e`} {
		items = append(items, seen{item: sources.Item{Container: items[0].item.Container, ID: id}})
	}
	for _, seen := range items {
		a, err := s.Audience(t.Context(), seen.item)
		widest := sources.OwnerOnly
		for _, l := range a.Now.Levels() {
			widest = max(widest, l)
		}
		if a.Now.AtLeast < widest || a.Now.AtMost < a.Now.AtLeast {
			t.Errorf("%q: bounds do not hold the set: %+v", seen.item.ID, a.Now)
		}
		if a.Ever.Union(a.Now) != a.Ever {
			t.Errorf("%q: Ever %+v is narrower than Now %+v", seen.item.ID, a.Ever, a.Now)
		}
		for _, p := range a.Past {
			if a.Ever.Set&(1<<p.Level) == 0 {
				t.Errorf("%q: Ever lacks the level of %+v", seen.item.ID, p)
			}
		}
		if a.Heads.Max >= 0 && a.Heads.Max < a.Heads.Min {
			t.Errorf("%q: heads %+v", seen.item.ID, a.Heads)
		}
		if unknown := err != nil || a.Now.Set == 0; unknown && (a.Now.AtMost != sources.Public || len(a.Unresolved) == 0 || a.Heads.Max >= 0) {
			t.Errorf("%q: unknown, yet narrower than everybody: %+v, %v", seen.item.ID, a, err)
		}
		if _, err := json.Marshal(a); err != nil {
			t.Error(err)
		}
	}
}

func testConcurrent(t *testing.T, p Place) {
	paths := fill(t, p, Odd)
	s := open(t, p)
	all := list(t, s)
	cs := containers(t, s)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			n := 0
			for _, c := range cs {
				for it, err := range s.Items(t.Context(), c, "") {
					if err != nil {
						t.Errorf("%q: %v", it.ID, err)
					}
					n++
				}
			}
			if n < len(paths) {
				t.Errorf("one of several listings has %d items, not %d", n, len(paths))
			}
			for _, seen := range all {
				b, err := s.Open(t.Context(), seen.item, 0, -1)
				if err != nil {
					t.Errorf("open %q: %v", seen.item.ID, err)
					continue
				}
				if _, err := io.Copy(io.Discard, b); err != nil {
					t.Errorf("read %q: %v", seen.item.ID, err)
				}
				if _, err := b.Changed(); err != nil {
					t.Errorf("changed %q: %v", seen.item.ID, err)
				}
				_ = b.Close()
			}
			if _, err := s.Audience(t.Context(), all[0].item); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
