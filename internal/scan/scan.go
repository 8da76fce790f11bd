// Package scan is the pipeline, the only room that sees all the others: it
// crawls sources, drags windows over their items, joins what the detectors
// find, asks who could read it, and commits it to the journal.
//
// Items cross channels, bytes never do: one goroutine owns an item from opening
// it to committing what was found in it. An item is done when its sightings,
// gaps and audience are committed, whatever becomes of its verdict.
//
// This package knows the order of things. It does not know any source,
// detector, verifier or report.
package scan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/internal/pace"
	"mislaid/sources"
	"mislaid/verify"
)

// Options configure a scan.
type Options struct {
	Set         *detectors.Set
	Sink        journal.Sink
	Submit      func(verify.Request) // takes over the credentials found; nil: they are destroyed
	Jobs        int                  // goroutines that scan at once; 0: waiting more than the number of processors
	MaxFileSize int64                // larger items are skipped; 0: none are
	Reads       pace.Limiter         // bytes read, over all sources; nil: no limit
	Gate        pace.Limiter         // holds back listing and reading; nil: nothing does
	Deadline    time.Duration        // how long one source may take, pauses included; 0: for ever
	Rules       Rules                // what is left out, and what goes first
	Reading     string               // what besides Set decides on what is found in given bytes: options of extraction
	Salt        []byte               // of the journal's Seen records; nil: a new one
	Extract     Extraction           // how what items are wrapped in is opened
	From        []journal.Checkpoint // the last checkpoints of the run that is resumed
	ReadFirst   *journal.SeenSet     // what the resumed run read in its pass over likely names
	Since       *Since               // the earlier journal that the scan builds on; nil: none
	Progress    *Progress            // may be nil
	Trace       *detectors.Trace     // hears how one item is judged: see Explain; nil nobody does

	// Accept says whether a candidate counts at a path, for what depends on the
	// path; nil: every one does. Safe for concurrent use.
	Accept func(c detectors.Candidate, path string) bool

	Log *slog.Logger // what is done with each item, at debug level; nil: nowhere

	fixedJobs bool // Jobs was given
}

// streams is how many goroutines read a source. A slow one may want more than
// Jobs: they wait for it, and tokens bound how many scan.
func (o Options) streams(info sources.Info) int {
	if info.Streams > 0 && (info.Streams < o.Jobs || !o.fixedJobs) {
		return info.Streams
	}
	return o.Jobs
}

func (o Options) withDefaults() Options {
	o.fixedJobs = o.Jobs > 0
	if o.Jobs <= 0 {
		o.Jobs = runtime.GOMAXPROCS(0) + waiting
	}
	if o.Salt == nil {
		o.Salt = journal.NewSalt()
	}
	o.Since = o.Since.index()
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Progress counts what a running scan does. Safe for concurrent use.
type Progress struct {
	Items, Bytes, Candidates, Gaps, Skipped, Unchanged atomic.Int64
	Current                                            atomic.Pointer[string] // path being read
}

// waiting is how many goroutines beyond the processors are worth having: some
// always wait for the kernel or for one another.
const waiting = 4

// grace is how long a cancelled scan waits for reads that cannot be
// interrupted, such as one from a terminal.
const grace = 500 * time.Millisecond

// maxSources is how many sources are crawled at once. Each holds its own
// windows, so it bounds memory.
const maxSources = 8

// Run crawls all sources to their end. An item that cannot be read is a gap and
// no error. It returns the first error of the sink, or ctx's error.
func Run(ctx context.Context, srcs []sources.Source, o Options) error {
	o = o.withDefaults()
	cpu := newTokens(o, srcs)
	return interruptible(ctx, func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(maxSources)
		for _, src := range srcs {
			g.Go(func() error { return timed(ctx, src, o, cpu) })
		}
		return g.Wait()
	})
}

// timed crawls one source, no longer than the deadline.
func timed(ctx context.Context, src sources.Source, o Options, cpu tokens) error {
	if o.Deadline <= 0 {
		return crawl(ctx, src, o, cpu)
	}
	within, cancel := context.WithTimeout(ctx, o.Deadline)
	defer cancel()
	err := interruptible(within, func(ctx context.Context) error { return crawl(ctx, src, o, cpu) })
	if err == nil || ctx.Err() != nil || within.Err() == nil {
		return err
	}
	late := fmt.Errorf("it was not done after %s (--source-deadline; --resume with this journal goes on): %w", o.Deadline, errLate)
	return o.Sink.Commit(ctx, []journal.Record{gapRecord(o, sources.Ref{Source: src.Info().Name}, src.Info().Title, "", late)})
}

// errLate says that a source's time is over.
var errLate = errors.New("what was left of it was not read")

// interruptible runs f and returns at the latest a moment after ctx ended, even
// if f is stuck in a read that nothing can interrupt.
func interruptible(ctx context.Context, f func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return ctx.Err()
	}
}

// tokens bound how many goroutines scan at once over all sources. A worker that
// waits for a server holds none.
type tokens chan struct{}

// newTokens returns nil, which never blocks, where the sources' own workers are
// the bound already.
func newTokens(o Options, srcs []sources.Source) tokens {
	workers := 0
	for _, src := range srcs {
		workers += o.streams(src.Info())
	}
	if workers <= o.Jobs {
		return nil
	}
	return make(tokens, o.Jobs)
}

func (t tokens) take() {
	if t != nil {
		t <- struct{}{}
	}
}

func (t tokens) give() {
	if t != nil {
		<-t
	}
}
