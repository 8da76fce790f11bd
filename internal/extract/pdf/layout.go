package pdf

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// layout puts the glyphs of a page into words and lines. The order in which
// they were drawn is the order of reading, because programs that write PDF write
// it so; but pieces that touch each other on one line are one word, whenever
// they were drawn, and what continues a line stands on it.
type layout struct {
	pieces  []piece
	bytes   []byte // of the pieces
	open    bool   // the last piece may still grow
	written []byte // of earlier parts of a page with more than is held
	err     error
}

// piece is text on one baseline without a gap.
type piece struct {
	from, to   int     // in bytes
	dirX, dirY float64 // of the baseline, of length 1
	start, end float64 // along it
	across     float64 // where it lies, across it
	size       float64 // of the glyphs along it
	spacing    float64 // between the letters of the last string
	next       int     // the piece that touches its end, -1 for none
	taken      bool    // it is the next of another
}

// placing is how a glyph is set, before its matrix.
type placing struct {
	size, scale, rise, by float64
	spacing               float64 // after the glyph, where it is the look of a word and not a space
	vertical              bool
}

// Gaps between glyphs, in sizes of them.
const (
	wordGap  = 0.1  // a larger one is the space between words
	backGap  = -0.5 // and so is a step back that is larger
	cellGap  = 1.5  // a larger one is the space between cells
	baseline = 0.25 // glyphs that lie nearer across are on one line
)

// Bounds of a page: one with more pieces or bytes than the first two is written
// in parts, and the third is all that is read of one.
const (
	maxPieces = 200_000
	maxPart   = 4 << 20
	maxPage   = 32 << 20
)

// glyph adds a glyph that is drawn with a matrix.
func (p *layout) glyph(s string, m matrix, at placing) {
	dx, dy := m[0], m[1]
	if at.vertical {
		dx, dy = -m[2], -m[3]
	}
	length := math.Hypot(dx, dy)
	if length == 0 || math.IsNaN(length) || math.IsInf(length, 0) {
		dx, dy, length = 1, 0, 1
	}
	scale := at.scale
	if at.vertical {
		scale = 1
	}
	dx, dy = dx/length, dy/length
	size := math.Abs(at.size * length)
	by := at.by * scale * length
	if size == 0 {
		size = 1e-6
	}
	if by < 0 { // written from right to left by a negative size
		dx, dy, by = -dx, -dy, -by
	}
	x, y := m[4]+at.rise*m[2], m[5]+at.rise*m[3]
	along, across := x*dx+y*dy, y*dx-x*dy
	if p.open && len(p.pieces) > 0 && len(p.bytes) < 2*maxPart {
		last := &p.pieces[len(p.pieces)-1]
		gap := (along - last.end) / min(size, last.size)
		if last.spacing > 0 && gap > wordGap {
			gap -= last.spacing / min(size, last.size)
		}
		if last.dirX*dx+last.dirY*dy > 0.999 && math.Abs(across-last.across) < baseline*max(size, last.size) && gap <= wordGap && gap > backGap {
			p.bytes = append(p.bytes, s...)
			last.to = len(p.bytes)
			last.end = max(along+by, last.end)
			last.spacing = at.spacing * scale * length
			return
		}
		p.close()
	}
	if len(p.pieces) >= maxPieces || len(p.bytes) >= maxPart {
		if p.written = p.write(p.written); len(p.written) > maxPage {
			p.err = fmt.Errorf("%w: a page with more than %d bytes of text", ErrLimit, maxPage)
		}
	}
	from := len(p.bytes)
	p.bytes = append(p.bytes, s...)
	p.pieces = append(p.pieces, piece{
		from: from, to: len(p.bytes), dirX: dx, dirY: dy, start: along, end: along + by, across: across, size: size, next: -1,
		spacing: at.spacing * scale * length,
	})
	p.open = true
}

