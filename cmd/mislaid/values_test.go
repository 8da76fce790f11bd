package main

import (
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mislaid/internal/scan"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "4096": 4096, "7B": 7, "10KB": 10_000, "10MB": 10_000_000, "2GB": 2_000_000_000, "1TB": 1e12,
		"1KiB": 1024, "3MiB": 3 << 20, "4GiB": 4 << 30, "1TiB": 1 << 40, "9223372036854775807": math.MaxInt64,
	} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "0MB", "-1", "+1", "MB", "1.5MB", "10 MB", " 10", "10mb", "10M", "0x10", "1e6", "1_000", "9223372036854775808", "9223372036854775807KB", "８"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
	var r byteRate
	if err := r.Set("20MB/s"); err != nil || r != 20e6 {
		t.Errorf("rate: %d, %v", r, err)
	}
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"10MB", "1KiB", "", "99999999999TB", "-1", "B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := parseSize(s); err == nil && n <= 0 {
			t.Errorf("%q is %d bytes", s, n)
		}
	})
}

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 KB", 1_440_000: "1.4 MB", 5e9: "5.0 GB", 2e12: "2.0 TB"} {
		if got := formatBytes(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{
		"a-b_c./d": "a-b_c./d", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'", "~": "'~'", "\x1b'": `$'\x1b\x27'`,
	} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
	sh, err := exec.LookPath("bash")
	if err != nil {
		return // $'…' is not for every shell; the words above were checked
	}
	for _, w := range []string{"a b", "it's", "line\nbreak", "\x01\xff", `back\slash`, "!$`\"", "鍵"} {
		out, err := exec.Command(sh, "-c", "printf %s "+shellWord(w)).Output()
		if err != nil || string(out) != w {
			t.Errorf("%q became %q, %v", w, out, err)
		}
	}
}

func TestTargets(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{here}},
		{[]string{".", "./", here}, []string{here}},
		{[]string{"-", "a", "-"}, []string{"-", filepath.Join(here, "a")}},
		{[]string{"slack:", "slack://"}, []string{"slack:"}},
		{[]string{"gdrive:", "gdrive://"}, []string{"gdrive:"}},
		{[]string{"gdrive:domain=Example.com"}, []string{"gdrive:domain=example.com"}},
		{[]string{"gdrive://1234567890abcdefXYZ", "https://drive.google.com/file/d/1234567890abcdefXYZ/view?usp=sharing"}, []string{"gdrive://1234567890abcdefXYZ"}},
		{[]string{"https://docs.google.com/document/d/1234567890abcdefXYZ/edit?resourcekey=0-abc#heading"}, []string{"gdrive://1234567890abcdefXYZ?resourcekey=0-abc"}},
		{[]string{"gdrive:shared-drive=0A234567890abcdefXYZ"}, []string{"gdrive:shared-drive=0A234567890abcdefXYZ"}},
		{[]string{"slack-export:a.zip"}, []string{"slack-export:" + filepath.Join(here, "a.zip")}},
		{[]string{"./smb:"}, []string{filepath.Join(here, "smb:")}},
		{[]string{"smb://FS/a b/c", "//fs/a b/c", `\\fs\a b\c`}, []string{"smb://fs/a%20b/c"}},
	} {
		got, err := parseTargets(c.args)
		if err != nil {
			t.Errorf("%q: %v", c.args, err)
		}
		if diff := cmp.Diff(c.want, targetNames(got)); diff != "" {
			t.Errorf("%q: %s", c.args, diff)
		}
		again, err := parseTargets(targetNames(got))
		if err != nil || cmp.Diff(targetNames(got), targetNames(again)) != "" {
			t.Errorf("%q does not survive a journal: %v", c.args, err)
		}
	}
	for _, arg := range []string{"", "smb:x", "smb://x:pw@y/z", "slack:acme", "slack-export:", "gdrive:root", "gdrive:domain=", "gdrive:domain=a/b", "gdrive:shared-drive=x", "https://drive.google.com/", "https://x", `\\`} {
		if got, err := parseTargets([]string{arg}); err == nil {
			t.Errorf("%q: %v", arg, got)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{".", "-", "smb://a/b", "./slack:x", "a\x00b", "//", `\\s\t`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseTarget(s)
		if err != nil {
			return
		}
		if again, err := parseTarget(got.String()); err != nil || again != got {
			t.Errorf("%q: %v, then %v, %v", s, got, again, err)
		}
	})
}

