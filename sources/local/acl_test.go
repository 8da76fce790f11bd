//go:build unix

package local

import (
	"encoding/binary"
	"slices"
	"testing"
)

func rawACL(list acl) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range list {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

func TestParseACL(t *testing.T) {
	none := uint32(1<<32 - 1)
	full := acl{{aclUserObj, 6, none}, {aclUser, 4, 1000}, {aclGroupObj, 4, none}, {aclGroup, 4, 50}, {aclMask, 4, none}, {aclOther, 0, none}}
	got, err := parseACL(rawACL(full))
	if err != nil || !slices.Equal(got, full) {
		t.Errorf("%v, %v", got, err)
	}
	for name, bad := range map[string][]byte{
		"empty": {}, "version": {1, 0, 0, 0}, "torn": rawACL(full)[:11], "no entry": rawACL(nil),
		"no other": rawACL(full[:5]), "no mask": rawACL(append(slices.Clone(full[:4]), full[5])),
		"two owners": rawACL(append(slices.Clone(full), full[0])), "tag": rawACL(append(slices.Clone(full), ace{3, 4, 0})),
		"right": rawACL(append(slices.Clone(full), ace{aclUser, 8, 0})),
	} {
		if got, err := parseACL(bad); err == nil {
			t.Errorf("%s: accepted as %v", name, got)
		}
	}
}

func FuzzParseACL(f *testing.F) {
	f.Add(rawACL(acl{{aclUserObj, 6, 0}, {aclGroupObj, 4, 0}, {aclOther, 0, 0}}))
	f.Add(rawACL(acl{{aclUserObj, 6, 0}, {aclUser, 4, 7}, {aclGroupObj, 4, 0}, {aclMask, 7, 0}, {aclOther, 0, 0}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseACL(b)
		if err != nil {
			return
		}
		if again, err := parseACL(rawACL(list)); err != nil || !slices.Equal(again, list) {
			t.Errorf("%v is not read again: %v, %v", list, again, err)
		}
		n := node{mode: 0o100640, uid: 1, gid: 2, acl: list}
		n.allows(stranger, permRead)
		n.allows(memberOf(2, 3), permRead)
	})
}
