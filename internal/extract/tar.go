package extract

import (
	"archive/tar"
	"errors"
	"io"
)

func unpackTar(w *walk, p place, in Input) error {
	r := tar.NewReader(in.Reader)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return torn(err)
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		default:
			continue // links and devices hold no bytes
		}
		if err := w.child(p, entryName(h.Name), tornReader(r), nil); err != nil {
			return err
		}
	}
}

// entryName is an entry's name as it is shown: as the archive says it, for
// nothing is ever written under it.
func entryName(name string) string {
	if name == "" {
		return "(no name)"
	}
	if len(name) > maxName {
		return name[:maxName] + "…"
	}
	return name
}

// maxName is the longest name of an entry that is shown whole, in bytes.
const maxName = 512
