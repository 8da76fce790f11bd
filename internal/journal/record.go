// Package journal is the durable side of a scan: the records, the append-only
// hash-chained file that holds them, and the fold that turns them into leaks
// with their exposure, and into coverage.
//
// This package knows what happened and what follows from it. It does not know
// how anything was crawled, found or verified, nor how a report looks. No
// record holds scanned bytes, but for labels of at most 64 printable bytes.
package journal

import (
	"context"
	"time"

	"mislaid/detectors"
	"mislaid/internal/ignore"
	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/verify"
)

// Record is one fact of a run. Exactly one field is set.
type Record struct {
	Run        *Run        `json:"run,omitempty"`
	Source     *Source     `json:"source,omitempty"`
	Sighting   *Sighting   `json:"sighting,omitempty"`
	Audience   *Audience   `json:"audience,omitempty"`
	Verdict    *Verdict    `json:"verdict,omitempty"`
	Facts      *Facts      `json:"facts,omitempty"`
	Account    *Account    `json:"account,omitempty"`
	Gap        *Gap        `json:"gap,omitempty"`
	Ignore     *Ignore     `json:"ignore,omitempty"`
	Skip       *Skip       `json:"skip,omitempty"`
	Since      *Since      `json:"since,omitempty"`
	Seen       *Seen       `json:"seen,omitempty"`
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
	End        *End        `json:"end,omitempty"`
}

// Sink takes the records of a run. A Commit is durable as a whole or not at
// all; the order of commits is kept. Safe for concurrent use.
type Sink interface {
	Commit(ctx context.Context, records []Record) error
}

// Run opens a run, or a resumed part of one: who ran what, where, when, with
// which version and options. It is a journal's first record.
type Run struct {
	ID           string            `json:"id"`             // equal for a run and its resumptions
	Part         int               `json:"part,omitempty"` // 0 first, then one more with each resume
	Command      string            `json:"command"`        // scan, recheck
	Started      time.Time         `json:"started"`
	Version      string            `json:"version"`
	Commit       string            `json:"commit,omitempty"`
	Go           string            `json:"go"`
	Platform     string            `json:"platform"`
	BinarySHA256 string            `json:"binary_sha256,omitempty"`
	User         string            `json:"user"`
	Host         string            `json:"host"`
	Case         string            `json:"case,omitempty"`
	Reason       string            `json:"reason,omitempty"`
	Targets      []string          `json:"targets"`
	Options      map[string]string `json:"options,omitempty"` // what the user set, by flag name
	Detectors    string            `json:"detectors"`         // names and versions; another set does not resume
	Contacts     []string          `json:"contacts,omitempty"`
	UserAgent    string            `json:"user_agent,omitempty"`
}

// Source says that a source takes part, and whether it could be read at all.
type Source struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"`
	Title string   `json:"title"`
	Notes []string `json:"notes,omitempty"`
	Error string   `json:"error,omitempty"` // it could not be read at all
}

// Sighting is one credential at one place. It holds no secret.
type Sighting struct {
	Ref         sources.Ref          `json:"ref"`
	Path        string               `json:"path"`            // of the item, as the source names it
	Inner       string               `json:"inner,omitempty"` // within the item: "!keys/2024.xlsx!Sheet2"
	Link        string               `json:"link,omitempty"`
	Kind        secret.Kind          `json:"kind"`
	KeyID       string               `json:"key_id,omitempty"`
	Fingerprint secret.Fingerprint   `json:"fingerprint,omitempty"`
	Confidence  detectors.Confidence `json:"confidence"`
	Placeholder bool                 `json:"placeholder,omitempty"`
	Account     string               `json:"account,omitempty"` // decoded from the key id offline
	Hints       detectors.Hints      `json:"hints,omitzero"`
	Positions   []Position           `json:"positions"` // the first MaxPositions
	Total       int                  `json:"total"`     // how many there are
	Author      string               `json:"author,omitempty"`
	Left        bool                 `json:"left,omitempty"` // the author is a leaver
	ModTime     time.Time            `json:"mod_time,omitzero"`
	Size        int64                `json:"size"`
	Version     string               `json:"version,omitempty"`
	SHA256      string               `json:"sha256,omitempty"` // of the item's bytes
	AudienceID  string               `json:"audience,omitempty"`
	Found       time.Time            `json:"found"`             // when the place was read
	Comment     string               `json:"comment,omitempty"` // the comment beside it that asks to suppress it, of those that were trusted

	// A run that builds on an earlier journal takes its sightings over.
	State   State     `json:"state,omitempty"`
	Checked time.Time `json:"checked,omitzero"` // when State was found out
}

// State says how a sighting came into the journal of a run.
type State string

