package slackexport

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"mislaid/internal/slackfiles"
	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// Config says what to crawl. Only Path must be set.
type Config struct {
	Path   string // the ZIP, or the folder it was unpacked to; a link given as the path is followed
	Select slackjson.Selection

	Fetch    *slackfiles.Client // downloads what the export only links to; nil: nothing does
	AllFiles bool               // of those: pictures, sound and films too
}

// Source is an export. It is safe for concurrent use.
type Source struct {
	config Config
	info   sources.Info
	tree   tree
	layout *layout
	keep   func(slackjson.Message) bool // nil: every message

	shares struct {
		sync.Mutex
		read   bool
		by     map[string][]share // by the file's id
		failed error              // why by may lack something
		local  map[string]bool    // ids of the files that the export brings along
	}
}

// New opens an export. The error is a *sources.RootError when it cannot be read.
func New(c Config) (*Source, error) {
	if err := c.Select.Check(); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, err
	}
	title := legible(abs)
	name := "slack-export://" + filepath.ToSlash(title)
	s := &Source{config: c, info: sources.Info{Name: name, Type: "slack-export", Title: "Slack export " + title}}
	if err := s.open(abs); err != nil {
		return nil, &sources.RootError{Source: name, Err: err}
	}
	s.keep = c.Select.Message(s.layout.people)
	s.info.Notes = s.notes()
	if c.Fetch != nil {
		s.info.Hosts = c.Fetch.Hosts()
	}
	return s, nil
}

func (s *Source) open(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return typed(err)
	}
	if !st.IsDir() {
		z, err := openZip(path)
		if err != nil {
			return err
		}
		s.tree = z
	} else if s.tree, err = openFolder(path); err != nil {
		return err
	}
	s.layout, err = readLayout(s.tree)
	if errors.Is(err, errNoExport) && st.IsDir() {
		// The folder may hold the export's folder alone.
		if dirs, derr := s.tree.dirs(); derr == nil && len(dirs) == 1 {
			_ = s.tree.close()
			if s.tree, derr = openFolder(filepath.Join(path, dirs[0])); derr != nil {
				return derr
			}
			s.layout, err = readLayout(s.tree)
		}
	}
	if err != nil {
		_ = s.tree.close()
	}
	return err
}

// Count is how many conversations of one form an export holds.
func (s *Source) Count(f slackjson.Form) int {
	n := 0
	for _, p := range s.layout.places {
		if p.known && p.conv.Form == f {
			n++
		}
	}
	return n
}

// Private reports whether what is wanted of the export holds conversations that
// their members take for private.
func (s *Source) Private() bool {
	return s.layout.person || s.layout.database || slices.ContainsFunc(s.layout.places, func(p *place) bool {
		return p.conv.ID != "" && p.conv.Form != slackjson.PublicChannel && !strings.HasPrefix(p.conv.Name, "FC:") && s.wants(p)
	})
}

func (s *Source) notes() []string {
	notes := slices.Clone(s.layout.notes)
	if err := s.tree.torn(); err != nil {
		notes = append(notes, err.Error())
	}
	if s.layout.person {
		notes = append(notes, "an export of one person's conversations, as text: places are named by line, and audiences are unknown")
	} else if !s.layout.slackdump && !s.layout.database && s.Count(slackjson.Direct)+s.Count(slackjson.GroupDirect)+s.Count(slackjson.PrivateChannel) == 0 {
		notes = append(notes, "a standard export: it holds public channels only; direct messages and private channels need an export of all conversations")
	}
	if n := s.unknownForms(); n > 0 && len(s.config.Select.Forms) > 0 {
		notes = append(notes, fmt.Sprintf("%d conversations are left out because the export does not say what kind they are of (--types)", n))
	}
	notes = append(notes, "audiences are those of the time when the export was made")
	return notes
}

// unknownForms is how many conversations are of a kind that nothing tells.
func (s *Source) unknownForms() int {
	n := 0
	for _, p := range s.layout.places {
		if p.conv.ID != "" && p.conv.Form == slackjson.UnknownForm {
			n++
		}
	}
	return n
}

// Info describes the export.
func (s *Source) Info() sources.Info {
	i := s.info
	i.Hosts, i.Notes = slices.Clone(i.Hosts), slices.Clone(i.Notes)
	return i
}

// Containers lists the conversations: direct messages first, public channels
// last, then what belongs to none.
func (s *Source) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) {
		for _, p := range s.layout.places {
			if err := ctx.Err(); err != nil {
				yield(sources.Container{}, err)
				return
			}
			if s.wants(p) && !yield(sources.Container{ID: p.id, Name: p.title}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(sources.Container{}, err)
		}
	}
}

// Items lists a conversation's own text, its days and its files, in order of
// their names.
func (s *Source) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		p, err := s.place(c.ID)
		if err != nil {
			yield(sources.Item{}, err)
			return
		}
		if len(p.about) > 0 && after == "" && !yield(s.aboutItem(p), nil) {
			return
		}
		last, listed := parseCursor(after)
		links := linkListing{Source: s, place: p, seen: map[string]bool{}, skip: listed}
		s.files(ctx, p, func(e entry, err error) bool {
			if e.name == "" {
				return yield(sources.Item{}, err)
			}
			if last != "" && e.name < last {
				return true
			}
			if err == nil {
				err = s.unwanted(ctx, p, e)
			}
			if e.name != last {
				it := s.item(p, e)
				if err != nil {
					err = fmt.Errorf("slack-export: %s: %w", it.ID, err)
				}
				if !yield(it, err) {
					return false
				}
			}
			return err != nil || !s.links(p, e) || links.list(ctx, e, yield)
		})
	}
}

