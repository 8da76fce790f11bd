//go:build real && linux

package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mislaid/sources/smb/smbtest"
)

// fileServerCommands are the commands of the README's section on file servers.
func fileServerCommands(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## File servers\n")
	section, _, more := strings.Cut(section, "\n## ")
	if !ok || !more {
		t.Fatal("the README has no section on file servers")
	}
	for _, block := range regexp.MustCompile("(?s)```shell\n(.*?)```").FindAllStringSubmatch(section, -1) {
		for line := range strings.Lines(block[1]) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if len(lines) < 15 {
		t.Fatalf("only %d commands were found", len(lines))
	}
	return lines
}

// runReadme runs a command, which must find leaks and read everything if it is a
// scan, and be content if it is not.
func runReadme(t *testing.T, dir, line, pw string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), append(env, "HOME="+dir, "TERM=dumb", "PW="+pw)...)
	want := 0
	if strings.HasPrefix(line, "mislaid scan") {
		want = 1
		cmd.Env = append(cmd.Env, "MISLAID_VERIFY=off")
	}
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != want || strings.Contains(string(out), pw) {
		t.Errorf("%s: exit code %d, want %d\n%s", line, got, want, out)
	}
}

// TestReadmeOwnSamba runs the commands that are for a Samba of the reader's own.
func TestReadmeOwnSamba(t *testing.T) {
	samba := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{"share": {"guest ok": "yes"}}})
	_, planted := planting(newKeyMaker(rand.Uint64()), "dead")
	if err := os.WriteFile(filepath.Join(samba.Path("share"), "keys"), []byte(planted), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, line := range fileServerCommands(t) {
		if strings.Contains(line, "localhost") {
			runReadme(t, dir, strings.ReplaceAll(line, "localhost", samba.Addr), samba.Password("alice"))
		}
	}
}

// TestReadmeFileServers runs all others, in their order, against a domain whose
// names stand for those in them.
func TestReadmeFileServers(t *testing.T) {
	l := newDomainLab(t)
	dir := t.TempDir()
	ca, err := os.ReadFile(l.dc.CA)
	if err != nil {
		t.Fatal(err)
	}
	keytab, err := os.ReadFile(l.dc.Keytab(t, "crawler"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"ca.pem": string(ca), "crawler.keytab": string(keytab), "servers.txt": "files1.lab.example\n", "decoy-files.txt": "passwords.xlsx\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"KRB5_CONFIG=" + l.krb5, "KRB5CCNAME=FILE:" + l.ticket(t), "MISLAID_SMB_EXCLUDE_SHARE=print$"}
	ours := strings.NewReplacer("corp.example", smbtest.Realm, `CORP`, smbtest.NetBIOS, "svc-mislaid", "crawler", "fs1", "files1", "fs2", "files2",
		"(cn=fs*)", "(cn=files*)")
	for _, line := range fileServerCommands(t) {
		if !strings.Contains(line, "localhost") {
			runReadme(t, dir, ours.Replace(line), l.pw, env...)
		}
	}
	if got := l.wrongPasswords(t); got != "0" {
		t.Errorf("%s wrong passwords", got)
	}
}
