package slackexport

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// exportBytes is the ZIP of a workspace, with the sizes behind each file or before
// it, packed or as it is.
func exportBytes(t testing.TB, w *slacktest.Workspace, behind bool, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	err := w.Export(slacktest.Corporate, func(name string, data []byte) error {
		if behind {
			f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
			if err != nil {
				return err
			}
			_, err = f.Write(data)
			return err
		}
		f, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(data), CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data))})
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return err
	})
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// whole is what is read of an export without an error, and how many gaps there are.
func whole(t *testing.T, s *Source) (texts string, gaps []error) {
	t.Helper()
	for c := range s.Containers(t.Context()) {
		for it, err := range s.Items(t.Context(), c, "") {
			var b sources.Body
			if err == nil {
				b, err = s.Open(t.Context(), it, 0, -1)
			}
			if err == nil {
				var text []byte
				text, err = io.ReadAll(b)
				texts += string(text)
				_ = b.Close()
			}
			if err != nil && !errors.Is(err, sources.ErrSkipped) {
				gaps = append(gaps, fmt.Errorf("%s: %w", it.Path, err))
			}
		}
	}
	return texts, gaps
}

// TestTornZip: a ZIP that was cut off anywhere is read as far as it goes, and says
// that it was cut off.
func TestTornZip(t *testing.T) {
	for _, behind := range []bool{true, false} {
		b := exportBytes(t, office(), behind, zip.Deflate)
		all, err := openBytes(t, b)
		if err != nil {
			t.Fatal(err)
		}
		want, gaps := whole(t, all)
		if len(gaps) > 0 {
			t.Fatal(gaps)
		}
		directory := bytes.Index(b, []byte("PK\x01\x02"))
		opened := 0
		for n := 1; n < len(b); n += 97 {
			s, err := openBytes(t, b[:n])
			if err != nil {
				continue // the lists are lost, and all messages
			}
			opened++
			texts, gaps := whole(t, s)
			if len(gaps) == 0 || !strings.Contains(strings.Join(s.Info().Notes, "\n"), "the ZIP is cut off") {
				t.Errorf("cut at %d: %d gaps, %q", n, len(gaps), s.Info().Notes)
			}
			if n >= directory && (len(gaps) != 1 || len(texts) != len(want)) {
				t.Errorf("cut within the directory: %d of %d bytes, %v", len(texts), len(want), gaps)
			}
		}
		if opened < 3 {
			t.Errorf("only %d of the cut ones were read", opened)
		}
	}
}

// TestWideZip: a ZIP of more files than its old form can count, and one whose sizes
// stand in the new form, whole and torn.
func TestWideZip(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name, text string) {
		f, err := z.CreateRaw(&zip.FileHeader{Name: name, CRC32: crc32.ChecksumIEEE([]byte(text)), CompressedSize64: uint64(len(text)), UncompressedSize64: uint64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	put("channels.json", oneChannel)
	const files = 70_000
	for i := range files {
		put(fmt.Sprintf("general/attachments/F%d-x", i), "x")
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 10} {
		s, err := openBytes(t, b.Bytes()[:b.Len()-cut])
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range s.Items(t.Context(), sources.Container{ID: "C1"}, "") {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != files+1 { // and what describes it
			t.Errorf("%d items", n)
		}
	}

	var l local
	l.packed, l.unpacked = 0xffffffff, 0xffffffff
	l.long([]byte{7, 0, 1, 0, 9, 1, 0, 16, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0})
	if l.unpacked != 1<<32+2 || l.packed != 1<<32+3 {
		t.Errorf("%+v", l)
	}
	l.head, l.name, l.off = make([]byte, 10), []byte("channels.json"), 1<<33
	m := &mended{r: zeros{}, size: 1 << 40}
	m.list = appendEnd(l.appendTo(nil), m.size, 1)
	zr, err := zip.NewReader(m, m.length())
	if err != nil || len(zr.File) != 1 || zr.File[0].UncompressedSize64 != l.unpacked || zr.File[0].CompressedSize64 != l.packed || zr.File[0].Name != "channels.json" {
		t.Errorf("%+v, %v", zr, err)
	}
}

// zeros is a reader of zeros.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}

// FuzzTorn: no bytes make mending panic, or find more than there is.
func FuzzTorn(f *testing.F) {
	b := exportBytes(f, office(), true, zip.Deflate)
	f.Add(b[:len(b)/2])
	f.Add(exportBytes(f, office(), false, zip.Store))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, whole, err := mend(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if whole > int64(len(b)) || len(m.list) > maxDirectory+1<<17 {
			t.Fatalf("%d bytes of %d, a list of %d", whole, len(b), len(m.list))
		}
		if _, err := readDirectory(m, m.length()); err != nil && !errors.Is(err, sources.ErrUnsupported) {
			t.Fatalf("archive/zip cannot read what was mended: %v", err)
		}
	})
}
