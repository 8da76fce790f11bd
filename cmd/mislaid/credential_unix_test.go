//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCredentialFileIsPrivate refuses a file that others may read.
func TestCredentialFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, who := range map[os.FileMode]string{0o644: "everyone", 0o640: "its group"} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := readCredentialFile(path); err == nil || !strings.Contains(err.Error(), who) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}
