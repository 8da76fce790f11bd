package gdrive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"iter"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/drive/v3"
	"google.golang.org/api/googleapi"

	"mislaid/sources"
)

// cursor is where a listing stands: at a page of the files, with the change token
// that was taken before the first one; or at a page of changes.
type cursor struct {
	Start   string `json:"s,omitempty"` // change token of the time before the listing
	Page    string `json:"p,omitempty"` // the page that is not done; "" the first
	Changes string `json:"c,omitempty"` // the page of changes that is not done
	Links   bool   `json:"l,omitempty"` // all pages are done: what shortcuts lead to is not
	Done    int    `json:"n,omitempty"` // so many of the page are done
	Sum     uint64 `json:"h,omitempty"` // of their IDs: a page that begins with others is listed again
}

func (c cursor) String() sources.Cursor {
	b, err := json.Marshal(c)
	if err != nil {
		return "{}"
	}
	return sources.Cursor(b)
}

// parseCursor reads a cursor. One that is none begins at the start.
func parseCursor(s sources.Cursor) cursor {
	var c cursor
	if json.Unmarshal([]byte(s), &c) != nil {
		return cursor{}
	}
	return c
}

// crawl is one listing of a container.
type crawl struct {
	*Source
	ctx   context.Context
	ct    *container
	as    *session
	yield func(sources.Item, error) bool
	at    cursor
	next  cursor // where it stands when what is being yielded is done
	done  bool   // nobody wants more
	ask   bool   // resumed: the folders above and the shortcuts were not all listed
	seen  map[uint64]struct{}
	seed  maphash.Seed
	links []file
	audit func(file, sources.Item, sources.Audience, error) // ls: takes what would be yielded
}

// Items lists the files of a container, what shortcuts in it lead to, and where
// that is wanted the comments and older revisions of each.
func (s *Source) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		w, err := s.newCrawl(ctx, c.ID, after, yield)
		if err == nil {
			err = cmp.Or(w.run(), ctx.Err())
		}
		if err != nil && (w == nil || !w.done) {
			yield(sources.Item{}, err)
		}
	}
}

func (s *Source) newCrawl(ctx context.Context, id string, after sources.Cursor, yield func(sources.Item, error) bool) (*crawl, error) {
	ct, err := s.container(ctx, id)
	if err != nil {
		return nil, err
	}
	as, err := s.as(ctx, ct.subject)
	if err != nil {
		return nil, err
	}
	at := parseCursor(after)
	return &crawl{Source: s, ctx: ctx, ct: ct, as: as, yield: yield, at: at, ask: at.Page != "" || at.Changes != "" || at.Links || at.Done > 0, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed()}, nil
}

// run lists all.
func (w *crawl) run() error {
	switch {
	case w.ct.item != "":
		return w.tree()
	case w.at.Changes != "":
		return w.changes()
	}
	if w.at.Start == "" && w.audit == nil {
		token, err := w.startToken()
		if err != nil {
			return err
		}
		w.at.Start = token
	}
	if err := w.pages(); err != nil || w.done {
		return err
	}
	if err := w.follow(); err != nil || w.done {
		return err
	}
	if w.at.Start != "" && w.ctx.Err() == nil {
		w.done = !w.yield(sources.Item{Cursor: cursor{Changes: w.at.Start}.String()}, nil)
	}
	return nil
}

func (w *crawl) startToken() (string, error) {
	call := w.as.drive.Changes.GetStartPageToken().SupportsAllDrives(true).Fields("startPageToken").Context(w.ctx)
	if w.ct.drive != "" {
		call.DriveId(w.ct.drive)
	}
	answer, err := call.Do()
	if err != nil {
		return "", failed(w.ctx, "changes.getStartPageToken", err)
	}
	return answer.StartPageToken, nil
}

// query is the q of a listing. Folders are always in it: what is granted on them
// is granted below.
func (w *crawl) query() string {
	var all []string
	var files []string
	if w.config.Target.Domain != "" && w.ct.drive == "" {
		all = append(all, "'me' in owners")
	}
	if t := w.config.After; !t.IsZero() {
		files = append(files, "modifiedTime >= '"+t.UTC().Format(time.RFC3339)+"'")
	}
	if len(files) > 0 {
		all = append(all, "(mimeType = '"+mimeFolder+"' or "+strings.Join(files, " and ")+")")
	}
	return strings.Join(all, " and ")
}

