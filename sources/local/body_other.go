//go:build !unix

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mislaid/internal/paths"
	"mislaid/sources"
)

// file is an open file.
type file = *os.File

func closeFile(f file) { _ = f.Close() }

// validName refuses IDs that mean more than a name to this system: drives,
// streams, and separators of its own.
func validName(id string) bool {
	return filepath.IsLocal(filepath.FromSlash(paths.Unescape(id))) && !strings.ContainsAny(paths.Unescape(id), `\:`)
}

// body is an open file, or a range of one.
type body struct {
	ctx  context.Context
	id   string
	f    *os.File
	off  int64
	left int64 // -1: to the end

	opened os.FileInfo // as it stood then
}

func newBody(ctx context.Context, _ *Source, id string, f file, off, n int64) *body {
	return &body{ctx: ctx, id: id, f: f, off: off, left: max(n, -1)}
}

// check says why the open file is not to be read.
func (b *body) check(version string) error {
	st, err := b.f.Stat()
	if err != nil {
		return fmt.Errorf("local: stat %s: %w", b.id, sentinel(wrapError(err)))
	}
	if st.IsDir() {
		return fmt.Errorf("local: %s: is a directory by now: %w", b.id, sources.ErrGone)
	}
	if k := kindOfFileMode(st.Mode()); k != kindFile {
		return &sources.SkipError{Reason: k.skipReason()}
	}
	b.opened = st
	if version != "" && version != versionOf(st) {
		return fmt.Errorf("local: %s: %w", b.id, sources.ErrChanged)
	}
	return nil
}

func versionOf(st os.FileInfo) string {
	return fmt.Sprintf("%d-%d", st.Size(), st.ModTime().UnixNano())
}

// Attr says how the file stood when it was opened.
func (b *body) Attr() sources.Attr {
	return attrOf(b.opened)
}

func attrOf(st os.FileInfo) sources.Attr {
	return sources.Attr{
		Size: st.Size(), ModTime: st.ModTime(), Version: versionOf(st), Fresh: time.Since(st.ModTime()) < coarseStep,
	}
}

// coarseStep is the step of the coarsest clock of a file system: FAT knows every
// second second.
const coarseStep = 2 * time.Second

// Changed compares the open file with how it stood.
func (b *body) Changed() (bool, error) {
	st, err := b.f.Stat()
	if err != nil {
		return false, fmt.Errorf("local: stat %s: %w", b.id, sentinel(wrapError(err)))
	}
	return versionOf(st) != versionOf(b.opened), nil
}

// Read reads on. It returns the context's error once that is done.
func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	if b.left > 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.f.ReadAt(p, b.off)
	b.off += int64(n)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if n > 0 || errors.Is(err, io.EOF) || err == nil {
		if n > 0 {
			err = nil
		}
		return n, err
	}
	return 0, fmt.Errorf("local: read %s: %w", b.id, sentinel(wrapError(err)))
}

// Close closes the file. A second Close is an error and harms nothing.
func (b *body) Close() error { return b.f.Close() }
