//go:build real && linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mislaid/detectors/detectortest"
)

// TestKillAndResume kills the built program at twenty seeded points (in the
// middle of verification, of a file that is read in parts, and of writing the
// journal), resumes, and demands the leaks, sightings, gaps and coverage of a
// run that nobody disturbed.
func TestKillAndResume(t *testing.T) {
	bin := buildProgram(t)
	rng := rand.New(rand.NewPCG(20, 26))
	sts := newHeldSTS(t)
	tree, small := killTree(t, rng, sts)

	scan := func(journal string, more ...string) *exec.Cmd {
		args := append([]string{
			"scan", tree, "--aws-endpoint", sts.URL, "--journal", journal, "--format", "json", "--progress", "never", "--io-limit", "150MB",
		}, more...)
		cmd := exec.Command(bin, args...)
		cmd.Env = append(os.Environ(), "AWS_REGION=", "HOME="+t.TempDir())
		return cmd
	}
	calm := filepath.Join(t.TempDir(), "calm.journal")
	out, err := scan(calm).Output()
	want := essence(t, out, err)
	if len(want.Leaks) < 40 || len(want.Gaps) != 1 {
		t.Fatalf("the undisturbed run found %d leaks and %d gaps", len(want.Leaks), len(want.Gaps))
	}
	size := fileSize(t, calm)

	for i := range 20 {
		kind := []string{"verification", "split file", "commits"}[i%3]
		t.Run(fmt.Sprintf("%02d %s", i, kind), func(t *testing.T) {
			journal := filepath.Join(t.TempDir(), "run.journal")
			cmd := scan(journal)
			hit := make(chan struct{})
			if kind == "verification" {
				sts.hold(rng.IntN(30)+1, hit)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			switch kind {
			case "split file":
				at := small + fileSize(t, bin) + 5<<20 + rng.Int64N(60<<20) // it hashes itself first
				go watch(hit, func() bool { return bytesRead(cmd) > at })
			case "commits":
				at := rng.Int64N(size*3/4) + size/10
				go watch(hit, func() bool { i, err := os.Stat(journal); return err == nil && i.Size() > at })
			}
			select {
			case <-hit:
			case <-time.After(time.Minute):
				t.Error("the point was never reached")
			}
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Errorf("it ended before it was killed: %v", err)
			}
			_ = cmd.Wait()
			sts.release()

			out, err := scan(journal, "--resume").Output()
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

// summary is what must be the same in two runs.
type summary struct {
	Leaks  []string
	Gaps   []string
	Counts string
}

// essence reads a JSON report. Exit status 4 says that there are leaks and gaps.
func essence(t *testing.T, out []byte, err error) summary {
	t.Helper()
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 4) {
		t.Fatalf("%v\n%s", err, exit.Stderr)
	}
	var r struct {
		Leaks []struct {
			LeakID    string `json:"leak_id"`
			Severity  string
			Verdict   struct{ State, Account, ARN string }
			Sightings []struct {
				Path, Kind, Fingerprint, SHA256 string
				State                           string
				Line, Column                    int
				Offset                          int64
				Total                           int `json:"positions_total"`
			}
		}
		Coverage struct {
			Items, Bytes, Unchanged int64
			Skipped      map[string]int64
			Gaps         []struct{ Path, Reason string }
		}
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %.200s", err, out)
	}
	var s summary
	for _, l := range r.Leaks {
		for _, x := range l.Sightings {
			s.Leaks = append(s.Leaks, fmt.Sprint(l.LeakID, " ", l.Severity, " ", l.Verdict, " ", x))
		}
	}
	for _, g := range r.Coverage.Gaps {
		s.Gaps = append(s.Gaps, fmt.Sprint(g))
	}
	slices.Sort(s.Leaks)
	slices.Sort(s.Gaps)
	s.Counts = fmt.Sprint(r.Coverage.Items, r.Coverage.Bytes, r.Coverage.Unchanged, r.Coverage.Skipped)
	return s
}

// killTree makes a tree with pairs in small files before and after one file
// that is read in parts, a FIFO and a repository's objects. It returns the bytes of the
// small files that come first.
func killTree(t *testing.T, rng *rand.Rand, sts *heldSTS) (dir string, small int64) {
	t.Helper()
	dir = t.TempDir()
	write := func(name string, text []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pair := func() string {
		id := detectortest.NewKeys(rng).KeyID("AKIA", uint64(rng.Int64N(1e12)))
		sts.know(id)
		return fmt.Sprintf("[p%d]\naws_access_key_id = %s\naws_secret_access_key = %s\n", rng.IntN(1000), id, detectortest.NewKeys(rng).Secret())
	}
	for i := range 1500 {
		text := strings.Repeat(fmt.Sprintf("line of file %d\n", i), 100+rng.IntN(200))
		if i%40 == 0 {
			text += pair()
		}
		sub := "a"
		if i >= 1000 {
			sub = "z"
		} else {
			small += int64(len(text))
		}
		write(fmt.Sprintf("%s/%02d/f%04d.txt", sub, i%40, i), []byte(text))
	}
	big := []byte(strings.Repeat("nothing but a line of some length stands here\n", 96<<20/46))
	for off := 8 << 20; off+200 < len(big); off += 8 << 20 {
		copy(big[off-60:], "\n"+pair()) // some stand across the parts' edges
	}
	write("m/big.txt", big)
	write("m/repo/.git/HEAD", []byte("ref: refs/heads/main\n"))
	write("m/repo/.git/config", []byte("[core]\n"))
	write("m/repo/.git/objects/pack/x.pack", []byte("PACK"))
	if err := syscall.Mkfifo(filepath.Join(dir, "m", "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, small
}

// heldSTS answers GetCallerIdentity for the ids it knows, and can be told to
// keep one request waiting.
type heldSTS struct {
	*httptest.Server
	mu    sync.Mutex
	ids   map[string]bool
	after int
	hit   chan struct{}
	gate  chan struct{}
}

func newHeldSTS(t *testing.T) *heldSTS {
	s := &heldSTS{ids: make(map[string]bool)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *heldSTS) know(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[id] = true
}

// hold keeps the n-th request from now on, and those after it, waiting, and
// closes hit when it comes.
func (s *heldSTS) hold(n int, hit chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after, s.hit, s.gate = n, hit, make(chan struct{})
}

func (s *heldSTS) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate != nil {
		close(s.gate)
	}
	s.after, s.hit, s.gate = 0, nil, nil
}

// ServeHTTP implements http.Handler.
func (s *heldSTS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	var gate chan struct{}
	if s.gate != nil {
		if s.after--; s.after == 0 {
			close(s.hit)
		}
		if s.after <= 0 {
			gate = s.gate
		}
	}
	known := s.ids[id]
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
	w.Header().Set("Content-Type", "text/xml")
	if !known {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error><RequestId>r</RequestId></ErrorResponse>`)
		return
	}
	fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::029608264753:user/%s</Arn><UserId>AIDA</UserId><Account>029608264753</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>`, strings.ToLower(id[len(id)-6:]))
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// watch closes hit when reached says so.
func watch(hit chan struct{}, reached func() bool) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Microsecond) {
		if reached() {
			close(hit)
			return
		}
	}
}

// bytesRead returns what a running process has read so far, from /proc.
func bytesRead(cmd *exec.Cmd) (n int64) {
	if cmd.Process == nil {
		return 0
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", cmd.Process.Pid))
	if err == nil {
		_, _ = fmt.Sscanf(string(b), "rchar: %d", &n)
	}
	return n
}

// buildProgram builds the program as a user would.
func buildProgram(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "mislaid")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}
