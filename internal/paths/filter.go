package paths

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Filter decides by name what is left out. A pattern with a slash is matched
// against the path relative to the root, one without against the last name of
// the path. A pattern that matches a directory holds for all that is in it.
type Filter struct {
	Include, Exclude Patterns
}

// Patterns are globs that were checked.
type Patterns struct{ paths, names []string }

// NewFilter checks the patterns.
func NewFilter(include, exclude []string) (f Filter, err error) {
	if f.Include, err = parsePatterns(include); err != nil {
		return f, err
	}
	f.Exclude, err = parsePatterns(exclude)
	return f, err
}

func parsePatterns(list []string) (p Patterns, err error) {
	for _, s := range list {
		trimmed := strings.TrimSuffix(s, "/")
		if trimmed == "" || !doublestar.ValidatePattern(trimmed) {
			return p, fmt.Errorf("bad pattern %q", s)
		}
		if strings.Contains(trimmed, "/") {
			p.paths = append(p.paths, strings.TrimPrefix(trimmed, "/"))
		} else {
			p.names = append(p.names, trimmed)
		}
	}
	return p, nil
}

// Empty reports whether there is no pattern.
func (p Patterns) Empty() bool { return len(p.paths)+len(p.names) == 0 }

// Match reports whether a pattern matches the raw path.
func (p Patterns) Match(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	for _, s := range p.names {
		if doublestar.MatchUnvalidated(s, name) {
			return true
		}
	}
	for _, s := range p.paths {
		if doublestar.MatchUnvalidated(s, path) {
			return true
		}
	}
	return false
}

// None reports that the filter leaves nothing out.
func (f Filter) None() bool { return f.Include.Empty() && f.Exclude.Empty() }

// Wanted reports whether the file at the raw path is to be read, judging all
// directories above it too.
func (f Filter) Wanted(path string) bool {
	if f.None() {
		return true
	}
	included := f.Include.Empty()
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		if f.Exclude.Match(path[:i]) {
			return false
		}
		included = included || f.Include.Match(path[:i])
	}
	return included
}
