package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func inputOf(b []byte) Input {
	return Input{Reader: bytes.NewReader(b), At: bytes.NewReader(b), Size: int64(len(b))}
}

// devour is a Visitor that reads everything and asks for every place.
type devour struct{ n int64 }

// Text implements Visitor.
func (d *devour) Text(_ string, r io.Reader, at *Places) error {
	n, err := io.Copy(io.Discard, r)
	d.n += n
	for off := int64(0); off <= n; off += n/16 + 1 {
		at.At(off)
	}
	return err
}

// Gap implements Visitor.
func (d *devour) Gap(_ string, err error) { _ = err.Error() }

// FuzzWalk: no bytes make a walk panic, hang, fail or pass its limits.
func FuzzWalk(f *testing.F) {
	text := strings.Repeat("text\n", 100)
	f.Add(zipOf(f, entry{"a", text}, entry{"b/", ""}))
	f.Add(zipOf(f, entry{"[Content_Types].xml", contentTypes}, entry{"word/document.xml", "<w:p><w:t>x</w:t></w:p>"}, entry{"xl/worksheets/s.xml", "<row><c t=\"s\"><v>0</v></c></row>"}, entry{"xl/sharedStrings.xml", "<si><t>s</t></si>"}))
	f.Add(zipOf(f, entry{"mimetype", "application/vnd.oasis.opendocument.text"}, entry{"content.xml", "<table:table><table:table-row><table:table-cell/></table:table-row></table:table>"}))
	f.Add(tarOf(f, entry{"a", text}))
	f.Add(compressed(f, []byte(text), gzipTo))
	f.Add(compressed(f, []byte(text), zstdTo))
	f.Add([]byte(sampleMail(f)))
	f.Add([]byte("SQLite format 3\x00" + strings.Repeat("\x10\x00\x01\x01", 300)))
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600)))
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 8 << 20
		d := new(devour)
		wr := Walker{Limits: Limits{Bytes: most, Depth: 4, Entries: 1000, Memory: 8 << 20, Timeout: 10 * time.Second}}
		if err := wr.Walk(t.Context(), inputOf(b), d); err != nil {
			t.Fatal(err)
		}
		if d.n > most+int64(len(b))+64<<10*1000 {
			t.Fatalf("%d bytes came of %d", d.n, len(b))
		}
	})
}

// fuzzFormat: no bytes make a format's reader hang or pass its limits, and a
// panic is never one of our own code.
func fuzzFormat(f *testing.F, name string, fixtures ...string) {
	f.Helper()
	for _, pattern := range fixtures {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	fm := formatNamed(name)
	f.Fuzz(func(t *testing.T, b []byte) {
		const most, patience = 8 << 20, 5 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		v := new(wary)
		w := &walk{
			ctx: ctx, limits: Limits{Bytes: most, Depth: 4, Entries: 1000, Memory: 8 << 20, Timeout: patience}.withDefaults(),
			visitor: v, apart: true, keys: &keys{passwords: []string{"open sesame"}}, stock: new(stock),
		}
		begin := time.Now()
		err := w.spoiled(place{}, w.guarded(fm, place{}, inputOf(b)))
		if end := new(over); err != nil && !errors.As(err, &end) {
			t.Fatal(err)
		}
		if time.Since(begin) > 4*patience {
			t.Fatalf("it took %s", time.Since(begin))
		}
		if v.ours != nil {
			t.Fatal(v.ours)
		}
	})
}

// wary is a Visitor that keeps the gap of a panic in our own code.
type wary struct {
	devour
	ours error
}

// Gap implements Visitor.
func (v *wary) Gap(inner string, err error) {
	v.devour.Gap(inner, err)
	if errors.Is(err, ErrFailed) && strings.Contains(err.Error(), "mislaid/") {
		v.ours = err
	}
}

func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, entry{"a", "text"}, entry{"b/", ""}))
	fuzzFormat(f, "zip", "locked/*.zip", "quine.zip")
}

func FuzzOOXML(f *testing.F) {
	f.Add(zipOf(f, entry{"[Content_Types].xml", contentTypes}, entry{"word/document.xml", "<w:p><w:t>x</w:t></w:p>"}, entry{"xl/worksheets/s.xml", "<row><c t=\"s\"><v>0</v></c></row>"}, entry{"xl/sharedStrings.xml", "<si><t>s</t></si>"}))
	fuzzFormat(f, "zip")
}

