package extract

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"
)

// unpackOLE unwraps a compound file: doc, xls, ppt, msg and their kin ([MS-CFB]).
// The streams that hold a document's text are read as its format has it; every
// other one is looked at by itself.
func unpackOLE(w *walk, p place, in Input) error {
	in, done, err := w.atRandom(in)
	if err != nil {
		return err
	}
	defer done()
	doc, err := mscfb.New(in.At)
	if err != nil {
		return torn(err)
	}
	var info, pkg *mscfb.File
	for _, f := range doc.File {
		if f.Size == 0 || f.FileInfo().IsDir() {
			continue
		}
		switch f.Name {
		case "EncryptionInfo":
			info = f
			continue
		case "EncryptedPackage":
			pkg = f
			continue
		}
		if err := w.oleStream(p, doc, f); err != nil {
			return err
		}
	}
	switch {
	case pkg == nil:
		return nil
	case info == nil:
		return ErrEncrypted
	}
	return w.unlockOffice(p, info, pkg)
}

// oleStream unwraps one stream. Those that are read as documents stand at the
// top; the same names deeper are of documents within the document.
func (w *walk) oleStream(p place, doc *mscfb.Reader, f *mscfb.File) error {
	at := p
	if n := len(f.Path); n > 0 {
		at = p.in(oleName(strings.Join(f.Path, "/")))
		at.depth = p.depth
	}
	name := oleName(f.Name)
	whole := io.NewSectionReader(f, 0, f.Size)
	var err error
	switch {
	case name == "Workbook", name == "Book":
		err = w.xls(at, name, whole)
	case name == "WordDocument":
		err = w.doc(at, f.Path, doc, whole)
	case name == "PowerPoint Document":
		err = w.ppt(at, name, whole)
	case f.Name == "\x01Ole10Native":
		err = w.oleNative(at, whole)
	case strings.HasPrefix(name, "__substg1.0_"):
		return w.msgProperty(p, doc, f, name)
	default:
		return w.oleRaw(p, f)
	}
	if err != nil && errors.Is(err, errNotIt) {
		return w.oleRaw(p, f)
	}
	return err
}

// errNotIt says that a stream is not what its name promises.
var errNotIt = errors.New("not what its name promises")

// oleRaw unwraps a stream as the bytes it is.
func (w *walk) oleRaw(p place, f *mscfb.File) error {
	name := strings.Join(append(append([]string(nil), f.Path...), f.Name), "/")
	return w.child(p, oleName(name), tornReader(io.NewSectionReader(f, 0, f.Size)), nil)
}

// oleNative unwraps a file that was dropped into a document ([MS-OLEDS] 2.3.6,
// and what Windows' Packager writes).
func (w *walk) oleNative(p place, r *io.SectionReader) error {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return torn(err)
	}
	rest := io.NewSectionReader(r, 4, r.Size()-4)
	if name, data, ok := packaged(rest); ok {
		return w.child(p, "attachment "+entryName(name), tornReader(data), nil)
	}
	return w.child(p, "attachment", tornReader(io.NewSectionReader(rest, 0, rest.Size())), nil)
}

// packaged reads what Packager writes: flags, a label, a path, another path and
// the file.
func packaged(r *io.SectionReader) (name string, data io.Reader, ok bool) {
	head := make([]byte, min(r.Size(), 4<<10))
	if _, err := r.ReadAt(head, 0); err != nil || len(head) < 2 || binary.LittleEndian.Uint16(head) != 2 {
		return "", nil, false
	}
	at := 2
	word := func() string {
		i := bytes.IndexByte(head[min(at, len(head)):], 0)
		if i < 0 {
			at = len(head)
			return ""
		}
		s := string(head[at : at+i])
		at += i + 1
		return s
	}
	label := word()
	file := word()
	at += 4
	if at+4 > len(head) {
		return "", nil, false
	}
	at += 4 + int(min(binary.LittleEndian.Uint32(head[at:]), 4<<10))
	if at+4 > len(head) {
		return "", nil, false
	}
	n := int64(binary.LittleEndian.Uint32(head[at:]))
	at += 4
	if label == "" {
		label = file[strings.LastIndexAny(file, `\/`)+1:]
	}
	return label, io.NewSectionReader(r, int64(at), min(n, r.Size()-int64(at))), n <= r.Size()-int64(at)
}

