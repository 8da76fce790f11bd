package extract

import (
	"bytes"
	"io"
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
	files, _ := fixtures(f)
	for name, b := range files {
		if len(b) < 32<<10 && !strings.HasSuffix(name, ".pdf") { // those have a fuzz test of their own
			f.Add(b)
		}
	}
	f.Add([]byte("{\\rtf1{\\info{\\title x}}{\\object{\\*\\objdata 0105000002000000}}\\u1234?\\'e4\\bin3 abc}"))
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

// FuzzXML: what the scanner gives never depends on how it is read.
func FuzzXML(f *testing.F) {
	f.Add([]byte(`<a b="c>d"><e/>t&amp;<![CDATA[x]]><!-- > --></a>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, _ := paragraphs(bytes.NewReader(b), officeRules)
		if _, err := io.Copy(io.Discard, text); err != nil {
			t.Fatal(err)
		}
		text, at := openText(bytes.NewReader(b))
		if _, err := io.Copy(io.Discard, text); err != nil {
			t.Fatal(err)
		}
		at.At(10)
	})
}
