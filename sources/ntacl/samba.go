package ntacl

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// ParseSamba reads the extended attribute security.NTACL, where Samba keeps the
// security descriptor of a file: a version, hashes by which Samba notices that
// the file's mode was changed behind its back, and the descriptor. The layout is
// that of Samba's librpc/idl/xattr.idl, in NDR, versions 1 to 4; the offsets in
// the descriptor count from the start of the attribute.
func ParseSamba(b []byte) (*Descriptor, error) {
	const header = 8 // the version twice, and a pointer
	if len(b) < header || binary.LittleEndian.Uint16(b) != binary.LittleEndian.Uint16(b[2:]) {
		return nil, errSamba
	}
	at := header
	const pointer, hashKind, hash = 4, 2, 64
	switch version := binary.LittleEndian.Uint16(b); version {
	case 1:
	case 2:
		at += pointer + 16
	case 3:
		at += pointer + hashKind + hash
	case 4:
		at += pointer + hashKind + hash
		if at > len(b) {
			return nil, errSamba
		}
		end := bytes.IndexByte(b[at:], 0) // of a description
		if end < 0 {
			return nil, errSamba
		}
		const when = 8
		at = aligned(at+end+1) + when + hash
	default:
		return nil, fmt.Errorf("%w of the unknown version %d", errSamba, version)
	}
	if at = aligned(at); at > len(b) {
		return nil, errSamba
	}
	return parse(b, at)
}

var errSamba = errors.New("malformed security.NTACL")

func aligned(n int) int { return (n + 3) &^ 3 }
