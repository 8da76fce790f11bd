package slackexport

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
)

// zipOf writes a ZIP of files, in the order given.
func zipOf(t testing.TB, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openBytes(t testing.TB, b []byte) (*Source, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.zip")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Path: path})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

const oneChannel = `[{"id":"C1","name":"general","members":[]}]`

func TestHostileNames(t *testing.T) {
	s, err := openBytes(t, zipOf(t, [2]string{"channels.json", oneChannel}, [2]string{"general/../../../etc/passwd", "a"}, [2]string{"general//x", "b"},
		[2]string{"general/\x1b[31m", "c"}, [2]string{"general/same.txt", "d"}, [2]string{"general/same.txt", "e"}, [2]string{"general/\xff", "f"}))
	if err != nil {
		t.Fatal(err)
	}
	texts := ""
	for it, err := range s.Items(t.Context(), sources.Container{ID: "C1"}, "") {
		if err != nil {
			t.Errorf("%s: %v", it.ID, err)
			continue
		}
		texts += read(t, s, it)
		if strings.Contains(it.ID, "\x1b") || strings.Contains(it.ID, "\xff") {
			t.Errorf("ID %q", it.ID)
		}
	}
	for _, want := range "abcdef" {
		if !strings.ContainsRune(texts, want) {
			t.Errorf("%c was not read", want)
		}
	}
}

// TestBomb: what unpacks to more than it should is a gap, and costs neither time
// nor memory.
func TestBomb(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("channels.json")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, oneChannel)
	w, err = z.Create("general/2024-05-01.json")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 200 {
		_, _ = w.Write(zeros)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := openBytes(t, b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	it, err := s.Item(t.Context(), sources.Ref{Container: "C1", Item: "general/2024-05-01.json"})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body, err := s.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, body)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, sources.ErrUnsupported) || n > 2*freeSize {
		t.Errorf("%d bytes, %v", n, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("it took %d MB", grown>>20)
	}
	_ = body.Close()
}

// TestOverlap: a ZIP whose files lie on top of each other is refused.
func TestOverlap(t *testing.T) {
	b := zipOf(t, [2]string{"channels.json", oneChannel}, [2]string{"general/x", strings.Repeat("x", 3000)})
	// Let the directory list its second file a hundred times.
	at := bytes.LastIndex(b, []byte("PK\x01\x02"))
	end := bytes.LastIndex(b, []byte("PK\x05\x06"))
	second := bytes.Clone(b[at:end])
	binary.LittleEndian.PutUint32(second[20:], uint32(end))
	out := bytes.Clone(b[:end])
	for range 100 {
		out = append(out, second...)
	}
	tail := bytes.Clone(b[end:])
	binary.LittleEndian.PutUint16(tail[8:], 102)
	binary.LittleEndian.PutUint16(tail[10:], 102)
	binary.LittleEndian.PutUint32(tail[12:], binary.LittleEndian.Uint32(tail[12:])+100*uint32(len(second)))
	if _, err := openBytes(t, append(out, tail...)); !errors.Is(err, sources.ErrUnsupported) {
		t.Errorf("opened: %v", err)
	}
	// A directory that is said to be enormous is not even read.
	binary.LittleEndian.PutUint32(b[end+12:], 0xfffffff0)
	if _, err := openBytes(t, b); !errors.Is(err, sources.ErrUnsupported) {
		t.Errorf("opened: %v", err)
	}
}

// TestTornLists: a list that is cut off costs what it would have said; the rest
// is read, and the list itself is a gap.
func TestTornLists(t *testing.T) {
	s, err := openBytes(t, zipOf(t, [2]string{"channels.json", `[{"id":"C1","name":"general","members":[]},{"id":"C2","na`},
		[2]string{"general/2024-05-01.json", `[{"ts":"1714550000.000100","text":"a"}]`}, [2]string{"other/2024-05-01.json", `[{"ts":"1714550000.000100","text":"b"}]`}))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(s.Info().Notes, "\n"), "channels.json") {
		t.Errorf("notes %q", s.Info().Notes)
	}
	it, err := s.Item(t.Context(), sources.Ref{Container: "folder other", Item: "other/2024-05-01.json"})
	if err != nil || !strings.Contains(read(t, s, it), "b\n") {
		t.Errorf("other: %v", err)
	}
	if a, err := s.Audience(t.Context(), it); err != nil || a.Now.AtMost != sources.Public {
		t.Errorf("%+v, %v", a, err)
	}
	list, err := s.Item(t.Context(), sources.Ref{Container: rootID, Item: "channels.json"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := s.Open(t.Context(), list, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the list: %v", err)
	}
	_ = body.Close()
}

// TestOddFolder: what lies in a folder and is no file of it is left out, and
// nobody waits for it.
func TestOddFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	dir := t.TempDir()
	w := slacktest.NewWorkspace()
	w.Say(w.AddConversation("public_channel", "C1", "general", "U0ANN"), "U0ANN", "hello")
	if err := w.WriteFolder(slacktest.Standard, dir); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "general", "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	makeFIFO(t, filepath.Join(dir, "general", "fifo"))
	s, err := New(Config{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	skipped := 0
	begin := time.Now()
	for c := range s.Containers(t.Context()) {
		for it, err := range s.Items(t.Context(), c, "") {
			if errors.Is(err, sources.ErrSkipped) {
				skipped++
			} else if err != nil || strings.Contains(read(t, s, it), "outside") {
				t.Errorf("%s: %v", it.ID, err)
			}
		}
	}
	for _, id := range []string{"general/link", "general/fifo", "elsewhere/secret", "general/../../secret"} {
		if _, err := s.Open(t.Context(), sources.Item{Container: "C1", ID: id}, 0, -1); err == nil {
			t.Errorf("%s opens", id)
		}
	}
	if skipped != 3 || time.Since(begin) > 5*time.Second {
		t.Errorf("%d left out in %v", skipped, time.Since(begin))
	}
}

// FuzzZip: no ZIP makes the source panic or read without end.
func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, [2]string{"channels.json", oneChannel}, [2]string{"general/2024-05-01.json", `[{"ts":"1714550000.000100","text":"a"}]`}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := openBytes(t, b)
		if err != nil {
			return
		}
		for c := range s.Containers(t.Context()) {
			for it, err := range s.Items(t.Context(), c, "") {
				if err != nil {
					continue
				}
				body, err := s.Open(t.Context(), it, 0, -1)
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, body)
				_ = body.Close()
				_, _ = s.Audience(t.Context(), it)
			}
		}
	})
}
