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
func newFileServer(t *testing.T, n int, c smbtest.Config) *fileServer {
	t.Helper()
	c.Shares = map[string]map[string]string{"data": nil, "home$": nil}
	s := &fileServer{Server: smbtest.Start(t, c)}
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
	args = append([]string{"scan", "--format", "json", "--verify=off", "--smb-password", "env:PW", "--smb-timeout", "2s", "--smb-patience", "4s"}, args...)
	var out scanned
	out.stdout, out.stderr, out.code = program(t, []string{"PW=" + s.Password("alice")}, args...)
	if strings.Contains(out.stdout+out.stderr, s.Password("alice")) {
		t.Error("the output holds our password")
	}
	var r struct {
		Leaks    []struct{ ID string }
		Coverage struct {
			Gaps []struct{ Path, Reason, Detail string }
		}
	}
	if err := json.Unmarshal([]byte(out.stdout), &r); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.stdout, out.stderr)
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
		config smbtest.Config
		hurt   func(t *testing.T, s *smbtest.Server)
		heal   func(t *testing.T, s *smbtest.Server) // before --resume; nil: the scan ends whole
	}{
		"connections die": {smbtest.Config{}, func(_ *testing.T, s *smbtest.Server) {
			for range 4 {
				s.Drop()
				time.Sleep(200 * time.Millisecond)
			}
		}, nil},
		"restarted":    {smbtest.Config{}, func(t *testing.T, s *smbtest.Server) { s.Restart(t) }, nil},
		"short freeze": {smbtest.Config{}, func(_ *testing.T, s *smbtest.Server) { s.Freeze(); time.Sleep(3 * time.Second); s.Thaw() }, nil},
		"killed":       {smbtest.Config{}, func(_ *testing.T, s *smbtest.Server) { s.Kill() }, func(t *testing.T, s *smbtest.Server) { s.Restart(t) }},
		"frozen":       {smbtest.Config{}, func(_ *testing.T, s *smbtest.Server) { s.Freeze() }, func(_ *testing.T, s *smbtest.Server) { s.Thaw() }},
		"cable loose": {smbtest.Config{Cable: true}, func(t *testing.T, s *smbtest.Server) {
			s.Cut(t, true)
			time.Sleep(2 * time.Second)
			s.Mend(t, true)
		}, nil},
		"cable cut at our end": {smbtest.Config{Cable: true}, func(t *testing.T, s *smbtest.Server) { s.Cut(t, true) }, func(t *testing.T, s *smbtest.Server) { s.Mend(t, true) }},
		"cable cut at theirs":  {smbtest.Config{Cable: true}, func(t *testing.T, s *smbtest.Server) { s.Cut(t, false) }, func(t *testing.T, s *smbtest.Server) { s.Mend(t, false) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFileServer(t, 200, test.config)
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
	stuck, well := newFileServer(t, 5, smbtest.Config{}), newFileServer(t, 50, smbtest.Config{})
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

// TestSMBLinks: ls shows where DFS links lead, and a scan reads what lies there
// and says which it could not follow.
func TestSMBLinks(t *testing.T) {
	const rootAddress, otherAddress = "10.99.0.11", "10.99.0.12"
	root := smbtest.Start(t, smbtest.Config{Address: rootAddress, Shares: map[string]map[string]string{"dfs": {"msdfs root": "yes"}}})
	other := smbtest.Start(t, smbtest.Config{Address: otherAddress, Shares: map[string]map[string]string{"data": {"guest ok": "yes"}}})
	other.SetPassword(t, "alice", root.Password("alice"))
	k, text := planting(newKeyMaker(uint64(time.Now().UnixNano())), "dead")
	if err := os.WriteFile(filepath.Join(other.Path("data"), "keys"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link": otherAddress + `\data`, "twin": otherAddress + `\data`, "dead": `127.0.0.9\x`} {
		if err := os.Symlink("msdfs:"+to, filepath.Join(root.Path("dfs"), link)); err != nil {
			t.Fatal(err)
		}
	}
	got := mislaidSMB(t, root, "--probe-anonymous", "smb://alice@"+rootAddress+"/dfs")
	if got.code != journal.ExitLeaksGaps || !slices.Equal(got.leaks, []string{k.id}) || len(got.gaps) != 1 || !strings.Contains(got.gaps[0], `\\127.0.0.9\x`) {
		t.Errorf("exit code %d, leaks %q, gaps %q\n%s", got.code, got.leaks, got.gaps, got.stderr)
	}
	if !strings.Contains(got.stdout, "anyone on the network, without an account") || !strings.Contains(got.stdout, `"path": "keys"`) {
		t.Errorf("%s", got.stdout)
	}
	stdout, stderr, code := program(t, []string{"PW=" + root.Password("alice")}, "ls", "--smb-password", "env:PW", "smb://alice@"+rootAddress)
	for _, want := range []string{`dfs\link  DFS link  to \\10.99.0.12\data`, `dfs\twin  DFS link  to \\10.99.0.12\data  left out: the same as`, `dfs\dead  DFS link`, `127.0.0.9`} {
		if !strings.Contains(stdout, want) || code != journal.ExitGaps {
			t.Errorf("ls lacks %q: exit code %d\n%s\n%s", want, code, stdout, stderr)
		}
	}
}
