//go:build unix

package local

import (
	"os"
	"path/filepath"
	"strings"
)

// share is one section of smb.conf that offers a directory.
type share struct {
	name   string
	path   string // up to the first variable such as %U
	guests bool   // lets in who does not log in
	forced bool   // acts as a fixed user or group, whoever asks
}

// readShares reads etc/samba/smb.conf. problems says what could not be read.
func readShares(etc string) (list []share, problems []string) {
	file := filepath.Join(etc, "samba", "smb.conf")
	data, err := os.ReadFile(file)
	switch {
	case os.IsNotExist(err):
		return nil, nil
	case err != nil:
		return nil, []string{"the SMB shares in " + file + " could not be read"}
	}
	list, included := parseShares(data)
	if included {
		problems = append(problems, file+" includes files that are not read here")
	}
	return list, problems
}

// parseShares reads a file in the format of smb.conf(5). included says that it
// refers to others.
func parseShares(data []byte) (list []share, included bool) {
	var global, now map[string]string
	finish := func(name string) {
		if now == nil || name == "global" {
			return
		}
		if s, ok := newShare(name, now, global); ok {
			list = append(list, s)
		}
	}
	global = map[string]string{}
	section := ""
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			finish(section)
			section = strings.ToLower(strings.TrimSpace(strings.TrimSuffix(line[1:], "]")))
			now = map[string]string{}
			if section == "global" {
				now = global
			}
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		key = parameter(key)
		if key == "include" || key == "copy" || key == "configbackend" {
			included = true
		}
		if now != nil {
			now[key] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	finish(section)
	return list, included
}

// parameter is the canonical name of a parameter: neither case nor white space
// counts, and some have two names; smb.conf(5).
func parameter(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(s), ""))
	switch s {
	case "directory":
		return "path"
	case "public":
		return "guestok"
	case "onlyguest":
		return "guestonly"
	case "user", "username", "users":
		return "username"
	case "group":
		return "forcegroup"
	}
	return s
}

func newShare(name string, section, global map[string]string) (share, bool) {
	get := func(key string) string {
		if v, ok := section[key]; ok {
			return v
		}
		return global[key]
	}
	if v := get("available"); v != "" && !yes(v) || name == "printers" || yes(get("printable")) {
		return share{}, false
	}
	s := share{
		name: name, path: get("path"),
		guests: yes(get("guestok")) || yes(get("guestonly")),
		forced: get("forceuser") != "" || get("forcegroup") != "",
	}
	if s.path == "" {
		if name != "homes" {
			return share{}, false
		}
		s.path = "/home/" // where homes are unless a system says otherwise
	}
	if i := strings.IndexByte(s.path, '%'); i >= 0 {
		s.path = s.path[:strings.LastIndexByte(s.path[:i], '/')+1]
	}
	if !strings.HasPrefix(s.path, "/") {
		return share{}, false
	}
	return s, true
}

func yes(v string) bool {
	switch strings.ToLower(v) {
	case "yes", "true", "1", "on":
		return true
	}
	return false
}
