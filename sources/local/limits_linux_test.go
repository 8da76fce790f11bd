package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"mislaid/sources"
)

func TestPseudoFileSystems(t *testing.T) {
	names := []string{"proc", "sys"}
	only := Config{Root: "/", Exclude: []string{"[!ps]*", "p[!r]*", "s[!y]*"}}
	for config, want := range map[bool]string{false: "pseudo file system", true: "other file system"} {
		only.OneFileSystem = config
		got := outcome(t, opened(t, only))
		for _, name := range names {
			var skip *sources.SkipError
			if !errors.As(got[name], &skip) || skip.Reason != want {
				t.Errorf("/%s: %v, want it left out as %q", name, got[name], want)
			}
		}
	}
	s := opened(t, Config{Root: "/proc/self/net", Include: []string{"dev"}})
	if err, ok := outcome(t, s)["dev"]; !ok || err != nil {
		t.Errorf("a root within /proc does not list its files: %v", err)
	}
	if got, err := readID(t, s, "dev"); err != nil || !strings.Contains(got, "Inter-") {
		t.Errorf("%q, %v", got, err)
	}
}

// deepLevels is how deep the deep tree is; its path is longer than PATH_MAX.
const deepLevels = 3000

func deepName(i int) string { return fmt.Sprintf("level%05d", i) }

// TestDeepTree lists and reads a tree that is deeper than descriptors and path
// lengths allow, in a process that may hold 64 descriptors.
func TestDeepTree(t *testing.T) {
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	for i := range deepLevels {
		must(t, unix.Mkdirat(fd, deepName(i), 0o755))
		next, err := unix.Openat(fd, deepName(i), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		must(t, unix.Close(fd))
		fd = next
		if i%1000 == 999 {
			file, err := unix.Openat(fd, "zfile", unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o644)
			must(t, err)
			_, err = unix.Write(file, []byte("found"))
			must(t, errors.Join(err, unix.Close(file)))
		}
	}
	must(t, unix.Close(fd))
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childVariable+"=deep", "MISLAID_LOCAL_TEST_ROOT="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func childDeep() error {
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		return err
	}
	for _, dirs := range []int{0, 1, 1000} {
		s, err := New(Config{Root: os.Getenv("MISLAID_LOCAL_TEST_ROOT"), MaxDirs: dirs})
		if err != nil {
			return err
		}
		if dirs == 1000 {
			s.dirs.held = make([]atomic.Pointer[dir], dirs) // more than the process may hold
		}
		n := 0
		for it, err := range s.Items(context.Background(), sources.Container{ID: ContainerID}, "") {
			if err != nil {
				return fmt.Errorf("listing: %.200w", err)
			}
			b, err := s.Open(context.Background(), it, 0, -1)
			if err != nil {
				return fmt.Errorf("open: %.200w", err)
			}
			buf := make([]byte, 10)
			if k, _ := b.Read(buf); string(buf[:k]) != "found" {
				return fmt.Errorf("read %q", buf[:k])
			}
			if err := b.Close(); err != nil {
				return err
			}
			if a, err := s.Audience(context.Background(), it); err != nil || a.Now.Set == 0 {
				return fmt.Errorf("audience: %v, %.200w", a.Now, err)
			}
			n++
		}
		if n != deepLevels/1000 {
			return fmt.Errorf("found %d files with %d directories held", n, dirs)
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// TestNoDescriptors: a process that is out of descriptors reports what it could
// not read.
func TestNoDescriptors(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		put(t, dir, fmt.Sprintf("d%d/file", i), "x")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childVariable+"=starved", "MISLAID_LOCAL_TEST_ROOT="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func childStarved() error {
	s, err := New(Config{Root: os.Getenv("MISLAID_LOCAL_TEST_ROOT")})
	if err != nil {
		return err
	}
	fd, err := unix.Open("/dev/null", unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(fd) + 1, Max: 64}); err != nil {
		return err
	}
	n := 0
	for it, err := range s.Items(context.Background(), sources.Container{ID: ContainerID}, "") {
		if !errors.Is(err, unix.EMFILE) || it.ID == "" {
			return fmt.Errorf("%q: %w", it.ID, err)
		}
		n++
	}
	if n != 20 {
		return fmt.Errorf("%d directories were reported", n)
	}
	return nil
}

func TestDenied(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o755))
	must(t, os.Chmod(dir+"/..", 0o755))
	put(t, dir, "a/file", "x")
	put(t, dir, "closed/file", "x")
	put(t, dir, "listed/file", "x") // may be listed and not passed
	put(t, dir, "z/denied", "x")
	put(t, dir, "z/file", "x")
	for path, mode := range map[string]os.FileMode{"closed": 0, "listed": 0o744, "z/denied": 0o600} {
		must(t, os.Chmod(dir+"/"+path, mode))
	}
	if os.Geteuid() != 0 {
		must(t, os.Chmod(dir+"/z/denied", 0))
		must(t, os.Chmod(dir+"/listed", 0o400))
		t.Setenv("MISLAID_LOCAL_TEST_ROOT", dir)
		must(t, childDenied())
		return
	}
	cmd := asUser(t, ordinary, ordinary, nil)
	cmd.Env = append(cmd.Env, childVariable+"=denied", "MISLAID_LOCAL_TEST_ROOT="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func childDenied() error {
	s, err := New(Config{Root: os.Getenv("MISLAID_LOCAL_TEST_ROOT")})
	if err != nil {
		return err
	}
	var got []string
	for it, err := range s.Items(context.Background(), sources.Container{ID: ContainerID}, "") {
		if err == nil {
			var b sources.Body
			if b, err = s.Open(context.Background(), it, 0, -1); err == nil {
				err = b.Close()
			}
		}
		how := "error"
		switch {
		case err == nil:
			how = "read"
		case errors.Is(err, sources.ErrDenied) && strings.Contains(err.Error(), it.ID):
			how = "denied"
		}
		got = append(got, it.ID+" "+how)
	}
	const want = "a/file read, closed denied, listed/file denied, z/denied denied, z/file read"
	if list := strings.Join(got, ", "); list != want {
		return fmt.Errorf("%s, want %s", list, want)
	}
	if _, err := New(Config{Root: os.Getenv("MISLAID_LOCAL_TEST_ROOT") + "/closed"}); !errors.Is(err, sources.ErrDenied) {
		return fmt.Errorf("a root that is denied: %w", err)
	}
	if _, err := New(Config{Root: os.Getenv("MISLAID_LOCAL_TEST_ROOT") + "/z/denied"}); !errors.Is(err, sources.ErrDenied) {
		return fmt.Errorf("a file root that is denied: %w", err)
	}
	return nil
}
