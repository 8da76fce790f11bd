package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mislaid/internal/pace"
	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// file is a file object (docs.slack.dev, "File object", 2026).
type file struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Title     string `json:"title"`
	Mimetype  string `json:"mimetype"`
	Filetype  string `json:"filetype"`
	Mode      string `json:"mode"` // hosted, snippet, space, quip, list, external, tombstone, hidden_by_limit, …
	Access    string `json:"file_access"`
	User      string `json:"user"`
	Size      int64  `json:"size"`
	Created   int64  `json:"created"`
	Updated   int64  `json:"updated"`
	Edited    int64  `json:"edit_timestamp"`
	Editable  bool   `json:"editable"`
	External  bool   `json:"is_external"`
	Where     string `json:"external_type"`
	Private   string `json:"url_private"`
	Download  string `json:"url_private_download"`
	Permalink string `json:"permalink"`
	PublicURL bool   `json:"public_url_shared"`

	Channels []string `json:"channels"`
	Groups   []string `json:"groups"`
	IMs      []string `json:"ims"`
	Shares   struct {
		Public  map[string]json.RawMessage `json:"public"`
		Private map[string]json.RawMessage `json:"private"`
	} `json:"shares"`
}

func parseFile(raw json.RawMessage) (file, error) {
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("slack: a file of another form than Slack documents: %w", sources.ErrUnsupported)
	}
	return f, nil
}

func (f file) version() string { return fmt.Sprintf("%d-%d-%d", f.Size, f.Updated, f.Edited) }

// mutable reports whether people can change the file: snippets, posts and
// canvases. The bytes of an uploaded file never change.
func (f file) mutable() bool {
	return f.Editable || f.Mode != "hosted" && f.Mode != ""
}

func (f file) isList() bool { return f.Mode == "list" || f.Filetype == "list" }

// address is where the file's bytes are.
func (f file) address() string {
	if f.Download != "" {
		return f.Download
	}
	return f.Private
}

// unlikely are the kinds of files whose bytes hold no text.
var unlikely = []string{"image/", "audio/", "video/", "font/"}

// fileOf is the item of a file in a conversation. The error says why its bytes
// are not read.
func (s *Source) fileOf(ch *channel, f file) (sources.Item, error) {
	name := f.Name
	if name == "" {
		name = f.Title
	}
	if name == "" {
		name = f.ID
	}
	it := sources.Item{
		Container: ch.ID, ID: f.ID, Path: ch.title + "/" + name, Link: f.Permalink, Author: s.people.Name(f.User), Left: s.people.Left(f.User), Own: f,
		Attr: sources.Attr{Size: -1, Version: f.version()},
	}
	if f.Created > 0 {
		it.Attr.ModTime = time.Unix(max(f.Created, f.Updated), 0).UTC()
	}
	if f.User == "" {
		it.Author = ""
	}
	if f.isList() {
		return it, nil
	}
	switch {
	case f.Mode == "tombstone":
		return it, &sources.SkipError{Reason: "deleted file"}
	case f.Mode == "hidden_by_limit":
		return it, fmt.Errorf("slack: file %s is hidden, because the workspace has more files than its plan allows: %w", f.ID, sources.ErrDenied)
	case s.config.Files == NoFiles:
		return it, &sources.SkipError{Reason: "files are not wanted"}
	case f.External || f.Mode == "external":
		return it, fmt.Errorf("slack: file %s is kept elsewhere (%s); scan it there: %w", f.ID, plainCode(f.Where), sources.ErrUnsupported)
	}
	if s.config.Files == LikelyFiles {
		for _, kind := range unlikely {
			if strings.HasPrefix(f.Mimetype, kind) && !strings.HasPrefix(f.Mimetype, "image/svg") {
				return it, &sources.SkipError{Reason: "picture, sound or film"}
			}
		}
	}
	it.Attr.Size = f.Size
	if f.Size == 0 {
		it.Attr.Size = -1
	}
	return it, nil
}

// ours reports whether the token may be sent to an address: to Slack over TLS,
// or to where the API is.
func (c *client) ours(u *url.URL) bool {
	if u.Scheme == c.base.Scheme && u.Host == c.base.Host {
		return true
	}
	host := strings.ToLower(u.Hostname())
	for _, domain := range []string{"slack.com", "slack-gov.com"} {
		if u.Scheme == "https" && u.Port() == "" && u.User == nil && (host == domain || strings.HasSuffix(host, "."+domain)) {
			return true
		}
	}
	return false
}

// errSignIn is what is there instead of a file that the token may not read.
var errSignIn = errors.New("a page for signing in came instead of the file")

// maxRedirects is how often a download may be sent elsewhere within Slack.
const maxRedirects = 3

// fetch asks for a file from an offset on. The caller closes the body.
func (c *client) fetch(ctx context.Context, f file, off int64) (*http.Response, error) {
	u, err := url.Parse(f.address())
	if err != nil || f.address() == "" {
		return nil, fmt.Errorf("slack: file %s has no address: %w", f.ID, sources.ErrUnsupported)
	}
	failures, redirects := 0, 0
	for {
		if !c.ours(u) {
			return nil, fmt.Errorf("slack: file %s lies at a host that is not Slack's; the token is not sent there: %w", f.ID, sources.ErrUnsupported)
		}
		if err := c.pace.wait(ctx, "", fileMethod); err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, fmt.Errorf("slack: file %s has no address: %w", f.ID, sources.ErrUnsupported)
		}
		req.Header.Set("Authorization", "Bearer "+c.token())
		if off > 0 {
			req.Header.Set("Range", fmt.Sprintf("bytes=%d-", off))
		}
		resp, err := c.http.Do(req)
		if ctx.Err() != nil {
			if err == nil {
				_ = resp.Body.Close()
			}
			return nil, ctx.Err()
		}
		again := err != nil
		if err != nil {
			err = fmt.Errorf("slack: file %s: %w", f.ID, lost(err))
		} else {
			var to *url.URL
			to, again, err = c.judgeFile(f, resp, off)
			switch {
			case to != nil && redirects < maxRedirects:
				redirects++
				u = to
				continue
			case err == nil && to == nil:
				return resp, nil
			}
		}
		if !again || failures == c.retries {
			return nil, err
		}
		if err := sleep(ctx, pace.Backoff{}.Wait(failures)); err != nil {
			return nil, err
		}
		failures++
	}
}

