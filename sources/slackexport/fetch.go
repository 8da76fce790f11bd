package slackexport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"mislaid/internal/slackfiles"
	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// fetchedID is how the IDs of files that an export only links to begin. No name of
// a file of the export does.
const fetchedID = ":file/"

// linked is a file that an export links to.
type linked struct{ slackjson.FileObject }

// maxRemembered bounds how many files of a conversation are remembered as listed;
// beyond it some are listed twice.
const maxRemembered = 100_000

// linksIn calls f with the files that a file of the export links to, in order,
// without those that are not wanted or that the export brings along.
func (s *Source) linksIn(ctx context.Context, p *place, e entry, f func(linked) error) error {
	local, err := s.local(ctx)
	if err != nil {
		return err
	}
	r, err := openJSON(s.tree, e)
	if err != nil {
		return err
	}
	defer r.Close()
	one := func(o slackjson.FileObject) error {
		if local[o.ID] {
			return nil
		}
		return f(linked{o})
	}
	if p.dir == "" {
		return slackjson.EachFileObject(cancelled{ctx, r}, func(o slackjson.FileObject) error {
			if !s.wantsObject(o) {
				return nil
			}
			return one(o)
		})
	}
	return slackjson.EachFile(cancelled{ctx, r}, func(m slackjson.Message, o slackjson.FileObject) error {
		if s.keep != nil && !s.keep(m) {
			return nil
		}
		return one(o)
	})
}

// links reports whether a file of the export may link to others.
func (s *Source) links(p *place, e entry) bool {
	return s.config.Fetch != nil && (p.kindOf(e.name) == dayFile || p.dir == "" && isFileList(e.name))
}

