package gdrive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/api/drive/v3"

	"mislaid/sources"
)

// Overview is what can be seen, found out with a few requests and without reading
// content.
type Overview struct {
	Me          string
	Account     string // of the service account; "" a person signed in
	ClientID    string
	Domains     []string
	DomainsWhy  error
	People      int // accounts
	Suspended   int // of them suspended or archived
	LeftOut     int // by --exclude-users and --exclude-ou
	PeopleKnown bool
	Scopes      []ScopeState
	Drives      int // shared drives
	DrivesWhy   error
	Uncovered   []Uncovered // shared drives that cannot be read
	Docs        error       // why the Docs API cannot be used; nil it can, or that was not found out
	Least       time.Duration
	Requests    int
}

// ScopeState says whether a scope is granted.
type ScopeState struct {
	Scope, Why string // what it is good for
	Needed     bool   // a crawl does not work without it
	Err        error  // nil: it is granted
}

// Uncovered is a shared drive that cannot be read.
type Uncovered struct {
	Name, ID string
	Why      error
}

// delegatedScopes are those that an organisation grants, the least first.
var delegatedScopes = []ScopeState{
	{Scope: ScopeMetadata, Why: "mislaid ls: who can read what, without reading content", Needed: true},
	{Scope: ScopeContent, Why: "the content of files, and the list of shared drives", Needed: true},
	{Scope: ScopeUsers, Why: "the list of accounts, each of whose files are listed", Needed: true},
	{Scope: ScopeDomains, Why: "which domains are the organisation's own: without it the people of its other domains count as outsiders"},
	{Scope: ScopeMembers, Why: "the members of groups: without it who is in a group stays unresolved"},
	{Scope: ScopeSettings, Why: "who may join a group: without it that stays unresolved. It is the only scope for it and could change groups' settings; mislaid only reads"},
	{Scope: ScopeReports, Why: "--viewers: who viewed and downloaded files"},
	{Scope: ScopeApps, Why: "applications of third parties that people let into their Drive. It is the only scope for it and could revoke them; mislaid only reads"},
}

// DelegatedScopes are the scopes of an organisation's crawl, the least first.
func DelegatedScopes() []ScopeState { return append([]ScopeState(nil), delegatedScopes...) }

// Overview asks what can be seen.
func (s *Source) Overview(ctx context.Context) (Overview, error) {
	o := Overview{Me: s.me, DomainsWhy: s.people.domainsWhy}
	for d := range s.people.domains {
		o.Domains = append(o.Domains, d)
	}
	if d := s.config.Delegation; d != nil {
		o.Account, o.ClientID = d.Account, d.ClientID
		for _, sc := range delegatedScopes {
			_, err := d.As(ctx, s.me, sc.Scope).Token()
			if ctx.Err() != nil {
				return o, ctx.Err()
			}
			if err != nil {
				sc.Err = tokenError(s.me, err)
			}
			o.Scopes = append(o.Scopes, sc)
		}
		o.PeopleKnown = true
		for _, p := range s.people.list {
			o.People++
			if p.away() != "" {
				o.Suspended++
			}
		}
	}
	list, err := s.list(ctx)
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	if errors.Is(err, sources.ErrSession) && s.config.Delegation == nil {
		return o, err
	}
	o.DrivesWhy = err
	for _, ct := range list {
		o.Requests++
		if ct.drive == "" {
			continue
		}
		o.Drives++
		if ct.why != nil {
			o.Uncovered = append(o.Uncovered, Uncovered{ct.title, ct.drive, ct.why})
		}
	}
	s.mu.Lock()
	o.LeftOut = s.left
	s.mu.Unlock()
	o.Docs = s.probeDocs(ctx)
	o.Least = (time.Duration(o.Requests) * unitsRequest * time.Minute / unitsProject).Round(time.Second)
	return o, ctx.Err()
}

// probeDocs asks the Docs API for a document that there is none of: where the API
// is switched off it says so.
func (s *Source) probeDocs(ctx context.Context) error {
	c, err := s.as(ctx, s.subject())
	if err != nil || s.config.MetadataOnly {
		return nil //nolint:nilerr // said elsewhere
	}
	r, err := c.docText(ctx, file{nobody()})
	if err == nil {
		_ = r.Close()
	}
	var refused *APIError
	if errors.As(err, &refused) && !errors.Is(err, sources.ErrGone) {
		return fmt.Errorf("%w", refused)
	}
	return nil
}

func nobody() *drive.File { return &drive.File{Id: "mislaid-probes-the-api"} }
