package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mislaid/internal/journal"
	"mislaid/sources/slack/slacktest"
	"mislaid/verify/awstest"
)

// TestReadme runs every command of the README, in its order, in a directory that
// holds what the commands name. Those of `go run` and `make` are run, or shown
// by make, in the repository itself.
func TestReadme(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Fatal("the README's commands are for a POSIX shell")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir, sts := t.TempDir(), newFakeSTS()
	defer sts.Close()
	k, keys := planting(newKeyMaker(rand.Uint64()), "live")
	sts.know(k)
	for name, text := range map[string]string{
		"keys": keys, "keys-under-watch.txt": k.id + "\n", "our-decoys.txt": "# ours\n111122223333\n", "team.toml": "jobs = 1\n",
		"known.toml":      "[[ignore]]\npath = \"**/testdata\"\nreason = \"made-up keys of the tests\"\n",
		"rules.toml":      "[[rules]]\nid = \"acme-token\"\nregex = '\\bacme_([a-z0-9]{32})\\b'\nkeywords = [\"acme_\"]\n",
		"decoy-files.txt": "passwords.xlsx\n",
		"accounts.toml":   "[111122223333]\nname = \"payments\"\naudit-role = \"SecurityAudit\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := slacktest.NewWorkspace()
	w.Say(w.AddConversation("im", "D0DIRECT", "", "U0ANN", "U0BEN"), "U0ANN", strings.ReplaceAll(keys, "\n", " "))
	w.Say(w.AddConversation("public_channel", "C0GENERAL", "general", "U0ANN"), "U0ANN", "nothing here")
	if err := w.WriteZip(slacktest.Corporate, filepath.Join(dir, "export.zip")); err != nil {
		t.Fatal(err)
	}
	responder := awstest.Key{ID: awstest.KeyID("AKIA", awstest.Account), Secret: awstest.Secret(), ARN: "arn:aws:iam::" + awstest.Account + ":user/responder"}
	records := &awstest.Fake{World: &awstest.World{Account: awstest.Account}}
	records.Add(responder)
	audited := httptest.NewServer(records)
	defer audited.Close()
	shared := fmt.Sprintf("[profile ir-readonly]\nregion = us-east-1\nendpoint_url = %s\naws_access_key_id = %s\naws_secret_access_key = %s\n", audited.URL, responder.ID, responder.Secret)
	aws := filepath.Join(t.TempDir(), "config") // not where scans look
	if err := os.WriteFile(aws, []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "AWS_CONFIG_FILE="+aws, "AWS_SHARED_CREDENTIALS_FILE="+aws+".none", "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"), "MISLAID_AWS_ENDPOINT="+sts.URL)
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} { // they would follow HOME
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	shell := func(in, line string) (string, int) {
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir, cmd.Env = in, env
		out, err := cmd.CombinedOutput()
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			return string(out), exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		return string(out), 0
	}
	if out, code := shell(dir, "mislaid scan --verify=off --journal leaks.journal keys"); code != 1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSpace(line)
			ran++
			in, want := dir, []int{0, 1}
			switch {
			case strings.HasPrefix(line, "go run "):
				in, want = filepath.Join("..", ".."), []int{0, 1} // 1 is what go run makes of a gap
			case strings.HasPrefix(line, "make "):
				in, line, want = filepath.Join("..", ".."), "make -n "+strings.TrimPrefix(line, "make "), []int{0}
			}
			out, code := shell(in, line)
			if !slices.Contains(want, code) || strings.Contains(out, "internal error") {
				t.Errorf("%s: exit code %d\n%s", line, code, out)
			}
			if strings.HasPrefix(line, "go run ") && !strings.Contains(out, "exit status 3") && code != 0 {
				t.Errorf("%s found something in this very repository:\n%s", line, out)
			}
		}
	}
	if ran < 10 {
		t.Errorf("only %d commands were found", ran)
	}
	if len(records.Calls()) == 0 {
		t.Error("no command of the README read what AWS records")
	}
}

// TestReadmeTellsTheExitCodes: its table is the one of --help.
func TestReadmeTellsTheExitCodes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(exitHelp) {
		code, meaning, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			continue
		}
		if row := "| " + code + " | " + strings.TrimSpace(meaning) + " |"; !strings.Contains(string(text), row) {
			t.Errorf("the README lacks %q", row)
		}
	}
}

// TestReadmeHoldsTheTable: its exposure table is the one that judges.
func TestReadmeHoldsTheTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("|---|---|---|---|---|---|\n")
	for _, r := range journal.ExposureTable() {
		fmt.Fprintf(&want, "| %s | %s |", r.ID, r.Key)
		for _, s := range r.Severity {
			fmt.Fprintf(&want, " %s |", s)
		}
		want.WriteString("\n")
	}
	if !strings.Contains(string(text), want.String()+"\n") {
		t.Errorf("the README's table must be\n%s", want.String())
	}
}

// TestDocumentsPointSomewhere: links lead to files, and the paths that
// CONTRIBUTING names exist.
func TestDocumentsPointSomewhere(t *testing.T) {
	root := filepath.Join("..", "..")
	exists := func(doc, path string) {
		t.Helper()
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(path))); err != nil {
			t.Errorf("%s: %v", doc, err)
		}
	}
	paths := 0
	for _, doc := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "testdata/README.md"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(doc)))
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(string(text), -1) {
			exists(doc, link[1])
			paths++
		}
		for _, path := range regexp.MustCompile("`((?:cmd|sources|detectors|verify|internal|testdata)/[a-z0-9_/.]+)`").FindAllStringSubmatch(string(text), -1) {
			exists(doc, path[1])
			paths++
		}
	}
	if paths < 10 {
		t.Errorf("only %d paths were found", paths)
	}
}
