//go:build unix

package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mislaid/internal/journal"
)

// TestSignals stops the program while it waits for an answer that never comes.
func TestSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			cmd, stdout, stderr := startStuck(t)
			begin := time.Now()
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitCancelled {
				t.Errorf("exit code %d", code)
			}
			if stdout.Len() == 0 || !strings.Contains(stderr.String(), "mislaid scan --resume --journal ") {
				t.Errorf("stdout: %s\nstderr: %s", stdout, stderr)
			}
			t.Logf("it took %v", time.Since(begin).Round(time.Millisecond))
		})
	}
}

// TestNoCoreDumps: a program that is told to abort leaves no core file.
func TestNoCoreDumps(t *testing.T) {
	cmd, _, _ := startStuck(t)
	limits, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/limits")
	if err == nil {
		for line := range strings.Lines(string(limits)) {
			if f := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (f[4] != "0" || f[5] != "0") {
				t.Error(line)
			}
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
}

// startStuck starts a scan and returns when it waits for the vendor.
func startStuck(t *testing.T) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	sts := newFakeSTS()
	t.Cleanup(sts.Close)
	k, text := planting(newKeyMaker(rand.Uint64()), "stuck")
	sts.know(k)
	if err := os.WriteFile(filepath.Join(dir, "keys"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd = &exec.Cmd{
		Path: self, Args: []string{"mislaid", "scan", filepath.Join(dir, "keys")}, Stdout: stdout, Stderr: stderr,
		Env: append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+dir+"/state", "MISLAID_AWS_ENDPOINT="+sts.URL),
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if err := sts.waitStuck(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	return cmd, stdout, stderr
}

// TestFollow renders a scan while it runs, and ends with it.
func TestFollow(t *testing.T) {
	cmd, _, stderr := startStuck(t)
	journals, err := filepath.Glob(filepath.Join(filepath.Dir(cmd.Args[2]), "state", "mislaid", "*.journal"))
	if err != nil || len(journals) != 1 {
		t.Fatalf("%v, %v", journals, err)
	}
	var stdout, notes bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(), []string{"report", "--follow", journals[0]}, nil, strings.NewReader(""), &stdout, &notes)
	}()
	select {
	case c := <-code:
		t.Errorf("it did not wait for the end: exit code %d\n%s", c, &notes)
	case <-time.After(2 * followEvery):
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if c := <-code; c != journal.ExitLeaksGaps || !strings.Contains(stdout.String(), "pending") {
			t.Errorf("exit code %d\n%s%s", c, &stdout, &notes)
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Errorf("the scan ended well: %s", stderr)
	}
}