// Properties of a message that have names people know ([MS-OXPROPS]), by their
// tag and type.
var msgNames = map[string]string{
	"1000001F": "body", "1000001E": "body", "10130102": "body.html", "1013001F": "body.html", "10090102": "body.rtf",
	"0037001F": "subject", "0037001E": "subject", "007D001F": "headers", "007D001E": "headers",
}

// msgProperty unwraps a property of an Outlook message ([MS-OXMSG] 2.2): its
// body, and its attachments by their names.
func (w *walk) msgProperty(p place, doc *mscfb.Reader, f *mscfb.File, name string) error {
	tag := strings.TrimPrefix(name, "__substg1.0_")
	called, known := msgNames[tag]
	for _, dir := range f.Path { // messages within the message
		if strings.HasPrefix(dir, "__attach_version1.0_") {
			p = p.in("attachment " + entryName(msgAttachment(doc, f.Path, dir)))
			p.depth--
		}
	}
	whole := io.NewSectionReader(f, 0, f.Size)
	switch {
	case tag == "37010102":
		return w.layer(p, tornReader(whole), nil)
	case tag == "10090102":
		if text, err := inflateRTF(whole, w.limits.Memory-w.held); err == nil {
			return w.child(p, called, bytes.NewReader(text), nil)
		}
	case known && strings.HasSuffix(tag, "001F"):
		return w.derived(p, called, Narrow(whole, LittleEndian), nil)
	case known:
		return w.child(p, called, tornReader(whole), nil)
	}
	return w.oleRaw(p, f)
}

// msgAttachment returns the name of the attachment that a storage holds.
func msgAttachment(doc *mscfb.Reader, path []string, dir string) string {
	for _, tag := range []string{"3707001F", "3704001F", "3001001F", "3707001E", "3704001E"} {
		for _, f := range doc.File {
			if len(f.Path) == 0 || len(f.Path) > len(path) || f.Path[len(f.Path)-1] != dir || oleName(f.Name) != "__substg1.0_"+tag || f.Size > 1<<10 {
				continue
			}
			b := make([]byte, f.Size)
			if n, _ := f.ReadAt(b, 0); n == len(b) && n > 0 {
				if strings.HasSuffix(tag, "1F") {
					return utf16String(b)
				}
				return string(b)
			}
		}
	}
	return strings.TrimPrefix(dir, "__attach_version1.0_")
}

// inflateRTF decompresses the rich text of a message ([MS-OXRTFCP] 2.2).
func inflateRTF(r *io.SectionReader, most int64) ([]byte, error) {
	if r.Size() < 16 || r.Size() > most {
		return nil, errNotIt
	}
	b := make([]byte, r.Size())
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(b[8:]) != 0x75465A4C { // "LZFu"
		return nil, errNotIt
	}
	const prebuf = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier" +
		"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
	var window [4096]byte
	at := copy(window[:], prebuf)
	var out []byte
	put := func(c byte) {
		out = append(out, c)
		window[at] = c
		at = (at + 1) % len(window)
	}
	for in := b[16:]; len(in) > 0; {
		flags := in[0]
		in = in[1:]
		for bit := range 8 {
			if flags>>bit&1 == 0 {
				if len(in) < 1 {
					return out, nil
				}
				put(in[0])
				in = in[1:]
				continue
			}
			if len(in) < 2 {
				return out, nil
			}
			ref := int(in[0])<<8 | int(in[1])
			in = in[2:]
			from, n := ref>>4, ref&15+2
			if from == at {
				return out, nil
			}
			for i := range n {
				put(window[(from+i)%len(window)])
			}
			if int64(len(out)) > most {
				return out, fmt.Errorf("rich text: %w", ErrLimit)
			}
		}
	}
	return out, nil
}

// oleName is a stream's name without the control characters that some begin
// with.
func oleName(name string) string {
	return entryName(strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, name))
}
