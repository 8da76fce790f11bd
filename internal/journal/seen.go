package journal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/dchest/siphash"
)

// Seen lists the items that a checkpoint of its commit newly covers and that
// were read whole: an item that a later run meets with the same hash is as it
// was. An item with a gap is in no Seen.
type Seen struct {
	Source    string `json:"source"`
	Container string `json:"container"`
	Salt      []byte `json:"salt"`             // makes hashes that nobody can aim at who has not read the journal
	Hashes    []byte `json:"hashes"`           // 8 bytes each, big-endian, ascending
	Likely    bool   `json:"likely,omitempty"` // of the pass over likely names
}

// seenHash is the size of a hash in bytes.
const seenHash = 8

// NewSeen returns the record of hashes, which it sorts.
func NewSeen(source, container string, salt []byte, hashes []uint64) *Seen {
	slices.Sort(hashes)
	s := &Seen{Source: source, Container: container, Salt: salt, Hashes: make([]byte, 0, seenHash*len(hashes))}
	for _, h := range hashes {
		s.Hashes = binary.BigEndian.AppendUint64(s.Hashes, h)
	}
	return s
}

// NewSalt returns a fresh salt.
func NewSalt() []byte {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: crypto/rand documentation
	return salt
}

// SeenHasher makes the hashes of Seen: SipHash-2-4, which nobody can aim at who
// does not know its key. It belongs to one goroutine.
type SeenHasher struct {
	k0, k1 uint64
	buf    []byte
}

// NewSeenHasher returns a hasher. reading names what decides on what is found in
// given bytes: detectors, and options of extraction.
func NewSeenHasher(salt []byte, reading string) *SeenHasher {
	key := sha256.Sum256(append(slices.Clone(salt), reading...))
	return &SeenHasher{k0: binary.LittleEndian.Uint64(key[:]), k1: binary.LittleEndian.Uint64(key[8:])}
}

// Hash returns the hash of an item that has a version. It is never 0.
func (h *SeenHasher) Hash(item, version string) uint64 {
	h.buf = binary.LittleEndian.AppendUint32(h.buf[:0], uint32(len(item)))
	h.buf = append(append(h.buf, item...), version...)
	return max(siphash.Hash(h.k0, h.k1, h.buf), 1)
}

// SeenSet is what the Seen records of a journal say: eight bytes for an item.
// It is safe for concurrent use once it is loaded.
type SeenSet struct {
	salt       []byte
	containers map[containerKey][]uint64
}

// Salt is what the set's hashes are made with; nil: the journal has no Seen.
func (s *SeenSet) Salt() []byte {
	if s == nil {
		return nil
	}
	return s.salt
}

// Has reports whether a container's item with that hash was read whole.
func (s *SeenSet) Has(source, container string, hash uint64) bool {
	if s == nil {
		return false
	}
	_, found := slices.BinarySearch(s.containers[containerKey{source, container}], hash)
	return found
}

// Hashes returns all of a container, ascending. The caller must not change
// them.
func (s *SeenSet) Hashes(source, container string) []uint64 {
	if s == nil {
		return nil
	}
	return s.containers[containerKey{source, container}]
}

// LoadSeen reads the Seen records of the journal at path up to the first line
// that is torn or broken. It reads the journal twice, so that it holds no more
// than the hashes themselves. likely restricts it to those of the pass over
// likely names.
func LoadSeen(path string, likely bool) (*SeenSet, error) {
	set := &SeenSet{containers: make(map[containerKey][]uint64)}
	counts := make(map[containerKey]int)
	err := eachSeen(path, func(s *Seen) {
		if likely && !s.Likely {
			return
		}
		if set.salt == nil {
			set.salt = s.Salt
		}
		if slices.Equal(set.salt, s.Salt) { // those of another one only cost a second reading
			counts[containerKey{s.Source, s.Container}] += len(s.Hashes) / seenHash
		}
	})
	if err != nil {
		return nil, err
	}
	for key, n := range counts {
		set.containers[key] = make([]uint64, 0, n)
	}
	err = eachSeen(path, func(s *Seen) {
		key := containerKey{s.Source, s.Container}
		if likely && !s.Likely || !slices.Equal(set.salt, s.Salt) || len(set.containers[key]) == cap(set.containers[key]) {
			return
		}
		for b := s.Hashes; len(b) >= seenHash; b = b[seenHash:] {
			set.containers[key] = append(set.containers[key], binary.BigEndian.Uint64(b))
		}
	})
	for key, hashes := range set.containers {
		slices.Sort(hashes)
		set.containers[key] = slices.Compact(hashes)
	}
	return set, err
}

func eachSeen(path string, each func(*Seen)) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	var chain Chain
	for rec, err := range Read(io.Reader(f), &chain) {
		if err != nil {
			return err
		}
		if rec.Seen != nil {
			each(rec.Seen)
		}
	}
	return nil
}
