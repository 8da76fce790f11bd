//go:build unix

package local

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"mislaid/sources"
)

// TestAttrsAreThoseOfTheBody: what a listing, a look and an opened file tell of
// a file is the same, so that a later run knows it again.
func TestAttrsAreThoseOfTheBody(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "d/file", "content")
	put(t, dir, "other", "x")
	must(t, os.Symlink("d/file", dir+"/link"))
	for _, follow := range []bool{false, true} {
		s := opened(t, Config{Root: dir, Attrs: true, FollowSymlinks: follow})
		n := 0
		for it, err := range s.Items(t.Context(), sources.Container{ID: ContainerID}, "") {
			if err != nil {
				continue
			}
			n++
			looked, err := s.Item(t.Context(), sources.Ref{Container: ContainerID, Item: it.ID})
			must(t, err)
			b, err := s.Open(t.Context(), it, 0, -1)
			must(t, err)
			body := b.Attr()
			must(t, b.Close())
			body.Author = "" // it takes a look-up of names
			body.Fresh, it.Attr.Fresh, looked.Attr.Fresh = false, false, false
			if it.Attr.Version == "" || it.Attr != body || looked.Attr != body {
				t.Errorf("%s: listed %+v, looked %+v, opened %+v", it.ID, it.Attr, looked.Attr, body)
			}
		}
		if want := map[bool]int{false: 2, true: 3}[follow]; n != want {
			t.Errorf("%d files with follow %v", n, follow)
		}
	}
}

// TestFresh: two changes within one step of the clock leave one stamp, so a stamp
// of the last step is not to be relied on.
func TestFresh(t *testing.T) {
	now := time.Unix(1_700_000_000, 500_000_000)
	at := func(mtime, ctime time.Duration) bool {
		return stamp{mtime: now.Add(mtime).UnixNano(), ctime: now.Add(ctime).UnixNano()}.fresh(now)
	}
	for _, test := range []struct {
		mtime, ctime time.Duration
		want         bool
	}{
		{-time.Hour, -time.Hour, false},
		{-time.Hour, -10 * time.Millisecond, true}, // its times were set back
		{-10 * time.Millisecond, -time.Hour, true},
		{time.Hour, -time.Hour, true}, // of the future
		{-3 * time.Second, -200 * time.Millisecond, false},
		{-1500 * time.Millisecond, -1500 * time.Millisecond, true}, // a clock of whole seconds
		{-2500 * time.Millisecond, -2500 * time.Millisecond, false},
	} {
		if got := at(test.mtime, test.ctime); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
	dir := t.TempDir()
	put(t, dir, "file", "content")
	s := opened(t, Config{Root: dir})
	ref := sources.Ref{Container: ContainerID, Item: "file"}
	it, err := s.Item(t.Context(), ref)
	must(t, err)
	if !it.Attr.Fresh {
		t.Error("a file written just now is not fresh")
	}
	time.Sleep(fineStep + 20*time.Millisecond)
	it, err = s.Item(t.Context(), ref)
	must(t, err)
	if it.Attr.Fresh {
		t.Error("it stays fresh")
	}
}

// counter is a limiter that counts.
type counter struct{ n atomic.Int64 }

func (c *counter) Wait(ctx context.Context, n int) error { c.n.Add(int64(n)); return ctx.Err() }

// TestOps: each directory that is listed and each file that is opened is one
// operation.
func TestOps(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		put(t, dir, fmt.Sprintf("d%d/file", i), "x")
	}
	var ops counter
	s := opened(t, Config{Root: dir, Ops: &ops})
	for it, err := range s.Items(t.Context(), sources.Container{ID: ContainerID}, "") {
		must(t, err)
		b, err := s.Open(t.Context(), it, 0, -1)
		must(t, err)
		must(t, b.Close())
	}
	if n := ops.n.Load(); n != 11 {
		t.Errorf("%d operations for 6 directories and 5 files", n)
	}
}