// close ends the last piece, and takes it back if it was drawn twice to look
// bold.
func (p *layout) close() {
	p.open = false
	n := len(p.pieces) - 1
	if n < 0 {
		return
	}
	t := &p.pieces[n]
	for i := n - 1; i >= 0 && i >= n-8; i-- {
		o := &p.pieces[i]
		if o.to-o.from == t.to-t.from && math.Abs(o.start-t.start) < 0.2*t.size && math.Abs(o.across-t.across) < 0.2*t.size &&
			o.dirX*t.dirX+o.dirY*t.dirY > 0.999 && string(p.bytes[o.from:o.to]) == string(p.bytes[t.from:t.to]) {
			p.bytes = p.bytes[:t.from]
			p.pieces = p.pieces[:n]
			return
		}
	}
}

// write appends the page's text and forgets it.
func (p *layout) write(dst []byte) []byte {
	p.close()
	p.join()
	var last *piece
	for i := range p.pieces {
		if p.pieces[i].taken {
			continue
		}
		for k := i; k >= 0; k = p.pieces[k].next {
			t := &p.pieces[k]
			if last != nil && k == i {
				dst = append(dst, between(last, t)...)
			}
			dst = append(dst, p.bytes[t.from:t.to]...)
			last = t
		}
	}
	if last != nil {
		dst = append(dst, '\n')
	}
	clear(p.bytes)
	p.pieces, p.bytes = p.pieces[:0], p.bytes[:0]
	return dst
}

// between returns what stands between two pieces that follow each other.
func between(a, b *piece) string {
	size := max(a.size, b.size)
	if a.dirX*b.dirX+a.dirY*b.dirY < 0.999 || math.Abs(a.across-b.across) > 0.5*size {
		return "\n"
	}
	switch gap := (b.start - a.end) / min(a.size, b.size); {
	case gap < backGap:
		return "\n"
	case gap > cellGap:
		return "\t"
	case gap > wordGap || gap < -wordGap || math.Abs(a.across-b.across) > baseline*size:
		return " "
	}
	return ""
}

// join finds the pieces that touch each other on a line though they were not
// drawn one after the other.
func (p *layout) join() {
	if len(p.pieces) < 2 {
		return
	}
	order := make([]int, len(p.pieces))
	for i := range order {
		order[i] = i
	}
	direction := func(t *piece) float64 { return math.Round(math.Atan2(t.dirY, t.dirX) * 100) }
	slices.SortFunc(order, func(i, j int) int {
		a, b := &p.pieces[i], &p.pieces[j]
		return cmp.Or(cmp.Compare(direction(a), direction(b)), cmp.Compare(a.across, b.across), cmp.Compare(a.start, b.start), i-j)
	})
	// Pieces of one line lie side by side in order, as far as their baselines are
	// alike; each is held against those whose baseline is nearly its own.
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && direction(&p.pieces[order[to]]) == direction(&p.pieces[order[from]]) &&
			p.pieces[order[to]].across-p.pieces[order[to-1]].across < 0.05*p.pieces[order[to]].size {
			to++
		}
		line := order[from:to]
		slices.SortFunc(line, func(i, j int) int { return cmp.Or(cmp.Compare(p.pieces[i].start, p.pieces[j].start), i-j) })
		for k := 0; k+1 < len(line); k++ {
			a, b := &p.pieces[line[k]], &p.pieces[line[k+1]]
			if b.taken || a.next >= 0 || b.start <= a.start {
				continue
			}
			gap := (b.start - a.end) / min(a.size, b.size)
			if gap <= wordGap && gap >= -0.2 && min(a.size, b.size) > 0.7*max(a.size, b.size) && p.solid(a, b) {
				a.next, b.taken = line[k+1], true
			}
		}
		from = to
	}
}

// solid reports whether neither of two pieces has a space where they meet.
func (p *layout) solid(a, b *piece) bool {
	return a.to > a.from && b.to > b.from && p.bytes[a.to-1] != ' ' && p.bytes[b.from] != ' '
}
