package pace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	place, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func TestParseHours(t *testing.T) {
	for text, want := range map[string]string{
		"20:00-06:00": "20:00-06:00", "9:05-17:30": "09:05-17:30", "00:00-24:00": "", "22:00-24:00": "22:00-00:00",
		"": "", "20:00": "", "20:00-": "", "25:00-06:00": "", "20:61-06:00": "", "20-6": "", "20:00-20:00": "", "20:00-06:00-07:00": "",
		"20:00 - 06:00": "", "-1:00-06:00": "",
	} {
		h, err := ParseHours(text, time.UTC)
		if (err == nil) != (want != "") || err == nil && h.String() != want {
			t.Errorf("%q: %s, %v", text, h, err)
		}
	}
}

// TestNextIsInTheHours holds on every day of the year, those of the clock's
// changes included.
func TestNextIsInTheHours(t *testing.T) {
	places := []*time.Location{time.UTC, zone(t, "Europe/Berlin"), zone(t, "America/Sao_Paulo"), zone(t, "Australia/Lord_Howe")}
	rapid.Check(t, func(t *rapid.T) {
		h := Hours{
			from: rapid.IntRange(0, 1439).Draw(t, "from"), to: rapid.IntRange(0, 1439).Draw(t, "to"),
			place: rapid.SampledFrom(places).Draw(t, "place"),
		}
		if h.from == h.to {
			t.Skip("no stretch")
		}
		at := time.Unix(rapid.Int64Range(1_500_000_000, 1_900_000_000).Draw(t, "at"), 0)
		next := h.Next(at)
		if !next.After(at) || next.Sub(at) > 26*time.Hour {
			t.Fatalf("%s after %s is %s", h, at.In(h.place), next)
		}
		if local := next.In(h.place); local.Hour()*60+local.Minute() == h.from && !h.Contain(next) {
			t.Fatalf("%s begin at %s and do not hold it", h, next)
		}
	})
}

// TestGate waits through two nights under a fake clock.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		place := time.FixedZone("HERE", 3*3600) // it is 03:00 there when the fake clock begins, at midnight UTC
		h, err := ParseHours("20:00-06:00", place)
		if err != nil {
			t.Fatal(err)
		}
		g := NewGate(h)
		var when []string
		for range 3 {
			if err := g.Wait(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			if _, paused := g.Paused(); paused {
				t.Error("open and paused")
			}
			when = append(when, time.Now().In(place).Format("02 15:04"))
			time.Sleep(3*time.Hour + time.Minute)
		}
		if when[0] != "01 03:00" || when[1] != "01 20:00" || when[2] != "01 23:01" {
			t.Errorf("open at %q", when)
		}

		time.Sleep(5 * time.Hour) // 07:02
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		go func() {
			time.Sleep(time.Minute)
			if until, paused := g.Paused(); !paused || until.Format("02 15:04 MST") != "02 20:00 HERE" {
				t.Errorf("paused until %s, %v", until, paused)
			}
		}()
		if err := g.Wait(ctx, 1); err == nil {
			t.Error("it opened by day")
		}
	})
}
