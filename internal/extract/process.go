package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime/metrics"
	"time"
)

// Process runs isolated formats in a child of this program that can do nothing
// but read and write its two pipes: a library that panics, hangs or takes too
// much memory costs the thing it was reading. The child is started when it is
// first needed, used for one job after another, and killed at a job's deadline.
// A Process belongs to one goroutine.
type Process struct {
	// Command starts a program that calls Serve with its standard input and
	// output. It is run with an empty environment.
	Command []string

	cmd    *exec.Cmd
	told   bool // the passwords
	stdin  io.WriteCloser
	frames *frames
}

// kinds are the errors that keep their meaning between processes.
var kinds = []error{ErrLimit, ErrEncrypted, ErrTorn, ErrUnsupported, ErrFailed}

func complain(inner string, err error) complaint {
	c := complaint{Inner: inner, Kind: -1, What: err.Error()}
	for i, k := range kinds {
		if errors.Is(err, k) {
			c.Kind = i
			break
		}
	}
	return c
}

// remote is an error that another process told.
type remote struct {
	what string
	kind error
}

func (r *remote) Error() string { return r.what }

// Unwrap returns one of the package's errors, or nil.
func (r *remote) Unwrap() error { return r.kind }

func (c complaint) err() error {
	r := &remote{what: c.What}
	if c.Kind >= 0 && c.Kind < len(kinds) {
		r.kind = kinds[c.Kind]
	}
	return r
}

// Close ends the child.
func (pr *Process) Close() error {
	if pr.cmd != nil {
		pr.kill()
	}
	return nil
}

