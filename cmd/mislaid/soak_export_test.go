//go:build soak && linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mislaid/detectors/detectortest"
	"mislaid/sources/slack/slacktest"
)

// TestSoakExport scans an export of 1 GB of JSON with a key in every 100,000th
// message: all are found, at 150 MB a second of one processor or more, within 200 MB
// of memory.
func TestSoakExport(t *testing.T) {
	const most, least = 200 << 20, 150e6
	bin, dir := buildProgram(t), t.TempDir()
	rng := rand.New(rand.NewPCG(5, 2))
	planted := 0
	path := filepath.Join(dir, "export.zip")
	f, err := os.Create(path)
	must(t, err)
	size, messages, err := slacktest.Large(f, 1<<30, 5, func(int) string {
		planted++
		return fmt.Sprintf(`aws_access_key_id = %s\naws_secret_access_key = %s`, detectortest.NewKeys(rng).KeyID("AKIA", 29608264753), detectortest.NewKeys(rng).Secret())
	})
	must(t, err)
	must(t, f.Close())

	cmd := exec.Command(bin, "scan", "slack-export:"+path, "--verify", "off", "--format", "json", "--journal", filepath.Join(dir, "journal"), "--progress", "never", "--fail-on", "never")
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	var out, notes bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &notes
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, notes.String())
	}
	wall, cpu := time.Since(begin), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	var report struct{ Leaks []struct{} }
	must(t, json.Unmarshal(out.Bytes(), &report))
	rate := float64(size) / cpu.Seconds()
	t.Logf("%d messages, %d MB of JSON: %.1f s wall, %.1f s of one processor, %.0f MB/s; peak %d MB; %d leaks", messages, size>>20, wall.Seconds(), cpu.Seconds(), rate/1e6, peak>>20, len(report.Leaks))
	if len(report.Leaks) != planted || planted < 5 {
		t.Errorf("%d leaks of %d", len(report.Leaks), planted)
	}
	if rate < least || peak > most {
		t.Errorf("%.0f MB/s, peak %d MB", rate/1e6, peak>>20)
	}
}
