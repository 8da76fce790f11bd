//go:build soak && linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mislaid/detectors/detectortest"
)

// memoryBound is what a scan may hold at its peak, whatever it reads.
const memoryBound = 100 << 20

// TestSoak scans 200,000 small files, 4 GB of source text, and one of
// everything that a tree can hold against us, as a user who is not root. It
// ends, stays within its memory, and accounts for every file.
func TestSoak(t *testing.T) {
	bin := buildProgram(t)
	must(t, os.Chmod(filepath.Dir(filepath.Dir(bin)), 0o755)) // nobody runs it
	dir := soakDir(t)
	rng := rand.New(rand.NewPCG(200, 4))
	pair := func() string {
		return fmt.Sprintf("aws_access_key_id = %s\naws_secret_access_key = %s\n", detectortest.NewKeys(rng).KeyID("AKIA", 29608264753), detectortest.NewKeys(rng).Secret())
	}

	const files = 200_000
	for i := range files {
		text := fmt.Sprintf("file %d\n", i)
		if i%20_000 == 7 {
			text += pair()
		}
		writeFile(t, filepath.Join(dir, "many", fmt.Sprintf("%03d", i%500), fmt.Sprintf("%06d", i)), []byte(text))
	}
	const big = 4 << 30
	writeBig(t, filepath.Join(dir, "big.txt"), big, pair())

	odd := filepath.Join(dir, "odd")
	writeFile(t, filepath.Join(odd, "plain"), []byte("plain\n"))
	must(t, syscall.Mkfifo(filepath.Join(odd, "fifo"), 0o644))
	socket, err := net.Listen("unix", filepath.Join(odd, "socket"))
	must(t, err)
	defer socket.Close()
	must(t, os.Symlink("..", filepath.Join(odd, "loop")))
	writeFile(t, filepath.Join(odd, "closed", "inside"), []byte(pair()))
	must(t, os.Chmod(filepath.Join(odd, "closed"), 0o700)) // root's, and the scan runs as nobody
	vanishing := filepath.Join(dir, "0-vanishing")         // is crawled first
	for i := range 20_000 {
		writeFile(t, filepath.Join(vanishing, fmt.Sprintf("%05d", i)), []byte("soon gone\n"))
	}

	journal := filepath.Join(nobodyDir(t), "soak.journal")
	cmd := exec.Command(bin, "scan", dir, "--verify", "off", "--format", "json", "--journal", journal, "--progress", "never")
	cmd.Env = append(os.Environ(), "HOME=/nonexistent")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var out, notes bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &notes
	begin := time.Now()
	must(t, cmd.Start())
	begun := make(chan struct{})
	watch(begun, func() bool { i, err := os.Stat(journal); return err == nil && i.Size() > 600 })
	removed := 0
	for i := 19_999; i >= 0; i-- { // from the far end, while the scan is at the near one
		if os.Remove(filepath.Join(vanishing, fmt.Sprintf("%05d", i))) == nil {
			removed++
		}
	}
	err = cmd.Wait()
	wall := time.Since(begin)
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Fatalf("%v\n%s", err, notes.Bytes())
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	t.Logf("%v, peak memory %d MB", wall.Round(time.Millisecond), peak>>20)
	if peak > memoryBound {
		t.Errorf("peak memory %d MB", peak>>20)
	}

	var r struct {
		Leaks    []json.RawMessage
		Coverage struct {
			Items, Bytes int64
			Skipped      map[string]int64
			Gaps         []struct{ Path, Reason string }
			GapBy        map[string]int64 `json:"gap_by"` // all of them: of the gaps themselves the first are listed
		}
	}
	must(t, json.Unmarshal(out.Bytes(), &r))
	if len(r.Leaks) != files/20_000+1 {
		t.Errorf("%d leaks", len(r.Leaks))
	}
	if r.Coverage.Bytes < big {
		t.Errorf("%d bytes read", r.Coverage.Bytes)
	}
	reasons := r.Coverage.GapBy
	t.Logf("items %d, skipped %v, gaps %v, removed %d", r.Coverage.Items, r.Coverage.Skipped, reasons, removed)
	for _, reason := range []string{"fifo", "socket", "symlink"} {
		if r.Coverage.Skipped[reason] != 1 {
			t.Errorf("skipped as %s: %d", reason, r.Coverage.Skipped[reason])
		}
	}
	if os.Getuid() == 0 && reasons["denied"] != 1 {
		t.Errorf("denied: %d", reasons["denied"])
	}
	// Every file was read, or is a gap, or was gone before its directory was listed.
	const others = 2 // plain, big.txt
	seen := r.Coverage.Items + reasons["gone"]
	if seen < files+others || seen > files+others+20_000 {
		t.Errorf("%d files were read and %d were gone", r.Coverage.Items, reasons["gone"])
	}
	for _, g := range r.Coverage.Gaps {
		if g.Reason == "gone" && !strings.HasPrefix(g.Path, "0-vanishing/") {
			t.Errorf("gap: %v", g)
		}
	}
	if reasons["gone"] == 0 {
		t.Error("nothing vanished between listing and opening: the test proves nothing")
	}
}

// nobody is the user that owns nothing, by convention.
const nobody = 65534

// soakDir returns a directory on a real file system that nobody may enter.
func soakDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mislaid-soak-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// nobodyDir returns a directory that nobody may write to.
func nobodyDir(t *testing.T) string {
	t.Helper()
	dir := soakDir(t)
	if os.Getuid() == 0 {
		must(t, os.Chown(dir, nobody, nobody))
	}
	return dir
}

// writeBig writes the Go distribution's own source to path until it is size
// bytes long, with pair in its last part.
func writeBig(t *testing.T, path string, size int64, pair string) {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	must(t, err)
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src", "*", "*.go"))
	must(t, err)
	var text []byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		must(t, err)
		text = append(text, b...)
	}
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for left := size - int64(len(pair)); left > 0; left -= int64(len(text)) {
		_, err := f.Write(text[:min(int64(len(text)), left)])
		must(t, err)
	}
	_, err = f.WriteString(pair)
	must(t, err)
	must(t, f.Chmod(0o644))
}

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); errors.Is(err, os.ErrNotExist) {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, text, 0o644))
	} else {
		must(t, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
