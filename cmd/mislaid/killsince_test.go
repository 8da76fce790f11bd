//go:build real && linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestKillAndResumeSince kills a scan that builds on an earlier journal, with
// likely names first and without, resumes it, and demands what a run that nobody
// disturbed says: what was carried over, what is gone, and what was read.
func TestKillAndResumeSince(t *testing.T) {
	bin := buildProgram(t)
	rng := rand.New(rand.NewPCG(4, 26))
	sts := newHeldSTS(t)
	tree, _ := killTree(t, rng, sts)
	scan := func(journal string, more ...string) *exec.Cmd {
		args := append([]string{
			"scan", tree, "--aws-endpoint", sts.URL, "--journal", journal, "--format", "json", "--progress", "never",
		}, more...)
		cmd := exec.Command(bin, args...)
		cmd.Env = append(os.Environ(), "AWS_REGION=", "HOME="+t.TempDir())
		return cmd
	}
	base := filepath.Join(t.TempDir(), "base.journal")
	out, err := scan(base).Output()
	essence(t, out, err)

	for i := range 1500 { // every 40th holds a pair
		sub := "a"
		if i >= 1000 {
			sub = "z"
		}
		path := fmt.Sprintf("%s/%s/%02d/f%04d.txt", tree, sub, i%40, i)
		switch i % 5 {
		case 0:
			if i%80 == 0 {
				err = os.Remove(path)
			} else if i%120 == 0 {
				err = os.WriteFile(path, []byte(strings.Repeat("emptied\n", 500)), 0o644)
			} // else it is unchanged
		case 1:
			err = os.WriteFile(path, []byte(strings.Repeat("rewritten\n", 800)), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(tree, "m", "new.env"), []byte("nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // what changed just now is read again

	for _, quick := range []string{"--quick=false", "--quick=true"} {
		more := []string{"--since", base, quick, "--io-limit", "3MB"}
		calm := filepath.Join(t.TempDir(), "calm.journal")
		out, err := scan(calm, more...).Output()
		want := essence(t, out, err)
		text := strings.Join(want.Leaks, "\n")
		if strings.Count(text, "gone") < 15 || strings.Count(text, "unchanged") < 15 {
			t.Fatalf("the undisturbed run says %s\n%s", want.Counts, text)
		}
		size := fileSize(t, calm)
		for i := range 8 {
			t.Run(fmt.Sprintf("%s %d", quick, i), func(t *testing.T) {
				journal := filepath.Join(t.TempDir(), "run.journal")
				cmd := scan(journal, more...)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				hit := make(chan struct{})
				at := size * int64(i+1) / 10
				go watch(hit, func() bool { i, err := os.Stat(journal); return err == nil && i.Size() > at })
				select {
				case <-hit:
				case <-time.After(time.Minute):
					t.Error("the point was never reached")
				}
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					t.Errorf("it ended before it was killed: %v", err)
				}
				_ = cmd.Wait()

				out, err := scan(journal, "--resume", "--io-limit", "100MB").Output()
				if diff := cmp.Diff(want, essence(t, out, err)); diff != "" {
					t.Errorf("undisturbed (-), killed and resumed (+):\n%s", diff)
				}
				out, err = exec.Command(bin, "report", journal, "--format", "json").Output()
				if diff := cmp.Diff(want, essence(t, out, err)); diff != "" {
					t.Errorf("undisturbed (-), rendered again (+):\n%s", diff)
				}
			})
		}
	}
}