// files lists the files of a place in order of their names. An error with an entry
// is about that entry.
func (s *Source) files(ctx context.Context, p *place, yield func(entry, error) bool) {
	for _, name := range p.own { // which sort before what is in the folder
		e, err := s.tree.find(name)
		e.name = name
		if !yield(e, err) {
			return
		}
	}
	more := true
	s.tree.under(ctx, p.dir, func(e entry, err error) bool {
		if p.dir == "" && s.layout.claimed[e.name] {
			return true
		}
		more = yield(e, err) && e.name != ""
		return more
	})
	if lost := s.tree.torn(); more && p.dir == "" && lost != nil && ctx.Err() == nil {
		yield(entry{name: lostName}, lost)
	}
}

// lostName stands for what a torn ZIP has lost. It sorts behind the names of
// files, and is no path of any.
const lostName = "\xff/the rest of the ZIP"

func (s *Source) place(id string) (*place, error) {
	p := s.layout.byID[id]
	if p == nil {
		return nil, fmt.Errorf("slack-export: no conversation %q: %w", id, sources.ErrGone)
	}
	return p, nil
}

func (s *Source) aboutItem(p *place) sources.Item {
	return sources.Item{
		Container: p.id, ID: aboutID, Path: p.title + " (topic, purpose and what else describes it)", Cursor: aboutID, Inline: p.about,
		Attr: sources.Attr{Size: int64(len(p.about)), Version: sumOf(p.about)},
		At:   func(int64) sources.Spot { return sources.Spot{Name: "its description"} },
	}
}

// item is the Item of a file.
func (s *Source) item(p *place, e entry) sources.Item {
	id := legible(e.name)
	if e.name == lostName {
		return sources.Item{Container: p.id, ID: ":lost", Path: "the rest of the ZIP", Cursor: sources.Cursor(id)}
	}
	it := sources.Item{Container: p.id, ID: id, Path: id, Cursor: sources.Cursor(id), Attr: s.attr(p, e)}
	switch p.kindOf(e.name) {
	case dayFile, slackFile:
		rd := &reading{src: s, place: p}
		it.Own, it.At = rd, rd.at
		if p.dir != "" {
			it.Path = p.title + "/" + id[strings.LastIndexByte(id, '/')+1:]
		}
	default:
		it.Ranges = e.file == nil
	}
	return it
}

// attr is what the listing tells of a file.
func (s *Source) attr(p *place, e entry) sources.Attr {
	a := sources.Attr{Size: e.size, ModTime: e.mod, Version: e.version}
	if k := p.kindOf(e.name); k == dayFile || k == slackFile {
		a.Size = -1 // the strings are shorter than the JSON
		if day := dayOf(e.name); !day.IsZero() {
			a.ModTime = day
		}
		if k == dayFile {
			if next, ok := s.nextDay(p, e.name); ok {
				a.Version += "+" + next.version
			}
		}
	}
	return a
}

// Item finds an item again: by the ID of a file, or by that of a message, which
// gives the day that holds it.
func (s *Source) Item(ctx context.Context, ref sources.Ref) (sources.Item, error) {
	if err := ctx.Err(); err != nil {
		return sources.Item{}, err
	}
	p, err := s.place(ref.Container)
	if err != nil {
		return sources.Item{}, err
	}
	if ref.Item == aboutID && len(p.about) > 0 {
		return s.aboutItem(p), nil
	}
	if strings.HasPrefix(ref.Item, fetchedID) {
		f, err := s.findLinked(ctx, p, ref.Item)
		if err != nil {
			return sources.Item{}, err
		}
		it, err := s.linkedItem(p, f)
		if err != nil {
			err = fmt.Errorf("slack-export: file %s: %w", legible(f.ID), err)
		}
		return it, err
	}
	if e, ok := s.messageDay(ctx, p, ref.Item); ok {
		return s.item(p, e), nil
	}
	e, err := s.entry(p, ref.Item)
	if err != nil {
		return sources.Item{}, err
	}
	if err := s.unwanted(ctx, p, e); err != nil {
		return sources.Item{}, fmt.Errorf("slack-export: %s: %w", ref.Item, err)
	}
	return s.item(p, e), nil
}

// entry returns the file that an item's ID stands for.
func (s *Source) entry(p *place, id string) (entry, error) {
	gone := fmt.Errorf("slack-export: no listing gives the ID %q: %w", id, sources.ErrGone)
	name, ok := rawName(id)
	if !ok {
		return entry{}, gone
	}
	switch {
	case slices.Contains(p.own, name):
	case p.dir == "":
		if strings.Contains(name, "/") || s.layout.claimed[name] {
			return entry{}, gone
		}
	case !strings.HasPrefix(name, p.dir+"/"):
		return entry{}, gone
	}
	e, err := s.tree.find(name)
	if err != nil {
		return entry{}, fmt.Errorf("slack-export: %s: %w", id, err)
	}
	return e, nil
}

// Close lets go of the export.
func (s *Source) Close() error { return s.tree.close() }
