package extract

import (
	"errors"
	"io"

	"github.com/bodgit/sevenzip"
	"github.com/nwaples/rardecode/v2"
)

func unpack7z(w *walk, p place, in Input) error {
	in, done, err := w.atRandom(in)
	if err != nil {
		return err
	}
	defer done()
	r, err := sevenzip.NewReader(in.At, in.Size)
	if err != nil {
		return locked7z(err)
	}
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		name := "/" + entryName(f.Name)
		rc, err := f.Open()
		if err != nil {
			w.visitor.Gap(p.in(name).inner, locked7z(err))
			continue
		}
		err = w.child(p, name, &complaining{rc, locked7z}, nil)
		_ = rc.Close() // it was only read
		if err != nil {
			return err
		}
	}
	return nil
}

// locked7z tells a password from damage.
func locked7z(err error) error {
	if e := new(sevenzip.ReadError); errors.As(err, &e) && e.Encrypted {
		return ErrEncrypted
	}
	return torn(err)
}

func unpackRar(w *walk, p place, in Input) error {
	r, err := rardecode.NewReader(in.Reader, rardecode.MaxDictionarySize(maxDictionary))
	if err != nil {
		return lockedRar(err)
	}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return lockedRar(err)
		}
		if h.IsDir {
			continue
		}
		name := "/" + entryName(h.Name)
		if h.Encrypted {
			w.visitor.Gap(p.in(name).inner, ErrEncrypted)
			continue
		}
		if err := w.child(p, name, &complaining{r, lockedRar}, nil); err != nil {
			return err
		}
	}
}

// lockedRar tells a password, and a part of a set, from damage.
func lockedRar(err error) error {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted), errors.Is(err, rardecode.ErrBadPassword):
		return ErrEncrypted
	case errors.Is(err, rardecode.ErrMultiVolume):
		return ErrUnsupported
	case errors.Is(err, rardecode.ErrDictionaryTooLarge):
		return limitf("it asks for a dictionary of more than %d bytes", maxDictionary)
	}
	return torn(err)
}

// complaining puts a reader's complaints into our words.
type complaining struct {
	r    io.Reader
	says func(error) error
}

// Read implements io.Reader.
func (c *complaining) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.says(err)
	}
	return n, err
}
