package smb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"mislaid/internal/paths"
	"mislaid/internal/smb2"
	"mislaid/sources"
)

// spot is where something really lies: what a DFS path leads to, or the path
// itself.
type spot struct {
	server      *server
	share, path string // path is separated by slashes; "" the whole share
}

func (p spot) String() string {
	s := `\\` + p.server.host + `\` + p.share
	if p.path != "" {
		s += `\` + strings.ReplaceAll(p.path, "/", `\`)
	}
	return paths.Legible(s)
}

// key is the same for two spellings of one spot.
func (p spot) key() string {
	return strings.ToLower(p.server.address + "/" + p.share + "/" + p.path)
}

// join returns the spot of something below.
func (p spot) join(rel string) spot {
	p.path = strings.Trim(p.path+"/"+rel, "/")
	return p
}

// under returns what of path lies below prefix, letters of either case.
func under(prefix, path string) (rest string, ok bool) {
	switch {
	case prefix == "":
		return path, true
	case len(path) < len(prefix) || !strings.EqualFold(path[:len(prefix)], prefix):
		return "", false
	case len(path) == len(prefix):
		return "", true
	}
	return path[len(prefix)+1:], path[len(prefix)] == '/'
}

// route is a DFS link of which it is known where it leads.
type route struct {
	link spot
	to   spot
}

// mostHops is how many DFS links in a row are followed: links may lead to links,
// and in circles.
const mostHops = 8

// follow returns where a path leads, as far as it is known.
func (n *Network) follow(p spot) spot {
	n.mu.Lock()
	defer n.mu.Unlock()
	for range mostHops {
		best, rest := -1, ""
		for i, r := range n.routes {
			if r.link.server != p.server || !strings.EqualFold(r.link.share, p.share) {
				continue
			}
			if below, ok := under(r.link.path, p.path); ok && (best < 0 || len(r.link.path) > len(n.routes[best].link.path)) {
				best, rest = i, below
			}
		}
		if best < 0 {
			return p
		}
		p = n.routes[best].to.join(rest)
	}
	return p
}

// spot is where a path of one of the server's shares really lies, as far as it
// is known.
func (s *Source) spot(share, path string) spot {
	return s.config.Network.follow(spot{s.server, share, path})
}

// at waits for its turn and calls f with the tree and the path that a path of a
// share leads to, across DFS links.
func (s *Source) at(ctx context.Context, share, path string, f func(context.Context, *smb2.Tree, string) error) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.atOn(ctx, share, path, new(*link), f)
}

// atOn is at on the connection at pin while that lives.
func (s *Source) atOn(ctx context.Context, share, path string, pin **link, f func(context.Context, *smb2.Tree, string) error) error {
	for hops := 0; ; hops++ {
		p := s.spot(share, path)
		err := p.server.callOn(ctx, p.share, pin, func(ctx context.Context, t *smb2.Tree) error { return f(ctx, t, p.path) })
		if err == nil || hops == mostHops || !s.elsewhere(ctx, p, err) {
			return err
		}
		if _, failed := s.resolve(ctx, p); failed != nil {
			if status, _ := smb2.StatusOf(err); status == smb2.StatusBadNetworkName && ctx.Err() == nil {
				return err // it is no namespace either
			}
			return failed
		}
		*pin = nil // of another server
	}
}

// elsewhere reports whether an error may mean that what lies at p is to be asked
// for at another server.
func (s *Source) elsewhere(ctx context.Context, p spot, err error) bool {
	switch status, _ := smb2.StatusOf(err); status {
	case smb2.StatusPathNotCovered:
		return true
	case smb2.StatusBadNetworkName: // a namespace of the domain, of which this server knows only where it is
		return ctx.Err() == nil && p.server.knowsDFS()
	}
	return false
}

// knowsDFS reports whether the server said that it knows DFS.
func (s *server) knowsDFS() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dfs
}

// LinkError says that a DFS link leads nowhere that could be read.
type LinkError struct {
	Link    string
	Targets []string // \\server\share\path; none: nobody said where it leads
	Err     error
}

func (e *LinkError) Error() string {
	if len(e.Targets) == 0 {
		return fmt.Sprintf("%s lies on another server (DFS), and where it leads could not be found out: %v", e.Link, e.Err)
	}
	return fmt.Sprintf("%s is a DFS link to %s: %v", e.Link, strings.Join(e.Targets, " or "), e.Err)
}

// Unwrap returns why the last target could not be read. That a server is gone is
// not passed on: the one that holds the link is there.
func (e *LinkError) Unwrap() error {
	if stopped := new(StoppedError); errors.Is(e.Err, sources.ErrSession) && !errors.As(e.Err, &stopped) {
		return nil
	}
	return e.Err
}

// resolve asks a server where a path that lies elsewhere leads, finds the first
// of these places that can be read, and remembers it.
func (s *Source) resolve(ctx context.Context, p spot) (to spot, err error) {
	asked := `\` + p.server.host + `\` + p.share
	if p.path != "" {
		asked += `\` + strings.ReplaceAll(p.path, "/", `\`)
	}
	var referrals []smb2.Referral
	err = p.server.call(ctx, "IPC$", func(ctx context.Context, t *smb2.Tree) (err error) {
		referrals, err = t.Referrals(ctx, asked)
		return err
	})
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	if err == nil && len(referrals) == 0 {
		err = errNowhere
	}
	if err != nil {
		return p, &LinkError{Link: p.String(), Err: sentinel(err)}
	}
	from := p
	if from.path, err = consumed(p, referrals[0].Path); err != nil {
		return p, &LinkError{Link: p.String(), Err: err}
	}
	failed := &LinkError{Link: from.String()}
	for _, r := range referrals {
		failed.Targets = append(failed.Targets, paths.Legible(`\`+r.Target))
		for to, err := range s.config.Network.targetsOf(from, r.Target) {
			if err == nil && to.key() == from.key() {
				err = errNowhere
			}
			if err == nil {
				err = to.server.call(ctx, to.share, func(ctx context.Context, t *smb2.Tree) error {
					_, err := t.Stat(ctx, to.path, 0)
					return err
				})
			}
			if ctx.Err() != nil {
				return p, ctx.Err()
			}
			if status, _ := smb2.StatusOf(err); err == nil || status == smb2.StatusPathNotCovered { // the latter: it leads on
				s.config.Network.remember(route{from, to})
				return to, nil
			}
			failed.Err = sentinel(err)
		}
	}
	return p, failed
}

var errNowhere = errors.New("the server names no place")

// consumed is the path within the share of the part of \server\share\path that a
// referral stands for.
func consumed(p spot, referred string) (string, error) {
	parts := strings.Split(strings.Trim(referred, `\`), `\`)
	if len(parts) < 2 {
		return "", errNowhere
	}
	path := strings.Join(parts[2:], "/")
	if _, ok := under(path, p.path); !ok {
		return "", errNowhere
	}
	return path, nil
}

// targetsOf yields the spots that \server\share\path may be. A short name of a
// server is looked for in the domain of the server that gave it first.
func (n *Network) targetsOf(from spot, target string) iter.Seq2[spot, error] {
	return func(yield func(spot, error) bool) {
		t, err := ParseTarget(`\` + target)
		if err == nil && t.Share == "" {
			err = errNowhere
		}
		if err != nil {
			yield(spot{}, err)
			return
		}
		if t.Port == 0 && t.Host == from.server.host {
			t.Port = from.server.port // by a way of its own
		}
		hosts := []string{t.Host}
		if long := n.qualified(from.server.host, t.Host); long != t.Host {
			hosts = []string{long, t.Host}
		}
		for _, t.Host = range hosts {
			if !yield(spot{n.server(t), t.Share, t.Path}, nil) {
				return
			}
		}
	}
}

// qualified is the DNS name of a server of which a server of the given name told
// a short one.
func (n *Network) qualified(teller, host string) string {
	domain := ""
	if n.domain != nil {
		domain = n.domain.DNSName()
	} else if _, rest, ok := strings.Cut(teller, "."); ok && strings.Trim(rest, "0123456789.") != "" {
		domain = rest
	}
	if domain == "" || strings.ContainsAny(host, ".:") {
		return host
	}
	return host + "." + strings.ToLower(domain)
}

func (n *Network) remember(r route) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.routes = slices.DeleteFunc(n.routes, func(o route) bool { return o.link.key() == r.link.key() })
	n.routes = append(n.routes, r)
}

// claim says who reads a spot that a link leads to: the first who asks, unless a
// target of the run holds it. wanted says whether a target that is a whole
// server would have the share crawled.
func (n *Network) claim(p spot, by string, wanted bool) (reader string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range n.targets {
		if t.dialAddress() != p.server.address {
			continue
		}
		if t.Share == "" && wanted && !administrative(p.share) {
			return t.name() + "/" + p.share
		}
		if _, ok := under(t.Path, p.path); ok && strings.EqualFold(t.Share, p.share) {
			return t.String()
		}
	}
	if n.claims[p.key()] == "" {
		n.claims[p.key()] = by
	}
	return n.claims[p.key()]
}

// administrative reports whether a share is one that is left out by its type, as
// far as its name tells: ADMIN$ or the root of a disk.
func administrative(share string) bool {
	return strings.EqualFold(share, "ADMIN$") || len(share) == 2 && share[1] == '$'
}

// Link is a DFS link below a share.
type Link struct {
	Path    string // within the share, separated by slashes
	To      string // \\server\share\path, where it was found
	Err     error  // why it could not be followed
	LeftOut string // why it is not crawled; "" it is
}

// links finds the DFS links below a directory of a share: by a listing, or, if
// one was just made for a crawl, by that. An error comes with no link; what could
// not be listed the crawl says.
func (s *Source) links(ctx context.Context, r root) ([]Link, error) {
	dfs := false
	err := s.at(ctx, r.share, r.dir, func(_ context.Context, t *smb2.Tree, _ string) error {
		dfs = t.DFS
		return nil
	})
	if err != nil || !dfs || r.leaf != "" {
		return nil, err
	}
	found, ok := s.takeFound(r)
	if !ok {
		w := &walk{src: s, ctx: ctx, root: r, yield: func(_ sources.Item, err error) bool { return !errors.Is(err, sources.ErrSession) }}
		w.run("")
		found = w.links
	}
	var links []Link
	for _, path := range found {
		l := Link{Path: r.path(path)}
		var to spot
		err := s.at(ctx, r.share, l.Path, func(ctx context.Context, t *smb2.Tree, path string) error {
			_, err := t.Stat(ctx, path, 0)
			return err
		})
		if ctx.Err() != nil {
			return links, ctx.Err()
		}
		if to = s.spot(r.share, l.Path); err != nil {
			l.Err = err
		} else {
			l.To = to.String()
			own := root{share: r.share, dir: l.Path}
			if reader := s.config.Network.claim(to, s.info.Name+"/"+own.id(), s.shares.Wanted(to.share)); reader != s.info.Name+"/"+own.id() {
				l.LeftOut = "the same as " + reader + ", and read there"
			}
		}
		links = append(links, l)
		if l.Err == nil && l.LeftOut == "" {
			deeper, err := s.links(ctx, root{share: r.share, dir: l.Path})
			if err != nil {
				return links, err
			}
			links = append(links, deeper...)
		}
	}
	return links, nil
}

// Links lists the DFS links below a share.
func (s *Source) Links(ctx context.Context, share string) ([]Link, error) {
	return s.links(ctx, root{share: share})
}

// linked yields the containers that the DFS links of a container are. It reports
// whether more are wanted.
func (s *Source) linked(ctx context.Context, r root, yield func(sources.Container, error) bool) bool {
	links, _ := s.links(ctx, r) // what kept them from being listed keeps the container too, which says so
	for _, l := range links {
		if l.LeftOut != "" {
			continue
		}
		own := root{share: r.share, dir: l.Path}
		err := l.Err
		if err != nil {
			err = fmt.Errorf("smb: %w", sentinel(err))
		}
		if !yield(sources.Container{ID: own.id(), Name: s.containerName(own)}, err) {
			return false
		}
	}
	return true
}

// keepFound keeps the links that a whole listing of a container passed.
func (s *Source) keepFound(r root, links []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[r.id()] = links
}

// takeFound returns them, once: a later listing may find others.
func (s *Source) takeFound(r root) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	links, ok := s.found[r.id()]
	delete(s.found, r.id())
	return links, ok
}
