package main

import (
	"fmt"
	"log/slog"
	"time"

	"mislaid/internal/pace"
	"mislaid/internal/report"
	"mislaid/internal/scan"
)

// How often progress is shown: on a status line and in a log.
const (
	statusEvery = 200 * time.Millisecond
	logEvery    = 30 * time.Second
)

// pausedFormat is how the end of a pause is told: the day matters at midnight.
const pausedFormat = "Mon 15:04 MST"

// showProgress shows what p counts until the returned function is called.
func (f *consoleFlags) showProgress(c *console, p *scan.Progress, gate *pace.Gate, log *slog.Logger) (stop func()) {
	line := f.progress.value == "always" || f.progress.value == "auto" && columns(c.w) > 0
	every := logEvery
	if line {
		every = statusEvery
	}
	if f.progress.value == "never" {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		m := meter{last: p.Bytes.Load(), at: time.Now()}
		for {
			select {
			case <-quit:
				c.setStatus("")
				return
			case now := <-ticker.C:
				perSecond := m.rate(p.Bytes.Load(), now)
				if line {
					c.setStatus(statusLine(p, gate, perSecond, columns(c.w)))
					continue
				}
				if until, paused := gate.Paused(); paused {
					log.Info("paused", "until", until.Format(pausedFormat), "items", p.Items.Load())
					continue
				}
				log.Info("progress", "items", p.Items.Load(), "bytes", p.Bytes.Load(), "bytes_per_second", perSecond,
					"candidates", p.Candidates.Load(), "gaps", p.Gaps.Load(), "at", current(p))
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// meter tells bytes per second, smoothed so that a person can read it.
type meter struct {
	last   int64
	at     time.Time
	smooth float64
}

func (m *meter) rate(bytes int64, now time.Time) int64 {
	seconds := now.Sub(m.at).Seconds()
	if seconds <= 0 {
		return int64(m.smooth)
	}
	r := float64(bytes-m.last) / seconds
	if m.smooth > 0 {
		r = 0.8*m.smooth + 0.2*r
	}
	m.last, m.at, m.smooth = bytes, now, r
	return int64(r)
}

func current(p *scan.Progress) string {
	if path := p.Current.Load(); path != nil {
		return *path
	}
	return ""
}

// statusLine returns one line that fits into width columns (0: 80).
func statusLine(p *scan.Progress, gate *pace.Gate, perSecond int64, width int) string {
	if width == 0 {
		width = 80
	}
	line := fmt.Sprintf("%d items  %s  %s/s  %d candidates", p.Items.Load(), formatBytes(p.Bytes.Load()), formatBytes(perSecond), p.Candidates.Load())
	if n := p.Unchanged.Load(); n > 0 {
		line += fmt.Sprintf("  %d unchanged", n)
	}
	if n := p.Gaps.Load(); n > 0 {
		line += fmt.Sprintf("  %d gaps", n)
	}
	if until, paused := gate.Paused(); paused {
		line = "paused until " + until.Format(pausedFormat) + "  " + line
	}
	runes := []rune(line)
	place := []rune(report.Clean(current(p)))
	if room := width - 1 - len(runes) - 2; room >= 10 && len(place) > 0 {
		if len(place) > room {
			place = append([]rune("…"), place[len(place)-room+1:]...)
		}
		runes = append(append(runes, ' ', ' '), place...)
	}
	return string(runes[:min(len(runes), width-1)])
}
