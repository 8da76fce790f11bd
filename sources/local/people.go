//go:build unix

package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// account is somebody who can log in to the machine, or a service of it.
type account struct {
	name  string
	uid   int64 // -1: known by name only
	gid   uint32
	human bool
}

// people are the accounts and groups of the machine as they stood when they
// were read.
type people struct {
	accounts []account
	groups   map[uint32]string          // gid → name
	members  map[uint32]map[string]bool // gid → names listed in the group
	complete bool                       // all accounts and memberships were enumerated
	how      string                     // evidence: where they were read
	asked    map[string]bool            // databases and keys that lookUp asked for
}

// in reports whether the account is in the group.
func (p *people) in(a account, gid uint32) bool {
	return a.uid >= 0 && a.gid == gid || p.members[gid][a.name]
}

// as is the account as somebody who asks.
func (p *people) as(a account) principal {
	return principal{uid: a.uid, in: func(gid uint32) bool { return p.in(a, gid) }}
}

// humans counts the accounts of people.
func (p *people) humans() int {
	n := 0
	for _, a := range p.accounts {
		if a.human {
			n++
		}
	}
	return n
}

func (p *people) userName(uid uint32) string {
	for _, a := range p.accounts {
		if a.uid == int64(uid) {
			return a.name
		}
	}
	if uid == 0 {
		return "root"
	}
	return "uid " + strconv.FormatUint(uint64(uid), 10)
}

func (p *people) groupName(gid uint32) string {
	if name := p.groups[gid]; name != "" {
		return name
	}
	return "gid " + strconv.FormatUint(uint64(gid), 10)
}

// readPeople reads the accounts: by getent, which asks every name service, where
// etc is /etc and the program is there; else from the files in etc. Name
// services other than files may hide accounts from an enumeration, and so may
// the directory service of macOS: then complete is false.
func readPeople(etc string) *people {
	p := &people{groups: map[uint32]string{}, members: map[uint32]map[string]bool{}}
	passwd, err1 := database(etc, "passwd")
	group, err2 := database(etc, "group")
	p.how = "/etc/passwd and /etc/group"
	if getent(etc) != "" {
		p.how = "getent passwd and getent group"
	}
	p.complete = err1 == nil && err2 == nil && enumerable(etc)
	if !p.complete {
		p.how += ", which may not list everybody"
	}
	p.addPasswd(passwd)
	p.addGroup(group)
	return p
}

// humanUID is the first uid that Linux distributions and macOS (with 501) do not
// keep for services; login.defs(5). nobodyUID is no person.
const (
	humanUID  = 1000
	nobodyUID = 65534
)

func (p *people) addPasswd(data []byte) {
	seen := map[string]bool{}
	for _, a := range p.accounts {
		seen[a.name] = true
	}
	for f := range colonLines(data) {
		if len(f) < 7 || seen[f[0]] {
			continue
		}
		uid, err1 := strconv.ParseUint(f[2], 10, 32)
		gid, err2 := strconv.ParseUint(f[3], 10, 32)
		if err1 != nil || err2 != nil {
			continue
		}
		seen[f[0]] = true
		p.accounts = append(p.accounts, account{
			name: f[0], uid: int64(uid), gid: uint32(gid),
			human: uid != 0 && uid != nobodyUID && (uid >= humanUID || loginShell(f[6])),
		})
	}
}

// loginShell reports whether a person can work in the shell. An empty one is
// /bin/sh; passwd(5).
func loginShell(shell string) bool {
	switch path.Base(shell) {
	case "nologin", "false", "true", "sync", "halt", "shutdown":
		return false
	}
	return true
}

func (p *people) addGroup(data []byte) {
	known := map[string]bool{}
	for _, a := range p.accounts {
		known[a.name] = true
	}
	for f := range colonLines(data) {
		if len(f) < 4 {
			continue
		}
		gid64, err := strconv.ParseUint(f[2], 10, 32)
		if err != nil {
			continue
		}
		gid := uint32(gid64)
		if p.groups[gid] == "" {
			p.groups[gid] = f[0]
		}
		for name := range strings.SplitSeq(f[3], ",") {
			if name == "" {
				continue
			}
			if p.members[gid] == nil {
				p.members[gid] = map[string]bool{}
			}
			p.members[gid][name] = true
			if !known[name] && !p.complete { // else a leftover of a deleted account
				known[name] = true
				p.accounts = append(p.accounts, account{name: name, uid: -1, human: true})
			}
		}
	}
}

// lookUp asks the name services for what an enumeration may have left out: the
// given groups and users.
func (p *people) lookUp(ctx context.Context, etc string, uids, gids []uint32) {
	if p.complete || getent(etc) == "" {
		return
	}
	for _, uid := range uids {
		p.ask(ctx, etc, "passwd", uid, p.addPasswd)
	}
	for _, gid := range gids {
		p.ask(ctx, etc, "group", gid, p.addGroup)
	}
}

// ask adds what a database says of an id, once.
func (p *people) ask(ctx context.Context, etc, database string, id uint32, add func([]byte)) {
	key := strconv.FormatUint(uint64(id), 10)
	if p.asked[database+key] {
		return
	}
	if p.asked == nil {
		p.asked = map[string]bool{}
	}
	p.asked[database+key] = true
	if out, err := runGetent(ctx, etc, database, key); err == nil {
		add(out)
	}
}

// colonLines yields the fields of the lines of a passwd-like file.
func colonLines(data []byte) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range bytes.Lines(data) {
			s := strings.TrimRight(string(line), "\r\n")
			if s == "" || s[0] == '#' || s[0] == '+' || s[0] == '-' {
				continue
			}
			if !yield(strings.Split(s, ":")) {
				return
			}
		}
	}
}

// database returns the whole of a user database.
func database(etc, name string) ([]byte, error) {
	if out, err := runGetent(context.Background(), etc, name); err == nil {
		return out, nil
	}
	return os.ReadFile(filepath.Join(etc, name))
}

// getent returns the path of the program, "" where it must not be asked: etc
// describes another machine, or there is none.
func getent(etc string) string {
	if etc != "/etc" {
		return ""
	}
	for _, p := range []string{"/usr/bin/getent", "/bin/getent"} {
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p
		}
	}
	return ""
}

// getentPatience bounds one question to the name services.
const getentPatience = 10 * time.Second

var errNoGetent = errors.New("getent is not to be asked")

func runGetent(ctx context.Context, etc string, args ...string) ([]byte, error) {
	program := getent(etc)
	if program == "" {
		return nil, errNoGetent
	}
	ctx, cancel := context.WithTimeout(ctx, getentPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"LC_ALL=C"}
	cmd.WaitDelay = time.Second
	return cmd.Output()
}

// enumerable reports whether enumerating the user databases gives everybody:
// nsswitch.conf(5) names only services that hold all their entries on this
// machine. Without the file glibc uses files.
func enumerable(etc string) bool {
	if !enumerates {
		return false
	}
	data, err := os.ReadFile(filepath.Join(etc, "nsswitch.conf"))
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		db, services, ok := strings.Cut(line, ":")
		switch strings.TrimSpace(db) {
		case "passwd", "group", "initgroups":
		default:
			ok = false
		}
		if !ok {
			continue
		}
		for _, s := range strings.Fields(services) {
			switch s {
			case "files", "systemd", "db", "[NOTFOUND=return]", "[SUCCESS=merge]":
			default:
				return false
			}
		}
	}
	return lines.Err() == nil
}
