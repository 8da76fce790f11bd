package gdrive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	admindir "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/groupssettings/v1"
	"google.golang.org/api/option"

	"mislaid/sources"
)

// Person is an account of the organisation.
type Person struct {
	ID, Email, Name, Unit string
	Suspended, Archived   bool
}

// away says why nobody may read as the account; "" one may.
func (p Person) away() string {
	switch {
	case p.Suspended:
		return "suspended"
	case p.Archived:
		return "archived"
	}
	return ""
}

// people is what is known of who is inside. Safe for concurrent use.
type people struct {
	domains      map[string]bool
	domainsWhy   error // why they are perhaps not all
	list         []Person
	mail         map[string]int // into list
	organisation bool           // false: one person's own account, of no organisation

	admin *admin // nil: nobody may ask the Directory

	mu     sync.Mutex
	groups map[string]*group
	apps   map[string]appsOf
}

// consumer are the domains of Google's accounts that belong to no organisation.
var consumer = []string{"gmail.com", "googlemail.com"}

func newPeople(domain string) *people {
	p := &people{domains: map[string]bool{}, mail: map[string]int{}, groups: map[string]*group{}, apps: map[string]appsOf{}}
	if domain = strings.ToLower(domain); domain != "" && !slices.Contains(consumer, domain) {
		p.domains[domain], p.organisation = true, true
	}
	return p
}

func (p *people) inside(domain string) bool { return p.domains[domain] }

func (p *people) byEmail(email string) (Person, bool) {
	i, ok := p.mail[strings.ToLower(email)]
	if !ok {
		return Person{}, false
	}
	return p.list[i], true
}

// heads is how many people the organisation has; < 0 it is not known.
func (p *people) heads() int {
	n := 0
	for _, x := range p.list {
		if !x.Suspended && !x.Archived {
			n++
		}
	}
	if n == 0 {
		return -1
	}
	return n
}

// admin asks the Directory and its kin, each with a token of its own: what one
// scope lacks hides nothing of the others.
type admin struct {
	as       string
	users    *admindir.Service
	domains  *admindir.Service
	members  *admindir.Service
	apps     *admindir.Service
	settings *groupssettings.Service
	reports  *session
}

// load reads the domains and, where all is wanted, everybody.
func (p *people) load(ctx context.Context, everybody bool) error {
	if p.admin == nil {
		return nil
	}
	answer, err := p.admin.domains.Domains.List("my_customer").Fields("domains(domainName,domainAliases(domainAliasName))").Context(ctx).Do()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		p.domainsWhy = failed(ctx, "domains.list", err)
	} else {
		for _, d := range answer.Domains {
			p.domains[strings.ToLower(d.DomainName)] = true
			for _, a := range d.DomainAliases {
				p.domains[strings.ToLower(a.DomainAliasName)] = true
			}
		}
	}
	if !everybody {
		return nil
	}
	token := ""
	for {
		call := p.admin.users.Users.List().Customer("my_customer").MaxResults(500).OrderBy("email").
			Fields("nextPageToken,users(id,primaryEmail,name/fullName,suspended,archived,orgUnitPath)").Context(ctx)
		if token != "" {
			call.PageToken(token)
		}
		page, err := call.Do()
		if err != nil {
			return failed(ctx, "users.list", err)
		}
		for _, u := range page.Users {
			x := Person{ID: u.Id, Email: u.PrimaryEmail, Unit: u.OrgUnitPath, Suspended: u.Suspended, Archived: u.Archived}
			if u.Name != nil {
				x.Name = u.Name.FullName
			}
			p.mail[strings.ToLower(x.Email)] = len(p.list)
			p.list = append(p.list, x)
		}
		if token = page.NextPageToken; token == "" {
			return nil
		}
	}
}

// group is what is known of a group.
type group struct {
	members  map[string]bool // addresses of people
	everyone bool            // the whole organisation is a member
	outside  []string        // members from elsewhere
	join     string          // as Groups Settings calls it
	why      error           // why it is not all known
}

// group expands a group, once.
func (p *people) group(ctx context.Context, email string) *group {
	key := strings.ToLower(email)
	p.mu.Lock()
	g := p.groups[key]
	p.mu.Unlock()
	if g != nil {
		return g
	}
	g = &group{members: map[string]bool{}}
	if p.admin == nil {
		g.why = errors.New("nobody here may ask the Directory for its members")
		return g
	}
	g.why = p.expand(ctx, key, g, map[string]bool{})
	if ctx.Err() != nil {
		return g
	}
	answer, err := p.admin.settings.Groups.Get(key).Fields("whoCanJoin").Context(ctx).Do()
	if err != nil {
		g.why = errors.Join(g.why, fmt.Errorf("who may join is not known: %w", failed(ctx, "groups.get", err)))
	} else {
		g.join = answer.WhoCanJoin
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		p.groups[key] = g
	}
	return g
}

