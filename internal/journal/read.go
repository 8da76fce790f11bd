package journal

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// Read yields the records of a journal and fills in chain, which is complete
// when the sequence ends. A torn tail ends it without an error; a broken chain
// ends it after the last good record with chain.Err set. The error of a pair is
// one of r, and ends the sequence.
func Read(r io.Reader, chain *Chain) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		*chain = Chain{}
		lr := newLineReader(r)
		for {
			records, state, err := lr.next()
			if err != nil {
				yield(Record{}, fmt.Errorf("journal: %w", err))
				return
			}
			switch state {
			case lineGood:
				for _, rec := range records {
					chain.Records++
					if !yield(rec, nil) {
						return
					}
				}
				continue
			case lineTorn:
				chain.Torn = true
			case lineBroken:
				chain.Err = lr.reason
			}
			return
		}
	}
}

// Load reads and folds journals as one: later ones add to earlier ones.
func Load(paths ...string) (*Summary, error) { return NewFolder().Load(paths...) }

// Load is Load into a Folder that may have been told more.
func (f *Folder) Load(paths ...string) (*Summary, error) {
	folder := f
	var whole Chain
	for _, path := range paths {
		chain, err := load(folder, path)
		if err != nil {
			return nil, err
		}
		if chain.Err != "" && len(paths) > 1 {
			chain.Err = path + ": " + chain.Err
		}
		whole = whole.Join(chain)
	}
	s := folder.Summary()
	s.Chain = whole
	return s, nil
}

func load(folder *Folder, path string) (chain Chain, err error) {
	f, err := os.Open(path)
	if err != nil {
		return chain, fmt.Errorf("journal: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for rec, err := range Read(f, &chain) {
		if err != nil {
			return chain, err
		}
		folder.Add(rec)
	}
	return chain, nil
}
