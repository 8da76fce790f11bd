package slackexport

import (
	"context"
	"fmt"
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
	if strings.HasPrefix(it.ID, fetchedID) {
		return s.linkedAudience(ctx, p, it)
	}
	if it.ID != aboutID || len(p.about) == 0 {
		e, err := s.entry(p, it.ID)
		if err != nil {
			return unknown, err
		}
		switch p.dir {
		case uploads:
			return s.uploaded(ctx, p, e)
		case "":
			return s.rootAudience(e), nil
		}
		if p.kindOf(e.name) == dayFile {
			return s.said(ctx, p, e)
		}
	}
	return s.conversation(p), nil
}

// said is the audience of messages: beside the conversation's members, those who
// wrote there and are no members any more, or no account, and the apps that did.
func (s *Source) said(ctx context.Context, p *place, e entry) (sources.Audience, error) {
	r, err := openJSON(s.tree, e)
	if err != nil {
		return slackjson.Unknown("who could read it", s.layout.at), fmt.Errorf("slack-export: %s: %w", legible(e.name), err)
	}
	defer r.Close()
	authors, err := slackjson.Authors(cancelled{ctx, r})
	if ctx.Err() != nil {
		return slackjson.Unknown("who could read it", s.layout.at), ctx.Err()
	}
	set := s.setting()
	set.Apps, set.Past = s.layout.people.Writers(authors)
	a := s.audience(p, set)
	if err != nil {
		a.Unresolved = append(a.Unresolved, "who else wrote there, because not all of it can be read")
	}
	return a, nil
}

func (s *Source) setting() slackjson.Setting {
	return slackjson.Setting{People: s.layout.people, At: s.layout.at, Export: true}
}

// conversation is the audience of a conversation's messages and files.
func (s *Source) conversation(p *place) sources.Audience { return s.audience(p, s.setting()) }

func (s *Source) audience(p *place, set slackjson.Setting) sources.Audience {
	if !p.known {
		return slackjson.Unknown("the export's lists do not name the conversation "+p.title, s.layout.at)
	}
	a := p.conv.Audience(set)
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
func (s *Source) uploaded(ctx context.Context, p *place, e entry) (sources.Audience, error) {
	return s.wherever(ctx, p.fileID(e.name))
}

// wherever is the audience of a file in all conversations that share it.
func (s *Source) wherever(ctx context.Context, id string) (sources.Audience, error) {
	found, err := s.sharesOf(ctx, id)
	if err != nil {
		return slackjson.Unknown("which messages share the file", s.layout.at), err
	}
	if s.layout.database {
		return slackjson.Unknown("which messages share the file: they are in slackdump's database", s.layout.at), nil
	}
	if len(found.shares) == 0 {
		return slackjson.Unknown("no message of the export shares the file", s.layout.at), nil
	}
	a := s.conversation(found.shares[0].place)
	for _, f := range found.shares[1:] {
		a = a.Union(s.conversation(f.place))
	}
	if found.failed != nil {
		a = a.Union(slackjson.Unknown("where else it is shared, because not all messages could be read", s.layout.at))
	}
	if s.narrowed() {
		a = a.Union(slackjson.Unknown("whether a conversation that is left out shares it as well", s.layout.at))
	}
	return a, nil
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
