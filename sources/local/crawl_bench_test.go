//go:build linux

package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"mislaid/sources"
)

// BenchmarkCrawl walks and reads a tree with two readers, looking for four
// letters: MISLAID_BENCH_TREE, or this package's own folder.
func BenchmarkCrawl(b *testing.B) {
	root := os.Getenv("MISLAID_BENCH_TREE")
	if root == "" {
		root = "."
	}
	b.ReportAllocs()
	for b.Loop() {
		s := opened(b, Config{Root: root})
		var files, total atomic.Int64
		items := make(chan sources.Item, 256)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				buf := make([]byte, 256<<10)
				for it := range items {
					total.Add(readAll(b, s, it, buf))
					files.Add(1)
				}
			})
		}
		for it, err := range s.Items(context.Background(), sources.Container{ID: ContainerID}, "") {
			if err == nil {
				items <- it
			}
		}
		close(items)
		wg.Wait()
		b.ReportMetric(float64(files.Load()), "files")
		b.ReportMetric(float64(total.Load())/1e6, "MB")
	}
}

func readAll(b *testing.B, s *Source, it sources.Item, buf []byte) (total int64) {
	body, err := s.Open(context.Background(), it, 0, -1)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer body.Close()
	for {
		n, err := body.Read(buf)
		total += int64(n)
		for rest := buf[:n]; ; {
			i := bytes.Index(rest, []byte("AKIA"))
			if i < 0 {
				break
			}
			rest = rest[i+4:]
		}
		if errors.Is(err, io.EOF) {
			return total
		}
		if err != nil {
			b.Error(err)
			return total
		}
	}
}
