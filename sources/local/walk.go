package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"mislaid/internal/paths"
	"mislaid/sources"
)

// walk is one listing of a tree. It keeps the entries of the directories on its
// way and opens them again when it must.
type walk struct {
	src   *Source
	ctx   context.Context
	yield func(sources.Item, error) bool

	frames []frame
	raw    []byte // path of the entry that is visited
	id     []byte // the same, escaped
	resume string // the ID after which the listing begins
	spare  []*listing
	done   bool // yield returned false
}

// frame is a directory that is being walked.
type frame struct {
	list     *listing
	next     int
	raw, id  int // lengths of the prefixes in walk.raw and walk.id, slash included
	dir      dirID
	included bool     // all within is included by a pattern
	git      bool     // looks like the inside of a repository
	after    []string // components of the cursor that hold back entries; nil: none do
}

// rootID stands for the root in errors about it: no entry is called so.
const rootID = "."

func (w *walk) run(after sources.Cursor) {
	w.resume = string(after)
	root := frame{dir: w.src.dirs.root.id}
	if after != "" {
		root.after = strings.Split(paths.Unescape(string(after)), "/")
	}
	w.enter(root, w.src.dirs.root, "")
	for !w.done && len(w.frames) > 0 {
		f := &w.frames[len(w.frames)-1]
		if f.next == len(f.list.ents) {
			w.leave()
			continue
		}
		if err := w.ctx.Err(); err != nil {
			w.done = true
			w.yield(sources.Item{}, err)
			return
		}
		f.next++
		w.visit(f, f.list.ents[f.next-1])
	}
	if err := w.ctx.Err(); err != nil && !w.done {
		w.yield(sources.Item{}, err)
	}
}

// enter lists d and makes it the directory that is walked. id is its ID.
func (w *walk) enter(f frame, d *dir, id string) {
	f.raw, f.id = len(w.raw), len(w.id)
	if n := len(w.spare); n > 0 {
		f.list, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		f.list = new(listing)
	}
	err := w.src.pace(w.ctx)
	if err == nil {
		err = d.list(f.list)
	}
	if err != nil {
		if id == "" {
			id = rootID
		}
		w.fail(id, fmt.Errorf("local: list %s: %w", id, sentinel(err)))
	}
	f.git = isGitDir(f.list)
	w.frames = append(w.frames, f)
}

// spareSize is the size in bytes of the largest listing kept for reuse.
const spareSize = 1 << 16

func (w *walk) leave() {
	last := len(w.frames) - 1
	if l := w.frames[last].list; cap(l.names) <= spareSize {
		w.spare = append(w.spare, l)
	}
	w.frames[last] = frame{}
	w.frames = w.frames[:last]
}

// visit deals with one entry of the directory f.
func (w *walk) visit(f *frame, e entry) {
	name := f.list.name(e)
	w.raw = append(w.raw[:f.raw], name...)
	w.id = paths.Escape(w.id[:f.id], name)
	var rest []string // of the cursor, below this entry
	if len(f.after) > 0 {
		switch c := bytes.Compare(name, []byte(f.after[0])); {
		case c < 0:
			return
		case c == 0:
			rest = f.after[1:]
			f.after = nil
		default:
			f.after = nil
		}
	}
	id := string(w.id)
	path := id
	if len(w.id) != len(w.raw) {
		path = string(w.raw)
	}
	k, loop := e.kind, false
	if k == kindUnknown || k == kindLink && w.src.config.FollowSymlinks {
		var err error
		if k, loop, err = w.resolve(path, string(name), k); err != nil {
			w.fail(id, fmt.Errorf("local: %s: %w", id, sentinel(err)))
			return
		}
	}
	flt := &w.src.filter
	if !flt.Exclude.Empty() && flt.Exclude.Match(path) {
		w.skip(id, "excluded")
		return
	}
	included := f.included || flt.Include.Empty() || flt.Include.Match(path)
	switch {
	case loop:
		w.skip(id, "symlink loop")
	case k == kindDir:
		w.descend(f, id, path, string(name), included, rest)
	case k != kindFile:
		w.skip(id, k.skipReason())
	case !included:
		w.skip(id, "excluded")
	default:
		it := w.src.item(id)
		if w.src.config.Attrs {
			it.Attr = w.attr(path, string(name))
		}
		w.emit(it, nil)
	}
}

// resolve asks what an entry is whose kind the listing did not tell, or what a
// link leads to. A link that leads nowhere stays a link.
func (w *walk) resolve(path, name string, k kind) (_ kind, loop bool, err error) {
	dirPath := strings.TrimSuffix(path[:len(path)-len(name)], "/")
	err = w.src.within(dirPath, func(d *dir) error {
		if k == kindUnknown {
			if k, _, err = statAt(d.h, name, false); err != nil || k != kindLink || !w.src.config.FollowSymlinks {
				return err
			}
		}
		target, _, err := statAt(d.h, name, true)
		switch {
		case errors.Is(err, errLinkLoop):
			loop = true
		case err == nil:
			k = target
		case !isGone(err):
			return err
		}
		return nil
	})
	return k, loop, err
}

// attr asks what the listing of a directory does not tell. What cannot be asked
// is not known; opening the file will say why.
func (w *walk) attr(path, name string) sources.Attr {
	known := sources.Attr{Size: -1}
	_ = w.src.within(strings.TrimSuffix(path[:len(path)-len(name)], "/"), func(d *dir) error {
		k, a, err := attrAt(d.h, name, w.src.config.FollowSymlinks)
		if err == nil && k == kindFile {
			known = a
		}
		return err
	})
	return known
}

// descend walks the directory at path next, unless it is left out.
func (w *walk) descend(f *frame, id, path, name string, included bool, rest []string) {
	var d *dir
	err := w.src.within(path, func(held *dir) error { d = held; w.src.dirs.retain(held); return nil })
	if err != nil {
		w.fail(id, fmt.Errorf("local: open %s: %w", id, sentinel(err)))
		return
	}
	defer w.src.dirs.release(d)
	if w.src.config.FollowSymlinks && w.isAncestor(d.id) {
		w.skip(id, "symlink loop")
		return
	}
	if d.id.dev != f.dir.dev {
		if w.src.config.OneFileSystem && d.id.dev != w.src.dirs.root.id.dev {
			w.skip(id, "other file system")
			return
		}
		if !w.src.pseudo && pseudo(d.h) {
			w.skip(id, "pseudo file system")
			return
		}
	}
	if f.git && name == gitObjects {
		size, found, err := w.gitObjects(d)
		if err != nil {
			w.fail(id, fmt.Errorf("local: list %s: %w", id, sentinel(err)))
			return
		}
		if found {
			w.fail(id, fmt.Errorf("git objects (%d MB) are not decoded: %w", (size+999_999)/1_000_000, sources.ErrUnsupported))
			return
		}
	}
	w.raw, w.id = append(w.raw, '/'), append(w.id, '/')
	w.enter(frame{dir: d.id, included: included && !w.src.filter.Include.Empty(), after: rest}, d, id)
}

func (w *walk) isAncestor(id dirID) bool {
	for i := range w.frames {
		if w.frames[i].dir == id {
			return true
		}
	}
	return false
}

func (w *walk) skip(id, reason string) { w.fail(id, &sources.SkipError{Reason: reason}) }

func (w *walk) fail(id string, err error) {
	if ctxErr := w.ctx.Err(); ctxErr != nil {
		w.done = true
		w.yield(sources.Item{}, ctxErr)
		return
	}
	it := w.src.item(id)
	it.Ranges = false
	if id == rootID {
		it.Cursor = "" // nothing comes before the root
	}
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
