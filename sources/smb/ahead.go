package smb

import (
	"context"
	"strings"
	"sync"

	"mislaid/internal/smb2"
)

// ahead is the listings that a walk has asked for before it comes to them: a
// directory costs two round trips however little is in it, and most have little
// in them.
type ahead struct {
	ctx    context.Context // ends with the walk
	turns  chan struct{}   // one for each listing under way
	left   sync.WaitGroup
	coming map[string]*listing // by path in the container
}

// listing is a directory's entries on their way.
type listing struct {
	ready   chan struct{} // closed when entries and err are there
	entries []entry
	err     error
}

// The most listings that are under way at once, and the most that a directory
// has asked for, under way or waiting for the walk.
const (
	listingsAhead    = 8
	listingsAheadFor = 8
)

// lookAhead begins to ask ahead. The function it returns ends that and waits
// until nothing is under way any more.
func (w *walk) lookAhead() (stop func()) {
	ctx, cancel := context.WithCancel(w.ctx)
	w.ahead = ahead{ctx: ctx, turns: make(chan struct{}, listingsAhead), coming: make(map[string]*listing)}
	return func() {
		cancel()
		w.ahead.left.Wait()
	}
}

// askAhead asks for the directories that the walk comes to next in f.
func (w *walk) askAhead(f *frame) {
	prefix := string(w.raw[:f.raw])
	for ; f.asked < len(f.entries) && f.coming < listingsAheadFor; f.asked++ {
		e := &f.entries[f.asked]
		if path := prefix + e.name; w.descends(f, e, path) {
			w.ask(path)
			f.coming++
		}
	}
}

// descends reports whether the walk will list a directory of f.
func (w *walk) descends(f *frame, e *entry, path string) bool {
	switch {
	case e.info.Attributes&smb2.AttrDirectory == 0, len(f.after) > 0 && e.name < f.after[0]:
		return false
	case strings.Contains(e.name, ":"), e.info.Attributes&smb2.AttrReparse != 0:
		return false // or it will, and that is soon enough
	}
	flt := &w.src.filter
	return flt.Exclude.Empty() || !flt.Exclude.Match(path)
}

// ask has a directory listed.
func (w *walk) ask(path string) {
	l := &listing{ready: make(chan struct{})}
	w.ahead.coming[path] = l
	w.ahead.left.Go(func() {
		defer close(l.ready)
		select {
		case w.ahead.turns <- struct{}{}:
			defer func() { <-w.ahead.turns }()
			l.entries, l.err = w.src.list(w.ahead.ctx, w.root.share, w.root.path(path))
		case <-w.ahead.ctx.Done():
			l.err = w.ahead.ctx.Err()
		}
	})
}

// listing returns the entries of a directory, asked for ahead or now. The frame
// on top is the one that holds it.
func (w *walk) listing(path string) ([]entry, error) {
	l := w.ahead.coming[path]
	if l == nil {
		return w.src.list(w.ctx, w.root.share, w.root.path(path))
	}
	delete(w.ahead.coming, path)
	parent := &w.frames[len(w.frames)-1]
	parent.coming--
	w.askAhead(parent)
	select {
	case <-l.ready:
		return l.entries, l.err
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	}
}
