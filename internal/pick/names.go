// Package pick chooses among listed items by their names: which are never
// opened, and which are likely to hold a credential and are read first.
//
// This package knows names. It does not know sources, what is in an item, or
// what is done with the choice.
package pick

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Names are patterns of names, matched whatever the case: a file server does not
// tell cases apart. A pattern without a slash is matched against the last name
// of a path, one with a slash against the whole path. The nil *Names match
// nothing. Safe for concurrent use.
type Names struct {
	exact    map[string]bool     // last names
	suffixes map[string][]string // by what follows the last dot: ".auto.tfvars"
	globs    []string            // against the last name
	paths    []string            // against the path
}

// Parse reads one pattern per line. Empty lines and those that begin with # are
// left out. file names the text in errors, which tell the line.
func Parse(file string, text []byte) (*Names, error) {
	n := &Names{exact: make(map[string]bool), suffixes: make(map[string][]string)}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for at := 1; lines.Scan(); at++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := n.add(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, at, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return n, nil
}

// Read is Parse of a file.
func Read(file string) (*Names, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, text)
}

// special are the characters that mean something in a pattern.
const special = `*?[]{}\`

func (n *Names) add(pattern string) error {
	if windowsPath(pattern) {
		pattern = strings.ReplaceAll(pattern, `\`, "/")
	}
	pattern = strings.TrimSuffix(fold(pattern), "/")
	if pattern == "" || !doublestar.ValidatePattern(pattern) {
		return fmt.Errorf("%q is no pattern", pattern)
	}
	rest, star := strings.CutPrefix(pattern, "*.")
	switch {
	case strings.Contains(pattern, "/"):
		n.paths = append(n.paths, pattern)
	case !strings.ContainsAny(pattern, special):
		n.exact[pattern] = true
	case star && !strings.ContainsAny(rest, special):
		last := rest[strings.LastIndexByte(rest, '.')+1:]
		n.suffixes[last] = append(n.suffixes[last], "."+rest)
	default:
		n.globs = append(n.globs, pattern)
	}
	return nil
}

// windowsPath reports a path as Windows spells it: its backslashes are no
// escapes.
func windowsPath(s string) bool {
	return strings.HasPrefix(s, `\\`) || len(s) > 2 && s[1] == ':' && s[2] == '\\'
}

func fold(s string) string { return strings.ToLower(s) }

// Len is how many patterns there are.
func (n *Names) Len() int {
	if n == nil {
		return 0
	}
	count := len(n.exact) + len(n.globs) + len(n.paths)
	for _, s := range n.suffixes {
		count += len(s)
	}
	return count
}

// With returns the patterns of n and o.
func (n *Names) With(o *Names) *Names {
	out := &Names{exact: make(map[string]bool), suffixes: make(map[string][]string)}
	for _, in := range []*Names{n, o} {
		if in == nil {
			continue
		}
		for name := range in.exact {
			out.exact[name] = true
		}
		for last, s := range in.suffixes {
			out.suffixes[last] = append(out.suffixes[last], s...)
		}
		out.globs = append(out.globs, in.globs...)
		out.paths = append(out.paths, in.paths...)
	}
	return out
}

// Match reports whether a pattern matches the slash path.
func (n *Names) Match(path string) bool {
	return n != nil && n.match(fold(path))
}

func (n *Names) match(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if n.exact[name] {
		return true
	}
	for _, s := range n.suffixes[name[strings.LastIndexByte(name, '.')+1:]] {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	for _, p := range n.globs {
		if doublestar.MatchUnvalidated(p, name) {
			return true
		}
	}
	return n.matchPath(path)
}

func (n *Names) matchPath(path string) bool {
	for _, p := range n.paths {
		if doublestar.MatchUnvalidated(p, path) {
			return true
		}
	}
	return false
}

// MatchWithin reports whether a pattern matches the path or something that it
// lies in; patterns may also name it by root, the slash path of what its path
// is relative to.
func (n *Names) MatchWithin(root, path string) bool {
	if n.Len() == 0 {
		return false
	}
	path, root = fold(path), strings.TrimSuffix(fold(strings.ReplaceAll(root, `\`, "/")), "/")+"/"
	whole := root + path
	for i := 1; i <= len(whole); i++ {
		if i < len(whole) && whole[i] != '/' {
			continue
		}
		if i > len(root) && n.match(whole[len(root):i]) || n.matchPath(whole[:i]) {
			return true
		}
	}
	return false
}
