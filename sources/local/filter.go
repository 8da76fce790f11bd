package local

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// filter decides by name what is left out. A pattern with a slash is matched
// against the path relative to the root, one without against the last name of
// the path. A pattern that matches a directory holds for all that is in it.
type filter struct {
	include, exclude patterns
}

type patterns struct{ paths, names []string }

func newFilter(include, exclude []string) (f filter, err error) {
	if f.include, err = parsePatterns(include); err != nil {
		return f, err
	}
	f.exclude, err = parsePatterns(exclude)
	return f, err
}

func parsePatterns(list []string) (p patterns, err error) {
	for _, s := range list {
		trimmed := strings.TrimSuffix(s, "/")
		if trimmed == "" || !doublestar.ValidatePattern(trimmed) {
			return p, fmt.Errorf("local: bad pattern %q", s)
		}
		if strings.Contains(trimmed, "/") {
			p.paths = append(p.paths, strings.TrimPrefix(trimmed, "/"))
		} else {
			p.names = append(p.names, trimmed)
		}
	}
	return p, nil
}

func (p patterns) empty() bool { return len(p.paths)+len(p.names) == 0 }

func (p patterns) match(path string) bool {
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

// none reports that the filter leaves nothing out.
func (f filter) none() bool { return f.include.empty() && f.exclude.empty() }

// wanted reports whether the file at the raw path is to be read, judging all
// directories above it too.
func (f filter) wanted(path string) bool {
	if f.none() {
		return true
	}
	included := f.include.empty()
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		if f.exclude.match(path[:i]) {
			return false
		}
		included = included || f.include.match(path[:i])
	}
	return included
}
