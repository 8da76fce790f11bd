//go:build linux

package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mislaid/sources"
	"mislaid/sources/sourcetest"
)

// ordinary is a user without rights, for tests that the superuser would pass.
const ordinary = 65534

// asUser makes the command of a test binary run as another user. The binary
// is copied to where that user can reach it.
func asUser(t *testing.T, uid, gid uint32, groups []uint32, args ...string) *exec.Cmd {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "mislaid-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "test")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "TMPDIR=/tmp")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}}
	return cmd
}

func TestConformance(t *testing.T) {
	if os.Geteuid() == 0 {
		cmd := asUser(t, ordinary, ordinary, nil, "-test.run=^TestConformance$", "-test.v", "-test.timeout=2m")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestConformance/Denied") {
			t.Fatalf("as an ordinary user: %v\n%s", err, out)
		}
		return
	}
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place { return newTree(t) })
}

// TestConformanceFewDirectories runs the suite with hardly any descriptor held.
func TestConformanceFewDirectories(t *testing.T) {
	if os.Geteuid() == 0 {
		cmd := asUser(t, ordinary, ordinary, nil, "-test.run=^TestConformanceFewDirectories$", "-test.v", "-test.timeout=2m")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestConformanceFewDirectories/Denied") {
			t.Fatalf("as an ordinary user: %v\n%s", err, out)
		}
		return
	}
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place { return &narrow{newTree(t)} })
}

type narrow struct{ *tree }

func (p *narrow) Open(t *testing.T) sources.Source {
	return openSource(t, Config{Root: p.root, MaxDirs: 1})
}

// TestConformanceAttrs runs the suite with listings that tell more.
func TestConformanceAttrs(t *testing.T) {
	if os.Geteuid() == 0 {
		cmd := asUser(t, ordinary, ordinary, nil, "-test.run=^TestConformanceAttrs$", "-test.v", "-test.timeout=2m")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestConformanceAttrs/Denied") {
			t.Fatalf("as an ordinary user: %v\n%s", err, out)
		}
		return
	}
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place { return &told{newTree(t)} })
}

type told struct{ *tree }

func (p *told) Open(t *testing.T) sources.Source {
	return openSource(t, Config{Root: p.root, Attrs: true})
}
