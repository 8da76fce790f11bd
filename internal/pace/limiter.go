// Package pace keeps us polite: limiters for calls and for bytes, what a
// server means by Retry-After, and how long to back off.
//
// This package knows rates and waiting. It does not know what is being called
// or read, and it never decides whether to try again.
package pace

import (
	"context"

	"golang.org/x/time/rate"
)

// Limiter spaces things out. It is an interface so that several machines may
// share one. Safe for concurrent use.
type Limiter interface {
	// Wait blocks until n more things (calls, bytes) may happen. It returns
	// ctx's error if ctx ends first. n ≤ 0 never waits.
	Wait(ctx context.Context, n int) error
}

// NewLimiter returns a token bucket that lets perSecond things happen per
// second, and at most burst of them at once (at least one). perSecond ≤ 0
// means no limit.
func NewLimiter(perSecond float64, burst int) Limiter {
	if perSecond <= 0 {
		return unlimited{}
	}
	return &bucket{rate.NewLimiter(rate.Limit(perSecond), max(burst, 1)), max(burst, 1)}
}

type unlimited struct{}

func (unlimited) Wait(ctx context.Context, _ int) error { return ctx.Err() }

type bucket struct {
	limiter *rate.Limiter
	burst   int
}

// Wait takes an n larger than the bucket in several steps: a read may be
// larger than what one second allows.
func (b *bucket) Wait(ctx context.Context, n int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for n > 0 {
		step := min(n, b.burst)
		if err := b.limiter.WaitN(ctx, step); err != nil {
			return waitError(ctx, err)
		}
		n -= step
	}
	return nil
}

// waitError makes the limiter's early refusal ("would exceed deadline") the
// context's own error, which callers test for.
func waitError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := ctx.Deadline(); ok {
		return context.DeadlineExceeded
	}
	return err
}
