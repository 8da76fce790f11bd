package journal

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// TestDiskFull writes to the device that is always full.
func TestDiskFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := &File{path: "/dev/full", f: full, chain: genesis}
	if err := f.Commit(t.Context(), gapCommit(1)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("Commit: %v", err)
	}
	if f.f, err = os.CreateTemp(t.TempDir(), "roomy"); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(t.Context(), gapCommit(2)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("Commit after an error: %v", err)
	}
	if err := f.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("Close after an error: %v", err)
	}
}
