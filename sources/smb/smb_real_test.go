//go:build real && linux

package smb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mislaid/internal/secret"
	"mislaid/internal/smb2"
	"mislaid/sources"
	"mislaid/sources/smb/smbtest"
)

func put(t *testing.T, s *smbtest.Server, share, name string, data []byte) {
	t.Helper()
	path := filepath.Join(s.Path(share), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// readable returns the ids of what a source lists and opens, and the errors of
// containers and items that it does not.
func readable(t *testing.T, s *Source) (read []string, failed map[string]error) {
	t.Helper()
	failed = make(map[string]error)
	for c, err := range s.Containers(t.Context()) {
		if err != nil {
			failed[c.ID] = err
			continue
		}
		for it, err := range s.Items(t.Context(), c, "") {
			if err == nil {
				var b sources.Body
				if b, err = s.Open(t.Context(), it, 0, -1); err == nil {
					_, err = io.Copy(io.Discard, b)
					_ = b.Close()
				}
			}
			if err != nil {
				failed[c.ID+"/"+it.ID] = err
			} else {
				read = append(read, c.ID+"/"+it.ID)
			}
		}
	}
	return read, failed
}

func as(t *testing.T, s *smbtest.Server, c Credential, path string) *Source {
	t.Helper()
	src, err := New(Config{Network: NewNetwork(NetworkConfig{Account: NewAccount(c), Limits: limits}), Target: target(t, s, path)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// TestShares has every kind of share, and everybody who may come.
func TestShares(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{
		"public": {"guest ok": "yes", "comment": "for all"}, "restricted": {"valid users": "games"}, "home$": nil,
		"sealed": {"smb encrypt": "required"}, "printer": {"printable": "yes"},
	}})
	for _, share := range []string{"public", "restricted", "home$", "sealed"} {
		put(t, s, share, "a/file.txt", []byte("x"))
	}
	alice := source(t, s, "alice", "")
	shares, err := alice.Shares(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, sh := range shares {
		got[sh.Name] = sh.Kind + ":" + sh.LeftOut + ":" + sh.Comment
	}
	for name, want := range map[string]string{
		"public": "share::for all", "restricted": "share::", "home$": "share::", "sealed": "share::", "IPC$": "pipes:it shares no files:",
	} {
		if !strings.HasPrefix(got[name], want) {
			t.Errorf("share %s is %q, want %q", name, got[name], want)
		}
	}
	for who, test := range map[string]struct {
		src  *Source
		want string
	}{
		"alice":     {alice, "home$ public restricted sealed"},
		"bob":       {source(t, s, "bob", ""), "home$ public sealed"},
		"guest":     {as(t, s, Credential{Method: Guest}, ""), "public"},
		"anonymous": {as(t, s, Credential{Method: Anonymous}, ""), "public"},
	} {
		read, failed := readable(t, test.src)
		for i := range read {
			read[i] = strings.TrimSuffix(read[i], "/a/file.txt")
		}
		if got := strings.Join(read, " "); got != test.want {
			t.Errorf("%s reads %q, want %q; errors %v", who, got, test.want, failed)
		}
	}
	if _, err := alice.Hello(t.Context()); err != nil {
		t.Error(err)
	}
	excluded, err := New(Config{Network: network(t, s, "alice"), Target: target(t, s, ""), ExcludeShares: []string{"home*", "{sealed,restricted}"}})
	if err != nil {
		t.Fatal(err)
	}
	defer excluded.Close()
	if read, _ := readable(t, excluded); len(read) != 1 {
		t.Errorf("with shares excluded it reads %q", read)
	}
}

// TestSilentGuest: who is made a guest without having asked is told so, and is
// not read as.
func TestSilentGuest(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{share: {"guest ok": "yes"}}})
	put(t, s, share, "f", []byte("x"))
	src := as(t, s, Credential{Method: Password, User: "zorro", Password: secret.New([]byte("x"))}, share)
	read, failed := readable(t, src)
	guest := new(GuestError)
	if len(read) > 0 || !errors.As(failed[""], &guest) {
		t.Errorf("read %q, errors %v", read, failed)
	}
}

// TestOneFile: a target that is a file is crawled alone.
func TestOneFile(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{share: nil}})
	put(t, s, share, "d/one.txt", []byte("1"))
	put(t, s, share, "d/two.txt", []byte("2"))
	for path, want := range map[string]string{
		share + "/d/one.txt": "data/d:one.txt/one.txt", share + "/d": "data/d/one.txt data/d/two.txt", share: "data/d/one.txt data/d/two.txt",
	} {
		read, failed := readable(t, source(t, s, "alice", path))
		if got := strings.Join(read, " "); got != want || len(failed) > 0 {
			t.Errorf("%s: %q, %v", path, got, failed)
		}
	}
	if _, failed := readable(t, source(t, s, "alice", share+"/nothing")); !errors.Is(failed[share+"/nothing"], sources.ErrGone) {
		t.Errorf("a path that is not there: %v", failed)
	}
	if _, failed := readable(t, source(t, s, "alice", "nothing")); !errors.Is(failed["nothing"], sources.ErrGone) {
		t.Errorf("a share that is not there: %v", failed)
	}
}

