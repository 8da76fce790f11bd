package report

import (
	"crypto/sha256"
	"fmt"
	"io"

	"mislaid/internal/journal"
)

// Stream writes JSON Lines as leaks settle: one flushed line per leak, an
// "update" line for a leak that later changed, and a final "summary" line
// without which the file is incomplete. It belongs to one goroutine.
//
// Every line is an object with a "type": run, leak, update, placeholder,
// suppressed, gap or summary. A reader takes the last line of a leak_id.
type Stream struct {
	w       io.Writer
	o       Options
	runs    int
	written map[string][sha256.Size]byte // leak ID → hash of the line that was written
}

type jsonLine struct {
	Type     string       `json:"type"`
	Schema   string       `json:"schema,omitempty"`
	Run      *journal.Run `json:"run,omitempty"`
	Leak     *docLeak     `json:"leak,omitempty"`
	Gap      *docGap      `json:"gap,omitempty"`
	Summary  *docSummary  `json:"summary,omitempty"`
	Habits   []docHabit   `json:"habits,omitempty"`
	Coverage *docCoverage `json:"coverage,omitempty"`
	Chain    *docChain    `json:"chain,omitempty"`
}

// NewStream returns a Stream over w, which it flushes if it can.
func NewStream(w io.Writer, o Options) *Stream {
	return &Stream{w: w, o: o, written: make(map[string][sha256.Size]byte)}
}

// Run writes who ran what. Runs that were not given are written by Close.
func (s *Stream) Run(r journal.Run) error {
	s.runs++
	run := newRun(r)
	return s.line(jsonLine{Type: "run", Schema: SchemaID, Run: &run})
}

// Leak writes l the first time it is given. What changed since is written by
// Close.
func (s *Stream) Leak(l journal.Leak) error {
	if _, done := s.written[l.ID]; done {
		return nil
	}
	return s.leak("leak", &l)
}

// leak writes a leak unless its last line says the same.
func (s *Stream) leak(kind string, l *journal.Leak) error {
	d := newLeak(l)
	raw, err := encode(d)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(raw)
	if s.written[l.ID] == hash {
		return nil
	}
	s.written[l.ID] = hash
	return s.line(jsonLine{Type: kind, Leak: &d})
}

// Close writes the leaks not yet written, the updates and the summary line. It
// does not close the writer.
func (s *Stream) Close(sum *journal.Summary) error {
	for _, r := range sum.Runs[min(s.runs, len(sum.Runs)):] {
		if err := s.Run(r); err != nil {
			return err
		}
	}
	for i := range sum.Leaks {
		kind := "leak"
		if _, done := s.written[sum.Leaks[i].ID]; done {
			kind = "update"
		}
		if err := s.leak(kind, &sum.Leaks[i]); err != nil {
			return err
		}
	}
	for i := range sum.Placeholders {
		d := newLeak(&sum.Placeholders[i])
		if err := s.line(jsonLine{Type: "placeholder", Leak: &d}); err != nil {
			return err
		}
	}
	for i := range sum.Suppressed {
		if !s.o.ShowSuppressed {
			break
		}
		d := newLeak(&sum.Suppressed[i])
		if err := s.line(jsonLine{Type: "suppressed", Leak: &d}); err != nil {
			return err
		}
	}
	for i := range sum.Coverage.Gaps {
		g := newGap(&sum.Coverage.Gaps[i])
		if err := s.line(jsonLine{Type: "gap", Gap: &g}); err != nil {
			return err
		}
	}
	d, c := newSummary(sum), newCoverage(&sum.Coverage, false)
	return s.line(jsonLine{
		Type: "summary", Schema: SchemaID, Summary: &d, Habits: newHabits(sum.Habits), Coverage: &c,
		Chain: &docChain{sum.Chain.Records, sum.Chain.Torn, text(sum.Chain.Err)},
	})
}

// line writes one line in one call and flushes it.
func (s *Stream) line(l jsonLine) error {
	raw, err := encode(l)
	if err != nil {
		return err
	}
	if _, err := s.w.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if f, ok := s.w.(interface{ Flush() error }); ok {
		if err := f.Flush(); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return nil
}

func writeJSONL(w io.Writer, s *journal.Summary, o Options) error { return NewStream(w, o).Close(s) }
