//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"mislaid/sources"
)

// file is an open file.
type file = int

func closeFile(f file) { _ = unix.Close(f) }

func validName(string) bool { return true }

// body is an open file, or a range of one.
type body struct {
	ctx  context.Context
	src  *Source
	id   string
	fd   int // -1: closed
	off  int64
	left int64 // -1: to the end

	opened unix.Stat_t // as it stood then
}

// stamp is what of an inode changes when its bytes do.
type stamp struct {
	size, mtime, ctime int64
	ino                uint64
}

func newBody(ctx context.Context, s *Source, id string, f file, off, n int64) *body {
	return &body{ctx: ctx, src: s, id: id, fd: f, off: off, left: max(n, -1)}
}

// check says why the open file is not to be read.
func (b *body) check(version string) error {
	if err := b.stat(&b.opened); err != nil {
		return err
	}
	st := &b.opened
	switch k := kindOf(uint32(st.Mode)); k {
	case kindFile:
	case kindDir:
		return fmt.Errorf("local: %s: is a directory by now: %w", b.id, sources.ErrGone)
	default:
		return &sources.SkipError{Reason: k.skipReason()}
	}
	if b.src.config.OneFileSystem && uint64(st.Dev) != b.src.dirs.root.id.dev {
		return &sources.SkipError{Reason: "other file system"}
	}
	if version != "" && version != stampOf(st).String() {
		return fmt.Errorf("local: %s: %w", b.id, sources.ErrChanged)
	}
	return nil
}

func (b *body) stat(st *unix.Stat_t) error {
	if b.fd < 0 {
		return fmt.Errorf("local: %s: %w", b.id, fs.ErrClosed)
	}
	if err := retry(func() error { return unix.Fstat(b.fd, st) }); err != nil {
		return fmt.Errorf("local: stat %s: %w", b.id, sentinel(wrapErrno(err)))
	}
	return nil
}

// Attr says how the file stood when it was opened. Author is its owner.
func (b *body) Attr() sources.Attr {
	a := stampOf(&b.opened).attr()
	a.Author = b.src.machine.names.of(b.ctx, b.opened.Uid)
	a.Left = nobody(a.Author)
	return a
}

// Changed compares the open file with how it stood.
func (b *body) Changed() (bool, error) {
	var st unix.Stat_t
	if err := b.stat(&st); err != nil {
		return false, err
	}
	return stampOf(&st) != stampOf(&b.opened), nil
}

func stampOf(st *unix.Stat_t) stamp {
	return stamp{size: st.Size, mtime: unix.TimespecToNsec(st.Mtim), ctime: unix.TimespecToNsec(st.Ctim), ino: st.Ino}
}

func (s stamp) attr() sources.Attr {
	return sources.Attr{Size: s.size, ModTime: time.Unix(0, s.mtime), Version: s.String(), Fresh: s.fresh(time.Now())}
}

// Two changes within one step of a file system's clock leave the same stamp. The
// step is that of the kernel's timer, 10 ms at most, unless the stamp itself
// shows a clock of whole seconds: FAT knows every second one.
const (
	fineStep   = 100 * time.Millisecond
	coarseStep = 2 * time.Second
)

// fresh reports whether the bytes may change again at now, and the stamp stay.
func (s stamp) fresh(now time.Time) bool {
	step := fineStep
	if s.mtime%int64(time.Second) == 0 && s.ctime%int64(time.Second) == 0 {
		step = coarseStep
	}
	return now.UnixNano()-max(s.mtime, s.ctime) < int64(step)
}

func (s stamp) String() string {
	v := strconv.AppendInt(make([]byte, 0, 80), s.size, 16)
	v = strconv.AppendInt(append(v, '-'), s.mtime, 16)
	v = strconv.AppendInt(append(v, '-'), s.ctime, 16)
	return string(strconv.AppendUint(append(v, '-'), s.ino, 16))
}

// Read reads on. It returns the context's error once that is done.
func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.fd < 0 {
		return 0, fmt.Errorf("local: %s: %w", b.id, fs.ErrClosed)
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	if b.left > 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	if len(p) == 0 {
		return 0, nil
	}
	var n int
	var err error
	for {
		if n, err = unix.Pread(b.fd, p, b.off); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return 0, fmt.Errorf("local: read %s: %w", b.id, readError(err))
	}
	if n == 0 {
		return 0, io.EOF
	}
	b.off += int64(n)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if n < len(p) && b.off >= b.opened.Size {
		return n, io.EOF // saves a call for each small file
	}
	return n, nil
}

func readError(err error) error {
	if errors.Is(err, unix.ESTALE) {
		return fmt.Errorf("%w (%w)", sources.ErrChanged, err)
	}
	return sentinel(wrapErrno(err))
}

// Close closes the file. A second Close is an error and harms nothing.
func (b *body) Close() error {
	if b.fd < 0 {
		return fmt.Errorf("local: %s: %w", b.id, fs.ErrClosed)
	}
	fd := b.fd
	b.fd = -1
	return unix.Close(fd)
}
