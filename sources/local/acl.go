//go:build unix

package local

import (
	"encoding/binary"
	"errors"
)

// acl is a POSIX access ACL in the order of the kernel.
type acl []ace

// ace is one entry of an ACL. id is a uid or gid where the tag wants one.
type ace struct {
	tag, perm uint16
	id        uint32
}

// Tags of entries; Linux include/uapi/linux/posix_acl.h.
const (
	aclUserObj  = 0x01
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
	aclOther    = 0x20
)

var errACL = errors.New("malformed POSIX ACL")

// parseACL reads the value of the attribute system.posix_acl_access: a
// little-endian version 2, then entries of {tag u16, perm u16, id u32}; Linux
// include/uapi/linux/posix_acl_xattr.h.
func parseACL(b []byte) (acl, error) {
	const header, size = 4, 8
	if len(b) < header || binary.LittleEndian.Uint32(b) != 2 || (len(b)-header)%size != 0 {
		return nil, errACL
	}
	var list acl
	seen := uint16(0)
	for b = b[header:]; len(b) > 0; b = b[size:] {
		e := ace{
			tag:  binary.LittleEndian.Uint16(b),
			perm: binary.LittleEndian.Uint16(b[2:]),
			id:   binary.LittleEndian.Uint32(b[4:]),
		}
		switch e.tag {
		case aclUserObj, aclGroupObj, aclMask, aclOther:
			if seen&e.tag != 0 {
				return nil, errACL
			}
		case aclUser, aclGroup:
		default:
			return nil, errACL
		}
		if e.perm&^7 != 0 {
			return nil, errACL
		}
		seen |= e.tag
		list = append(list, e)
	}
	const need = aclUserObj | aclGroupObj | aclOther
	if seen&need != need || seen&(aclUser|aclGroup) != 0 && seen&aclMask == 0 {
		return nil, errACL
	}
	return list, nil
}

// mask is what limits all entries but the owner's and the others'.
func (l acl) mask() uint16 {
	for _, e := range l {
		if e.tag == aclMask {
			return e.perm
		}
	}
	return 7
}
