package sourcetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"testing"

	"mislaid/sources"
)

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
		defer b.Close()
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
	defer b.Close()
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
