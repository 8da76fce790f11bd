package scan

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"sync"

	"mislaid/sources"
)

// listSource is a source over texts in memory whose items can be made to fail
// in the middle of things.
type listSource struct {
	name  string
	items []*listItem
	once  bool
}

type listItem struct {
	id      string
	text    []byte
	err     error         // listed with it
	blocked chan struct{} // reading blocks on it

	mu      sync.Mutex
	version int
	rewrite func(opens int) // called at each open, before it reads
	opens   int
}

func newList(name string, texts ...string) *listSource {
	s := &listSource{name: name}
	for i, text := range texts {
		s.items = append(s.items, &listItem{id: fmt.Sprintf("%04d", i), text: []byte(text)})
	}
	return s
}

func (s *listSource) Info() sources.Info {
	return sources.Info{Name: s.name, Type: "list", Title: s.name, Once: s.once}
}

func (s *listSource) Containers(context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) { yield(sources.Container{ID: "c", Name: "c"}, nil) }
}

func (s *listSource) Items(_ context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		for _, it := range s.items {
			if it.id > string(after) && !yield(it.item(c.ID), it.err) {
				return
			}
		}
	}
}

func (it *listItem) item(container string) sources.Item {
	return sources.Item{
		Container: container, ID: it.id, Path: "dir/" + it.id, Cursor: sources.Cursor(it.id),
		Attr: sources.Attr{Size: -1}, Ranges: true,
	}
}

func (s *listSource) Item(_ context.Context, ref sources.Ref) (sources.Item, error) {
	for _, it := range s.items {
		if it.id == ref.Item {
			return it.item(ref.Container), nil
		}
	}
	return sources.Item{}, fmt.Errorf("%s: %w", ref.Item, sources.ErrGone)
}

func (s *listSource) Open(ctx context.Context, item sources.Item, off, n int64) (sources.Body, error) {
	for _, it := range s.items {
		if it.id != item.ID {
			continue
		}
		it.mu.Lock()
		defer it.mu.Unlock()
		it.opens++
		b := &listBody{it: it, text: it.text, version: it.version}
		if item.Attr.Version != "" && item.Attr.Version != b.Attr().Version {
			return nil, fmt.Errorf("%s: %w", it.id, sources.ErrChanged)
		}
		if it.rewrite != nil {
			it.rewrite(it.opens)
		}
		text := b.text[min(off, int64(len(b.text))):]
		if n >= 0 {
			text = text[:min(n, int64(len(text)))]
		}
		b.Reader = bytes.NewReader(text)
		if it.blocked != nil {
			b.Reader = blockedReader(it.blocked)
		}
		return b, nil
	}
	return nil, fmt.Errorf("%s: %w", item.ID, sources.ErrGone)
}

func (s *listSource) Audience(_ context.Context, it sources.Item) (sources.Audience, error) {
	if it.ID == "0001" {
		return sources.Audience{}, sources.ErrDenied
	}
	return sources.Audience{Now: sources.ReachOf(sources.Organisation)}, nil
}

func (s *listSource) Close() error { return nil }

type listBody struct {
	io.Reader
	it      *listItem
	text    []byte
	version int
}

func (b *listBody) Close() error { return nil }

func (b *listBody) Attr() sources.Attr {
	return sources.Attr{Size: int64(len(b.text)), Version: fmt.Sprintf("v%d", b.version), Author: "alice", Left: true}
}

func (b *listBody) Changed() (bool, error) {
	b.it.mu.Lock()
	defer b.it.mu.Unlock()
	return b.version != b.it.version, nil
}

// change gives an item other bytes. The caller holds it.mu.
func (it *listItem) change(text string) {
	it.text = []byte(text)
	it.version++
}

type blockedReader chan struct{}

func (b blockedReader) Read([]byte) (int, error) {
	<-b
	return 0, io.EOF
}
