// Package scan is the pipeline, the only room that sees all the others: it
// crawls sources, drags windows over their items, joins what the detectors
// find, asks who could read it, and commits it to the journal.
//
// This package knows the order of things. It does not know any source,
// detector, verifier or report.
package scan

import (
	"context"
	"sync/atomic"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/sources"
	"mislaid/verify"
)

// Options configure a scan.
type Options struct {
	Set         *detectors.Set
	Sink        journal.Sink
	Submit      func(verify.Request) // nil: nothing is verified
	Jobs        int                  // scanning goroutines; 0: the number of processors
	MaxFileSize int64                // larger items are skipped; 0: none are
	IOLimit     int64                // bytes read per second over all sources; 0: no limit
	From        []journal.Checkpoint // the last checkpoints of the run that is resumed
	Progress    *Progress            // may be nil
}

// Progress counts what a running scan does. Safe for concurrent use.
type Progress struct {
	Items, Bytes, Candidates, Gaps, Skipped atomic.Int64
	Current                                 atomic.Pointer[string] // path being read
}

// Run crawls all sources to their end. An item that cannot be read is a gap and
// no error. It returns the first error of the sink, or ctx's error.
func Run(ctx context.Context, srcs []sources.Source, o Options) error { panic("stub") }

// Recheck opens again the places in which the wanted credentials were sighted
// and submits what it finds there.
func Recheck(ctx context.Context, srcs []sources.Source, places []journal.Place, o Options) error {
	panic("stub")
}
