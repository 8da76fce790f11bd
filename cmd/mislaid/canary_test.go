package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoSecretEscapes plants a pair and a temporary key, runs everything at
// debug level, and looks for the secrets in whatever was written anywhere: in
// plain, hexadecimal, base64 and as printed numbers.
func TestNoSecretEscapes(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"tree", "tmp", "out", "state"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "tmp"))
	sts := newFakeSTS()
	defer sts.Close()
	keys := newKeyMaker(rand.Uint64())
	var secrets []string
	for _, shape := range []string{"live", "dead", "session"} {
		k, text := planting(keys, shape)
		sts.know(k)
		secrets = append(secrets, k.secret)
		if k.token != "" {
			secrets = append(secrets, k.token)
		}
		if err := os.WriteFile(filepath.Join(dir, "tree", shape+".env"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	own, password := keys.Secret(), "Tr0ub4dor"+keys.Secret()[:30]
	secrets = append(secrets, own)
	if !strings.ContainsAny(password, "/@") {
		secrets = append(secrets, password)
	}
	ruleFile := filepath.Join(dir, "rules.toml")
	for path, text := range map[string]string{
		filepath.Join(dir, "tree", "own.env"): "ruled_" + own + "\npostgres://app:" + password + "@db.corp.internal/x\n",
		ruleFile:                              "[[rules]]\nid = 'ruled'\nregex = 'ruled_([A-Za-z0-9/+]{40})'\nkeywords = ['ruled_']\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"HOME=" + dir, "XDG_STATE_HOME=" + filepath.Join(dir, "state"), "MISLAID_AWS_ENDPOINT=" + sts.URL, "TERM=dumb"}
	tree, journal := filepath.Join(dir, "tree"), filepath.Join(dir, "out", "journal")
	var said bytes.Buffer
	mislaid := func(want int, args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, env, strings.NewReader(""), &stdout, &stderr); code != want {
			t.Errorf("mislaid %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, stderr.Bytes())
		}
		fmt.Fprintf(&said, "%s%s", stdout.Bytes(), stderr.Bytes())
	}
	mislaid(1, "scan", "--debug", "--progress", "always", "--verify", "off", "--journal", journal, tree)
	mislaid(1, "recheck", "--debug", journal)
	mislaid(1, "scan", "--resume", "--debug", "--journal", journal)
	for _, format := range []string{"text", "json", "jsonl", "sarif", "csv"} {
		mislaid(1, "scan", "--debug", "--format", format, tree)
		mislaid(1, "scan", "--debug", "--format", format, "--output", filepath.Join(dir, "out", format), tree)
		mislaid(1, "report", "--format", format, journal)
	}
	mislaid(1, "scan", "--debug", "--rules", ruleFile, "--detectors", "all", "--trust-inline", "--format", "json", tree)
	for _, format := range []string{"text", "json"} {
		for _, name := range []string{"live.env", "session.env", "own.env"} {
			mislaid(0, "explain", "--format", format, "--rules", ruleFile, "--detectors", "all", "--trust-inline", filepath.Join(tree, name))
		}
	}
	for _, flag := range []string{"--ignore", "--rules"} {
		for _, name := range []string{"live.env", "own.env"} {
			mislaid(2, "scan", flag, filepath.Join(tree, name), tree)
		}
	}
	mislaid(5, "scan", "--debug", filepath.Join(dir, "nowhere"))
	mislaid(2, "scan", "--never-verify", filepath.Join(tree, "live.env"), tree)
	mislaid(2, "scan", "--config", filepath.Join(tree, "live.env"), tree)

	// A panic whose value quotes what was found must not be printed.
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"scan", tree}, env, strings.NewReader(""), panicker(strings.Join(secrets, " ")), &stderr)
	if code != exitBug || !strings.Contains(stderr.String(), "our bug") {
		t.Errorf("a panic: exit code %d\n%s", code, stderr.Bytes())
	}
	said.Write(stderr.Bytes())

	// A run that is cancelled at once.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stderr.Reset()
	if code := run(ctx, []string{"scan", "--debug", tree}, env, strings.NewReader(""), &said, &stderr); code != exitCancelled {
		t.Errorf("cancelled: exit code %d\n%s", code, stderr.Bytes())
	}
	said.Write(stderr.Bytes())

	places := map[string][]byte{"stdout and stderr": said.Bytes()}
	for _, sub := range []string{"tmp", "out", "state"} {
		err := filepath.WalkDir(filepath.Join(dir, sub), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			places[path], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(places) < 10 {
		t.Errorf("only %d places were searched", len(places))
	}
	for place, text := range places {
		for _, s := range secrets {
			if form := formIn(text, s); form != "" {
				t.Errorf("%s holds a secret, %s", place, form)
			}
		}
	}
	if len(sts.told) > 0 {
		t.Error("a request held a secret")
	}
	for _, s := range secrets { // the search itself finds what is there
		for i, leak := range []string{s, s[5:30], hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte("xx" + s)), fmt.Sprintf("%d", []byte(s)), fmt.Sprintf("%#v", []byte(s)), url.QueryEscape(s)} {
			if formIn([]byte("before "+leak+" after"), s) == "" {
				t.Errorf("form %d would not have been found", i)
			}
		}
	}
}

// panicker panics with its text when it is written to.
type panicker string

func (p panicker) Write([]byte) (int, error) { panic(string(p)) }

// formIn names the form in which text holds secret, or a good part of it; "":
// in none.
func formIn(text []byte, secret string) string {
	const part = 16 // bytes that nobody writes by accident
	for i := 0; i+part <= len(secret); i += part / 4 {
		s := secret[i : i+part]
		for form, leak := range map[string]string{
			"plain":          s,
			"escaped":        url.QueryEscape(s),
			"hexadecimal":    hex.EncodeToString([]byte(s)),
			"HEXADECIMAL":    strings.ToUpper(hex.EncodeToString([]byte(s))),
			"printed bytes":  strings.Trim(fmt.Sprintf("%d", []byte(s)), "[]"),
			"listed bytes":   strings.Join(strings.Fields(strings.Trim(fmt.Sprintf("%d", []byte(s)), "[]")), ", "),
			"Go's own bytes": strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(s)), "[]byte{"), "}"),
		} {
			if bytes.Contains(text, []byte(leak)) {
				return form
			}
		}
		for shift := range 3 { // base64 of it, wherever it begins
			enc := base64.StdEncoding.EncodeToString([]byte(s[shift : shift+12]))
			safe := base64.URLEncoding.EncodeToString([]byte(s[shift : shift+12]))
			if bytes.Contains(text, []byte(enc)) || bytes.Contains(text, []byte(safe)) {
				return "base64"
			}
		}
	}
	return ""
}
