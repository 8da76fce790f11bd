package slackexport

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mislaid/sources/slack/slacktest"
)

// BenchmarkExport reads a large export as a scan does, without looking for
// anything. The bytes are those of the unpacked JSON.
func BenchmarkExport(b *testing.B) {
	path := filepath.Join(b.TempDir(), "export.zip")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	size, _, err := slacktest.Large(f, 64<<20, 1, nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	buf := make([]byte, 512<<10)
	for b.Loop() {
		s, err := New(Config{Path: path})
		if err != nil {
			b.Fatal(err)
		}
		for c := range s.Containers(b.Context()) {
			for it, err := range s.Items(b.Context(), c, "") {
				if err != nil {
					b.Fatal(err)
				}
				if it.Inline != nil {
					continue
				}
				body, err := s.Open(b.Context(), it, 0, -1)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = body.Read(buf)
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
				_ = body.Close()
			}
		}
		_ = s.Close()
	}
}
