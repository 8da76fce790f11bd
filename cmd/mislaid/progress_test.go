package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mislaid/internal/pace"
	"mislaid/internal/scan"
)

// progressFor returns what is shown in the first 95 seconds of a scan.
func progressFor(t *testing.T, mode string) (shown string) {
	synctest.Test(t, func(t *testing.T) {
		var w bytes.Buffer
		c := &console{w: &w}
		f := &consoleFlags{progress: choice{value: mode}}
		p := new(scan.Progress)
		path := "some/\x1b[31mfile"
		p.Current.Store(&path)
		stop := f.showProgress(c, p, nil, c.logger(false))
		time.Sleep(time.Second / 2) // so that nothing is counted at the moment it is shown
		for range 95 {
			p.Items.Add(1)
			p.Bytes.Add(2_000_000)
			time.Sleep(time.Second)
		}
		stop()
		shown = w.String()
	})
	return shown
}

func TestProgress(t *testing.T) {
	if shown := progressFor(t, "never"); shown != "" {
		t.Errorf("never: %q", shown)
	}
	logged := progressFor(t, "auto") // no terminal
	if strings.Count(logged, "msg=progress") != 3 || !strings.Contains(logged, "bytes_per_second=2000000") || strings.Contains(logged, "\x1b") {
		t.Errorf("auto: %s", logged)
	}
	drawn := progressFor(t, "always")
	if !strings.Contains(drawn, "\r95 items") || !strings.Contains(drawn, "2.0 MB/s") || strings.ContainsAny(drawn, "\n\x1b") {
		t.Errorf("always: %q", drawn[max(0, len(drawn)-400):])
	}
	if last := drawn[strings.LastIndexByte(strings.TrimSuffix(drawn, "\r"), '\r'):]; strings.TrimSpace(last) != "" {
		t.Errorf("the line was not removed: %q", last)
	}
}

// TestLinesStandAboveTheStatus: a line does not run into the status line.
func TestLinesStandAboveTheStatus(t *testing.T) {
	var w bytes.Buffer
	c := &console{w: &w}
	c.setStatus("working")
	c.setStatus("work")
	_, _ = c.Write([]byte("a line\n"))
	if got, want := w.String(), "\rworking\rwork   \r    \ra line\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPauseIsShown: outside the hours a person sees until when, on a terminal
// and in a log.
func TestPauseIsShown(t *testing.T) {
	for _, mode := range []string{"always", "auto"} {
		synctest.Test(t, func(t *testing.T) {
			h, err := pace.ParseHours("20:00-23:00", time.UTC) // the fake clock begins at midnight
			if err != nil {
				t.Fatal(err)
			}
			gate := pace.NewGate(h)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { _ = gate.Wait(ctx, 1) }()
			var w bytes.Buffer
			c := &console{w: &w}
			f := &consoleFlags{progress: choice{value: mode}}
			stop := f.showProgress(c, new(scan.Progress), gate, c.logger(false))
			time.Sleep(40 * time.Second)
			cancel()
			stop()
			if !strings.Contains(w.String(), "Sat 20:00 UTC") || !strings.Contains(w.String(), "paused") {
				t.Errorf("%s: %q", mode, w.String())
			}
		})
	}
}
