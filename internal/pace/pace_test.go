package pace

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimiterSpacesCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 1)
		start := time.Now()
		var wg sync.WaitGroup
		for range 21 {
			wg.Go(func() {
				if err := l.Wait(t.Context(), 1); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if d := time.Since(start); d < 2*time.Second || d > 2100*time.Millisecond {
			t.Errorf("21 calls at 10 per second took %v", d)
		}
	})
}

func TestLimiterSplitsMoreThanTheBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1000, 100)
		start := time.Now()
		if err := l.Wait(t.Context(), 5050); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d < 4940*time.Millisecond || d > 4960*time.Millisecond {
			t.Errorf("5,050 bytes at 1,000 per second, 100 of them free, took %v", d)
		}
	})
}

func TestLimiterEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, 1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, cancel)
		start := time.Now()
		if err := l.Wait(ctx, 100); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if d := time.Since(start); d != time.Second/2 {
			t.Errorf("took %v", d)
		}
		if err := l.Wait(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: got %v", err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Wait(short, 100); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("deadline: got %v", err)
		}
	})
}

func TestNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		for _, perSecond := range []float64{0, -1} {
			if err := NewLimiter(perSecond, 0).Wait(t.Context(), 1<<40); err != nil {
				t.Error(err)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v", d)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		header string
		wait   time.Duration
		ok     bool
	}{
		{"", 0, false},
		{"0", 0, true},
		{" 7 ", 7 * time.Second, true},
		{"3600", time.Hour, true},
		{"3601", MostRetryAfter, true},
		{strings.Repeat("9", 40), MostRetryAfter, true},
		{"-1", 0, false},
		{"1.5", 0, false},
		{"soon", 0, false},
		{now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second, true},
		{now.Add(-time.Hour).Format(http.TimeFormat), 0, true},
		{now.Add(48 * time.Hour).Format(http.TimeFormat), MostRetryAfter, true},
	} {
		if wait, ok := RetryAfter(c.header, now); wait != c.wait || ok != c.ok {
			t.Errorf("%q: got %v, %v; want %v, %v", c.header, wait, ok, c.wait, c.ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "1", "120", "Tue, 24 Nov 2026 10:00:00 GMT", "-5", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		wait, ok := RetryAfter(s, time.Unix(1e9, 0))
		if wait < 0 || wait > MostRetryAfter || !ok && wait != 0 {
			t.Errorf("%q: %v, %v", s, wait, ok)
		}
	})
}

func TestBackoff(t *testing.T) {
	b := Backoff{First: 2 * time.Second, Most: 20 * time.Second}
	for n, want := range []time.Duration{2, 4, 8, 16, 20, 20, 20} {
		want *= time.Second
		for range 200 {
			if d := b.Wait(n); d < want*8/10 || d > want*12/10 || d > b.Most {
				t.Fatalf("retry %d: %v", n, d)
			}
		}
	}
	if d := (Backoff{}).Wait(0); d < 800*time.Millisecond || d > 1200*time.Millisecond {
		t.Errorf("zero value: %v", d)
	}
	if d := (Backoff{}).Wait(1 << 20); d > time.Minute {
		t.Errorf("many retries: %v", d)
	}
}
