//go:build linux

package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mislaid/sources"
)

// Users and groups of the tests. None of them needs to exist on the machine.
const (
	alice, bob, carol, dave     = 61001, 61002, 61003, 61004
	staff, ops, aliceOwn, empty = 62001, 62002, 61001, 62003
)

// writeEtc makes a directory that describes a machine with the test users and
// as many more people as are wanted.
func writeEtc(t testing.TB, files map[string]string, more int) string {
	t.Helper()
	etc := t.TempDir()
	passwd := []string{
		"root:x:0:0:root:/root:/bin/bash", "daemon:x:1:1::/:/usr/sbin/nologin",
		"alice:x:61001:61001::/home/alice:/bin/bash", "bob:x:61002:62001::/home/bob:/bin/bash",
		"carol:x:61003:62002::/home/carol:/bin/bash", "dave:x:61004:100::/home/dave:/bin/bash",
	}
	for i := range more {
		passwd = append(passwd, fmt.Sprintf("person%d:x:%d:100::/:/bin/sh", i, 63000+i))
	}
	group := []string{"root:x:0:", "alice:x:61001:", "staff:x:62001:carol", "ops:x:62002:dave", "empty:x:62003:", "users:x:100:"}
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("person%d", i))
	}
	group = append(group, "many:x:62004:"+strings.Join(many, ","))
	put(t, etc, "passwd", strings.Join(passwd, "\n")+"\n")
	put(t, etc, "group", strings.Join(group, "\n")+"\n")
	for name, text := range files {
		put(t, etc, name, text)
	}
	return etc
}

// needRoot: only the superuser can give files to other users.
func needRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the superuser alone can make files of other users")
	}
}

