package scan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"
)

// plantedText returns size bytes of text with ids planted at the given offsets
// and line breaks here and there.
func plantedText(size int, seed uint64, offs ...int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	text := bytes.Repeat([]byte("."), size)
	for range size / 50 {
		text[r.IntN(size)] = '\n'
	}
	for _, off := range offs {
		if id := fmt.Sprintf("<kid:%d>", off); off >= 0 && off+len(id) <= size {
			copy(text[off:], id)
		}
	}
	return text
}

// TestDragFindsAtEveryEdge plants ids all around the places where windows meet.
func TestDragFindsAtEveryEdge(t *testing.T) {
	o := Options{Set: testSet(t)}.withDefaults()
	w := newWindow(o, nil)
	edge := ownSpan + o.Set.Margin()
	var offs []int
	for _, e := range []int{0, o.Set.Margin(), ownSpan, edge, edge + ownSpan, 2*edge + ownSpan, 3*edge + 1000} {
		for d := -40; d <= 40; d += 20 {
			offs = append(offs, e+d)
		}
	}
	text := plantedText(4*edge, 1, offs...)
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(text), "halves": iotest.HalfReader(bytes.NewReader(text)), "data with error": iotest.DataErrReader(bytes.NewReader(text)),
	} {
		d, err := w.drag(t.Context(), r, whole)
		if err != nil || d.n != int64(len(text)) {
			t.Fatalf("%s: %d bytes, %v", name, d.n, err)
		}
		var got []int
		for _, a := range d.atoms {
			got = append(got, int(a.Off))
			line, column := spotOf(text, a.Off)
			if p, _ := place(item("x"))(a); p.Line != line || p.Column != column {
				t.Errorf("%s: offset %d is at %d:%d, got %d:%d", name, a.Off, line, column, p.Line, p.Column)
			}
		}
		var want []int
		for _, off := range offs {
			if off >= 0 {
				want = append(want, off)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestDragKeepsWhatItFoundBeforeAnError(t *testing.T) {
	w := newWindow(Options{Set: testSet(t)}.withDefaults(), nil)
	broken := errors.New("broken")
	r := io.MultiReader(bytes.NewReader([]byte("<kid:a> and then")), iotest.ErrReader(broken))
	d, err := w.drag(t.Context(), r, whole)
	if !errors.Is(err, broken) || len(d.atoms) != 1 {
		t.Errorf("%d atoms, %v", len(d.atoms), err)
	}
	if _, err := w.drag(t.Context(), stalled{}, whole); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader without progress: %v", err)
	}
}

type stalled struct{}

func (stalled) Read([]byte) (int, error) { return 0, nil }

func TestDragBoundsAtoms(t *testing.T) {
	w := newWindow(Options{Set: testSet(t)}.withDefaults(), nil)
	text := bytes.Repeat([]byte("<kid:a>\n"), maxAtoms+100)
	d, err := w.drag(t.Context(), bytes.NewReader(text), whole)
	if !errors.Is(err, errTooManyAtoms) || len(d.atoms) != maxAtoms {
		t.Errorf("%d atoms, %v", len(d.atoms), err)
	}
}

// TestDragAllocatesNothing holds for streams in which nothing is found.
func TestDragAllocatesNothing(t *testing.T) {
	w := newWindow(Options{Set: testSet(t)}.withDefaults(), nil)
	r := bytes.NewReader(plantedText(3*ownSpan, 2))
	ctx := t.Context()
	if n := testing.AllocsPerRun(10, func() {
		r.Reset(plainText)
		if _, err := w.drag(ctx, r, whole); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var plainText = plantedText(3*ownSpan, 2)