func FuzzOpenDocument(f *testing.F) {
	f.Add(zipOf(f, entry{"mimetype", "application/vnd.oasis.opendocument.text"}, entry{"content.xml", "<table:table><table:table-row><table:table-cell/></table:table-row></table:table>"}))
	fuzzFormat(f, "zip")
}

func FuzzGzip(f *testing.F) {
	f.Add(compressed(f, []byte("text"), gzipTo))
	fuzzFormat(f, "gzip")
}

func FuzzZstd(f *testing.F) {
	f.Add(compressed(f, []byte("text"), zstdTo))
	fuzzFormat(f, "zstd")
}

func FuzzXZ(f *testing.F) {
	f.Add(compressed(f, []byte("text"), xzTo))
	fuzzFormat(f, "xz")
}

func FuzzBzip2(f *testing.F) { fuzzFormat(f, "bzip2", "zeros.bz2") }

func FuzzTar(f *testing.F) {
	f.Add(tarOf(f, entry{"a", "text"}))
	f.Add(sparseTar(f))
	fuzzFormat(f, "tar")
}

func Fuzz7z(f *testing.F) { fuzzFormat(f, "7z", "locked/*.7z") }

func FuzzRar(f *testing.F) {
	f.Add([]byte("Rar!\x1a\x07\x00" + strings.Repeat("\x00", 60)))
	f.Add([]byte("Rar!\x1a\x07\x01\x00" + strings.Repeat("\x01", 60)))
	fuzzFormat(f, "rar")
}

func FuzzOLE(f *testing.F) {
	f.Add(ringOLE())
	fuzzFormat(f, "ole", "locked/*.docx")
}

func FuzzSQLite(f *testing.F) {
	f.Add(ringSQLite())
	fuzzFormat(f, "sqlite", "sqlite/*.db")
}

func FuzzWAL(f *testing.F) { fuzzFormat(f, "sqlite log", "sqlite/*-wal") }

func FuzzJournal(f *testing.F) { fuzzFormat(f, "sqlite journal", "sqlite/*-journal") }

func FuzzMail(f *testing.F) {
	f.Add([]byte(sampleMail(f)))
	f.Add([]byte("From x\n" + sampleMail(f) + "\n\nFrom y\n" + sampleMail(f)))
	fuzzFormat(f, "mail")
}

// FuzzEncryptionInfo: nothing that a document says of its encryption makes
// opening it panic or hang.
func FuzzEncryptionInfo(f *testing.F) {
	f.Add([]byte("\x04\x00\x04\x00\x40\x00\x00\x00<encryption><keyData saltSize=\"16\" blockSize=\"16\" keyBits=\"256\" hashAlgorithm=\"SHA512\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" saltValue=\"AAAAAAAAAAAAAAAAAAAAAA==\"/><keyEncryptors><keyEncryptor><encryptedKey spinCount=\"10\" blockSize=\"16\" keyBits=\"256\" hashAlgorithm=\"SHA512\" cipherAlgorithm=\"AES\" cipherChaining=\"ChainingModeCBC\" saltValue=\"AAAAAAAAAAAAAAAAAAAAAA==\" encryptedVerifierHashInput=\"AAAAAAAAAAAAAAAAAAAAAA==\" encryptedVerifierHashValue=\"AAAAAAAAAAAAAAAAAAAAAA==\" encryptedKeyValue=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"/></keyEncryptor></keyEncryptors></encryption>"), []byte(strings.Repeat("x", 100)))
	f.Add([]byte("\x03\x00\x02\x00\x24\x00\x00\x00\x20\x00\x00\x00"+strings.Repeat("\x00", 120)), []byte("12345678"))
	f.Fuzz(func(t *testing.T, info, pkg []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := &walk{ctx: ctx, limits: Limits{Bytes: 1 << 20}.withDefaults(), visitor: new(devour), stock: new(stock), keys: new(keys)}
		_ = w.unlockOffice(place{}, bytes.NewReader(info), bytes.NewReader(pkg))
	})
}

// FuzzXML: what the scanner gives never depends on how it is read.
func FuzzXML(f *testing.F) {
	f.Add([]byte(`<a b="c>d"><e/>t&amp;<![CDATA[x]]><!-- > --></a>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := io.Copy(io.Discard, paragraphs(bytes.NewReader(b), officeRules)); err != nil {
			t.Fatal(err)
		}
		text, at := openText(bytes.NewReader(b))
		if _, err := io.Copy(io.Discard, text); err != nil {
			t.Fatal(err)
		}
		at.At(10)
	})
}
