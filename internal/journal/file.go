package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// What can be wrong with a journal file, beside errors of the system.
var (
	ErrLocked = errors.New("another scan holds this journal")
	ErrBroken = errors.New("the journal is broken")
)

// syncEvery is how long commits may stay in the system's cache. What a power
// cut takes from there is crawled again, since its checkpoint is lost with it.
const syncEvery = time.Second

// File is a journal that is being written. Safe for concurrent use.
//
// A Commit is one line, written by one call, so that after a crash it is whole
// or it is the torn tail that Resume drops. It is on the disk when it holds an
// End, a second later at the next Commit otherwise, and after Close. After an error of writing, nothing is accepted
// any more: the line it left may be half written.
type File struct {
	path string

	mu     sync.Mutex
	f      *os.File
	chain  string
	synced time.Time // when the last flush to the disk was
	dirty  bool      // something was written since
	err    error     // the first error of writing

	unlisted bool // its directory was not flushed since it was made
}

// Create makes a new journal at path, mode 0600, its directory 0700 if it has
// to be made. It refuses an existing file and a symlink.
func Create(path string) (*File, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	f, err := openLocked(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	return &File{path: path, f: f, chain: genesis, synced: time.Now(), unlisted: true}, nil
}

// Resume opens a journal to go on with it: it takes the lock, checks the chain
// and drops a torn tail. The records read are passed to each. The error wraps
// ErrLocked or ErrBroken where that is the reason.
func Resume(path string, each func(Record) error) (*File, error) {
	f, err := openLocked(path, os.O_RDWR|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	chain, err := replay(f, each)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	return &File{path: path, f: f, chain: chain, synced: time.Now()}, nil
}

// replay reads f to its end, cuts a torn tail off and returns the last chain.
func replay(f *os.File, each func(Record) error) (string, error) {
	r := newLineReader(f)
	for {
		records, state, err := r.next()
		if err != nil {
			return "", err
		}
		switch state {
		case lineGood:
			for _, rec := range records {
				if err := each(rec); err != nil {
					return "", err
				}
			}
		case lineEnd:
			return r.prev, nil
		case lineTorn:
			return r.prev, f.Truncate(r.good)
		case lineBroken:
			return "", fmt.Errorf("%w: %s; a report still renders what is before it", ErrBroken, r.reason)
		}
	}
}

// openLocked opens a regular file, never through a symlink, and takes the lock.
func openLocked(path string, flag int) (*os.File, error) {
	f, err := openNoFollow(path, flag)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err == nil {
		err = lock(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	return f, nil
}

// Commit implements Sink.
func (f *File) Commit(ctx context.Context, records []Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(records) == 0 {
		return nil
	}
	raw, err := encode(records)
	if err != nil {
		return err
	}
	if len(raw) > maxLine-lineHead-len(lineSuffix)-1 {
		return fmt.Errorf("journal %s: a commit of %d bytes is too large to be read again", f.path, len(raw))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	chain := link(f.chain, raw)
	if _, err := f.f.Write(appendLine(make([]byte, 0, lineHead+len(raw)+2), chain, raw)); err != nil {
		f.err = fmt.Errorf("journal: %w", err)
		return f.err
	}
	f.chain, f.dirty = chain, true
	if ends(records) || time.Since(f.synced) >= syncEvery {
		f.sync()
	}
	return f.err
}

// ends reports whether a commit closes a part of a run.
func ends(records []Record) bool {
	return slices.ContainsFunc(records, func(r Record) bool { return r.End != nil })
}

// sync flushes to the disk. The caller holds the lock.
func (f *File) sync() {
	if f.err != nil || !f.dirty {
		return
	}
	err := f.f.Sync()
	if err == nil && f.unlisted {
		err = syncDir(filepath.Dir(f.path))
	}
	if err != nil {
		f.err = fmt.Errorf("journal: %w", err)
		return
	}
	f.unlisted = false
	f.synced, f.dirty = time.Now(), false
}

// Close flushes to the disk and releases the lock. It returns the first error
// of writing, if there was one. No Commit may follow.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sync()
	err := f.err
	f.err = fmt.Errorf("journal %s: %w", f.path, os.ErrClosed)
	if cerr := f.f.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("journal: %w", cerr)
	}
	return err
}
