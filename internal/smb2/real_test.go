//go:build real && linux

package smb2_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	gosmb2 "github.com/cloudsoda/go-smb2"

	"mislaid/internal/smb2"
	"mislaid/sources/smb/smbtest"
)

func connect(t *testing.T, s *smbtest.Server, user string, c smb2.Config) *smb2.Conn {
	t.Helper()
	c.Host, c.Address = "127.0.0.1", s.Addr
	conn, err := smb2.Connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SignIn(t.Context(), &gosmb2.NTLMInitiator{User: user, Password: s.Password(user)}); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestReal(t *testing.T) {
	for _, test := range []struct {
		name   string
		server map[string]string
		client smb2.Config
		want   string
	}{
		{"3.1.1 GMAC", nil, smb2.Config{}, "3.1.1 AES-GMAC AES-128-GCM"},
		{"3.1.1 CMAC", map[string]string{"server smb3 signing algorithms": "AES-128-CMAC"}, smb2.Config{}, "3.1.1 AES-CMAC AES-128-GCM"},
		{"3.1.1 HMAC", map[string]string{"server smb3 signing algorithms": "HMAC-SHA256"}, smb2.Config{}, "3.1.1 HMAC-SHA256 AES-128-GCM"},
		{"3.1.1 encrypted", nil, smb2.Config{Encrypt: true}, "3.1.1 AES-GMAC AES-128-GCM encrypted"},
		{"3.1.1 CCM", map[string]string{"server smb3 encryption algorithms": "AES-128-CCM"}, smb2.Config{Encrypt: true}, "3.1.1 AES-GMAC AES-128-CCM encrypted"},
		{"server insists", map[string]string{"smb encrypt": "required"}, smb2.Config{}, "3.1.1 AES-GMAC AES-128-GCM encrypted"},
		{"3.0.2", map[string]string{"server max protocol": "SMB3_02"}, smb2.Config{Encrypt: true}, "3.0.2 AES-CMAC AES-128-CCM encrypted"},
		{"3.0", map[string]string{"server max protocol": "SMB3_00"}, smb2.Config{}, "3.0 AES-CMAC AES-128-CCM"},
		{"2.1", map[string]string{"server max protocol": "SMB2_10"}, smb2.Config{}, "2.1 HMAC-SHA256 "},
		{"2.0.2", map[string]string{"server max protocol": "SMB2_02"}, smb2.Config{}, "2.0.2 HMAC-SHA256 "},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := smbtest.Start(t, smbtest.Config{Global: test.server, Shares: map[string]map[string]string{"data": {"read only": "no"}}})
			big := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
			if err := os.WriteFile(filepath.Join(s.Path("data"), "big"), big, 0o644); err != nil {
				t.Fatal(err)
			}
			for name, data := range map[string]string{"small": "few bytes", "empty": ""} {
				if err := os.WriteFile(filepath.Join(s.Path("data"), name), []byte(data), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			c := connect(t, s, "alice", test.client)
			f := c.Facts()
			got := f.Dialect + " " + f.Signing + " " + f.Encryption
			if f.Encrypted {
				got += " encrypted"
			}
			if got != test.want {
				t.Errorf("negotiated %q, want %q", got, test.want)
			}
			tree, err := c.Tree(t.Context(), "data")
			if err != nil {
				t.Fatal(err, s.Log())
			}
			n := 0
			if err := tree.ReadDir(t.Context(), "", 0, func(e smb2.Entry) error {
				n++
				info, err := tree.Stat(t.Context(), string(e.Name), 0)
				if err != nil || info != e.Info {
					t.Errorf("%s: %+v listed, %+v asked, %v", e.Name, e.Info, info, err)
				}
				p := make([]byte, 100)
				file, m, err := tree.Open(t.Context(), string(e.Name), 0, p, 0, false, false)
				if err != nil && e.Size > 0 {
					t.Errorf("%s: %v", e.Name, err)
				} else if file.Info != e.Info || int64(m) != min(100, e.Size) {
					t.Errorf("%s: %+v listed, %+v opened, %d read", e.Name, e.Info, file.Info, m)
				}
				return nil
			}); err != nil || n != 3 {
				t.Fatal(n, err)
			}
			file, _, err := tree.Open(t.Context(), "big", 0, nil, 0, true, false)
			if err != nil {
				t.Fatal(err)
			}
			var all []byte
			for buf := make([]byte, 1<<20); ; {
				n, err := file.ReadAt(t.Context(), buf, int64(len(all)))
				if err != nil {
					break
				}
				all = append(all, buf[:n]...)
			}
			if !bytes.Equal(all, big) {
				t.Errorf("read %d bytes", len(all))
			}
			if err := file.Close(); err != nil {
				t.Error(err)
			}
			sd, err := tree.Security(t.Context(), "small")
			if err != nil || len(sd) < 20 {
				t.Errorf("descriptor %x, %v", sd, err)
			}
			streams, err := tree.Streams(t.Context(), "big", 0)
			if err != nil || len(streams) != 0 {
				t.Errorf("streams %+v, %v", streams, err)
			}
			pipe, err := c.OpenPipe(t.Context(), "srvsvc")
			if err != nil {
				t.Fatal(err)
			}
			if err := pipe.Close(); err != nil {
				t.Error(err)
			}
			if err := c.Logoff(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
