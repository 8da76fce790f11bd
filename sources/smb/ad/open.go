package ad

import (
	"context"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"mislaid/sources/ntacl"
)

// memberAttribute is the GUID of both the attribute "member" and the validated
// write of oneself to it, as on the wire: bf9679c0-0de6-11d0-a285-00aa003049e2;
// MS-ADA2 2.43 and MS-ADTS 5.1.3.2.1.
var memberAttribute = [16]byte{0xC0, 0x79, 0x96, 0xBF, 0xE6, 0x0D, 0xD0, 0x11, 0xA2, 0x85, 0x00, 0xAA, 0x00, 0x30, 0x49, 0xE2}

// Rights on an entry of the directory; MS-ADTS 5.1.3.2.
const (
	rightSelf          ntacl.Mask = 0x8  // add oneself
	rightWriteProperty ntacl.Mask = 0x20 // change the attribute
)

// open reports whether everybody of the domain may add themselves to the group
// at dn. Where its security descriptor cannot be read, it is not said to be.
func (d *Domain) open(ctx context.Context, dn string) bool {
	const withoutSACL = 7
	req := ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, false, "(objectClass=*)",
		[]string{"nTSecurityDescriptor"}, []ldap.Control{&ldap.ControlMicrosoftSDFlags{Criticality: true, ControlValue: withoutSACL}})
	for e, err := range d.entries(ctx, req) {
		if err != nil {
			return false
		}
		sd, err := ntacl.Parse(e.GetRawAttributeValue("nTSecurityDescriptor"))
		return err == nil && joinable(sd, d.sid)
	}
	return false
}

// joinable reports whether the first entry that speaks of it to everybody of the
// domain lets them add themselves.
func joinable(sd *ntacl.Descriptor, domain ntacl.SID) bool {
	if !sd.HasDACL {
		return true
	}
	everybody := ntacl.Token{ntacl.Everyone, ntacl.AuthenticatedUsers, ntacl.ThisOrganization, ntacl.Users, domain.Child(513)}
	const add = rightSelf | rightWriteProperty
	var denied ntacl.Mask
	for _, e := range sd.DACL {
		about := e.Object == memberAttribute || e.Object == [16]byte{}
		if !about || !slices.Contains(everybody, e.SID) {
			continue
		}
		switch e.Effect() {
		case ntacl.Denies, ntacl.MaybeDenies:
			denied |= e.Mask
		case ntacl.Allows, ntacl.MaybeAllows:
			if e.Mask&^denied&(add|ntacl.WriteDAC|ntacl.WriteOwner) != 0 {
				return true
			}
		}
	}
	return false
}