func (pr *Process) start() error {
	cmd := exec.Command(pr.Command[0], pr.Command[1:]...)
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	dieWithParent(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	pr.cmd, pr.stdin, pr.frames = cmd, stdin, newFrames(stdout, stdin)
	return nil
}

// kill ends the child; the next job starts another.
func (pr *Process) kill() {
	_ = pr.stdin.Close()
	_ = pr.cmd.Process.Kill() // it may be gone
	_ = pr.cmd.Wait()         // it was killed
	if pr.frames != nil {
		pr.frames.forget()
	}
	pr.cmd, pr.stdin, pr.frames, pr.told = nil, nil, nil, false
}

// unpack has a child read the thing at p. Its error is as that of
// format.unpack.
func (pr *Process) unpack(w *walk, f *format, p place, in Input) error {
	if pr.cmd == nil {
		if err := pr.start(); err != nil {
			return fmt.Errorf("%s: %w: no process could be started for it: %w", f.name, ErrFailed, err)
		}
	}
	cmd := pr.cmd
	stop := context.AfterFunc(w.ctx, func() { _ = cmd.Process.Kill() }) // it may be gone
	err := pr.do(w, f, p, in)
	stop()
	if done := new(finished); errors.As(err, &done) {
		if done.tired {
			pr.kill()
		}
		return done.err
	}
	pr.kill()
	if end := new(over); errors.As(err, &end) {
		return err
	}
	if full := w.exhausted(); full != nil {
		return full
	}
	return fmt.Errorf("%s: %w: its process ended", f.name, ErrFailed)
}

// finished says that the child has done its job, with err, and can be used
// again unless it is tired.
type finished struct {
	err   error
	tired bool
}

func (f *finished) Error() string { return "the job is done" }

func (pr *Process) do(w *walk, f *format, p place, in Input) error {
	left := w.limits
	if deadline, ok := w.ctx.Deadline(); ok {
		left.Timeout = max(time.Until(deadline), time.Millisecond)
	}
	left.Memory -= w.held
	var err error
	if k := w.keys; !pr.told && k != nil && len(k.passwords) > 0 {
		err = pr.frames.writeJSON(frameKeys, k.passwords)
	}
	pr.told = true
	if err == nil {
		err = pr.frames.writeJSON(frameJob, job{
			Format: f.name, Inner: p.inner, Depth: p.depth, Size: in.Size, Random: in.At != nil,
			Limits: left, Item: w.size, Produced: w.produced, Entries: w.entries,
		})
	}
	if err == nil {
		err = pr.frames.w.Flush()
	}
	for err == nil {
		var kind frameKind
		var b []byte
		if kind, b, err = pr.next(in); err != nil {
			break
		}
		switch kind {
		case frameText:
			t := &remoteText{pr: pr, in: in, w: w}
			if err := w.visitor.Text(string(b), t, &t.places); err != nil {
				return &over{err}
			}
			_, err = io.Copy(io.Discard, t)
		case frameGap:
			var c complaint
			if err = json.Unmarshal(b, &c); err == nil {
				w.visitor.Gap(c.Inner, c.err())
			}
		case frameOver:
			var o outcome
			if err = json.Unmarshal(b, &o); err != nil {
				break
			}
			w.produced, w.entries = max(w.produced, o.Produced), max(w.entries, o.Entries)
			pr.frames.forget()
			done := &finished{tired: o.Tired}
			switch {
			case o.Over:
				done.err = &over{}
			case !o.OK:
				done.err = o.err()
			}
			return done
		default:
			err = errors.New("an unexpected frame")
		}
	}
	return err
}

// next returns the next frame that is no request, and serves those that are.
func (pr *Process) next(in Input) (frameKind, []byte, error) {
	for {
		kind, b, err := pr.frames.read()
		if err != nil {
			return 0, nil, err
		}
		switch {
		case kind == frameNext && len(b) == 4:
			err = pr.answer(binary.LittleEndian.Uint32(b), in.Read)
		case kind == frameAt && len(b) == 12 && in.At != nil:
			off := int64(binary.LittleEndian.Uint64(b))
			err = pr.answer(binary.LittleEndian.Uint32(b[8:]), func(p []byte) (int, error) { return in.At.ReadAt(p, off) })
		default:
			return kind, b, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// answer sends up to n bytes.
func (pr *Process) answer(n uint32, read func([]byte) (int, error)) error {
	p := make([]byte, min(n, maxFrame))
	defer clear(p)
	for range 100 {
		got, err := read(p)
		switch {
		case got > 0:
			err = pr.frames.write(frameData, p[:got])
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			err = pr.frames.write(frameEOF)
		default:
			err = pr.frames.write(frameError, []byte(complain("", err).What))
		}
		if err != nil {
			return err
		}
		return pr.frames.w.Flush()
	}
	return io.ErrNoProgress
}

// remoteText reads a text that the child sends.
type remoteText struct {
	pr     *Process
	in     Input
	w      *walk
	rest   []byte
	places Places
	named  []string
	err    error
}

// Read implements io.Reader.
func (t *remoteText) Read(p []byte) (int, error) {
	for len(t.rest) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		kind, b, err := t.pr.next(t.in)
		switch {
		case err != nil:
			t.err = err
		case kind == frameBytes:
			t.rest = b
		case kind == framePlace && len(b) >= 8:
			if t.places.add(int64(binary.LittleEndian.Uint64(b))) {
				t.named = append(t.named, string(b[8:]))
			}
		case kind == frameGap:
			var c complaint
			if t.err = json.Unmarshal(b, &c); t.err == nil {
				t.w.visitor.Gap(c.Inner, c.err())
			}
		case kind == frameDone:
			t.places.names = func(i int) string { return t.named[i] }
			t.err = io.EOF
		default:
			t.err = errors.New("an unexpected frame")
		}
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// Serve is the child's side: it does one job after another until in ends. It
// keeps nothing of what it read and says nothing but on out.
func Serve(in io.Reader, out io.Writer) error {
	confine()
	f := newFrames(in, out)
	k, st := new(keys), new(stock)
	for {
		kind, b, err := f.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if kind == frameKeys {
			if err := json.Unmarshal(b, &k.passwords); err != nil {
				return err
			}
			continue
		}
		var j job
		if kind != frameJob {
			return errors.New("not a job")
		}
		if err := json.Unmarshal(b, &j); err != nil {
			return err
		}
		if err := serve(f, j, k, st); err != nil {
			return err
		}
	}
}

func serve(f *frames, j job, k *keys, st *stock) error {
	ctx, cancel := context.WithTimeout(context.Background(), j.Limits.Timeout)
	defer cancel()
	v := &sender{frames: f}
	w := &walk{ctx: ctx, limits: j.Limits, visitor: v, apart: true, keys: k, stock: st, size: j.Item, produced: j.Produced, entries: j.Entries}
	o := outcome{OK: true}
	if i := formatNamed(j.Format); i == nil {
		o = outcome{complaint: complain(j.Inner, ErrUnsupported)}
	} else {
		in := Input{Reader: &asked{f: f}, Size: j.Size}
		if j.Random {
			blocks := NewBlocks(askedAt{f}, maxFrame, 16)
			defer blocks.Forget()
			in.At = blocks
		}
		err := w.guarded(i, place{j.Inner, j.Depth}, in)
		if end := new(over); errors.As(err, &end) {
			if end.err != nil {
				return end.err // the pipe is broken
			}
			o = outcome{Over: true}
		} else if err != nil {
			o = outcome{complaint: complain(j.Inner, err)}
		}
	}
	o.Produced, o.Entries, o.Tired = w.produced, w.entries, tired()
	if err := f.writeJSON(frameOver, o); err != nil {
		return err
	}
	return f.w.Flush()
}

// tired reports whether this process holds so much of the memory it may have that
// the next job could fail for want of it: a heap that grew stays mapped.
func tired() bool {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(s)
	return s[0].Value.Kind() == metrics.KindUint64 && s[0].Value.Uint64() > maxProcess/3
}

func formatNamed(name string) *format {
	for i := range formats {
		if formats[i].name == name {
			return &formats[i]
		}
	}
	return nil
}

// sender is the child's Visitor.
type sender struct{ frames *frames }

// Text implements Visitor.
func (s *sender) Text(inner string, r io.Reader, at *Places) error {
	if err := s.frames.write(frameText, []byte(inner)); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	defer clear(buf)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if err := s.frames.write(frameBytes, buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if at != nil {
		for i, off := range at.offs {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(off))
			if err := s.frames.write(framePlace, b[:], []byte(at.names(i))); err != nil {
				return err
			}
		}
	}
	if err := s.frames.write(frameDone); err != nil {
		return err
	}
	return s.frames.w.Flush()
}

// Gap implements Visitor.
func (s *sender) Gap(inner string, err error) {
	_ = s.frames.writeJSON(frameGap, complain(inner, err)) // a broken pipe shows at the next frame
}

// asked reads the thing in order by asking the parent for it.
type asked struct {
	f    *frames
	rest bytes.Reader
}

// Read implements io.Reader.
func (a *asked) Read(p []byte) (int, error) {
	if a.rest.Len() == 0 {
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], 64<<10)
		b, err := ask(a.f, frameNext, n[:])
		if err != nil {
			return 0, err
		}
		a.rest.Reset(bytes.Clone(b))
	}
	return a.rest.Read(p)
}

// askedAt reads the thing at random by asking the parent for it.
type askedAt struct{ f *frames }

// ReadAt implements io.ReaderAt.
func (a askedAt) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		var q [12]byte
		binary.LittleEndian.PutUint64(q[:], uint64(off)+uint64(done))
		binary.LittleEndian.PutUint32(q[8:], uint32(min(len(p)-done, maxFrame)))
		b, err := ask(a.f, frameAt, q[:])
		if err != nil {
			return done, err
		}
		done += copy(p[done:], b)
	}
	return done, nil
}

// ask sends a request and returns the bytes of its answer.
func ask(f *frames, kind frameKind, q []byte) ([]byte, error) {
	err := f.write(kind, q)
	if err == nil {
		err = f.w.Flush()
	}
	if err != nil {
		return nil, &over{err}
	}
	answer, b, err := f.read()
	switch {
	case err != nil:
		return nil, &over{err}
	case answer == frameData && len(b) > 0:
		return b, nil
	case answer == frameEOF:
		return nil, io.EOF
	case answer == frameError:
		return nil, errors.New(string(b))
	}
	return nil, &over{errors.New("an unexpected answer")}
}
