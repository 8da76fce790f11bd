package ntacl

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Descriptor is a security descriptor: who owns an object, and who may do what
// with it.
type Descriptor struct {
	Owner, Group SID // zero: not in it
	HasDACL      bool
	DACL         []ACE // in order; without HasDACL everybody may do everything
	Labels       []SID // mandatory labels, which can only take rights away
	Policies     bool  // a central access policy applies, which can only take rights away
}

// ACE is one entry of an access control list.
type ACE struct {
	Type  uint8
	Flags uint8
	Mask  Mask // generic rights are mapped to those of files
	SID   SID  // zero for a type that names nobody or is not known

	// Object is what part of the object the entry is about, a GUID as on the
	// wire; zero: all of it.
	Object [16]byte
}

// Types of entries; MS-DTYP 2.4.4.1.
const (
	typeAllowed               = 0x00
	typeDenied                = 0x01
	typeAllowedObject         = 0x05
	typeDeniedObject          = 0x06
	typeAllowedCallback       = 0x09
	typeDeniedCallback        = 0x0A
	typeAllowedCallbackObject = 0x0B
	typeDeniedCallbackObject  = 0x0C
	typeMandatoryLabel        = 0x11
	typeScopedPolicy          = 0x13
)

// flagInheritOnly: the entry is for what will be made below, and guards nothing
// itself.
const flagInheritOnly = 0x08

// Effect is what an entry does to who it names.
type Effect uint8

// The effects. Maybe: the entry has a condition, or is about a part of an
// object, and only its server can tell whether it applies.
const (
	NoEffect Effect = iota // is for children only, or of a type that gives and takes nothing
	Allows
	Denies
	MaybeAllows
	MaybeDenies
	Unknown // of a type that this program does not know
)

// Effect says what the entry does on the object itself.
func (e ACE) Effect() Effect {
	if e.Flags&flagInheritOnly != 0 {
		return NoEffect
	}
	switch e.Type {
	case typeAllowed:
		return Allows
	case typeDenied:
		return Denies
	case typeAllowedObject, typeAllowedCallback, typeAllowedCallbackObject:
		return MaybeAllows
	case typeDeniedObject, typeDeniedCallback, typeDeniedCallbackObject:
		return MaybeDenies
	case 0x02, 0x03, 0x07, 0x08, 0x0D, 0x0E, 0x0F, 0x10, typeMandatoryLabel, 0x12, typeScopedPolicy, 0x14, 0x15:
		return NoEffect // audits, alarms, labels and attributes
	}
	return Unknown
}

// Bits of the control field; MS-DTYP 2.4.6.
const (
	controlDACLPresent  = 0x0004
	controlSACLPresent  = 0x0010
	controlSelfRelative = 0x8000
)

var errDescriptor = errors.New("malformed security descriptor")

func malformed(what string) error { return fmt.Errorf("%w: %s", errDescriptor, what) }

// Parse reads a self-relative security descriptor. It keeps nothing of b. What
// is malformed anywhere is an error: half a list could let in fewer than the
// whole one.
func Parse(b []byte) (*Descriptor, error) { return parse(b, 0) }

