// Package report renders a folded journal: text for people, JSON, JSON Lines,
// SARIF and CSV for machines.
//
// This package knows typography. It does not know how a leak was found or
// judged; every renderer is a pure function of the summary.
package report

import (
	"io"

	"mislaid/internal/journal"
)

// Options are the reader's wishes.
type Options struct {
	Color bool
	Width int // columns of the terminal; 0 unknown
}

// Formats are the names that Write takes.
func Formats() []string { panic("stub") }

// Write renders a whole summary in the named format.
func Write(w io.Writer, format string, s *journal.Summary, o Options) error { panic("stub") }

// Line returns a leak as the one line that is printed the moment it settles.
func Line(l journal.Leak, o Options) string { panic("stub") }

// Stream writes JSON Lines as leaks settle: one flushed line per leak, an
// "update" line for a leak that later changed, and a final "summary" line
// without which the file is incomplete.
type Stream struct{}

// NewStream returns a Stream over w, which it flushes if it can.
func NewStream(w io.Writer) *Stream { panic("stub") }

// Leak writes l the first time it is given, and remembers it otherwise.
func (s *Stream) Leak(l journal.Leak) error { panic("stub") }

// Close writes the leaks not yet written, the updates and the summary line.
func (s *Stream) Close(sum *journal.Summary) error { panic("stub") }
