package local

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
)

// kind is what a directory entry is.
type kind uint8

const (
	kindUnknown kind = iota
	kindFile
	kindDir
	kindLink
	kindFIFO
	kindSocket
	kindDevice
	kindOther
)

// skipReason is the word under which entries of the kind are left out.
func (k kind) skipReason() string {
	switch k {
	case kindLink:
		return "symlink"
	case kindFIFO:
		return "fifo"
	case kindSocket:
		return "socket"
	case kindDevice:
		return "device"
	}
	return "not a file"
}

// listing is the content of one directory: all names in one buffer and 16
// bytes an entry.
type listing struct {
	names []byte
	ents  []entry
}

type entry struct {
	off  uint64
	n    uint32
	kind kind
}

func (l *listing) reset() { l.names, l.ents = l.names[:0], l.ents[:0] }

func (l *listing) add(name []byte, k kind) {
	l.ents = append(l.ents, entry{off: uint64(len(l.names)), n: uint32(len(name)), kind: k})
	l.names = append(l.names, name...)
}

func (l *listing) name(e entry) []byte { return l.names[e.off : e.off+uint64(e.n)] }

// sort orders the entries by the bytes of their names and drops repeats, which
// a directory that changes while it is read may show.
func (l *listing) sort() {
	slices.SortFunc(l.ents, func(a, b entry) int {
		return cmp.Or(bytes.Compare(l.name(a), l.name(b)), cmp.Compare(a.off, b.off))
	})
	l.ents = slices.CompactFunc(l.ents, func(a, b entry) bool { return bytes.Equal(l.name(a), l.name(b)) })
}

// find returns the kind of the named entry of a sorted listing.
func (l *listing) find(name string) (kind, bool) {
	i, ok := sort.Find(len(l.ents), func(i int) int {
		return -cmp.Compare(string(l.name(l.ents[i])), name)
	})
	if !ok {
		return 0, false
	}
	return l.ents[i].kind, true
}