// parse reads the descriptor whose head is at an offset of b; the offsets in it
// count from the start of b.
func parse(b []byte, at int) (*Descriptor, error) {
	const header = 20
	if len(b)-at < header {
		return nil, malformed("too short")
	}
	head := b[at:]
	if head[0] != 1 {
		return nil, malformed("unknown revision")
	}
	control := binary.LittleEndian.Uint16(head[2:])
	if control&controlSelfRelative == 0 {
		return nil, malformed("not self-relative")
	}
	var d Descriptor
	var err error
	if d.Owner, err = sidAt(b, binary.LittleEndian.Uint32(head[4:])); err != nil {
		return nil, malformed("owner")
	}
	if d.Group, err = sidAt(b, binary.LittleEndian.Uint32(head[8:])); err != nil {
		return nil, malformed("group")
	}
	if off := binary.LittleEndian.Uint32(head[12:]); control&controlSACLPresent != 0 && off != 0 {
		list, err := aclAt(b, off)
		if err != nil {
			return nil, fmt.Errorf("%w in the SACL", err)
		}
		for _, e := range list {
			switch e.Type {
			case typeMandatoryLabel:
				d.Labels = append(d.Labels, e.SID)
			case typeScopedPolicy:
				d.Policies = true
			}
		}
	}
	// A list that is present and has no offset is a NULL list: everybody.
	if off := binary.LittleEndian.Uint32(head[16:]); control&controlDACLPresent != 0 && off != 0 {
		d.HasDACL = true
		if d.DACL, err = aclAt(b, off); err != nil {
			return nil, fmt.Errorf("%w in the DACL", err)
		}
	}
	return &d, nil
}

func sidAt(b []byte, off uint32) (SID, error) {
	if off == 0 {
		return SID{}, nil
	}
	if uint64(off) > uint64(len(b)) {
		return SID{}, errSID
	}
	s, _, err := DecodeSID(b[off:])
	return s, err
}

// aclAt reads an ACL; MS-DTYP 2.4.5.
func aclAt(b []byte, off uint32) ([]ACE, error) {
	const header = 8
	if uint64(off)+header > uint64(len(b)) {
		return nil, malformed("list out of bounds")
	}
	b = b[off:]
	size, count := int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint16(b[4:]))
	if rev := b[0]; rev < 2 || rev > 4 {
		return nil, malformed("unknown revision of a list")
	}
	if size < header || size > len(b) {
		return nil, malformed("size of a list")
	}
	b = b[header:size]
	list := make([]ACE, 0, min(count, len(b)/4))
	for range count {
		e, n, err := decodeACE(b)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		b = b[n:]
	}
	return list, nil
}

// decodeACE reads the entry at the start of b and says how long it is.
func decodeACE(b []byte) (ACE, int, error) {
	const header = 4
	if len(b) < header {
		return ACE{}, 0, malformed("more entries announced than there are")
	}
	e := ACE{Type: b[0], Flags: b[1]}
	size := int(binary.LittleEndian.Uint16(b[2:]))
	if size < header || size > len(b) {
		return ACE{}, 0, malformed("size of an entry")
	}
	body := b[header:size]
	if e.Type == 0x04 || e.Type > 0x14 {
		return e, size, nil // compound, which was never used, and what came later
	}
	if len(body) < 4 {
		return ACE{}, 0, malformed("entry without rights")
	}
	e.Mask = Mask(binary.LittleEndian.Uint32(body)).mapped()
	if e.Type == typeMandatoryLabel || e.Type == 0x14 {
		e.Mask = 0 // a policy, not rights
	}
	body = body[4:]
	switch e.Type {
	case typeAllowedObject, typeDeniedObject, 0x07, 0x08, typeAllowedCallbackObject, typeDeniedCallbackObject, 0x0F, 0x10:
		object, skip, err := objectHeader(body)
		if err != nil {
			return ACE{}, 0, err
		}
		e.Object = object
		body = body[skip:]
	}
	var err error
	if e.SID, _, err = DecodeSID(body); err != nil {
		return ACE{}, 0, malformed("SID of an entry")
	}
	return e, size, nil
}

// objectHeader reads the flags and the up to two GUIDs of an object entry, and
// says how long they are; MS-DTYP 2.4.4.3.
func objectHeader(b []byte) (object [16]byte, n int, err error) {
	if len(b) < 4 {
		return object, 0, malformed("object entry without flags")
	}
	flags := binary.LittleEndian.Uint32(b)
	n = 4
	for rest := flags & 3; rest != 0; rest &= rest - 1 {
		n += 16
	}
	if n > len(b) {
		return object, 0, malformed("object entry without its types")
	}
	if flags&1 != 0 {
		copy(object[:], b[4:])
	}
	return object, n, nil
}
