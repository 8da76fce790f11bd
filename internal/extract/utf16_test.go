package extract

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// encode writes s as UTF-16, with a byte order mark if bom.
func encode(s string, order ByteOrder, bom bool) []byte {
	var bo binary.AppendByteOrder = binary.LittleEndian
	if order == BigEndian {
		bo = binary.BigEndian
	}
	var out []byte
	if bom {
		out = bo.AppendUint16(out, 0xFEFF)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		out = bo.AppendUint16(out, u)
	}
	return out
}

func TestUTF16(t *testing.T) {
	for _, order := range []ByteOrder{LittleEndian, BigEndian} {
		for _, bom := range []bool{true, false} {
			got, ok := UTF16(encode("key = value\r\nnext", order, bom))
			if !ok || got != order {
				t.Errorf("order %d, mark %v: got %d, %v", order, bom, got, ok)
			}
		}
		if got, ok := UTF16(encode("ユーザー名,アクセスキー", order, true)); !ok || got != order {
			t.Errorf("Japanese with a mark, order %d: got %d, %v", order, got, ok)
		}
	}
	for name, b := range map[string][]byte{
		"empty": {}, "ascii": []byte("plain text"), "elf": []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00>\x00"),
		"zeros": make([]byte, 100), "utf32": {0xFF, 0xFE, 0, 0, 'a', 0, 0, 0}, "one mark": {0xFF, 0xFE},
	} {
		if _, ok := UTF16(b); ok {
			t.Errorf("%s is taken for UTF-16", name)
		}
	}
}

func TestNarrow(t *testing.T) {
	text := "id=abc\nシ=é\n" + strings.Repeat("0123456789", 30_000)
	want := []byte{0xFF}
	for _, r := range text {
		if r < 0x80 {
			want = append(want, byte(r))
		} else {
			want = append(want, 0xFF)
		}
	}
	for _, order := range []ByteOrder{LittleEndian, BigEndian} {
		raw := encode(text, order, true)
		for name, r := range map[string]io.Reader{
			"whole": bytes.NewReader(raw), "half": iotest.HalfReader(bytes.NewReader(raw)), "data with error": iotest.DataErrReader(bytes.NewReader(raw)),
			"odd end": bytes.NewReader(append(bytes.Clone(raw), 'x')),
		} {
			got, err := io.ReadAll(Narrow(r, order))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, order %d: %d bytes of %d, %v", name, order, len(got), len(want), err)
			}
		}
		if err := iotest.TestReader(Narrow(bytes.NewReader(raw[:4000]), order), want[:2000]); err != nil {
			t.Error(err)
		}
	}
}

func FuzzNarrow(f *testing.F) {
	f.Add([]byte("\xff\xfea\x00b\x00"), false)
	f.Fuzz(func(t *testing.T, raw []byte, big bool) {
		order := LittleEndian
		if big {
			order = BigEndian
		}
		got, err := io.ReadAll(Narrow(iotest.OneByteReader(bytes.NewReader(raw)), order))
		if err != nil || len(got) != len(raw)/2 {
			t.Fatalf("%d bytes of %d, %v", len(got), len(raw), err)
		}
		UTF16(raw)
	})
}
