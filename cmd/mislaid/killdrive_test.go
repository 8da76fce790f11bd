//go:build real && linux

package main

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mislaid/sources/gdrive"
	"mislaid/sources/gdrive/drivetest"
)

// TestKillAndResumeDrive kills scans of an organisation's Drive, resumes them,
// and demands what a run says that nobody disturbed.
func TestKillAndResumeDrive(t *testing.T) {
	bin := buildProgram(t)
	rng := rand.New(rand.NewPCG(5, 26))
	sts := newHeldSTS(t)
	keys := newKeyMaker(rng.Uint64())
	o := drivetest.NewOrg()
	d := o.AddDrive("Team", "organizer:ann@acme.test")
	for i := range 400 {
		where := []string{"ann@acme.test", "ben@acme.test", d.ID}[i%3]
		text := fmt.Sprintf("nothing in number %d\n", i)
		if i%10 == 0 {
			k, planted := planting(keys, "live")
			sts.know(k.id)
			text = planted
		}
		f := o.Put(where, fmt.Sprintf("f%03d.txt", i), []byte(text), o.Grant("anyone", ""))
		f.NoDownload = i%50 == 49
	}
	srv := drivetest.NewServer(o, t.Errorf)
	srv.PageMost, srv.Latency = 60, 2*time.Millisecond
	for _, s := range gdrive.DelegatedScopes() {
		srv.Delegated[s.Scope] = true
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	key := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(key, srv.KeyFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	scan := func(journal string, more ...string) *exec.Cmd {
		args := append([]string{
			"scan", "gdrive:domain=acme.test", "--reason", "test", "--gdrive-api", web.URL, "--gdrive-key", "file:" + key, "--gdrive-admin", "ann@acme.test",
			"--aws-endpoint", sts.URL, "--journal", journal, "--format", "json", "--progress", "never",
		}, more...)
		cmd := exec.Command(bin, args...)
		cmd.Env = append(os.Environ(), "AWS_REGION=", "HOME="+t.TempDir())
		return cmd
	}
	calm := filepath.Join(t.TempDir(), "calm.journal")
	out, err := scan(calm).Output()
	want := essence(t, out, err)
	if len(want.Leaks) != 40 || len(want.Gaps) != 8 {
		t.Fatalf("the undisturbed run found %d leaks and %d gaps", len(want.Leaks), len(want.Gaps))
	}
	size := fileSize(t, calm)
	for i := range 4 {
		journal := filepath.Join(t.TempDir(), "run.journal")
		cmd := scan(journal)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		hit, at := make(chan struct{}), size/10+rng.Int64N(size*7/10)
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
		out, err := scan(journal, "--resume").Output()
		if diff := cmp.Diff(want, essence(t, out, err)); diff != "" {
			t.Errorf("%d: undisturbed (-), killed and resumed (+):\n%s", i, diff)
		}
	}
}