// local returns the ids of the files that the export brings along.
func (s *Source) local(ctx context.Context) (map[string]bool, error) {
	s.shares.Lock()
	defer s.shares.Unlock()
	if s.shares.local == nil {
		all := map[string]bool{}
		for _, p := range s.layout.places {
			if p.dir == "" {
				continue
			}
			s.tree.under(ctx, p.dir, func(e entry, err error) bool {
				if err == nil && p.kindOf(e.name) == uploadFile {
					all[p.fileID(e.name)] = true
				}
				return ctx.Err() == nil
			})
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.shares.local = all
	}
	return s.shares.local, nil
}

// linkListing lists the linked files of one conversation.
type linkListing struct {
	*Source
	place *place
	seen  map[string]bool
	skip  int // how many of the first file's were listed before the cursor
}

var errEnough = errors.New("nobody wants more")

// list yields the items of the files that e links to. more is false when nobody
// wants any.
func (l *linkListing) list(ctx context.Context, e entry, yield func(sources.Item, error) bool) (more bool) {
	n := 0
	err := l.linksIn(ctx, l.place, e, func(f linked) error {
		if n++; f.ID == "" || l.seen[f.ID] {
			return nil
		}
		if len(l.seen) < maxRemembered {
			l.seen[f.ID] = true
		}
		if n <= l.skip {
			return nil
		}
		it, err := l.linkedItem(l.place, f)
		it.Cursor = cursorAt(e, n)
		if err != nil {
			err = fmt.Errorf("slack-export: file %s: %w", legible(f.ID), err)
		}
		if !yield(it, err) {
			return errEnough
		}
		return nil
	})
	l.skip = 0
	if ctx.Err() != nil {
		yield(sources.Item{}, ctx.Err())
		return false
	}
	// Another error is that of e, whose item is the gap.
	return !errors.Is(err, errEnough)
}

// cursorAt is the cursor behind the n-th file that e links to. The tab stands in no
// legible name.
func cursorAt(e entry, n int) sources.Cursor {
	return sources.Cursor(legible(e.name) + "\t" + strconv.Itoa(n))
}

// parseCursor returns the file of the export that a cursor stands at, and how many
// of the files that it links to were listed.
func parseCursor(c sources.Cursor) (name string, listed int) {
	id, n, _ := strings.Cut(string(c), "\t")
	name, ok := rawName(id)
	if !ok {
		return "", 0
	}
	listed, _ = strconv.Atoi(n) // what is no number begins at the start
	return name, max(listed, 0)
}

// linkedItem is the item of a linked file. The error says why it is not fetched.
func (s *Source) linkedItem(p *place, f linked) (sources.Item, error) {
	name := f.Name
	if name == "" {
		name = f.Title
	}
	if name == "" {
		name = f.ID
	}
	it := sources.Item{
		Container: p.id, ID: fetchedID + legible(f.ID), Path: p.title + "/" + legible(name) + " (" + legible(f.ID) + ")", Link: safeLink(f.Permalink), Own: f,
		Attr: sources.Attr{Size: -1},
	}
	if f.User != "" {
		it.Author = s.layout.people.Name(f.User)
	}
	if f.Created > 0 {
		it.Attr.ModTime = time.Unix(f.Created, 0).UTC()
	}
	if f.Mode == "hosted" { // whose bytes never change
		it.Attr.Version = f.ID + "-" + strconv.FormatInt(f.Size, 10)
	}
	switch {
	case f.Mode == "tombstone":
		return it, &sources.SkipError{Reason: "deleted file"}
	case f.Mode == "hidden_by_limit":
		return it, fmt.Errorf("it is hidden, because the workspace has more files than its plan allows: %w", sources.ErrDenied)
	case f.Mode == "external" || f.Where != "":
		return it, fmt.Errorf("it is kept outside of Slack; scan it there: %w", sources.ErrUnsupported)
	case f.address() == "":
		return it, fmt.Errorf("the export gives no address for it: %w", sources.ErrUnsupported)
	case !s.config.AllFiles && f.Unlikely():
		return it, &sources.SkipError{Reason: "picture, sound or film"}
	}
	return it, nil
}

// address is where the file's bytes are, with its token.
func (f linked) address() string {
	if f.Download != "" {
		return f.Download
	}
	return f.Private
}

// safeLink is a permalink, if it is one that carries no parameters: those could
// hold a token.
func safeLink(link string) string {
	if !strings.HasPrefix(link, "https://") || strings.ContainsAny(link, "?#@ \t\r\n") {
		return ""
	}
	return link
}

// findLinked finds a linked file again.
func (s *Source) findLinked(ctx context.Context, p *place, item string) (linked, error) {
	id, ok := rawName(strings.TrimPrefix(item, fetchedID))
	var found linked
	if ok && s.config.Fetch != nil {
		s.files(ctx, p, func(e entry, err error) bool {
			if err != nil || !s.links(p, e) || s.unwanted(ctx, p, e) != nil {
				return true
			}
			_ = s.linksIn(ctx, p, e, func(f linked) error { // what cannot be read does not hold it
				if f.ID == id {
					found = f
					return errEnough
				}
				return nil
			})
			return found.ID == "" && ctx.Err() == nil
		})
	}
	if err := ctx.Err(); err != nil {
		return linked{}, err
	}
	if found.ID == "" {
		return linked{}, fmt.Errorf("slack-export: no listing gives the ID %q: %w", item, sources.ErrGone)
	}
	return found, nil
}

// openLinked starts the download of a linked file.
func (s *Source) openLinked(ctx context.Context, p *place, it sources.Item, off, n int64) (sources.Body, error) {
	if off > 0 {
		return nil, fmt.Errorf("slack-export: %s cannot be opened at %d", it.ID, off)
	}
	f, ok := it.Own.(linked)
	if !ok {
		var err error
		if f, err = s.findLinked(ctx, p, it.ID); err != nil {
			return nil, err
		}
	}
	listed, err := s.linkedItem(p, f)
	if err != nil {
		return nil, err
	}
	if it.Attr.Version != "" && it.Attr.Version != listed.Attr.Version {
		return nil, fmt.Errorf("slack-export: %s: %w", it.ID, sources.ErrChanged)
	}
	r, err := s.download(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("slack-export: %w", err)
	}
	return &body{src: s, attr: listed.Attr, Stretch: slackjson.Stretch{Ctx: ctx, R: r, N: max(n, -1)}}, nil
}

func (s *Source) download(ctx context.Context, f linked) (io.ReadCloser, error) {
	get := slackfiles.File{ID: legible(f.ID), Address: f.address(), Size: f.Size, Mimetype: f.Mimetype, Page: f.Mode == "quip" || f.Mode == "canvas" || f.Mode == "space"}
	if f.Mode != "hosted" {
		get.Size = 0 // that of what people see, not of what is sent
	}
	return s.config.Fetch.Open(ctx, get)
}

// linkedAudience is that of a linked file: of the conversation that showed it, and
// of those that its object names.
func (s *Source) linkedAudience(ctx context.Context, p *place, it sources.Item) (sources.Audience, error) {
	f, ok := it.Own.(linked)
	if !ok {
		var err error
		if f, err = s.findLinked(ctx, p, it.ID); err != nil {
			return slackjson.Unknown("who could read it", s.layout.at), err
		}
	}
	var all []sources.Audience
	if p.dir != "" {
		all = append(all, s.conversation(p))
	}
	for _, id := range f.Channels {
		switch other := s.layout.byID[id]; {
		case other == p:
		case other != nil:
			all = append(all, s.conversation(other))
		default:
			all = append(all, slackjson.Unknown("who reads "+legible(id)+", where the file is shared too: the export does not name it", s.layout.at))
		}
	}
	if len(all) == 0 {
		return slackjson.Unknown("which conversations the file is shared in", s.layout.at), nil
	}
	a := all[0]
	for _, b := range all[1:] {
		a = a.Union(b)
	}
	if len(f.Channels) == 0 {
		a = a.Union(slackjson.Unknown("whether it is shared in other conversations: the export does not say", s.layout.at))
	}
	return slackjson.File(a, f.PublicURL), nil
}
