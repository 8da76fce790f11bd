// Package report renders a folded journal: text for people, JSON, JSON Lines,
// SARIF and CSV for machines, and what to do next about each leak.
//
// Names come from scanned places and answers from networks: nothing is printed
// that could move a cursor, reverse a line or start a formula.
//
// This package knows typography and advice. It does not know how a leak was
// found or judged; every renderer is a pure function of the summary.
package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"mislaid/internal/journal"
)

// Options are the reader's wishes.
type Options struct {
	Color bool
	Width int // columns of the terminal; 0 unknown

	ShowSuppressed bool // list what is suppressed; it is counted in any case
}

// Formats are the names that Write takes.
func Formats() []string { return []string{"text", "json", "jsonl", "sarif", "csv"} }

// Write renders a whole summary in the named format.
func Write(w io.Writer, format string, s *journal.Summary, o Options) error {
	b := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch format {
	case "text":
		err = writeText(b, s, o)
	case "json":
		err = writeJSON(b, s, o)
	case "jsonl":
		err = writeJSONL(b, s, o)
	case "sarif":
		err = writeSARIF(b, s, o)
	case "csv":
		err = writeCSV(b, s, o)
	default:
		return fmt.Errorf("report: no format %q; there are %s", format, strings.Join(Formats(), ", "))
	}
	if err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
