package smb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"mislaid/internal/pace"
	"mislaid/internal/paths"
	"mislaid/internal/smb2"
	"mislaid/sources"
)

// Config says what to crawl.
type Config struct {
	Network *Network
	Target  Target // its user is not looked at: the network has one

	// Include and Exclude are doublestar patterns: with a slash they are
	// matched against the path relative to the container, without one against
	// the last name of it. What matches a directory holds for all within.
	Include, Exclude []string
	// ExcludeShares are doublestar patterns of names of shares.
	ExcludeShares []string

	Recall bool         // read files that the server would have to fetch from an archive or a cloud
	Ops    pace.Limiter // opens and listings; nil: no limit
}

// Source is one file server, or a part of one. It is safe for concurrent use.
type Source struct {
	config Config
	server *server
	filter paths.Filter
	shares paths.Filter
	info   sources.Info
	close  sync.Once

	mu    sync.Mutex
	found map[string][]string // DFS links that a listing passed, by container
}

// Type is the Info.Type of a Source.
const Type = "smb"

// New returns a Source. It contacts nobody.
func New(c Config) (*Source, error) {
	s := &Source{config: c, found: make(map[string][]string)}
	var err error
	if s.filter, err = paths.NewFilter(c.Include, c.Exclude); err != nil {
		return nil, fmt.Errorf("smb: %w", err)
	}
	if s.shares, err = paths.NewFilter(nil, c.ExcludeShares); err != nil {
		return nil, fmt.Errorf("smb: shares: %w", err)
	}
	title := c.Target
	title.Domain, title.User = "", ""
	s.info = sources.Info{
		Name: c.Target.name(), Type: Type, Title: title.String(), Hosts: []string{c.Target.dialAddress()},
		Streams: c.Network.limits.Opens, Notes: c.Network.notes,
	}
	if c.Network.domain != nil {
		s.info.Hosts = append(s.info.Hosts, c.Network.domain.Address())
	}
	c.Network.use(c.Target)
	s.server = c.Network.server(c.Target)
	return s, nil
}

// Info describes the server.
func (s *Source) Info() sources.Info {
	i := s.info
	i.Hosts, i.Notes = slices.Clone(i.Hosts), slices.Clone(i.Notes)
	return i
}

// root is what a container stands for: a directory of a share, or one file in
// it.
type root struct {
	share string // as the server lists it
	dir   string // raw, "" is the whole share
	leaf  string // raw name of the one file; "" is all files
}

// id is the Container.ID: share/dir, or share/dir:leaf. No name of a share or
// file holds a slash or a colon.
func (r root) id() string {
	raw := r.share
	if r.dir != "" {
		raw += "/" + r.dir
	}
	if r.leaf != "" {
		raw += ":" + r.leaf
	}
	return paths.Legible(raw)
}

func parseRoot(id string) (r root, ok bool) {
	raw := paths.Unescape(id)
	raw, r.leaf, _ = strings.Cut(raw, ":")
	r.share, r.dir, _ = strings.Cut(raw, "/")
	if r.share == "" || strings.ContainsAny(raw, "\x00\\") || r.leaf != "" && !validPath(r.leaf) || r.dir != "" && !validPath(r.dir) {
		return root{}, false
	}
	return r, r.id() == id
}

// validPath reports whether a listing may have given the raw path.
func validPath(raw string) bool {
	if strings.ContainsAny(raw, "\x00:\\") {
		return false
	}
	_, _, ok := paths.SplitID(paths.Legible(raw))
	return ok
}

// path is the path within the share.
func (r root) path(rel string) string {
	switch {
	case r.dir == "":
		return rel
	case rel == "":
		return r.dir
	}
	return r.dir + "/" + rel
}