// maxGroups bounds how many groups are followed for one.
const maxGroups = 500

// expand adds the members of a group, also through groups.
func (p *people) expand(ctx context.Context, key string, g *group, seen map[string]bool) error {
	if seen[key] {
		return nil
	}
	seen[key] = true
	if len(seen) > maxGroups {
		return fmt.Errorf("it holds more than %d groups", maxGroups)
	}
	token := ""
	for {
		call := p.admin.members.Members.List(key).MaxResults(200).Fields("nextPageToken,members(email,type,status)").Context(ctx)
		if token != "" {
			call.PageToken(token)
		}
		page, err := call.Do()
		if err != nil {
			return failed(ctx, "members.list of "+key, err)
		}
		for _, m := range page.Members {
			who := strings.ToLower(m.Email)
			_, domain, _ := strings.Cut(who, "@")
			switch {
			case m.Type == "CUSTOMER":
				g.everyone = true
			case m.Type == "GROUP" && p.inside(domain):
				if err := p.expand(ctx, who, g, seen); err != nil {
					return err
				}
			case !p.inside(domain):
				g.outside = append(g.outside, who)
				g.members[who] = true
			default:
				g.members[who] = true
			}
		}
		if token = page.NextPageToken; token == "" {
			return nil
		}
	}
}

// people lists the members who are accounts of the organisation, in order.
func (g *group) people() []string { return slices.Sorted(maps.Keys(g.members)) }

// appsOf are the third parties' applications that an account let into Drive.
type appsOf struct {
	grants []sources.Grant
	why    error
}

// machines are the applications that read an account's Drive along.
func (p *people) machines(ctx context.Context, email string) appsOf {
	if p.admin == nil || email == "" {
		return appsOf{}
	}
	p.mu.Lock()
	a, ok := p.apps[email]
	p.mu.Unlock()
	if ok {
		return a
	}
	answer, err := p.admin.apps.Tokens.List(email).Fields("items(clientId,displayText,scopes)").Context(ctx).Do()
	if err != nil {
		a.why = failed(ctx, "tokens.list", err)
	} else {
		for _, t := range answer.Items {
			if i := slices.IndexFunc(t.Scopes, readsDrive); i >= 0 {
				a.grants = append(a.grants, sources.Grant{
					Who: fmt.Sprintf("application %s (%s)", t.DisplayText, t.ClientId), By: "let in by " + email + " with " + strings.TrimPrefix(t.Scopes[i], scopePrefix),
					Level: sources.Outsiders, Heads: sources.Heads{Max: -1}, Count: "a machine",
				})
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		p.apps[email] = a
	}
	return a
}

// readsDrive reports whether a scope lets an application read what lies in
// Drive.
func readsDrive(scope string) bool {
	name := strings.TrimPrefix(scope, scopePrefix)
	return name == "drive" || name == "drive.readonly" || name == "docs" || strings.HasPrefix(name, "documents") || strings.HasPrefix(name, "spreadsheets") || strings.HasPrefix(name, "presentations")
}

// newAdmin makes the services of an administrator, each with the least scope.
func (s *Source) newAdmin(ctx context.Context, as string, d *Delegation) (*admin, error) {
	a := &admin{as: as}
	var err error
	directory := func(scope string) *admindir.Service {
		c, cerr := s.newSession(ctx, as, d.As(ctx, as, scope))
		if cerr != nil {
			err = errors.Join(err, cerr)
			return nil
		}
		svc, cerr := admindir.NewService(ctx, option.WithHTTPClient(c.http))
		err = errors.Join(err, cerr)
		return svc
	}
	a.users, a.domains, a.members, a.apps = directory(ScopeUsers), directory(ScopeDomains), directory(ScopeMembers), directory(ScopeApps)
	c, cerr := s.newSession(ctx, as, d.As(ctx, as, ScopeSettings))
	if cerr == nil {
		a.settings, cerr = groupssettings.NewService(ctx, option.WithHTTPClient(c.http))
	}
	err = errors.Join(err, cerr)
	a.reports, cerr = s.newSession(ctx, as, d.As(ctx, as, ScopeReports))
	return a, errors.Join(err, cerr)
}
