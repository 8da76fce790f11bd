//go:build linux

package smbtest

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	smb2 "github.com/cloudsoda/go-smb2"
)

// Client is somebody at the server, through another program's SMB client: what
// it can do is what users can really do. It can write, which ours cannot.
type Client struct{ session *smb2.Session }

// Dial signs in by NTLM; an empty user is anonymous.
func Dial(t testing.TB, address, domain, user, password string) *Client {
	t.Helper()
	d := &smb2.Dialer{Initiator: &smb2.NTLMInitiator{Domain: domain, User: user, Password: password}}
	s, err := d.Dial(t.Context(), address)
	if err != nil {
		t.Fatalf("sign in to %s as %q: %v", address, user, err)
	}
	t.Cleanup(func() { _ = s.Logoff() })
	return &Client{s.WithContext(context.Background())}
}

// Pipe opens a named pipe.
func (c *Client) Pipe(ctx context.Context, name string) (io.ReadWriteCloser, error) {
	share, err := c.session.Mount("IPC$")
	if err != nil {
		return nil, err
	}
	f, err := share.WithContext(ctx).OpenFile(name, os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	return pipe{f, share}, nil
}

type pipe struct {
	*smb2.File
	share *smb2.Share
}

func (p pipe) Close() error { return errors.Join(p.File.Close(), p.share.Umount()) }

// Reads reports whether the file can be opened and read. A share that lets
// nobody in is a no.
func (c *Client) Reads(t testing.TB, share, name string) bool {
	t.Helper()
	mounted, err := c.session.Mount(share)
	if errors.Is(err, os.ErrPermission) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mounted.Umount() }()
	_, err = mounted.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrPermission) {
		t.Fatalf("%s: %v", name, err)
	}
	return err == nil
}

// WriteFile makes a file.
func (c *Client) WriteFile(t testing.TB, share, name string, data []byte) {
	t.Helper()
	mounted, err := c.session.Mount(share)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mounted.Umount() }()
	if err := mounted.WriteFile(name, data, 0o644); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// Mkdir makes a directory.
func (c *Client) Mkdir(t testing.TB, share, name string) {
	t.Helper()
	mounted, err := c.session.Mount(share)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mounted.Umount() }()
	if err := mounted.Mkdir(name, 0o755); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// Remove deletes a file.
func (c *Client) Remove(t testing.TB, share, name string) {
	t.Helper()
	mounted, err := c.session.Mount(share)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mounted.Umount() }()
	if err := mounted.Remove(name); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// Security reads the raw security descriptor of a file: owner, group and DACL.
func (c *Client) Security(t testing.TB, share, name string) []byte {
	t.Helper()
	mounted, err := c.session.Mount(share)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mounted.Umount() }()
	raw, err := mounted.SecurityInfoRaw(name, smb2.OwnerSecurityInformation|smb2.GroupSecurityInformation|smb2.DACLSecurityInformation)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return raw
}

// SetDACL replaces the DACL of a file by that of the descriptor.
func (c *Client) SetDACL(t testing.TB, share, name string, raw []byte) {
	t.Helper()
	mounted, err := c.session.Mount(share)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mounted.Umount() }()
	if err := mounted.SetSecurityInfoRaw(name, smb2.DACLSecurityInformation, encoded(raw)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// encoded is bytes that are their own encoding.
type encoded []byte

func (e encoded) Size() int          { return len(e) }
func (e encoded) Encode(dest []byte) { copy(dest, e) }
