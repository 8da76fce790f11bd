package scan

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// beside is a listSource whose first item has the others beside it, as streams
// or as copies, and lists nothing else.
type beside struct {
	*listSource
	streams, copies int // how many of the others are which
	err             error
}

func (b *beside) Items(_ context.Context, c sources.Container, _ sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		it := b.items[0].item(c.ID)
		it.Copies = b.kept
		yield(it, nil)
	}
}

func (b *beside) kept(context.Context) (list []sources.Copy, err error) {
	for i, it := range b.items[1+b.streams:][:b.copies] {
		c := sources.Copy{Item: it.item("c"), Where: "previous version", Time: time.Unix(int64(i), 0).UTC()}
		c.Item.Attr = sources.Attr{Version: "v0", Size: int64(len(it.text))}
		if i > 0 {
			c.Item.Attr.Version = "" // may be another
		}
		list = append(list, c)
	}
	return list, b.err
}

func (b *beside) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	if strings.Contains(it.ID, ":") {
		it.ID = it.ID[strings.IndexByte(it.ID, ':')+1:]
	}
	body, err := b.listSource.Open(ctx, it, off, n)
	if err != nil || it.ID != "0000" {
		return body, err
	}
	return &besideBody{body, b}, nil
}

type besideBody struct {
	sources.Body
	src *beside
}

func (b *besideBody) Attr() sources.Attr {
	a := b.Body.Attr()
	a.Streams = &sources.Streams{Err: b.src.err}
	for _, it := range b.src.items[1:][:b.src.streams] {
		s := it.item("c")
		s.ID, s.Path = "0000:"+it.id, "dir/0000:"+it.id
		a.Streams.Items = append(a.Streams.Items, s)
	}
	return a
}

// TestStreams: what stands in a stream stands in its item.
func TestStreams(t *testing.T) {
	src := &beside{listSource: newList("list://a", "<kid:one> <sec:s1>", "<kid:two> <sec:s2>", "nothing", "<bug:x>"), streams: 3}
	src.err = errors.New("there may be more")
	sink, sub := &memSink{}, &submitted{}
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink, Submit: sub.add}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sightings(sink.records()) {
		got = append(got, s.Ref.Item+s.Inner+" "+s.KeyID)
	}
	slices.Sort(got)
	if want := []string{"0000 one", "0000:0001 two"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if want := []string{"one:s1", "two:s2"}; !slices.Equal(sub.secrets(), want) {
		t.Errorf("submitted %q", sub.secrets())
	}
	var unread []string
	for _, r := range sink.records() {
		if r.Gap != nil {
			unread = append(unread, r.Gap.Path+r.Gap.Inner)
		}
	}
	slices.Sort(unread)
	// Streams, and copies.
	if want := []string{"dir/0000", "dir/0000", "dir/0000:0003"}; !slices.Equal(unread, want) {
		t.Errorf("gaps %q", unread)
	}
	if cp := lastCheckpoint(sink); !cp.Done || cp.Counts.Items != 1 {
		t.Errorf("%+v", cp)
	}
}

// TestCopies: a copy is told where it holds the same credential, and no other.
func TestCopies(t *testing.T) {
	pair, other := "<kid:one> <sec:s1>", "<kid:one> <sec:s2>"
	src := &beside{listSource: newList("list://a", pair, "x"+pair, other, "none", pair, "<bug:x>"), copies: 5}
	sink := &memSink{}
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink}); err != nil {
		t.Fatal(err)
	}
	all := sightings(sink.records())
	if len(all) != 1 {
		t.Fatalf("%d sightings", len(all))
	}
	var at []int64
	for _, c := range all[0].Copies {
		at = append(at, c.Time.Unix())
	}
	if want := []int64{0, 3}; !slices.Equal(at, want) {
		t.Errorf("copies %v, want %v", at, want)
	}
	if want := []string{"dir/0005: error"}; !slices.Equal(gaps(sink.records()), want) {
		t.Errorf("gaps %q", gaps(sink.records()))
	}

	// Copies of an item without finds are not asked for.
	src = &beside{listSource: newList("list://a", "nothing", pair), copies: 1, err: errors.New("asked")}
	sink = &memSink{}
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink}); err != nil {
		t.Fatal(err)
	}
	for _, r := range sink.records() {
		if r.Gap != nil && strings.Contains(r.Gap.Detail, "previous") {
			t.Errorf("%+v", r.Gap)
		}
	}
}

// TestManyCopies: as many as differ are read, and then no more.
func TestManyCopies(t *testing.T) {
	texts := []string{"<kid:one> <sec:s1>"}
	for i := range mostCopies + 5 {
		texts = append(texts, fmt.Sprint("<kid:one> <sec:s1> ", i))
	}
	src := &beside{listSource: newList("list://a", texts...), copies: mostCopies + 5}
	sink := &memSink{}
	if err := Run(t.Context(), []sources.Source{src}, Options{Set: testSet(t), Sink: sink}); err != nil {
		t.Fatal(err)
	}
	if n := len(sightings(sink.records())[0].Copies); n != mostCopies {
		t.Errorf("%d copies", n)
	}
	if want := []string{"dir/0000: " + journal.GapLimit}; !slices.Equal(gaps(sink.records()), want) {
		t.Errorf("gaps %q", gaps(sink.records()))
	}
}
