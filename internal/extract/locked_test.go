package extract

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mislaid/internal/extract/extracttest"
)

// TestLocked opens what zip, 7z and msoffcrypto-tool wrote with a password, with
// the right one among wrong ones, here and in a child; and says what it could
// not open.
func TestLocked(t *testing.T) {
	const text = "what stands in "
	for _, name := range []string{"crypto.zip", "crypto0.zip", "aes.zip", "aes0.zip", "entries.7z", "head.7z", "agile.docx", "standard.docx"} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", "locked", name))
			if err != nil {
				t.Fatal(err)
			}
			for how, c := range map[string]struct {
				walker Walker
				opens  bool
			}{
				"here":     {Walker{Passwords: NewPasswords([]string{"wrong", "open sesame", "also wrong"})}, true},
				"in child": {Walker{Passwords: NewPasswords([]string{"wrong", "open sesame"}), Process: child(t, "serve")}, true},
				"wrong":    {Walker{Passwords: NewPasswords([]string{"wrong", "sesame"})}, false},
				"none":     {Walker{Process: child(t, "serve")}, false},
			} {
				for _, random := range []bool{true, false} {
					in := inputOf(b)
					if !random {
						in.At, in.Size = nil, -1
					}
					v := newRecorded()
					if err := c.walker.Walk(t.Context(), in, v); err != nil {
						t.Fatal(err)
					}
					found, locked := false, false
					for _, s := range v.texts {
						found = found || strings.HasPrefix(s, text)
					}
					for _, err := range v.gaps {
						locked = locked || errors.Is(err, ErrEncrypted)
						if tried := strings.Contains(err.Error(), "none of those given"); tried != (how == "wrong") {
							t.Errorf("%s: the gap says %v", how, err)
						}
					}
					if found != c.opens || locked == c.opens || c.opens && len(v.gaps) > 0 {
						t.Errorf("%s, at random %v: found %v, gaps %v", how, random, found, v.gaps)
					}
				}
			}
		})
	}
}

// TestLockedPDF does the same for what qpdf made of another document: the user's
// password opens it and the owner's does.
func TestLockedPDF(t *testing.T) {
	files, planted := fixtures(t)
	first := slices.IndexFunc(planted, func(p extracttest.Planted) bool { return p.File == "cairo.pdf" })
	word := extracttest.Mark(planted[first].File, planted[first].Position)
	for name, c := range map[string]struct {
		passwords []string
		opens     bool
	}{"user": {[]string{"wrong", "user"}, true}, "owner": {[]string{"owner"}, true}, "wrong": {[]string{"wrong"}, false}} {
		for how, process := range map[string]*Process{"here": nil, "in child": child(t, "serve")} {
			v := newRecorded()
			w := Walker{Passwords: NewPasswords(c.passwords), Process: process}
			if err := w.Walk(t.Context(), inputOf(files["locked.pdf"]), v); err != nil {
				t.Fatal(err)
			}
			locked := false
			for _, err := range v.gaps {
				locked = errors.Is(err, ErrEncrypted) && strings.Contains(err.Error(), "none of those given")
			}
			if opened := len(v.found(word)) > 0; opened != c.opens || locked == c.opens {
				t.Errorf("%s, %s: opened %v, gaps %v", name, how, opened, v.gaps)
			}
		}
	}
}

// TestDefaultPassword opens what opens without being asked.
func TestDefaultPassword(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "locked", "default.docx"))
	if err != nil {
		t.Fatal(err)
	}
	v := walkBytes(t, Limits{}, b)
	if v.texts["!body"] != "what stands in the document\n" || len(v.gaps) > 0 {
		t.Errorf("%q, gaps %v", v.texts, v.gaps)
	}
}
