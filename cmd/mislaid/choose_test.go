package main

import (
	"testing"
	"time"
)

func TestParseMoment(t *testing.T) {
	place := time.FixedZone("HERE", 3600)
	now := time.Date(2026, 3, 10, 12, 0, 0, 500, place)
	for text, want := range map[string]time.Time{
		"2026-01-31":                time.Date(2026, 1, 31, 0, 0, 0, 0, place),
		"2026-01-31T08:00:00Z":      time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC),
		"2026-01-31T08:00:00+02:00": time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC),
		"90d":                       now.Truncate(time.Second).Add(-90 * 24 * time.Hour),
		"2w":                        now.Truncate(time.Second).Add(-14 * 24 * time.Hour),
		"12h":                       now.Truncate(time.Second).Add(-12 * time.Hour),
		"30m":                       now.Truncate(time.Second).Add(-30 * time.Minute),
		"1s":                        now.Truncate(time.Second).Add(-time.Second),
	} {
		if got, err := parseMoment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "0d", "-1d", "1", "1y", "99999999d", "yesterday", "2026-13-01", "2026-01-31 08:00", "1.5d", "1dd", "+1d"} {
		if got, err := parseMoment(text, now); err == nil {
			t.Errorf("%q: %s", text, got)
		}
	}
	var m moment
	if m.String() != "" {
		t.Errorf("no time is %q", m.String())
	}
	if err := m.Set("90d"); err != nil {
		t.Fatal(err)
	}
	again := m
	if err := again.Set(m.String()); err != nil || !time.Time(again).Equal(time.Time(m)) {
		t.Errorf("%s comes back as %s, %v", &m, &again, err)
	}
}

func FuzzParseMoment(f *testing.F) {
	for _, s := range []string{"90d", "2026-01-31", "2026-01-31T08:00:00Z", "", "d", "9999999999999w"} {
		f.Add(s)
	}
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		at, err := parseMoment(s, now)
		if err == nil && len(s) < 8 && at.After(now) {
			t.Errorf("%q is in the future: %s", s, at)
		}
	})
}

func TestRates(t *testing.T) {
	for text, want := range map[string]string{"50/s": "50/s", "50": "50/s", "0.5/s": "0.5/s", "1e3": "1000/s"} {
		var r opsRate
		if err := r.Set(text); err != nil || r.String() != want {
			t.Errorf("%q: %s, %v", text, &r, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "/s", "50/m", "NaN", "Inf", "fast"} {
		var r opsRate
		if err := r.Set(text); err == nil {
			t.Errorf("%q: %s", text, &r)
		}
	}
}
