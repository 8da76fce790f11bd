// Package ntacl reads Windows security descriptors and says who can read what
// they guard: SIDs, access control lists in their order, the rights that a set
// of SIDs has by them, and the audience of a file behind a share.
//
// The layouts are those of MS-DTYP (Windows Data Types, revision 2024-11),
// sections 2.4.2 to 2.4.6; the order of evaluation is that of section 2.5.3.2.
//
// This package knows what descriptors and well-known SIDs mean. It does not
// know how descriptors are fetched, and asks a Directory who a SID is.
package ntacl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxSubAuthorities is the largest number that a SID may have; MS-DTYP 2.4.2.2.
const maxSubAuthorities = 15

// SID is a security identifier: a user, a group, or a kind of session. It is
// comparable. The zero SID is none.
type SID struct {
	authority uint64 // 48 bits
	sub       [maxSubAuthorities]uint32
	n         uint8
	set       bool
}

var errSID = errors.New("malformed SID")

// MakeSID returns the SID S-1-authority-sub…; the zero SID when there are more
// than 15 parts or the authority has more than 48 bits.
func MakeSID(authority uint64, sub ...uint32) SID {
	if len(sub) > maxSubAuthorities || authority >= 1<<48 {
		return SID{}
	}
	s := SID{authority: authority, n: uint8(len(sub)), set: true}
	copy(s.sub[:], sub)
	return s
}

// ParseSID reads the text form, S-1-5-21-….
func ParseSID(text string) (SID, error) {
	rest, ok := cutPrefixFold(text, "S-1-")
	if !ok {
		return SID{}, errSID
	}
	parts := strings.Split(rest, "-")
	if len(parts) > maxSubAuthorities+1 {
		return SID{}, errSID
	}
	base, digits := 10, parts[0]
	if hex, ok := cutPrefixFold(digits, "0x"); ok {
		base, digits = 16, hex
	}
	authority, err := strconv.ParseUint(digits, base, 48)
	if err != nil {
		return SID{}, errSID
	}
	s := SID{authority: authority, set: true}
	for _, p := range parts[1:] {
		v, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return SID{}, errSID
		}
		s.sub[s.n] = uint32(v)
		s.n++
	}
	return s, nil
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// DecodeSID reads the binary form at the start of b and says how long it is.
func DecodeSID(b []byte) (SID, int, error) {
	const header = 8
	if len(b) < header || b[0] != 1 || b[1] > maxSubAuthorities {
		return SID{}, 0, errSID
	}
	s := SID{n: b[1], set: true}
	size := header + 4*int(s.n)
	if len(b) < size {
		return SID{}, 0, errSID
	}
	s.authority = uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	for i := range int(s.n) {
		s.sub[i] = binary.LittleEndian.Uint32(b[header+4*i:])
	}
	return s, size, nil
}

// AppendBinary appends the binary form; nothing for the zero SID.
func (s SID) AppendBinary(b []byte) ([]byte, error) {
	if !s.set {
		return b, nil
	}
	b = append(b, 1, s.n)
	b = binary.BigEndian.AppendUint16(b, uint16(s.authority>>32))
	b = binary.BigEndian.AppendUint32(b, uint32(s.authority))
	for _, v := range s.sub[:s.n] {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b, nil
}

// IsZero reports whether s is no SID.
func (s SID) IsZero() bool { return !s.set }

// String is the text form, "" for the zero SID. Authorities of more than 32
// bits are hexadecimal; MS-DTYP 2.4.2.1.
func (s SID) String() string {
	if !s.set {
		return ""
	}
	var b strings.Builder
	b.WriteString("S-1-")
	if s.authority >= 1<<32 {
		fmt.Fprintf(&b, "0x%012X", s.authority)
	} else {
		b.WriteString(strconv.FormatUint(s.authority, 10))
	}
	for _, v := range s.sub[:s.n] {
		b.WriteByte('-')
		b.WriteString(strconv.FormatUint(uint64(v), 10))
	}
	return b.String()
}

// Domain is s without its last part, which for an account is the domain or
// machine that made it; the zero SID when there is no part to take away.
func (s SID) Domain() SID {
	if s.n == 0 {
		return SID{}
	}
	s.n--
	s.sub[s.n] = 0
	return s
}

// RID is the last part, which numbers an account within its domain.
func (s SID) RID() uint32 {
	if s.n == 0 {
		return 0
	}
	return s.sub[s.n-1]
}

// Child is the account of the given number in the domain s.
func (s SID) Child(rid uint32) SID {
	if !s.set || s.n == maxSubAuthorities {
		return SID{}
	}
	s.sub[s.n] = rid
	s.n++
	return s
}

// Account reports whether s is of the form S-1-5-21-a-b-c-rid: an account of a
// domain or a machine.
func (s SID) Account() bool { return s.authority == 5 && s.n == 5 && s.sub[0] == 21 }

// Builtin reports whether s is a group that every machine has of its own,
// S-1-5-32-rid.
func (s SID) Builtin() bool { return s.authority == 5 && s.n == 2 && s.sub[0] == 32 }

// UnixUser returns the uid of a user that Samba knows no Windows account for,
// S-1-22-1-uid.
func (s SID) UnixUser() (uid uint32, ok bool) { return s.unix(1) }

// UnixGroup returns the gid of a group that Samba knows no Windows group for,
// S-1-22-2-gid.
func (s SID) UnixGroup() (gid uint32, ok bool) { return s.unix(2) }

func (s SID) unix(kind uint32) (uint32, bool) {
	if s.authority == 22 && s.n == 2 && s.sub[0] == kind {
		return s.sub[1], true
	}
	return 0, false
}
