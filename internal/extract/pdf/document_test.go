package pdf

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// file writes a document of some objects, which are numbered from 1, with a
// table that is right. The first is the catalogue.
func file(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, off := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", off)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R /Size %d /Info 4 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return b.Bytes()
}

func streamOf(s string) string {
	return fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(s), s)
}

// page is a document with one page of some content.
func page(content string, more ...string) []byte {
	return file(append([]string{
		"<</Type/Catalog /Pages 2 0 R /Outlines 9 0 R /AcroForm <</Fields[10 0 R]>> /Names <</EmbeddedFiles <</Names[(n) 8 0 R]>>>>>>",
		"<</Type/Pages /Kids[3 0 R] /Count 1 /Resources <</Font<</F <</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>> /XObject<</X 6 0 R>>>>>>",
		"<</Type/Page /Parent 2 0 R /Contents 5 0 R /Annots[<</Subtype/Text/T(who)/Contents(a note)>> <</Subtype/Link/A<</URI(https://example.org)>>>>]>>",
		"<</Title(the title) /Author<FEFF00C4>>>",
		streamOf(content),
		"<</Subtype/Form /Length 26>>\nstream\nBT /F 10 Tf (in a form) Tj ET\nendstream",
		streamOf("attached"),
		"<</Type/Filespec /F(a.txt) /EF<</F 7 0 R>>>>",
		"<</First <</Title(no)>>>>",
		"<</T(name) /V(value)>>",
	}, more...)...)
}

