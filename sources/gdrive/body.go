package gdrive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"mislaid/sources"
)

// Item finds an item again by its ID.
func (s *Source) Item(ctx context.Context, ref sources.Ref) (sources.Item, error) {
	ct, err := s.container(ctx, ref.Container)
	if err != nil {
		return sources.Item{}, err
	}
	c, err := s.as(ctx, ct.subject)
	if err != nil {
		return sources.Item{}, err
	}
	id, revision, comments := cutExtra(ref.Item)
	f, err := c.get(ctx, id, s.keyOf(ct, id), fileFields)
	if err != nil {
		return sources.Item{}, err
	}
	if f.isFolder() || f.isLink() {
		return sources.Item{}, fmt.Errorf("gdrive: %s is a folder or shortcut: %w", id, sources.ErrGone)
	}
	if s.excluded(f) {
		return sources.Item{}, &sources.SkipError{Reason: "owner excluded"}
	}
	f.ResourceKey = firstOf(f.ResourceKey, s.keyOf(ct, id))
	it, err := s.item(ct, f, s.tree(ct, f.DriveId).path(ctx, f, true))
	switch {
	case comments:
		return commentsOf(f, it), err
	case revision != "" && err == nil:
		older, err := c.revisions(ctx, f)
		if err != nil {
			return sources.Item{}, err
		}
		for _, r := range older {
			if r.Id == revision {
				return revisionOf(f, it, r), nil
			}
		}
		return sources.Item{}, fmt.Errorf("gdrive: revision %s of %s: %w", revision, id, sources.ErrGone)
	}
	return it, err
}

// keyOf is the resource key that the user's link brought along.
func (s *Source) keyOf(ct *container, id string) string {
	if id == ct.item {
		return ct.key
	}
	return ""
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Open reads an item. Where events are wanted it reads first who has looked at
// the file, before our own reading stands in the log.
func (s *Source) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	if off < 0 {
		return nil, fmt.Errorf("gdrive: %q cannot be opened at %d", it.ID, off)
	}
	ct, err := s.container(ctx, it.Container)
	if err != nil {
		return nil, err
	}
	c, err := s.as(ctx, ct.subject)
	if err != nil {
		return nil, err
	}
	id, revision, comments := cutExtra(it.ID)
	listed, _ := it.Own.(file)
	key := s.keyOf(ct, id)
	if listed.File != nil {
		key = firstOf(listed.ResourceKey, key)
	}
	f, err := c.get(ctx, id, key, fileFields)
	if err != nil {
		return nil, err
	}
	if f.isFolder() || f.isLink() {
		return nil, fmt.Errorf("gdrive: %s is a folder or shortcut: %w", id, sources.ErrUnsupported)
	}
	f.ResourceKey = firstOf(f.ResourceKey, key)
	found, err := s.item(ct, f, it.Path)
	if comments {
		found = commentsOf(f, found)
	}
	if revision != "" {
		found = it // an older revision does not change
	}
	if err != nil {
		return nil, s.exposed(ctx, ct, f, err)
	}
	if it.Attr.Version != "" && found.Attr.Version != it.Attr.Version {
		return nil, fmt.Errorf("gdrive: %s: %w", it.ID, sources.ErrChanged)
	}
	if off != 0 && !f.isBlob() {
		return nil, fmt.Errorf("gdrive: %q cannot be opened at %d", it.ID, off)
	}
	if s.config.Viewers {
		s.readViews(ctx, id)
	}
	b := &body{ctx: ctx, src: s, as: c, f: f, revision: revision, comments: comments, attr: found.Attr, off: off, left: max(n, -1)}
	if err := b.open(); err != nil {
		return nil, s.exposed(ctx, ct, f, err)
	}
	return b, nil
}

// exposed adds to the error of a file that stays unread who can read it all the
// same.
func (s *Source) exposed(ctx context.Context, ct *container, f file, err error) error {
	if skip := new(sources.SkipError); errors.As(err, &skip) || errors.Is(err, sources.ErrSession) || errors.Is(err, sources.ErrGone) || ctx.Err() != nil {
		return err
	}
	a, _ := s.audienceOf(ctx, ct, f) // what it could not find out it says
	return &sources.ExposedError{Err: err, Audience: a}
}

// setRange asks for n bytes from off on; n < 0 is to the end.
func setRange(h http.Header, off, n int64) {
	switch {
	case n > 0:
		h.Set("Range", fmt.Sprintf("bytes=%d-%d", off, off+n-1))
	case off > 0:
		h.Set("Range", fmt.Sprintf("bytes=%d-", off))
	}
}

// blob opens the bytes of an uploaded file.
func (c *session) blob(ctx context.Context, f file, off, n int64) (io.ReadCloser, error) {
	call := c.drive.Files.Get(f.Id).SupportsAllDrives(true).Context(ctx)
	keyHeader(call.Header(), f)
	setRange(call.Header(), off, n)
	res, err := call.Download()
	return opened(ctx, "files.get", res, err)
}

