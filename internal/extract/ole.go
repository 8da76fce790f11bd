package extract

import (
	"errors"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"
)

// unpackOLE unwraps a compound file: doc, xls, ppt, msg and their kin ([MS-CFB]).
// Each stream is looked at by itself; the texts of all these formats stand in
// them as plain or UTF-16 characters.
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
	for {
		f, err := doc.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return torn(err)
		}
		if f.Size == 0 || f.FileInfo().IsDir() {
			continue
		}
		if f.Name == "EncryptedPackage" {
			w.visitor.Gap(p.inner, ErrEncrypted)
			continue
		}
		name := strings.Join(append(append([]string(nil), f.Path...), f.Name), "/")
		if err := w.child(p, oleName(name), tornReader(f), nil); err != nil {
			return err
		}
	}
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
