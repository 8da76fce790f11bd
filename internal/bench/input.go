package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"mislaid/internal/extract"
)

// tree is a made directory tree.
type tree struct {
	path  string
	files int
	bytes int64

	perFolder int // files; 0: folders are those of the source
}

// makeTree copies the source of the Go distribution and of the cached modules to
// path, again and again under new names, until it holds the wanted number of
// files, in folders of perFolder files each unless that is 0. A tree of that many
// files is left as it is.
func makeTree(path string, files, perFolder int) (tree, error) {
	t := tree{path: path, perFolder: perFolder}
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		t.files++
		t.bytes += info.Size()
		return nil
	})
	if err == nil && t.files == files {
		return t, nil
	}
	if err := os.RemoveAll(path); err != nil {
		return t, err
	}
	t.files, t.bytes = 0, 0
	roots, err := sourceRoots()
	if err != nil {
		return t, err
	}
	for round := 0; t.files < files; round++ {
		before := t.files
		for i, root := range roots {
			dst := filepath.Join(path, fmt.Sprintf("copy%d-%d", round, i))
			if err := t.copy(dst, root, files); err != nil && !errors.Is(err, errEnough) {
				return t, err
			}
		}
		if t.files == before {
			return t, errors.New("no source text to copy")
		}
	}
	return t, nil
}

var errEnough = errors.New("enough files")

// makePlain makes a tree as makeTree does, of files that are wrapped in nothing.
func makePlain(path string, files int) (tree, error) {
	t, err := makeTree(path, files, 0)
	if err != nil {
		return t, err
	}
	head := make([]byte, 4<<10)
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		n, err := io.ReadFull(f, head)
		if cerr := f.Close(); err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = cerr
		}
		if err == nil && extract.Wrapped(head[:n]) {
			err = os.WriteFile(p, []byte("nothing\n"), 0o644) // the number of files stays
		}
		return err
	})
	return t, err
}

// downloads is where the module cache keeps its archives. They are no source
// text, and whoever reads into archives does another job than whoever does not.
const downloads = "cache"

// copy copies the regular files of root to dst until t holds the wanted number.
func (t *tree) copy(dst, root string, files int) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || t.files >= files {
			return errors.Join(err, errEnough)
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		if d.IsDir() && rel == downloads {
			return fs.SkipDir
		}
		if d.IsDir() && t.perFolder == 0 {
			return os.MkdirAll(to, 0o755)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		if t.perFolder > 0 {
			folder := t.files / t.perFolder
			to = filepath.Join(t.path, fmt.Sprintf("%03d", folder/10), fmt.Sprint(folder%10), fmt.Sprint(t.files, "-", filepath.Base(p)))
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		t.files++
		t.bytes += int64(len(b))
		return os.WriteFile(to, b, 0o644)
	})
}

// sourceRoots returns where Go keeps its own source and that of modules.
func sourceRoots() ([]string, error) {
	var roots []string
	for _, name := range []string{"GOROOT", "GOMODCACHE"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return nil, fmt.Errorf("go env %s: %w", name, err)
		}
		roots = append(roots, strings.TrimSpace(string(out)))
	}
	roots[0] = filepath.Join(roots[0], "src")
	return roots, nil
}

// makeFile writes size bytes of Go source to path. A file of that size is left
// as it is.
func makeFile(path string, size int64) (string, error) {
	if info, err := os.Stat(path); err == nil && info.Size() == size {
		return path, nil
	}
	text, err := sourceText(64 << 20)
	if err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for left := size; left > 0; left -= int64(len(text)) {
		if _, err := f.Write(text[:min(int64(len(text)), left)]); err != nil {
			return "", err
		}
	}
	return path, f.Close()
}

// sourceText returns up to size bytes of the Go distribution's own source.
func sourceText(size int) ([]byte, error) {
	roots, err := sourceRoots()
	if err != nil {
		return nil, err
	}
	var text []byte
	err = filepath.WalkDir(roots[0], func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(p, ".go") {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if text = append(text, b...); len(text) >= size {
			return io.EOF
		}
		return nil
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return text[:min(len(text), size)], nil
}
