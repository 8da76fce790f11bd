package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the sessions in testdata/script: they are the command line's
// specification. Besides testscript's own, they have these commands:
//
//	plant FILE SHAPE [VAR]   append a fresh credential (see plantings); its key id is then in $VAR (ID)
//	status CODE PROGRAM ...  run a program, which must end with the code
//	mode PERM FILE           the file's permissions must be these, in octal
//	only GLOB VAR            the one file that matches is then in $VAR
//	tamper FILE              change one byte in the middle
//	behead FILE              cut the last line off, and half of the one before
//	asked N ID               STS must have been asked N times about the key id
//	slack-export FILE LAYOUT [served] the export of a workspace with keys in it, a folder unless FILE ends in .zip; served: FILES is the host of its files
//	slack-server             serve that workspace; SLACK_TOKEN opens it, MISLAID_SLACK_API is set
//	sts-wait                 wait until a request for a stuck key has come
//	wrap KIND FILE INSIDE... write the files INSIDE into FILE, of one of the kinds in wrappings
//	write-raw FILE TEXT      write TEXT, in which Go's escapes mean what they do in Go
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		WorkdirRoot:         openDirectory(t),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setupScript,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"plant": scriptPlant, "status": scriptStatus, "mode": scriptMode, "only": scriptOnly,
			"tamper": scriptTamper, "behead": scriptBehead, "sts-wait": scriptWaitSTS, "asked": scriptAsked, "write-raw": scriptWriteRaw,
			"slack-export": scriptSlackExport, "slack-server": scriptSlackServer, "wrap": scriptWrap,
		},
	})
}

// openDirectory returns a directory that everyone on the machine may enter, so
// that what is planted below it is exposed.
func openDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mislaid-script-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// setupScript gives a session its own home, and an STS of its own that stands
// in for AWS wherever a script does not say otherwise.
func setupScript(env *testscript.Env) error {
	sts := newFakeSTS()
	env.Defer(sts.Close)
	env.Values["sts"] = sts
	home := filepath.Join(env.WorkDir, "home")
	tmp := filepath.Join(env.WorkDir, "tmp")
	if err := errors.Join(os.MkdirAll(home, 0o755), os.MkdirAll(tmp, 0o755)); err != nil {
		return err
	}
	for _, kv := range [][2]string{
		{"HOME", home}, {"LOCALAPPDATA", home}, {"XDG_STATE_HOME", filepath.Join(env.WorkDir, "state")}, {"TMPDIR", tmp},
		{"STS", sts.URL}, {"MISLAID_AWS_ENDPOINT", sts.URL}, {"TERM", "dumb"}, {"GOOS", runtime.GOOS},
	} {
		env.Setenv(kv[0], kv[1])
	}
	return nil
}

func scriptPlant(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: plant FILE SHAPE [VAR]")
	}
	name := "ID"
	if len(args) == 3 {
		name = args[2]
	}
	k, text := planting(newKeyMaker(rand.Uint64()), args[1])
	if text == "" {
		ts.Fatalf("plant: no shape %s", args[1])
	}
	ts.Value("sts").(*fakeSTS).know(k)
	ts.Setenv(name, k.id)
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	ts.Check(err)
	_, err = f.WriteString(text)
	ts.Check(errors.Join(err, f.Close()))
}

func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM ...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptMode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Lstat(ts.MkAbs(args[1]))
	ts.Check(err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != fs.FileMode(want) {
		ts.Fatalf("%s: %o, want %o", args[1], info.Mode().Perm(), want)
	}
}

func scriptOnly(ts *testscript.TestScript, _ bool, args []string) {
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(names) != 1 {
		ts.Fatalf("%s: %d files %v", args[0], len(names), names)
	}
	ts.Setenv(args[1], names[0])
}

func scriptTamper(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	at := bytes.IndexByte(text[len(text)/2:], '"') + len(text)/2 + 1
	text[at] ^= 1
	ts.Check(os.WriteFile(path, text, 0o600))
}

func scriptBehead(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	lines := bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if len(lines) < 3 {
		ts.Fatalf("%s has %d lines", path, len(lines))
	}
	lines = lines[:len(lines)-1]
	last := len(lines) - 1
	lines[last] = lines[last][:len(lines[last])/2]
	ts.Check(os.WriteFile(path, bytes.Join(lines, nil), 0o600))
}

func scriptWaitSTS(ts *testscript.TestScript, _ bool, _ []string) {
	if err := ts.Value("sts").(*fakeSTS).waitStuck(); err != nil {
		ts.Fatalf("%v", err)
	}
}

func scriptWriteRaw(ts *testscript.TestScript, _ bool, args []string) {
	name, err := strconv.Unquote(`"` + args[0] + `"`)
	ts.Check(err)
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	path := ts.MkAbs(name)
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	ts.Check(os.WriteFile(path, []byte(text), 0o644))
}

func scriptAsked(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := ts.Value("sts").(*fakeSTS).callsFor(args[1]); got != want {
		ts.Fatalf("STS was asked %d times about %s, want %d", got, args[1], want)
	}
}