// exported opens a file of Google's own in the format that holds the most.
func (s *Source) exported(ctx context.Context, c *session, f file) (io.ReadCloser, error) {
	mime := exports[f.MimeType].mime
	if f.MimeType == mimeDoc && !s.withoutDocs() {
		r, err := c.docText(ctx, f)
		var refused *APIError
		if !errors.As(err, &refused) || refused.Reason != "accessNotConfigured" && refused.Reason != "SERVICE_DISABLED" && refused.Reason != "PERMISSION_DENIED" {
			return r, err
		}
		s.mu.Lock()
		s.docsOff = true
		s.mu.Unlock()
	}
	call := c.drive.Files.Export(f.Id, mime).Context(ctx)
	keyHeader(call.Header(), f)
	res, err := call.Download()
	if err == nil {
		return res.Body, nil
	}
	err = failed(ctx, "files.export", err)
	var refused *APIError
	if !errors.As(err, &refused) || refused.Reason != "exportSizeLimitExceeded" {
		return nil, err
	}
	links, lerr := c.get(ctx, f.Id, f.ResourceKey, "id,exportLinks")
	if lerr != nil || links.ExportLinks[mime] == "" {
		return nil, err
	}
	return c.link(ctx, links.ExportLinks[mime])
}

func (s *Source) withoutDocs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.docsOff
}

// link opens an export link, to Google's own hosts only.
func (c *session) link(ctx context.Context, address string) (io.ReadCloser, error) {
	u, err := url.Parse(address)
	if err != nil || !isGoogle(u) {
		return nil, fmt.Errorf("gdrive: an export link that does not lead to Google: %w", sources.ErrUnsupported)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, failed(ctx, "export link", err)
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		return nil, newAPIError("export link", res.StatusCode, reasonOf(raw))
	}
	return res.Body, nil
}

// body reads an opened item. A connection that breaks in the middle of a blob is
// made again at the next byte.
type body struct {
	ctx      context.Context
	src      *Source
	as       *session
	f        file
	revision string
	comments bool
	attr     sources.Attr
	off      int64 // of the next byte
	left     int64 // bytes that may still be read; < 0: all
	broken   int   // how often in a row the connection broke

	r    io.ReadCloser
	done bool
}

var errClosed = errors.New("gdrive: closed")

// maxBroken is how often in a row a connection may break.
const maxBroken = 5

func (b *body) open() (err error) {
	blob := b.f.isBlob() && !b.comments
	size := b.attr.Size
	switch {
	case b.left == 0, blob && size >= 0 && b.off >= size:
		b.r, b.left = http.NoBody, 0
	case b.comments:
		b.r, err = b.as.comments(b.ctx, b.f)
	case b.revision != "":
		b.r, err = b.as.revision(b.ctx, b.f, b.revision, b.off, b.left)
	case blob:
		b.r, err = b.as.blob(b.ctx, b.f, b.off, b.left)
	default:
		b.r, err = b.src.exported(b.ctx, b.as, b.f)
	}
	return err
}

// whole reports whether the end has been reached that the size tells.
func (b *body) whole() bool {
	return b.comments || !b.f.isBlob() || b.attr.Size < 0 || b.off >= b.attr.Size || b.left == 0
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	for {
		if err := b.ctx.Err(); err != nil {
			return 0, err
		}
		if b.done {
			return 0, errClosed
		}
		if b.left == 0 {
			return 0, io.EOF
		}
		if b.left > 0 {
			p = p[:min(int64(len(p)), b.left)]
		}
		if err := b.src.spend(0); err != nil {
			return 0, err
		}
		n, err := b.r.Read(p)
		b.off += int64(n)
		if b.left > 0 {
			b.left -= int64(n)
		}
		_ = b.src.spend(int64(n))
		switch {
		case n > 0:
			b.broken = 0
			return n, nil // an error comes again
		case err == nil, errors.Is(err, io.EOF) && b.whole():
			return 0, err
		case b.ctx.Err() != nil:
			return 0, b.ctx.Err()
		case !b.f.isBlob() || b.comments || b.broken == maxBroken:
			return 0, fmt.Errorf("gdrive: %s: %w", b.f.Id, lost(err))
		}
		_ = b.r.Close() // it is broken
		b.r = http.NoBody
		if err := sleep(b.ctx, backoff.Wait(b.broken)); err != nil {
			return 0, err
		}
		b.broken++
		if err := b.open(); err != nil {
			return 0, err
		}
	}
}

// spend counts downloaded bytes, and says when there may be no more.
func (s *Source) spend(n int64) error {
	if s.config.Budget <= 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.downloaded += n
	if s.downloaded >= s.config.Budget {
		return fmt.Errorf("gdrive: the download budget of %d bytes is used up; go on tomorrow with --resume: %w", s.config.Budget, sources.ErrSession)
	}
	return nil
}

// Attr says how the item stood when it was opened.
func (b *body) Attr() sources.Attr { return b.attr }

// Changed asks Drive whether the file is still the one that was opened.
func (b *body) Changed() (bool, error) {
	if b.revision != "" {
		return false, nil
	}
	f, err := b.as.get(b.ctx, b.f.Id, b.f.ResourceKey, "id,version,modifiedTime,headRevisionId,md5Checksum")
	if err != nil {
		if b.ctx.Err() != nil {
			return false, err
		}
		return true, nil //nolint:nilerr // gone is changed
	}
	if b.comments {
		return f.Version != b.f.Version, nil
	}
	return f.version() != b.f.version(), nil
}

// Close closes what is open.
func (b *body) Close() error {
	if b.done {
		return errClosed
	}
	b.done = true
	return b.r.Close()
}
