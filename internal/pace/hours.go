package pace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// Hours is a stretch of every day, by the clock of a place. It may span
// midnight. The zero value is no stretch; make one with ParseHours.
type Hours struct {
	from, to int // minutes after midnight; from is in it, to is not
	place    *time.Location
}

// ParseHours reads "20:00-06:00".
func ParseHours(text string, place *time.Location) (Hours, error) {
	first, second, ok := strings.Cut(text, "-")
	from, err1 := parseClock(first)
	to, err2 := parseClock(second)
	switch {
	case !ok || err1 != nil || err2 != nil:
		return Hours{}, errors.New("must be two times of the day, such as 20:00-06:00")
	case from == to:
		return Hours{}, errors.New("begins and ends at the same time; leave it away to read all day")
	}
	return Hours{from: from, to: to, place: place}, nil
}

// parseClock reads "06:30" as minutes after midnight. 24:00 is midnight.
func parseClock(text string) (int, error) {
	if text == "24:00" {
		return 0, nil
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err
}

// String returns the hours as ParseHours reads them.
func (h Hours) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.from/60, h.from%60, h.to/60, h.to%60)
}

// Contain reports whether t lies in the hours.
func (h Hours) Contain(t time.Time) bool {
	t = t.In(h.place)
	at := t.Hour()*60 + t.Minute()
	if h.from < h.to {
		return h.from <= at && at < h.to
	}
	return h.from <= at || at < h.to
}

// Next returns when the hours begin after t.
func (h Hours) Next(t time.Time) time.Time {
	t = t.In(h.place)
	for day := t.Day(); ; day++ {
		begin := time.Date(t.Year(), t.Month(), day, h.from/60, h.from%60, 0, 0, h.place)
		if begin.After(t) {
			return begin
		}
	}
}

// lookAgain is how long a Gate trusts what the clock said: it may be set, and
// the machine may sleep.
const lookAgain = time.Minute

// Gate is a Limiter that lets everything happen within hours, and nothing
// outside them. Safe for concurrent use.
type Gate struct {
	hours  Hours
	open   atomic.Int64 // it is open until then, in Unix nanoseconds
	paused atomic.Int64 // somebody waits until then, in Unix seconds; 0: nobody does
}

// NewGate returns a gate that is open in h.
func NewGate(h Hours) *Gate { return &Gate{hours: h} }

// Wait implements Limiter: it returns at once within the hours, when they begin
// otherwise.
func (g *Gate) Wait(ctx context.Context, _ int) error {
	now := time.Now()
	if now.UnixNano() < g.open.Load() {
		return ctx.Err()
	}
	for !g.hours.Contain(now) {
		next := g.hours.Next(now)
		g.paused.Store(next.Unix())
		timer := time.NewTimer(min(next.Sub(now), lookAgain))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		now = time.Now()
	}
	g.paused.Store(0)
	g.open.Store(now.Add(time.Second).UnixNano())
	return ctx.Err()
}

// Paused returns until when somebody waits, and whether somebody does.
func (g *Gate) Paused() (until time.Time, paused bool) {
	if g == nil {
		return time.Time{}, false
	}
	at := g.paused.Load()
	return time.Unix(at, 0).In(g.hours.place), at != 0
}

// Zone names the clock that the hours go by, as it stands now: "CET, UTC+01:00".
func (h Hours) Zone() string { return time.Now().In(h.place).Format("MST, UTC-07:00") }
