package rules

import (
	"strings"
	"testing"

	"mislaid/detectors/detectortest"
)

func TestLoadSaysWhatIsWrong(t *testing.T) {
	const rule = "[[rules]]\nid = 'a'\nregex = 'abc[0-9]{8}'\nkeywords = ['abc']\n"
	for name, c := range map[string]struct{ text, want string }{
		"no rules":            {"title = 'x'\n", "it has no [[rules]]"},
		"not TOML":            {"[[rules]\n", "f.toml:1:"},
		"unknown in a rule":   {rule + "skipReport = true\n", `f.toml:5:1: "skipReport" is not supported here; [[rules]] takes id, description, regex,`},
		"unknown at the top":  {"[extend]\nuseDefault = true\n" + rule, `f.toml:1:2: "extend" is not supported here; the file takes title,`},
		"unknown in a list":   {rule + "[[rules.allowlists]]\ncommits = ['a']\n", `f.toml:6:1: "commits" is not supported here; [[allowlists]] takes description,`},
		"wrong type":          {rule + "entropy = 'high'\n", "f.toml:5:11: "},
		"no id":               {"[[rules]]\nregex = 'abc1'\nkeywords = ['abc']\n", `f.toml:1: rule "": an id of`},
		"odd id":              {"[[rules]]\nid = 'a b'\nregex = 'abc1'\nkeywords = ['abc']\n", "f.toml:2: "},
		"same id":             {rule + rule, "f.toml:6: rule \"a\": the id \"a\" is taken by the rule of line 1"},
		"no regex":            {"[[rules]]\nid = 'a'\npath = 'x'\n", "f.toml:1: rule \"a\": regex is missing: a rule that looks at paths alone"},
		"bad regex":           {"[[rules]]\nid = 'a'\nregex = 'a(?=b)'\nkeywords = ['abc']\n", "f.toml:3: rule \"a\": regex: not in Go's syntax"},
		"empty match":         {"[[rules]]\nid = 'a'\nregex = '[a-z]*'\nkeywords = ['abc']\n", "f.toml:3: rule \"a\": regex matches the empty text"},
		"no keywords":         {"[[rules]]\nid = 'a'\nregex = 'abc1'\n", "every byte of every file"},
		"short keyword":       {"[[rules]]\nid = 'a'\nregex = 'abc1'\nkeywords = ['ab']\n", `f.toml:4: rule "a": the keyword "ab" is too short`},
		"long keyword":        {"[[rules]]\nid = 'a'\nregex = 'abc1'\nkeywords = ['" + strings.Repeat("a", 65) + "']\n", "longer than 64 bytes"},
		"odd keyword":         {"[[rules]]\nid = 'a'\nregex = 'abc1'\nkeywords = ['schlüssel']\n", "printable ASCII"},
		"no such group":       {rule + "secretGroup = 1\n", "f.toml:5: rule \"a\": secretGroup is 1, and regex has 0 groups"},
		"negative entropy":    {rule + "entropy = -1\n", "f.toml:5: rule \"a\": entropy must be"},
		"bad path":            {rule + "path = '['\n", "f.toml:5: rule \"a\": path: "},
		"empty allowlist":     {rule + "[[rules.allowlists]]\ndescription = 'x'\n", "excuses nothing"},
		"odd condition":       {rule + "[[rules.allowlists]]\ncondition = 'XOR'\npaths = ['x']\n", "condition must be"},
		"odd target":          {rule + "[[rules.allowlists]]\nregexTarget = 'file'\nregexes = ['x']\n", "regexTarget must be"},
		"line, path and AND":  {rule + "[[rules.allowlists]]\ncondition = 'AND'\nregexTarget = 'line'\nregexes = ['x']\npaths = ['y']\n", "is not supported; only"},
		"bad shared list":     {rule + "[[allowlists]]\nregexes = ['(']\n", "f.toml:5: allowlist: regexes: "},
		"too many rules":      {strings.Repeat("[[rules]]\nid='a'\n", maxRules+1), "f.toml:2001: more than 1000 rules"},
		"too large":           {strings.Repeat("#", MaxFile+1), "larger than"},
		"regex too long":      {"[[rules]]\nid = 'a'\nregex = '" + strings.Repeat("a", maxRegexp+1) + "'\n", "longer than 4096 bytes"},
		"repeat beyond RE2":   {"[[rules]]\nid = 'a'\nregex = 'a{1001}'\nkeywords=['abc']\n", "f.toml:3: "},
		"stopword of nothing": {rule + "[[rules.allowlists]]\nstopwords = ['']\n", "not empty"},
	} {
		_, err := Load("f.toml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestNameFollowsContents: what was scanned with other rules is not resumed.
func TestNameFollowsContents(t *testing.T) {
	name := func(text string) string {
		s, err := Load("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Detector().Name
	}
	const a = "[[rules]]\nid = 'a'\nregex = 'abc[0-9]{8}'\nkeywords = ['abc']\n"
	if first, again := name(a), name(a); first != again || first == name(a+"entropy = 2\n") {
		t.Error("the name does not follow the contents")
	}
}

// TestGitleaksMeaning: what the format says holds here too.
func TestGitleaksMeaning(t *testing.T) {
	const file = `
title = "ours"
[[rules]]
id = "acme"
description = "ACME token"
regex = '''(?i)acme(?:_key)?["' ]{0,3}[:=]["' ]{0,3}([a-z0-9]{20})\b'''
keywords = ["ACME"]
entropy = 3
tags = ["own"]
[[rules.allowlists]]
stopwords = ["Sample"]
[[rules.allowlists]]
regexTarget = "line"
regexes = ['''# ok$''']
[[rules.allowlists]]
regexTarget = "match"
regexes = ['''^acme_key''']
[[rules]]
id = "second"
regex = '''(x)-(\d{6})-sec'''
secretGroup = 2
keywords = ["-sec"]
path = '''\.env$'''
[rules.allowlist]
condition = "AND"
paths = ['''^test/''']
regexes = ['''^000''']
[[allowlists]]
paths = ['''^vendor/''']
`
	s, err := Load("f", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	tok := "q7w8e9r0t1y2u3i4o5p6"
	for _, c := range []struct {
		path, text string
		want       int
	}{
		{"a", "ACME = " + tok, 1},
		{"a", "acme: '" + tok + "'", 1},
		{"a", "Acme_key=" + tok, 1}, // the match list wants lower case
		{"a", "acme_key=" + tok, 0}, // excused by its match
		{"a", "acme=" + tok + " # ok\n", 0},
		{"a", "acme=" + tok + " # ok or not", 1},
		{"a", "acme=" + tok + "\n# ok", 1},
		{"a", "acme=sample" + tok[6:], 0},
		{"a", "acme=" + strings.Repeat("a", 20), 0}, // no entropy
		{"a", "acme=" + tok + "x", 0},
		{"vendor/a", "acme=" + tok, 0},
		{"a", tok, 0}, // no keyword
		{"a", "x-123456-sec", 0},
		{"a.env", "x-123456-sec", 1},
		{"test/a.env", "x-123456-sec", 1},
		{"test/a.env", "x-000456-sec", 0},
		{"a.env", "x-000456-sec", 1},
		{"vendor/a.env", "x-123456-sec", 0},
	} {
		set := newSet(t, s)
		n := 0
		for _, got := range detectortest.Scan(set, []byte(c.text), len(c.text)) {
			if s.Allows(got, c.path) {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%s: %q: %d finds, want %d", c.path, c.text, n, c.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("[[rules]]\nid = 'a'\nregex = 'abc[0-9]{8}'\nkeywords = ['abc']\n[[rules.allowlists]]\npaths=['x']\n"))
	f.Add([]byte("title='x'\n[allowlist]\nregexes=['(']\n[[rules]]\nid=\"\\u0000\"\n"))
	f.Add([]byte("rules = [{id='a', regex='(abc)+', keywords=['abc'], secretGroup=1}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Load("f", text)
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		set := newSet(t, s)
		for _, c := range detectortest.Scan(set, text, 100) {
			s.Allows(c, "a/b")
		}
	})
}
