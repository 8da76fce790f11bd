package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

func writeJournal(t *testing.T, records ...journal.Record) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "j")
	f, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := f.Commit(t.Context(), []journal.Record{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOtherDetectorsReadEverything: a journal of other detectors is not built on,
// and that is said.
func TestOtherDetectorsReadEverything(t *testing.T) {
	path := writeJournal(t, journal.Record{Run: &journal.Run{ID: "r", Command: "scan", Detectors: "aws/1"}})
	e, err := openEarlier(new(cobra.Command), path, "aws/2")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(e.Full, "other detectors: aws/1, now aws/2") || !strings.Contains(e.line(), "everything is read again") {
		t.Errorf("%q, %q", e.Full, e.line())
	}
}

// TestWhatIsReadAgain: gaps, and keys whose verdict is open, old or by a rule.
func TestWhatIsReadAgain(t *testing.T) {
	now := time.Now()
	records := []journal.Record{{Run: &journal.Run{ID: "r", Command: "scan"}}}
	ref := func(item string) sources.Ref { return sources.Ref{Source: "s", Container: "c", Item: item} }
	for item, v := range map[string]verify.Verdict{
		"live": {State: verify.Live, Time: now.Add(-time.Hour)}, "old": {State: verify.Live, Time: now.Add(-25 * time.Hour)},
		"dead": {State: verify.Dead, Time: now.Add(-time.Hour)}, "throttled": {State: verify.Unknown, Why: verify.WhyThrottled, Time: now},
		"canary": {State: verify.NotCalled, Why: verify.WhyCanary, Time: now}, "pending": {},
	} {
		sg := journal.Sighting{Ref: ref(item), Kind: secret.AccessKey, KeyID: item, Fingerprint: secret.Fingerprint(item), Found: now}
		records = append(records, journal.Record{Sighting: &sg})
		if v.State != "" {
			records = append(records, journal.Record{Verdict: &journal.Verdict{KeyID: item, Fingerprint: sg.Fingerprint, Verdict: v}})
		}
	}
	records = append(records, journal.Record{Gap: &journal.Gap{Ref: ref("gap"), Reason: journal.GapDenied}})
	e, err := openEarlier(new(cobra.Command), writeJournal(t, records...), "")
	if err != nil || e.Full != "" {
		t.Fatal(err, e.Full)
	}
	for asking, want := range map[bool][]string{true: {"old", "throttled", "canary", "pending", "gap"}, false: {"gap"}} {
		got := e.reread(asking)
		for _, item := range want {
			if !got[ref(item)] {
				t.Errorf("asking %v: %s is not read again", asking, item)
			}
		}
		if len(got) != len(want) {
			t.Errorf("asking %v: %v", asking, got)
		}
	}
	verdicts := make(map[string]bool)
	for _, r := range e.records(true) {
		if r.Verdict != nil {
			verdicts[r.Verdict.KeyID] = true
		}
	}
	if len(verdicts) != 2 || !verdicts["live"] || !verdicts["dead"] {
		t.Errorf("verdicts taken over: %v", verdicts)
	}
}
