//go:build unix

package local

import (
	"slices"
	"strings"
	"testing"
)

func TestParseExports(t *testing.T) {
	got := parseExports([]byte(strings.Join([]string{
		"# a comment", "", "/srv *(ro,sec=sys)  # another", `"/with space" host1(rw) 10.0.0.0/8(ro,no_root_squash)`, `/oct\040al -sec=krb5 @team host2(sec=sys)`,
		"/every", "/long a(ro) \\", "  b(rw)", "/bare (ro)", "/kerberos *(sec=krb5p:krb5i)", "/mixed *(sec=krb5:sys)", "/old gss/krb5i(rw)",
	}, "\n")))
	type want struct {
		path, hosts       string
		open, sys, squash bool
	}
	wants := []want{
		{"/srv", "*", true, true, true}, {"/with space", "host1", false, true, true}, {"/with space", "10.0.0.0/8", true, true, false},
		{"/oct al", "@team", false, false, true}, {"/oct al", "host2", false, true, true}, {"/every", "", true, true, true},
		{"/long", "a", false, true, true}, {"/long", "b", false, true, true}, {"/bare", "", true, true, true},
		{"/kerberos", "*", true, false, true}, {"/mixed", "*", true, true, true}, {"/old", "*", true, false, true},
	}
	if len(got) != len(wants) {
		t.Fatalf("%d exports, want %d: %+v", len(got), len(wants), got)
	}
	for i, w := range wants {
		if e := got[i]; (want{e.path, e.hosts, e.open(), e.sys(), e.squashesRoot()}) != w {
			t.Errorf("%+v (open %v, sys %v, squash %v), want %+v", e, e.open(), e.sys(), e.squashesRoot(), w)
		}
	}
}

func TestParseShares(t *testing.T) {
	got, included := parseShares([]byte(strings.Join([]string{
		"[global]", "  workgroup = X", "[open]", " Path = /srv/open", "guest OK = Yes", "; comment", "[team]", `path="/srv/team"`, "force user = bob",
		"[off]", "path=/srv/off", "available = no", "[homes]", "browseable = no", "[per user]", "path = /data/%U/files", "[printers]", "path=/var/spool",
		"[pdf]", "path=/var/pdf", "printable = yes", "[pub]", "directory = /srv/pub", "public = true", "[relative]", "path = x",
	}, "\n")))
	want := []share{
		{"open", "/srv/open", true, false}, {"team", "/srv/team", false, true}, {"homes", "/home/", false, false},
		{"per user", "/data/", false, false}, {"pub", "/srv/pub", true, false},
	}
	if included || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, included)
	}
	if got, included := parseShares([]byte("[global]\nguest ok = yes\ninclude = /etc/more.conf\n[a]\npath=/a\n")); !included || len(got) != 1 || !got[0].guests {
		t.Errorf("%+v, %v", got, included)
	}
}

func TestMounts(t *testing.T) {
	list := parseMounts([]byte(strings.Join([]string{
		"22 1 254:0 / / rw,noatime shared:1 - ext4 /dev/vda rw",
		"23 22 0:5 / /mnt/nas\\040one rw - nfs4 nas:/x rw",
		"24 22 0:6 / /mnt/nas\\040one/sub rw master:1 - tmpfs tmpfs rw",
		"25 22 0:7 / /mnt/f rw - fuse.sshfs x rw", "torn",
	}, "\n")))
	for path, want := range map[string]struct {
		fstype string
		remote bool
	}{
		"/etc": {"ext4", false}, "/mnt/nas one/a": {"nfs4", true}, "/mnt/nas one": {"nfs4", true}, "/mnt/nas one/sub/a": {"tmpfs", false},
		"/mnt/nas onea": {"ext4", false}, "/mnt/f/x": {"fuse.sshfs", true},
	} {
		if m := mountOf(list, path); m.fstype != want.fstype || m.remote() != want.remote {
			t.Errorf("%q is on %+v", path, m)
		}
	}
}

func FuzzMachineFiles(f *testing.F) {
	f.Add([]byte("/srv *(ro)\n\"/a b\" host(sec=krb5) \\\n x(rw)\n"))
	f.Add([]byte("[a]\npath = /srv/%U\nguest ok = yes\n[global\ninclude=x"))
	f.Add([]byte("22 1 254:0 / /a\\040b rw - ext4 /dev/vda rw"))
	f.Add([]byte("alice:x:1000:100::/home/alice:/bin/sh\nstaff:x:50:alice,bob,\n+::::::\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, e := range parseExports(b) {
			if e.path == "" {
				t.Error("an export of nothing")
			}
			e.open()
			e.sys()
		}
		shares, _ := parseShares(b)
		for _, s := range shares {
			if !strings.HasPrefix(s.path, "/") {
				t.Errorf("a share of %q", s.path)
			}
		}
		mountOf(parseMounts(b), "/srv/x")
		p := people{groups: map[uint32]string{}, members: map[uint32]map[string]bool{}}
		p.addPasswd(b)
		p.addGroup(b)
	})
}
