package extracttest

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// builder makes files in a directory.
type builder struct {
	ctx     context.Context
	dir     string
	say     func(file, position string) string
	planted []Planted
	err     error
}

// Build makes documents in dir and returns what is planted in them. say is asked
// for each text; what it says must need no escaping in XML, and be the same
// whenever it is asked. A program that is missing is an error.
func Build(ctx context.Context, dir string, say func(file, position string) string) ([]Planted, error) {
	b := &builder{ctx: ctx, dir: dir, say: say}
	b.office()
	b.pdf()
	b.wrapped()
	b.small()
	return b.planted, b.err
}

// plant returns what is planted in a file.
func (b *builder) plant(file, position, place string) string {
	b.planted = append(b.planted, Planted{File: file, Position: position, Place: place})
	return b.say(file, position)
}

func (b *builder) run(stdin string, args ...string) {
	if b.err != nil {
		return
	}
	cmd := exec.CommandContext(b.ctx, args[0], args[1:]...)
	cmd.Dir = b.dir
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.err = fmt.Errorf("%s: %w: %s", args[0], err, out[:min(len(out), 500)])
	}
}

func (b *builder) write(name, content string) {
	if b.err == nil {
		b.err = os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o644)
	}
}

func (b *builder) read(name string) string {
	if b.err != nil {
		return ""
	}
	content, err := os.ReadFile(filepath.Join(b.dir, name))
	b.err = err
	return string(content)
}

func (b *builder) remove(names ...string) {
	for _, n := range names {
		if b.err == nil {
			b.err = os.RemoveAll(filepath.Join(b.dir, n))
		}
	}
}

// places are where LibreOffice's documents hold what is planted, by position.
type places map[string]string

// office makes what LibreOffice saves. Every format has texts of its own.
func (b *builder) office() {
	var sources [][2]string // and the format it is saved in
	for _, kind := range []struct {
		source, ext string
		formats     map[string]places
	}{
		{writer, "fodt", map[string]places{
			"doc": {
				"body": "body", "hidden": "body", "table": "body", "footnote": "footnotes", "header": "headers", "footer": "headers", "comment": "comments",
				"property": "SummaryInformation",
			},
			"docx": {
				"body": "body", "hidden": "body", "table": "body", "footnote": "footnotes", "header": "header1", "footer": "footer1", "comment": "comments",
				"property": "core",
			},
			"rtf": {
				"body": "", "hidden": "", "table": "", "footnote": "note", "header": "header", "footer": "footer", "comment": "comment", "property": "properties",
			},
			"odt": {
				"body": "", "hidden": "", "table": "T1!B1", "footnote": "note", "header": "styles.xml!header", "footer": "styles.xml!footer", "comment": "comment",
				"property": "meta.xml",
			},
			"pdf": {"body": "page 1", "table": "page 1", "footnote": "page 1", "header": "page 1", "footer": "page 1", "property": "properties"},
		}},
		{calc, "fods", map[string]places{
			"xls":  {"body": "Open!B2", "comment": "Open!comment", "hidden row": "Open!A3", "hidden sheet": "Secret!B4", "property": "SummaryInformation"},
			"xlsx": {"body": "Open!B2", "comment": "Open comments!B2", "hidden row": "Open!A3", "hidden sheet": "Secret!B4", "property": "core"},
			"ods":  {"body": "Open!B2", "comment": "Open!B2 comment", "hidden row": "Open!A3", "hidden sheet": "Secret!B4", "property": "meta.xml"},
		}},
		{impress, "fodp", map[string]places{
			"ppt":  {"body": "slide 1", "notes": "notes 2", "hidden": "slide 2", "property": "SummaryInformation"},
			"pptx": {"body": "slide 1", "notes": "slide 1 notes", "hidden": "slide 2", "comment": "slide 1 comment", "property": "core"},
			"odp":  {"body": "slide 1", "notes": "slide 1 notes", "hidden": "slide 2", "comment": "slide 1 comment", "property": "meta.xml"},
		}},
	} {
		for format, at := range kind.formats {
			base := "office-" + format
			file := base + "." + format
			b.write(base+"."+kind.ext, filled(kind.source, func(position string) string {
				place, ok := at[position]
				if !ok {
					return "nothing"
				}
				return b.plant(file, position, place)
			}))
			sources = append(sources, [2]string{base + "." + kind.ext, format})
		}
	}
	b.convert(sources)

	// A workbook in a document.
	inner := slices.Clone(b.planted)
	b.addToZip("office-docx.docx", "embedded.docx", "word/embeddings/sheet.xlsx", b.read("office-xlsx.xlsx"))
	for _, p := range inner {
		switch p.File {
		case "office-xlsx.xlsx":
			b.again(p, "embedded.docx", "/word/embeddings/sheet.xlsx!"+p.Place)
		case "office-docx.docx":
			b.again(p, "embedded.docx", p.Place)
		}
	}
}

// convert has LibreOffice save sources in other formats, several at a time: it
// waits more than it works.
func (b *builder) convert(sources [][2]string) {
	if b.err != nil {
		return
	}
	var group sync.WaitGroup
	errs := make([]error, len(sources))
	turn := make(chan struct{}, 4)
	for i, s := range sources {
		group.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			own := &builder{ctx: b.ctx, dir: b.dir}
			profile := "profile" + s[1]
			own.run("", "soffice", "-env:UserInstallation=file://"+filepath.Join(b.dir, profile), "--headless", "--convert-to", s[1], s[0])
			own.remove(profile, s[0])
			errs[i] = own.err
		})
	}
	group.Wait()
	b.err = errors.Join(errs...)
}

