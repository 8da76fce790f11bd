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

// burstShare is which part of a minute's calls may follow each other at once.
const burstShare = 0.5

// limiter spaces the calls of each method and workspace, as Slack counts them:
// some may follow each other at once, and no minute, wherever it begins, has more
// than Slack promises. Safe for concurrent use.
type limiter struct {
	scale float64 // times what Slack promises

	mu    sync.Mutex
	slots map[slotKey]*slot
	slow  map[string]float64 // rates that a method turned out to have
}

type slotKey struct{ team, method string }

// slot is one method in one workspace.
type slot struct {
	next   time.Time   // when the next call would be due without any burst
	paused time.Time   // no call before
	turns  []time.Time // of the last calls, in order of time
	pauses int         // how often it was paused: turns given before that are void
}

// mostTurns bounds how many calls a minute are counted one by one. No method of
// Slack's has more.
const mostTurns = 300

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
	pauses := 0        // when we got it
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.mu.Lock()
		s := l.slot(team, method)
		now := time.Now()
		if turn.IsZero() || pauses != s.pauses {
			turn, pauses = s.take(now, l.rate(method)), s.pauses
		}
		l.mu.Unlock()
		if !turn.After(now) {
			return nil
		}
		if err := sleep(ctx, turn.Sub(now)); err != nil {
			return err
		}
	}
}

// take gives out the next turn: not before now, the pause, or the spacing allow
// it, and so that no minute has more than rate turns.
func (s *slot) take(now time.Time, rate float64) time.Time {
	interval := time.Duration(float64(time.Minute) / rate)
	burst := max(1, int(rate*burstShare))
	if earliest := now.Add(-time.Duration(burst-1) * interval); s.next.Before(earliest) {
		s.next = earliest
	}
	turn := s.next
	for _, other := range []time.Time{now, s.paused} {
		if other.After(turn) {
			turn = other
		}
	}
	if most := max(1, int(rate)); most <= mostTurns {
		if n := len(s.turns); n >= most {
			if free := s.turns[n-most].Add(time.Minute); free.After(turn) {
				turn, s.next = free, free
			}
		}
		s.turns = append(s.turns, turn)
		if n := len(s.turns); n > 2*mostTurns {
			s.turns = append(s.turns[:0], s.turns[n-mostTurns:]...)
		}
	}
	s.next = s.next.Add(interval)
	return turn
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
	s.turns = s.turns[:0]
	s.pauses++
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
