package extract

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// recorded is a Visitor that keeps what it is told.
type recorded struct {
	texts map[string]string
	at    map[string]*Places
	gaps  map[string]error
	stop  error
}

func newRecorded() *recorded {
	return &recorded{texts: make(map[string]string), at: make(map[string]*Places), gaps: make(map[string]error)}
}

func (v *recorded) Text(inner string, r io.Reader, at *Places) error {
	if v.stop != nil {
		return v.stop
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, r); err != nil {
		return err
	}
	if _, twice := v.texts[inner]; twice {
		inner += "+"
	}
	v.texts[inner], v.at[inner] = b.String(), at
	return nil
}

func (v *recorded) Gap(inner string, err error) { v.gaps[inner] = err }

func walkBytes(t testing.TB, l Limits, b []byte) *recorded {
	t.Helper()
	v := newRecorded()
	wr := Walker{Limits: l}
	if err := wr.Walk(t.Context(), Input{Reader: bytes.NewReader(b), At: bytes.NewReader(b), Size: int64(len(b))}, v); err != nil {
		t.Fatal(err)
	}
	// What can be read at random can be read in order too.
	w := newRecorded()
	if err := wr.Walk(t.Context(), Input{Reader: bytes.NewReader(b), Size: -1}, w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v.texts, w.texts); diff != "" {
		t.Errorf("in order it is not as at random: %s", diff)
	}
	return v
}

type entry struct{ name, text string }

func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err == nil {
			_, err = io.WriteString(f, e.text)
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

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		err := w.WriteHeader(&tar.Header{Name: e.name, Mode: 0o600, Size: int64(len(e.text)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.WriteString(w, e.text)
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

func compressed(t testing.TB, text []byte, to func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := to(&b)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipTo(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
func zstdTo(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }
func xzTo(w io.Writer) (io.WriteCloser, error)   { return xz.NewWriter(w) }

func TestWalk(t *testing.T) {
	text := strings.Repeat("line of text\n", 5000)
	inner := zipOf(t, entry{"a.txt", text}, entry{"dir/", ""}, entry{"dir/b", "b"})
	for name, c := range map[string]struct {
		bytes []byte
		want  map[string]string
	}{
		"plain":   {[]byte(text), map[string]string{"": text}},
		"empty":   {nil, map[string]string{"": ""}},
		"zip":     {inner, map[string]string{"!/a.txt": text, "!/dir/b": "b"}},
		"nested":  {zipOf(t, entry{"in.zip", string(inner)}), map[string]string{"!/in.zip!/a.txt": text, "!/in.zip!/dir/b": "b"}},
		"gzip":    {compressed(t, []byte(text), gzipTo), map[string]string{"": text}},
		"zstd":    {compressed(t, []byte(text), zstdTo), map[string]string{"": text}},
		"xz":      {compressed(t, []byte(text), xzTo), map[string]string{"": text}},
		"tar.gz":  {compressed(t, tarOf(t, entry{"x/y", text}, entry{"z", "z"}), gzipTo), map[string]string{"!x/y": text, "!z": "z"}},
		"zip.gz":  {compressed(t, inner, gzipTo), map[string]string{"!/a.txt": text, "!/dir/b": "b"}},
		"no name": {zipOf(t, entry{"", "x"}), map[string]string{"!/(no name)": "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := walkBytes(t, Limits{}, c.bytes)
			if diff := cmp.Diff(c.want, v.texts); diff != "" {
				t.Error(diff)
			}
			if len(v.gaps) > 0 {
				t.Errorf("gaps: %v", v.gaps)
			}
		})
	}
}

// TestTorn reads what stands before the damage, and says that there was some.
func TestTorn(t *testing.T) {
	text := strings.Repeat("0123456789abcdef\n", 10_000)
	z := zipOf(t, entry{"first", "first"}, entry{"second", text}, entry{"third", "third"})
	for name, c := range map[string]struct {
		bytes []byte
		inner string
		want  string
	}{
		"zip without directory": {z[:len(z)-150], "!/first", "first"},
		"zip cut in an entry":   {z[:200], "!/first", "first"},
		"gzip":                  {compressed(t, []byte(text), gzipTo)[:300], "", "0123456789abcdef\n"},
		"zstd":                  {compressed(t, []byte(text), zstdTo)[:30], "", ""},
		"tar":                   {tarOf(t, entry{"first", "first"}, entry{"second", text})[:3000], "!first", "first"},
	} {
		t.Run(name, func(t *testing.T) {
			v := walkBytes(t, Limits{}, c.bytes)
			if !strings.HasPrefix(v.texts[c.inner], c.want) {
				t.Errorf("%q holds %d bytes", c.inner, len(v.texts[c.inner]))
			}
			torn := false
			for _, err := range v.gaps {
				torn = torn || errors.Is(err, ErrTorn)
			}
			if !torn {
				t.Errorf("nobody says that it is torn: %v", v.gaps)
			}
		})
	}
}

// TestLimits reads up to each limit and says which one it was.
func TestLimits(t *testing.T) {
	zeros := make([]byte, 40<<20)
	many := make([]entry, 50)
	for i := range many {
		many[i] = entry{fmt.Sprintf("e%d", i), "text"}
	}
	deep := []byte("deep")
	for range 5 {
		deep = zipOf(t, entry{"d", string(deep)})
	}
	for name, c := range map[string]struct {
		limits Limits
		bytes  []byte
		texts  int
		says   string
	}{
		"bytes":   {Limits{Bytes: 10}, zipOf(t, entry{"a", "12345"}, entry{"b", "1234567"}, entry{"c", "1"}), 2, "more than 10 bytes"},
		"entries": {Limits{Entries: 3}, zipOf(t, many...), 3, "more than 3 things"},
		"depth":   {Limits{Depth: 2}, deep, 1, "more than 2 wrappings"},
		"ratio":   {Limits{Ratio: 100}, compressed(t, zeros, gzipTo), 1, "more than 100 times"},
		"memory":  {Limits{Memory: 1000}, compressed(t, zipOf(t, many...), gzipTo), 50, "directory is missing or too large"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newRecorded()
			wr := Walker{Limits: c.limits}
			if err := wr.Walk(t.Context(), Input{Reader: bytes.NewReader(c.bytes), At: bytes.NewReader(c.bytes), Size: int64(len(c.bytes))}, v); err != nil {
				t.Fatal(err)
			}
			if len(v.texts) != c.texts {
				t.Errorf("%d texts, want %d", len(v.texts), c.texts)
			}
			said := ""
			for _, err := range v.gaps {
				said += err.Error()
			}
			if !strings.Contains(said, c.says) || len(v.gaps) != 1 {
				t.Errorf("%d gaps: %s", len(v.gaps), said)
			}
		})
	}
}

// TestEnd passes on the visitor's error, and its context's.
func TestEnd(t *testing.T) {
	z := zipOf(t, entry{"a", "a"}, entry{"b", "b"})
	v := newRecorded()
	v.stop = errors.New("enough")
	if err := new(Walker).Walk(t.Context(), Input{Reader: bytes.NewReader(z), At: bytes.NewReader(z), Size: int64(len(z))}, v); !errors.Is(err, v.stop) {
		t.Errorf("the walk ended with %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := newRecorded()
	if err := new(Walker).Walk(ctx, Input{Reader: bytes.NewReader(z), At: bytes.NewReader(z), Size: int64(len(z))}, w); !errors.Is(err, context.Canceled) {
		t.Errorf("the walk ended with %v", err)
	}
	if len(w.gaps) > 0 {
		t.Errorf("cancelling made gaps: %v", w.gaps)
	}
}
