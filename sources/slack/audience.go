package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// Audience says who can read an item now: the readers of its conversation; for a
// file those of every conversation that it is shared in, and anyone where it has
// a public address.
func (s *Source) Audience(ctx context.Context, it sources.Item) (sources.Audience, error) {
	unknown := slackjson.Unknown("who can read it could not be asked for", now())
	ch, err := s.channel(ctx, it.Container)
	if err != nil {
		return unknown, err
	}
	_, isFile := it.Own.(file)
	if !isFile && !isID(it.ID, "F") {
		if it.Own == nil && it.ID != aboutID {
			if _, err := s.Item(ctx, sources.Ref{Container: it.Container, Item: it.ID}); err != nil {
				return unknown, err
			}
		}
		return s.conversation(ctx, ch)
	}
	f, err := s.findFile(ctx, ch, it.ID)
	if err != nil {
		return unknown, err
	}
	a, err := s.conversation(ctx, ch)
	if err != nil {
		return unknown, err
	}
	for _, id := range f.places() {
		if id == ch.ID {
			continue
		}
		other, err := s.channel(ctx, id)
		if err == nil {
			var b sources.Audience
			if b, err = s.conversation(ctx, other); err == nil {
				a = a.Union(b)
				continue
			}
		}
		if ctx.Err() != nil {
			return unknown, ctx.Err()
		}
		a = a.Union(slackjson.Unknown("who reads "+id+", where the file is shared too: "+err.Error(), now()))
	}
	a.Unresolved = append(slices.Clip(a.Unresolved), "whether the file is shared in conversations that this token does not see")
	a.Now.AtMost = max(a.Now.AtMost, sources.Outsiders)
	a.Ever = a.Ever.Union(a.Now)
	return slackjson.File(a, f.PublicURL), nil
}

// conversation is the audience of what is said in a conversation.
func (s *Source) conversation(ctx context.Context, ch *channel) (sources.Audience, error) {
	if err := s.askMembers(ctx, ch); err != nil {
		return slackjson.Unknown("who can read it could not be asked for", now()), err
	}
	if err := s.load(ctx); err != nil {
		return slackjson.Unknown("who can read it could not be asked for", now()), err
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	set := slackjson.Setting{People: s.people, At: now()}
	for id := range ch.authors {
		if p, ok := s.people.Find(id); ok && p.Bot || !ok && id[0] == 'B' {
			set.Apps = append(set.Apps, id)
		} else {
			set.Past = append(set.Past, id)
		}
	}
	slices.Sort(set.Apps)
	slices.Sort(set.Past)
	a := ch.Audience(set)
	if ch.membersErr != nil {
		a.Unresolved = append(a.Unresolved, fmt.Sprintf("who the members are: %v", ch.membersErr))
	}
	if s.peopleE != nil {
		a.Unresolved = append(a.Unresolved, fmt.Sprintf("who the accounts are: %v", s.peopleE))
	}
	return a, nil
}

// askMembers asks once who is in a conversation.
func (s *Source) askMembers(ctx context.Context, ch *channel) error {
	back, err := ch.asking.take(ctx)
	if err != nil {
		return err
	}
	defer back()
	if ch.asked || ch.Form == slackjson.Direct {
		return nil
	}
	if err := s.wait(ctx); err != nil {
		return err
	}
	members, err := s.client.members(ctx, ch.team, ch.ID)
	if err != nil && (ctx.Err() != nil || errors.Is(err, sources.ErrSession)) {
		return err
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.asked, ch.membersErr = true, err
	if err == nil {
		ch.Members, ch.MembersKnown = members, true
	}
	return nil
}
