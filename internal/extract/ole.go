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
	var info, pkg *mscfb.File
	for {
		f, err := doc.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return torn(err)
		}
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
		name := strings.Join(append(append([]string(nil), f.Path...), f.Name), "/")
		if err := w.child(p, oleName(name), tornReader(f), nil); err != nil {
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
