package slackexport

import (
	"context"
	"io"
	"slices"

	"mislaid/internal/slackjson"
)

// maxSnippet is how large a snippet may be, in bytes, to be read beside its
// message, and maxSnippets how many of a day are.
const (
	maxSnippet  = 32 << 10
	maxSnippets = 64
)

// snippets returns, for the messages of a day that share snippets, each message
// again and behind it the snippets' bytes: where the export brings them along, or
// where they may be fetched. A snippet is an item as well, whose error is the gap.
func (s *Source) snippets(ctx context.Context, p *place, e entry, loose []slackjson.Loose) []slackjson.Part {
	if !slices.ContainsFunc(loose, func(m slackjson.Loose) bool { return m.Files }) {
		return nil
	}
	r, err := openJSON(s.tree, e)
	if err != nil {
		return nil
	}
	defer r.Close()
	var parts []slackjson.Part
	_ = slackjson.EachFile(cancelled{ctx, r}, func(m slackjson.Message, f slackjson.FileObject) error { // what cannot be read is the day's own error
		i := slices.IndexFunc(loose, func(l slackjson.Loose) bool { return l.TS == m.TS })
		if i < 0 || f.Mode != "snippet" || f.Size > maxSnippet {
			return nil
		}
		open := s.snippet(ctx, p, linked{f})
		if open == nil {
			return nil
		}
		parts = append(parts, raw(m, loose[i].Text), slackjson.Part{Raw: true, Of: m, Context: true, Open: func() (io.ReadCloser, error) {
			r, err := open()
			if err != nil {
				return nil, err
			}
			return &bounded{ReadCloser: r, left: maxSnippet}, nil
		}})
		if len(parts) >= 2*maxSnippets {
			return errEnough
		}
		return nil
	})
	return parts
}

// snippet returns how the bytes of a snippet are opened, nil where they are not to
// be had.
func (s *Source) snippet(ctx context.Context, p *place, f linked) func() (io.ReadCloser, error) {
	for _, name := range []string{uploads + "/" + f.ID + "/" + f.Name, p.dir + "/" + attachments + "/" + f.ID + "-" + f.Name, p.dir + "/" + f.ID + "-" + f.Name} {
		if e, err := s.tree.find(name); err == nil {
			return func() (io.ReadCloser, error) { return s.tree.open(e) }
		}
	}
	if s.config.Fetch == nil || f.address() == "" {
		return nil
	}
	return func() (io.ReadCloser, error) { return s.download(ctx, f) }
}
