//go:build unix

package local

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestLeavers: a file whose owner no database knows was left by somebody.
func TestLeavers(t *testing.T) {
	etc := t.TempDir()
	if err := os.WriteFile(filepath.Join(etc, "passwd"), []byte("ann:x:1000:1000::/home/ann:/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := newNames(etc)
	for uid, left := range map[uint32]bool{1000: false, 1001: true} {
		if name := n.of(context.Background(), uid); nobody(name) != left {
			t.Errorf("%d is %q, a leaver: %v", uid, name, nobody(name))
		}
	}
}
