package ignore

import (
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// Find is what is known of something found at one place.
type Find struct {
	Fingerprint, KeyID, Account string
	Source                      string // name of the source
	Path                        string // of the item, as reports print it
}

// Matcher looks finds up in entries. Safe for concurrent use.
type Matcher struct {
	named   map[string][]int // by fingerprint, key id or account: the entries that name it first
	paths   []int            // the entries that name nothing but a path
	entries []Entry
	globs   []glob
	expired []Entry
}

// glob is a pattern of paths, as --exclude takes it.
type glob struct {
	pattern string
	name    bool // matched against the last name of the path
}

// NewMatcher takes the entries that apply at a time.
func NewMatcher(entries []Entry, at time.Time) *Matcher {
	m := &Matcher{named: make(map[string][]int)}
	for _, e := range entries {
		if e.expired(at) {
			m.expired = append(m.expired, e)
			continue
		}
		i := len(m.entries)
		m.entries = append(m.entries, e)
		pattern := strings.TrimSuffix(e.Path, "/")
		m.globs = append(m.globs, glob{strings.TrimPrefix(pattern, "/"), !strings.Contains(pattern, "/")})
		switch {
		case e.Fingerprint != "":
			m.named[e.Fingerprint] = append(m.named[e.Fingerprint], i)
		case e.KeyID != "":
			m.named[e.KeyID] = append(m.named[e.KeyID], i)
		case e.Account != "":
			m.named[e.Account] = append(m.named[e.Account], i)
		default:
			m.paths = append(m.paths, i)
		}
	}
	return m
}

// Expired returns the entries that no longer apply.
func (m *Matcher) Expired() []Entry {
	if m == nil {
		return nil
	}
	return m.expired
}

// Match returns the entry that covers a find, of several the first of the most
// telling sort. A nil Matcher covers nothing.
func (m *Matcher) Match(f Find) (Entry, bool) {
	if m == nil {
		return Entry{}, false
	}
	for _, name := range [...]string{f.Fingerprint, f.KeyID, f.Account} {
		if name == "" {
			continue
		}
		for _, i := range m.named[name] {
			if m.covers(i, f) {
				return m.entries[i], true
			}
		}
	}
	for _, i := range m.paths {
		if m.covers(i, f) {
			return m.entries[i], true
		}
	}
	return Entry{}, false
}

func (m *Matcher) covers(i int, f Find) bool {
	e := &m.entries[i]
	switch {
	case e.Fingerprint != "" && e.Fingerprint != f.Fingerprint,
		e.KeyID != "" && e.KeyID != f.KeyID,
		e.Account != "" && e.Account != f.Account,
		e.Source != "" && e.Source != f.Source:
		return false
	case e.Path == "":
		return true
	}
	// A path is known by its name within the source, and by the source's too.
	whole := strings.TrimPrefix(strings.TrimSuffix(f.Source, "/")+"/"+f.Path, "file://")
	return m.globs[i].match(f.Path) || m.globs[i].match(strings.TrimPrefix(whole, "/"))
}

// match reports whether a pattern matches a path or a directory above it.
func (g glob) match(path string) bool {
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		part := path[:i]
		if g.name {
			part = part[strings.LastIndexByte(part, '/')+1:]
		}
		if doublestar.MatchUnvalidated(g.pattern, part) {
			return true
		}
	}
	return false
}
