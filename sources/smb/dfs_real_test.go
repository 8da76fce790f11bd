//go:build real && linux

package smb

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mislaid/internal/secret"
	"mislaid/sources"
	"mislaid/sources/smb/smbtest"
)

// The addresses of the servers of the DFS tests, in the namespace of Main.
const (
	rootAddress  = "10.99.0.11"
	otherAddress = "10.99.0.12"
	thirdAddress = "10.99.0.13"
	deadAddress  = "127.0.0.9"
)

// nameSpace is a DFS root on one server whose links lead to another.
func nameSpace(t *testing.T, links map[string]string) (root, other *smbtest.Server) {
	t.Helper()
	root = smbtest.Start(t, smbtest.Config{Address: rootAddress, Shares: map[string]map[string]string{"dfs": {"msdfs root": "yes"}, "local": nil}})
	other = smbtest.Start(t, smbtest.Config{Address: otherAddress, Shares: map[string]map[string]string{"data": nil, "more": nil, "closed": {"valid users": "bob"}}})
	other.SetPassword(t, "alice", root.Password("alice"))
	put(t, root, "dfs", "here/f", []byte("x"))
	put(t, root, "local", "f", []byte("x"))
	put(t, other, "data", "sub/deep/f", []byte("x"))
	put(t, other, "more", "g", []byte("x"))
	put(t, other, "closed", "c", []byte("x"))
	for at, to := range links {
		path := filepath.Join(root.Path("dfs"), at)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("msdfs:"+to, path); err != nil {
			t.Fatal(err)
		}
	}
	return root, other
}

func TestDFS(t *testing.T) {
	root, _ := nameSpace(t, map[string]string{
		"a-link":      otherAddress + `\data`,
		"here/second": otherAddress + `\data`, // read once
		"here/part":   otherAddress + `\more`,
		"local":       rootAddress + `\local`,                                // inside the server that is crawled whole
		"replica":     deadAddress + `\x,` + otherAddress + `\data\sub\deep`, // the first replica is gone
		"dead":        deadAddress + `\x`,
		"denied":      otherAddress + `\closed`,
		"circle":      rootAddress + `\dfs`,
		"nowhere":     otherAddress + `\nothing`,
	})
	for path, want := range map[string]string{
		"dfs":                   "dfs/a-link/sub/deep/f dfs/here/f dfs/here/part/g dfs/local/f dfs/replica/f",
		"":                      "dfs/a-link/sub/deep/f dfs/here/f dfs/here/part/g dfs/replica/f local/f",
		"dfs/a-link/sub/deep/f": "dfs/a-link/sub/deep:f/f", // one file behind a link
		"dfs/here/second/sub":   "dfs/here/second/sub/deep/f",
	} {
		src := source(t, root, "alice", path)
		read, failed := readable(t, src)
		slices.Sort(read)
		if got := strings.Join(read, " "); got != want {
			t.Errorf("%q reads\n%s, want\n%s", path, got, want)
		}
		if path != "dfs" && path != "" {
			continue
		}
		for link, target := range map[string]string{
			"dfs/dead": `\\` + deadAddress + `\x`, "dfs/denied": `\\` + otherAddress + `\closed`, "dfs/nowhere": `\\` + otherAddress + `\nothing`,
		} {
			if err := failed[link]; err == nil || !strings.Contains(err.Error(), target) {
				t.Errorf("%q: %s: %v", path, link, err)
			}
		}
		maps.DeleteFunc(failed, func(_ string, err error) bool { return errors.Is(err, sources.ErrSkipped) })
		if !errors.Is(failed["dfs/denied"], sources.ErrDenied) || errors.Is(failed["dfs/dead"], sources.ErrSession) || len(failed) != 3 {
			t.Errorf("%q: %v", path, slices.Sorted(maps.Keys(failed)))
		}
	}
	src := source(t, root, "alice", "dfs")
	ref := sources.Ref{Container: "dfs/a-link", Item: "sub/deep/f"} // as after a restart: nobody has listed anything
	it, err := src.Item(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	a, err := src.Audience(t.Context(), it)
	if err != nil || len(a.Grants) == 0 {
		t.Errorf("%+v, %v", a, err)
	}
	links, err := src.Links(t.Context(), "dfs")
	if err != nil || len(links) != 9 {
		t.Errorf("%+v, %v", links, err)
	}
}

// TestDFSKeepsTheAccount: a link to a server that refuses the password stops the
// account as any other server does.
func TestDFSKeepsTheAccount(t *testing.T) {
	third := smbtest.Start(t, smbtest.Config{Address: thirdAddress, Shares: map[string]map[string]string{"data": nil}, Global: map[string]string{"map to guest": "Never"}})
	third.SetLockout(t, 3)
	links := make(map[string]string)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		links[name] = thirdAddress + `\data\` + name
	}
	root, _ := nameSpace(t, links)
	src := as(t, root, Credential{Method: Password, User: "alice", Password: secret.New([]byte(root.Password("alice")))}, "dfs")
	_, failed := readable(t, src)
	if got := third.WrongPasswords(t, "alice"); got != 1 {
		t.Errorf("%d wrong passwords; %v", got, failed)
	}
	stopped := new(StoppedError)
	if err := failed["dfs/a"]; !errors.As(err, &stopped) {
		t.Errorf("%v", failed)
	}
}
