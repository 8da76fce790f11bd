package extract

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) {
	switch strings.Join(os.Args[1:], " ") {
	case "serve":
		if Serve(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
	case "crash":
		_, _ = os.Stdin.Read(make([]byte, 10))
		panic("a library gave up")
	case "hang":
		_, _ = os.Stdin.Read(make([]byte, 10))
		time.Sleep(time.Hour)
	case "babble":
		_, _ = os.Stdout.WriteString(strings.Repeat("nonsense", 1000))
	case "bloat":
		confine()
		_, _ = os.Stdin.Read(make([]byte, 10))
		var hoard [][]byte
		for range 100 {
			b := make([]byte, 16<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			hoard = append(hoard, b)
		}
		runtime.KeepAlive(hoard)
	default:
		os.Exit(m.Run())
	}
}

func child(t testing.TB, how string) *Process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{Command: []string{exe, how}}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// TestProcess gets the same from a child as from a reader in this process.
func TestProcess(t *testing.T) {
	text := strings.Repeat("line of text\n", 50_000)
	tarball := tarOf(t, entry{"x/y", text}, entry{"in.zip", string(zipOf(t, entry{"deep", "deep"}))}, entry{"z", "z"})
	pr := child(t, "serve")
	for name, b := range map[string][]byte{
		"tar": tarball, "torn": tarball[:100_000], "xz": compressed(t, []byte(text), xzTo),
		"tar.gz": compressed(t, tarball, gzipTo), "zip of tars": zipOf(t, entry{"a.tar", string(tarball)}, entry{"b.tar", string(tarball)}),
	} {
		want := walkBytes(t, Limits{}, b)
		got := newRecorded()
		wr := Walker{Process: pr}
		if err := wr.Walk(t.Context(), Input{Reader: bytes.NewReader(b), At: bytes.NewReader(b), Size: int64(len(b))}, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.texts, got.texts); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for inner, err := range want.gaps {
			if got.gaps[inner] == nil || got.gaps[inner].Error() != err.Error() || errors.Is(err, ErrTorn) != errors.Is(got.gaps[inner], ErrTorn) {
				t.Errorf("%s: gap at %q: %v, want %v", name, inner, got.gaps[inner], err)
			}
		}
	}
}

// TestProcessFails makes a gap of whatever becomes of a child, in bounded time.
func TestProcessFails(t *testing.T) {
	b := tarOf(t, entry{"x", "x"})
	for _, how := range []string{"crash", "hang", "babble", "bloat", "no such program"} {
		t.Run(how, func(t *testing.T) {
			if how == "bloat" && runtime.GOOS != "linux" {
				t.Log("memory is limited on Linux alone")
				return
			}
			pr := child(t, how)
			if how == "no such program" {
				pr.Command = []string{"/nowhere"}
			}
			v := newRecorded()
			wr := Walker{Process: pr, Limits: Limits{Timeout: 2 * time.Second}}
			if how != "hang" {
				wr.Limits.Timeout = time.Minute
			}
			begin := time.Now()
			if err := wr.Walk(t.Context(), Input{Reader: bytes.NewReader(b), At: bytes.NewReader(b), Size: int64(len(b))}, v); err != nil {
				t.Fatal(err)
			}
			if time.Since(begin) > 30*time.Second {
				t.Errorf("it took %s", time.Since(begin))
			}
			if len(v.gaps) != 1 || v.gaps[""] == nil {
				t.Errorf("gaps: %v", v.gaps)
			}
			if want := map[bool]error{true: ErrLimit, false: ErrFailed}[how == "hang"]; !errors.Is(v.gaps[""], want) {
				t.Errorf("the gap is %v", v.gaps[""])
			}
		})
	}
}

// TestProcessCancelled ends with its caller.
func TestProcessCancelled(t *testing.T) {
	b := tarOf(t, entry{"x", "x"})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	wr := Walker{Process: child(t, "hang")}
	if err := wr.Walk(ctx, Input{Reader: bytes.NewReader(b), Size: int64(len(b))}, newRecorded()); !errors.Is(err, context.Canceled) {
		t.Errorf("the walk ended with %v", err)
	}
}