func TestStateDir(t *testing.T) {
	abs := t.TempDir()
	for _, c := range []struct {
		goos string
		env  environment
		want string
	}{
		{"linux", environment{"HOME": abs}, filepath.Join(abs, ".local", "state", "mislaid")},
		{"linux", environment{"HOME": "/other", "XDG_STATE_HOME": abs}, filepath.Join(abs, "mislaid")},
		{"linux", environment{"HOME": abs, "XDG_STATE_HOME": "relative"}, filepath.Join(abs, ".local", "state", "mislaid")},
		{"darwin", environment{"HOME": abs}, filepath.Join(abs, "Library", "Application Support", "mislaid")},
		{"windows", environment{"LOCALAPPDATA": abs}, filepath.Join(abs, "mislaid")},
		{"linux", environment{}, ""}, {"linux", environment{"HOME": "x"}, ""}, {"windows", environment{"HOME": abs}, ""}, {"darwin", nil, ""},
	} {
		got, err := stateDir(c.goos, c.env)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %v: %q, %v", c.goos, c.env, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "--journal FILE") {
			t.Errorf("%v does not say what to do", err)
		}
	}
}

func TestStatusLineFits(t *testing.T) {
	p := new(scan.Progress)
	path := "a/very/long/" + strings.Repeat("path/鍵/", 30) + "\x1b[31m" + "end"
	p.Current.Store(&path)
	p.Items.Store(12345678)
	p.Bytes.Store(5e12)
	p.Gaps.Store(3)
	for _, width := range []int{20, 40, 80, 200, 0} {
		line := statusLine(p, nil, 123e6, width)
		limit := width
		if limit == 0 {
			limit = 80
		}
		if n := utf8.RuneCountInString(line); n >= limit || strings.ContainsRune(line, '\x1b') {
			t.Errorf("width %d: %d columns: %q", width, n, line)
		}
		if width >= 80 && !strings.HasSuffix(line, "end") {
			t.Errorf("width %d: the end of the path is missing: %q", width, line)
		}
	}
}

// TestColour tells which of the wishes about colour wins.
func TestColour(t *testing.T) {
	for _, c := range []struct {
		flag string
		env  environment
		want bool
	}{
		{"auto", nil, false}, {"always", environment{"NO_COLOR": "1"}, true}, {"never", environment{"CLICOLOR_FORCE": "1"}, false},
		{"auto", environment{"CLICOLOR_FORCE": "1"}, true}, {"auto", environment{"CLICOLOR_FORCE": "0"}, false},
		{"auto", environment{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false}, {"auto", environment{"CLICOLOR_FORCE": "1", "TERM": "dumb"}, true},
	} {
		f := consoleFlags{color: choice{value: c.flag}}
		if got := f.colored(c.env, new(strings.Builder)); got != c.want {
			t.Errorf("--color=%s %v: %v", c.flag, c.env, got)
		}
	}
}

// TestEveryFlagIsASetting: each flag has its variable and its TOML key.
func TestEveryFlagIsASetting(t *testing.T) {
	root := newRootCommand(&app{})
	flags := allFlags(root)
	for _, name := range []string{"format", "verify", "max-file-size", "resume", "config", "follow", "fail-on"} {
		if flags[name] == nil {
			t.Errorf("there is no flag %s", name)
		}
	}
	seen := make(map[string]string)
	for name, f := range flags {
		if other := seen[envName(name)]; other != "" {
			t.Errorf("%s and %s share a variable", name, other)
		}
		seen[envName(name)] = name
		if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
			t.Errorf("--%s: usage %q", name, f.Usage)
		}
	}
}
