package slack

import (
	"context"
	"sync"
	"time"
)

// perMinute is how many calls a minute Slack promises to answer, by method
// (docs.slack.dev, "Rate limits" and the pages of the methods, 2026). What is
// not in it is called like the slowest of them.
var perMinute = map[string]float64{
	"auth.test": 100, "auth.teams.list": 20, "team.info": 50, "users.list": 20, "users.info": 100,
	"conversations.list": 20, "conversations.info": 50, "conversations.members": 100, "conversations.history": 50,
	"conversations.replies": 50, "files.list": 50, "files.info": 100, "bookmarks.list": 50, "search.messages": 20,
	"slackLists.items.list": 20,
}

// slowest is the rate of methods that are not listed.
const slowest = 20

// burst is how many calls may follow each other at once.
const burst = 5

// limiter spaces the calls of each method and workspace, as Slack counts them.
// Safe for concurrent use.
type limiter struct {
	scale float64 // times what Slack promises

	mu    sync.Mutex
	slots map[slotKey]*slot
	slow  map[string]float64 // rates that a method turned out to have
}

type slotKey struct{ team, method string }

// slot is one method in one workspace.
type slot struct {
	next   time.Time // when the next call would be due without any burst
	paused time.Time // no call before
}

func newLimiter(scale float64) *limiter {
	if scale <= 0 {
		scale = 1
	}
	return &limiter{scale: scale, slots: map[slotKey]*slot{}, slow: map[string]float64{}}
}

func (l *limiter) rate(method string) float64 {
	if r, ok := l.slow[method]; ok {
		return r
	}
	if r, ok := perMinute[method]; ok {
		return r * l.scale
	}
	return slowest * l.scale
}

// wait blocks until a call may be made.
func (l *limiter) wait(ctx context.Context, team, method string) error {
	var turn time.Time // ours, once we have one
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.mu.Lock()
		s := l.slot(team, method)
		now := time.Now()
		interval := time.Duration(float64(time.Minute) / l.rate(method))
		if turn.IsZero() {
			slack := time.Duration(burst-1) * interval
			if _, slowed := l.slow[method]; slowed {
				slack = 0
			}
			if earliest := now.Add(-slack); s.next.Before(earliest) {
				s.next = earliest
			}
			turn = s.next
			s.next = s.next.Add(interval)
		}
		at := turn
		if s.paused.After(at) {
			at = s.paused
		}
		l.mu.Unlock()
		if !at.After(now) {
			return nil
		}
		if err := sleep(ctx, at.Sub(now)); err != nil {
			return err
		}
	}
}

func (l *limiter) slot(team, method string) *slot {
	s := l.slots[slotKey{team, method}]
	if s == nil {
		s = new(slot)
		l.slots[slotKey{team, method}] = s
	}
	return s
}

// pause lets no call of a method happen for d, and those after it one by one.
func (l *limiter) pause(team, method string, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.slot(team, method)
	until := time.Now().Add(d)
	if until.After(s.paused) {
		s.paused = until
	}
	if s.next.Before(until) {
		s.next = until
	}
}

// slowDown sets the rate that a method turned out to have.
func (l *limiter) slowDown(method string, perMinute float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slow[method] = perMinute
}

// slowed reports whether a method turned out to be slower than Slack promises.
func (l *limiter) slowed(method string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.slow[method]
	return ok
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
