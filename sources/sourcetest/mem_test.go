package sourcetest

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/sources"
)

type memPlace struct{ *Mem }

func (p memPlace) Open(*testing.T) sources.Source          { return p.Mem }
func (p memPlace) Ref(path string) (string, string)        { return "c", MemID(path) }
func (p memPlace) Put(_ *testing.T, path string, b []byte) { p.Mem.Put("c", path, b) }
func (p memPlace) Remove(_ *testing.T, path string)        { p.Mem.Remove("c", path) }
func (p memPlace) Deny(_ *testing.T, path string) {
	p.Fail(Fault{Op: OpOpen, Item: MemID(path), Err: sources.ErrDenied})
}

func TestMem(t *testing.T) {
	Run(t, func(*testing.T) Place { return memPlace{NewMem("test")} })
}

func TestReadFault(t *testing.T) {
	broken := errors.New("broken")
	m := NewMem("test")
	m.Put("c", "f", []byte("0123456789"))
	m.Fail(Fault{Op: OpRead, Item: "f", Offset: 4, Err: broken, Times: 1})
	it, err := m.Item(t.Context(), sources.Ref{Container: "c", Item: "f"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); string(got) != "0123" || !errors.Is(err, broken) {
		t.Errorf("read %q, %v", got, err)
	}
	if got, err := io.ReadAll(b); string(got) != "456789" || err != nil {
		t.Errorf("then read %q, %v", got, err)
	}
	if m.Opened() != 1 {
		t.Errorf("%d bodies are open", m.Opened())
	}
	if err := b.Close(); err != nil || m.Opened() != 0 {
		t.Errorf("closed: %v, %d open", err, m.Opened())
	}
	if b.Close() == nil {
		t.Error("closed twice")
	}
}

func TestListingFaults(t *testing.T) {
	m := NewMem("test")
	m.Put("c", "a", nil)
	m.Put("c", "b", nil)
	m.Put("c", "c", nil)
	m.List("c", "a", &sources.SkipError{Reason: "fifo"})
	m.Fail(Fault{Op: OpItems, Item: "b", Err: sources.ErrDenied, Keep: true})
	m.Fail(Fault{Op: OpItems, Item: "c", Err: sources.ErrSession})
	var ids []string
	var errs []error
	for it, err := range m.Items(t.Context(), sources.Container{ID: "c"}, "") {
		ids, errs = append(ids, it.ID), append(errs, err)
	}
	want := []error{sources.ErrSkipped, sources.ErrDenied, sources.ErrSession}
	if len(ids) != 3 || ids[0] != "a" || ids[1] != "b" || ids[2] != "" {
		t.Fatalf("listed %q", ids)
	}
	for i := range want {
		if !errors.Is(errs[i], want[i]) {
			t.Errorf("%q came with %v", ids[i], errs[i])
		}
	}
}

func TestWaitFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMem("test")
		m.Put("c", "f", nil)
		m.Fail(Fault{Op: OpOpen, Wait: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin := time.Now()
		if _, err := m.Open(ctx, sources.Item{Container: "c", ID: "f"}, 0, -1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("open: %v", err)
		}
		if took := time.Since(begin); took != time.Hour {
			t.Errorf("waited %v", took)
		}
	})
}
