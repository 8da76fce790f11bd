package scan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// pass is one listing of one container.
type pass struct {
	*lister
	c         sources.Container
	from      journal.Checkpoint
	mark      *watermark
	left      sync.WaitGroup
	shown     map[string]bool // sighted or unread items that the listing showed
	first     *firstPass      // what was read ahead of this pass; nil: nothing
	restarted bool
}

func (l *lister) newPass(c sources.Container, from journal.Checkpoint) *pass {
	p := &pass{lister: l, c: c, from: from, mark: newWatermark(l.Sink, from, l.Salt), shown: make(map[string]bool)}
	if !from.Likely {
		p.first = l.seen[c.ID]
	}
	return p
}

// run lists the container into the queue and waits until its items have ended.
// An error that wraps ErrExpired says that it is to be listed from the start.
func (p *pass) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.mark.abandon(ctx.Err()) })
	defer stop()
	if !p.from.Likely {
		p.Progress.Items.Add(p.from.Counts.Items)
		p.Progress.Bytes.Add(p.from.Counts.Bytes)
		p.Progress.Unchanged.Add(p.from.Counts.Unchanged)
	}
	p.first.sort()

	listed, expired := true, error(nil)
	var last []journal.Record
	for it, err := range p.src.Items(ctx, p.c, p.from.Cursor) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.wait(ctx); err != nil {
			return err
		}
		if p.mark.isLost() != nil {
			listed = false // what is wrong is said below
			break
		}
		if it.ID != "" {
			if !p.c.Ahead {
				it.Container = p.c.ID
			}
			if err := p.item(ctx, it, err); err != nil {
				return err
			}
			continue
		}
		if err == nil {
			if err := p.end(ctx, p.mark.begin(), done{cursor: it.Cursor}, nil); err != nil {
				return err
			}
			continue
		}
		listed = false
		if errors.Is(err, sources.ErrExpired) && !p.restarted {
			expired = fmt.Errorf("%s: %w", p.c.ID, err)
		} else if !p.from.Likely {
			last = append(last, gapRecord(p.Options, sources.Ref{Source: p.info.Name, Container: p.c.ID}, p.c.Name, "", err))
		}
		break
	}
	if listed && !p.from.Likely {
		if err := p.notShown(ctx); err != nil {
			return err
		}
	}
	if err := p.q.flush(ctx); err != nil {
		return err
	}
	p.left.Wait()
	if lost := p.mark.isLost(); lost != nil {
		listed = false
		if !p.from.Likely && len(last) == 0 {
			last = append(last, gapRecord(p.Options, sources.Ref{Source: p.info.Name, Container: p.c.ID}, p.c.Name, "", lost))
		}
	}
	if expired != nil {
		return expired
	}
	return p.mark.finish(ctx, listed, last)
}

func (p *pass) end(ctx context.Context, num int64, d done, records []journal.Record) error {
	return p.mark.end(ctx, num, d, records)
}

// item decides what is to be done with a listed item.
func (p *pass) item(ctx context.Context, it sources.Item, listed error) error {
	ref := sources.Ref{Source: p.info.Name, Container: it.Container, Item: it.ID}
	if p.from.Likely {
		return p.likely(ctx, ref, it, listed)
	}
	j := job{item: it, num: p.mark.begin(), mark: p.mark, left: &p.left, earlier: p.Since.of(ref), changes: p.from.Changes}
	d := done{cursor: it.Cursor}
	if p.from.Changes {
		d.counts.Unchanged-- // it counts among the others until here
		p.Progress.Unchanged.Add(-1)
		j.counts = d.counts
	}
	if len(j.earlier) > 0 || p.Since != nil && p.Since.Reread[ref] {
		p.shown[it.ID] = true
	}
	if listed != nil {
		if p.from.Changes && errors.Is(listed, sources.ErrGone) {
			return p.end(ctx, j.num, d, gone(j.earlier))
		}
		return p.leftOut(ctx, ref, it, j.num, d, listed)
	}
	if reason := p.skip(&p.info, &it); reason != "" {
		return p.leftOut(ctx, ref, it, j.num, d, &sources.SkipError{Reason: reason})
	}
	if hash, ok := p.unchanged(ref, &it); ok {
		d.counts.Unchanged++
		d.seen = hash
		p.Progress.Unchanged.Add(1)
		if len(j.earlier) == 0 {
			return p.end(ctx, j.num, d, nil)
		}
		j.task, j.seen, j.counts = taskKeep, hash, d.counts
		return p.put(ctx, j)
	}
	if p.first.read(p.key(&it)) || p.ReadFirst != nil && p.ReadFirst.Has(ref.Source, ref.Container, p.key(&it)) {
		d.counts.Items, d.counts.Bytes = d.counts.Items+1, max(it.Attr.Size, 0)
		return p.end(ctx, j.num, d, nil)
	}
	if p.Since != nil && it.Attr.Version == "" && p.info.Looks && !p.Since.Reread[ref] {
		j.task = taskLook
	}
	return p.put(ctx, j)
}

// leftOut ends an item that could not be listed whole, or was left out by rule.
func (p *pass) leftOut(ctx context.Context, ref sources.Ref, it sources.Item, num int64, d done, err error) error {
	var records []journal.Record
	if reason, ok := skipReason(err); ok {
		d.counts.Skipped = map[string]int64{reason: 1}
		p.Progress.Skipped.Add(1)
		if reason == skipNever {
			records = append(records, journal.Record{Skip: &journal.Skip{Ref: ref, Path: it.Path, Reason: reason, Time: time.Now().UTC()}})
		}
	} else {
		records = append(records, gapRecord(p.Options, ref, it.Path, "", err))
	}
	return p.end(ctx, num, d, records)
}

// unchanged reports whether an earlier run read the item as it is now, and its
// hash.
func (p *pass) unchanged(ref sources.Ref, it *sources.Item) (hash uint64, ok bool) {
	if p.Since == nil || it.Attr.Version == "" || p.info.Once || p.Since.Reread[ref] {
		return 0, false
	}
	hash = p.hash.Hash(it.ID, it.Attr.Version)
	return hash, p.Since.Seen.Has(ref.Source, ref.Container, hash)
}

// notShown has the items looked for that an earlier run tells of and that the
// listing, which came to its end, did not show.
func (p *pass) notShown(ctx context.Context) error {
	if p.Since == nil {
		return nil
	}
	looked := make(map[string]task)
	for _, ref := range p.sighted[p.c.ID] {
		if !p.shown[ref.Item] {
			looked[ref.Item] = taskFind
		}
	}
	if p.from.Changes {
		for _, id := range p.Since.reread[containerKey{p.info.Name, p.c.ID}] {
			if !p.shown[id] {
				looked[id] = taskAgain
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(looked)) {
		ref := sources.Ref{Source: p.info.Name, Container: p.c.ID, Item: id}
		j := job{
			task: looked[id], item: itemOf(ref), num: p.mark.begin(), mark: p.mark, left: &p.left,
			earlier: p.Since.of(ref), changes: p.from.Changes,
		}
		if err := p.put(ctx, j); err != nil {
			return err
		}
	}
	return nil
}
