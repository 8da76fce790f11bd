package extract

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/richardlehane/mscfb"
)

// Parts of a Word document, in the order of their characters ([MS-DOC] 2.5.4).
var docParts = []string{"body", "footnotes", "headers", "", "comments", "endnotes", "text boxes", "text boxes of headers"}

// doc hands over the text of a document of Word 97 to 2003, put together from
// its pieces, and then what no piece shows.
func (w *walk) doc(p place, path []string, file *mscfb.Reader, r *io.SectionReader) error {
	fib := make([]byte, min(r.Size(), 0x1AA))
	if _, err := r.ReadAt(fib, 0); err != nil || len(fib) < 0x1AA || binary.LittleEndian.Uint16(fib) != 0xA5EC {
		return errNotIt
	}
	flags := binary.LittleEndian.Uint16(fib[0x0A:])
	if flags&0x0100 != 0 {
		return ErrEncrypted
	}
	table := "0Table"
	if flags&0x0200 != 0 {
		table = "1Table"
	}
	var pieces []docPiece
	for _, f := range file.File {
		if f.Name == table && slices.Equal(f.Path, path) {
			pieces = docPieces(f, int64(binary.LittleEndian.Uint32(fib[0x1A2:])), int64(binary.LittleEndian.Uint32(fib[0x1A6:])))
		}
	}
	if len(pieces) == 0 {
		return errNotIt
	}
	d := &docText{r: r, pieces: pieces}
	end := int64(0)
	for i := range docParts {
		end += int64(binary.LittleEndian.Uint32(fib[0x4C+4*i:]))
		d.ends = append(d.ends, end)
	}
	places := &Places{names: func(i int) string { return d.named[i] }}
	d.places = places
	if err := w.derived(p, "", &produced{step: d.step}, places); err != nil {
		return err
	}
	read := make([]span, 0, len(pieces)+1)
	for _, t := range pieces {
		read = append(read, span{t.off, t.off + t.bytes()})
	}
	slices.SortFunc(read, func(a, b span) int { return int(max(-1, min(1, a.from-b.from))) })
	return w.derived(p, "WordDocument", outside(r, r.Size(), read), nil)
}

// docPiece is a run of characters that stand together.
type docPiece struct {
	chars int64
	off   int64 // in the stream
	wide  bool
}

func (t docPiece) bytes() int64 {
	if t.wide {
		return 2 * t.chars
	}
	return t.chars
}

// maxPieceTable is how much of a table of pieces is read.
const maxPieceTable = 16 << 20

// docPieces reads the table of pieces (2.9.38, 2.9.177).
func docPieces(table io.ReaderAt, off, size int64) []docPiece {
	if size <= 0 || size > maxPieceTable {
		return nil
	}
	b := make([]byte, size)
	if n, err := table.ReadAt(b, off); err != nil && int64(n) < size {
		return nil
	}
	for len(b) > 5 && b[0] == 1 { // properties
		n := 3 + int(binary.LittleEndian.Uint16(b[1:]))
		if n > len(b) {
			return nil
		}
		b = b[n:]
	}
	if len(b) < 5 || b[0] != 2 {
		return nil
	}
	n := (min(int(binary.LittleEndian.Uint32(b[1:])), len(b)-5) - 4) / 12
	b = b[5:]
	var pieces []docPiece
	for i := range n {
		from, to := binary.LittleEndian.Uint32(b[4*i:]), binary.LittleEndian.Uint32(b[4*i+4:])
		fc := binary.LittleEndian.Uint32(b[4*(n+1)+8*i+2:])
		t := docPiece{chars: int64(to) - int64(from), off: int64(fc & 0x3FFFFFFF), wide: fc&0x40000000 == 0}
		if !t.wide {
			t.off /= 2
		}
		if t.chars < 0 {
			return nil
		}
		pieces = append(pieces, t)
	}
	return pieces
}

// docText reads the characters of the pieces.
type docText struct {
	r      *io.SectionReader
	pieces []docPiece
	at     int64   // character of the document
	ends   []int64 // of the parts
	part   int
	off    int64
	places *Places
	named  []string
}

func (d *docText) step(dst []byte) ([]byte, error) {
	for d.part < len(d.ends) && d.at >= d.ends[d.part] {
		d.part++
	}
	for len(d.pieces) > 0 && d.pieces[0].chars == 0 {
		d.pieces = d.pieces[1:]
	}
	if len(d.pieces) == 0 {
		return dst, io.EOF
	}
	name := ""
	if d.part < len(docParts) {
		name = docParts[d.part]
	}
	if n := len(d.named); (n == 0 || d.named[n-1] != name) && d.places.add(d.off) {
		d.named = append(d.named, name)
	}
	t := &d.pieces[0]
	n := min(t.chars, 8<<10)
	if d.part < len(d.ends) {
		n = min(n, d.ends[d.part]-d.at)
	}
	size := n
	if t.wide {
		size *= 2
	}
	b := make([]byte, size)
	got, err := d.r.ReadAt(b, t.off)
	if err != nil && int64(got) < size {
		return dst, torn(errors.New("a piece of its text is missing"))
	}
	t.chars -= n
	t.off += size
	d.at += n
	text := latin1(nil, b)
	if t.wide {
		text = []byte(utf16String(b))
	}
	for _, c := range text {
		switch c {
		case '\r', '\v', '\f':
			c = '\n'
		case 7: // the end of a cell
			c = '\t'
		case 0x1E: // a hyphen that breaks no line
			c = '-'
		case 0x13, 0x14, 0x15: // around and in a field
			c = ' '
		case 0, 1, 2, 3, 4, 5, 8, 0x1F: // pictures, marks of notes, optional hyphens
			continue
		}
		dst = append(dst, c)
	}
	d.off += int64(len(dst))
	return dst, nil
}