// fileMethod is what the limiter calls downloads. Slack publishes no limit for
// them.
const fileMethod = "file"

// judgeFile says whether an answer is the file. Unless it is, the body is closed.
func (c *client) judgeFile(f file, resp *http.Response, off int64) (to *url.URL, again bool, err error) {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	page := kind == "text/html" && !strings.Contains(f.Mimetype, "html") && f.Mode != "quip" && f.Mode != "canvas"
	if resp.StatusCode == http.StatusOK && off == 0 && !page || resp.StatusCode == http.StatusPartialContent && off > 0 {
		return nil, false, nil
	}
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		c.pace.pause("", fileMethod, retryAfter(resp.Header))
		return nil, true, &StatusError{fileMethod, resp.StatusCode}
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		to, err := resp.Location()
		if err != nil || to.Query().Has("redir") || strings.Contains(to.Path, "signin") || strings.Contains(to.Path, "login") {
			return nil, false, errSignIn
		}
		return to, false, errSignIn
	case page && resp.StatusCode == http.StatusOK:
		return nil, false, errSignIn
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		return nil, false, fmt.Errorf("slack: file %s: %w", f.ID, sources.ErrGone)
	case resp.StatusCode == http.StatusForbidden, resp.StatusCode == http.StatusUnauthorized:
		return nil, false, fmt.Errorf("slack: file %s: %w", f.ID, sources.ErrDenied)
	}
	return nil, resp.StatusCode >= 500, fmt.Errorf("slack: file %s: %w", f.ID, &StatusError{fileMethod, resp.StatusCode})
}

// download opens a file's bytes from an offset on.
func (s *Source) download(ctx context.Context, f file, off int64) (io.ReadCloser, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	resp, err := s.client.fetch(ctx, f, off)
	if errors.Is(err, errSignIn) {
		return nil, s.whySignIn(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	return &download{ctx: ctx, src: s, file: f, r: resp.Body, at: off}, nil
}

// whySignIn tells a file that is gone from one that may not be read: Slack's file
// hosts answer both alike.
func (s *Source) whySignIn(ctx context.Context, f file) error {
	if _, err := s.client.file(ctx, f.ID); err != nil {
		return fmt.Errorf("slack: file %s: %w", f.ID, err)
	}
	return fmt.Errorf("slack: file %s: %w; the token may lack the scope files:read: %w", f.ID, errSignIn, sources.ErrDenied)
}

// download reads a file. When the connection is lost it goes on at the same byte.
type download struct {
	ctx  context.Context
	src  *Source
	file file
	r    io.ReadCloser
	at   int64
	lost int
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	for {
		n, err := d.r.Read(p)
		d.at += int64(n)
		short := errors.Is(err, io.EOF) && d.file.Size > 0 && d.at < d.file.Size
		if err == nil || errors.Is(err, io.EOF) && !short || d.ctx.Err() != nil {
			return n, err
		}
		if n > 0 {
			return n, nil // the error comes again
		}
		if d.lost++; d.lost > d.src.client.retries {
			return 0, fmt.Errorf("slack: file %s: %w", d.file.ID, lost(io.ErrUnexpectedEOF))
		}
		_ = d.r.Close()
		d.r = io.NopCloser(strings.NewReader(""))
		if err := sleep(d.ctx, pace.Backoff{}.Wait(d.lost-1)); err != nil {
			return 0, err
		}
		resp, err := d.src.client.fetch(d.ctx, d.file, d.at)
		if err != nil {
			return 0, err
		}
		d.r = resp.Body
	}
}

// Close ends the download.
func (d *download) Close() error { return d.r.Close() }

// findFile asks for a file of a conversation by its ID.
func (s *Source) findFile(ctx context.Context, ch *channel, id string) (file, error) {
	if !isID(id, "F") {
		return file{}, fmt.Errorf("slack: no listing gives the ID %q: %w", id, sources.ErrGone)
	}
	raw, err := s.client.file(ctx, id)
	if err != nil {
		return file{}, fmt.Errorf("slack: file %s: %w", id, err)
	}
	f, err := parseFile(raw)
	if err == nil && f.Mode == "tombstone" {
		err = fmt.Errorf("slack: file %s: %w", id, sources.ErrGone)
	}
	return f, err
}

// places are the conversations that a file is shared in, as far as the token
// sees.
func (f file) places() []string {
	seen := map[string]bool{}
	var all []string
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	for _, list := range [][]string{f.Channels, f.Groups, f.IMs} {
		for _, id := range list {
			add(id)
		}
	}
	for _, m := range []map[string]json.RawMessage{f.Shares.Public, f.Shares.Private} {
		for id := range m {
			add(id)
		}
	}
	return all
}

// listText reads the rows of a list.
func (s *Source) listText(ctx context.Context, f file) *slackjson.Text {
	return slackjson.NewText(slackjson.Part{Open: func() (io.ReadCloser, error) { return s.listRows(ctx, f) }})
}