// TestNobodyIsLocked signs in at many servers at once with a wrong password, and
// with one that is changed while the servers are being read: each costs the
// account one wrong password and no more.
func TestNobodyIsLocked(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{share: nil}, Global: map[string]string{"map to guest": "Never", "bind interfaces only": "no"}})
	s.SetLockout(t, 3)
	put(t, s, share, "f", []byte("x"))
	const hosts = 20
	sweep := func(n *Network) (worked int) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range hosts {
			wg.Go(func() {
				tgt := Target{Host: fmt.Sprintf("127.0.0.%d", i+1), Port: s.Port, Share: share}
				err := n.server(tgt).call(t.Context(), share, func(ctx context.Context, tree *smb2.Tree) error {
					_, err := tree.Stat(ctx, "f", 0)
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					worked++
				} else if !errors.Is(err, sources.ErrSession) {
					t.Errorf("%s: %v", tgt.Host, err)
				}
			})
		}
		wg.Wait()
		return worked
	}
	wrong := NewNetwork(NetworkConfig{Limits: limits, Account: NewAccount(Credential{Method: Password, User: "bob", Password: secret.New([]byte("wrong"))})})
	wrong.use(Target{})
	defer wrong.leave()
	if worked := sweep(wrong); worked > 0 {
		t.Errorf("a wrong password worked at %d servers", worked)
	}
	if got := s.WrongPasswords(t, "bob"); got != 1 {
		t.Errorf("a wrong password at %d servers was counted %d times", hosts, got)
	}

	n := network(t, s, "alice")
	n.use(Target{})
	defer n.leave()
	if worked := sweep(n); worked != hosts {
		t.Errorf("the right password worked at %d of %d servers", worked, hosts)
	}
	s.SetPassword(t, "alice", "another"+secretText(t))
	s.Drop()
	time.Sleep(300 * time.Millisecond)
	if worked := sweep(n); worked > 0 {
		t.Errorf("a changed password worked at %d servers", worked)
	}
	if got := s.WrongPasswords(t, "alice"); got != 1 {
		t.Errorf("a changed password at %d servers was counted %d times", hosts, got)
	}
	if n.Account().Stopped() == nil {
		t.Error("the account goes on")
	}
}

func secretText(t *testing.T) string { return fmt.Sprint(time.Now().UnixNano()) + t.Name() }

// TestReconnect reads a large file whose connection is cut again and again: the
// bytes are those of the file.
func TestReconnect(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{share: nil}})
	data := make([]byte, 30<<20)
	for i := range data {
		data[i] = byte(i * i >> 11)
	}
	put(t, s, share, "big", data)
	src := source(t, s, "alice", share)
	it, err := src.Item(t.Context(), sources.Ref{Container: share, Item: "big"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := src.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	buf := make([]byte, 300_000)
	for off, reads := 0, 0; ; reads++ {
		n, err := b.Read(buf)
		if string(buf[:n]) != string(data[off:off+n]) {
			t.Fatalf("other bytes at %d", off)
		}
		off += n
		if errors.Is(err, io.EOF) {
			if off != len(data) {
				t.Errorf("%d bytes of %d", off, len(data))
			}
			break
		}
		if err != nil {
			t.Fatalf("at %d: %v", off, err)
		}
		if reads%25 == 10 {
			s.Drop()
		}
	}
	// Another version must not be spliced in.
	b2, err := src.Open(t.Context(), it, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer b2.Close()
	if _, err := b2.Read(buf); err != nil {
		t.Fatal(err)
	}
	// By another size: while a file is open, smbd does not tell clients of the
	// time of a change that was made past it.
	put(t, s, share, "big", append(data, 'x'))
	s.Drop()
	time.Sleep(200 * time.Millisecond) // until it is noticed here
	if n, err := io.Copy(io.Discard, b2); !errors.Is(err, sources.ErrChanged) {
		t.Errorf("a file that changed while the connection was lost: %d bytes, %v", n, err)
	}
}

// TestProbe compares what a probe says with what strangers can really read.
func TestProbe(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{
		"open": {"guest ok": "yes"}, "members": nil,
	}, Global: map[string]string{"restrict anonymous": "0"}})
	for _, share := range []string{"open", "members"} {
		put(t, s, share, "all", []byte("x"))
		put(t, s, share, "few", []byte("x"))
		if err := os.Chmod(filepath.Join(s.Path(share), "few"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	gid := func() int { _, g := s.UnixUser(t, "alice"); return g }()
	for _, share := range []string{"open", "members"} {
		if err := os.Chown(filepath.Join(s.Path(share), "few"), 0, gid); err != nil {
			t.Fatal(err)
		}
	}
	n := NewNetwork(NetworkConfig{Account: account(s, "alice"), Limits: limits, Probe: true})
	src, err := New(Config{Network: n, Target: target(t, s, "")})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	nobody := smbtest.Dial(t, s.Addr, "", "", "")
	for _, share := range []string{"open", "members"} {
		for _, file := range []string{"all", "few"} {
			a, err := src.Audience(t.Context(), sources.Item{Container: share, ID: file})
			if err != nil {
				t.Fatal(err)
			}
			really := nobody.Reads(t, share, file)
			if want := share == "open" && file == "all"; really != want {
				t.Fatalf("%s/%s: nobody reads it: %v", share, file, really)
			}
			if said := a.Now.AtLeast == sources.AnyoneLink; said != really {
				t.Errorf("%s/%s: nobody reads it: %v; said: %+v\n%+v\n%q", share, file, really, a.Now, a.Grants, a.Unresolved)
			}
			if !really && a.Now.AtMost >= sources.AnyoneLink {
				t.Errorf("%s/%s: refused, and yet at most %v: %+v %q", share, file, a.Now.AtMost, a.Grants, a.Unresolved)
			}
		}
	}
	if got := s.WrongPasswords(t, "alice"); got != 0 {
		t.Errorf("%d wrong passwords", got)
	}
	s.Kill()
	if _, err := src.Audience(t.Context(), sources.Item{Container: "open", ID: "all"}); err == nil {
		t.Error("a server that is gone tells who can read a file")
	}
}
