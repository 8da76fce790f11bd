//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mislaid/internal/paths"
	"mislaid/sources"
	"mislaid/sources/sourcetest"
)

// The test binary runs itself again as somebody else, or with other limits, for
// the tests that ask for it. Which one is in the environment.
const childVariable = "MISLAID_LOCAL_TEST_CHILD"

var children = map[string]func() error{
	"deep": childDeep, "starved": childStarved, "denied": childDenied, "read": childRead,
}

func TestMain(m *testing.M) {
	if run := children[os.Getenv(childVariable)]; run != nil {
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// tree is a temporary directory as a Place.
type tree struct{ root string }

func newTree(t testing.TB) *tree { return &tree{t.TempDir()} }

func (p *tree) Open(t *testing.T) sources.Source { return openSource(t, Config{Root: p.root}) }

func (p *tree) Ref(path string) (string, string) {
	return ContainerID, string(paths.Escape(nil, []byte(path)))
}

func (p *tree) Put(t *testing.T, path string, data []byte) { put(t, p.root, path, string(data)) }

func (p *tree) Remove(t *testing.T, path string) {
	if err := os.Remove(p.root + "/" + path); err != nil {
		t.Fatal(err)
	}
}

// Deny has no effect on the superuser; the suite runs as an ordinary user.
func (p *tree) Deny(t *testing.T, path string) {
	if err := os.Chmod(p.root+"/"+path, 0); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, root, path, data string) string {
	t.Helper()
	full := root + "/" + path
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	tmp := filepath.Join(filepath.Dir(full), ".tmp")
	if err := os.WriteFile(tmp, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, full); err != nil {
		t.Fatal(err)
	}
	return full
}

func openSource(t testing.TB, c Config) *Source {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func opened(t testing.TB, c Config) *Source {
	s := openSource(t, c)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// outcome lists a whole source: ID → error.
func outcome(t testing.TB, s sources.Source) map[string]error {
	t.Helper()
	all := map[string]error{}
	for it, err := range s.Items(context.Background(), sources.Container{ID: ContainerID}, "") {
		if it.ID == "" {
			t.Fatal(err)
		}
		if _, twice := all[it.ID]; twice {
			t.Errorf("%q is listed twice", it.ID)
		}
		all[it.ID] = err
	}
	return all
}

// expect compares a listing with ID → reason of the skip, "" for a file.
func expect(t testing.TB, got map[string]error, want map[string]string) {
	t.Helper()
	for id, reason := range want {
		err, ok := got[id]
		var skip *sources.SkipError
		switch {
		case !ok:
			t.Errorf("%q is not listed", id)
		case reason == "" && err != nil:
			t.Errorf("%q: %v", id, err)
		case reason != "" && (!errors.As(err, &skip) || skip.Reason != reason):
			t.Errorf("%q: %v, want it left out as %q", id, err, reason)
		}
	}
	for id, err := range got {
		if _, ok := want[id]; !ok {
			t.Errorf("%q is listed: %v", id, err)
		}
	}
}

var _ sourcetest.Place = (*tree)(nil)
