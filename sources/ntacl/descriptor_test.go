package ntacl_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"mislaid/sources/ntacl"
	. "mislaid/sources/ntacl/ntacltest"
)

func sid(t testing.TB, text string) ntacl.SID {
	t.Helper()
	s, err := ntacl.ParseSID(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func TestSIDText(t *testing.T) {
	for _, text := range []string{
		"S-1-1-0", "S-1-5-21-2687987841-1141943332-3637379381-1000", "S-1-5-32-545", "S-1-22-1-1000",
		"S-1-0x123456789ABC-7", "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-4294967295", "S-1-5",
	} {
		if got := sid(t, text).String(); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
	if sid(t, "s-1-5-32-545") != ntacl.Users {
		t.Error("the case of the S matters")
	}
	for _, text := range []string{
		"", "S-1-", "S-2-5-1", "S-1-5-", "S-1-5-x", "S-1-5-4294967296", "S-1-5--1", "S-1-281474976710656-1", "S-1-0xG",
		"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", " S-1-1-0",
	} {
		if s, err := ntacl.ParseSID(text); err == nil {
			t.Errorf("%q is read as %s", text, s)
		}
	}
	var none ntacl.SID
	if none.String() != "" || !none.IsZero() || none.Domain() != none || none.RID() != 0 {
		t.Error("the zero SID is something")
	}
}

func drawSID(t *rapid.T) ntacl.SID {
	return ntacl.MakeSID(rapid.Uint64Range(0, 1<<48-1).Draw(t, "authority"), rapid.SliceOfN(rapid.Uint32(), 0, 15).Draw(t, "sub")...)
}

func TestSIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSID(t)
		text, err := ntacl.ParseSID(s.String())
		if err != nil || text != s {
			t.Fatalf("%s by text: %s, %v", s, text, err)
		}
		b, _ := s.AppendBinary(nil)
		bin, n, err := ntacl.DecodeSID(append(b, 0xFF))
		if err != nil || bin != s || n != len(b) {
			t.Fatalf("%s by bytes: %s, %d of %d, %v", s, bin, n, len(b), err)
		}
		if s.Domain() != (ntacl.SID{}) && s.Domain().Child(s.RID()) != s {
			t.Fatalf("%s is not %s and %d", s, s.Domain(), s.RID())
		}
		for cut := range b {
			if _, _, err := ntacl.DecodeSID(b[:cut]); err == nil {
				t.Fatalf("%d of %d bytes are a SID", cut, len(b))
			}
		}
	})
}

// written is a descriptor written out byte by byte, not by Encode: no owner,
// Administrators and SYSTEM full control, Users read.
const written = "010004840000000000000000000000001400000002004c0003000000" +
	"00101800ff011f0001020000000000052000000020020000" +
	"00101400ff011f00010100000000000512000000" +
	"00101800a900120001020000000000052000000021020000"

func TestParseWritten(t *testing.T) {
	raw, err := hex.DecodeString(written)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ntacl.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Owner.IsZero() || !d.HasDACL || len(d.DACL) != 3 {
		t.Fatalf("%+v", d)
	}
	for i, want := range []struct{ sid, mask string }{
		{"S-1-5-32-544", "full control"}, {"S-1-5-18", "full control"}, {"S-1-5-32-545", "read and execute"},
	} {
		if e := d.DACL[i]; e.SID.String() != want.sid || e.Mask.String() != want.mask || e.Effect() != ntacl.Allows {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	owner := sid(t, "S-1-5-21-1-2-3-1000")
	good := Encode(owner, owner, Allow(ntacl.Everyone, Read), Deny(ntacl.Users, Read), Allow(ntacl.Everyone, 1).Object())
	if _, err := ntacl.Parse(good); err != nil {
		t.Fatal(err)
	}
	for cut := range good {
		if d, err := ntacl.Parse(good[:cut]); err == nil {
			t.Errorf("%d of %d bytes are a descriptor: %+v", cut, len(good), d)
		}
	}
	for name, change := range map[string]func(b []byte){
		"revision":        func(b []byte) { b[0] = 2 },
		"absolute":        func(b []byte) { b[3] &^= 0x80 },
		"owner beyond":    func(b []byte) { b[7] = 0xFF },
		"list beyond":     func(b []byte) { b[19] = 0xFF },
		"list's revision": func(b []byte) { b[b[16]] = 9 },
		"too many":        func(b []byte) { b[b[16]+4] = 200 },
		"entry's size":    func(b []byte) { b[b[16]+10] = 2 },
		"entry too long":  func(b []byte) { b[b[16]+11] = 0xFF },
		"SID's parts":     func(b []byte) { b[b[16]+17] = 16 },
	} {
		b := bytes.Clone(good)
		change(b)
		if d, err := ntacl.Parse(b); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestParseKeepsNothing: the caller may use the buffer again.
func TestParseKeepsNothing(t *testing.T) {
	b := Encode(ntacl.Administrators, ntacl.Users, Allow(ntacl.Everyone, Read))
	d, err := ntacl.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if d.Owner != ntacl.Administrators || d.DACL[0].SID != ntacl.Everyone {
		t.Error("the descriptor changed with the buffer")
	}
}

func TestMaskWords(t *testing.T) {
	for mask, want := range map[ntacl.Mask]string{
		Full: "full control", Change: "modify", Read: "read and execute", 1: "read data", 0x80: "nothing that matters for reading",
		0xC0000: "change permissions, take ownership",
	} {
		if got := mask.String(); got != want {
			t.Errorf("%#x: %s", uint32(mask), got)
		}
	}
}

func FuzzParse(f *testing.F) {
	raw, _ := hex.DecodeString(written)
	f.Add(raw)
	u := ntacl.MakeSID(5, 21, 1, 2, 3, 1000)
	f.Add(Encode(u, u, Allow(ntacl.Everyone, Read), Deny(u, Full).If(), Allow(u, 1).Object(), Allow(u, 1).InheritOnly()))
	f.Add(EncodeNull(u, u))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ntacl.Parse(b)
		if err != nil {
			return
		}
		for _, e := range d.DACL {
			_ = e.Mask.String()
			if s, err := ntacl.ParseSID(e.SID.String()); !e.SID.IsZero() && (err != nil || s != e.SID) {
				t.Errorf("%s: %v", e.SID, err)
			}
		}
		token := ntacl.Token{ntacl.Everyone, ntacl.AuthenticatedUsers, d.Owner}
		if r := d.Rights(token); r.Sure&^r.Possible != 0 {
			t.Errorf("surely %s and at most %s", r.Sure, r.Possible)
		}
		a, err := ntacl.Server{Null: ntacl.Proven}.Audience(t.Context(), ntacl.Place{File: d, Share: d, Parent: d})
		if err != nil {
			t.Fatal(err)
		}
		if a.Now.AtLeast > a.Now.AtMost {
			t.Errorf("%+v", a.Now)
		}
	})
}

func FuzzSID(f *testing.F) {
	f.Add("S-1-5-21-1-2-3-500", []byte{1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0})
	f.Fuzz(func(t *testing.T, text string, b []byte) {
		if s, err := ntacl.ParseSID(text); err == nil {
			if again, err := ntacl.ParseSID(s.String()); err != nil || again != s {
				t.Errorf("%q: %s, %v", text, again, err)
			}
		}
		if s, n, err := ntacl.DecodeSID(b); err == nil {
			if out, _ := s.AppendBinary(nil); !bytes.Equal(out, b[:n]) {
				t.Errorf("%x became %x", b[:n], out)
			}
		}
	})
}
