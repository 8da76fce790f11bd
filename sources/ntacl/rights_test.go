package ntacl_test

import (
	"testing"

	"pgregory.net/rapid"

	"mislaid/sources/ntacl"
	. "mislaid/sources/ntacl/ntacltest"
)

func parse(t testing.TB, raw []byte) *ntacl.Descriptor {
	t.Helper()
	d, err := ntacl.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRights(t *testing.T) {
	alice, bob := sid(t, "S-1-5-21-1-2-3-1000"), sid(t, "S-1-5-21-1-2-3-1001")
	eng := sid(t, "S-1-5-21-1-2-3-2000")
	token := ntacl.Token{alice, eng, ntacl.Everyone, ntacl.AuthenticatedUsers}
	tests := []struct {
		name           string
		owner          ntacl.SID
		list           []Entry
		sure, possible bool
	}{
		{"empty list", bob, nil, false, false},
		{"allowed", bob, []Entry{Allow(alice, Read)}, true, true},
		{"by a group", bob, []Entry{Allow(eng, Read)}, true, true},
		{"somebody else", bob, []Entry{Allow(bob, Full)}, false, false},
		{"denied first", bob, []Entry{Deny(eng, 1), Allow(alice, Read)}, false, false},
		{"denied too late", bob, []Entry{Allow(alice, Read), Deny(eng, 1)}, true, true},
		{"another right denied", bob, []Entry{Deny(alice, 2), Allow(alice, Read)}, true, true},
		{"children only", bob, []Entry{Allow(alice, Read).InheritOnly()}, false, false},
		{"denied to children", bob, []Entry{Deny(alice, Read).InheritOnly(), Allow(alice, Read)}, true, true},
		{"generic read", bob, []Entry{Allow(alice, 1<<31)}, true, true},
		{"generic all", bob, []Entry{Allow(alice, 1<<28)}, true, true},
		{"generic write", bob, []Entry{Allow(alice, 1<<30)}, false, false},
		{"generic execute", bob, []Entry{Allow(alice, 1<<29)}, false, false},
		{"owner by itself", alice, []Entry{Allow(bob, Full)}, false, false},
		{"owner rights", alice, []Entry{Allow(ntacl.OwnerRights, Read)}, true, true},
		{"another's owner rights", bob, []Entry{Allow(ntacl.OwnerRights, Read)}, false, false},
		{"owner rights denied", alice, []Entry{Deny(ntacl.OwnerRights, Read), Allow(alice, Read)}, false, false},
		{"on a condition", bob, []Entry{Allow(alice, Read).If()}, false, true},
		{"denied on a condition", bob, []Entry{Deny(alice, Read).If(), Allow(alice, Read)}, false, true},
		{"allowed before the condition", bob, []Entry{Allow(alice, Read), Deny(alice, Read).If()}, true, true},
		{"object entry", bob, []Entry{Allow(alice, Read).Object()}, false, true},
		{"denied object entry", bob, []Entry{Deny(alice, Read).Object(), Allow(alice, Read)}, false, true},
		{"denied after a maybe", bob, []Entry{Allow(alice, Read).If(), Deny(alice, Read)}, false, true},
		{"audit", bob, []Entry{{Type: 2, Mask: Read, SID: alice}}, false, false},
	}
	for _, test := range tests {
		d := parse(t, Encode(test.owner, eng, test.list...))
		r := d.Rights(token)
		if sure, possible := r.Sure&ntacl.ReadData != 0, r.Possible&ntacl.ReadData != 0; sure != test.sure || possible != test.possible {
			t.Errorf("%s: surely %v, possibly %v", test.name, sure, possible)
		}
	}
	null := parse(t, EncodeNull(bob, eng))
	if null.HasDACL || null.Rights(nil).Sure&ntacl.ReadData == 0 {
		t.Error("a NULL list keeps somebody out")
	}
}

func TestOwnerMayChangePermissions(t *testing.T) {
	alice := sid(t, "S-1-5-21-1-2-3-1000")
	for name, test := range map[string]struct {
		list           []Entry
		sure, possible bool
	}{
		"by itself":           {nil, true, true},
		"owner rights":        {[]Entry{Allow(ntacl.OwnerRights, Read)}, false, false},
		"for children":        {[]Entry{Allow(ntacl.OwnerRights, Read).InheritOnly()}, true, true},
		"on a condition":      {[]Entry{Allow(ntacl.OwnerRights, Read).If()}, false, true},
		"denied to everybody": {[]Entry{Deny(ntacl.Everyone, Full)}, true, true},
	} {
		r := parse(t, Encode(alice, alice, test.list...)).Rights(ntacl.Token{alice, ntacl.Everyone})
		if sure, possible := r.Sure&ntacl.WriteDAC != 0, r.Possible&ntacl.WriteDAC != 0; sure != test.sure || possible != test.possible {
			t.Errorf("%s: surely %v, possibly %v", name, sure, possible)
		}
	}
}

func TestAccessIsBoth(t *testing.T) {
	all := parse(t, Encode(ntacl.Administrators, ntacl.Users, Allow(ntacl.Everyone, Full)))
	read := parse(t, Encode(ntacl.Administrators, ntacl.Users, Allow(ntacl.Users, Read)))
	token := ntacl.Token{ntacl.Everyone, ntacl.Users}
	for _, got := range []ntacl.Mask{ntacl.Access(all, read, token).Sure, ntacl.Access(read, all, token).Sure} {
		if got != Read {
			t.Errorf("%#x", uint32(got))
		}
	}
	if got := ntacl.Access(nil, all, token).Sure; got != Full {
		t.Errorf("a share that nobody guards: %#x", uint32(got))
	}
	if ntacl.Access(read, all, ntacl.Token{ntacl.Everyone}).Possible != 0 {
		t.Error("the share does not guard")
	}
}

// oracle decides one right as MS-DTYP 2.5.3.2 words it: walk the list until an
// entry that speaks of the right to the token is met.
func oracle(list []Entry, owner ntacl.SID, t ntacl.Token, right uint32, maybe bool) bool {
	for _, e := range list {
		named := t.Has(e.SID) || e.SID == ntacl.OwnerRights && t.Has(owner)
		conditional := e.Type >= 5
		if e.Flags&8 != 0 || e.Mask&right == 0 || !named {
			continue
		}
		deny := e.Type == 1 || e.Type == 6 || e.Type == 10
		if conditional && deny == maybe {
			continue // in the better case a condition on denying fails; in the worse one on allowing
		}
		return !deny
	}
	return false
}

func TestRightsAgainstOracle(t *testing.T) {
	var people []ntacl.SID
	for rid := range uint32(4) {
		people = append(people, ntacl.MakeSID(5, 21, 1, 2, 3, 1000+rid))
	}
	named := append([]ntacl.SID{ntacl.Everyone, ntacl.OwnerRights}, people...)
	rapid.Check(t, func(t *rapid.T) {
		entry := rapid.Custom(func(t *rapid.T) Entry {
			return Entry{
				Type:  rapid.SampledFrom([]uint8{0, 1, 0, 1, 5, 6, 9, 10}).Draw(t, "type"),
				Flags: rapid.SampledFrom([]uint8{0, 0, 3, 8, 0x13}).Draw(t, "flags"),
				Mask:  rapid.Uint32Range(0, 0x1F01FF).Draw(t, "mask"),
				SID:   rapid.SampledFrom(named).Draw(t, "sid"),
			}
		})
		list := rapid.SliceOfN(entry, 0, 8).Draw(t, "list")
		owner := rapid.SampledFrom(people).Draw(t, "owner")
		token := ntacl.Token(rapid.SliceOfDistinct(rapid.SampledFrom(append([]ntacl.SID{ntacl.Everyone}, people...)), rapid.ID).Draw(t, "token"))
		d, err := ntacl.Parse(Encode(owner, owner, list...))
		if err != nil {
			t.Fatal(err)
		}
		got := d.Rights(token)
		for right := uint32(1); right < 0x10000; right <<= 1 { // the owner's own rights are tested apart
			sure, possible := uint32(got.Sure)&right != 0, uint32(got.Possible)&right != 0
			if sure != oracle(list, owner, token, right, false) || possible != oracle(list, owner, token, right, true) {
				t.Fatalf("right %#x of %v: surely %v, possibly %v", right, list, sure, possible)
			}
		}
		// More SIDs never take a right away, unless an entry denies.
		for _, e := range list {
			if e.Type == 1 || e.Type == 6 || e.Type == 10 {
				return
			}
		}
		if more := d.Rights(append(token, people...)); got.Possible&^more.Possible != 0 && !token.Has(owner) {
			t.Fatalf("%s with fewer SIDs, %s with more", got.Possible, more.Possible)
		}
	})
}
