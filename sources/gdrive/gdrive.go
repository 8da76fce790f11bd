package gdrive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/drive/v3"

	"mislaid/internal/pace"
	"mislaid/sources"
)

// Target is what is crawled. At most one field is set; the zero value is all
// that one person sees.
type Target struct {
	Item        string // ID of a file or folder
	ResourceKey string // of that item's link
	Domain      string // of a whole organisation
	SharedDrive string // ID of one shared drive
}

// Config says what to crawl and how. Own or Delegation must be set.
type Config struct {
	Target     Target
	Own        oauth2.TokenSource // of the person who signed in
	Delegation *Delegation        // acts as the people of an organisation
	Admin      string             // whom the Directory is asked as

	Transport http.RoundTripper // nil: NewTransport
	UserAgent string            // "": Google's client's
	Ops       pace.Limiter      // waited on before every request; nil: no limit
	Scale     float64           // requests a minute, in multiples of what Google allows; 0: 1
	Budget    int64             // bytes that may be downloaded; 0: no limit

	MetadataOnly bool // no content is read, and its scope not asked for

	Sharing   Sharing // "": any
	After     time.Time
	Owners    []string // addresses
	Folders   []string // IDs
	MIME      []string // kinds, or the beginning of one up to a slash
	Revisions bool
	Comments  bool
	Viewers   bool

	ExcludeUsers []string // addresses; their files are not read at all
	ExcludeUnits []string // organisational units, with those below
}

// Source is what an account, or an organisation's people, see of Drive. It is
// safe for concurrent use.
type Source struct {
	config  Config
	info    sources.Info
	me      string // address of the person, or of the administrator
	people  *people
	project pace.Limiter

	mu         sync.Mutex
	sessions   map[string]*session
	trees      map[string]*tree
	containers map[string]*container
	views      map[string]*views
	docsOff    bool  // the Docs API is switched off
	downloaded int64 // bytes
	left       int   // accounts that are left out by rule
}

// container is a My Drive, a shared drive, or one file or folder.
type container struct {
	id      string
	title   string // what people call it
	subject string // as whom it is read; "" the person who signed in
	drive   string // ID of the shared drive
	item    string // ID of a file or folder
	key     string // resource key of item
	members []*drive.Permission
	why     error // why it cannot be read
}

// New signs in. The error is a *sources.RootError when Google refuses that or
// cannot be reached.
func New(ctx context.Context, c Config) (*Source, error) {
	if c.Transport == nil {
		c.Transport = NewTransport()
	}
	if c.Sharing == "" {
		c.Sharing = AnySharing
	}
	if c.Scale <= 0 {
		c.Scale = 1
	}
	s := &Source{
		config: c, project: quota(unitsProject, c.Scale), sessions: map[string]*session{}, trees: map[string]*tree{},
		containers: map[string]*container{}, views: map[string]*views{},
	}
	name := "gdrive:"
	if err := s.signIn(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &sources.RootError{Source: name, Err: err}
	}
	s.info = s.describe()
	return s, nil
}

func (s *Source) signIn(ctx context.Context) error {
	c := &s.config
	if c.Delegation == nil {
		own, err := s.as(ctx, "")
		if err != nil {
			return err
		}
		about, err := own.drive.About.Get().Fields("user(emailAddress,displayName)").Context(ctx).Do()
		if err != nil {
			return failed(ctx, "about.get", err)
		}
		s.me = about.User.EmailAddress
		_, domain, _ := strings.Cut(s.me, "@")
		s.people = newPeople(domain)
		return nil
	}
	if c.Admin == "" {
		return errors.New("gdrive: an administrator's address is needed, as whom the Directory is asked")
	}
	s.me = c.Admin
	_, domain, _ := strings.Cut(s.me, "@")
	s.people = newPeople(domain)
	var err error
	if s.people.admin, err = s.newAdmin(ctx, c.Admin, c.Delegation); err != nil {
		return err
	}
	if d := strings.ToLower(c.Target.Domain); d != "" {
		s.people.domains[d] = true
	}
	if err := s.people.load(ctx, true); err != nil {
		return err
	}
	if d := strings.ToLower(c.Target.Domain); d != "" && s.people.domainsWhy == nil && !slices.ContainsFunc(s.people.list, func(p Person) bool {
		return strings.HasSuffix(strings.ToLower(p.Email), "@"+d)
	}) {
		return fmt.Errorf("gdrive: the organisation of %s has nobody at %s", s.me, d)
	}
	return nil
}