// Containers lists the share of the target, or all shares with files.
func (s *Source) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(sources.Container{}, err)
			return
		}
		if s.config.Target.Share != "" {
			r, err := s.namedRoot(ctx)
			c := sources.Container{ID: r.id(), Name: s.containerName(r)}
			if err != nil && (ctx.Err() != nil || errors.Is(err, sources.ErrSession)) {
				c = sources.Container{}
			}
			if yield(c, err) && err == nil {
				s.linked(ctx, r, yield)
			}
			return
		}
		shares, err := s.Shares(ctx)
		if err != nil {
			yield(sources.Container{}, err)
			return
		}
		for _, share := range shares {
			if share.LeftOut != "" {
				continue
			}
			r := root{share: share.Name}
			if !yield(sources.Container{ID: r.id(), Name: s.containerName(r)}, nil) || !s.linked(ctx, r, yield) {
				return
			}
		}
	}
}

func (s *Source) containerName(r root) string {
	name := `\\` + s.server.host + `\` + r.share
	for _, part := range []string{r.dir, r.leaf} {
		if part != "" {
			name += `\` + strings.ReplaceAll(part, "/", `\`)
		}
	}
	return paths.Legible(name)
}

// namedRoot finds out whether the target is there, and a directory or a file.
func (s *Source) namedRoot(ctx context.Context) (root, error) {
	r := root{share: s.config.Target.Share, dir: s.config.Target.Path}
	var info smb2.Info
	err := s.at(ctx, r.share, r.dir, func(ctx context.Context, t *smb2.Tree, path string) (err error) {
		info, err = t.Stat(ctx, path, 0)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("smb: %s: %w", r.id(), sentinel(err))
	}
	if r.dir != "" && info.Attributes&smb2.AttrDirectory == 0 {
		at := strings.LastIndexByte(r.dir, '/')
		r.dir, r.leaf = r.dir[:max(0, at)], r.dir[at+1:]
	}
	return r, nil
}

// call waits for its turn and calls f with a tree of the share.
func (s *Source) call(ctx context.Context, share string, f func(context.Context, *smb2.Tree) error) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.server.call(ctx, share, f)
}

// wait waits until one more open or listing may be asked for.
func (s *Source) wait(ctx context.Context) error {
	if s.config.Ops == nil {
		return ctx.Err()
	}
	return s.config.Ops.Wait(ctx, 1)
}

// Items lists a container depth first, the entries of each directory sorted by
// the bytes of their names. Leaving out and failing are errors with an item: a
// *sources.SkipError, or one that wraps ErrDenied, ErrGone or ErrUnsupported.
func (s *Source) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		r, ok := parseRoot(c.ID)
		switch {
		case ctx.Err() != nil:
			yield(sources.Item{}, ctx.Err())
		case !ok:
			yield(sources.Item{}, fmt.Errorf("smb: no container %q: %w", c.ID, sources.ErrGone))
		case r.leaf != "":
			s.single(ctx, r, after, yield)
		default:
			w := &walk{src: s, ctx: ctx, root: r, yield: yield}
			w.run(after)
		}
	}
}

// single lists a container that is one file.
func (s *Source) single(ctx context.Context, r root, after sources.Cursor, yield func(sources.Item, error) bool) {
	id := paths.Legible(r.leaf)
	if string(after) == id {
		return
	}
	it, err := s.Item(ctx, sources.Ref{Source: s.info.Name, Container: r.id(), Item: id})
	if ctx.Err() != nil || errors.Is(err, sources.ErrSession) {
		yield(sources.Item{}, err)
		return
	}
	if err != nil {
		it = s.item(r, id, smb2.Info{Size: -1})
	}
	yield(it, err)
}

// item is the Item of a file.
func (s *Source) item(r root, id string, info smb2.Info) sources.Item {
	return sources.Item{
		Container: r.id(), ID: id, Path: id, Link: s.link(r, id), Attr: attr(info),
		Cursor: sources.Cursor(id), Ranges: true,
	}
}

// link is where a person opens a file.
func (s *Source) link(r root, id string) string {
	u := url.URL{Scheme: "smb", Host: s.config.Target.address(), Path: "/" + r.share + "/" + r.path(paths.Unescape(id))}
	return u.String()
}

// attr is what a listing or an open says of a file.
func attr(info smb2.Info) sources.Attr {
	a := sources.Attr{Size: info.Size, ModTime: info.ModTime()}
	if info.Size >= 0 {
		a.Version = version(info)
		changed := info.ModTime()
		if c := info.ChangeTime(); c.After(changed) {
			changed = c
		}
		a.Fresh = time.Since(changed) < freshness
	}
	return a
}

// freshness is how long a file may change again without another version: the
// times of some file systems count in steps of two seconds. Ours and the
// server's clock may differ by a little.
const freshness = 5 * time.Second

// version changes when the bytes do: size, both times that change with them, and
// the number of the file.
func version(info smb2.Info) string {
	return fmt.Sprintf("%x-%x-%x-%x", info.Size, info.Written, info.Changed, info.Index)
}

// locate returns the container and the path within its share that an item
// stands for.
func (s *Source) locate(container, id string) (root, string, error) {
	r, ok := parseRoot(container)
	if !ok {
		return r, "", fmt.Errorf("smb: no container %q: %w", container, sources.ErrGone)
	}
	raw := paths.Unescape(id)
	if _, _, ok := paths.SplitID(id); !ok || !validPath(raw) || r.leaf != "" && raw != r.leaf {
		return r, "", fmt.Errorf("smb: no listing gives the ID %q: %w", id, sources.ErrGone)
	}
	return r, r.path(raw), nil
}

// Item finds a file again by its ID.
func (s *Source) Item(ctx context.Context, ref sources.Ref) (sources.Item, error) {
	if err := ctx.Err(); err != nil {
		return sources.Item{}, err
	}
	r, path, err := s.locate(ref.Container, ref.Item)
	if err != nil {
		return sources.Item{}, err
	}
	if !s.filter.Wanted(paths.Unescape(ref.Item)) {
		return sources.Item{}, &sources.SkipError{Reason: "excluded"}
	}
	var info smb2.Info
	err = s.at(ctx, r.share, path, func(ctx context.Context, t *smb2.Tree, path string) (err error) {
		info, err = t.Stat(ctx, path, 0)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return sources.Item{}, ctx.Err()
	case err != nil:
		return sources.Item{}, fmt.Errorf("smb: %s: %w", ref.Item, sentinel(err))
	case info.Attributes&smb2.AttrDirectory != 0:
		return sources.Item{}, fmt.Errorf("smb: %s: is a directory: %w", ref.Item, sources.ErrGone)
	}
	if err := s.readable(info); err != nil {
		return sources.Item{}, err
	}
	return s.item(r, ref.Item, info), nil
}

// readable says why a file is not to be opened.
func (s *Source) readable(info smb2.Info) error {
	if info.Attributes&smb2.AttrReparse != 0 {
		if reason := notFiles[info.Tag]; reason != "" {
			return &sources.SkipError{Reason: reason}
		}
	}
	if info.Attributes&(smb2.AttrOffline|smb2.AttrRecallOpen|smb2.AttrRecallAccess) != 0 && !s.config.Recall {
		return fmt.Errorf("its content lies in an archive or a cloud, and reading it would fetch it from there (--smb-recall does): %w", sources.ErrUnsupported)
	}
	return nil
}

// notFiles are reparse points without content of their own.
var notFiles = map[uint32]string{
	smb2.TagSymlink: "symlink", smb2.TagLXSymlink: "symlink", smb2.TagMountPoint: "junction", smb2.TagNFS: "special file",
	smb2.TagDFS:  "DFS link", // a container of its own
	smb2.TagFIFO: "fifo", smb2.TagSocket: "socket", smb2.TagCharDevice: "device", smb2.TagBlkDevice: "device",
}

// sentinel makes an error of the server wrap the one of package sources that it
// matches, so that both can be told.
func sentinel(err error) error {
	status, _ := smb2.StatusOf(err)
	switch {
	case errors.Is(err, sources.ErrSession):
	case status == smb2.StatusStoppedOnSymlink:
		return &sources.SkipError{Reason: "symlink"}
	case status == smb2.StatusFileIsADirectory:
		return fmt.Errorf("%w (%w)", sources.ErrGone, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (%w)", sources.ErrDenied, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w (%w)", sources.ErrGone, err)
	}
	return err
}

// Close ends the sessions when it is the last source of its network.
func (s *Source) Close() error {
	s.close.Do(s.config.Network.leave)
	return nil
}
