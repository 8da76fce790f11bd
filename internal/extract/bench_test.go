package extract

import (
	"bytes"
	"testing"
)

// BenchmarkWrapped is what every item pays that is wrapped in nothing.
func BenchmarkWrapped(b *testing.B) {
	for name, head := range map[string]string{
		"source": "// Copyright 2009 The Go Authors. All rights reserved.\n\npackage extract\n",
		"yaml":   "name: x\nversion: 2\nkeys:\n  - a\n",
		"binary": "\x7fELF\x02\x01\x01\x00\x00\x00",
	} {
		text := append([]byte(head), bytes.Repeat([]byte("line of text\n"), 400)...)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if Wrapped(text) {
					b.Fatal("it is taken for something else")
				}
			}
		})
	}
}

// TestWrappedAllocates nothing, because every item is asked.
func TestWrappedAllocates(t *testing.T) {
	text := append([]byte("Name: x\nVersion: 2\nKeys:\n  - a\n"), bytes.Repeat([]byte("line of text\n"), 400)...)
	if n := testing.AllocsPerRun(100, func() { Wrapped(text) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
