package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report")
	write := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	if err := replaceWhole(path, write("first")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := replaceWhole(path, func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "first" {
		t.Errorf("%q, %v: a failed write must leave the file as it was", b, err)
	}
	if err := replaceWhole(path, write("second")); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "second" {
		t.Errorf("%q", b)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v: something was left behind", entries, err)
	}
	if err := replaceWhole(dir, write("x")); err == nil {
		t.Error("it replaced a directory")
	}
	link := filepath.Join(dir, "link")
	if os.Symlink(path, link) == nil {
		if err := replaceWhole(link, write("through")); err == nil {
			t.Error("it wrote through a link")
		}
		if b, _ := os.ReadFile(path); string(b) != "second" {
			t.Errorf("the link's target is now %q", b)
		}
	}
}
