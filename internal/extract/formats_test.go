package extract

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"mislaid/internal/extract/extracttest"
)

// fixtures returns the documents that other programs made, and what is planted
// in them.
func fixtures(t testing.TB) (map[string][]byte, []extracttest.Planted) {
	t.Helper()
	r, err := zip.OpenReader("testdata/formats.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files := make(map[string][]byte)
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(rc); err != nil {
			t.Fatal(err)
		}
	}
	var planted []extracttest.Planted
	if err := json.Unmarshal(files["planted.json"], &planted); err != nil {
		t.Fatal(err)
	}
	delete(files, "planted.json")
	return files, planted
}

// found returns where a word stands, as a report says it.
func (v *recorded) found(word string) []string {
	var places []string
	for inner, text := range v.texts {
		for from := 0; ; {
			i := strings.Index(text[from:], word)
			if i < 0 {
				break
			}
			place := strings.TrimPrefix(inner, "!")
			if name := v.at[inner].At(int64(from + i)); name != "" {
				place = strings.TrimPrefix(place+"!"+name, "!")
			}
			places = append(places, place)
			from += i + len(word)
		}
	}
	return places
}

// TestFormats: what is planted anywhere in a document of any format is found,
// whole, in its place and nowhere else.
func TestFormats(t *testing.T) {
	files, planted := fixtures(t)
	if len(files) < 25 || len(planted) < 90 {
		t.Fatalf("only %d files and %d texts", len(files), len(planted))
	}
	for name, b := range files {
		t.Run(name, func(t *testing.T) {
			v := walkBytes(t, Limits{}, b)
			for _, p := range planted {
				if p.File != name {
					continue
				}
				word := extracttest.Mark(p.File, p.Position)
				if file, position, ok := strings.Cut(p.Position, " "); ok && strings.Contains(file, ".") {
					word = extracttest.Mark(file, position) // it stands in another file too
				}
				got := v.found(word)
				if len(got) == 0 || strings.Count(strings.Join(got, "\n")+"\n", p.Place+"\n") == 0 {
					t.Errorf("%s: %q stands at %q, want %q", p.Position, word, got, p.Place)
				}
				for _, place := range got {
					if place != p.Place {
						t.Errorf("%s: it stands at %q too", p.Position, place)
					}
				}
			}
			for inner, err := range v.gaps {
				if name == "locked.pdf" && errors.Is(err, ErrEncrypted) {
					continue
				}
				t.Errorf("gap at %q: %v", inner, err)
			}
			if name == "locked.pdf" && len(v.gaps) != 1 {
				t.Error("a password is asked for, and no gap says so")
			}
		})
	}
}
