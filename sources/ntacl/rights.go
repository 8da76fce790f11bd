package ntacl

import (
	"slices"
	"strings"
)

// Mask is a set of rights on a file or directory; MS-DTYP 2.4.3 and MS-SMB2
// 2.2.13.1.1.
type Mask uint32

// Rights that say something about reading.
const (
	ReadData   Mask = 0x1 // of a directory: list it
	Execute    Mask = 0x20
	Delete     Mask = 0x10000
	WriteDAC   Mask = 0x40000 // may give itself any right
	WriteOwner Mask = 0x80000 // may make itself the owner, who may do that

	readControl   Mask = 0x20000
	fileRead      Mask = 0x120089
	fileWrite     Mask = 0x120116
	fileExecute   Mask = 0x1200A0
	fileAll       Mask = 0x1F01FF
	fileChange    Mask = 0x1301BF
	genericRead   Mask = 1 << 31
	genericWrite  Mask = 1 << 30
	genericExec   Mask = 1 << 29
	genericAll    Mask = 1 << 28
	genericRights      = genericRead | genericWrite | genericExec | genericAll
	takeover           = WriteDAC | WriteOwner
)

// mapped replaces the generic rights by what they mean for a file; MS-DTYP
// 2.4.3 and the file system's generic mapping.
func (m Mask) mapped() Mask {
	for _, g := range [...]struct{ generic, file Mask }{
		{genericRead, fileRead}, {genericWrite, fileWrite}, {genericExec, fileExecute}, {genericAll, fileAll},
	} {
		if m&g.generic != 0 {
			m |= g.file
		}
	}
	return m &^ genericRights
}

// String is the name that Windows gives the set, or the rights of it that
// matter for reading.
func (m Mask) String() string {
	switch m {
	case fileAll:
		return "full control"
	case fileChange:
		return "modify"
	case fileRead | fileExecute:
		return "read and execute"
	case fileRead:
		return "read"
	}
	var words []string
	for _, r := range [...]struct {
		bit  Mask
		name string
	}{
		{ReadData, "read data"}, {0x2, "write data"}, {0x4, "append"}, {Execute, "execute"}, {Delete, "delete"},
		{WriteDAC, "change permissions"}, {WriteOwner, "take ownership"},
	} {
		if m&r.bit != 0 {
			words = append(words, r.name)
		}
	}
	if words == nil {
		return "nothing that matters for reading"
	}
	return strings.Join(words, ", ")
}

// Token is the SIDs of somebody who asks: the account, every group it is in,
// and the kind of session.
type Token []SID

// Has reports whether s is one of the SIDs.
func (t Token) Has(s SID) bool { return slices.Contains(t, s) }

// Rights are what a token may do. Entries whose condition only the server can
// judge are taken to let nobody in for Sure, and everybody for Possible.
type Rights struct{ Sure, Possible Mask }

// and is what is left of rights that have to pass two lists.
func (r Rights) and(o Rights) Rights { return Rights{r.Sure & o.Sure, r.Possible & o.Possible} }

// allRights are those of somebody whom nothing stops.
var allRights = Rights{fileAll, fileAll}

// Rights evaluates the list in its order: for each right the first entry that
// speaks of it to the token decides; MS-DTYP 2.5.3.2. The owner may read and
// change the permissions unless an entry for OWNER RIGHTS says otherwise.
// Privileges such as those of administrators and backup programs are not in it.
// A nil Descriptor guards nothing.
func (d *Descriptor) Rights(t Token) Rights {
	if d == nil || !d.HasDACL {
		return allRights
	}
	owner := !d.Owner.IsZero() && t.Has(d.Owner)
	var sure, possible verdictSoFar
	limited, maybeLimited := false, false
	for _, e := range d.DACL {
		effect := e.Effect()
		if effect == NoEffect || effect == Unknown {
			continue
		}
		if e.SID == OwnerRights {
			limited = limited || effect == Allows || effect == Denies
			maybeLimited = true
		}
		if (e.SID != OwnerRights || !owner) && !t.Has(e.SID) {
			continue
		}
		switch effect {
		case Allows:
			sure.allow(e.Mask)
			possible.allow(e.Mask)
		case Denies:
			sure.deny(e.Mask)
			possible.deny(e.Mask)
		case MaybeAllows:
			possible.allow(e.Mask)
		case MaybeDenies:
			sure.deny(e.Mask)
		}
	}
	const owners = readControl | WriteDAC
	if owner && !maybeLimited {
		sure.allowed |= owners
	}
	if owner && !limited {
		possible.allowed |= owners
	}
	return Rights{Sure: sure.allowed, Possible: possible.allowed}
}

// verdictSoFar is what the entries that were read so far decided; the first
// entry that speaks of a right decides it.
type verdictSoFar struct{ allowed, denied Mask }

func (v *verdictSoFar) allow(m Mask) { v.allowed |= m &^ v.denied }
func (v *verdictSoFar) deny(m Mask)  { v.denied |= m &^ v.allowed }

// Access is what a token may do with a file through a share: what both allow.
// A nil share allows everything.
func Access(share, file *Descriptor, t Token) Rights { return file.Rights(t).and(share.Rights(t)) }

// doors are the entries of the list that may let somebody in for any of the
// wanted rights, in order. An owner comes in through the entries for OWNER
// RIGHTS.
func (d *Descriptor) doors(want Mask) []ACE {
	if d == nil || !d.HasDACL {
		return []ACE{{Type: typeAllowed, Mask: fileAll, SID: Everyone}}
	}
	var list []ACE
	for _, e := range d.DACL {
		if f := e.Effect(); (f == Allows || f == MaybeAllows) && e.Mask&want != 0 {
			if e.SID == OwnerRights {
				e.SID = d.Owner
			}
			if !e.SID.IsZero() {
				list = append(list, e)
			}
		}
	}
	return list
}
