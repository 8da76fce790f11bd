package journal

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"mislaid/internal/secret"
)

// digest stands for names in the fold's tables: half the memory of the names,
// and nobody can make two names collide.
type digest [16]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

func (d digest) compare(o digest) int { return slices.Compare(d[:], o[:]) }

// digestOf hashes parts, each with its length.
func digestOf(parts ...string) digest {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return digest(h.Sum(nil)[:16])
}

// sightingKey says which sightings are the same one, seen again.
func sightingKey(s *Sighting) digest {
	return digestOf(s.Ref.Source, s.Ref.Container, s.Ref.Item, s.Inner, string(s.Kind), s.KeyID, string(s.Fingerprint))
}

// spotKey says which sightings stand at the same place.
func spotKey(s *Sighting) digest {
	return digestOf(s.Ref.Source, s.Ref.Container, s.Ref.Item, s.Inner)
}

// gapKey says which gaps are the same one, met again.
func gapKey(g *Gap) digest {
	return digestOf(g.Ref.Source, g.Ref.Container, g.Ref.Item, g.Path, g.Inner, g.Reason)
}

// withPositions returns pair with the positions of the lone key id added, in
// order, each once.
func withPositions(pair, id *Sighting) *Sighting {
	out := *pair
	out.Positions = slices.Concat(pair.Positions, id.Positions)
	slices.SortStableFunc(out.Positions, comparePositions)
	before := len(out.Positions)
	out.Positions = slices.CompactFunc(out.Positions, func(a, b Position) bool {
		return a.Offset == b.Offset && a.Name == b.Name && a.Line == b.Line && a.Column == b.Column
	})
	out.Total = pair.Total + id.Total - (before - len(out.Positions))
	out.Positions = out.Positions[:min(len(out.Positions), MaxPositions)]
	return &out
}

func comparePositions(a, b Position) int {
	return cmp.Or(
		cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column), strings.Compare(a.Name, b.Name),
	)
}

// interner keeps one copy of each of the strings that records repeat.
type interner map[string]string

func (in interner) str(s string) string {
	if own, ok := in[s]; ok {
		return own
	}
	in[s] = s
	return s
}

// kept returns a copy of s that holds no more memory than it must.
func (in interner) kept(s *Sighting) *Sighting {
	c := *s
	c.Ref.Source = in.str(s.Ref.Source)
	c.Ref.Container = in.str(s.Ref.Container)
	if s.Path == s.Ref.Item {
		c.Path = c.Ref.Item
	}
	c.Kind = secret.Kind(in.str(string(s.Kind)))
	c.KeyID = in.str(s.KeyID)
	c.Fingerprint = secret.Fingerprint(in.str(string(s.Fingerprint)))
	c.Account = in.str(s.Account)
	c.Author = in.str(s.Author)
	c.AudienceID = in.str(s.AudienceID)
	c.Positions = slices.Clone(s.Positions[:min(len(s.Positions), MaxPositions)])
	return &c
}
