package gdrive

import (
	"context"
	"fmt"
	"strings"
	"time"

	reports "google.golang.org/api/admin/reports/v1"
	"google.golang.org/api/option"

	"mislaid/sources"
)

// views is what Google's audit log tells of a file, read before we opened it.
type views struct {
	seen    []sources.Grant // who looked at it, downloaded it, or printed it
	since   time.Time       // when it became visible outside; zero not in the log
	public  bool            // it was visible to anyone once
	outside bool            // somebody outside looked at it
	own     bool            // our own events cannot be told from others
	read    time.Time
	why     error
}

// logAge is how far back the log goes, and logLag how late an event comes into
// it at worst (support.google.com, "Data retention and lag times", 2026).
const (
	logAge = "180 days"
	logLag = "a few hours, up to three days"
)

// looking are the events by which somebody sees a file's content.
var looking = map[string]string{"view": "viewed", "download": "downloaded", "print": "printed", "preview": "previewed", "copy": "copied", "sync_item_content": "synchronised"}

// readViews reads the log of a file, once.
func (s *Source) readViews(ctx context.Context, id string) {
	s.mu.Lock()
	_, have := s.views[id]
	s.mu.Unlock()
	if have {
		return
	}
	v := s.askViews(ctx, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() == nil {
		s.views[id] = v
	}
}

func (s *Source) askViews(ctx context.Context, id string) *views {
	v := &views{read: now(), own: s.config.Delegation == nil || s.config.Delegation.ClientID == ""}
	if s.people.admin == nil {
		v.why = fmt.Errorf("only an organisation's administrator may read the log")
		return v
	}
	svc, err := reports.NewService(ctx, option.WithHTTPClient(s.people.admin.reports.http))
	if err != nil {
		v.why = err
		return v
	}
	seen := map[string]int{}
	token := ""
	for {
		call := svc.Activities.List("all", "drive").Filters("doc_id==" + id).MaxResults(1000).
			Fields("nextPageToken,items(id/time,actor(email,profileId),events(name,parameters(name,value)))").Context(ctx)
		if token != "" {
			call.PageToken(token)
		}
		page, err := call.Do()
		if err != nil {
			v.why = failed(ctx, "activities.list", err)
			return v
		}
		for _, a := range page.Items {
			s.event(v, seen, a)
		}
		if token = page.NextPageToken; token == "" {
			return v
		}
	}
}

// event takes one entry of the log in.
func (s *Source) event(v *views, seen map[string]int, a *reports.Activity) {
	at := time.Time{}
	if a.Id != nil {
		at = parseTime(a.Id.Time)
	}
	who := "somebody unknown, outside the organisation"
	level := sources.Outsiders
	if a.Actor != nil && a.Actor.Email != "" {
		who = a.Actor.Email
		_, domain, _ := strings.Cut(strings.ToLower(who), "@")
		if s.people.inside(domain) {
			level = sources.NamedFew
		}
	}
	for _, e := range a.Events {
		params := map[string]string{}
		for _, p := range e.Parameters {
			params[p.Name] = p.Value
		}
		if ours := s.config.Delegation.ClientID; ours != "" && params["originating_app_id"] == ours {
			continue
		}
		if (e.Name == "change_document_visibility" || e.Name == "change_user_access") && isPublic(params["visibility"]) {
			v.public = true
			if v.since.IsZero() || at.Before(v.since) {
				v.since = at
			}
		}
		did, ok := looking[e.Name]
		if !ok {
			continue
		}
		v.outside = v.outside || level == sources.Outsiders
		key := who + did
		if i, again := seen[key]; again {
			v.seen[i].Count = did + " more than once, last " + laterOf(v.seen[i].Count, at)
			continue
		}
		seen[key] = len(v.seen)
		v.seen = append(v.seen, sources.Grant{Who: who, By: did + " it, says Google's log", Level: level, Heads: sources.Heads{Min: 1, Max: 1}, Count: at.Format(time.RFC3339)})
	}
}

// laterOf keeps the newest time: the log begins with it.
func laterOf(count string, at time.Time) string {
	if i := strings.LastIndex(count, " "); i >= 0 {
		count = count[i+1:]
	}
	if t := parseTime(count); t.After(at) {
		at = t
	}
	return at.Format(time.RFC3339)
}

// isPublic reports whether a visibility of the log is one beyond the
// organisation.
func isPublic(visibility string) bool {
	switch visibility {
	case "people_with_link", "public_on_the_web", "public_in_the_domain", "shared_externally":
		return true
	}
	return false
}

// viewed is what the log told of a file; nil if it was not asked.
func (s *Source) viewed(id string) *views {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.views[id]
}

// widen adds what the log tells to an audience. That the log tells nothing never
// narrows it.
func (v *views) widen(a *sources.Audience) {
	switch {
	case v == nil:
		return
	case v.why != nil:
		a.Unresolved = append(a.Unresolved, fmt.Sprintf("who looked at it: %v", v.why))
		return
	}
	a.Viewers = &sources.Viewers{Seen: v.seen, ReadAt: v.read, Limits: "the log goes back " + logAge + " and may lag by " + logLag + "; opening by link without signing in, and copies, are not all in it"}
	if len(v.seen) == 0 {
		a.Viewers.Limits = "no event in the log, which does not say that nobody viewed it: " + a.Viewers.Limits
	}
	if v.own {
		a.Viewers.Limits += "; what earlier scans of ours downloaded is among it, because the service account's numeric ID is known only with its key"
	}
	if v.outside {
		a.Ever = a.Ever.Union(sources.ReachOf(sources.Outsiders))
	}
	if v.public {
		a.Ever = a.Ever.Union(sources.ReachOf(sources.AnyoneLink))
		a.Since = v.since
	}
}
