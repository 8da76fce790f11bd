// Package ntacltest makes security descriptors for tests.
//
// This package knows how descriptors are written. It does not know what they
// mean.
package ntacltest

import (
	"encoding/binary"

	"mislaid/sources/ntacl"
)

// Entry is one entry of a list.
type Entry struct {
	Type  uint8 // MS-DTYP 2.4.4.1
	Flags uint8
	Mask  uint32
	SID   ntacl.SID
	After []byte   // what follows the SID: a condition
	Kind  [16]byte // of an object entry: the GUID
}

// Masks that tests set.
const (
	Read        = 0x1200A9
	ReadOnlyBit = 0x1
	Change      = 0x1301BF
	Full        = 0x1F01FF
	WriteOnly   = 0x120116
	TakeOver    = 0xC0000
)

// Allow is an entry that allows.
func Allow(s ntacl.SID, mask uint32) Entry { return Entry{Mask: mask, SID: s} }

// Deny is an entry that denies.
func Deny(s ntacl.SID, mask uint32) Entry { return Entry{Type: 1, Mask: mask, SID: s} }

// InheritOnly is the entry for what will be made below alone.
func (e Entry) InheritOnly() Entry { e.Flags |= 0x0B; return e }

// If is the entry on a condition: a callback entry with a conditional
// expression that holds nothing.
func (e Entry) If() Entry { e.Type += 9; e.After = []byte("artx"); return e }

// Object is the entry for one kind of object.
func (e Entry) Object() Entry { e.Type += 5; return e }

// Encode writes a self-relative descriptor with the list, which may be empty.
func Encode(owner, group ntacl.SID, list ...Entry) []byte {
	return encode(owner, group, append(make([]Entry, 0, len(list)), list...))
}

// EncodeNull writes a descriptor with a NULL list, which lets everybody in.
func EncodeNull(owner, group ntacl.SID) []byte { return encode(owner, group, nil) }

func encode(owner, group ntacl.SID, list []Entry) []byte {
	b := make([]byte, 20)
	b[0] = 1
	binary.LittleEndian.PutUint16(b[2:], 0x8004)
	place := func(at int, s ntacl.SID) {
		if !s.IsZero() {
			binary.LittleEndian.PutUint32(b[at:], uint32(len(b)))
			b, _ = s.AppendBinary(b)
		}
	}
	place(4, owner)
	place(8, group)
	if list == nil {
		return b
	}
	binary.LittleEndian.PutUint32(b[16:], uint32(len(b)))
	start := len(b)
	b = append(b, 2, 0, 0, 0, 0, 0, 0, 0)
	for _, e := range list {
		at := len(b)
		b = append(b, e.Type, e.Flags, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, e.Mask)
		switch e.Type {
		case 5, 6, 0x0B, 0x0C: // with one GUID
			b = binary.LittleEndian.AppendUint32(b, 1)
			b = append(b, e.Kind[:]...)
			b[start] = 4
		}
		b, _ = e.SID.AppendBinary(b)
		b = append(b, e.After...)
		for (len(b)-at)%4 != 0 {
			b = append(b, 0)
		}
		binary.LittleEndian.PutUint16(b[at+2:], uint16(len(b)-at))
	}
	binary.LittleEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	binary.LittleEndian.PutUint16(b[start+4:], uint16(len(list)))
	return b
}
