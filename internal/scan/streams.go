package scan

import (
	"context"
	"errors"
	"strings"

	"mislaid/sources"
)

// streams scans the further streams of an item that was read, and adds what they
// hold to its finds, as lying within it. The error is that of a source that is
// gone, or ctx's; all others are gaps.
func (w *worker) streams(ctx context.Context, it sources.Item, f *finds) error {
	if f.attr.Streams == nil {
		return nil
	}
	if f.attr.Streams.Err != nil {
		f.unread = append(f.unread, innerGap{"", f.attr.Streams.Err})
	}
	for _, s := range f.attr.Streams.Items {
		name := strings.TrimPrefix(s.Path, it.Path)
		in, err := w.scan(ctx, s)
		if ctx.Err() != nil || errors.Is(err, sources.ErrSession) {
			in.destroy()
			return err
		}
		if _, skipped := skipReason(err); err != nil && !skipped {
			f.unread = append(f.unread, innerGap{name, err})
		}
		f.within(name, in)
	}
	return nil
}

// within takes over what lies in a part of the item.
func (f *finds) within(name string, in finds) {
	first := len(f.candidates)
	if len(in.candidates) > 0 && (len(in.inner) == 0 || in.inner[0].first > 0) {
		f.inner = append(f.inner, innerStream{path: name, first: first, place: in.place})
	}
	for _, s := range in.inner {
		f.inner = append(f.inner, innerStream{path: name + s.path, first: first + s.first, place: s.place})
	}
	for _, g := range in.unread {
		f.unread = append(f.unread, innerGap{name + g.path, g.err})
	}
	f.atoms = append(f.atoms, in.atoms...)
	f.candidates = append(f.candidates, in.candidates...)
	f.bytes += in.bytes
}
