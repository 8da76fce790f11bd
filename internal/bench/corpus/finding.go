package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// finding is one thing that a scanner reported. Its secret is known by
// fingerprint alone.
type finding struct {
	Path        string // below the tree, with slashes; "" when the report does not tell
	Kind        string // as the scanner names it
	ID          string // key id, "" unknown
	Fingerprint string // of id and secret; "" when the report has none
	Whole       bool   // id and secret
	Placeholder bool   // reported as an example, not as a leak
	Compatible  bool   // labelled as a key for other storage than AWS
}

// formats reads the reports of scanners. Each reader yields what a report says
// of AWS; a pair that a report lists as an id with several secrets is as many
// findings.
var formats = map[string]func(io.Reader) ([]finding, error){
	"mislaid":     readMislaid,
	"trufflehog":  readTrufflehog,
	"gitleaks":    readLeaks,
	"betterleaks": readBetterleaks,
	"titus":       readTitus,
}

func formatNames() []string {
	var names []string
	for name := range formats {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// parts makes a finding of an id and a secret that a report tells in clear.
func parts(path, kind, id, secret string) finding {
	return finding{Path: path, Kind: kind, ID: id, Fingerprint: fingerprint(id, secret), Whole: id != "" && secret != ""}
}

// readMislaid reads --format json (internal/report/schema.json).
func readMislaid(r io.Reader) ([]finding, error) {
	type leak struct {
		ID        string `json:"id"`
		Sightings []struct {
			Path        string `json:"path"`
			Kind        string `json:"kind"`
			Fingerprint string `json:"fingerprint"`
			Hints       struct {
				Endpoint string `json:"endpoint"`
			} `json:"hints"`
		} `json:"sightings"`
	}
	var doc struct {
		Schema       string `json:"schema"`
		Leaks        []leak `json:"leaks"`
		Placeholders []leak `json:"placeholders"`
	}
	if err := json.NewDecoder(r).Decode(&doc); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(doc.Schema, "mislaid/report/") {
		return nil, errors.New("not a report of mislaid")
	}
	var out []finding
	for i, leaks := range [][]leak{doc.Leaks, doc.Placeholders} {
		for _, l := range leaks {
			for _, s := range l.Sightings {
				out = append(out, finding{
					Path: s.Path, Kind: s.Kind, ID: l.ID, Fingerprint: s.Fingerprint, Whole: s.Kind == "aws-access-key" || s.Kind == "aws-session-key" && s.Fingerprint != fingerprint(l.ID, ""),
					Placeholder: i == 1, Compatible: s.Hints.Endpoint != "" || strings.Contains(s.Kind, "s3") || strings.Contains(s.Kind, "compatible"),
				})
			}
		}
	}
	return out, nil
}

// readTrufflehog reads JSON Lines of trufflehog v3 (pkg/output/json.go): Raw
// holds the id, RawV2 the id, a colon and the secret, of session keys another
// colon and the token.
func readTrufflehog(r io.Reader) ([]finding, error) {
	var out []finding
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
			var f struct {
				SourceMetadata struct {
					Data struct {
						Filesystem struct {
							File string `json:"file"`
						}
					}
				}
				DetectorName string
				Raw, RawV2   string
			}
			if err := json.Unmarshal(line, &f); err != nil {
				return nil, err
			}
			if strings.HasPrefix(f.DetectorName, "AWS") {
				id, rest, _ := strings.Cut(f.RawV2, ":")
				if f.RawV2 == "" {
					id = f.Raw
				}
				secret, _, _ := strings.Cut(rest, ":")
				out = append(out, parts(f.SourceMetadata.Data.Filesystem.File, f.DetectorName, id, secret))
			}
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// readLeaks reads the JSON of gitleaks v8 and betterleaks v1 (report/finding.go
// of either): the latter adds sets of values that stand beside the one that a
// rule captured.
func readLeaks(r io.Reader) ([]finding, error) {
	var fs []struct {
		RuleID, File, Secret string
		RequiredSets         []struct {
			Components []struct{ Secret string } `json:"components"`
		}
	}
	if err := json.NewDecoder(r).Decode(&fs); err != nil {
		return nil, err
	}
	var out []finding
	for _, f := range fs {
		var beside []string
		for _, set := range f.RequiredSets {
			for _, c := range set.Components {
				beside = append(beside, c.Secret)
			}
		}
		if strings.Contains(f.RuleID, "aws") {
			out = append(out, split(f.File, f.RuleID, f.Secret, beside)...)
		}
	}
	return out, nil
}

// readBetterleaks reads the JSON of betterleaks, v1 or v2 (seen with v2.0.0, schema 1).
func readBetterleaks(r io.Reader) ([]finding, error) {
	in := bufio.NewReader(r)
	head, err := in.Peek(1)
	if err != nil {
		return nil, err
	}
	if head[0] == '[' {
		return readLeaks(in)
	}
	type match struct {
		Value string `json:"value"`
	}
	var doc struct {
		Schema   string `json:"schema_version"`
		Findings []struct {
			RuleID   string `json:"rule_id"`
			Match    match  `json:"match"`
			Location struct {
				Path string `json:"path"`
			} `json:"location"`
			Sets []struct {
				Components []struct {
					Match match `json:"match"`
				} `json:"components"`
			} `json:"component_sets"`
		} `json:"findings"`
	}
	if err := json.NewDecoder(in).Decode(&doc); err != nil {
		return nil, err
	}
	if doc.Schema != "1" {
		return nil, fmt.Errorf("schema version %q is not known here", doc.Schema)
	}
	var out []finding
	for _, f := range doc.Findings {
		var beside []string
		for _, set := range f.Sets {
			for _, c := range set.Components {
				beside = append(beside, c.Match.Value)
			}
		}
		if strings.Contains(f.RuleID, "aws") {
			out = append(out, split(f.Location.Path, f.RuleID, f.Match.Value, beside)...)
		}
	}
	return out, nil
}

// split makes findings of one value that a rule captured and of those that
// stand beside it.
func split(file, rule, value string, beside []string) []finding {
	if !isID(value) {
		for _, v := range beside {
			if isID(v) {
				return []finding{parts(file, rule, v, value)}
			}
		}
		if len(value) == 40 {
			return []finding{parts(file, rule, "", value)}
		}
		return []finding{{Path: file, Kind: rule}} // a key of another kind
	}
	var out []finding
	for _, v := range beside {
		if len(v) == 40 {
			out = append(out, parts(file, rule, value, v))
		}
	}
	if len(out) == 0 {
		out = append(out, parts(file, rule, value, ""))
	}
	return out
}

func isID(s string) bool {
	return len(s) == 20 && (strings.HasPrefix(s, "AKIA") || strings.HasPrefix(s, "ASIA"))
}

// readTitus reads the JSON of titus report (pkg/types): findings with their
// capture groups in base64 and no path.
func readTitus(r io.Reader) ([]finding, error) {
	var fs []struct {
		RuleID string
		Groups [][]byte
	}
	if err := json.NewDecoder(r).Decode(&fs); err != nil {
		return nil, err
	}
	var out []finding
	for _, f := range fs {
		if !strings.Contains(f.RuleID, ".aws.") {
			continue
		}
		var first string
		var rest []string
		for _, g := range f.Groups {
			switch s := string(g); {
			case isID(s), first == "" && len(s) == 40:
				if first != "" {
					rest = append(rest, first)
				}
				first = s
			case s != "":
				rest = append(rest, s)
			}
		}
		out = append(out, split("", f.RuleID, first, rest)...)
	}
	return out, nil
}

// relative is a path of a report, below the tree.
func relative(root, name string) string {
	if name == "" {
		return ""
	}
	if filepath.IsAbs(name) {
		if rel, err := filepath.Rel(root, name); err == nil {
			name = rel
		}
	}
	return path.Clean(filepath.ToSlash(name))
}

// inside is the file that a path names, which may go on into an archive.
func inside(name string) string {
	file, _, _ := strings.Cut(name, "!")
	return file
}

// check makes sure that a report is about this tree.
func check(t *truth, findings []finding) error {
	files := make(map[string]bool)
	for i := range t.Plants {
		files[t.Plants[i].Path] = true
	}
	for _, f := range findings {
		if f.Path != "" && !files[inside(f.Path)] {
			return fmt.Errorf("the report names %s, which is not in the tree", f.Path)
		}
	}
	return nil
}
