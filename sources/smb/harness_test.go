//go:build real && linux

package smb

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mislaid/internal/paths"
	"mislaid/internal/secret"
	"mislaid/internal/smb2"
	"mislaid/sources"
	"mislaid/sources/smb/smbtest"
	"mislaid/sources/sourcetest"
)

// limits make the tests of lost servers short.
var limits = Limits{Timeout: 5 * time.Second, Patience: 10 * time.Second}

func account(s *smbtest.Server, user string) *Account {
	return NewAccount(Credential{Method: Password, User: user, Password: secret.New([]byte(s.Password(user)))})
}

// network signs in as user at servers of the test.
func network(t testing.TB, s *smbtest.Server, user string) *Network {
	t.Helper()
	return NewNetwork(NetworkConfig{Account: account(s, user), Limits: limits})
}

func target(t testing.TB, s *smbtest.Server, path string) Target {
	t.Helper()
	tgt, err := ParseTarget("smb://" + s.Addr + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return tgt
}

// source opens a path of the server as user.
func source(t testing.TB, s *smbtest.Server, user, path string) *Source {
	t.Helper()
	src, err := New(Config{Network: network(t, s, user), Target: target(t, s, path)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// place is a share of a server of its own.
type place struct {
	server  *smbtest.Server
	network func(t *testing.T) *Network
	ids     map[string]string // of paths whose names the server changes
}

const share = "data"

var _ sourcetest.Place = (*place)(nil)

func newPlace(t *testing.T, c smbtest.Config, nc NetworkConfig, user string) *place {
	if c.Shares == nil {
		c.Shares = map[string]map[string]string{share: nil}
	}
	p := &place{server: smbtest.Start(t, c), ids: make(map[string]string)}
	p.network = func(t *testing.T) *Network {
		own := nc
		own.Limits = limits
		if own.Account == nil {
			own.Account = account(p.server, user)
		}
		return NewNetwork(own)
	}
	return p
}

func (p *place) Open(t *testing.T) sources.Source {
	src, err := New(Config{Network: p.network(t), Target: target(t, p.server, share)})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func (p *place) Ref(path string) (string, string) {
	if id := p.ids[path]; id != "" {
		return share, id
	}
	return share, path
}

func (p *place) full(path string) string { return p.server.Path(share) + "/" + path }

func (p *place) Put(t *testing.T, path string, data []byte) {
	t.Helper()
	full := p.full(path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	tmp := p.server.Dir + "/tmp"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, full); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r > '~' || r < ' ' || strings.ContainsRune(`\:*?"<>|`, r) }) ||
		strings.HasSuffix(path, " ") || strings.HasSuffix(path, ".") || strings.HasPrefix(path, " ") || path == "con" {
		p.ids[path] = p.lookUp(t, path)
	}
}

// lookUp finds out what the server calls a file, by its inode.
func (p *place) lookUp(t *testing.T, path string) string {
	t.Helper()
	n := p.network(t)
	n.use(Target{})
	defer n.leave()
	var id string
	for i, part := 0, ""; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		var st syscall.Stat_t
		if err := syscall.Lstat(p.full(path[:i]), &st); err != nil {
			t.Fatal(err)
		}
		err := n.server(target(t, p.server, share)).call(t.Context(), share, func(ctx context.Context, tree *smb2.Tree) error {
			part = ""
			return tree.ReadDir(ctx, id, 0, func(e smb2.Entry) error {
				if e.Index == st.Ino {
					part = string(e.Name)
				}
				return nil
			})
		})
		if err != nil || part == "" {
			t.Fatalf("%q is not listed: %v", path[:i], err)
		}
		id += "/" + part
		if id[0] == '/' && i == strings.IndexByte(path+"/", '/') {
			id = id[1:]
		}
	}
	return paths.Legible(id)
}

func (p *place) Remove(t *testing.T, path string) {
	if err := os.Remove(p.full(path)); err != nil {
		t.Fatal(err)
	}
}

func (p *place) Deny(t *testing.T, path string) {
	if err := os.Chmod(p.full(path), 0); err != nil {
		t.Fatal(err)
	}
}
