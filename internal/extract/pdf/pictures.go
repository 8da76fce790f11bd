package pdf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Picture is an image on a page.
type Picture struct {
	// Open returns a file of it that programs which read text in pictures know:
	// JPEG, JPEG 2000, TIFF or Netpbm.
	Open func() (io.Reader, error)
}

// minPicture is the side, in pixels, of the smallest picture that can hold text
// worth reading.
const minPicture = 64

// Pictures yields the pictures on the page, forms included, each once.
func (p *Page) Pictures(yield func(Picture) bool) {
	seen := make(map[ref]bool)
	todo := []dict{p.resources}
	for len(todo) > 0 && len(seen) < maxNotes {
		objects := p.d.dict(todo[len(todo)-1]["XObject"])
		todo = todo[:len(todo)-1]
		for _, o := range objects {
			s := p.d.stream(o)
			if s == nil || seen[s.id] {
				continue
			}
			seen[s.id] = true
			if p.d.name(s.dict["Subtype"]) == "Form" {
				todo = append(todo, p.d.dict(s.dict["Resources"]))
				continue
			}
			if p.d.number(first(s.dict, "Width", "W")) < minPicture || p.d.number(first(s.dict, "Height", "H")) < minPicture {
				continue
			}
			if !yield(Picture{Open: func() (io.Reader, error) { return p.d.picture(s) }}) {
				return
			}
		}
	}
}

// picture returns a file of an image.
func (d *Document) picture(s *stream) (io.Reader, error) {
	r, encoded, err := d.decode(s)
	if err != nil {
		return nil, err
	}
	width, height := integer(d.resolve(first(s.dict, "Width", "W"))), integer(d.resolve(first(s.dict, "Height", "H")))
	if width > 1<<16 || height > 1<<16 {
		return nil, fmt.Errorf("%w: a picture of %d by %d", ErrLimit, width, height)
	}
	switch encoded {
	case "DCTDecode", "DCT", "JPXDecode":
		return r, nil
	case "CCITTFaxDecode", "CCF":
		return d.fax(s, r, width, height)
	case "":
	default:
		return nil, tornf("a picture in a form that is not read: %s", encoded)
	}
	bits := integer(d.resolve(first(s.dict, "BitsPerComponent", "BPC")))
	if d.resolve(s.dict["ImageMask"]) == true {
		bits = 1
	}
	colors := int64(1)
	space := d.list(first(s.dict, "ColorSpace", "CS"))
	if len(space) > 0 {
		switch d.name(space[0]) {
		case "DeviceRGB", "RGB", "CalRGB":
			colors = 3
		case "ICCBased":
			if len(space) > 1 {
				colors = integer(d.resolve(d.dict(space[1])["N"]))
			}
		case "DeviceGray", "G", "CalGray":
		default:
			return nil, tornf("a picture in colours that are not read")
		}
	}
	switch {
	case bits == 1 && colors == 1: // Netpbm's 1 is black
		return io.MultiReader(bytes.NewReader(fmt.Appendf(nil, "P4\n%d %d\n", width, height)), &inverted{r}), nil
	case bits == 8 && colors == 1:
		return io.MultiReader(bytes.NewReader(fmt.Appendf(nil, "P5\n%d %d\n255\n", width, height)), r), nil
	case bits == 8 && colors == 3:
		return io.MultiReader(bytes.NewReader(fmt.Appendf(nil, "P6\n%d %d\n255\n", width, height)), r), nil
	}
	return nil, tornf("a picture in a form that is not read")
}

// inverted flips every bit.
type inverted struct{ r io.Reader }

// Read implements io.Reader.
func (v *inverted) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	for i := range p[:n] {
		p[i] ^= 0xff
	}
	return n, err
}

// maxFax is the largest fax, in bytes, that is held.
const maxFax = 16 << 20

// fax puts a TIFF's head before a fax (TIFF 6.0).
func (d *Document) fax(s *stream, r io.Reader, width, height int64) (io.Reader, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFax))
	if err != nil {
		return nil, err
	}
	parms := d.list(first(s.dict, "DecodeParms", "DP"))
	var p dict
	if len(parms) > 0 {
		p = d.dict(parms[len(parms)-1])
	}
	scheme, photometric := uint32(3), uint32(0)
	if d.number(p["K"]) < 0 {
		scheme = 4
	}
	if d.resolve(p["BlackIs1"]) == true {
		photometric = 1
	}
	head := []byte("II*\x00\x08\x00\x00\x00")
	fields := [][2]uint32{
		{256, uint32(width)}, {257, uint32(height)}, {258, 1}, {259, scheme}, {262, photometric}, {273, 0}, {277, 1}, {278, uint32(height)}, {279, uint32(len(b))},
	}
	head = binary.LittleEndian.AppendUint16(head, uint16(len(fields)))
	fields[5][1] = uint32(len(head) + 12*len(fields) + 4)
	for _, f := range fields {
		head = binary.LittleEndian.AppendUint16(head, uint16(f[0]))
		head = binary.LittleEndian.AppendUint16(head, 4)
		head = binary.LittleEndian.AppendUint32(head, 1)
		head = binary.LittleEndian.AppendUint32(head, f[1])
	}
	head = binary.LittleEndian.AppendUint32(head, 0)
	return io.MultiReader(bytes.NewReader(head), bytes.NewReader(b)), nil
}
