package slackexport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"mislaid/internal/slackjson"
	"mislaid/sources"
)

// Open reads an item: a file as it is, Slack's own JSON as the lines of its
// strings.
func (s *Source) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := s.place(it.Container)
	if err != nil {
		return nil, err
	}
	if off < 0 {
		return nil, fmt.Errorf("slack-export: %s: negative offset", it.ID)
	}
	if it.ID == aboutID && len(p.about) > 0 {
		return s.openAbout(ctx, p, off, n)
	}
	if strings.HasPrefix(it.ID, fetchedID) {
		return s.openLinked(ctx, p, it, off, n)
	}
	e, err := s.entry(p, it.ID)
	if err != nil {
		return nil, err
	}
	b := &body{src: s, entry: e, attr: s.attr(p, e), Stretch: slackjson.Stretch{Ctx: ctx, N: max(n, -1)}}
	if it.Attr.Version != "" && it.Attr.Version != b.attr.Version {
		return nil, fmt.Errorf("slack-export: %s: %w", it.ID, sources.ErrChanged)
	}
	if k := p.kindOf(e.name); k == dayFile || k == slackFile {
		if off > 0 {
			return nil, fmt.Errorf("slack-export: %s cannot be opened at %d", it.ID, off)
		}
		text := s.text(ctx, p, e, k)
		if rd, ok := it.Own.(*reading); ok {
			rd.Set(text)
		}
		b.R = text
		return b, nil
	}
	r, err := s.tree.open(e)
	if err != nil {
		return nil, fmt.Errorf("slack-export: open %s: %w", it.ID, err)
	}
	b.R = r
	if off > 0 {
		seeker, ok := r.(io.Seeker)
		if !ok {
			err = fmt.Errorf("slack-export: %s cannot be opened at %d", it.ID, off)
		} else {
			_, err = seeker.Seek(off, io.SeekStart)
		}
		if err != nil {
			_ = r.Close()
			return nil, err
		}
	}
	return b, nil
}

// sumOf is the version of bytes that are held.
func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

func (s *Source) openAbout(ctx context.Context, p *place, off, n int64) (sources.Body, error) {
	if off > 0 {
		return nil, fmt.Errorf("slack-export: %s cannot be opened at %d", aboutID, off)
	}
	t := slackjson.NewText(raw(slackjson.Message{}, p.about))
	return &body{src: s, attr: s.aboutItem(p).Attr, Stretch: slackjson.Stretch{Ctx: ctx, R: t, N: max(n, -1)}}, nil
}

// body reads an opened item.
type body struct {
	slackjson.Stretch
	src   *Source
	entry entry
	attr  sources.Attr
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.Stretch.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && b.Ctx.Err() == nil {
		err = fmt.Errorf("slack-export: read %s: %w", legible(b.entry.name), err)
	}
	return n, err
}

// Attr says how the item stood when it was opened.
func (b *body) Attr() sources.Attr { return b.attr }

// Changed reports whether the file, or the ZIP around it, was replaced.
func (b *body) Changed() (bool, error) {
	if b.entry.name == "" {
		return false, nil
	}
	now, err := b.src.tree.find(b.entry.name)
	if err != nil {
		return true, nil //nolint:nilerr // gone is changed
	}
	return now.version != b.entry.version, nil
}
