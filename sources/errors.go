package sources

import (
	"errors"
	"fmt"
)

// What can be wrong with an item. Errors of a Source wrap one of them; an
// error that wraps none is a Gap of kind "error".
var (
	ErrSkipped     = errors.New("left out by rule")               // counted, harmless
	ErrDenied      = errors.New("permission denied")              // a Gap
	ErrGone        = errors.New("no longer there")                // a Gap while crawling
	ErrChanged     = errors.New("changed while it was read")      // reread once, then a Gap
	ErrUnsupported = errors.New("cannot be read by this version") // a Gap
	ErrSession     = errors.New("the session with the source ended")
	ErrExpired     = errors.New("the cursor has expired") // of Items alone: list from the start
)

// SkipError is an item that was left out by rule. It wraps ErrSkipped.
type SkipError struct{ Reason string } // a short stable word: "fifo", "socket", "device", "excluded", "symlink", …

func (e *SkipError) Error() string { return "left out: " + e.Reason }

// Unwrap makes errors.Is(e, ErrSkipped) true.
func (e *SkipError) Unwrap() error { return ErrSkipped }

// RootError says that a source could not be read at all.
type RootError struct {
	Source string // as Info.Name would have been
	Err    error
}

func (e *RootError) Error() string { return fmt.Sprintf("%s: %v", e.Source, e.Err) }

// Unwrap returns the cause.
func (e *RootError) Unwrap() error { return e.Err }

// ExposedError says why an item could not be read whose audience the listing
// told: it stays exposed to those who can.
type ExposedError struct {
	Err      error
	Audience Audience
}

func (e *ExposedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ExposedError) Unwrap() error { return e.Err }