// pages lists the pages of the files, folders first.
func (w *crawl) pages() error {
	if w.at.Links {
		return nil
	}
	for !w.done {
		call := w.as.drive.Files.List().PageSize(1000).OrderBy("folder").Spaces("drive").SupportsAllDrives(true).IncludeItemsFromAllDrives(true).
			IncludePermissionsForView(published).Fields("nextPageToken,incompleteSearch,files(" + fileFields + ")").Context(w.ctx)
		if w.ct.drive != "" {
			call.Corpora("drive").DriveId(w.ct.drive)
		}
		if q := w.query(); q != "" {
			call.Q(q)
		}
		if w.at.Page != "" {
			call.PageToken(w.at.Page)
		}
		page, err := call.Do()
		if err != nil {
			err = failed(w.ctx, "files.list", err)
			if w.at.Page != "" {
				err = expired(err)
			}
			return err
		}
		if page.IncompleteSearch {
			w.emit(sources.Item{ID: "incomplete search", Path: w.ct.title}, errors.New("gdrive: files.list: Google says that it did not search everything; scan the shared drives by themselves"))
		}
		w.each(len(page.Files), func(i int) string { return page.Files[i].Id }, func(i int, done bool) {
			if done {
				w.passed(file{page.Files[i]})
				return
			}
			w.file(file{page.Files[i]})
		})
		if page.NextPageToken == "" {
			return nil
		}
		w.at.Page, w.at.Done, w.at.Sum = page.NextPageToken, 0, 0
	}
	return nil
}

// each calls f with the things of a page, and says which of them were done
// before a resumed listing, if the page still begins with the same ones.
func (w *crawl) each(n int, id func(i int) string, f func(i int, done bool)) {
	skip, sum := 0, uint64(0)
	if w.at.Done > 0 && w.at.Done <= n {
		for i := range w.at.Done {
			sum += idSum(id(i))
		}
		if sum == w.at.Sum {
			skip = w.at.Done
		}
	}
	w.at.Done, w.at.Sum = 0, 0
	for i := range n {
		if w.done || w.ctx.Err() != nil {
			return
		}
		w.next = w.at
		w.next.Done, w.next.Sum = w.at.Done+1, w.at.Sum+idSum(id(i))
		f(i, i < skip)
		w.at = w.next
	}
}

// idSum is a number for an ID, the same in every run.
func idSum(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum64()
}

// passed takes in what a resumed listing needs of a file that is done.
func (w *crawl) passed(f file) {
	switch {
	case f.isFolder():
		w.Source.tree(w.ct, f.DriveId).saw(f)
	case !f.isLink():
		w.seen[w.hash(f.Id)] = struct{}{}
	}
}

// emit yields an item with the cursor of what is done with it; where it has
// others hanging on it, of what is done before it.
func (w *crawl) emit(it sources.Item, err error) {
	if w.done {
		return
	}
	at := w.next
	if w.config.Comments || w.config.Revisions {
		at = w.at
	}
	it.Container, it.Cursor = w.ct.id, at.String()
	w.done = !w.yield(it, err)
}

func (w *crawl) hash(id string) uint64 { return maphash.String(w.seed, id) }

// file yields a listed file, unless it is none, is left out by rule, or was
// yielded before.
func (w *crawl) file(f file) {
	t := w.Source.tree(w.ct, f.DriveId)
	if f.isFolder() {
		t.saw(f)
		if w.audit != nil {
			w.judged(f, t)
		}
		return
	}
	if f.isLink() {
		w.links = append(w.links, f)
		return
	}
	if _, twice := w.seen[w.hash(f.Id)]; twice {
		return
	}
	w.seen[w.hash(f.Id)] = struct{}{}
	if w.ct.drive == "" && w.ct.item == "" && f.DriveId != "" && w.listed("drive:"+f.DriveId) {
		return // its shared drive is a container of its own
	}
	w.judged(f, t)
}

// listed reports whether a container is one that is crawled and can be read.
func (s *Source) listed(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ct := s.containers[id]
	return ct != nil && ct.why == nil
}

// judged yields a file that is not left out by rule.
func (w *crawl) judged(f file, t *tree) {
	it, err := w.item(w.ct, f, t.path(w.ctx, f, w.ask))
	audience, aerr := w.audienceOf(w.ctx, w.ct, f)
	if w.ctx.Err() != nil {
		return // the next page says so
	}
	if reason := w.unwanted(f, audience); reason != "" {
		if w.at.Changes == "" && w.audit == nil {
			w.emit(it, &sources.SkipError{Reason: reason})
		}
		return
	}
	if w.audit != nil {
		w.audit(f, it, audience, errors.Join(err, aerr))
		return
	}
	if skip := new(sources.SkipError); err != nil && !errors.As(err, &skip) {
		err = &sources.ExposedError{Err: err, Audience: audience}
	}
	w.emit(it, err)
	w.extras(f, it)
}

// unwanted says by which rule a file is left out; "" none.
func (w *crawl) unwanted(f file, a sources.Audience) string {
	c := &w.config
	modified := parseTime(f.ModifiedTime)
	switch {
	case w.excluded(f):
		return "owner excluded"
	case len(c.Owners) > 0 && !owned(f, c.Owners):
		return "other owner"
	case !c.After.IsZero() && modified.Before(c.After):
		return "modified earlier"
	case len(c.MIME) > 0 && !slices.ContainsFunc(c.MIME, func(m string) bool {
		return m == f.MimeType || strings.HasSuffix(m, "/") && strings.HasPrefix(f.MimeType, m)
	}):
		return "other kind of file"
	case len(c.Folders) > 0 && !w.Source.tree(w.ct, f.DriveId).below(w.ctx, f, c.Folders):
		return "other folder"
	case !c.Sharing.wants(a):
		return "not shared " + map[Sharing]string{BroadSharing: "broadly", ExternalSharing: "outside"}[c.Sharing]
	}
	return ""
}