func open(t testing.TB, b []byte, cfg Config) *Document {
	t.Helper()
	d, err := Open(bytes.NewReader(b), int64(len(b)), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// textOf returns the text of all pages.
func textOf(t testing.TB, d *Document) string {
	t.Helper()
	var b []byte
	for p := range d.Pages {
		var err error
		if b, err = p.AppendText(b); err != nil {
			t.Error(err)
		}
	}
	return string(b)
}

func TestText(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"string": {"BT /F 10 Tf 10 100 Td (one) Tj ET", "one\n"},
		"kerned": {"BT /F 10 Tf 10 100 Td [(AK)-30(IA)20(X)] TJ ET", "AKIAX\n"},
		"words":  {"BT /F 10 Tf 10 100 Td [(one)-300(two)] TJ ET", "one two\n"},
		"cells":  {"BT /F 10 Tf 10 100 Td (one) Tj 200 0 Td (two) Tj ET", "one\ttwo\n"},
		"lines":  {"BT /F 10 Tf 12 TL 10 100 Td (one) Tj T* (two) Tj (three) ' ET", "one\ntwo\nthree\n"},
		"hex":    {"BT /F 10 Tf <6f6E65> Tj ET", "one\n"},
		"escapes": {`BT /F 10 Tf (a\(b\)\101\
c(d)) Tj ET`, "a(b)Ac(d)\n"},
		"spaced letters":    {"BT /F 10 Tf 3 Tc (ABCDEF) Tj ET", "ABCDEF\n"},
		"drawn apart":       {"BT /F 10 Tf 10 100 Td (ABC) Tj ET BT /F 10 Tf 10 50 Td (low) Tj ET BT /F 10 Tf 30.56 100 Td (DEF) Tj ET", "ABCDEF\nlow\n"},
		"drawn twice":       {"BT /F 10 Tf 10 100 Td (bold) Tj ET BT /F 10 Tf 10.3 100 Td (bold) Tj ET", "bold\n"},
		"turned":            {"BT /F 10 Tf 0 1 -1 0 50 50 Tm [(AB)-20(CD)] TJ ET", "ABCD\n"},
		"small unit":        {"0.01 0 0 0.01 0 0 cm BT /F 1000 Tf 10 100 Td [(AB)-20(CD)] TJ ET", "ABCD\n"},
		"invisible":         {"BT 3 Tr /F 10 Tf (hidden) Tj ET", "hidden\n"},
		"in a form":         {"/X Do", "in a form\n"},
		"inline image":      {"BI /W 1 /H 1 ID \x00EI x\xff\nEI BT /F 10 Tf (after) Tj ET", "after\n"},
		"own text":          {"/Span <</ActualText(fi)>> BDC BT /F 10 Tf (x) Tj ET EMC", "fi\n"},
		"over lines":        {"BT /F 10 Tf 12 TL 10 100 Td (key=abcdefgh1jk) Tj T* (lmnopqrstuv end) Tj ET", "key=abcdefgh1jk\nlmnopqrstuv end\nkey=abcdefgh1jklmnopqrstuv\n"},
		"prose over lines":  {"BT /F 10 Tf 12 TL 10 100 Td (considerations) Tj T* (notwithstanding) Tj ET", "considerations\nnotwithstanding\n"},
		"unknown operators": {"foo 1 2 bar BT /F 10 Tf (x) Tj ET ) > ] }", "x\n"},
		"no font":           {"BT (x) Tj ET", ""},
		"numbers run wild":  {"BT /F 10 Tf 1.2.3 --4 Td (x) Tj 0Tc ET", "x\n"},
	} {
		d := open(t, page(c.content), Config{})
		if got := textOf(t, d); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAround(t *testing.T) {
	d := open(t, page("BT ET"), Config{})
	for p := range d.Pages {
		if got, want := p.Notes(), []Note{{"comment", "who\na note"}, {"link", "https://example.org"}}; !slices.Equal(got, want) {
			t.Errorf("notes %q, want %q", got, want)
		}
	}
	if got := string(d.AppendProperties(nil)); got != "Author: \u00c4\nTitle: the title\n" {
		t.Errorf("properties %q", got)
	}
	for name, value := range d.Fields {
		if name != "name" || value != "value" {
			t.Errorf("field %q is %q", name, value)
		}
	}
	n := 0
	for f := range d.Files {
		n++
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); f.Name != "a.txt" || string(b) != "attached" || err != nil {
			t.Errorf("%s holds %q, %v", f.Name, b, err)
		}
	}
	if n != 1 {
		t.Errorf("%d attached files", n)
	}
}

// TestRepair: a document whose table is wrong, or missing, is read all the same.
func TestRepair(t *testing.T) {
	whole := page("BT /F 10 Tf (still here) Tj ET")
	for name, b := range map[string][]byte{
		"moved":    append([]byte("%PDF-1.7\n% something that was not there\n"), whole[9:]...),
		"no table": whole[:bytes.LastIndex(whole, []byte("xref\n0"))],
		"junk":     append([]byte("junk before\n"), whole...),
		"bad end":  bytes.Replace(whole, []byte("startxref\n"), []byte("startxref\n9"), 1),
		"length":   bytes.Replace(whole, []byte("/Length 30"), []byte("/Length 10"), 1),
	} {
		d := open(t, b, Config{})
		if got := textOf(t, d); got != "still here\n" {
			t.Errorf("%s: %q", name, got)
		}
		if d.Torn != (name == "no table") {
			t.Errorf("%s: torn is %v", name, d.Torn)
		}
	}
	if _, err := Open(strings.NewReader("%PDF-1.4\nnothing"), 16, Config{}); err == nil {
		t.Error("a document of nothing was opened")
	}
}

// TestCycles: what leads back to itself ends.
func TestCycles(t *testing.T) {
	for name, objects := range map[string][]string{
		"pages":  {"<</Pages 2 0 R>>", "<</Kids[2 0 R 3 0 R]>>", "<</Kids[2 0 R 3 0 R]>>"},
		"length": {"<</Pages 2 0 R>>", "<</Kids[3 0 R]>>", "<</Type/Page /Contents 4 0 R>>", "<</Length 4 0 R>>\nstream\nx\nendstream"},
		"refs":   {"<</Pages 2 0 R>>", "3 0 R", "2 0 R"},
		"forms": {
			"<</Pages 2 0 R>>", "<</Kids[3 0 R]>>", "<</Type/Page /Contents 4 0 R /Resources<</XObject<</X 4 0 R>>>>>>",
			"<</Subtype/Form /Resources<</XObject<</X 4 0 R>>>> /Length 6>>\nstream\n/X Do \nendstream",
		},
	} {
		b := file(objects...)
		d, err := Open(bytes.NewReader(b), int64(len(b)), Config{})
		if err != nil {
			continue
		}
		for p := range d.Pages {
			_, _ = p.AppendText(nil) // it must only end
		}
		if d.root() == nil {
			t.Errorf("%s has no root", name)
		}
	}
}

// TestCharge: what is charged can end the work, anywhere.
func TestCharge(t *testing.T) {
	b := page("BT /F 10 Tf (x) Tj ET /X Do")
	full := fmt.Errorf("full")
	for most := range 60 {
		left := most
		d := open(t, b, Config{Charge: func(n int) error {
			if left -= n; left < 0 {
				return full
			}
			return nil
		}})
		for p := range d.Pages {
			if _, err := p.AppendText(nil); most < 30 && err == nil {
				t.Errorf("%d bytes were enough", most)
			}
		}
	}
}

func documents(t testing.TB) map[string][]byte {
	t.Helper()
	r, err := zip.OpenReader("../testdata/formats.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files := make(map[string][]byte)
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, ".pdf") {
			continue
		}
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(rc); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestPasswords: a document that asks for a password opens with it, the user's
// or the owner's, and with no other.
func TestPasswords(t *testing.T) {
	b := documents(t)["locked.pdf"]
	for password, opens := range map[string]bool{"user": true, "owner": true, "other": false, "": false} {
		d, err := Open(bytes.NewReader(b), int64(len(b)), Config{Passwords: [][]byte{[]byte(password)}})
		if (err == nil) != opens {
			t.Errorf("%q: %v", password, err)
		} else if opens && !strings.Contains(textOf(t, d), "mark7") {
			t.Errorf("%q opens it, and its text is %q", password, textOf(t, d))
		}
	}
}

// FuzzDocument: no bytes make reading panic, hang or pass what is charged.
func FuzzDocument(f *testing.F) {
	for _, b := range documents(f) {
		f.Add(b)
	}
	f.Add(page("BT /F 10 Tf (x) Tj ET /X Do"))
	f.Fuzz(func(t *testing.T, b []byte) {
		charged := 0
		d, err := Open(bytes.NewReader(b), int64(len(b)), Config{Charge: func(n int) error {
			if charged += n; charged > 16<<20 {
				return io.ErrShortBuffer
			}
			return nil
		}})
		if err != nil {
			return
		}
		defer d.Close()
		text := 0
		for p := range d.Pages {
			b, _ := p.AppendText(nil)
			if text += len(b); text > 64<<20 {
				t.Fatalf("%d bytes of text came of %d", text, len(b))
			}
			p.Notes()
			for picture := range p.Pictures {
				if r, err := picture.Open(); err == nil {
					_, _ = io.Copy(io.Discard, r)
				}
			}
		}
		d.AppendProperties(nil)
		d.AppendOutline(nil)
		for range d.Fields {
		}
		for range d.Scripts {
		}
		for f := range d.Files {
			if r, err := f.Open(); err == nil {
				_, _ = io.Copy(io.Discard, r)
			}
		}
	})
}
