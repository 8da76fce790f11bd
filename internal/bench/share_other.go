//go:build !linux

package main

import (
	"errors"
	"io"
)

// shared is what a bench of a file server needs to know.
type shared struct {
	dir    string
	rounds int
	tree   tree
	scan   func(target string, more ...string) []string
	fresh  func() error
}

// share says that smbd is run on Linux alone.
func (s shared) share(io.Writer) error {
	return errors.New("the file server of this bench runs on Linux alone")
}