// openTemp is a temporary directory that everybody can pass.
func openTemp(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "mislaid-test-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

func setACL(t testing.TB, path string, list acl) {
	t.Helper()
	if list != nil {
		must(t, unix.Setxattr(path, aclAttribute, rawACL(list), 0))
	}
}

type object struct {
	uid, gid int
	mode     os.FileMode
	acl      acl
}

func (o object) apply(t testing.TB, path string) {
	t.Helper()
	must(t, os.Chown(path, o.uid, o.gid))
	must(t, os.Chmod(path, o.mode))
	setACL(t, path, o.acl)
}

func aclOf(owner, group, mask, other uint16, more ...ace) acl {
	none := uint32(1<<32 - 1)
	list := acl{{aclUserObj, owner, none}}
	for _, e := range more {
		if e.tag == aclUser {
			list = append(list, e)
		}
	}
	list = append(list, ace{aclGroupObj, group, none})
	for _, e := range more {
		if e.tag == aclGroup {
			list = append(list, e)
		}
	}
	return append(list, ace{aclMask, mask, none}, ace{aclOther, other, none})
}

func fileObjects() []object {
	var list []object
	for _, mode := range []os.FileMode{0, 0o400, 0o040, 0o004, 0o440, 0o404, 0o044, 0o600, 0o640, 0o644, 0o604, 0o200, 0o333, 0o777} {
		list = append(list, object{alice, staff, mode, nil})
	}
	list = append(list, object{0, ops, 0o640, nil}, object{0, 0, 0o600, nil}, object{64999, 64998, 0o640, nil})
	for _, l := range []acl{
		aclOf(6, 4, 4, 0, ace{aclUser, 4, bob}),
		aclOf(6, 0, 4, 4, ace{aclUser, 0, bob}),
		aclOf(6, 4, 0, 0, ace{aclUser, 4, bob}), // mask takes all
		aclOf(6, 4, 0, 4, ace{aclUser, 4, bob}), // with an empty mask Linux skips the ACL
		aclOf(6, 0, 4, 0, ace{aclGroup, 4, ops}),
		aclOf(6, 4, 4, 0, ace{aclGroup, 0, ops}),
		aclOf(6, 0, 4, 4, ace{aclGroup, 0, ops}, ace{aclUser, 4, carol}),
		aclOf(0, 4, 6, 0, ace{aclUser, 6, alice}), // the owner's entry wins
		aclOf(6, 4, 2, 0, ace{aclUser, 6, dave}, ace{aclGroup, 6, ops}),
	} {
		list = append(list, object{alice, staff, 0o640, l})
	}
	return list
}

func dirObjects() []object {
	list := []object{
		{0, 0, 0o755, nil}, {0, 0, 0o711, nil}, {0, 0, 0o744, nil}, {0, 0, 0o700, nil}, {0, staff, 0o750, nil},
		{0, ops, 0o710, nil}, {alice, aliceOwn, 0o700, nil}, {bob, staff, 0o071, nil}, {bob, ops, 0o701, nil}, {carol, staff, 0o617, nil},
	}
	return append(list,
		object{0, 0, 0o750, aclOf(7, 5, 5, 0, ace{aclUser, 5, dave})},
		object{0, 0, 0o750, aclOf(7, 0, 4, 0, ace{aclUser, 5, dave}, ace{aclGroup, 7, staff})},
		object{0, staff, 0o750, aclOf(7, 5, 7, 5, ace{aclUser, 0, dave}, ace{aclGroup, 1, ops})},
	)
}

// TestAudienceIsReal makes files of every kind in directories of every kind and
// compares who is said to read them with who can open them.
func TestAudienceIsReal(t *testing.T) {
	needRoot(t)
	etc := writeEtc(t, nil, 0)
	p := readPeople(etc)
	if !p.complete || len(p.accounts) != 6 {
		t.Fatalf("%+v", p)
	}
	root := openTemp(t)
	var ids []string
	for d, dirObject := range dirObjects() {
		for f, fileObject := range fileObjects() {
			full := put(t, root, fmt.Sprintf("d%02d/in/f%02d", d, f), "x")
			fileObject.apply(t, full)
			ids = append(ids, strings.TrimPrefix(full, root+"/"))
		}
		object{0, 0, 0o755, nil}.apply(t, fmt.Sprintf("%s/d%02d/in", root, d))
		dirObject.apply(t, fmt.Sprintf("%s/d%02d", root, d))
	}
	s := opened(t, Config{Root: root, Etc: etc})
	can := map[string][]string{} // ID → names
	for _, a := range p.accounts[1:] {
		var groups []uint32
		for gid := range p.members {
			if p.in(a, gid) {
				groups = append(groups, gid)
			}
		}
		cmd := asUser(t, uint32(a.uid), a.gid, groups)
		cmd.Env = append(cmd.Env, childVariable+"=read")
		cmd.Dir = root
		cmd.Stdin = strings.NewReader(strings.Join(ids, "\n"))
		out, err := cmd.Output()
		must(t, err)
		for id := range strings.Lines(string(out)) {
			id = strings.TrimSpace(id)
			can[id] = append(can[id], a.name)
		}
	}
	strangers := readableBy(t, root, ids, 64001, 64002)
	total := 0
	for _, id := range ids {
		c, err := chainOf(root + "/" + id)
		must(t, err)
		j := judge{chain: c, people: p}
		var said []string
		for _, r := range j.readers() {
			said = append(said, r.name)
		}
		if !slices.Equal(said, can[id]) {
			t.Errorf("%s: %v are said to read it, %v can", id, said, can[id])
		}
		total += len(said)
		if c.reads(stranger) != strangers[id] {
			t.Errorf("%s: a stranger is said to read it: %v; can: %v", id, c.reads(stranger), strangers[id])
		}
		a, err := s.Audience(t.Context(), sources.Item{ID: id})
		must(t, err)
		checkAudience(t, id, a, can[id], strangers[id])
	}
	if total == 0 || len(strangers) == 0 {
		t.Error("nobody could read anything")
	}
}

// checkAudience compares an audience with the names of those who can read.
func checkAudience(t *testing.T, id string, a sources.Audience, names []string, everyone bool) {
	t.Helper()
	if a.Heads.Max >= 0 && (a.Heads.Max < len(names) || a.Heads.Min > len(names)) {
		t.Errorf("%s: heads %+v, but %v can read", id, a.Heads, names)
	}
	has := func(l sources.Level) bool { return a.Now.Set&(1<<l) != 0 }
	if has(sources.Organisation) != everyone {
		t.Errorf("%s: everyone can read: %v; audience %+v", id, everyone, a)
	}
	if !has(sources.OwnerOnly) {
		t.Errorf("%s: %+v lacks the administrators", id, a.Now)
	}
	others := 0
	for _, n := range names {
		if !strings.Contains(a.Grants[0].Who, n) {
			others++
		}
	}
	if others > 0 && a.Now.AtLeast == sources.OwnerOnly {
		t.Errorf("%s: %v can read, audience %+v", id, names, a)
	}
	if others == 0 && !everyone && a.Now.AtLeast > sources.OwnerOnly && len(a.Unresolved) == 0 {
		t.Errorf("%s: only %v can read, audience %+v", id, names, a)
	}
	for _, g := range a.Grants {
		if g.Who == "" || g.By == "" {
			t.Errorf("%s: no evidence in %+v", id, g)
		}
	}
}

func readableBy(t *testing.T, root string, ids []string, uid, gid uint32) map[string]bool {
	t.Helper()
	cmd := asUser(t, uid, gid, nil)
	cmd.Env = append(cmd.Env, childVariable+"=read")
	cmd.Dir = root
	cmd.Stdin = strings.NewReader(strings.Join(ids, "\n"))
	out, err := cmd.Output()
	must(t, err)
	can := map[string]bool{}
	for id := range strings.Lines(string(out)) {
		can[strings.TrimSpace(id)] = true
	}
	return can
}

// childRead prints those of the paths on standard input that it can open.
func childRead() error {
	lines := bufio.NewScanner(os.Stdin)
	var out bytes.Buffer
	for lines.Scan() {
		if f, err := os.Open(lines.Text()); err == nil {
			fmt.Fprintln(&out, lines.Text())
			_ = f.Close()
		} else if !errors.Is(err, os.ErrPermission) {
			return err
		}
	}
	_, err := io.Copy(os.Stdout, &out)
	return errors.Join(err, lines.Err())
}

func grant(a sources.Audience, who string) (sources.Grant, bool) {
	i := slices.IndexFunc(a.Grants, func(g sources.Grant) bool { return strings.HasPrefix(g.Who, who) })
	if i < 0 {
		return sources.Grant{}, false
	}
	return a.Grants[i], true
}

func TestAudienceLevels(t *testing.T) {
	needRoot(t)
	etc := writeEtc(t, nil, 20) // 24 people
	sss := writeEtc(t, map[string]string{"nsswitch.conf": "passwd: files sss\ngroup: files sss\n"}, 20)
	const many = 62004
	own, named, group, all := sources.OwnerOnly, sources.NamedFew, sources.GroupOf, sources.Organisation
	for name, test := range map[string]struct {
		dir, file object
		etc       string
		set       []sources.Level
		atMost    sources.Level
		heads     sources.Heads
		who, by   string
	}{
		"own":           {object{0, 0, 0o755, nil}, object{alice, aliceOwn, 0o600, nil}, etc, []sources.Level{own}, own, sources.Heads{Min: 1, Max: 1}, "owner alice", "-rw------- alice:alice"},
		"root's":        {object{0, 0, 0o755, nil}, object{0, 0, 0o600, nil}, etc, []sources.Level{own}, own, sources.Heads{}, "owner root", "-rw------- root:root"},
		"private group": {object{0, 0, 0o755, nil}, object{alice, aliceOwn, 0o640, nil}, etc, []sources.Level{own}, own, sources.Heads{Min: 1, Max: 1}, "group alice (no member", "-rw-r----- alice:alice"},
		"few":           {object{0, 0, 0o755, nil}, object{alice, staff, 0o640, nil}, etc, []sources.Level{own, named}, named, sources.Heads{Min: 3, Max: 3}, "group staff (2 besides", "-rw-r----- alice:staff"},
		"quarter":       {object{0, 0, 0o755, nil}, object{alice, many, 0o640, nil}, etc, []sources.Level{own, all}, all, sources.Heads{Min: 13, Max: 13}, "group many (12", "many"},
		"everyone":      {object{0, 0, 0o755, nil}, object{alice, staff, 0o644, nil}, etc, []sources.Level{own, all}, all, sources.Heads{Min: 24, Max: 25}, "everyone on this machine", "-rw-r--r--"},
		"home":          {object{alice, aliceOwn, 0o700, nil}, object{alice, staff, 0o644, nil}, etc, []sources.Level{own}, own, sources.Heads{Min: 1, Max: 1}, "owner alice", "(drwx------ alice:alice) stops all others"},
		"gate":          {object{0, staff, 0o750, nil}, object{0, 0, 0o644, nil}, etc, []sources.Level{own, named}, named, sources.Heads{Min: 2, Max: 2}, "group staff (2", "drwxr-x--- root:staff of /"},
		"two gates":     {object{0, staff, 0o750, nil}, object{0, ops, 0o640, nil}, etc, []sources.Level{own, named}, named, sources.Heads{Min: 1, Max: 1}, "group staff and group ops (1", "root:ops"},
		"ACL":           {object{0, 0, 0o755, nil}, object{alice, aliceOwn, 0o640, aclOf(6, 0, 4, 0, ace{aclUser, 4, bob})}, etc, []sources.Level{own, named}, named, sources.Heads{Min: 2, Max: 2}, "user bob", "ACL entry user:bob"},
		"hidden":        {object{0, 0, 0o755, nil}, object{alice, staff, 0o640, nil}, sss, []sources.Level{own, group}, all, sources.Heads{Min: 3, Max: -1}, "group staff (2", "staff"},
		"hidden own":    {object{0, 0, 0o755, nil}, object{alice, staff, 0o600, nil}, sss, []sources.Level{own}, own, sources.Heads{Min: 1, Max: 1}, "owner alice", ""},
		"unknown group": {object{0, 0, 0o755, nil}, object{alice, 64998, 0o640, nil}, etc, []sources.Level{own, group}, all, sources.Heads{Min: 1, Max: -1}, "group gid 64998", "gid 64998"},
		"locked out":    {object{0, 0, 0o700, nil}, object{alice, aliceOwn, 0o644, nil}, etc, []sources.Level{own}, own, sources.Heads{}, "administrators", "(drwx------ root:root) stops all others"},
	} {
		t.Run(name, func(t *testing.T) {
			root := openTemp(t)
			file := put(t, root, "d/f", "x")
			test.file.apply(t, file)
			test.dir.apply(t, root+"/d")
			a, err := opened(t, Config{Root: root, Etc: test.etc}).Audience(t.Context(), sources.Item{ID: "d/f"})
			must(t, err)
			if want := sources.ReachOf(test.set...); a.Now.Set != want.Set || a.Now.AtLeast != want.AtLeast || a.Now.AtMost != test.atMost {
				t.Errorf("now %v (%v), want %v at most %v", a.Now.Levels(), a.Now, test.set, test.atMost)
			}
			if a.Heads != test.heads {
				t.Errorf("heads %+v, want %+v", a.Heads, test.heads)
			}
			if g, ok := grant(a, test.who); !ok || !strings.Contains(g.By, test.by) {
				t.Errorf("no grant %q by %q in %+v", test.who, test.by, a.Grants)
			}
			if doubt := test.atMost > a.Now.AtLeast; doubt != (len(a.Unresolved) > 0) {
				t.Errorf("unresolved: %q", a.Unresolved)
			}
			if a.EverKnown || a.Ever != a.Now || a.ReadAt.IsZero() || time.Since(a.Since) > time.Minute || a.Since.After(a.ReadAt) {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestAudienceOfExports(t *testing.T) {
	needRoot(t)
	root := openTemp(t)
	for name, test := range map[string]struct {
		files  map[string]string // with ROOT for the tree
		file   object
		set    sources.Level // widest
		atMost sources.Level
		text   string
	}{
		"none":           {nil, object{alice, aliceOwn, 0o600, nil}, sources.OwnerOnly, sources.OwnerOnly, ""},
		"elsewhere":      {map[string]string{"exports": "ROOTS *(ro)\nROOT/other *(ro)\n"}, object{alice, aliceOwn, 0o600, nil}, sources.OwnerOnly, sources.OwnerOnly, ""},
		"nfs":            {map[string]string{"exports": "ROOT *(ro)\n"}, object{alice, aliceOwn, 0o600, nil}, sources.AnyoneLink, sources.AnyoneLink, "exported by NFS to *"},
		"nfs folder":     {map[string]string{"exports.d/a.exports": "ROOT/d 10.0.0.0/8(rw)\n"}, object{alice, aliceOwn, 0o600, nil}, sources.AnyoneLink, sources.AnyoneLink, "exported by NFS to 10.0.0.0/8"},
		"nfs hosts":      {map[string]string{"exports": "ROOT one(ro)\n"}, object{alice, aliceOwn, 0o600, nil}, sources.OwnerOnly, sources.Organisation, "exported by NFS to one"},
		"nfs kerberos":   {map[string]string{"exports": "ROOT *(ro,sec=krb5)\n"}, object{alice, aliceOwn, 0o600, nil}, sources.OwnerOnly, sources.Organisation, "exported by NFS to *"},
		"nfs squash":     {map[string]string{"exports": "ROOT *(ro)\n"}, object{0, 0, 0o600, nil}, sources.OwnerOnly, sources.Organisation, "does not take a client's root"},
		"nfs root":       {map[string]string{"exports": "ROOT *(ro,no_root_squash)\n"}, object{0, 0, 0o600, nil}, sources.AnyoneLink, sources.AnyoneLink, "exported by NFS to *"},
		"smb":            {map[string]string{"samba/smb.conf": "[x]\npath = ROOT\n"}, object{alice, aliceOwn, 0o600, nil}, sources.OwnerOnly, sources.Organisation, "SMB share [x]"},
		"smb guests":     {map[string]string{"samba/smb.conf": "[x]\npath = ROOT/d\nguest ok = yes\n"}, object{alice, aliceOwn, 0o644, nil}, sources.AnyoneLink, sources.AnyoneLink, "shared by SMB as [x], guests included"},
		"smb not guests": {map[string]string{"samba/smb.conf": "[x]\npath = ROOT/d\nguest ok = yes\n"}, object{alice, aliceOwn, 0o600, nil}, sources.OwnerOnly, sources.AnyoneLink, "lets in guests"},
		"smb include":    {map[string]string{"samba/smb.conf": "include = /etc/more\n"}, object{alice, aliceOwn, 0o600, nil}, sources.OwnerOnly, sources.AnyoneLink, "includes files"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for f, text := range test.files {
				files[f] = strings.ReplaceAll(text, "ROOT", root)
			}
			test.file.apply(t, put(t, root, "d/f", "x"))
			s := opened(t, Config{Root: root, Etc: writeEtc(t, files, 0)})
			a, err := s.Audience(t.Context(), sources.Item{ID: "d/f"})
			must(t, err)
			levels := a.Now.Levels()
			if levels[len(levels)-1] != max(test.set, levels[len(levels)-1]) || a.Now.AtLeast < test.set || a.Now.AtMost != max(test.atMost, a.Now.AtLeast) ||
				test.set == sources.AnyoneLink != (a.Now.AtLeast == sources.AnyoneLink) {
				t.Errorf("now %v (%+v)", levels, a.Now)
			}
			if a.Now.Set&(1<<sources.Outsiders) != 0 {
				t.Error("outsiders")
			}
			if said := fmt.Sprint(a); !strings.Contains(said, test.text) || (test.text == "") != (len(a.Machines)+len(a.Unresolved) == 0) {
				t.Errorf("%q is not said in %s", test.text, said)
			}
			if exported := len(test.files) > 0 && name != "elsewhere"; exported && len(s.Info().Notes) == 0 {
				t.Error("no note")
			}
		})
	}
}

func TestAudienceOfLinks(t *testing.T) {
	needRoot(t)
	root := openTemp(t)
	file := put(t, root, "closed/f", "x")
	must(t, os.Chmod(root+"/closed", 0o700))
	s := opened(t, Config{Root: root, Etc: writeEtc(t, nil, 0)})
	before, err := s.Audience(t.Context(), sources.Item{ID: "closed/f"})
	must(t, err)
	must(t, os.Link(file, root+"/closed/second"))
	after, err := s.Audience(t.Context(), sources.Item{ID: "closed/f"})
	must(t, err)
	if before.Now.AtMost != sources.OwnerOnly || after.Now.AtMost != sources.Organisation || len(after.Unresolved) != 1 {
		t.Errorf("one name %+v, two names %+v", before, after)
	}
}

func TestAudienceOnRemoteMount(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "f", "x")
	s := opened(t, Config{Root: dir, Etc: writeEtc(t, nil, 0)})
	m := s.machine.about.get()
	m.mounts = append(m.mounts, mount{point: dir, fstype: "cifs", source: "//nas/data"})
	a, err := s.Audience(context.Background(), sources.Item{ID: "f"})
	must(t, err)
	if a.Now.AtMost != sources.Public || len(a.Unresolved) != 2 || a.Heads.Max != -1 || !strings.Contains(a.Unresolved[0], "cifs mount of //nas/data") {
		t.Errorf("%+v", a)
	}
}

// TestAudienceOfThisMachine asks the accounts of the machine that runs the test.
func TestAudienceOfThisMachine(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(put(t, dir, "f", "x"), 0o600))
	s := opened(t, Config{Root: dir})
	a, err := s.Audience(t.Context(), sources.Item{ID: "f"})
	must(t, err)
	if want := "owner " + s.machine.names.of(t.Context(), uint32(os.Geteuid())); len(a.Grants) == 0 || a.Grants[0].Who != want {
		t.Errorf("grants %+v, want %q first", a.Grants, want)
	}
	p, err := s.machine.about.get().accounts(t.Context())
	must(t, err)
	if len(p.accounts) == 0 || p.userName(0) != "root" || (getent("/etc") != "") != strings.HasPrefix(p.how, "getent") {
		t.Errorf("%d accounts by %s", len(p.accounts), p.how)
	}
	if out, err := runGetent(t.Context(), "/etc", "passwd", "0"); getent("/etc") != "" && (err != nil || !strings.HasPrefix(string(out), "root:")) {
		t.Errorf("getent: %q, %v", out, err)
	}
	if _, err := runGetent(t.Context(), t.TempDir(), "passwd"); err == nil {
		t.Error("getent is asked about another machine")
	}
}

func TestEnumerable(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                    true,
		"passwd: files systemd\ngroup: files": true, "passwd: files sss": false, "group: files winbind": false, "hosts: files dns": true,
		"# passwd: sss\npasswd: files # sss": true, "initgroups: ldap": false, "passwd: compat": false,
	} {
		etc := writeEtc(t, map[string]string{"nsswitch.conf": text}, 0)
		if got := enumerable(etc); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestPeople(t *testing.T) {
	p := people{groups: map[uint32]string{}, members: map[uint32]map[string]bool{}}
	p.addPasswd([]byte("root:x:0:0::/root:/bin/sh\nsvc:x:200:200::/:/usr/sbin/nologin\ndba:x:201:201::/:/bin/bash\nann:x:1000:1000::/:/usr/sbin/nologin\nnobody:x:65534:65534::/:/bin/sh\nbad:x:x:1::/:/bin/sh\nshort:x:1\n"))
	p.addGroup([]byte("team:x:300:ann,,ghost\nbad:x:y:ann\n"))
	if len(p.accounts) != 6 || p.humans() != 3 || p.groupName(300) != "team" || p.groupName(9) != "gid 9" || p.userName(1000) != "ann" || p.userName(7) != "uid 7" {
		t.Errorf("%+v", p)
	}
	if ann := p.accounts[3]; !p.in(ann, 300) || !p.in(ann, 1000) || p.in(ann, 200) {
		t.Error("groups of ann")
	}
	if ghost := p.accounts[5]; ghost.name != "ghost" || !p.in(ghost, 300) || p.in(ghost, 0) {
		t.Errorf("%+v", ghost)
	}
}