// describe says what is crawled. Info.Name is stable between runs.
func (s *Source) describe() sources.Info {
	i := sources.Info{Type: "gdrive", Streams: 8, Hosts: []string{"www.googleapis.com:443", "oauth2.googleapis.com:443", "docs.googleapis.com:443", "docs.google.com:443"}}
	t := s.config.Target
	switch {
	case t.Domain != "":
		i.Name, i.Title = "gdrive:domain="+t.Domain, fmt.Sprintf("Google Drive of %s: each of its people and shared drives, by %s", t.Domain, s.config.Delegation.Account)
	case t.SharedDrive != "":
		i.Name, i.Title = "gdrive:shared-drive="+t.SharedDrive, "shared drive "+t.SharedDrive+" at Google, as "+s.me
	case t.Item != "":
		i.Name, i.Title = "gdrive://"+t.Item, "one file or folder of Google Drive, as "+s.me
	default:
		i.Name, i.Title = "gdrive://"+s.me, "Google Drive, as "+s.me+" sees it"
	}
	if s.config.Delegation != nil {
		i.Hosts = append(i.Hosts, "admin.googleapis.com:443", "www.googleapis.com:443")
		i.Notes = append(i.Notes, "every read is logged at Google as one of the person whose files they are, by the application "+s.config.Delegation.Account)
	}
	if s.config.Sharing != AnySharing {
		i.Notes = append(i.Notes, fmt.Sprintf("files that are not shared %s are counted and left out before their content is read (--sharing)", map[Sharing]string{
			BroadSharing: "with the organisation, a large group or anyone outside", ExternalSharing: "with anyone outside",
		}[s.config.Sharing]))
	}
	if s.people.domainsWhy != nil {
		i.Notes = append(i.Notes, fmt.Sprintf("other domains of the organisation are not known, so their people count as outsiders: %v", s.people.domainsWhy))
	}
	i.Hosts = slices.Compact(slices.Sorted(slices.Values(i.Hosts)))
	return i
}

// Info describes what is crawled.
func (s *Source) Info() sources.Info {
	i := s.info
	i.Hosts, i.Notes = slices.Clone(i.Hosts), slices.Clone(i.Notes)
	return i
}

// contentScopes are those with which a person's files are read.
func (s *Source) contentScopes() []string {
	if s.config.MetadataOnly {
		return []string{ScopeMetadata}
	}
	return []string{ScopeContent}
}

// as returns the session of somebody; "" is the person who signed in.
func (s *Source) as(ctx context.Context, subject string) (*session, error) {
	return s.asWith(ctx, subject, s.contentScopes()...)
}

func (s *Source) asWith(ctx context.Context, subject string, scopes ...string) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	key := subject + " " + strings.Join(scopes, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.sessions[key]; c != nil {
		return c, nil
	}
	tokens := s.config.Own
	if s.config.Delegation != nil {
		if subject == "" {
			subject = s.me
		}
		tokens = s.config.Delegation.As(ctx, subject, scopes...)
	}
	c, err := s.newSession(context.WithoutCancel(ctx), subject, tokens)
	if err != nil {
		return nil, err
	}
	s.sessions[key] = c
	return c, nil
}

// Containers lists what is crawled: My Drives, then shared drives. One that
// nobody may read for us comes with an error.
func (s *Source) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) {
		list, err := s.list(ctx)
		for _, ct := range list {
			if !yield(sources.Container{ID: ct.id, Name: ct.title, Changes: ct.item == "" && !s.config.MetadataOnly}, ct.why) {
				return
			}
		}
		if err != nil {
			yield(sources.Container{}, err)
		}
	}
}

// list finds out the containers. With an error come those that were found before
// it.
func (s *Source) list(ctx context.Context) ([]*container, error) {
	t := s.config.Target
	var all []*container
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case t.Item != "":
		all = []*container{{id: "item:" + t.Item, title: t.Item, subject: s.subject(), item: t.Item, key: t.ResourceKey}}
	case t.SharedDrive != "":
		ct, err := s.sharedDrive(ctx, t.SharedDrive)
		if err != nil {
			return nil, err
		}
		all = []*container{ct}
	case t.Domain != "":
		all = s.myDrives()
		drives, err := s.sharedDrives(ctx)
		all = append(all, drives...)
		s.keep(all)
		return all, err
	default:
		all = []*container{{id: "user:" + s.me, title: s.me}}
		drives, err := s.ownDrives(ctx)
		all = append(all, drives...)
		s.keep(all)
		return all, err
	}
	s.keep(all)
	return all, nil
}

// subject is as whom something is read that is nobody's in particular.
func (s *Source) subject() string {
	if s.config.Delegation != nil {
		return s.me
	}
	return ""
}

func (s *Source) keep(all []*container) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, ct := range all {
		if old := s.containers[ct.id]; old != nil && old.why == nil {
			all[i] = old
			continue
		}
		s.containers[ct.id] = ct
	}
}

// myDrives are those of the organisation's people that are not left out.
func (s *Source) myDrives() []*container {
	var all []*container
	left := 0
	for _, p := range s.people.list {
		switch {
		case s.leftOut(p):
			left++
		case len(s.config.Owners) == 0 || slices.ContainsFunc(s.config.Owners, func(o string) bool { return strings.EqualFold(o, p.Email) }):
			all = append(all, &container{id: "user:" + p.ID, title: p.Email, subject: p.Email})
		}
	}
	s.mu.Lock()
	s.left = left
	s.mu.Unlock()
	return all
}

// leftOut reports whether a person's files are not read at all.
func (s *Source) leftOut(p Person) bool {
	return slices.ContainsFunc(s.config.ExcludeUsers, func(u string) bool { return strings.EqualFold(u, p.Email) }) ||
		slices.ContainsFunc(s.config.ExcludeUnits, func(u string) bool {
			u = strings.TrimSuffix(u, "/")
			return p.Unit == u || strings.HasPrefix(p.Unit, u+"/")
		})
}

