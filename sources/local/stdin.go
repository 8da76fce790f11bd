package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"time"

	"mislaid/sources"
)

// Stdin is the Source of a stream that can be read once. It has one container
// with one item.
type Stdin struct {
	r    io.Reader
	used atomic.Bool
}

// StdinID is the ID of the one item of Stdin.
const StdinID = "-"

// NewStdin returns a Source over r. It does not close r.
func NewStdin(r io.Reader) *Stdin { return &Stdin{r: r} }

// Info describes standard input.
func (s *Stdin) Info() sources.Info {
	return sources.Info{Name: "stdin://", Type: "stdin", Title: "standard input", Streams: 1, Once: true}
}

// Containers lists the one container.
func (s *Stdin) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(sources.Container{}, err)
			return
		}
		yield(sources.Container{ID: ContainerID, Name: "standard input"}, nil)
	}
}

// Items lists the one item.
func (s *Stdin) Items(ctx context.Context, c sources.Container, after sources.Cursor) iter.Seq2[sources.Item, error] {
	return func(yield func(sources.Item, error) bool) {
		switch err := ctx.Err(); {
		case err != nil:
			yield(sources.Item{}, err)
		case c.ID != ContainerID:
			yield(sources.Item{}, fmt.Errorf("stdin: no container %q: %w", c.ID, sources.ErrGone))
		case after == "":
			yield(stdinItem(), nil)
		}
	}
}

func stdinItem() sources.Item {
	return sources.Item{
		Container: ContainerID, ID: StdinID, Path: StdinID, Attr: sources.Attr{Size: -1}, Cursor: StdinID,
	}
}

// Item returns the one item until it was opened.
func (s *Stdin) Item(ctx context.Context, ref sources.Ref) (sources.Item, error) {
	if err := ctx.Err(); err != nil {
		return sources.Item{}, err
	}
	if ref.Container != ContainerID || ref.Item != StdinID || s.used.Load() {
		return sources.Item{}, fmt.Errorf("stdin: %w", sources.ErrGone)
	}
	return stdinItem(), nil
}

// Open returns the stream. It works once. Read returns when ctx is done, even
// while nothing comes in; the pending read of the underlying stream then stays
// behind until that ends.
func (s *Stdin) Open(ctx context.Context, it sources.Item, off, n int64) (sources.Body, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if it.ID != StdinID {
		return nil, fmt.Errorf("stdin: no item %q: %w", it.ID, sources.ErrGone)
	}
	if off != 0 {
		return nil, errors.New("stdin: cannot be opened at an offset")
	}
	if s.used.Swap(true) {
		return nil, fmt.Errorf("stdin: was read already: %w", sources.ErrGone)
	}
	b := &pump{ctx: ctx, full: make(chan chunk), empty: make(chan []byte, 2), stop: make(chan struct{}), left: max(n, -1)}
	for range cap(b.empty) {
		b.empty <- make([]byte, pumpBuffer)
	}
	go b.run(s.r)
	return b, nil
}

// Audience is unknown: nobody can say who else holds what is piped in.
func (s *Stdin) Audience(ctx context.Context, _ sources.Item) (sources.Audience, error) {
	return unknownAudience("standard input has no audience"), ctx.Err()
}

// Close does nothing.
func (s *Stdin) Close() error { return nil }

// unknownAudience is the answer when nothing could be found out.
func unknownAudience(why string) sources.Audience {
	return sources.Audience{
		Now: sources.UnknownReach(), Ever: sources.UnknownReach(), Heads: sources.Heads{Max: -1},
		Unresolved: []string{why}, ReadAt: time.Now(),
	}
}

// pumpBuffer is the size in bytes of one read from the stream.
const pumpBuffer = 256 << 10

// pump reads a stream in a goroutine of its own, so that a reader can leave
// while the stream is silent.
type pump struct {
	ctx   context.Context
	full  chan chunk
	empty chan []byte
	stop  chan struct{} // closed by Close
	now   chunk
	rest  []byte // of now.b
	left  int64  // -1: to the end
	done  bool
}

type chunk struct {
	b   []byte // whole buffer
	n   int    // bytes read into it
	err error
}

func (p *pump) run(r io.Reader) {
	defer close(p.full)
	for {
		var b []byte
		select {
		case b = <-p.empty:
		case <-p.stop:
			return
		}
		n, err := r.Read(b)
		select {
		case p.full <- chunk{b, n, err}:
		case <-p.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// Read copies what came in. It returns the context's error once that is done.
func (p *pump) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	if p.done {
		return 0, errClosedStdin
	}
	if p.left == 0 {
		return 0, io.EOF
	}
	for len(p.rest) == 0 {
		if p.now.err != nil {
			return 0, p.now.err
		}
		if p.now.b != nil {
			p.empty <- p.now.b // never blocks: there is room for every buffer
		}
		select {
		case p.now = <-p.full:
			p.rest = p.now.b[:p.now.n]
		case <-p.ctx.Done():
			p.now = chunk{}
			return 0, p.ctx.Err()
		}
	}
	if p.left > 0 && int64(len(b)) > p.left {
		b = b[:p.left]
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	if p.left > 0 {
		p.left -= int64(n)
	}
	return n, nil
}

var errClosedStdin = errors.New("stdin: closed")

// Attr knows nothing of a stream.
func (p *pump) Attr() (sources.Attr, error) { return sources.Attr{Size: -1}, nil }

// Close ends the reading. It does not wait for a read that is pending.
func (p *pump) Close() error {
	if p.done {
		return errClosedStdin
	}
	p.done = true
	clear(p.now.b)
	close(p.stop)
	return nil
}
