package scan

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// job is a listed item on its way to a worker.
type job struct {
	item sources.Item
	num  int64
	mark *watermark
	left *sync.WaitGroup // counts the container's items that have not ended
}

// crawl lists one source and has its items scanned by the source's own workers.
func crawl(ctx context.Context, src sources.Source, o Options, cpu tokens) error {
	info := src.Info()
	rec := journal.Source{Name: info.Name, Type: info.Type, Title: info.Title, Notes: info.Notes}
	streams := o.Jobs
	if info.Streams > 0 {
		streams = min(streams, info.Streams)
	}
	q := newQueue()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return o.Sink.Commit(ctx, []journal.Record{{Source: &rec}}) })
	for range streams {
		g.Go(func() error {
			w := newWorker(o, src, cpu)
			var failed error
			for batch := range q.full { // to the end, even after a failure: the lister waits for its items
				for _, j := range batch {
					if failed == nil {
						failed = w.handle(ctx, j)
					}
					j.left.Done()
				}
				q.recycle(batch)
			}
			return failed
		})
	}
	g.Go(func() error {
		defer close(q.full)
		for c, err := range src.Containers(ctx) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				if err := listingGap(ctx, o, info, c, err); err != nil {
					return err
				}
				if c == (sources.Container{}) {
					return nil
				}
				continue
			}
			if err := crawlContainer(ctx, src, c, o, q); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// crawlContainer lists one container into q and waits until its items have
// ended.
func crawlContainer(ctx context.Context, src sources.Source, c sources.Container, o Options, q *queue) error {
	name := src.Info().Name
	from := journal.Checkpoint{Source: name, Container: c.ID}
	for _, cp := range o.From {
		if cp.Source == name && cp.Container == c.ID {
			from = cp
		}
	}
	if from.Done {
		return nil
	}
	o.Progress.Items.Add(from.Counts.Items)
	o.Progress.Bytes.Add(from.Counts.Bytes)

	mark := newWatermark(o.Sink, from)
	stop := context.AfterFunc(ctx, func() { mark.abandon(ctx.Err()) })
	defer stop()

	var left sync.WaitGroup
	listed := true
	var last []journal.Record
	for it, err := range src.Items(ctx, c, from.Cursor) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && it.ID == "" {
			listed = false
			last = append(last, gapRecord(o, sources.Ref{Source: name, Container: c.ID}, c.Name, "", err))
			break
		}
		it.Container = c.ID
		j := job{item: it, num: mark.begin(), mark: mark, left: &left}
		if err != nil {
			if err := j.leftOut(ctx, o, name, err); err != nil {
				return err
			}
			continue
		}
		left.Add(1)
		if err := q.put(ctx, j); err != nil {
			return err
		}
	}
	if err := q.flush(ctx); err != nil {
		return err
	}
	left.Wait()
	return mark.finish(ctx, listed, last)
}

// leftOut ends a job whose item could not be listed whole, or was left out by
// rule.
func (j job) leftOut(ctx context.Context, o Options, source string, err error) error {
	var counts journal.Counts
	var records []journal.Record
	if reason, ok := skipReason(err); ok {
		counts.Skipped = map[string]int64{reason: 1}
		o.Progress.Skipped.Add(1)
	} else {
		ref := sources.Ref{Source: source, Container: j.item.Container, Item: j.item.ID}
		records = append(records, gapRecord(o, ref, j.item.Path, "", err))
	}
	return j.mark.end(ctx, j.num, j.item.Cursor, counts, records)
}

// listingGap records that a container, or all that follow, could not be listed.
// A source that gives nothing but this error could not be read at all.
func listingGap(ctx context.Context, o Options, info sources.Info, c sources.Container, err error) error {
	records := []journal.Record{gapRecord(o, sources.Ref{Source: info.Name, Container: c.ID}, c.Name, "", err)}
	if c == (sources.Container{}) {
		records = append(records, journal.Record{Source: &journal.Source{
			Name: info.Name, Type: info.Type, Title: info.Title, Notes: info.Notes, Error: err.Error(),
		}})
	}
	return o.Sink.Commit(ctx, records)
}

func skipReason(err error) (string, bool) {
	if skip := new(sources.SkipError); errors.As(err, &skip) {
		return skip.Reason, true
	}
	return "by rule", errors.Is(err, sources.ErrSkipped)
}

// gapReasons maps what a source says of an item to the reason of a gap.
var gapReasons = []struct {
	err    error
	reason string
}{
	{sources.ErrDenied, journal.GapDenied},
	{sources.ErrGone, journal.GapGone},
	{sources.ErrChanged, journal.GapChanged},
	{sources.ErrUnsupported, journal.GapUnsupported},
	{sources.ErrSession, journal.GapSource},
	{errTooManyAtoms, journal.GapLimit},
}

func gapRecord(o Options, ref sources.Ref, path, inner string, err error) journal.Record {
	g := journal.Gap{Ref: ref, Path: path, Inner: inner, Reason: journal.GapError, Detail: err.Error(), Time: time.Now().UTC()}
	for _, r := range gapReasons {
		if errors.Is(err, r.err) {
			g.Reason = r.reason
			break
		}
	}
	o.Progress.Gaps.Add(1)
	return journal.Record{Gap: &g}
}
