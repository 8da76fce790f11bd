package journal

import (
	"testing"
	"time"

	"mislaid/detectors"
	"mislaid/internal/ignore"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

func seen(keyID, path string) *Sighting {
	return &Sighting{
		Ref: sources.Ref{Source: "file:///srv", Item: path}, Path: path, Kind: secret.AccessKey, KeyID: keyID, Fingerprint: secret.Fingerprint(keyID + "-print"),
		Confidence: detectors.High, Positions: []Position{{Line: 1}}, Total: 1, Found: time.Unix(1, 0),
	}
}

// TestSuppression: a leak is suppressed when all its places are and it is not
// known to be live.
func TestSuppression(t *testing.T) {
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	list := func(entries ...ignore.Entry) Record { return Record{Ignore: &Ignore{Entries: entries, At: at}} }
	docs := ignore.Entry{Path: "docs/**", Reason: "samples", List: "l", Line: 3}
	byKey := ignore.Entry{KeyID: "AKIA1", Reason: "rotated", List: "l", Line: 7, Expires: "2026-06-01"}
	old := ignore.Entry{KeyID: "AKIA1", Reason: "was known", List: "l", Line: 9, Expires: "2026-05-31"}
	commented := seen("AKIA1", "src/a")
	commented.Comment = "mislaid:allow"
	verdict := func(s verify.State) Record {
		return Record{Verdict: &Verdict{KeyID: "AKIA1", Verdict: verify.Verdict{State: s, Time: at}}}
	}
	for name, c := range map[string]struct {
		records           []Record
		leaks, suppressed int
		places            int // suppressed ones
		overruled         bool
		expired           int
		exit              int
	}{
		"no list":            {[]Record{{Sighting: seen("AKIA1", "docs/a")}}, 1, 0, 0, false, 0, ExitLeaksGaps},
		"path":               {[]Record{list(docs), {Sighting: seen("AKIA1", "docs/a")}}, 0, 1, 1, false, 0, ExitGaps},
		"list comes later":   {[]Record{{Sighting: seen("AKIA1", "docs/a")}, list(docs)}, 0, 1, 1, false, 0, ExitGaps},
		"one place of two":   {[]Record{list(docs), {Sighting: seen("AKIA1", "docs/a")}, {Sighting: seen("AKIA1", "src/a")}}, 1, 0, 1, false, 0, ExitLeaksGaps},
		"key, on its day":    {[]Record{list(byKey), {Sighting: seen("AKIA1", "docs/a")}, {Sighting: seen("AKIA1", "src/a")}}, 0, 1, 2, false, 0, ExitGaps},
		"expired":            {[]Record{list(old), {Sighting: seen("AKIA1", "docs/a")}}, 1, 0, 0, false, 1, ExitLeaksGaps},
		"live":               {[]Record{list(docs), {Sighting: seen("AKIA1", "docs/a")}, verdict(verify.Live)}, 1, 0, 1, true, 0, ExitLeaksGaps},
		"live but cut short": {[]Record{list(docs), {Sighting: seen("AKIA1", "docs/a")}, verdict(verify.LiveLimited)}, 1, 0, 1, true, 0, ExitLeaksGaps},
		"dead":               {[]Record{list(docs), {Sighting: seen("AKIA1", "docs/a")}, verdict(verify.Dead)}, 0, 1, 1, false, 0, ExitGaps},
		"comment":            {[]Record{{Sighting: commented}}, 0, 1, 1, false, 0, ExitGaps},
		"comment, live":      {[]Record{{Sighting: commented}, verdict(verify.Live)}, 1, 0, 1, true, 0, ExitLeaksGaps},
		"another list":       {[]Record{list(docs), {Sighting: seen("AKIA1", "docs/a")}, list()}, 1, 0, 0, false, 0, ExitLeaksGaps},
	} {
		f := NewFolder()
		f.Add(Record{Run: &Run{ID: "r", Command: "scan"}})
		for _, r := range c.records {
			f.Add(r)
		}
		s := f.Summary()
		places, overruled := 0, false
		for _, l := range append(s.Leaks, s.Suppressed...) {
			overruled = overruled || l.Overruled()
			for _, p := range l.Places {
				if p.Suppressed != nil {
					places++
				}
			}
		}
		if len(s.Leaks) != c.leaks || len(s.Suppressed) != c.suppressed || places != c.places || overruled != c.overruled || len(s.ExpiredIgnores) != c.expired {
			t.Errorf("%s: %d leaks, %d suppressed, %d places, overruled %v, %d expired", name, len(s.Leaks), len(s.Suppressed), places, overruled, len(s.ExpiredIgnores))
		}
		if got := ExitCode(s, FailAny); got != c.exit {
			t.Errorf("%s: exit code %d, want %d", name, got, c.exit)
		}
	}
}

// TestReadersList: who reads a journal may bring a list of his own.
func TestReadersList(t *testing.T) {
	f := NewFolder()
	f.Suppress([]ignore.Entry{{Account: "111122223333", Reason: "theirs", List: "mine"}}, time.Now())
	s := seen("AKIA1", "a")
	s.Account = "111122223333"
	f.Add(Record{Sighting: s})
	sum := f.Summary()
	if len(sum.Leaks) != 0 || len(sum.Suppressed) != 1 || sum.Suppressed[0].Places[0].Suppressed.Reason != "theirs" {
		t.Errorf("%d leaks, %d suppressed", len(sum.Leaks), len(sum.Suppressed))
	}
}

// TestNobodyIsAsked: of a kind without a verifier nobody knows whether it is live.
func TestNobodyIsAsked(t *testing.T) {
	f := NewFolder()
	s := seen("", "a")
	s.Kind, s.Fingerprint = secret.RuleKind("acme"), ""
	f.Add(Record{Sighting: s})
	sum := f.Summary()
	if len(sum.Leaks) != 1 {
		t.Fatalf("%d leaks", len(sum.Leaks))
	}
	l := sum.Leaks[0]
	if l.Verdict.State != verify.Unverifiable || !l.Settled || l.Severity != High {
		t.Errorf("%+v, settled %v, %s", l.Verdict, l.Settled, l.Severity)
	}
	if got := ExitCode(sum, FailLive); got != ExitLeaksGaps {
		t.Errorf("exit code %d: it may be live", got)
	}
}
