package extract

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// planted stands in the first thing of every bomb.
const planted = "what was planted in the first thing\n"

// repeatedDeflate is DEFLATE of n times chunk, made at the price of one. begin
// stands before it.
func repeatedDeflate(t testing.TB, begin string, chunk []byte, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	write := func(p []byte, finish bool) []byte {
		b.Reset()
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err == nil {
			_, err = w.Write(p)
		}
		if err == nil {
			err = w.Flush()
		}
		if err == nil && finish {
			b.Reset()
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Clone(b.Bytes())
	}
	out := write([]byte(begin), false)
	out = append(out, bytes.Repeat(write(chunk, false), n)...)
	return append(out, write(nil, true)...)
}

// gzipBomb is a gzip of that.
func gzipBomb(t testing.TB, begin string, chunk []byte, n int) []byte {
	t.Helper()
	head := []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff")
	return append(append(head, repeatedDeflate(t, begin, chunk, n)...), make([]byte, 8)...)
}

// rawEntry is an entry of a zip whose bytes and header are made by hand.
type rawEntry struct {
	name   string
	packed []byte
	method uint16
	size   uint64 // as the header says it
	sum    uint32
}

func deflated(t testing.TB, name, text string) rawEntry {
	t.Helper()
	return rawEntry{name, repeatedDeflate(t, text, nil, 0), zip.Deflate, uint64(len(text)), crc32.ChecksumIEEE([]byte(text))}
}

func rawZip(t testing.TB, entries ...rawEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.CreateRaw(&zip.FileHeader{
			Name: e.name, Method: e.method, CompressedSize64: uint64(len(e.packed)), UncompressedSize64: e.size, CRC32: e.sum,
		})
		if err == nil {
			_, err = f.Write(e.packed)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// nestedZips is levels of zips with 16 entries each, as 42.zip is, around zeros.
func nestedZips(t testing.TB, levels int) []byte {
	t.Helper()
	b := rawZip(t, rawEntry{"zeros", repeatedDeflate(t, "", make([]byte, 1<<20), 4096), zip.Deflate, 4096 << 20, 0})
	for range levels {
		entries := []rawEntry{deflated(t, "first", planted)}
		packed := repeatedDeflate(t, string(b), nil, 0)
		for i := range 16 {
			entries = append(entries, rawEntry{"lib" + string(rune('a'+i)) + ".zip", packed, zip.Deflate, uint64(len(b)), crc32.ChecksumIEEE(b)})
		}
		b = rawZip(t, entries...)
	}
	return b
}

// overlappingZip is a zip whose entries are all the same bytes.
func overlappingZip(t testing.TB, n int) []byte {
	t.Helper()
	b := rawZip(t, deflated(t, "first", planted), rawEntry{"x", repeatedDeflate(t, "", make([]byte, 1<<20), 100), zip.Deflate, 100 << 20, crc32.ChecksumIEEE(make([]byte, 100<<20))})
	le := binary.LittleEndian
	end := len(b) - 22
	from := int(le.Uint32(b[end+16:]))
	second := from + 46 + len("first") + int(le.Uint16(b[from+30:])) + int(le.Uint16(b[from+32:]))
	record := bytes.Clone(b[second:end])
	out := append(bytes.Clone(b[:end]), bytes.Repeat(record, n)...)
	tail := bytes.Clone(b[end:])
	le.PutUint16(tail[8:], uint16(2+n))
	le.PutUint16(tail[10:], uint16(2+n))
	le.PutUint32(tail[12:], uint32(len(out)-from))
	return append(out, tail...)
}

func manyTar(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "first", Mode: 0o600, Size: int64(len(planted)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, planted); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	from := b.Len()
	if err := w.WriteHeader(&tar.Header{Name: "many", Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	head := bytes.Clone(b.Bytes()[from:])
	return append(b.Bytes(), bytes.Repeat(head, n)...)
}

// sparseTar says in a header that a file of one byte is 8 TB of zeros (tar(5),
// "GNU tar archives").
func sparseTar(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "first", Mode: 0o600, Size: int64(len(planted)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, planted); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	h := make([]byte, 512)
	copy(h, "sparse")
	copy(h[100:], "0000600\x000000000\x000000000\x0000000000001\x0000000000000\x00")
	h[156] = 'S'
	copy(h[257:], "ustar  \x00")
	size := func(b []byte, n int64) { // base 256
		binary.BigEndian.PutUint64(b[4:12], uint64(n))
		b[0] = 0x80
	}
	const real = 8 << 40
	size(h[386:], real-1)
	size(h[398:], 1)
	size(h[483:], real)
	for i := range 8 {
		h[148+i] = ' '
	}
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], []byte{byte('0' + sum>>15&7), byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	return append(append(b.Bytes(), h...), make([]byte, 2048)...)
}

// sharedStrings is a workbook of n shared strings and no more.
func sharedStrings(t testing.TB, n int) []byte {
	t.Helper()
	one := []byte("<si><t>x</t></si>")
	chunk := bytes.Repeat(one, 100_000)
	return rawZip(t, deflated(t, "[Content_Types].xml", contentTypes), deflated(t, "docProps/core.xml", "<p><title>"+planted+"</title></p>"),
		deflated(t, "xl/worksheets/sheet1.xml", `<row><c t="s"><v>5</v></c></row>`),
		rawEntry{"xl/sharedStrings.xml", repeatedDeflate(t, "<sst>", chunk, n/100_000), zip.Deflate, uint64(n * len(one)), 0})
}

// searching is a Visitor that looks for what was planted and keeps nothing.
type searching struct {
	found, texts int
	bytes        int64
	gaps         []error
	places       []string
}

// Text implements Visitor.
func (s *searching) Text(inner string, r io.Reader, _ *Places) error {
	s.texts++
	buf := make([]byte, 64<<10)
	n, err := io.ReadFull(r, buf)
	if bytes.Contains(buf[:n], []byte(strings.TrimSpace(planted))) {
		s.found++
	}
	m, cerr := io.Copy(io.Discard, r)
	s.bytes += int64(n) + m
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = cerr
	}
	if len(s.places) < 100 {
		s.places = append(s.places, inner)
	}
	return err
}

// Gap implements Visitor.
func (s *searching) Gap(inner string, err error) {
	if len(s.gaps) < 100 {
		s.gaps = append(s.gaps, err)
	}
	if len(s.places) < 100 {
		s.places = append(s.places, inner)
	}
}

// bomb is content that is made to exhaust its reader.
type bomb struct {
	name   string
	make   func(t testing.TB) []byte
	limits Limits
	gap    error // one of the gaps must be this
}

func bombs() []bomb {
	mb := make([]byte, 1<<20)
	return []bomb{
		{"nested zips", func(t testing.TB) []byte { return nestedZips(t, 5) }, Limits{}, ErrLimit},
		{"overlapping entries", func(t testing.TB) []byte { return overlappingZip(t, 50_000) }, Limits{}, ErrLimit},
		{"gzip of 10 GB of zeros", func(t testing.TB) []byte { return gzipBomb(t, planted, mb, 10<<10) }, Limits{}, ErrLimit},
		{"the same without a ratio", func(t testing.TB) []byte { return gzipBomb(t, planted, mb, 10<<10) }, Limits{Ratio: 1 << 30, Bytes: 1 << 30}, ErrLimit},
		{"zip that holds itself", func(t testing.TB) []byte {
			b, err := os.ReadFile(filepath.Join("testdata", "quine.zip"))
			if err != nil {
				t.Fatal(err)
			}
			return rawZip(t, deflated(t, "first", planted), rawEntry{"r.zip", b, zip.Store, uint64(len(b)), crc32.ChecksumIEEE(b)})
		}, Limits{}, ErrLimit},
		{"a billion shared strings", func(t testing.TB) []byte { return sharedStrings(t, 1_000_000_000) }, Limits{}, ErrLimit},
		{"shared strings without a ratio", func(t testing.TB) []byte { return sharedStrings(t, 2_000_000) }, Limits{Ratio: 1 << 30, Memory: 4 << 20}, ErrLimit},
		{"tar of many entries", func(t testing.TB) []byte { return manyTar(t, 30_000) }, Limits{Entries: 20_000}, ErrLimit},
		{"sparse file in a tar", sparseTar, Limits{}, ErrLimit},
		{"zip that says less", func(t testing.TB) []byte {
			return rawZip(t, deflated(t, "first", planted), rawEntry{"x", repeatedDeflate(t, "", mb, 4096), zip.Deflate, 1, 0})
		}, Limits{}, ErrLimit},
		{"zip that says more", func(t testing.TB) []byte {
			return rawZip(t, deflated(t, "first", planted), rawEntry{"x", repeatedDeflate(t, "x", nil, 0), zip.Deflate, 1 << 62, 0})
		}, Limits{}, ErrTorn},
		{"bzip2 of zeros", func(t testing.TB) []byte {
			b, err := os.ReadFile(filepath.Join("testdata", "zeros.bz2"))
			if err != nil {
				t.Fatal(err)
			}
			return tarOf(t, entry{"first", planted}, entry{"x.bz2", string(bytes.Repeat(b, 20_000))})
		}, Limits{}, ErrLimit},
		{"xz with a dictionary of 4 GB", func(t testing.TB) []byte {
			return tarOf(t, entry{"first", planted}, entry{"x.xz", "\xfd7zXZ\x00\x00\x01\x69\x22\xde\x36\x02\x00\x21\x01\x28" + strings.Repeat("\x00", 100)})
		}, Limits{}, ErrLimit},
		{"zstd with a window of 3 GB", func(t testing.TB) []byte {
			return tarOf(t, entry{"first", planted}, entry{"x.zst", "\x28\xb5\x2f\xfd\x00\xa8" + strings.Repeat("\x00", 100)})
		}, Limits{}, ErrLimit},
		{"compound file whose chain is a ring", func(t testing.TB) []byte {
			return tarOf(t, entry{"first", planted}, entry{"x.doc", string(ringOLE())})
		}, Limits{}, ErrTorn},
		{"database whose overflow is a ring", func(t testing.TB) []byte {
			return tarOf(t, entry{"first", planted}, entry{"x.db", string(ringSQLite())})
		}, Limits{}, nil},
		{"mail in mail in mail", func(t testing.TB) []byte {
			m := "From: a\nSubject: b\nDate: c\n\n" + planted
			for range 50 {
				m = "From: a\nSubject: b\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" + m
			}
			return []byte("From: a\nSubject: " + strings.TrimSpace(planted) + "\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" + m)
		}, Limits{}, nil},
		{"XML of nothing but opening tags", func(t testing.TB) []byte {
			return rawZip(t, deflated(t, "[Content_Types].xml", contentTypes), deflated(t, "word/comments.xml", "<p><t>"+planted+"</t></p>"),
				rawEntry{"word/document.xml", repeatedDeflate(t, "", bytes.Repeat([]byte("<w:p><w:t><w:tc>"), 10_000), 300), zip.Deflate, 0, 0})
		}, Limits{}, ErrLimit},
	}
}

// ringOLE is a compound file whose directory's chain of sectors leads to itself.
func ringOLE() []byte {
	b := make([]byte, 512*4)
	le := binary.LittleEndian
	copy(b, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le.PutUint16(b[24:], 0x3e)
	le.PutUint16(b[26:], 3)
	le.PutUint16(b[28:], 0xfffe)
	le.PutUint16(b[30:], 9)
	le.PutUint16(b[32:], 6)
	le.PutUint32(b[44:], 1)
	le.PutUint32(b[48:], 1)
	le.PutUint32(b[56:], 4096)
	le.PutUint32(b[60:], 0xfffffffe)
	le.PutUint32(b[68:], 0xfffffffe)
	for i := 76; i < 512; i += 4 {
		le.PutUint32(b[i:], 0xffffffff)
	}
	le.PutUint32(b[76:], 0)
	le.PutUint32(b[512:], 0xfffffffd)
	for i := 1; i < 128; i++ {
		le.PutUint32(b[512+4*i:], uint32(1+i%2))
	}
	return b
}

// ringSQLite is a database with one row whose overflow pages are a ring.
func ringSQLite() []byte {
	const page = 512
	b := make([]byte, 3*page)
	be := binary.BigEndian
	copy(b, "SQLite format 3\x00")
	be.PutUint16(b[16:], page)
	b[100] = tableLeaf
	be.PutUint16(b[103:], 1)
	at := page - 60
	be.PutUint16(b[108:], uint16(at))
	copy(b[at:], "\x8f\xff\xff\x7f\x01\x03\x8f\xff\xff\x6b") // a row of about 33 MB in 60 bytes
	be.PutUint32(b[page-4:], 2)
	be.PutUint32(b[page:], 3)
	be.PutUint32(b[2*page:], 2)
	return b
}

// TestBombs: each ends within its limits as a gap, and what stands before the
// limit is handed over.
func TestBombs(t *testing.T) {
	for _, c := range bombs() {
		t.Run(c.name, func(t *testing.T) {
			b := c.make(t)
			v := new(searching)
			pr := child(t, "serve")
			wr := Walker{Limits: c.limits, Process: pr}
			begin := time.Now()
			if err := wr.Walk(t.Context(), inputOf(b), v); err != nil {
				t.Fatal(err)
			}
			cmd := pr.cmd
			if _ = pr.Close(); cmd != nil {
				const most = 400 << 20
				if peak := peakMemory(cmd.ProcessState); peak > most && maxProcess < most {
					t.Errorf("the child held %d MB", peak>>20)
				}
			}
			t.Logf("%d bytes packed, %d texts of %d bytes, %s; gaps %v", len(b), v.texts, v.bytes, time.Since(begin).Round(time.Millisecond), v.gaps)
			if v.found == 0 {
				t.Error("what was planted was not handed over")
			}
			matches := c.gap == nil
			for _, err := range v.gaps {
				matches = matches || errors.Is(err, c.gap)
				if errors.Is(err, ErrFailed) {
					t.Errorf("a reader failed: %v", err)
				}
			}
			if !matches {
				t.Errorf("no gap is %v", c.gap)
			}
		})
	}
}

// TestHostileNames: names lead nowhere, for nothing is written under them, and
// come to the visitor without what moves a terminal's cursor.
func TestHostileNames(t *testing.T) {
	names := []string{"../../etc/cron.d/x", "/etc/passwd", `C:\Windows\x`, "a\x1b[2Jb", "a\r\nb", "a\x00b", "\u202Egnp.exe", "\xff\xfe", strings.Repeat("x", 5000), "a!b", ""}
	var entries []entry
	for _, n := range names {
		entries = append(entries, entry{n, planted})
	}
	for what, b := range map[string][]byte{"zip": zipOf(t, entries...), "tar": tarWith(t, names)} {
		v := new(searching)
		if err := new(Walker).Walk(t.Context(), inputOf(b), v); err != nil {
			t.Fatal(err)
		}
		if v.found != len(names) || len(v.gaps) > 0 {
			t.Errorf("%s: %d of %d were read, gaps %v", what, v.found, len(names), v.gaps)
		}
		for _, p := range v.places {
			if strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x202e || r == 0xfffd }) || len(p) > 600 {
				t.Errorf("%s: the place %q", what, p)
			}
		}
	}
}

// tarWith is a tar with a file under each name, where one can be written, and
// with links and devices that lead outside.
func tarWith(t testing.TB, names []string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{
		{Name: "link", Linkname: "/etc/shadow", Typeflag: tar.TypeSymlink},
		{Name: "hard", Linkname: "../../etc/shadow", Typeflag: tar.TypeLink},
		{Name: "dev", Typeflag: tar.TypeBlock, Devmajor: 8},
		{Name: "fifo", Typeflag: tar.TypeFifo},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range names {
		h := &tar.Header{Name: strings.ReplaceAll(n, "\x00", "_"), Mode: 0o600, Size: int64(len(planted)), Typeflag: tar.TypeReg, Format: tar.FormatGNU}
		if err := w.WriteHeader(h); err != nil {
			t.Fatalf("%q: %v", n, err)
		}
		if _, err := io.WriteString(w, planted); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
