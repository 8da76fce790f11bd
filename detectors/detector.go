// Package detectors finds credentials in bytes: it says what a detector is,
// and runs a set of them over the windows of a stream.
//
// A detector is data plus two pure functions. The Set finds all anchors of all
// detectors in one fast pass, cuts a region around each, and shows only the
// regions to Find; Join then sees all atoms of a stream at once.
//
// This package knows shapes, regions and entropy. It does not know where bytes
// come from, what verifies a credential, or the time of day.
package detectors

import (
	"time"

	"mislaid/internal/secret"
)

// Detector recognises credentials of one family.
type Detector struct {
	Name string

	// Version changes when the detector would find something else in the same
	// bytes: a checkpoint of another version is not resumed.
	Version int

	Anchors []Anchor

	// Reach is how many bytes on either side of an atom Find's answer for it
	// may depend on. It is also the neighbourhood cut around an anchor.
	Reach int

	// Find appends the atoms in a region of a stream. A region's edge never
	// cuts a run of base64 characters shorter than RunLimit. Find keeps no
	// slice it is given and sets neither Line nor LineStart. It tells n.Trace
	// what it looked at and dropped. Safe for concurrent use.
	Find func(dst []Atom, n Near) []Atom

	// Join appends the candidates that the atoms of one whole stream make.
	// atoms are this detector's own, in order of Off, each once. Join may
	// reorder them. It tells t how it scored them. Safe for concurrent use.
	Join func(dst []Candidate, atoms []Atom, t *Trace) []Candidate
}

// Near is a region of a stream, as Find is shown it.
type Near struct {
	Name  string // the base name of the stream's file, "" none
	Head  []byte // the first HeadSize bytes of the stream: CSV headings, a byte order mark
	Bytes []byte
	Base  int64 // offset of Bytes[0] in the stream, counted in characters where the region is of UTF-16

	// Anchors says which of the detector's anchors stand in it: bit i for the
	// one of index i, and bit 63 for all from there on.
	Anchors uint64

	Trace *Trace // who wants to know more, nil nobody
}

// RunLimit is how far, in bytes, a region grows to reach the end of a run of
// base64 characters. A session token longer than that is not found.
const RunLimit = 16 << 10

// HeadSize is how much of a stream's beginning Find sees in every call.
const HeadSize = 4 << 10

// Anchor is a shape that is found in one fast pass. Exactly one of Literal and
// Run is set.
type Anchor struct {
	Literal string // these bytes, at least 4
	Word    string // these printable ASCII bytes, at least 3, in any case; a set with words is slower
	Run     int    // exactly this many of [A-Za-z0-9+/], with none of them before and none of them nor '=' after

	// Encoded: the literal is also looked for in short base64, unless it is a
	// label, and with every character escaped. (In long base64 every literal is
	// found.)
	Encoded bool

	// Digits is how many digits must follow the literal. A literal that several
	// detectors want has one number of them.
	Digits int

	// Base32 is how many of [A-Z2-7] must follow the literal, or fewer before
	// something that may begin an escape. Both are checked right behind the fast
	// pass, before a region is cut.
	Base32 int

	// Label: the literal names a value and is no value. It shows Find nothing
	// by itself; it is where escapes are undone.
	Label bool
}

// Part says which part of a credential an atom is.
type Part uint8

// The parts of a credential.
const (
	PartID Part = iota + 1
	PartSecret
	PartToken
	PartWhole // a credential that needs no other part
	PartMark  // no part: a comment that asks to pass over its line; its word is the ID
)

// String names the part for people.
func (p Part) String() string {
	switch p {
	case PartID:
		return "key id"
	case PartSecret:
		return "secret"
	case PartToken:
		return "session token"
	case PartWhole:
		return "credential"
	case PartMark:
		return "comment"
	}
	return "part"
}

// Atom is one part of a credential, at its place. It is held in memory only.
type Atom struct {
	Part     Part
	Kind     secret.Kind  // what it is a part of, where the part alone tells
	ID       string       // the key id, for PartID; what names a whole credential
	Account  string       // 12 digits, where a whole credential tells them; else ""
	Value    secret.Value // the secret bytes, for the other parts
	Off, End int64        // its bytes in the stream: [Off, End)

	// Where it stands, for Join. Record is equal for atoms of one structured
	// record (a CSV row, a profile, a JSON object): 1 + the offset in the
	// stream at which the record begins, and 0 where there is none. Label is
	// the name it is given (variable, column), lower case; Labelled says that
	// the label itself names this kind of part.
	Record   int64
	Label    string
	Labelled bool

	Depth       uint8 // layers of encoding that were undone to read it; set by the Finder
	Form        bool  // and '+' was taken for a space; set by the Finder
	Placeholder bool  // a published sample value: never a leak, never silent
	Hints       Hints

	// Set by the Finder. Line counts from 1 (or from 0 in a part of a stream
	// that begins at an unknown line); LineStart is the offset of the line's
	// first byte, -1 if it lies before the part.
	Line      int
	LineStart int64
	Wide      bool // it was written as UTF-16 inside other bytes
	Detector  int  // index in the Set
}

// Hints is context that travels with a credential. Each field is a label or an
// identifier of at most 64 printable bytes, never scanned prose.
type Hints struct {
	Profile   string    `json:"profile,omitempty"`   // profile, user or record name
	Label     string    `json:"label,omitempty"`     // variable or column
	Region    string    `json:"region,omitempty"`    // us-gov-west-1
	Partition string    `json:"partition,omitempty"` // aws-cn: only where something beside the key says so
	Endpoint  string    `json:"endpoint,omitempty"`  // host of an S3-compatible store named beside the key
	Expires   time.Time `json:"expires,omitzero"`    // declared expiry
}

// Confidence says how sure the detector is that this is a credential.
type Confidence string

// The steps of confidence.
const (
	Low    Confidence = "low"
	Medium Confidence = "medium"
	High   Confidence = "high"
)

// Candidate is atoms joined into something that looks like a credential. It
// lives in memory only.
type Candidate struct {
	Credential  secret.Credential
	Confidence  Confidence
	Score       int    // ranks the secrets of one key id: the higher the better
	Account     string // 12 digits, decoded from the key id offline; "" not decodable
	Placeholder bool   // a published sample: reported as such, never verified
	Hints       Hints
	Atoms       []Atom // the parts it is made of, the one that names its place first
}
