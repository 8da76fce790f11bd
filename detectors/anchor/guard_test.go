//go:build linux

package anchor

import (
	"bytes"
	"os"
	"syscall"
	"testing"
)

// TestGuardPages scans buffers that end, or begin, where memory that may not be
// touched begins, or ends.
func TestGuardPages(t *testing.T) {
	page := os.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{m[:page], m[2*page:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	sets := paths(t, words, 40, 41)
	for _, fill := range []string{"A", "AKIA", "k\n", "k\x00", "\x00A\x00K\x00I\x00A", mixed[:40] + " "} {
		b := m[page : 2*page]
		copy(b, bytes.Repeat([]byte(fill), page/len(fill)+1))
		for n := range 400 {
			check(t, sets, words, 40, 41, b[:n])
			check(t, sets, words, 40, 41, b[page-n:])
		}
	}
}
