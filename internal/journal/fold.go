package journal

import "iter"

// Fold reads a whole journal.
func Fold(records iter.Seq2[Record, error]) (*Summary, error) { panic("stub") }

// Folder folds records as they come. It belongs to one goroutine.
type Folder struct{}

// NewFolder returns an empty Folder.
func NewFolder() *Folder { panic("stub") }

// Add takes a record and returns the IDs of the leaks that it changed.
func (f *Folder) Add(r Record) (changed []string) { panic("stub") }

// Leak returns a leak as it stands.
func (f *Folder) Leak(id string) (Leak, bool) { panic("stub") }

// Summary returns everything as it stands, the leaks worst first.
func (f *Folder) Summary() *Summary { panic("stub") }
