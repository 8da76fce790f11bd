package slackexport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// Audience says who could read an item when the export was made. It reads what
// the export's lists say and asks nobody.
func (s *Source) Audience(ctx context.Context, it sources.Item) (sources.Audience, error) {
	unknown := slackjson.Unknown("who could read it", s.layout.at)
	if err := ctx.Err(); err != nil {
		return unknown, err
	}
	p, err := s.place(it.Container)
	if err != nil {
		return unknown, err
	}
	if it.ID != aboutID || len(p.about) == 0 {
		e, err := s.entry(p, it.ID)
		if err != nil {
			return unknown, err
		}
		switch p.dir {
		case uploads:
			return s.uploaded(ctx, e)
		case "":
			return s.rootAudience(e), nil
		}
	}
	return s.conversation(p), nil
}

func (s *Source) setting() slackjson.Setting {
	return slackjson.Setting{People: s.layout.people, At: s.layout.at, Export: true}
}

// conversation is the audience of a conversation's messages and files.
func (s *Source) conversation(p *place) sources.Audience {
	if !p.known {
		return slackjson.Unknown("the export's lists do not name the conversation "+p.title, s.layout.at)
	}
	a := p.conv.Audience(s.setting())
	a.Unresolved = append(a.Unresolved, "who was a member before the export was made")
	return a
}

// rootAudience is that of the files beside the conversations.
func (s *Source) rootAudience(e entry) sources.Audience {
	if !slices.Contains(peopleLists, e.name) {
		return slackjson.Unknown("which conversations what is in "+legible(e.name)+" belongs to", s.layout.at)
	}
	a := slackjson.Conversation{Form: slackjson.PublicChannel, MembersKnown: true, SharingKnown: true}.Audience(s.setting())
	a.CouldJoin = nil
	for i := range a.Grants {
		a.Grants[i].By = "profiles can be read by everyone in the workspace"
	}
	return a
}

// uploaded is the audience of a file that slackdump keeps for all conversations
// together: that of every conversation in which a message shares it.
func (s *Source) uploaded(ctx context.Context, e entry) (sources.Audience, error) {
	id, _, _ := strings.Cut(strings.TrimPrefix(e.name, uploads+"/"), "/")
	places, err := s.sharedIn(ctx, id)
	if err != nil {
		return slackjson.Unknown("which messages share the file", s.layout.at), err
	}
	if len(places) == 0 {
		return slackjson.Unknown("no message of the export shares the file", s.layout.at), nil
	}
	a := s.conversation(places[0])
	for _, p := range places[1:] {
		a = a.Union(s.conversation(p))
	}
	return a, nil
}

// sharedIn returns the conversations whose messages share a file. The first call
// reads all days of the export.
func (s *Source) sharedIn(ctx context.Context, id string) ([]*place, error) {
	s.shares.Lock()
	defer s.shares.Unlock()
	if !s.shares.read {
		by, err := s.readShares(ctx)
		if err != nil {
			return nil, err
		}
		s.shares.read, s.shares.by = true, by
	}
	return s.shares.by[id], nil
}

func (s *Source) readShares(ctx context.Context) (map[string][]*place, error) {
	by := map[string][]*place{}
	s.tree.under(ctx, uploads, func(e entry, err error) bool {
		if err == nil {
			id, _, _ := strings.Cut(strings.TrimPrefix(e.name, uploads+"/"), "/")
			by[id] = nil
		}
		return true
	})
	for _, p := range s.layout.places {
		if p.dir == uploads || p.dir == "" {
			continue
		}
		var failed error
		s.tree.under(ctx, p.dir, func(e entry, err error) bool {
			if err == nil && p.kindOf(e.name) == dayFile {
				failed = errors.Join(failed, s.readSharesOf(ctx, p, e, by))
			}
			return ctx.Err() == nil
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if failed != nil {
			return nil, fmt.Errorf("slack-export: look for what shares a file: %w", failed)
		}
	}
	return by, nil
}

// readSharesOf looks for the ids of known files among the strings of a day.
func (s *Source) readSharesOf(ctx context.Context, p *place, e entry, by map[string][]*place) error {
	r, err := s.tree.open(e)
	if err != nil {
		return err
	}
	defer r.Close()
	scan := slackjson.NewScanner(bufio.NewReader(r))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		tok, err := scan.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if tok.Kind != slackjson.Leaf || tok.More || len(tok.Bytes) > 32 {
			continue
		}
		if places, known := by[string(tok.Bytes)]; known && !slices.Contains(places, p) {
			by[string(tok.Bytes)] = append(places, p)
		}
	}
}

// Conversation says of a container what kind it is and who could read it when
// the export was made.
func (s *Source) Conversation(id string) (kind string, a sources.Audience, err error) {
	p, err := s.place(id)
	if err != nil {
		return "", slackjson.Unknown("who could read it", s.layout.at), err
	}
	if p.known {
		kind = p.conv.Kind()
	}
	return kind, s.conversation(p), nil
}