// again notes that what is planted in a file stands in another one too.
func (b *builder) again(p Planted, file, place string) {
	b.planted = append(b.planted, Planted{File: file, Position: p.File + " " + p.Position, Place: place})
}

// addToZip copies a zip with one more entry.
func (b *builder) addToZip(from, to, name, content string) {
	if b.err != nil {
		return
	}
	in := b.read(from)
	r, err := zip.NewReader(strings.NewReader(in), int64(len(in)))
	if err != nil {
		b.err = err
		return
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range r.File {
		if err == nil {
			err = w.Copy(f)
		}
	}
	if err == nil {
		var e io.Writer
		if e, err = w.Create(name); err == nil {
			_, err = io.WriteString(e, content)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if b.err = err; err == nil {
		b.write(to, out.String())
	}
}

// pdf makes what Ghostscript, cairo and qpdf write.
func (b *builder) pdf() {
	text := b.plant("ghostscript.pdf", "body", "page 1")
	b.write("in.ps", "%!PS\n/Helvetica findfont 10 scalefont setfont 40 700 moveto ("+text+") show showpage\n")
	b.run("", "ps2pdf", "in.ps", "ghostscript.pdf")

	text = b.plant("cairo.pdf", "body", "page 1")
	b.write("in.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="200"><text x="20" y="50" font-family="DejaVu Sans" font-size="14">`+text+`</text></svg>`)
	b.run("", "rsvg-convert", "-f", "pdf", "-o", "cairo.pdf", "in.svg")
	b.remove("in.ps", "in.svg")

	body := b.planted[len(b.planted)-1]
	b.write("notes.txt", "for the record: "+b.plant("attached.pdf", "embedded", "attachment notes.txt")+"\n")
	b.run("", "qpdf", "cairo.pdf", "--add-attachment", "notes.txt", "--", "attached.pdf")
	b.remove("notes.txt")
	for file, args := range map[string][]string{
		"rc4-40.pdf": {"--allow-weak-crypto", "--encrypt", "", "owner", "40", "--"}, "rc4-128.pdf": {"--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=n", "--"},
		"aes-128.pdf": {"--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=y", "--"}, "aes-256.pdf": {"--encrypt", "", "owner", "256", "--"},
		"objects.pdf": {"--object-streams=generate"}, "linear.pdf": {"--linearize"}, "plain.pdf": {"--qdf", "--object-streams=disable"},
	} {
		b.run("", append(append([]string{"qpdf"}, args...), "cairo.pdf", file)...)
		b.again(body, file, "page 1")
	}
	b.run("", "qpdf", "--encrypt", "user", "owner", "256", "--", "cairo.pdf", "locked.pdf")
}

// wrapped makes archives within one another, a database and mail.
func (b *builder) wrapped() {
	for _, p := range slices.Clone(b.planted) {
		if p.File == "office-xlsx.xlsx" {
			b.again(p, "outer.zip", "/inner.7z!/office-xlsx.xlsx!"+p.Place)
		}
	}
	b.run("", "7z", "a", "-bd", "inner.7z", "office-xlsx.xlsx")
	b.run("", "7z", "a", "-bd", "-tzip", "outer.zip", "inner.7z")
	b.remove("inner.7z")

	b.run("create table k(a, b); insert into k values ('key', '"+b.plant("keys.db", "body", "page 2")+"');", "sqlite3", "keys.db")

	csv := "name,value\naws," + b.plant("mail.eml", "embedded", "attachment credentials.csv") + "\n"
	b.write("mail.eml", "From: a@example.org\r\nTo: b@example.org\r\nSubject: "+b.plant("mail.eml", "property", "")+
		"\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=xx\r\n\r\n"+
		"--xx\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"+
		quotedPrintable(b.plant("mail.eml", "body", ""))+"\r\n--xx\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n"+
		"Content-Disposition: attachment; filename=credentials.csv\r\n\r\n"+wrapped76(base64.StdEncoding.EncodeToString([]byte(csv)))+"\r\n--xx--\r\n")

	b.write("page.mhtml", "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/\r\nSubject: page\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: multipart/related; type=\"text/html\"; boundary=xx\r\n\r\n"+
		"--xx\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Location: https://example.org/\r\n\r\n"+
		quotedPrintable("<html><p>"+b.plant("page.mhtml", "body", "")+"</p></html>")+"\r\n--xx--\r\n")
}

// quotedPrintable writes text in lines of at most 76 characters.
func quotedPrintable(s string) string {
	var out strings.Builder
	n := 0
	for _, c := range []byte(s) {
		e := string(rune(c))
		if c == '=' || c < ' ' || c > '~' {
			e = fmt.Sprintf("=%02X", c)
		}
		if n+len(e) > 72 {
			out.WriteString("=\r\n")
			n = 0
		}
		out.WriteString(e)
		n += len(e)
	}
	return out.String()
}

func wrapped76(s string) string {
	var lines []string
	for len(s) > 76 {
		lines, s = append(lines, s[:76]), s[76:]
	}
	return strings.Join(append(lines, s), "\r\n")
}
