package smb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mislaid/internal/paths"
	"mislaid/internal/smb2"
	"mislaid/sources"
)

// walk is one listing of a container.
type walk struct {
	src   *Source
	ctx   context.Context
	root  root
	yield func(sources.Item, error) bool

	frames []frame
	raw    []byte   // path of the entry that is visited
	id     []byte   // the same, escaped
	resume string   // the ID after which the listing begins
	done   bool     // yield returned false, or the listing ended
	links  []string // raw paths of DFS links
	ahead  ahead
}

// frame is a directory that is being walked.
type frame struct {
	entries  []entry
	raw, id  int      // lengths of the prefixes in walk.raw and walk.id, slash included
	included bool     // all within is included by a pattern
	after    []string // components of the cursor that hold back entries; nil: none do
	asked    int      // of entries: those before it need not be asked for ahead
	coming   int      // directories of it that were asked for ahead and not yet walked
}

type entry struct {
	name string
	info smb2.Info
}

func (w *walk) run(after sources.Cursor) {
	w.resume = string(after)
	stop := w.lookAhead()
	defer stop()
	var rest []string
	if after != "" {
		rest = strings.Split(paths.Unescape(string(after)), "/")
	}
	w.enter(frame{after: rest}, "")
	for !w.done && len(w.frames) > 0 {
		f := &w.frames[len(w.frames)-1]
		if len(f.entries) == 0 {
			w.frames = w.frames[:len(w.frames)-1]
			continue
		}
		if err := w.ctx.Err(); err != nil {
			w.end(err)
			return
		}
		e := f.entries[0]
		f.entries, f.asked = f.entries[1:], max(0, f.asked-1)
		w.visit(f, e)
	}
	if err := w.ctx.Err(); err != nil {
		w.end(err)
	}
	if !w.done && after == "" && len(w.links) > 0 {
		w.src.keepFound(w.root, w.links)
	}
}

// end ends the listing with an error.
func (w *walk) end(err error) {
	if !w.done {
		w.done = true
		w.yield(sources.Item{}, err)
	}
}

// enter lists the directory that w.raw is, without its slash, and makes it the
// one that is walked.
func (w *walk) enter(f frame, id string) {
	f.raw, f.id = len(w.raw), len(w.id)
	var err error
	f.entries, err = w.listing(strings.TrimSuffix(string(w.raw), "/"))
	if err != nil {
		if id == "" {
			w.end(fmt.Errorf("smb: list %s: %w", w.root.id(), sentinel(err)))
			return
		}
		w.fail(id, smb2.Info{Size: -1}, fmt.Errorf("smb: list %s: %w", id, sentinel(err)))
	}
	w.frames = append(w.frames, f)
	w.askAhead(&w.frames[len(w.frames)-1])
}

// list returns the entries of a directory in the order of their names. What was
// read before an error comes with it.
func (s *Source) list(ctx context.Context, share, path string) ([]entry, error) {
	var entries []entry
	err := s.at(ctx, share, path, func(ctx context.Context, t *smb2.Tree, path string) error {
		entries = entries[:0]
		return t.ReadDir(ctx, path, 0, func(e smb2.Entry) error {
			entries = append(entries, entry{string(e.Name), e.Info})
			return nil
		})
	})
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	return slices.CompactFunc(entries, func(a, b entry) bool { return a.name == b.name }), err
}

// visit deals with one entry of the directory f.
func (w *walk) visit(f *frame, e entry) {
	var rest []string // of the cursor, below this entry
	if len(f.after) > 0 {
		switch c := cmp.Compare(e.name, f.after[0]); {
		case c < 0:
			return
		case c == 0:
			rest = f.after[1:]
			f.after = nil
		default:
			f.after = nil
		}
	}
	w.raw = append(w.raw[:f.raw], e.name...)
	w.id = paths.Escape(w.id[:f.id], []byte(e.name))
	id, path := string(w.id), string(w.raw)
	flt := &w.src.filter
	if !flt.Exclude.Empty() && flt.Exclude.Match(path) {
		w.fail(id, e.info, &sources.SkipError{Reason: "excluded"})
		return
	}
	included := f.included || flt.Include.Empty() || flt.Include.Match(path)
	switch {
	case strings.Contains(e.name, ":"):
		w.fail(id, e.info, fmt.Errorf("its name cannot be asked for: %w", sources.ErrUnsupported))
	case e.info.Attributes&smb2.AttrDirectory != 0:
		w.descend(id, e, included, rest)
	case !included:
		w.fail(id, e.info, &sources.SkipError{Reason: "excluded"})
	default:
		w.emit(w.src.item(w.root, id, e.info), w.src.readable(e.info))
	}
}

// descend walks a directory next, unless it leads elsewhere.
func (w *walk) descend(id string, e entry, included bool, rest []string) {
	if e.info.Attributes&smb2.AttrReparse != 0 {
		if e.info.Tag == smb2.TagDFS {
			w.links = append(w.links, string(w.raw))
		}
		if reason := notFiles[e.info.Tag]; reason != "" {
			w.fail(id, e.info, &sources.SkipError{Reason: reason})
			return
		}
	}
	w.raw, w.id = append(w.raw, '/'), append(w.id, '/')
	w.enter(frame{included: included && !w.src.filter.Include.Empty(), after: rest}, id)
}

// fail passes on what is wrong with an entry. A server that is gone ends the
// listing.
func (w *walk) fail(id string, info smb2.Info, err error) {
	if ctxErr := w.ctx.Err(); ctxErr != nil {
		w.end(ctxErr)
		return
	}
	if errors.Is(err, sources.ErrSession) {
		w.end(err)
		return
	}
	it := w.src.item(w.root, id, info)
	it.Ranges = false
	w.emit(it, err)
}

// emit passes an item on, except the one that the listing resumes after.
func (w *walk) emit(it sources.Item, err error) {
	if w.done || w.resume != "" && it.ID == w.resume {
		return
	}
	if !w.yield(it, err) {
		w.done = true
	}
}