// ownDrives are the shared drives that the person is a member of.
func (s *Source) ownDrives(ctx context.Context) ([]*container, error) {
	c, err := s.as(ctx, "")
	if err != nil {
		return nil, err
	}
	if s.config.MetadataOnly && s.config.Delegation != nil {
		c, err = s.asWith(ctx, "", ScopeContent) // no lesser scope lists drives
		if err != nil {
			return nil, err
		}
	}
	drives, err := c.drives(ctx, false)
	all := make([]*container, 0, len(drives))
	for _, d := range drives {
		all = append(all, &container{id: "drive:" + d.Id, title: "shared drive " + d.Name, drive: d.Id})
	}
	return all, err
}

// drives lists shared drives: those of the account, or as an administrator all.
func (c *session) drives(ctx context.Context, admin bool) ([]*drive.Drive, error) {
	var all []*drive.Drive
	token := ""
	for {
		call := c.drive.Drives.List().PageSize(100).Fields("nextPageToken,drives(id,name)").Context(ctx)
		if admin {
			call.UseDomainAdminAccess(true)
		}
		if token != "" {
			call.PageToken(token)
		}
		page, err := call.Do()
		if err != nil {
			return all, failed(ctx, "drives.list", err)
		}
		all = append(all, page.Drives...)
		if token = page.NextPageToken; token == "" {
			return all, nil
		}
	}
}

// sharedDrives are all of the organisation, each with a member as whom it can be
// read.
func (s *Source) sharedDrives(ctx context.Context) ([]*container, error) {
	c, err := s.asWith(ctx, s.me, ScopeContent)
	if err != nil {
		return nil, err
	}
	drives, err := c.drives(ctx, true)
	var all []*container
	for _, d := range drives {
		ct := &container{id: "drive:" + d.Id, title: "shared drive " + d.Name, drive: d.Id}
		perms, perr := c.permissions(ctx, d.Id, true)
		switch {
		case ctx.Err() != nil:
			return all, ctx.Err()
		case perr != nil:
			ct.why = perr
		default:
			ct.members = perms
			ct.subject, ct.why = s.reader(ctx, ct.title, perms)
		}
		all = append(all, ct)
	}
	return all, err
}

// sharedDrive is one of them.
func (s *Source) sharedDrive(ctx context.Context, id string) (*container, error) {
	c, err := s.asWith(ctx, s.subject(), ScopeContent)
	if err != nil {
		return nil, err
	}
	call := c.drive.Drives.Get(id).Fields("id,name").Context(ctx)
	if s.config.Delegation != nil {
		call.UseDomainAdminAccess(true)
	}
	d, err := call.Do()
	if err != nil {
		return nil, failed(ctx, "drives.get", err)
	}
	ct := &container{id: "drive:" + id, title: "shared drive " + d.Name, drive: id}
	if s.config.Delegation == nil {
		return ct, nil
	}
	if ct.members, err = c.permissions(ctx, id, true); err != nil {
		return nil, err
	}
	ct.subject, ct.why = s.reader(ctx, ct.title, ct.members)
	return ct, nil
}

// roles that a shared drive is read by, the one that sees most first.
var roles = []string{"organizer", "fileOrganizer", "writer", "commenter", "reader"}

// reader finds a member of a shared drive as whom we can read it: somebody of the
// organisation who is active, best a manager of the drive, directly or through a
// group.
func (s *Source) reader(ctx context.Context, title string, members []*drive.Permission) (string, error) {
	usable := func(email string) bool {
		p, ok := s.people.byEmail(email)
		return ok && p.away() == ""
	}
	for _, role := range roles {
		for _, m := range members {
			if m.Role == role && m.Type == "user" && !void(m, now()) && usable(m.EmailAddress) {
				return m.EmailAddress, nil
			}
		}
		for _, m := range members {
			if m.Role != role || m.Type != "group" || void(m, now()) {
				continue
			}
			for _, email := range s.people.group(ctx, m.EmailAddress).people() {
				if usable(email) {
					return email, nil
				}
			}
		}
	}
	return "", fmt.Errorf("gdrive: %s has no member in the organisation as whom it could be read: make somebody of it a manager, in the Admin console under Apps, Google Workspace, Drive and Docs, Manage shared drives: %w", title, sources.ErrDenied)
}

// container finds one by its ID, also one that no listing showed yet.
func (s *Source) container(ctx context.Context, id string) (*container, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	ct := s.containers[id]
	s.mu.Unlock()
	if ct == nil {
		_, err := s.list(ctx)
		s.mu.Lock()
		ct = s.containers[id]
		s.mu.Unlock()
		if ct == nil && err != nil {
			return nil, err
		}
	}
	if ct == nil {
		return nil, fmt.Errorf("gdrive: no container %q: %w", id, sources.ErrGone)
	}
	return ct, ct.why
}

// Close closes idle connections.
func (s *Source) Close() error {
	if t, ok := s.config.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	return nil
}
