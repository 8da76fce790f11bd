package slackexport

import (
	"archive/zip"
	"context"
	"hash/crc32"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mislaid/sources"
	"mislaid/sources/slack/slacktest"
	"mislaid/sources/sourcetest"
)

// where is the folder of the files that the suite puts: slackdump keeps there
// what was shared in #general.
const where = "general/attachments/"

// general shows the suite #general alone: the export's own files are not its.
type general struct{ *Source }

func (g general) Containers(ctx context.Context) iter.Seq2[sources.Container, error] {
	return func(yield func(sources.Container, error) bool) {
		for c, err := range g.Source.Containers(ctx) {
			if (err != nil || c.ID == "C1") && !yield(c, err) {
				return
			}
		}
	}
}

func emptyWorkspace() *slacktest.Workspace {
	w := slacktest.NewWorkspace()
	w.AddConversation("public_channel", "C1", "general", "U0ANN", "U0BEN")
	return w
}

// folderPlace is an export in a folder. Files that the suite denies belong to
// somebody else.
type folderPlace struct {
	dir    string
	denied map[string]bool
}

func (p *folderPlace) Open(t *testing.T) sources.Source {
	s, err := New(Config{Path: p.dir})
	if err != nil {
		t.Fatal(err)
	}
	s.layout.byID["C1"].about = nil
	if len(p.denied) > 0 {
		s.tree = deniedTree{s.tree, p.denied}
	}
	return general{s}
}

func (p *folderPlace) Ref(path string) (container, item string) { return "C1", legible(where + path) }

func (p *folderPlace) Put(t *testing.T, path string, data []byte) {
	t.Helper()
	name := filepath.Join(p.dir, where+path)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	tmp := filepath.Join(p.dir, "tmp")
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, name); err != nil {
		t.Fatal(err)
	}
}

func (p *folderPlace) Remove(t *testing.T, path string) {
	if err := os.Remove(filepath.Join(p.dir, where+path)); err != nil {
		t.Fatal(err)
	}
}

func (p *folderPlace) Deny(_ *testing.T, path string) { p.denied[where+path] = true }

func TestConformanceFolder(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		dir := t.TempDir()
		if err := emptyWorkspace().WriteFolder(slacktest.Dumped, dir); err != nil {
			t.Fatal(err)
		}
		return &folderPlace{dir, map[string]bool{}}
	})
}

// zipPlace is an export in a ZIP, which is written anew with each change.
type zipPlace struct {
	path  string
	own   map[string][]byte
	files map[string][]byte
	deny  map[string]bool
}

func (p *zipPlace) Open(t *testing.T) sources.Source {
	s, err := New(Config{Path: p.path})
	if err != nil {
		t.Fatal(err)
	}
	s.layout.byID["C1"].about = nil
	return general{s}
}

func (p *zipPlace) Ref(path string) (container, item string) { return "C1", legible(where + path) }

func (p *zipPlace) write(t *testing.T) {
	t.Helper()
	f, err := os.Create(p.path + ".new")
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	put := func(files map[string][]byte, prefix string) {
		var names []string
		for name := range files {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			h := &zip.FileHeader{
				Name: prefix + name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(files[name]),
				CompressedSize64: uint64(len(files[name])), UncompressedSize64: uint64(len(files[name])),
			}
			if p.deny[name] {
				h.Flags |= 1 // encrypted
			}
			w, err := z.CreateRaw(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(files[name]); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(p.own, "")
	put(p.files, where)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(p.path+".new", p.path); err != nil {
		t.Fatal(err)
	}
}

func (p *zipPlace) Put(t *testing.T, path string, data []byte) {
	p.files[path] = data
	p.write(t)
}

func (p *zipPlace) Remove(t *testing.T, path string) {
	delete(p.files, path)
	p.write(t)
}

func (p *zipPlace) Deny(t *testing.T, path string) {
	p.deny[path] = true
	p.write(t)
}

func TestConformanceZip(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		p := &zipPlace{path: filepath.Join(t.TempDir(), "export.zip"), own: map[string][]byte{}, files: map[string][]byte{}, deny: map[string]bool{}}
		err := emptyWorkspace().Export(slacktest.Dumped, func(name string, data []byte) error { p.own[name] = data; return nil })
		if err != nil {
			t.Fatal(err)
		}
		p.write(t)
		return p
	})
}
