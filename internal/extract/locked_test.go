package extract

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

// TestDefaultPassword opens what opens without being asked.
func TestDefaultPassword(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "locked", "default.docx"))
	if err != nil {
		t.Fatal(err)
	}
	v := walkBytes(t, Limits{}, b)
	if v.texts[""] != "what stands in the document\n" || len(v.gaps) > 0 {
		t.Errorf("%q, gaps %v", v.texts, v.gaps)
	}
}
