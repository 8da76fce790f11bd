//go:build soak

package scan

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// crowd is a source of very many small items that exist in no memory.
type crowd struct{ n int }

func (c *crowd) Info() sources.Info { return sources.Info{Name: "crowd://", Type: "crowd"} }

func (c *crowd) Containers(context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) { yield(sources.Container{ID: "c"}, nil) }
}

func (c *crowd) Items(_ context.Context, _ sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		first := 0
		if after != "" {
			_, _ = fmt.Sscanf(string(after), "%d", &first)
			first++
		}
		text := []byte("a line of text without a credential\n")
		for i := first; i < c.n; i++ {
			id := fmt.Sprintf("%09d", i)
			it := sources.Item{
				ID: id, Path: "some/directory/file" + id, Cursor: sources.Cursor(id), Inline: text,
				Attr: sources.Attr{Size: int64(len(text)), Version: "1"},
			}
			if i%1000 == 0 {
				it.Inline = []byte("<kid:" + id + ">")
			}
			if !yield(it, nil) {
				return
			}
		}
	}
}

func (c *crowd) Item(context.Context, sources.Ref) (sources.Item, error) {
	return sources.Item{}, sources.ErrGone
}

func (c *crowd) Open(context.Context, sources.Item, int64, int64) (sources.Body, error) {
	return nil, errors.New("everything is inline")
}

func (c *crowd) Audience(context.Context, sources.Item) (sources.Audience, error) {
	return sources.Audience{Now: sources.ReachOf(sources.GroupOf)}, nil
}

func (c *crowd) Close() error { return nil }

// TestMillionItems: memory is bounded by the hashes of the earlier journal.
func TestMillionItems(t *testing.T) {
	const n = 1_000_000
	h := &history{dir: t.TempDir()}
	src := &crowd{n}
	for _, name := range []string{"everything", "unchanged"} {
		runtime.GC()
		var peak atomic.Uint64
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					peak.Store(max(peak.Load(), m.HeapAlloc))
				}
			}
		}()
		begin := time.Now()
		sum := h.run(t, src, Options{Set: testSet(t)}, -1)
		took := time.Since(begin)
		close(stop)
		c := sum.Coverage.Counts
		t.Logf("%s: %s, %d read, %d unchanged, %d leaks, heap at most %d MB", name, took.Round(time.Millisecond), c.Items, c.Unchanged, len(sum.Leaks), peak.Load()>>20)
		if c.Items+c.Unchanged != n || len(sum.Leaks) != n/1000 || peak.Load() > 150<<20 {
			t.Errorf("%+v, %d leaks, heap %d", c, len(sum.Leaks), peak.Load())
		}
		if name == "unchanged" && c.Items != 0 {
			t.Errorf("%d were read again", c.Items)
		}
	}
}

// TestTenMillionHashes: what ten million items take, and how long loading it
// takes.
func TestTenMillionHashes(t *testing.T) {
	const n = 10_000_000
	path := filepath.Join(t.TempDir(), "j")
	f, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	salt := journal.NewSalt()
	hasher := journal.NewSeenHasher(salt, "set")
	for i := 0; i < n; {
		hashes := make([]uint64, 0, 50_000)
		for ; len(hashes) < 50_000; i++ {
			hashes = append(hashes, hasher.Hash(fmt.Sprint(i), "1"))
		}
		if err := f.Commit(t.Context(), []journal.Record{{Seen: journal.NewSeen("s", "c", salt, hashes)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	set, err := journal.LoadSeen(path, false)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d hashes in %s, heap %d MB", len(set.Hashes("s", "c")), took.Round(time.Millisecond), m.HeapAlloc>>20)
	if m.HeapAlloc > 90<<20 {
		t.Errorf("heap %d", m.HeapAlloc)
	}
	runtime.KeepAlive(set)
}
