package scan

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"mislaid/internal/extract"
	"mislaid/internal/journal"
	"mislaid/sources"
)

// crawl lists one source and has its items scanned by the source's own workers.
func crawl(ctx context.Context, src sources.Source, o Options, cpu tokens) error {
	info := src.Info()
	rec := journal.Source{Name: info.Name, Type: info.Type, Title: info.Title, Notes: info.Notes}
	q := newQueue()
	g, ctx := errgroup.WithContext(ctx)
	told := make(chan struct{})
	g.Go(func() error {
		defer close(told)
		return o.Sink.Commit(ctx, []journal.Record{{Source: &rec}})
	})
	for range o.streams(info) {
		g.Go(func() error {
			w := newWorker(o, src, cpu)
			defer w.close()
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
		l := newLister(src, o, q)
		l.told = told
		if l.quick() {
			if err := l.containers(ctx, true); err != nil {
				return err
			}
		}
		return l.containers(ctx, false)
	})
	return g.Wait()
}

// gap records that a container, or all that follow, could not be listed.
// A source that gives nothing but this error could not be read at all.
func (l *lister) gap(ctx context.Context, c sources.Container, err error) error {
	o, info := l.Options, l.info
	records := []journal.Record{gapRecord(o, sources.Ref{Source: info.Name, Container: c.ID}, c.Name, "", err)}
	if c == (sources.Container{}) {
		<-l.told // that there is such a source comes first, or it would stand as one without an error
		records = append(records, journal.Record{Source: &journal.Source{
			Name: info.Name, Type: info.Type, Title: info.Title, Notes: info.Notes, Error: err.Error(),
		}})
	}
	return o.Sink.Commit(ctx, records)
}

func skipReason(err error) (string, bool) {
	if err == nil {
		return "", false
	}
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
	{extract.ErrLimit, journal.GapLimit},
	{extract.ErrEncrypted, journal.GapEncrypted},
	{extract.ErrTorn, journal.GapTorn},
	{extract.ErrUnsupported, journal.GapUnsupported},
	{errLate, journal.GapLimit},
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
