//go:build real && linux

package local

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mislaid/sources"
	"mislaid/sources/ntacl"
	"mislaid/sources/ntacl/ntacltest"
	"mislaid/sources/smb/smbtest"
)

// TestRealSharedByThisMachine: what a client set over SMB is read from the file.
func TestRealSharedByThisMachine(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{"data": {"read only": "no", "vfs objects": "acl_xattr"}}})
	dir := s.Path("data")
	must(t, os.Chmod(dir, 0o777))
	alice := smbtest.Dial(t, s.Addr, "", "alice", s.Password("alice"))
	for name, list := range map[string][]ntacltest.Entry{
		"open":   {ntacltest.Allow(ntacl.Everyone, ntacltest.Read)},
		"closed": {ntacltest.Allow(ntacl.OwnerRights, ntacltest.Full)},
	} {
		alice.WriteFile(t, "data", name, []byte("x"))
		alice.SetDACL(t, "data", name, ntacltest.Encode(ntacl.SID{}, ntacl.SID{}, list...))
		must(t, os.Chmod(filepath.Join(dir, name), 0o600)) // by the mode nobody
	}
	etc := writeEtc(t, nil, 0)
	must(t, os.MkdirAll(filepath.Join(etc, "samba"), 0o755))
	must(t, os.WriteFile(filepath.Join(etc, "samba", "smb.conf"), []byte("[data]\npath = "+dir+"\n"), 0o644))
	src := opened(t, Config{Root: dir, Etc: etc})
	for name, want := range map[string]sources.Level{"open": sources.Guests, "closed": sources.OwnerOnly} {
		a, err := src.Audience(t.Context(), sources.Item{ID: name})
		must(t, err)
		if a.Now.AtMost != want {
			t.Errorf("%s: %+v %q", name, a.Now, a.Unresolved)
		}
		everyone := slices.ContainsFunc(a.Grants, func(g sources.Grant) bool {
			return g.Who == "Everyone" && strings.HasPrefix(g.By, "file: Everyone read")
		})
		if everyone != (name == "open") {
			t.Errorf("%s: %+v", name, a.Grants)
		}
	}
}
