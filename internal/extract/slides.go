package extract

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// Records of a presentation ([MS-PPT] 2.13.24).
const (
	pptSlide     = 0x03EE
	pptNotes     = 0x03F0
	pptMaster    = 0x03F8
	pptList      = 0x0FF0
	pptPersist   = 0x03F3
	pptTextChars = 0x0FA0
	pptTextBytes = 0x0FA8
	pptCString   = 0x0FBA
	pptObject    = 0x1011
	pptComment   = 0x2EE0
)

// ppt hands over the texts of a presentation of PowerPoint 97 to 2003, then the
// objects in it and what stands in no text.
func (w *walk) ppt(p place, stream string, r *io.SectionReader) error {
	t := &ppt{r: r}
	places := &Places{names: func(i int) string { return t.named[i] }}
	t.places = places
	t.ends = []int64{r.Size()}
	t.name("")
	if err := w.derived(p, "", &produced{step: t.step}, places); err != nil {
		return err
	}
	for i, o := range t.objects {
		body := io.Reader(io.NewSectionReader(r, o.from, o.to-o.from))
		if o.packed {
			_, _ = io.CopyN(io.Discard, body, 4) // its size; what is missing shows at the next read
			z, err := zlib.NewReader(body)
			if err != nil {
				w.visitor.Gap(p.in(fmt.Sprintf("object %d", i+1)).inner, torn(err))
				continue
			}
			body = z
		}
		size := o.to - o.from
		if err := w.child(p, fmt.Sprintf("object %d", i+1), tornReader(body), func() int64 { return size }); err != nil {
			return err
		}
	}
	return w.derived(p, stream, outside(r, r.Size(), t.read), nil)
}

// ppt walks the tree of records.
type ppt struct {
	r             *io.SectionReader
	at            int64
	ends          []int64 // of the containers that are open
	slides, notes int
	off           int64
	places        *Places
	named         []string
	read          []span
	objects       []pptObjectSpan
}

type pptObjectSpan struct {
	span
	packed bool
}

func (t *ppt) name(s string) {
	if n := len(t.named); (n == 0 || t.named[n-1] != s) && t.places.add(t.off) {
		t.named = append(t.named, s)
	}
}

// maxPPTText is how long one text may be, in bytes.
const maxPPTText = 4 << 20

// step reads a record.
func (t *ppt) step(dst []byte) ([]byte, error) {
	for len(t.ends) > 1 && t.at >= t.ends[len(t.ends)-1] {
		t.ends = t.ends[:len(t.ends)-1]
	}
	var head [8]byte
	if t.at+8 > t.ends[0] {
		return dst, io.EOF
	}
	if _, err := t.r.ReadAt(head[:], t.at); err != nil {
		return dst, torn(err)
	}
	version := binary.LittleEndian.Uint16(head[:])
	kind := binary.LittleEndian.Uint16(head[2:])
	size := int64(binary.LittleEndian.Uint32(head[4:]))
	body := t.at + 8
	end := min(body+size, t.ends[len(t.ends)-1])
	t.at = end
	switch kind {
	case pptSlide:
		t.slides++
		t.name(fmt.Sprintf("slide %d", t.slides))
	case pptNotes:
		t.notes++
		t.name(fmt.Sprintf("notes %d", t.notes))
	case pptMaster:
		t.name("master")
	case pptList:
		t.name("outline")
	case pptComment:
		t.name(fmt.Sprintf("slide %d comment", t.slides))
	case pptTextChars, pptCString, pptTextBytes:
		return t.text(dst, kind, body, end)
	case pptObject:
		t.objects = append(t.objects, pptObjectSpan{span{body, end}, version>>4 == 1})
		t.read = append(t.read, span{body, end})
	}
	if version&0xF == 0xF && len(t.ends) < 64 { // a container
		t.at = body
		t.ends = append(t.ends, end)
	}
	return dst, nil
}

func (t *ppt) text(dst []byte, kind uint16, from, to int64) ([]byte, error) {
	if to-from > maxPPTText {
		return dst, nil // it is read as bytes
	}
	b := make([]byte, to-from)
	if _, err := t.r.ReadAt(b, from); err != nil && len(b) > 0 {
		return dst, torn(err)
	}
	t.read = append(t.read, span{from, to})
	text := latin1(nil, b)
	if kind != pptTextBytes {
		text = []byte(utf16String(b))
	}
	for _, c := range text {
		if c == '\r' || c == '\v' {
			c = '\n'
		}
		dst = append(dst, c)
	}
	dst = append(dst, '\n')
	t.off += int64(len(dst))
	return dst, nil
}
