package scan

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

// settle turns an item's candidates into records: its audience, and one
// sighting for each credential, with all its positions.
// It returns the error of a source that is gone.
func (w *worker) settle(ctx context.Context, it sources.Item, f finds) ([]journal.Record, error) {
	doc, err := w.audience(ctx, it)
	if err != nil {
		return nil, err
	}
	records := []journal.Record{{Audience: &doc}}

	sightings := make(map[sightingKey]*journal.Sighting)
	for i, c := range f.candidates {
		key := keyOf(c)
		place := f.place
		if in := f.innerOf(i); in != nil {
			key.inner, place = in.path, in.place
		}
		pos, within := place(c.Atoms[0])
		key.within = within
		if s := sightings[key]; s != nil {
			s.Positions = append(s.Positions, pos)
			if f.mark(c) == "" {
				s.Comment = "" // a comment speaks for its own line
			}
			continue
		}
		s := &journal.Sighting{
			Ref: w.ref(it), Path: it.Path, Inner: key.inner, Link: it.Link,
			Kind: key.kind, KeyID: key.id, Fingerprint: key.print,
			Confidence: c.Confidence, Placeholder: c.Placeholder, Account: c.Account, Hints: c.Hints,
			Positions: []journal.Position{pos},
			Author:    it.Author, Left: it.Left, ModTime: f.attr.ModTime, Size: f.attr.Size, Version: f.attr.Version,
			SHA256: f.sum, AudienceID: doc.ID, Found: time.Now().UTC(), Comment: f.mark(c),
		}
		if f.attr.Author != "" {
			s.Author, s.Left = f.attr.Author, f.attr.Left
		}
		if within != "" { // a message: it is found again, dated and signed by itself
			s.Ref.Item = within
			s.Link = cmp.Or(pos.Link, s.Link)
			if pos.Author != "" {
				s.Author, s.Left = pos.Author, pos.Left
			}
			if !pos.Time.IsZero() {
				s.ModTime = pos.Time
			}
		}
		sightings[key] = s
		records = append(records, journal.Record{Sighting: s})
	}
	for _, s := range sightings {
		slices.SortFunc(s.Positions, func(a, b journal.Position) int { return cmp.Compare(a.Offset, b.Offset) })
		s.Positions = slices.CompactFunc(s.Positions, func(a, b journal.Position) bool { return a.Offset == b.Offset })
		s.Total = len(s.Positions)
		s.Positions = s.Positions[:min(s.Total, journal.MaxPositions)]
	}
	return records, nil
}

// audience asks who can read an item. What cannot be found out is unknown.
func (w *worker) audience(ctx context.Context, it sources.Item) (journal.Audience, error) {
	audience, err := w.src.Audience(ctx, it)
	if errors.Is(err, sources.ErrSession) {
		return journal.Audience{}, err
	}
	if err != nil {
		audience.Now = audience.Now.Union(sources.UnknownReach())
		audience.Unresolved = append(audience.Unresolved, err.Error())
	}
	return journal.Audience{ID: journal.AudienceID(audience), Audience: audience}, nil
}

type sightingKey struct {
	kind   secret.Kind
	id     string
	print  secret.Fingerprint
	within string // the message within the item; "" where the item is one
	inner  string // where in the item's wrappings; "" the item itself
}

func keyOf(c detectors.Candidate) sightingKey {
	return sightingKey{kind: c.Credential.Kind, id: c.Credential.ID, print: c.Credential.Fingerprint()}
}

// submit hands credentials to the verifier, each once. The queue gets bytes of
// its own: candidates may share theirs.
func (w *worker) submit(path string, candidates []detectors.Candidate) {
	if w.Submit == nil {
		return
	}
	type credential struct {
		sightingKey
		token bool // the same key once with its session token and once without is two to ask about
	}
	seen := make(map[credential]bool)
	for _, c := range candidates {
		key := credential{keyOf(c), !c.Credential.Token.IsZero()}
		if seen[key] || !c.Credential.Kind.AWS() {
			continue // of other kinds nobody is asked
		}
		seen[key] = true
		own := c.Credential
		own.Secret, own.Token = own.Secret.Clone(), own.Token.Clone()
		w.Submit(verify.Request{
			Credential: own, Score: c.Score, Account: c.Account,
			Placeholder: c.Placeholder, Endpoint: c.Hints.Endpoint, Partition: c.Hints.Partition, Expires: c.Hints.Expires, Path: path,
		})
	}
}
