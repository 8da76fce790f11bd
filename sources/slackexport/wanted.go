package slackexport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// narrowed reports whether some conversations are not wanted.
func (s *Source) narrowed() bool {
	sel := s.config.Select
	return len(sel.Channels)+len(sel.ExcludeChannels)+len(sel.Forms) > 0
}

// wants reports whether anything of a place is wanted. What belongs to no one
// conversation is judged file by file.
func (s *Source) wants(p *place) bool {
	sel := s.config.Select
	switch {
	case p.dir == "", p.dir == uploads, s.layout.person:
		return true
	case p.known:
		return sel.Conversation(p.conv)
	case p.conv.ID != "":
		return sel.Conversation(p.conv) // its form is unknown, which no --types asks for
	}
	return sel.Conversation(slackjson.Conversation{ID: p.dir, Name: p.dir})
}

// The reasons for which files are left out.
var (
	errTime     = &sources.SkipError{Reason: "outside of the time wanted"}
	errUnshared = &sources.SkipError{Reason: "no wanted message shares it"}
	errOthers   = &sources.SkipError{Reason: "not of the wanted conversations"}
	errMixed    = fmt.Errorf("it holds what was said in all conversations, some of which are left out, and does not say which is which: %w", sources.ErrUnsupported)
)

// unwanted says why a file is left out by rule; nil if it is not.
func (s *Source) unwanted(ctx context.Context, p *place, e entry) error {
	switch p.kindOf(e.name) {
	case dayFile:
		if day := dayOf(e.name); !day.IsZero() && !s.config.Select.Day(day) {
			return errTime
		}
		return nil
	case uploadFile:
		if s.keep == nil && (p.dir != uploads || !s.narrowed()) {
			return nil
		}
		return s.unshared(ctx, p, p.fileID(e.name))
	}
	if s.layout.person && (s.narrowed() || s.keep != nil) {
		return s.unwantedText(p, e)
	}
	if p.dir == "" && s.keep != nil && strings.HasPrefix(e.name, database) {
		return errMixed
	}
	if p.dir != "" || !s.narrowed() || isFileList(e.name) { // whose elements are judged one by one
		return nil
	}
	switch sel := s.config.Select; {
	case strings.HasPrefix(e.name, database):
		return errMixed
	case len(sel.Channels)+len(sel.Forms) > 0:
		return errOthers
	case slices.Contains(plain, e.name), slices.Contains(peopleLists, e.name):
		return nil
	}
	return errMixed
}

// unwantedText is unwanted for a text of a conversation.
func (s *Source) unwantedText(p *place, e entry) error {
	if !slices.Contains(textFolders[:], p.dir) {
		return errMixed
	}
	name := strings.TrimSuffix(e.name[len(p.dir)+1:], ".txt")
	if !s.config.Select.Conversation(slackjson.Conversation{ID: name, Name: name}) {
		return errOthers
	}
	if s.keep != nil {
		return fmt.Errorf("it is text in which messages cannot be told apart by author and time, as is asked for: %w", sources.ErrUnsupported)
	}
	return nil
}

// unshared says why a file that stands beside the messages is not wanted: a file
// is wanted when a wanted message shares it.
func (s *Source) unshared(ctx context.Context, p *place, id string) error {
	found, err := s.sharesOf(ctx, id)
	if err != nil {
		return err
	}
	for _, f := range found.shares {
		if f.wanted && (p.dir == uploads || f.place == p) {
			return nil
		}
	}
	if s.layout.database {
		return errMixed
	}
	if found.failed != nil {
		return fmt.Errorf("whether a wanted message shares it: %w", found.failed)
	}
	return errUnshared
}

// share is a conversation in which messages share a file.
type share struct {
	place  *place
	wanted bool // one of the messages is
}

// shared says where a file is shared.
type shared struct {
	shares []share
	failed error // why it may be shared elsewhere as well
}

// sharesOf returns where messages share a file. The first call reads all days of
// the wanted conversations: what is excluded is not read for this either.
func (s *Source) sharesOf(ctx context.Context, id string) (shared, error) {
	s.shares.Lock()
	defer s.shares.Unlock()
	if !s.shares.read {
		by, err := s.readShares(ctx)
		if ctx.Err() != nil {
			return shared{}, ctx.Err()
		}
		s.shares.read, s.shares.by, s.shares.failed = true, by, err
	}
	return shared{s.shares.by[id], s.shares.failed}, nil
}

func (s *Source) readShares(ctx context.Context) (map[string][]share, error) {
	by := map[string][]share{}
	var failed error
	each := func(f func(*place, entry) error) {
		for _, p := range s.layout.places {
			if p.dir == "" || !s.wants(p) {
				continue
			}
			s.files(ctx, p, func(e entry, err error) bool {
				if err == nil {
					err = f(p, e)
				}
				if err != nil && !errors.Is(err, sources.ErrSkipped) {
					failed = errors.Join(failed, fmt.Errorf("%s: %w", legible(e.name), err))
				}
				return ctx.Err() == nil
			})
		}
	}
	each(func(p *place, e entry) error {
		if p.kindOf(e.name) == uploadFile {
			by[p.fileID(e.name)] = nil
		}
		return nil
	})
	each(func(p *place, e entry) error {
		if p.kindOf(e.name) == dayFile {
			return s.readSharesOf(ctx, p, e, by)
		}
		return nil
	})
	if failed != nil {
		failed = fmt.Errorf("slack-export: look for what shares a file: %w", failed)
	}
	return by, failed
}

// readSharesOf looks for the ids of known files among the strings of messages.
func (s *Source) readSharesOf(ctx context.Context, p *place, e entry, by map[string][]share) error {
	r, err := openJSON(s.tree, e)
	if err != nil {
		return err
	}
	defer r.Close()
	known := func(b []byte) bool { _, ok := by[string(b)]; return ok }
	return slackjson.Mentions(cancelled{ctx, r}, known, func(m slackjson.Message, id string) error {
		i := slices.IndexFunc(by[id], func(f share) bool { return f.place == p })
		if i < 0 {
			i = len(by[id])
			by[id] = append(by[id], share{place: p})
		}
		if s.keep == nil || s.keep(m) {
			by[id][i].wanted = true
		}
		return nil
	})
}

// cancelled is a reader that ends with its context.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// wantsObject reports whether a file object of the root's lists is wanted: by its
// author and time, and by the conversations in which it is shared. One that names
// no conversation is wanted only where all are.
func (s *Source) wantsObject(f slackjson.FileObject) bool {
	if s.keep != nil && !s.keep(slackjson.Message{TS: f.TS(), Author: f.User}) {
		return false
	}
	return !s.narrowed() || slices.ContainsFunc(f.Channels, func(id string) bool {
		p := s.layout.byID[id]
		return p != nil && s.wants(p)
	})
}
