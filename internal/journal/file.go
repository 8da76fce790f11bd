package journal

import (
	"context"
	"io"
	"iter"
	"time"
)

// File is a journal that is being written. Safe for concurrent use.
type File struct{}

// Create makes a new journal at path, mode 0600, its directory 0700 if it has
// to be made. It refuses an existing file and a symlink.
func Create(path string) (*File, error) { panic("stub") }

// Resume opens a journal to go on with it: it takes the lock, checks the chain
// and drops a torn tail. The records read are passed to each.
func Resume(path string, each func(Record) error) (*File, error) { panic("stub") }

// Commit implements Sink.
func (f *File) Commit(ctx context.Context, records []Record) error { panic("stub") }

// Close flushes to the disk and releases the lock.
func (f *File) Close() error { panic("stub") }

// Read yields the records of a journal and fills in chain, which is complete
// when the sequence ends. A torn tail ends it without an error; a broken chain
// ends it after the last good record with chain.Err set.
func Read(r io.Reader, chain *Chain) iter.Seq2[Record, error] { panic("stub") }

// Follow is Read of a journal that is still being written: at its end it polls
// until an End record or until ctx ends.
func Follow(ctx context.Context, path string, every time.Duration, chain *Chain) iter.Seq2[Record, error] {
	panic("stub")
}
