//go:build real && linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mislaid/internal/journal"
	"mislaid/sources/smb/smbtest"
)

// fileServer is a smbd with keys on its shares.
type fileServer struct {
	*smbtest.Server
	planted []string // key ids
}

// newFileServer plants a key in every fifth of n files on each of two shares.
func newFileServer(t *testing.T, n int) *fileServer {
	t.Helper()
	s := &fileServer{Server: smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{"data": nil, "home$": nil}})}
	keys := newKeyMaker(uint64(time.Now().UnixNano()))
	for _, share := range []string{"data", "home$"} {
		for i := range n {
			path := filepath.Join(s.Path(share), fmt.Sprintf("d%02d", i%7), fmt.Sprintf("f%04d.txt", i))
			text := "nothing to see\n"
			if i%5 == 0 {
				k, planted := planting(keys, "dead")
				s.planted = append(s.planted, k.id)
				text = planted
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(s.planted)
	return s
}

// scanned is how a run of the program ended.
type scanned struct {
	code           int
	leaks          []string // key ids
	gaps           []string
	stdout, stderr string
}

// mislaidSMB runs the program as alice, with short timeouts.
func mislaidSMB(t *testing.T, s *smbtest.Server, args ...string) scanned {
	t.Helper()
	env := []string{"HOME=" + t.TempDir(), "TERM=dumb", "PW=" + s.Password("alice"), "WITNESS=" + s.Password("bob"), "WRONG=no"}
	args = append([]string{"scan", "--format", "json", "--verify=off", "--smb-password", "env:PW", "--smb-timeout", "2s", "--smb-patience", "4s"}, args...)
	var stdout, stderr bytes.Buffer
	out := scanned{code: run(t.Context(), args, env, strings.NewReader(""), &stdout, &stderr)}
	out.stdout, out.stderr = stdout.String(), stderr.String()
	if strings.Contains(out.stdout+out.stderr, s.Password("alice")) {
		t.Error("the output holds our password")
	}
	var r struct {
		Leaks    []struct{ ID string }
		Coverage struct {
			Gaps []struct{ Path, Reason, Detail string }
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("%v\n%s\n%s", err, stdout.Bytes(), stderr.Bytes())
	}
	for _, l := range r.Leaks {
		out.leaks = append(out.leaks, l.ID)
	}
	for _, g := range r.Coverage.Gaps {
		out.gaps = append(out.gaps, g.Path+": "+g.Reason+": "+g.Detail)
	}
	slices.Sort(out.leaks)
	return out
}

// awaitSightings waits until a journal has n of them.
func awaitSightings(path string, n int) {
	for range 3000 {
		if text, _ := os.ReadFile(path); bytes.Count(text, []byte(`"sighting"`)) >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestSMBFaults does something to a server in the middle of a scan. What comes
// back in time costs nothing; what does not is said, and --resume reads it: in
// the end the leaks are those of an undisturbed scan.
func TestSMBFaults(t *testing.T) {
	for name, test := range map[string]struct {
		hurt func(t *testing.T, s *smbtest.Server)
		heal func(t *testing.T, s *smbtest.Server) // before --resume; nil: the scan ends whole
	}{
		"connections die": {func(_ *testing.T, s *smbtest.Server) {
			for range 4 {
				s.Drop()
				time.Sleep(200 * time.Millisecond)
			}
		}, nil},
		"restarted":    {func(t *testing.T, s *smbtest.Server) { s.Restart(t) }, nil},
		"short freeze": {func(_ *testing.T, s *smbtest.Server) { s.Freeze(); time.Sleep(3 * time.Second); s.Thaw() }, nil},
		"killed":       {func(_ *testing.T, s *smbtest.Server) { s.Kill() }, func(t *testing.T, s *smbtest.Server) { s.Restart(t) }},
		"frozen":       {func(_ *testing.T, s *smbtest.Server) { s.Freeze() }, func(_ *testing.T, s *smbtest.Server) { s.Thaw() }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFileServer(t, 200)
			path := filepath.Join(t.TempDir(), "journal")
			hurt := make(chan struct{})
			go func() {
				defer close(hurt)
				awaitSightings(path, 10)
				test.hurt(t, s.Server)
			}()
			got := mislaidSMB(t, s.Server, "--journal", path, "--ops-limit", "150", "smb://alice@"+s.Addr)
			<-hurt
			if test.heal == nil {
				if got.code != journal.ExitLeaks || !slices.Equal(got.leaks, s.planted) {
					t.Fatalf("exit code %d, %d leaks of %d, gaps %q\n%s", got.code, len(got.leaks), len(s.planted), got.gaps, got.stderr)
				}
				return
			}
			if got.code != journal.ExitLeaksGaps || len(got.leaks) == 0 || len(got.leaks) == len(s.planted) || len(got.gaps) == 0 || len(got.gaps) > 3 {
				t.Fatalf("hurt: exit code %d, %d leaks of %d, gaps %q\n%s", got.code, len(got.leaks), len(s.planted), got.gaps, got.stderr)
			}
			test.heal(t, s.Server)
			got = mislaidSMB(t, s.Server, "--resume", "--journal", path)
			if got.code != journal.ExitLeaks || !slices.Equal(got.leaks, s.planted) {
				t.Errorf("resumed: exit code %d, %d leaks of %d, gaps %q\n%s", got.code, len(got.leaks), len(s.planted), got.gaps, got.stderr)
			}
		})
	}
}

// TestSMBStuckServer: a server that does not answer keeps no other waiting.
func TestSMBStuckServer(t *testing.T) {
	stuck, well := newFileServer(t, 5), newFileServer(t, 50)
	well.SetPassword(t, "alice", stuck.Password("alice"))
	stuck.Freeze()
	defer stuck.Thaw()
	start := time.Now()
	got := mislaidSMB(t, stuck.Server, "smb://alice@"+stuck.Addr, "smb://alice@"+well.Addr)
	if got.code != journal.ExitNoSource || !slices.Equal(got.leaks, well.planted) {
		t.Errorf("exit code %d, leaks %q of %q\n%s", got.code, got.leaks, well.planted, got.stderr)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}
