package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"testing"
	"text/tabwriter"

	"mislaid/detectors"
	"mislaid/detectors/aws"
)

// engine measures the detectors in memory, window by window, and prints MB/s
// and allocations.
func engine(out io.Writer) error {
	const size = 64 << 20
	text, err := sourceText(size)
	if err != nil {
		return err
	}
	random := make([]byte, size)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	set, err := detectors.NewSet(aws.New())
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nengine, one core\tMB/s\tallocations per 64 MB")
	for _, in := range []struct {
		name  string
		bytes []byte
	}{{"source text", text}, {"base64 in lines", base64Lines(random[:size/4*3])}, {"random bytes", random}} {
		r := testing.Benchmark(func(b *testing.B) {
			b.SetBytes(int64(len(in.bytes)))
			b.ReportAllocs()
			f := set.NewFinder()
			var atoms []detectors.Atom
			for b.Loop() {
				atoms = windows(f, atoms[:0], in.bytes, set.Margin())
			}
		})
		fmt.Fprintf(tw, "%s\t%.0f\t%d\n", in.name, float64(r.Bytes)*float64(r.N)/r.T.Seconds()/1e6, r.AllocsPerOp())
	}
	return tw.Flush()
}

// windows drags windows of 256 KiB over text.
func windows(f *detectors.Finder, atoms []detectors.Atom, text []byte, margin int) []detectors.Atom {
	const own = 256 << 10
	line, start := 1, int64(0)
	for from := 0; from < len(text); from += own {
		to := min(from+own, len(text))
		begin, end := max(0, from-margin), min(len(text), to+margin)
		atoms, line, start = f.Find(atoms, detectors.Window{
			Head: text[:detectors.HeadSize], Bytes: text[begin:end], Base: int64(begin),
			From: from - begin, To: to - begin, Line: line, LineStart: start,
		})
	}
	return atoms
}

// base64Lines encodes b in lines of 76 characters, as mail does.
func base64Lines(b []byte) []byte {
	var out []byte
	for ; len(b) >= 57; b = b[57:] {
		out = base64.StdEncoding.AppendEncode(out, b[:57])
		out = append(out, '\n')
	}
	return out
}