// The states of a sighting.
const (
	StateRead      State = ""          // the run read the place
	StateEarlier   State = "earlier"   // of an earlier run; this one has not come to the place
	StateUnchanged State = "unchanged" // of an earlier run; the place is as it was then
	StateGone      State = "gone"      // of an earlier run; it no longer stands there
)

// MaxPositions is how many positions of a credential are kept per place.
const MaxPositions = 100

// Position is where in a place a credential stands.
type Position struct {
	Line   int       `json:"line,omitempty"`   // from 1
	Column int       `json:"column,omitempty"` // in bytes, from 1
	Offset int64     `json:"offset"`           // in the stream that the inner path names
	Name   string    `json:"name,omitempty"`   // cell, page, message
	Author string    `json:"author,omitempty"`
	Left   bool      `json:"left,omitempty"`
	Time   time.Time `json:"time,omitzero"`
	Link   string    `json:"link,omitempty"`
}

// Audience is an audience, written once and referred to by ID.
type Audience struct {
	ID string `json:"id"` // AudienceID of the rest
	sources.Audience
}

// Verdict is what the verifier said of one credential.
type Verdict struct {
	KeyID       string             `json:"key_id,omitempty"`
	Fingerprint secret.Fingerprint `json:"fingerprint,omitempty"` // the credential that was asked about
	verify.Verdict
}

// Ignore is the operator's list of what is to be suppressed, as the run began
// with it. It replaces that of an earlier part of the run.
type Ignore struct {
	Entries []ignore.Entry `json:"entries"`
	At      time.Time      `json:"at"` // entries that had expired by then do not apply
}

// Facts is what was read of a key id besides its verdict.
type Facts struct {
	KeyID string `json:"key_id"`
	verify.Facts
}

// Account is what the user's account map says of an account.
type Account struct{ verify.Account }

// Gap is something that should have been read and was not.
type Gap struct {
	Ref    sources.Ref `json:"ref"`
	Path   string      `json:"path,omitempty"`
	Inner  string      `json:"inner,omitempty"`
	Reason string      `json:"reason"` // one of the Gap… words
	Detail string      `json:"detail,omitempty"`
	Count  int64       `json:"count,omitempty"` // how many things this one record stands for; 0 means 1
	Time   time.Time   `json:"time"`
}

// Reasons of gaps.
const (
	GapDenied      = "denied"
	GapGone        = "gone"
	GapChanged     = "changed while read"
	GapUnsupported = "unsupported"
	GapTooLarge    = "too large"
	GapLimit       = "limit"
	GapEncrypted   = "encrypted"
	GapTorn        = "damaged"
	GapSource      = "source ended"
	GapError       = "error"
)

// Counts is what was done with items. Counts only add up.
type Counts struct {
	Items   int64            `json:"items"` // read to the end
	Bytes   int64            `json:"bytes"`
	Skipped map[string]int64 `json:"skipped,omitempty"` // left out by rule, by reason

	// Unchanged are items that an earlier run read and that are as they were
	// then. Where a source tells only what changed, there are at least so many.
	Unchanged int64 `json:"unchanged,omitempty"`
}

// Add adds o to c.
func (c *Counts) Add(o Counts) {
	c.Items += o.Items
	c.Bytes += o.Bytes
	c.Unchanged += o.Unchanged
	for k, n := range o.Skipped {
		if c.Skipped == nil {
			c.Skipped = make(map[string]int64)
		}
		c.Skipped[k] += n
	}
}

// Checkpoint says that all items of a container up to Cursor are done and
// committed. It is the last record of its commit.
type Checkpoint struct {
	Source    string         `json:"source"`
	Container string         `json:"container"`
	Cursor    sources.Cursor `json:"cursor"`
	Done      bool           `json:"done,omitempty"` // the container was listed to its end
	Counts    Counts         `json:"counts"`         // of all items up to Cursor, from the container's start

	Likely  bool `json:"likely,omitempty"`  // of the pass over likely names that goes before: it counts nothing
	Changes bool `json:"changes,omitempty"` // of a listing of changes alone, not of the whole container
}

// Skip is an item that was left out by a rule under which each one is named.
type Skip struct {
	Ref    sources.Ref `json:"ref"`
	Path   string      `json:"path"`
	Reason string      `json:"reason"`
	Time   time.Time   `json:"time"`
}

// Since says on which earlier journal a run builds. It is committed after all
// that was taken over from there.
type Since struct {
	Journal string    `json:"journal"` // path
	Run     string    `json:"run"`     // its run's ID
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"` // zero: it was cut off
	Full    string    `json:"full,omitempty"` // why nothing was taken over and everything is read; "" it was
}

// End closes a part of a run. A journal without one was cut off.
type End struct {
	Time   time.Time `json:"time"`
	Reason string    `json:"reason"` // one of the End… words
}

// Reasons of an End.
const (
	EndComplete    = "complete"
	EndInterrupted = "interrupted"
)
