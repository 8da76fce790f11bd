package slackjson

import (
	"context"
	"io"
	"io/fs"
)

// Stretch reads the beginning of a stream until its context ends. It belongs to
// one goroutine.
type Stretch struct {
	Ctx context.Context
	R   io.ReadCloser
	N   int64 // bytes that may still be read; negative: all

	closed bool
}

// Read implements io.Reader.
func (s *Stretch) Read(p []byte) (int, error) {
	if err := s.Ctx.Err(); err != nil {
		return 0, err
	}
	if s.closed {
		return 0, fs.ErrClosed
	}
	if s.N == 0 {
		return 0, io.EOF
	}
	if s.N > 0 {
		p = p[:min(int64(len(p)), s.N)]
	}
	n, err := s.R.Read(p)
	if s.N > 0 {
		s.N -= int64(n)
	}
	return n, err
}

// Close closes the stream.
func (s *Stretch) Close() error {
	if s.closed {
		return fs.ErrClosed
	}
	s.closed = true
	return s.R.Close()
}
