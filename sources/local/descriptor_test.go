//go:build unix

package local

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mislaid/sources"
	"mislaid/sources/ntacl"
	"mislaid/sources/ntacl/ntacltest"
)

func descriptorFor(t *testing.T, list ...ntacltest.Entry) *ntacl.Descriptor {
	t.Helper()
	owner := ntacl.MakeSID(5, 21, 1, 2, 3, 1000)
	d, err := ntacl.Parse(ntacltest.Encode(owner, owner, list...))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func bounds(a sources.Audience) string {
	return fmt.Sprintf("%v %d-%d", a.Now.Levels(), a.Now.AtLeast, a.Now.AtMost)
}

// TestAudienceOfMountedShares: a private file of this machine that is on a share
// or an export is as open as its server makes it.
func TestAudienceOfMountedShares(t *testing.T) {
	team := ntacl.MakeSID(5, 21, 1, 2, 3, 2000)
	cifs := mount{point: "/mnt/nas", fstype: "cifs", source: "//nas/data"}
	for name, test := range map[string]struct {
		on   mount
		nt   descriptors
		want string
		says string
	}{
		"shown, everyone": {cifs, descriptors{remote: descriptorFor(t, ntacltest.Allow(ntacl.Everyone, ntacltest.Read))}, "[owner and administrators] 0-4", "share ACL not read"},
		"shown, a group":  {cifs, descriptors{remote: descriptorFor(t, ntacltest.Allow(team, ntacltest.Read))}, "[owner and administrators] 0-4", team.String()},
		"shown, nobody":   {cifs, descriptors{remote: descriptorFor(t)}, "[owner and administrators] 0-0", "share ACL not read"},
		"not shown":       {cifs, descriptors{remoteErr: errNotShown}, "[owner and administrators] 0-7", "does not show the NT ACL"},
		"malformed":       {cifs, descriptors{remoteErr: errors.New("malformed")}, "[owner and administrators] 0-7", "malformed"},
		"nfs":             {mount{point: "/mnt/nas", fstype: "nfs4", source: "nas:/x"}, descriptors{}, "[owner and administrators] 0-6", "sec=sys"},
		"nfs with Kerberos": {mount{point: "/mnt/nas", fstype: "nfs4", source: "nas:/x", options: []string{"rw", "sec=krb5p"}}, descriptors{},
			"[owner and administrators] 0-3", "Kerberos"},
		"another": {mount{point: "/mnt/nas", fstype: "fuse.sshfs", source: "nas:/x"}, descriptors{}, "[owner and administrators] 0-7", "not read here"},
	} {
		m := &machine{mounts: []mount{{point: "/", fstype: "ext4"}, test.on}}
		a := sources.Audience{Now: sources.ReachOf(sources.OwnerOnly)}
		m.widen(t.Context(), &a, chain{{path: "/mnt/nas/f", nt: test.nt}})
		if got := bounds(a); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if !strings.Contains(strings.Join(a.Unresolved, "\n"), test.says) {
			t.Errorf("%s: %q", name, a.Unresolved)
		}
		if nfs := test.on.nfs() && !test.on.kerberos(); nfs != (len(a.Machines) == 1) {
			t.Errorf("%s: machines %+v", name, a.Machines)
		}
	}
}

// TestAudienceOfSharedFiles: the NT ACL that Samba keeps says who reads through
// the share.
func TestAudienceOfSharedFiles(t *testing.T) {
	everyone := descriptorFor(t, ntacltest.Allow(ntacl.Everyone, ntacltest.Read))
	for name, test := range map[string]struct {
		share share
		nt    descriptors
		want  string
	}{
		"everyone":             {share{name: "s", path: "/srv"}, descriptors{shared: everyone}, "[owner and administrators] 0-4"},
		"everyone, guests":     {share{name: "s", path: "/srv", guests: true}, descriptors{shared: everyone}, "[owner and administrators anyone with the link or on the network] 6-6"},
		"nobody, guests":       {share{name: "s", path: "/srv", guests: true}, descriptors{shared: descriptorFor(t)}, "[owner and administrators] 0-0"},
		"none":                 {share{name: "s", path: "/srv"}, descriptors{}, "[owner and administrators] 0-3"},
		"malformed":            {share{name: "s", path: "/srv"}, descriptors{sharedErr: errors.New("malformed")}, "[owner and administrators] 0-3"},
		"as a user of its own": {share{name: "s", path: "/srv", forced: true}, descriptors{shared: descriptorFor(t)}, "[owner and administrators] 0-3"},
	} {
		m := &machine{mounts: []mount{{point: "/", fstype: "ext4"}}, shares: []share{test.share}}
		a := sources.Audience{Now: sources.ReachOf(sources.OwnerOnly)}
		m.widen(t.Context(), &a, chain{{path: "/", mode: 0o40755}, {path: "/srv/f", mode: 0o100600, nt: test.nt}})
		if got := bounds(a); got != test.want {
			t.Errorf("%s: %s, want %s; %q", name, got, test.want, a.Unresolved)
		}
	}
}

func TestMountSources(t *testing.T) {
	list := parseMounts([]byte("23 22 0:5 / /mnt/a rw - nfs4 nas.lab:/x\\040y rw,vers=4.2,sec=krb5i,addr=10.0.0.1\n24 22 0:6 / /mnt/b rw - cifs //nas/data rw,vers=3.1.1\n25 22 0:7 / /mnt/c rw - nfs nas:/y rw\n"))
	for i, want := range []struct {
		server, source string
		kerberos       bool
	}{{"nas.lab", "nas.lab:/x y", true}, {"nas", "//nas/data", false}, {"nas", "nas:/y", false}} {
		if m := list[i]; m.server() != want.server || m.source != want.source || m.kerberos() != want.kerberos {
			t.Errorf("%+v on %s", m, m.server())
		}
	}
}
