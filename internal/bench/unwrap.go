package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"mislaid/internal/extract"
)

// serveArg makes this program the child that reads formats for itself.
const serveArg = "-serve"

// unwrapping measures how fast what each format holds comes out of it, in this
// process and through a child, and prints MB of text per second.
func unwrapping(out io.Writer, dir string) error {
	text, err := sourceText(16 << 20)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := &extract.Process{Command: []string{self, serveArg}}
	defer func() { _ = child.Close() }() // it only reads
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nformat, one core\tpacked MB\tMB/s here\tMB/s as in a scan\tstreams")
	for _, f := range wrappings {
		b, err := f.make(text, dir)
		if errors.Is(err, exec.ErrNotFound) {
			fmt.Fprintf(tw, "%s\t\t\t\tnot measured: %v\n", f.name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		here, n, err := unwrapRate(&extract.Walker{}, b)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		scan, _, err := unwrapRate(&extract.Walker{Process: child}, b)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		fmt.Fprintf(tw, "%s\t%.1f\t%.0f\t%.0f\t%d\n", f.name, float64(len(b))/1e6, here, scan, n)
	}
	return tw.Flush()
}

// unwrapRate returns the median MB/s of five walks, and how many texts there
// are.
func unwrapRate(w *extract.Walker, b []byte) (rate float64, texts int, err error) {
	var rates []float64
	for range 5 {
		var d discarding
		begin := time.Now()
		if err := w.Walk(context.Background(), extract.Input{Reader: bytes.NewReader(b), At: bytes.NewReader(b), Size: int64(len(b))}, &d); err != nil {
			return 0, 0, err
		}
		if d.err != nil {
			return 0, 0, d.err
		}
		rates = append(rates, float64(d.bytes)/time.Since(begin).Seconds()/1e6)
		texts = d.texts
	}
	return median(rates), texts, nil
}

// discarding is an extract.Visitor that reads everything and keeps nothing.
type discarding struct {
	bytes int64
	texts int
	buf   []byte
	err   error
}

// Text implements extract.Visitor.
func (d *discarding) Text(_ string, r io.Reader, _ *extract.Places) error {
	if d.buf == nil {
		d.buf = make([]byte, 256<<10)
	}
	for {
		n, err := r.Read(d.buf)
		d.bytes += int64(n)
		if errors.Is(err, io.EOF) {
			d.texts++
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Gap implements extract.Visitor.
func (d *discarding) Gap(_ string, err error) { d.err = err }

// wrapping makes a file of one format that holds text.
type wrapping struct {
	name string
	make func(text []byte, dir string) ([]byte, error)
}

var wrappings = []wrapping{
	{"zip of files of 8 KB", func(t []byte, _ string) ([]byte, error) { return zipped(t, 8<<10) }},
	{"zip of one file", func(t []byte, _ string) ([]byte, error) { return zipped(t, len(t)) }},
	{"gzip", func(t []byte, _ string) ([]byte, error) {
		return through(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	}},
	{"zstd", func(t []byte, _ string) ([]byte, error) {
		return through(t, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	}},
	{"docx", document},
	{"xlsx", sheet},
	{"tar of files of 8 KB", func(t []byte, _ string) ([]byte, error) { return tarred(t, 8<<10) }},
	{"tar of one file", func(t []byte, _ string) ([]byte, error) { return tarred(t, len(t)) }},
	{"xz", func(t []byte, _ string) ([]byte, error) {
		return through(t[:4<<20], func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) })
	}},
	{"bzip2", func(t []byte, _ string) ([]byte, error) { return filter(t[:4<<20], "bzip2", "-c") }},
	{"7z", func(t []byte, dir string) ([]byte, error) {
		to := filepath.Join(dir, "bench.7z")
		defer func() { _ = os.Remove(to) }() // the next run writes it anew
		if _, err := filter(t[:4<<20], "7z", "a", "-bd", "-sitext", to); err != nil {
			return nil, err
		}
		return os.ReadFile(to)
	}},
	{"mail with an attachment", mail},
	{"sqlite", func(t []byte, dir string) ([]byte, error) {
		to := filepath.Join(dir, "bench.db")
		defer func() { _ = os.Remove(to) }() // the next run writes it anew
		var sql bytes.Buffer
		sql.WriteString("BEGIN; CREATE TABLE t(a, b);\n")
		for i, line := range bytes.Split(t[:4<<20], []byte{'\n'}) {
			fmt.Fprintf(&sql, "INSERT INTO t VALUES(%d, x'%x');\n", i, line)
		}
		sql.WriteString("UPDATE t SET b = cast(b AS text); COMMIT;\n")
		if _, err := filter(sql.Bytes(), "sqlite3", to); err != nil {
			return nil, err
		}
		return os.ReadFile(to)
	}},
}

// parts cuts text into files of size bytes.
func parts(text []byte, size int, add func(name string, b []byte) error) error {
	for i := 0; len(text) > 0; i++ {
		n := min(size, len(text))
		if err := add(fmt.Sprintf("d%d/f%d.go", i/100, i), text[:n]); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

func zipped(text []byte, size int) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	err := parts(text, size, func(name string, b []byte) error { return entry(z, name, b) })
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}

func entry(z *zip.Writer, name string, b []byte) error {
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

func tarred(text []byte, size int) ([]byte, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	err := parts(text, size, func(name string, b []byte) error {
		err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = t.Write(b)
		}
		return err
	})
	err = errors.Join(err, t.Close())
	return b.Bytes(), err
}

func through(text []byte, to func(io.Writer) (io.WriteCloser, error)) ([]byte, error) {
	var b bytes.Buffer
	w, err := to(&b)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

// filter runs a program on text and returns what it writes.
func filter(text []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(text)
	return cmd.Output()
}

// document makes a docx with a paragraph for each line.
func document(text []byte, _ string) ([]byte, error) {
	var body bytes.Buffer
	body.WriteString(`<w:document xmlns:w="w"><w:body>`)
	for line := range bytes.Lines(text) {
		body.WriteString(`<w:p><w:r><w:t xml:space="preserve">`)
		if err := xml.EscapeText(&body, bytes.TrimSuffix(line, []byte{'\n'})); err != nil {
			return nil, err
		}
		body.WriteString(`</w:t></w:r></w:p>`)
	}
	body.WriteString(`</w:body></w:document>`)
	return office(map[string][]byte{"word/document.xml": body.Bytes()})
}

// sheet makes an xlsx with a row for each line, its text among the shared
// strings.
func sheet(text []byte, _ string) ([]byte, error) {
	var rows, shared bytes.Buffer
	rows.WriteString(`<worksheet><sheetData>`)
	shared.WriteString(`<sst>`)
	n := 0
	for line := range bytes.Lines(text) {
		fmt.Fprintf(&rows, `<row r="%d"><c r="A%[1]d"><v>%[1]d</v></c><c r="B%[1]d" t="s"><v>%d</v></c></row>`, n+1, n)
		shared.WriteString(`<si><t xml:space="preserve">`)
		if err := xml.EscapeText(&shared, bytes.TrimSuffix(line, []byte{'\n'})); err != nil {
			return nil, err
		}
		shared.WriteString(`</t></si>`)
		n++
	}
	rows.WriteString(`</sheetData></worksheet>`)
	shared.WriteString(`</sst>`)
	return office(map[string][]byte{"xl/worksheets/sheet1.xml": rows.Bytes(), "xl/sharedStrings.xml": shared.Bytes()})
}

func office(parts map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	err := entry(z, "[Content_Types].xml", []byte(`<Types/>`))
	for name, part := range parts {
		err = errors.Join(err, entry(z, name, part))
	}
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}

func mail(text []byte, _ string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("From: a@example.org\nTo: b@example.org\nSubject: text\nMIME-Version: 1.0\n" +
		"Content-Type: application/octet-stream; name=a.txt\nContent-Disposition: attachment; filename=a.txt\nContent-Transfer-Encoding: base64\n\n")
	b.Write(base64Lines(text[:4<<20]))
	return b.Bytes(), nil
}
