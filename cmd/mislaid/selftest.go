package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"mislaid/detectors"
	"mislaid/internal/secret"
)

const selftestHelp = `Selftest makes keys that nobody ever had, in a new temporary directory, in the
shapes in which keys usually leak, scans them with this very program, and says
which were found and what a scan shows of one. Then it removes the directory.

Nothing is sent anywhere: the scan runs with --verify=off. Your settings
(MISLAID_… and --config) do not apply to it. Real keys that are not found where
you expect them: "mislaid explain FILE" says why.

Exit codes: 0 all were found; 70 one was not, which is our bug; 74 the temporary
directory could not be written.`

func newSelftestCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "selftest",
		Short:   "Make synthetic keys, find them, and show what that looks like",
		Long:    selftestHelp,
		Example: "  mislaid selftest",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.selftest(cmd.Context()) },
	}
}

// selfShape is a shape in which a synthetic key is hidden.
type selfShape struct {
	file, what string
	kind       secret.Kind
	write      func(id, key string) []byte
}

var selfShapes = []selfShape{
	{"credentials", "a shared credentials file", secret.AccessKey, func(id, key string) []byte {
		return fmt.Appendf(nil, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", id, key)
	}},
	{"deploy.env", "environment variables", secret.AccessKey, func(id, key string) []byte {
		return fmt.Appendf(nil, "# production\nexport AWS_ACCESS_KEY_ID=\"%s\"\nexport AWS_SECRET_ACCESS_KEY=\"%s\"\n", id, key)
	}},
	{"create-access-key.json", "what the AWS command line prints, with escaped slashes", secret.AccessKey, func(id, key string) []byte {
		return fmt.Appendf(nil, "{\n  \"AccessKey\": {\n    \"UserName\": \"selftest\",\n    \"AccessKeyId\": \"%s\",\n    \"SecretAccessKey\": \"%s\"\n  }\n}\n", id, strings.ReplaceAll(key, "/", `\/`))
	}},
	{"accessKeys.csv", "the console's download", secret.AccessKey, func(id, key string) []byte {
		return fmt.Appendf(nil, "\ufeffAccess key ID,Secret access key\r\n%s,%s\r\n", id, key)
	}},
	{"history.txt", "a PowerShell transcript, in UTF-16", secret.AccessKey, func(id, key string) []byte {
		text := fmt.Sprintf("\ufeffPS> $env:AWS_ACCESS_KEY_ID = '%s'\r\nPS> $env:AWS_SECRET_ACCESS_KEY = '%s'\r\n", id, key)
		var out []byte
		for _, u := range utf16.Encode([]rune(text)) {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		return out
	}},
	{"far.log", "an id and its secret 2 MB apart", secret.AccessKey, func(id, key string) []byte {
		filler := bytes.Repeat([]byte("2026-01-01T00:00:00Z INFO nothing happened in this line of the log\n"), 30_000)
		return fmt.Appendf(nil, "access key id: %s\n%ssecret access key: %s\n", id, filler, key)
	}},
	{"chat.txt", "a key id alone, in prose", secret.KeyID, func(id, _ string) []byte {
		return fmt.Appendf(nil, "Use the key %s, I will send you the secret by mail.\n", id)
	}},
}

// selftest is the command.
func (a *app) selftest(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "mislaid-selftest-")
	if err != nil {
		return outputError("selftest: %w", err)
	}
	defer func() {
		if rerr := os.RemoveAll(dir); rerr != nil && err == nil {
			err = outputError("selftest: %w", rerr)
		}
	}()
	tree := filepath.Join(dir, "keys")
	if err := os.Mkdir(tree, 0o700); err != nil {
		return outputError("selftest: %w", err)
	}
	ids := make([]string, len(selfShapes))
	for i, s := range selfShapes {
		ids[i] = syntheticID()
		if err := os.WriteFile(filepath.Join(tree, s.file), s.write(ids[i], syntheticSecret()), 0o600); err != nil {
			return outputError("selftest: %w", err)
		}
	}
	// The program itself, in an environment of its own.
	mislaid := func(args ...string) (stdout, stderr bytes.Buffer, code int) {
		env := []string{"HOME=" + dir, "XDG_STATE_HOME=" + dir, "LOCALAPPDATA=" + dir, "TMPDIR=" + dir, "NO_COLOR=1"}
		code = run(ctx, args, env, strings.NewReader(""), &stdout, &stderr)
		return stdout, stderr, code
	}
	out, messages, code := mislaid("scan", "--verify=off", "--progress=never", "--format=json", "--journal", filepath.Join(dir, "all.journal"), tree)
	if ctx.Err() != nil {
		return &exitError{code: exitCancelled}
	}
	if code != 1 {
		return &exitError{exitBug, fmt.Errorf("selftest: the scan ended with exit code %d:\n%s", code, messages.String())}
	}
	seen, err := readSelftest(out.Bytes())
	if err != nil {
		return &exitError{exitBug, err}
	}
	fmt.Fprintf(a.stdout, "mislaid %s made %d keys that nobody ever had, and looked for them:\n\n", readBuild().version, len(selfShapes))
	missed := 0
	for i, s := range selfShapes {
		word := "found   "
		if seen[ids[i]] != string(s.kind)+" "+s.file {
			word = "NOT FOUND"
			missed++
		}
		fmt.Fprintf(a.stdout, "  %-9s %-15s in %-22s %s\n", word, s.kind, s.file, s.what)
	}
	if missed > 0 {
		return &exitError{exitBug, fmt.Errorf("selftest: %d of %d were not found: this is our bug, please report it with the list above", missed, len(selfShapes))}
	}
	text, _, _ := mislaid("scan", "--verify=off", "--progress=never", "--journal", filepath.Join(dir, "one.journal"), filepath.Join(tree, selfShapes[0].file))
	fmt.Fprint(a.stdout, "\nOf one of them a scan shows this. The secret is in no report:\n\n")
	for line := range strings.Lines(text.String()) {
		if _, err := io.WriteString(a.stdout, "  | "+line); err != nil {
			return outputError("selftest: %w", err)
		}
	}
	fmt.Fprintf(a.stdout, "\nPassed: all %d were found. Nothing was sent anywhere, and %s is removed.\n", len(selfShapes), dir)
	return nil
}

// readSelftest returns what a report found, by key id: its kind and file.
func readSelftest(raw []byte) (map[string]string, error) {
	var doc struct {
		Leaks []struct {
			ID        string `json:"id"`
			Sightings []struct {
				Kind string `json:"kind"`
				Path string `json:"path"`
			} `json:"sightings"`
		} `json:"leaks"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, errors.New("selftest: the report is no JSON")
	}
	seen := make(map[string]string)
	for _, l := range doc.Leaks {
		if len(l.Sightings) == 1 {
			seen[l.ID] = l.Sightings[0].Kind + " " + filepath.Base(filepath.FromSlash(l.Sightings[0].Path))
		}
	}
	return seen, nil
}

// syntheticID returns a key id of a made-up account in the layout of real ones:
// a bit 1, 40 bits of account and 39 random bits, in base 32.
func syntheticID() string {
	for {
		var b [10]byte
		var number, more [8]byte
		for _, random := range [][]byte{b[:], number[:], more[:]} {
			_, _ = rand.Read(random) // never fails: crypto/rand documentation
		}
		account := 200_000_000_000 + binary.BigEndian.Uint64(number[:])%700_000_000_000
		binary.BigEndian.PutUint64(b[:8], 1<<63|account<<23|binary.BigEndian.Uint64(more[:])&(1<<23-1))
		id := "AKIA" + base32.StdEncoding.EncodeToString(b[:])
		if distinctBytes(id) >= 12 && !repeats(id, 4) && !strings.Contains(id, "EXAMPLE") { // others look made up, and are taken for that
			return id
		}
	}
}

// syntheticSecret returns a secret that looks like a random one: nearly all do.
func syntheticSecret() string {
	for {
		var b [30]byte
		_, _ = rand.Read(b[:])
		key := base64.StdEncoding.EncodeToString(b[:])
		if detectors.Entropy([]byte(key)) >= 4.6 && strings.ContainsAny(key[1:39], "/") && strings.ContainsAny(key, "0123456789") {
			return key
		}
	}
}

// repeats reports whether a byte stands so many times running in s.
func repeats(s string, times int) bool {
	n := 1
	for i := 1; i < len(s) && n < times; i++ {
		if n++; s[i] != s[i-1] {
			n = 1
		}
	}
	return n >= times
}

func distinctBytes(s string) int {
	b := []byte(s)
	slices.Sort(b)
	return len(slices.Compact(b))
}
