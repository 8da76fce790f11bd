package principals_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/sources/ntacl"
	"mislaid/sources/smb/principals"
)

// silent is a server that answers nothing, and counts how often it is asked.
type silent struct {
	mu    sync.Mutex
	asked []string
	err   error
	wait  bool // until ctx ends
}

func (s *silent) open(ctx context.Context, pipe string) (io.ReadWriteCloser, error) {
	s.mu.Lock()
	s.asked = append(s.asked, pipe)
	s.mu.Unlock()
	if s.wait {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, s.err
}

func (s *silent) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// TestFailuresAreKeptForAMinute: a server that is down is not asked for every
// file anew, and not forgotten for ever.
func TestFailuresAreKeptForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		s := &silent{err: down}
		d := principals.New(principals.Config{Host: "FILES", Open: s.open})
		for range 3 {
			p, err := d.Principal(t.Context(), ntacl.Users)
			if !errors.Is(err, down) || p.Heads.Max >= 0 || p.MembersKnown {
				t.Fatalf("%+v, %v", p, err)
			}
		}
		if n := s.times(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		time.Sleep(2 * time.Minute)
		if _, err := d.Principal(t.Context(), ntacl.Users); !errors.Is(err, down) || s.times() != 2 {
			t.Errorf("%v, asked %d times", err, s.times())
		}
	})
}

// TestCancelledQuestions: who gives up waits for nobody, and what came of it is
// not kept.
func TestCancelledQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &silent{wait: true}
		d := principals.New(principals.Config{Host: "FILES", Open: s.open})
		slow, stopSlow := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := d.Principal(slow, ntacl.Users); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if p, err := d.Principal(short, ntacl.Administrators); !errors.Is(err, context.DeadlineExceeded) || p.Heads.Max >= 0 {
			t.Errorf("%+v, %v", p, err)
		}
		stopSlow()
		wg.Wait()
		before := s.times()
		again, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := d.Principal(again, ntacl.Users); !errors.Is(err, context.DeadlineExceeded) || s.times() != before+1 {
			t.Errorf("%v, asked %d times, then %d", err, before, s.times())
		}
	})
}

// TestUnknownIsNotNobody: a server that tells nothing leaves the audience open.
func TestUnknownIsNotNobody(t *testing.T) {
	s := &silent{err: errors.New("down")}
	d := principals.New(principals.Config{Host: "FILES", Open: s.open})
	if h := d.People(t.Context()); h.Max >= 0 {
		t.Errorf("%+v", h)
	}
	file := &ntacl.Descriptor{HasDACL: true, DACL: []ntacl.ACE{{Mask: ntacl.ReadData, SID: ntacl.MakeSID(5, 21, 1, 2, 3, 1000)}}}
	a, err := ntacl.Server{Standalone: true, Directory: d}.Audience(t.Context(), ntacl.Place{Share: new(ntacl.Descriptor), File: file})
	if err != nil || a.Now.AtMost < 4 || len(a.Unresolved) == 0 {
		t.Errorf("%+v, %v", a, err)
	}
}