func (s *Source) excluded(f file) bool {
	if len(s.config.ExcludeUsers) > 0 && owned(f, s.config.ExcludeUsers) {
		return true
	}
	p, ok := s.people.byEmail(f.owner())
	return ok && s.leftOut(p)
}

// changes lists what changed since a token was taken.
func (w *crawl) changes() error {
	for !w.done {
		call := w.as.drive.Changes.List(w.at.Changes).PageSize(1000).Spaces("drive").IncludeRemoved(true).SupportsAllDrives(true).IncludeItemsFromAllDrives(true).
			IncludePermissionsForView(published).
			Fields(googleapi.Field("nextPageToken,newStartPageToken,changes(changeType,fileId,removed,file(" + fileFields + "))")).Context(w.ctx)
		if w.ct.drive != "" {
			call.DriveId(w.ct.drive)
		} else if w.config.Target.Domain != "" {
			call.RestrictToMyDrive(true)
		}
		page, err := call.Do()
		if err != nil {
			return expired(failed(w.ctx, "changes.list", err))
		}
		w.each(len(page.Changes), func(i int) string { return page.Changes[i].FileId }, func(i int, done bool) {
			if ch := page.Changes[i]; !done || ch.File != nil && ch.File.MimeType == mimeLink {
				w.change(ch)
			}
		})
		if page.NextPageToken == "" {
			if err := w.follow(); err != nil || w.done {
				return err
			}
			w.done = !w.yield(sources.Item{Cursor: cursor{Changes: page.NewStartPageToken}.String()}, nil)
			return nil
		}
		w.at.Changes, w.at.Done, w.at.Sum = page.NextPageToken, 0, 0
	}
	return nil
}

func (w *crawl) change(ch *drive.Change) {
	switch {
	case ch.ChangeType != "file" && ch.ChangeType != "":
	case ch.Removed || ch.File == nil:
		w.emit(sources.Item{ID: ch.FileId, Path: ch.FileId}, fmt.Errorf("gdrive: %s was removed, or may no longer be seen: %w", ch.FileId, sources.ErrGone))
	case w.config.Target.Domain != "" && w.ct.drive == "" && !owned(file{ch.File}, []string{w.ct.subject}):
	default:
		w.file(file{ch.File})
	}
}

// tree lists a file, or all that lies in a folder.
func (w *crawl) tree() error {
	f, err := w.as.get(w.ctx, w.ct.item, w.ct.key, fileFields)
	if err != nil {
		return err
	}
	w.ask = true
	w.at.Page = "."
	w.next = w.at
	if !f.isFolder() {
		w.file(f)
		return w.treeLinks()
	}
	w.Source.tree(w.ct, f.DriveId).saw(f)
	todo := []string{f.Id}
	visited := map[string]bool{f.Id: true}
	for len(todo) > 0 && !w.done {
		batch := todo[:min(len(todo), foldersAtOnce)]
		todo = todo[len(batch):]
		err := w.children(batch, f.DriveId, func(child file) {
			if child.isFolder() && !visited[child.Id] {
				visited[child.Id] = true
				todo = append(todo, child.Id)
			}
			w.file(child)
		})
		if err != nil {
			return err
		}
	}
	return w.treeLinks()
}

func (w *crawl) treeLinks() error {
	page := w.at.Page
	defer func() { w.at.Page = page }()
	return w.follow()
}

// foldersAtOnce is of how many folders one request lists the content.
const foldersAtOnce = 50

func (w *crawl) children(folders []string, driveID string, each func(file)) error {
	var terms []string
	for _, id := range folders {
		terms = append(terms, "'"+id+"' in parents")
	}
	return w.search(strings.Join(terms, " or "), driveID, each)
}

// search calls each with the files that a query finds.
func (w *crawl) search(q, driveID string, each func(file)) error {
	token := ""
	for !w.done {
		call := w.as.drive.Files.List().Q(q).PageSize(1000).Spaces("drive").SupportsAllDrives(true).IncludeItemsFromAllDrives(true).
			IncludePermissionsForView(published).Fields("nextPageToken,files(" + fileFields + ")").Context(w.ctx)
		if driveID != "" {
			call.Corpora("drive").DriveId(driveID)
		}
		if token != "" {
			call.PageToken(token)
		}
		page, err := call.Do()
		if err != nil {
			return failed(w.ctx, "files.list", err)
		}
		for _, f := range page.Files {
			if w.done {
				return nil
			}
			each(file{f})
		}
		if token = page.NextPageToken; token == "" {
			return nil
		}
	}
	return nil
}
