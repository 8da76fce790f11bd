// Command recall compares the text that internal/extract reads from real
// documents with what a program made for their format reads from them.
//
//	go run ./internal/bench/recall [-min 0.98] [-v] PATH...
//
// Every document below the paths that one of the references can read is read by
// both. The recall of a format is the share of the reference's words, each as
// often as it occurs, that our text holds too; below -min the program fails. A
// document that the reference refuses is counted apart.
//
// This package knows how to ask other programs for a document's text. It does
// not know what is looked for in it.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"mislaid/internal/extract"
)

// reference is a program that reads a format.
type reference struct {
	format  string
	ext     []string
	command func(file, dir string) []string // its text on standard output, or in files in dir
}

var references = []reference{
	{"pdf", []string{".pdf"}, func(f, _ string) []string { return []string{"pdftotext", "-q", "-enc", "UTF-8", f, "-"} }},
	{"docx", []string{".docx", ".docm", ".dotx"}, func(f, _ string) []string { return []string{"docx2txt", f, "-"} }},
	{"xlsx", []string{".xlsx", ".xlsm", ".xltx"}, func(f, _ string) []string { return []string{"xlsx2csv", "-a", "-d", "tab", "-p", "", f} }},
	{"mail", []string{".eml", ".mht", ".mhtml"}, func(f, d string) []string { return []string{"ripmime", "-i", f, "-d", d} }},
	{"doc", []string{".doc"}, func(f, _ string) []string { return []string{"catdoc", "-w", "-d", "utf-8", f} }},
	{"xls", []string{".xls"}, func(f, _ string) []string { return []string{"xls2csv", "-q", "0", "-c", "\t", "-d", "utf-8", f} }},
	{"ppt", []string{".ppt"}, func(f, _ string) []string { return []string{"catppt", "-d", "utf-8", f} }},
	{"rtf", []string{".rtf"}, func(f, _ string) []string { return []string{"unrtf", "--text", "--quiet", f} }},
}

// tally is what was measured of a format.
type tally struct {
	files, refused, low int
	words, found        int
	ours, theirs        time.Duration
	bytes               int64
	pages               int
	gaps                int
}

func main() {
	least := flag.Float64("min", 0, "fail when the recall of a format is below this")
	verbose := flag.Bool("v", false, "list documents below 0.98, and some of the words that are missing")
	only := flag.String("only", "", "only this format")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "recall: name files or directories to read")
		os.Exit(2)
	}
	totals := make(map[string]*tally)
	for _, root := range flag.Args() {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return nil
			}
			for _, r := range references {
				if (*only == "" || *only == r.format) && slices.Contains(r.ext, strings.ToLower(filepath.Ext(path))) {
					t := totals[r.format]
					if t == nil {
						t = &tally{}
						totals[r.format] = t
					}
					return t.compare(r, path, *verbose)
				}
			}
			return nil
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, "recall:", err)
			os.Exit(1)
		}
	}
	if !table(totals, *least) {
		os.Exit(1)
	}
}

// compare reads a document with both programs.
func (t *tally) compare(r reference, path string, verbose bool) error {
	dir, err := os.MkdirTemp("", "recall")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system's own temporary directory
	start := time.Now()
	theirs, err := refer(r, path, dir)
	t.theirs += time.Since(start)
	if err != nil || len(bytes.TrimSpace(theirs)) == 0 {
		if e := new(exec.Error); errors.As(err, &e) {
			return fmt.Errorf("%s is needed: %w", e.Name, err)
		}
		t.refused++
		return nil
	}
	v := &collector{}
	start = time.Now()
	if err := read(path, v); err != nil {
		return err
	}
	t.ours += time.Since(start)
	t.files++
	t.gaps += len(v.gaps)
	t.bytes += v.size
	t.pages += v.pages
	have := make(map[string]int)
	for w := range words(v.text.Bytes()) {
		have[w]++
	}
	n, found := 0, 0
	var missing []string
	for w := range words(theirs) {
		n++
		if have[w] > 0 {
			have[w]--
			found++
		} else if len(missing) < 12 {
			missing = append(missing, w)
		}
	}
	t.words += n
	t.found += found
	if float64(found) < 0.98*float64(n) {
		t.low++
		if verbose {
			fmt.Printf("%.4f %s (%d words) %v %q\n", float64(found)/float64(n), path, n, v.gaps, missing)
		}
	}
	return nil
}

// refer returns what the reference reads.
func refer(r reference, path, dir string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args := r.command(path, dir)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	if r.format == "rtf" { // what unrtf says of itself and of the properties
		lines := bytes.SplitAfter(out, []byte{'\n'})
		out = bytes.Join(slices.DeleteFunc(lines, func(l []byte) bool { return bytes.HasPrefix(l, []byte("###")) || bytes.HasPrefix(l, []byte("-----")) }), nil)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(b, []byte{0}) { // pictures have no words
			out = append(append(out, '\n'), b...)
		}
	}
	return out, nil
}

// collector is the extract.Visitor that keeps everything.
type collector struct {
	text  bytes.Buffer
	gaps  []error
	size  int64
	pages int
}

// Text implements extract.Visitor.
func (c *collector) Text(_ string, r io.Reader, at *extract.Places) error {
	from := c.text.Len()
	_, err := io.Copy(&c.text, r)
	c.text.WriteByte('\n')
	if last := at.At(int64(c.text.Len() - from)); strings.HasPrefix(last, "page ") {
		n := 0
		if _, err := fmt.Sscanf(last, "page %d", &n); err == nil {
			c.pages += n
		}
	}
	return err
}

// Gap implements extract.Visitor.
func (c *collector) Gap(inner string, err error) {
	c.gaps = append(c.gaps, fmt.Errorf("%s: %w", inner, err))
}

func read(path string, v *collector) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	v.size = info.Size()
	wr := extract.Walker{}
	return wr.Walk(context.Background(), extract.Input{Reader: f, At: f, Size: info.Size()}, v)
}

// words yields the words of a text: what stands between spaces, without the
// punctuation around it, in one form of Unicode. What has no letter or digit is
// none.
func words(b []byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		for w := range strings.FieldsFuncSeq(norm.NFKC.String(string(bytes.ToValidUTF8(b, nil))), func(r rune) bool {
			return unicode.IsSpace(r) || r < ' ' || r == '\u00ad'
		}) {
			w = strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
			if w != "" && !yield(w) {
				return
			}
		}
	}
}

// table prints the totals. It reports whether all are good enough.
func table(totals map[string]*tally, least float64) bool {
	good := true
	fmt.Printf("%-6s %7s %7s %9s %7s %6s %6s %9s %9s %s\n", "format", "files", "refused", "words", "recall", "<0.98", "gaps", "ours", "theirs", "")
	for _, r := range references {
		t := totals[r.format]
		if t == nil {
			continue
		}
		recall := float64(t.found) / float64(max(t.words, 1))
		rate := fmt.Sprintf("%.1f MB/s", float64(t.bytes)/1e6/max(t.ours.Seconds(), 1e-9))
		if t.pages > 0 {
			rate += fmt.Sprintf(", %.2f ms a page, %d pages", t.ours.Seconds()*1000/float64(t.pages), t.pages)
		}
		fmt.Printf("%-6s %7d %7d %9d %7.4f %6d %6d %9s %9s %s\n", r.format, t.files, t.refused, t.words, recall, t.low, t.gaps,
			cmp.Or(t.ours.Round(time.Millisecond), time.Millisecond), t.theirs.Round(time.Millisecond), rate)
		good = good && recall >= least
	}
	return good
}
