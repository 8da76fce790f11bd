package journal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"time"
)

// Follow is Read of a journal that is still being written: at its end it polls
// until an End record or until ctx ends. A tail that is not whole is waited
// for: its writer is at work, or will drop it when it resumes.
func Follow(ctx context.Context, path string, every time.Duration, chain *Chain) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		*chain = Chain{}
		f, err := os.Open(path)
		if err != nil {
			yield(Record{}, fmt.Errorf("journal: %w", err))
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		lr := newLineReader(f)
		ended, broken := false, ""
		for {
			records, state, err := lr.next()
			if err != nil {
				yield(Record{}, fmt.Errorf("journal: %w", err))
				return
			}
			chain.Torn = state == lineTorn
			switch state {
			case lineGood:
				broken = ""
				for _, rec := range records {
					chain.Records++
					ended = rec.End != nil
					if !yield(rec, nil) {
						return
					}
				}
				continue
			case lineBroken:
				// Reading while a resuming writer cuts the tail off can mix
				// two lines: what is broken is so at a second look.
				if broken == lr.reason {
					chain.Err = broken
					return
				}
				broken = lr.reason
			}
			if ended && state == lineEnd {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(every):
			}
			if err := lr.again(f); err != nil {
				chain.Err = err.Error()
				return
			}
		}
	}
}

// again goes back behind the last good line: what followed it may have been
// completed or dropped meanwhile.
func (r *lineReader) again(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() < r.good {
		return fmt.Errorf("line %d was taken away while it was read", r.line)
	}
	if _, err := f.Seek(r.good, io.SeekStart); err != nil {
		return err
	}
	r.br = bufio.NewReaderSize(f, 64<<10)
	return nil
}
