package gdrive

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"google.golang.org/api/drive/v3"

	"mislaid/sources"
)

// What hangs on a file is an item of its own, named after it.
const (
	commentsMark = "@comments"
	revisionMark = "@revision-"
)

// cutExtra splits an item's ID into that of its file, and what of the file it is.
func cutExtra(id string) (fileID, revision string, comments bool) {
	if base, ok := strings.CutSuffix(id, commentsMark); ok {
		return base, "", true
	}
	base, rev, _ := strings.Cut(id, revisionMark)
	return base, rev, false
}

// extras yields the comments and older revisions of a listed file, where they
// are wanted.
func (w *crawl) extras(f file, it sources.Item) {
	if w.config.MetadataOnly || w.done || w.readable(f) != nil {
		return
	}
	if w.config.Comments {
		w.emit(commentsOf(f, it), nil)
	}
	if !w.config.Revisions {
		return
	}
	older, err := w.as.revisions(w.ctx, f)
	if err != nil {
		if w.ctx.Err() == nil {
			extra := revisionOf(f, it, &drive.Revision{Id: "all"})
			w.emit(extra, fmt.Errorf("gdrive: the older revisions: %w", err))
		}
		return
	}
	for _, r := range older {
		w.emit(revisionOf(f, it, r), nil)
	}
}

func commentsOf(f file, it sources.Item) sources.Item {
	return sources.Item{
		Container: it.Container, ID: f.Id + commentsMark, Path: it.Path + " (comments)", Link: it.Link, Author: it.Author, Own: f,
		Attr: sources.Attr{Size: -1, ModTime: it.Attr.ModTime, Version: fmt.Sprintf("v%d", f.Version)},
	}
}

func revisionOf(f file, it sources.Item, r *drive.Revision) sources.Item {
	size := int64(-1)
	if f.isBlob() && r.Size > 0 {
		size = r.Size
	}
	return sources.Item{
		Container: it.Container, ID: f.Id + revisionMark + r.Id, Path: it.Path + " (revision of " + r.ModifiedTime + ")", Link: it.Link, Author: it.Author, Own: f,
		Ranges: f.isBlob(), Attr: sources.Attr{Size: size, ModTime: parseTime(r.ModifiedTime), Version: r.Id},
	}
}

// revisions lists the older revisions of a file; the newest is the file itself.
func (c *session) revisions(ctx context.Context, f file) ([]*drive.Revision, error) {
	if f.Capabilities != nil && !f.Capabilities.CanReadRevisions {
		return nil, fmt.Errorf("gdrive: %s: only those who may edit it see them: %w", f.Id, sources.ErrDenied)
	}
	var all []*drive.Revision
	token := ""
	for {
		call := c.drive.Revisions.List(f.Id).PageSize(1000).Fields("nextPageToken,revisions(id,modifiedTime,size,exportLinks)").Context(ctx)
		if token != "" {
			call.PageToken(token)
		}
		keyHeader(call.Header(), f)
		page, err := call.Do()
		if err != nil {
			return nil, failed(ctx, "revisions.list", err)
		}
		all = append(all, page.Revisions...)
		if token = page.NextPageToken; token == "" {
			return all[:max(len(all)-1, 0)], nil
		}
	}
}

// revision opens an older revision.
func (c *session) revision(ctx context.Context, f file, id string, off, n int64) (io.ReadCloser, error) {
	if f.isBlob() {
		call := c.drive.Revisions.Get(f.Id, id).Context(ctx)
		keyHeader(call.Header(), f)
		setRange(call.Header(), off, n)
		res, err := call.Download()
		return opened(ctx, "revisions.get", res, err)
	}
	r, err := c.drive.Revisions.Get(f.Id, id).Fields("id,exportLinks").Context(ctx).Do()
	if err != nil {
		return nil, failed(ctx, "revisions.get", err)
	}
	return c.link(ctx, r.ExportLinks[exports[f.MimeType].mime])
}

// maxComments is how much of the comments of a file is kept, in bytes.
const maxComments = 64 << 20

// comments reads all comments of a file, with what they quote and the replies,
// one paragraph each.
func (c *session) comments(ctx context.Context, f file) (io.ReadCloser, error) {
	var all bytes.Buffer
	token := ""
	for {
		call := c.drive.Comments.List(f.Id).PageSize(100).Fields("nextPageToken,comments(content,quotedFileContent/value,replies(content))").Context(ctx)
		if token != "" {
			call.PageToken(token)
		}
		keyHeader(call.Header(), f)
		page, err := call.Do()
		if err != nil {
			return nil, failed(ctx, "comments.list", err)
		}
		for _, m := range page.Comments {
			if m.QuotedFileContent != nil {
				fmt.Fprintln(&all, m.QuotedFileContent.Value)
			}
			fmt.Fprintln(&all, m.Content)
			for _, r := range m.Replies {
				fmt.Fprintln(&all, r.Content)
			}
			all.WriteByte('\n')
		}
		if all.Len() > maxComments {
			return nil, fmt.Errorf("gdrive: the comments of %s are longer than %d bytes: %w", f.Id, maxComments, sources.ErrUnsupported)
		}
		if token = page.NextPageToken; token == "" {
			return io.NopCloser(&all), nil
		}
	}
}

// opened is the body of an answer.
func opened(ctx context.Context, method string, res *http.Response, err error) (io.ReadCloser, error) {
	if err != nil {
		return nil, failed(ctx, method, err)
	}
	return res.Body, nil
}
