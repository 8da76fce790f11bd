//go:build unix

package local

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// export is one directory offered over NFS to one set of hosts.
type export struct {
	path    string
	hosts   string   // as written; "" is everybody
	options []string // without the brackets, the line's defaults included
}

// open reports whether any host may mount, or any of a network or name pattern.
func (e export) open() bool {
	return e.hosts == "" || strings.ContainsAny(e.hosts, "*?[/") || strings.HasPrefix(e.hosts, ".")
}

// sys reports whether the client's word is taken for who asks: security flavour
// sys, which is also the default, or none; exports(5).
func (e export) sys() bool {
	flavours, set := "sys", false
	for _, o := range e.options {
		if v, ok := strings.CutPrefix(o, "sec="); ok {
			if set {
				flavours += ":" + v
			} else {
				flavours, set = v, true
			}
		}
	}
	for f := range strings.SplitSeq(flavours, ":") {
		if f == "sys" || f == "none" || f == "null" {
			return true
		}
	}
	return false
}

// squashesRoot reports whether the superuser of a client is nobody here.
func (e export) squashesRoot() bool { return !slices.Contains(e.options, "no_root_squash") }

// readExports reads etc/exports and etc/exports.d/*.exports. problems says what
// could not be read.
func readExports(etc string) (list []export, problems []string) {
	files := []string{filepath.Join(etc, "exports")}
	if more, err := filepath.Glob(filepath.Join(etc, "exports.d", "*.exports")); err == nil {
		files = append(files, more...)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		switch {
		case err == nil:
			list = append(list, parseExports(data)...)
		case !os.IsNotExist(err):
			problems = append(problems, "the NFS exports in "+f+" could not be read")
		}
	}
	return list, problems
}

// parseExports reads a file in the format of exports(5).
func parseExports(data []byte) []export {
	var list []export
	text := strings.ReplaceAll(string(data), "\\\n", " ")
	for line := range strings.Lines(text) {
		words := exportWords(line)
		if len(words) == 0 || words[0] == "" {
			continue
		}
		path := words[0]
		var defaults []string
		n := 0
		for _, w := range words[1:] {
			if opts, ok := strings.CutPrefix(w, "-"); ok && n == 0 {
				defaults = append(defaults, splitOptions(opts)...)
				continue
			}
			n++
			hosts, opts, _ := strings.Cut(w, "(")
			flavours := defaults
			if flavour, ok := strings.CutPrefix(hosts, "gss/"); ok { // the old way to ask for Kerberos of everybody
				hosts, flavours = "*", append(slices.Clone(defaults), "sec="+flavour)
			}
			list = append(list, export{
				path: path, hosts: hosts,
				options: append(slices.Clone(flavours), splitOptions(strings.TrimSuffix(opts, ")"))...),
			})
		}
		if n == 0 {
			list = append(list, export{path: path, options: defaults})
		}
	}
	return list
}

func splitOptions(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

// exportWords splits a line at white space outside double quotes, up to a
// comment, and resolves \ooo.
func exportWords(line string) []string {
	var words []string
	var w []byte
	in, quoted := false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '"':
			quoted, in = !quoted, true
		case c == '#' && !quoted:
			line = line[:i]
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			if in {
				words, w, in = append(words, string(w)), w[:0], false
			}
		case c == '\\' && isOctal(line[i+1:]):
			w, in = append(w, (line[i+1]-'0')<<6|(line[i+2]-'0')<<3|(line[i+3]-'0')), true
			i += 3
		default:
			w, in = append(w, c), true
		}
	}
	if in {
		words = append(words, string(w))
	}
	return words
}

func isOctal(s string) bool {
	return len(s) >= 3 && '0' <= s[0] && s[0] <= '3' && '0' <= s[1] && s[1] <= '7' && '0' <= s[2] && s[2] <= '7'
}

// under reports whether path is dir or lies in it.
func under(path, dir string) bool {
	dir = strings.TrimRight(dir, "/")
	return path == dir || dir == "" || strings.HasPrefix(path, dir) && path[len(dir)] == '/'
}

// resolved is path without symbolic links where that can be said.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}
