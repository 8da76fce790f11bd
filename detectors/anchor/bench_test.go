package anchor

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	sampleSize = 16 << 20
	windowSize = 256 << 10
)

// goSource returns up to size bytes of the Go distribution's source files.
func goSource(b *testing.B, size int) []byte {
	b.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(root)), "src"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := os.ReadFile(path)
		text = append(text, file...)
		if len(text) >= size {
			return fs.SkipAll
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return text[:min(len(text), size)]
}

// repeat returns size bytes of lines.
func repeat(size int, line func() string) []byte {
	b := make([]byte, 0, size+1<<10)
	for len(b) < size {
		b = append(b, line()...)
	}
	return b[:size]
}

// BenchmarkScan reads each sample in windows of 256 KiB, in a fixed order. The
// baseline is the standard library's search for a byte that is not there.
func BenchmarkScan(b *testing.B) {
	r := rand.New(rand.NewPCG(11, 12))
	noise := func(n int) string {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return string(p)
	}
	wanted := []string{
		"AKIA", "ASIA", "ABIA", "ACCA", "ABSK", "bedrock-api-key-", "ecret", "ECRET",
		"QUtJQ", "FLSU", "X-Amz-Credential", "SigninToken=",
	}
	source := goSource(b, 64<<20)
	for _, sample := range []struct {
		name string
		data []byte
	}{
		{"source", source},
		{"utf16", []byte(wide(string(source[:sampleSize/2])))},
		{"base64-76", repeat(sampleSize, func() string { return chars(r, 76) + "\n" })},
		{"base64-giant", repeat(sampleSize, func() string { return chars(r, 1<<20) })},
		{"random", repeat(sampleSize, func() string { return noise(1 << 10) })},
		{"runs-log", repeat(sampleSize, func() string { return "2026-01-02 key=" + chars(r, 40) + " ok\n" })},
		{"runs-only", repeat(sampleSize, func() string { return chars(r, 40) + " " })},
		{"sha1", repeat(sampleSize, func() string { return hex.EncodeToString([]byte(noise(20))) + "\n" })},
		{"all-A", bytes.Repeat([]byte{'A'}, sampleSize)},
		{"newlines", bytes.Repeat([]byte{'\n'}, sampleSize)},
		{"zeros", make([]byte, sampleSize)},
		{"ecrecr", repeat(sampleSize, func() string { return "ecr" })},
		{"secret-log", repeat(sampleSize, func() string { return "level=info secret=none " })},
		{"literals-only", repeat(sampleSize, func() string { return "AKIAecretASIA" })},
		{"wide-literals", repeat(sampleSize, func() string { return wide("AKIAecretASIA") })},
	} {
		if sample.name == "source" {
			b.Run("source/baseline", func(b *testing.B) {
				bench(b, sample.data, func(w []byte) { bytes.IndexByte(w, 0xff) })
			})
		}
		sets := paths(b, wanted, 40, 41)
		for _, name := range slices.Sorted(maps.Keys(sets)) {
			b.Run(sample.name+"/"+name, func(b *testing.B) {
				sc := sets[name].NewScanner()
				hits := make([]Hit, 0, windowSize)
				n := 0
				bench(b, sample.data, func(w []byte) {
					hits, _ = sc.Scan(hits[:0], w)
					n += len(hits)
				})
				b.ReportMetric(float64(n)/float64(b.N), "hits/op")
			})
		}
	}
}

func bench(b *testing.B, data []byte, scan func([]byte)) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for off := 0; off < len(data); off += windowSize {
			scan(data[off:min(off+windowSize, len(data))])
		}
	}
}
