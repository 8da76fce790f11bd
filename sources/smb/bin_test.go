package smb

import (
	"encoding/binary"
	"testing"
	"time"
	"unicode/utf16"

	"mislaid/internal/smb2"
)

// deletion is a $I file of Windows 10.
func deletion(path string, at time.Time) []byte {
	b := binary.LittleEndian.AppendUint64(nil, 2)
	b = binary.LittleEndian.AppendUint64(b, 8)
	b = binary.LittleEndian.AppendUint64(b, uint64(smb2.SnapshotAt(at)))
	units := append(utf16.Encode([]rune(path)), 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(units)))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func TestParseDeletion(t *testing.T) {
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	two := deletion(`C:\share\dir\key.txt`, at)
	one := append(binary.LittleEndian.AppendUint64(nil, 1), two[8:24]...)
	one = append(one, two[28:]...)
	one = append(one, make([]byte, 520)...)
	for name, b := range map[string][]byte{"Windows 10": two, "Vista": one} {
		if got, when, ok := parseDeletion(b); !ok || got != "key.txt" || !when.Equal(at) {
			t.Errorf("%s: %q %v %v", name, got, when, ok)
		}
	}
	for _, b := range [][]byte{nil, two[:20], two[:26], append([]byte{3}, two[1:]...), deletion(`C:\`, at)} {
		if got, _, ok := parseDeletion(b); ok {
			t.Errorf("%x is %q", b, got)
		}
	}
}

func FuzzParseDeletion(f *testing.F) {
	f.Add(deletion(`C:\share\dir\key.txt`, time.Unix(0, 0)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if name, _, ok := parseDeletion(b); ok && (name == "" || len(name) > 3*len(b)) {
			t.Errorf("%q", name)
		}
	})
}

func TestNameInBin(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt": "a.txt", "Copy #1 of a.txt": "a.txt", "Copy #12 of Copy #1 of a": "Copy #1 of a", "Copy #x of a": "Copy #x of a", "Copy # of a": "Copy # of a",
	} {
		if got := nameInBin(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
