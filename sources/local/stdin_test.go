package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"mislaid/sources"
)

func stdinBody(t *testing.T, ctx context.Context, r io.Reader, n int64) sources.Body {
	t.Helper()
	s := NewStdin(r)
	for it, err := range s.Items(ctx, sources.Container{ID: ContainerID}, "") {
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Open(ctx, it, 0, n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(ctx, it, 0, n); !errors.Is(err, sources.ErrGone) {
			t.Errorf("opens twice: %v", err)
		}
		if a, err := s.Audience(ctx, it); err != nil || a.Now != sources.UnknownReach() || len(a.Unresolved) != 1 {
			t.Errorf("audience %+v, %v", a, err)
		}
		return b
	}
	t.Fatal("nothing is listed")
	return nil
}

func TestStdin(t *testing.T) {
	data := make([]byte, 3*pumpBuffer+17)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(data), "halves": iotest.HalfReader(bytes.NewReader(data)), "with end": iotest.DataErrReader(bytes.NewReader(data)),
	} {
		b := stdinBody(t, t.Context(), r, -1)
		got, err := io.ReadAll(iotest.HalfReader(b))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	b := stdinBody(t, t.Context(), bytes.NewReader(data), 100)
	if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, data[:100]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	b = stdinBody(t, t.Context(), io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)), -1)
	defer func() { _ = b.Close() }()
	if got, err := io.ReadAll(b); !errors.Is(err, broken) || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestStdinOnce(t *testing.T) {
	s := NewStdin(bytes.NewReader(nil))
	if !s.Info().Once || s.Info().Name != "stdin://" {
		t.Errorf("%+v", s.Info())
	}
	for it, err := range s.Items(t.Context(), sources.Container{ID: ContainerID}, StdinID) {
		t.Errorf("after the only item comes %q, %v", it.ID, err)
	}
}

// TestStdinSilent: a reader of a silent stream can leave.
func TestStdinSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		b := stdinBody(t, ctx, r, -1)
		done := make(chan error)
		go func() {
			_, err := b.Read(make([]byte, 10))
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("read: %v", err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		_ = w.Close()
	})
}
