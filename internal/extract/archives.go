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
	if err == nil {
		err = fits7z(w, r)
	}
	if locked := locked7z(err); errors.Is(locked, ErrEncrypted) {
		if again, uerr := unlock7z(w, in); uerr != nil {
			if r == nil || !errors.Is(uerr, ErrEncrypted) {
				return uerr
			}
		} else {
			r = again
		}
	} else if r == nil {
		return locked
	}
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		name := "/" + entryName(f.Name)
		rc, err := f.Open()
		if err != nil {
			w.visitor.Gap(p.in(name).inner, w.tried(locked7z(err)))
			continue
		}
		err = w.child(p, name, &complaining{rc, func(err error) error { return w.tried(locked7z(err)) }}, nil)
		_ = rc.Close() // it was only read
		if err != nil {
			return err
		}
	}
	return nil
}

// tried says of what is locked that passwords were tried, if there were any.
func (w *walk) tried(err error) error {
	if errors.Is(err, ErrEncrypted) {
		return w.locked()
	}
	return err
}

// unlock7z opens an archive with the first password that fits.
func unlock7z(w *walk, in Input) (opened *sevenzip.Reader, err error) {
	ok, err := w.open(func(password string) (bool, error) {
		r, err := sevenzip.NewReaderWithPassword(in.At, in.Size, password)
		if err != nil || fits7z(w, r) != nil {
			return false, nil
		}
		opened = r
		return true, nil
	})
	if err == nil && !ok {
		err = w.locked()
	}
	return opened, err
}

// sure7z is how much of an archive is read, in bytes, to see that it opens.
const sure7z = 4 << 20

// fits7z reads the smallest thing in an archive: a wrong password shows in what
// it decodes to.
func fits7z(w *walk, r *sevenzip.Reader) error {
	var least *sevenzip.File
	for _, f := range r.File {
		if !f.FileInfo().IsDir() && f.UncompressedSize > 0 && (least == nil || f.UncompressedSize < least.UncompressedSize) {
			least = f
		}
	}
	if least == nil {
		return nil
	}
	rc, err := least.Open()
	if err != nil {
		return err
	}
	defer rc.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(&deadlined{w, rc}, sure7z))
	return err
}

// locked7z tells a password from damage.
func locked7z(err error) error {
	if e := new(sevenzip.ReadError); errors.As(err, &e) && e.Encrypted {
		return ErrEncrypted
	}
	return torn(err)
}

func unpackRar(w *walk, p place, in Input) error {
	if w.keys == nil || len(w.keys.passwords) == 0 {
		return w.rar(p, in.Reader, "")
	}
	in, done, err := w.atRandom(in)
	if err != nil {
		return err
	}
	defer done()
	whole := func() io.Reader { return io.NewSectionReader(in.At, 0, in.Size) }
	locked, err := rarLocked(w, whole(), "")
	if err != nil || !locked {
		return w.rar(p, whole(), "")
	}
	fits := ""
	if _, err := w.open(func(password string) (bool, error) {
		locked, err := rarLocked(w, whole(), password)
		if locked || err != nil {
			return false, nil // a wrong password may also look like damage
		}
		fits = password
		return true, nil
	}); err != nil {
		return err
	}
	return w.tried(w.rar(p, whole(), fits))
}

func openRar(r io.Reader, password string) (*rardecode.Reader, error) {
	options := []rardecode.Option{rardecode.MaxDictionarySize(maxDictionary)}
	if password != "" {
		options = append(options, rardecode.Password(password))
	}
	return rardecode.NewReader(r, options...)
}

// rarLocked reports whether the first thing in an archive that is protected does
// not open with a password.
func rarLocked(w *walk, in io.Reader, password string) (bool, error) {
	r, err := openRar(&deadlined{w, in}, password)
	for err == nil {
		var h *rardecode.FileHeader
		if h, err = r.Next(); err != nil || !h.Encrypted || h.IsDir {
			continue
		}
		if password == "" {
			return true, nil
		}
		_, err = io.Copy(io.Discard, io.LimitReader(r, sure7z))
		return err != nil, nil
	}
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err = lockedRar(err); errors.Is(err, ErrEncrypted) {
		return true, nil
	}
	return false, err
}

// rar unwraps an archive with a password, "" for none.
func (w *walk) rar(p place, in io.Reader, password string) error {
	r, err := openRar(in, password)
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
		if h.Encrypted && password == "" {
			w.visitor.Gap(p.in(name).inner, w.locked())
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
