package gdrive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"mislaid/sources"
)

// maxDocument is the most that is read of a document's structure, in bytes.
const maxDocument = 256 << 20

// docText reads a document by the Docs API: the text of all its tabs, headers,
// footers, footnotes and tables, with what is suggested, and then every address
// that it links to. Exports by Drive hold less.
func (c *session) docText(ctx context.Context, f file) (io.ReadCloser, error) {
	q := url.Values{"includeTabsContent": {"true"}, "suggestionsViewMode": {"SUGGESTIONS_INLINE"}, "fields": {"title,tabs"}, "prettyPrint": {"false"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://docs.googleapis.com/v1/documents/"+url.PathEscape(f.Id)+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	keyHeader(req.Header, f)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, failed(ctx, "documents.get", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		return nil, newAPIError("documents.get", res.StatusCode, reasonOf(body))
	}
	text, err := flatten(io.LimitReader(res.Body, maxDocument))
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("gdrive: documents.get: %s is longer than %d bytes, or was cut off: %w", f.Id, maxDocument, sources.ErrUnsupported)
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

// flatten makes text of a document's JSON, whatever its nesting: runs of text
// follow each other as they do in the document, tabs' titles stand before them,
// and addresses at the end.
func flatten(r io.Reader) ([]byte, error) {
	d := json.NewDecoder(r)
	var text, links bytes.Buffer
	type level struct {
		object bool
		key    string
		isKey  bool // the next token of an object is a key
	}
	var stack []level
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		var top *level
		if len(stack) > 0 {
			top = &stack[len(stack)-1]
		}
		if s, ok := tok.(string); ok && top != nil && top.object && top.isKey {
			top.key, top.isKey = s, false
			continue
		}
		if top != nil && top.object {
			top.isKey = true // whatever comes now is the value
		}
		switch v := tok.(type) {
		case json.Delim:
			switch v {
			case '{', '[':
				stack = append(stack, level{object: v == '{', isKey: v == '{'})
			default:
				stack = stack[:len(stack)-1]
			}
		case string:
			if top == nil {
				continue
			}
			switch top.key {
			case "content":
				text.WriteString(v)
			case "title":
				if b := text.Bytes(); len(b) > 0 && b[len(b)-1] != '\n' {
					text.WriteByte('\n')
				}
				text.WriteString(v + "\n")
			case "url", "uri", "description":
				links.WriteString(v + "\n")
			}
		}
	}
	if len(stack) > 0 || text.Len() == 0 && links.Len() == 0 && d.InputOffset() == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if links.Len() > 0 {
		text.WriteString("\n")
		text.Write(links.Bytes())
	}
	return text.Bytes(), nil
}
