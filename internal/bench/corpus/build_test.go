package main

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// digest names every file of a tree with its bytes.
func digest(t *testing.T, root string) map[string][32]byte {
	t.Helper()
	sums := make(map[string][32]byte)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		sums[filepath.ToSlash(rel)] = sha256.Sum256(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// TestBuildIsSeeded: a seed is a tree, and another seed is another.
func TestBuildIsSeeded(t *testing.T) {
	var trees []map[string][32]byte
	for _, seed := range []uint64{3, 3, 4} {
		dir := t.TempDir()
		made, err := build(dir, plan{seed: seed, pairs: 40, only: "csv/"})
		if err != nil {
			t.Fatal(err)
		}
		sums := digest(t, filepath.Join(dir, treeName))
		if len(sums) != made.Files {
			t.Errorf("%d files were written, %d were planted", len(sums), made.Files)
		}
		for i := range made.Plants {
			if _, ok := sums[made.Plants[i].Path]; !ok {
				t.Errorf("planted in %s, which is not there", made.Plants[i].Path)
			}
		}
		trees = append(trees, sums)
	}
	same := func(a, b map[string][32]byte) bool {
		if len(a) != len(b) {
			return false
		}
		for name, sum := range a {
			if b[name] != sum {
				return false
			}
		}
		return true
	}
	if !same(trees[0], trees[1]) {
		t.Error("a seed made two trees")
	}
	if same(trees[0], trees[2]) {
		t.Error("two seeds made one tree")
	}
}

// TestShapesHoldWhatTheyClaim: written plainly, a shape of a pair holds its id
// and secret, whole or in base64, and nothing that was to be filled in.
func TestShapesHoldWhatTheyClaim(t *testing.T) {
	all, err := shapes()
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilder(t.TempDir(), 5)
	for i := range all {
		s := &all[i]
		for _, v := range []variant{{distance: adjacent}, {distance: distances[0], secretFirst: true}} {
			if v.secretFirst && (s.fixed || !s.halves()) {
				continue
			}
			w := b.writer(v)
			text, creds := b.text(w, s, v)
			if strings.ContainsAny(w.expand(s.file), `\:*?"<>|`) {
				t.Errorf("%s: not every system can name its file", s.name)
			}
			if w.noValue {
				t.Errorf("%s asks for a value that there is not", s.name)
			}
			if strings.ContainsAny(text, "⟦⟧") {
				t.Errorf("%s: a hole was left open", s.name)
			}
			for _, c := range creds {
				holds := func(what string) bool {
					return strings.Contains(text, what) || strings.Contains(text, b64(what)) || strings.Contains(text, b64(what+"\n")) ||
						strings.Contains(text, percent(what)) || strings.Contains(text, b64("[default]\naws_access_key_id = "+c.id+"\naws_secret_access_key = "+c.secret+"\n"))
				}
				if want := s.class == pair || s.class == session || s.class == loneID; want && !holds(c.id) {
					t.Errorf("%s does not hold its id", s.name)
				}
				if want := s.class == pair || s.class == session || s.class == loneSecret; want && !holds(c.secret) {
					t.Errorf("%s does not hold its secret", s.name)
				}
				if s.class == session && !holds(c.token) {
					t.Errorf("%s does not hold its token", s.name)
				}
			}
		}
	}
}

// TestDistances: the halves stand as far apart as the plan says.
func TestDistances(t *testing.T) {
	s := shape{name: "x", syntax: "ini", class: pair, rows: 1, parts: []part{{"id", "⟦ID⟧\n"}, {"secret", "⟦SECRET⟧\n"}}}
	b := newBuilder(t.TempDir(), 5)
	for _, d := range distances {
		w := b.writer(variant{})
		text, creds := b.text(w, &s, variant{distance: d, secretFirst: true})
		from := strings.Index(text, creds[0].secret) + 40
		between := text[from:strings.Index(text, creds[0].id)]
		if len(between) < d.bytes || strings.Count(between, "\n") <= d.lines {
			t.Errorf("%s: %d bytes in %d lines", d.name, len(between), strings.Count(between, "\n"))
		}
	}
}

// TestCodingsDiffer: no coding leaves a text as it is.
func TestCodingsDiffer(t *testing.T) {
	b := newBuilder(t.TempDir(), 5)
	const text = "key /+ = 'x' \"日本\"\nsecond line\n"
	for i := range codings {
		c := &codings[i]
		w := b.writer(variant{})
		got := text
		switch {
		case c.value != nil:
			got = c.value(b.r, text)
		case c.text != nil:
			got = c.text(w, text)
		case c.bytes != nil:
			var err error
			if got, err = c.bytes(text); err != nil {
				t.Fatal(err)
			}
		}
		if got == text || w.noValue {
			t.Errorf("%s leaves a text as it is", c.name)
		}
	}
}
