// Package ignore is the operator's list of finds that are known and need no
// attention: each entry says what it covers, why, and until when.
//
// The list is a TOML file of [[ignore]] tables. An entry covers what matches
// all that it names: a fingerprint, a key id, an account, a path.
//
// This package knows the format, and whether an entry covers a find. It does
// not know what becomes of a find that is covered.
package ignore

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/pelletier/go-toml/v2"

	"mislaid/internal/stricttoml"
)

// Bounds on a list.
const (
	MaxFile    = 1 << 20 // bytes
	maxEntries = 10_000
	maxReason  = 500 // bytes
)

// Entry is one entry of a list. What is empty covers everything.
type Entry struct {
	Fingerprint string `json:"fingerprint,omitempty"`
	KeyID       string `json:"key_id,omitempty"`
	Account     string `json:"account,omitempty"`
	Path        string `json:"path,omitempty"` // a glob
	Reason      string `json:"reason"`
	Expires     string `json:"expires,omitempty"` // the last day on which it applies, UTC: 2026-12-31
	List        string `json:"list"`              // name of the file
	Line        int    `json:"line"`              // in it
	Source      string `json:"source,omitempty"`  // name of the only source that it applies to
}

type (
	file struct {
		Ignore []row `toml:"ignore"`
	}
	row struct {
		Fingerprint string          `toml:"fingerprint"`
		KeyID       string          `toml:"key_id"`
		Account     string          `toml:"account"`
		Path        string          `toml:"path"`
		Reason      string          `toml:"reason"`
		Expires     *toml.LocalDate `toml:"expires"`
	}
)

const array = "ignore" // the tables of a list

func unknown(key []string) string {
	if len(key) == 1 {
		return fmt.Sprintf("unknown key %q; the file is made of [[ignore]] tables", key[0])
	}
	return fmt.Sprintf("unknown key %q; an entry takes fingerprint, key_id, account and path, reason, and expires", key[len(key)-1])
}

// Parse reads a list, whose name is for errors and for the entries. An error
// names the line and quotes no value: someone may have put a secret there.
func Parse(name string, text []byte) ([]Entry, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, MaxFile)
	}
	var f file
	at, err := stricttoml.Decode(name, text, &f, unknown)
	if err != nil {
		return nil, err
	}
	if len(f.Ignore) > maxEntries {
		return nil, fmt.Errorf("%s:%d: more than %d entries", name, at.Row(array, maxEntries, ""), maxEntries)
	}
	var entries []Entry
	for i := range f.Ignore {
		r := &f.Ignore[i]
		if field, err := r.check(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, at.Row(array, i, field), err)
		}
		e := Entry{
			Fingerprint: r.Fingerprint, KeyID: r.KeyID, Account: r.Account, Path: r.Path, Reason: strings.TrimSpace(r.Reason),
			List: name, Line: at.Row(array, i, ""),
		}
		if r.Expires != nil {
			e.Expires = r.Expires.String()
		}
		entries = append(entries, e)
	}
	return entries, nil
}

var (
	fingerprintForm = regexp.MustCompile(`^[0-9a-f]{32}$`)
	keyIDForm       = regexp.MustCompile(`^[A-Z0-9]{16,128}$`)
	accountForm     = regexp.MustCompile(`^[0-9]{12}$`)
)

// check returns what is wrong with which field.
func (r *row) check() (field string, err error) {
	switch {
	case r.Fingerprint+r.KeyID+r.Account+r.Path == "":
		return "", errors.New("the entry names no fingerprint, key_id, account or path, and so would cover everything")
	case strings.TrimSpace(r.Reason) == "":
		return "reason", errors.New("a reason is needed: whoever reads the list later must know why")
	case len(r.Reason) > maxReason:
		return "reason", fmt.Errorf("the reason is longer than %d bytes", maxReason)
	case r.Fingerprint != "" && !fingerprintForm.MatchString(r.Fingerprint):
		return "fingerprint", errors.New("a fingerprint is 32 hexadecimal digits, as reports print it; never a secret")
	case r.KeyID != "" && !keyIDForm.MatchString(r.KeyID):
		return "key_id", errors.New("a key id is 16 or more capital letters and digits")
	case r.Account != "" && !accountForm.MatchString(r.Account):
		return "account", errors.New("an account is 12 digits")
	case r.Path != "" && !doublestar.ValidatePattern(r.Path):
		return "path", errors.New("the path is no valid glob")
	case r.Path != "" && strings.Trim(r.Path, "*/") == "":
		return "path", errors.New("the path covers everything")
	case r.Expires != nil && (r.Expires.Month < 1 || r.Expires.Month > 12 || r.Expires.Day < 1 || r.Expires.Day > 31):
		return "expires", errors.New("expires is a day: 2026-12-31, without quotes")
	}
	return "", nil
}

// expired reports whether an entry no longer applies at a time.
func (e *Entry) expired(at time.Time) bool {
	return e.Expires != "" && at.UTC().Format(time.DateOnly) > e.Expires
}
