package journal

import (
	"time"

	"mislaid/detectors"
	"mislaid/internal/ignore"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

// Summary is what a journal says, folded: the leaks, worst first, and what was
// and was not read.
type Summary struct {
	Runs         []Run  // the run and its resumptions, in order
	Since        *Since // the earlier journal that it builds on; nil: none
	End          *End   // nil: cut off, or still running
	Leaks        []Leak
	Placeholders []Leak // published sample keys: never leaks, never silent
	Suppressed   []Leak // what the operator knows and wants no report of: no leaks, and counted
	Habits       []Habit
	Coverage     Coverage
	Chain        Chain

	ExpiredIgnores []ignore.Entry // entries that no longer suppress anything
}

// Complete reports whether everything that should have been read was read.
func (s *Summary) Complete() bool {
	return s.End != nil && s.End.Reason == EndComplete && s.Coverage.GapTotal == 0 && !s.Coverage.sourceFailed() && s.Chain.Err == ""
}

// Chain says whether the journal is whole.
type Chain struct {
	Records int    // records read
	Torn    bool   // the last line was cut off and is left out
	Err     string // where and how the chain is broken; "" it is not
}

// Severity ranks a leak. The zero value is Info.
type Severity int

// The severities.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"info", "low", "medium", "high", "critical"}

func (s Severity) String() string { return severityNames[s] }

// Leak is one credential, known by its key id where it has one, with its
// verdict, all its sightings and its exposure.
type Leak struct {
	ID          string // stable across runs and machines: LeakID
	KeyID       string // "" for a secret without an id
	Account     string // from the verdict, else decoded from the key id
	AccountInfo verify.Account
	Facts       *verify.Facts // what was read of it besides; nil: nothing was
	Severity    Severity
	Rule        string // the rule that gave the severity: "live: live × nothing known of its power × everyone in the organisation"
	Why         string // the same as a sentence
	Verdict     verify.Verdict
	Credentials []LeakCredential
	Places      []Place
	Exposure    sources.Audience // union over the places
	Reach       sources.Reach    // who could read it since its exposure began, those who cannot now too: what the severity counts
	FirstSeen   time.Time        // earliest time of a sighting's item; zero unknown
	Began       time.Time        // when its exposure began: the later of FirstSeen and of the key's creation; zero unknown
	LastSeen    time.Time        // when it was last seen standing there
	Settled     bool             // no verdict is awaited any more
	Suppressed  bool             // every place is suppressed, and it is not known to be live
}

// Overruled reports whether a leak is shown although every place of it is
// suppressed: because it is live.
func (l *Leak) Overruled() bool { return !l.Suppressed && allSuppressed(l.Places) }

// LeakCredential is one credential of a leak: an id may stand beside several
// secrets.
type LeakCredential struct {
	Kind        secret.Kind
	Fingerprint secret.Fingerprint
	Confidence  detectors.Confidence
	Verdict     verify.Verdict
}

// Place is a sighting with its audience.
type Place struct {
	Sighting
	Audience   *sources.Audience // nil: was not resolved
	Suppressed *Suppression      // nil: it is not
}

// Suppression is why a place needs no attention.
type Suppression struct {
	By      string `json:"by"` // the list and line of the entry, or the comment
	Reason  string `json:"reason"`
	Expires string `json:"expires,omitempty"` // the last day
	Inline  bool   `json:"inline,omitempty"`  // it stands in the scanned content itself
}

// Coverage says what was read, what was left out and what was missed.
type Coverage struct {
	Sources  []SourceCoverage
	Counts   Counts           // over all sources
	Gaps     []Gap            // the first MaxGaps
	GapTotal int64            // all of them
	GapBy    map[string]int64 // by reason
	Skipped  []Skip           // the first MaxGaps of those that were left out by a rule that names each
}

// MaxGaps is how many gaps a Summary keeps; the journal holds them all.
const MaxGaps = 10_000

// SourceCoverage is the coverage of one source.
type SourceCoverage struct {
	Source
	Counts Counts
	Gaps   int64
	Done   bool // every container was crawled to its end
}
