//go:build real && linux

package smb

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

// TestAudienceIsWhoCanOpen has files of many kinds on shares of every kind, and
// everybody try to open them: whoever is let in is in the audience, as whoever it
// is asked, and the audience is certain of nobody who is kept out.
func TestAudienceIsWhoCanOpen(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{
		"public": {"guest ok": "yes"}, "restricted": {"valid users": "games"}, "hidden": {"browseable": "no"}, "home$": nil,
		"guarded": nil, "lists": {"vfs objects": "acl_xattr", "read only": "no", "acl_xattr:ignore system acls": "yes"},
	}})
	s.AddRoot(t)
	s.SetShareSecurity(t, "guarded", "O:WDG:WDD:(A;;0x001200a9;;;S-1-22-2-60)(A;;FA;;;S-1-22-1-0)")
	uid, gid := s.UnixUser(t, "alice")
	var files [][2]string
	for _, share := range []string{"public", "restricted", "hidden", "home$", "guarded"} {
		for name, mode := range map[string]os.FileMode{"open": 0o644, "group": 0o640, "own": 0o600} {
			put(t, s, share, "d/"+name, []byte("x"))
			full := filepath.Join(s.Path(share), "d", name)
			if err := os.Chown(full, uid, gid); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(full, mode); err != nil {
				t.Fatal(err)
			}
			files = append(files, [2]string{share, "d/" + name})
		}
	}
	if err := os.Chmod(s.Path("lists"), 0o777); err != nil {
		t.Fatal(err)
	}
	root := smbtest.Dial(t, s.Addr, "", "root", s.Password("root"))
	for name, list := range map[string][]ntacltest.Entry{
		"everyone": {ntacltest.Allow(ntacl.Everyone, ntacltest.Read)}, "users": {ntacltest.Allow(ntacl.AuthenticatedUsers, ntacltest.Read)},
		"nobody": {ntacltest.Allow(ntacl.OwnerRights, ntacltest.Full)},
	} {
		root.WriteFile(t, "lists", name, []byte("x"))
		root.SetDACL(t, "lists", name, ntacltest.Encode(ntacl.SID{}, ntacl.SID{}, list...))
		files = append(files, [2]string{"lists", name})
	}
	users := map[string]*smbtest.Client{
		"bob": smbtest.Dial(t, s.Addr, "", "bob", s.Password("bob")), "carol": smbtest.Dial(t, s.Addr, "", "carol", s.Password("carol")),
		"guest": smbtest.Dial(t, s.Addr, "", "nobody-of-that-name", "x"),
	}
	opened := 0
	for _, f := range files {
		reads := make(map[string]bool)
		for name, c := range users {
			reads[name] = c.Reads(t, f[0], strings.ReplaceAll(f[1], "/", `\`))
		}
		for who, c := range map[string]Credential{
			"root": account(s, "root").Credential(), "alice": account(s, "alice").Credential(), "guest": {Method: Guest},
		} {
			src := as(t, s, c, "")
			a, err := src.Audience(t.Context(), sources.Item{Container: f[0], ID: f[1]})
			if err != nil {
				if who != "guest" && (f[0] != "restricted" && f[0] != "guarded" || who == "root") && f[0] != "restricted" {
					t.Errorf("%s, asked by %s: %v", f, who, err)
				}
				continue
			}
			need := sources.OwnerOnly
			if reads["bob"] || reads["carol"] {
				need, opened = sources.Organisation, opened+1
			}
			if reads["guest"] {
				need = sources.AnyoneLink
			}
			if need == sources.AnyoneLink && slices.ContainsFunc(a.Unresolved, func(s string) bool { return strings.Contains(s, "without an account was not tried") }) {
				need = sources.Organisation // it is said, and --probe-anonymous finds out
			}
			if a.Now.AtMost < need {
				t.Errorf("%s, asked by %s: at most %v, but read by %v: %q", f, who, a.Now.AtMost, reads, a.Unresolved)
			}
			if a.Now.AtLeast >= sources.Organisation && (!reads["bob"] || !reads["carol"]) || a.Now.AtLeast >= sources.AnyoneLink && !reads["guest"] {
				t.Errorf("%s, asked by %s: certainly %v, but read by %v: %+v", f, who, a.Now.AtLeast, reads, a.Grants)
			}
			if a.Findable == sources.FindUnknown && need >= sources.Organisation {
				t.Errorf("%s, asked by %s: how it is found is not told", f, who)
			}
		}
	}
	if opened < 10 {
		t.Errorf("only %d times was a file open to others", opened)
	}
	own := slices.IndexFunc(files, func(f [2]string) bool { return f == [2]string{"home$", "d/own"} })
	a, err := as(t, s, account(s, "alice").Credential(), "").Audience(t.Context(), sources.Item{Container: files[own][0], ID: files[own][1]})
	if err != nil || a.Now.AtMost > sources.NamedFew {
		t.Errorf("a file of its owner alone: %+v %q, %v", a.Now, a.Unresolved, err)
	}
}

// TestAudienceUnprivileged: a server that is no root has one user.
func TestAudienceUnprivileged(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Unprivileged: true, Shares: map[string]map[string]string{share: {"guest ok": "yes"}}})
	put(t, s, share, "f", []byte("x"))
	src := source(t, s, smbtest.Nobody, share)
	a, err := src.Audience(t.Context(), sources.Item{Container: share, ID: "f"})
	guest := smbtest.Dial(t, s.Addr, "", "stranger", "x").Reads(t, share, "f")
	if err != nil || !guest || a.Now.AtMost < sources.Organisation || !strings.Contains(strings.Join(a.Unresolved, ""), "without an account was not tried") {
		t.Errorf("%+v %q, %v; a guest reads it: %v", a.Now, a.Unresolved, err, guest)
	}
}
