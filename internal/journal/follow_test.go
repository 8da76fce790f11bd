package journal

import (
	"context"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"
)

// TestFollow writes a journal byte by byte, kills its writer in the middle of a
// line, resumes it and ends it, while it is followed.
func TestFollow(t *testing.T) {
	path, f := newFile(t)
	for i := range 3 {
		commit(t, f, gapCommit(i)...)
	}
	closeFile(t, f)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}

	type result struct {
		got   []string
		chain Chain
	}
	done := make(chan result)
	seen := make(chan string, 100)
	go func() {
		var r result
		for rec, err := range Follow(t.Context(), path, time.Millisecond, &r.chain) {
			if err != nil {
				t.Error(err)
			}
			if rec.Checkpoint != nil {
				r.got = append(r.got, string(rec.Checkpoint.Cursor))
				seen <- r.got[len(r.got)-1]
			}
		}
		done <- r
	}()
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(whole) - 9 { // the third line stays torn
		if _, err := w.Write(whole[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"0", "1"} {
		if got := <-seen; got != want {
			t.Fatalf("saw %s, want %s", got, want)
		}
	}
	g, err := Resume(path, takeAll)
	if err != nil {
		t.Fatal(err)
	}
	for i := 2; i < 20; i++ {
		commit(t, g, gapCommit(i)...)
	}
	commit(t, g, Record{End: &End{Reason: EndComplete}})
	closeFile(t, g)
	r := <-done
	var want []string
	for i := range 20 {
		want = append(want, strconv.Itoa(i))
	}
	if !reflect.DeepEqual(r.got, want) || r.chain.Torn || r.chain.Err != "" {
		t.Errorf("got %v, %+v", r.got, r.chain)
	}
}

func TestFollowEndsWithContext(t *testing.T) {
	path, f := newFile(t)
	commit(t, f, gapCommit(0)...)
	defer closeFile(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var chain Chain
	n := 0
	for _, err := range Follow(ctx, path, time.Hour, &chain) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			cancel()
		}
	}
	if n != 2 || chain.Records != 2 {
		t.Errorf("%d records, %+v", n, chain)
	}
}

func TestFollowBroken(t *testing.T) {
	path, f := newFile(t)
	for i := range 3 {
		commit(t, f, gapCommit(i)...)
	}
	closeFile(t, f)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var chain Chain
	for _, err := range Follow(t.Context(), path, time.Millisecond, &chain) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if chain.Err == "" || chain.Records != 2 {
		t.Errorf("%+v", chain)
	}
	for _, err := range Follow(t.Context(), path+"none", time.Millisecond, &chain) {
		if err == nil {
			t.Error("a journal that is not there was followed")
		}
	}
}
