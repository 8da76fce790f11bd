package local

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func dirent(typ byte, name string, pad int) []byte {
	b := make([]byte, direntHeader+len(name)+1+pad)
	binary.NativeEndian.PutUint16(b[16:], uint16(len(b)))
	b[18] = typ
	copy(b[direntHeader:], name)
	return b
}

func TestParseDirents(t *testing.T) {
	long := strings.Repeat("n", 255)
	buf := slices.Concat(dirent(8, "b", 3), dirent(4, ".", 0), dirent(4, "..", 5), dirent(4, "a", 0), dirent(1, long, 7),
		dirent(0, "u", 0), dirent(14, "w", 0), dirent(12, "s", 1), dirent(10, "l", 1), dirent(2, "c", 1), dirent(6, "blk", 1), dirent(8, "a", 0))
	var l listing
	if err := parseDirents(buf, &l); err != nil {
		t.Fatal(err)
	}
	l.sort()
	want := map[string]kind{"b": kindFile, "a": kindDir, long: kindFIFO, "u": kindUnknown, "w": kindOther, "s": kindSocket,
		"l": kindLink, "c": kindDevice, "blk": kindDevice}
	if len(l.ents) != len(want) {
		t.Errorf("%d entries, want %d", len(l.ents), len(want))
	}
	last := ""
	for _, e := range l.ents {
		name := string(l.name(e))
		if k, ok := want[name]; !ok || k != e.kind || name <= last {
			t.Errorf("%q is a %v after %q", name, e.kind, last)
		}
		last = name
		if k, ok := l.find(name); !ok || k != e.kind {
			t.Errorf("%q is found as %v, %v", name, k, ok)
		}
	}
	for _, none := range []string{"", "aa", "zz", "."} {
		if _, ok := l.find(none); ok {
			t.Errorf("%q is found", none)
		}
	}
}

func TestMalformedDirents(t *testing.T) {
	good := dirent(8, "name", 0)
	short := slices.Clone(good)
	binary.NativeEndian.PutUint16(short[16:], direntHeader-1)
	long := slices.Clone(good)
	binary.NativeEndian.PutUint16(long[16:], uint16(len(good)+1))
	for _, bad := range [][]byte{good[:10], short, long, dirent(8, "", 0), dirent(8, "a/b", 0), append(slices.Clone(good), 0)} {
		if parseDirents(bad, new(listing)) == nil {
			t.Errorf("%x is accepted", bad)
		}
	}
}

func FuzzParseDirents(f *testing.F) {
	f.Add(dirent(8, "name", 0))
	f.Add(append(dirent(4, "..", 3), dirent(0, "x", 1)...))
	f.Add(dirent(8, "a/b", 0)[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		var l listing
		_ = parseDirents(b, &l)
		l.sort()
		for _, e := range l.ents {
			switch name := string(l.name(e)); {
			case name == "", name == ".", name == "..", strings.ContainsAny(name, "/\x00"):
				t.Errorf("gives the name %q", name)
			}
		}
	})
}

// TestEntrySize keeps a directory of a million entries affordable.
func TestEntrySize(t *testing.T) {
	if size := unsafe.Sizeof(entry{}); size > 32 {
		t.Errorf("an entry takes %d bytes", size)
	}
}
