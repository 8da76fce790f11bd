package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"mislaid/sources"
)

// NewAudience returns a with its ID, which is a hash of everything but the time
// at which it was read: equal answers are written once.
func NewAudience(a sources.Audience) Audience {
	a.Since = ValidTime(a.Since)
	read := ValidTime(a.ReadAt)
	a.ReadAt = time.Time{}
	b, err := json.Marshal(a)
	if err != nil {
		panic("journal: an audience cannot fail to marshal: " + err.Error())
	}
	a.ReadAt = read
	sum := sha256.Sum256(b)
	return Audience{ID: hex.EncodeToString(sum[:8]), Audience: a}
}

// ValidTime returns t, or the zero time where t is one that JSON cannot hold:
// file systems keep times that no calendar has.
func ValidTime(t time.Time) time.Time {
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return t.UTC()
}
