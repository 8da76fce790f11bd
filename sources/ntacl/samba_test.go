package ntacl_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"mislaid/sources/ntacl"
)

// What Samba 4.17 wrote for a file that Everyone may read, with and without
// "acl_xattr:ignore system acls".
var sambaValues = []string{
	"03000300000002000400020001" + zeros(67) + "0100048064000000800000000000000090000000010500000000000515000000a0ec7b34e995e92a54255e29e8030000" +
		"0102000000000016020000003c00000002001c000100000000001400a9001200010100000000000100000000",
	"04000400000002000400020001005f03a50af7bd823a0aa0556192bbe7f1509ad7160798b75b29e7d0ffe0970486" + zeros(32) + "706f7369785f61636c00" +
		"4a625b6ccb7cdd0194a2d611489b4f33158591069ad7b90646adfb60e49d8b15e24be2786942704b" + zeros(32) +
		"01000480b4000000d000000000000000e0000000010500000000000515000000f95415829f191581c5639c12e8030000" +
		"0102000000000016020000003c00000002001c000100000000001400a9001200010100000000000100000000",
}

func zeros(n int) string { return strings.Repeat("00", n) }

func sambaValue(t testing.TB, i int) []byte {
	t.Helper()
	raw, err := hex.DecodeString(sambaValues[i])
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParseSamba(t *testing.T) {
	for i, owner := range []string{"S-1-5-21-880536736-719951337-694035796-1000", "S-1-5-21-2182436089-2165643679-312239045-1000"} {
		raw := sambaValue(t, i)
		d, err := ntacl.ParseSamba(raw)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.DACL) != 1 || d.DACL[0].SID != ntacl.Everyone || d.DACL[0].Mask != 0x1200A9 || d.Owner.String() != owner || d.Group.String() != "S-1-22-2-60" {
			t.Errorf("%d: %+v", i, d)
		}
		for cut := range len(raw) - 4 {
			if d, err := ntacl.ParseSamba(raw[:cut]); err == nil {
				t.Errorf("%d of %d bytes: %+v", cut, len(raw), d)
			}
		}
	}
	// The older versions are the same with a shorter head.
	for version, head := range map[byte]int{1: 8, 2: 28} {
		raw := append(make([]byte, head), sambaValue(t, 0)[80:]...)
		raw[0], raw[2] = version, version
		for _, field := range []int{4, 8, 16} {
			raw[head+field] -= 80 - byte(head)
		}
		if d, err := ntacl.ParseSamba(raw); err != nil || len(d.DACL) != 1 {
			t.Errorf("version %d: %+v, %v", version, d, err)
		}
	}
	five := sambaValue(t, 0)
	five[0], five[2] = 5, 5
	if _, err := ntacl.ParseSamba(five); err == nil || !strings.Contains(err.Error(), "version 5") {
		t.Errorf("%v", err)
	}
}

func FuzzParseSamba(f *testing.F) {
	f.Add(sambaValue(f, 0))
	f.Add(sambaValue(f, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := ntacl.ParseSamba(b); (d == nil) == (err == nil) {
			t.Errorf("%+v, %v", d, err)
		}
	})
}
