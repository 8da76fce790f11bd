//go:build linux

package smbtest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Config says what smbd serves.
type Config struct {
	// Shares are the sections of smb.conf by name. A share without "path" gets
	// a directory of its own, see Server.Path.
	Shares map[string]map[string]string
	// Global are settings added to the section [global].
	Global map[string]string
	// Address is where it listens, on the port that file servers have; ""
	// means a free port of the loopback. Others than 127.0.0.1 need Main.
	Address string
	// Cable puts it into a network of its own, at the other end of a cable that
	// Cut cuts. It needs Main.
	Cable bool
	// Unprivileged starts smbd as the user nobody, who then is the only user.
	Unprivileged bool
}

// Server is a running smbd on a loopback port.
type Server struct {
	Addr string // 127.0.0.1:port
	Port int
	Dir  string // holds everything of it

	config    Config
	passwords map[string]string
	cmd       *exec.Cmd
	log       *os.File
	cable     *cable
}

// unixNames are accounts that every Debian has: the users of the tests become
// them, so that no account need be made.
var unixNames = map[string]string{"alice": "games", "bob": "news", "carol": "mail"}

// Nobody is the one user of an unprivileged server.
const Nobody = "nobody"

const nobodyID = 65534

// Start starts smbd and ends it with the test. The users are alice, bob and
// carol; a name that is none of them becomes the guest. A missing smbd fails
// the test.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	for _, program := range []string{"smbd", "pdbedit"} {
		if _, err := lookPath(program); err != nil {
			t.Fatalf("%s is missing: run make deps as root (apt-get install samba)", program)
		}
	}
	if os.Geteuid() != 0 && !c.Unprivileged {
		t.Fatal("smbd can only become other users when root starts it")
	}
	dir, err := os.MkdirTemp("/tmp", "mislaid-smbd-") // nobody cannot reach a directory of testing.T
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Dir: dir, config: c, passwords: make(map[string]string)}
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir)
	})
	s.prepare(t)
	s.Restart(t)
	return s
}

// Path is the directory that a share shares.
func (s *Server) Path(share string) string {
	if path := s.config.Shares[share]["path"]; path != "" {
		return path
	}
	return filepath.Join(s.Dir, "shares", share)
}

// Password is the password of a user.
func (s *Server) Password(user string) string { return s.passwords[user] }

// UnixUser is the uid and gid that a user's files belong to.
func (s *Server) UnixUser(t testing.TB, user string) (uid, gid int) {
	t.Helper()
	out, err := exec.Command("id", "-u", unixNames[user]).Output()
	if err != nil {
		t.Fatal(err)
	}
	uid, _ = strconv.Atoi(strings.TrimSpace(string(out)))
	out, err = exec.Command("id", "-g", unixNames[user]).Output()
	if err != nil {
		t.Fatal(err)
	}
	gid, _ = strconv.Atoi(strings.TrimSpace(string(out)))
	return uid, gid
}

func (s *Server) conf() string { return filepath.Join(s.Dir, "smb.conf") }

func (s *Server) prepare(t testing.TB) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Chmod(s.Dir, 0o755))
	host := s.config.Address
	switch {
	case s.config.Cable:
		s.cable = layCable(t)
		host, s.Port = s.cable.address, 445
	case host != "":
		s.Port = 445
	default:
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(err)
		host, s.Port = "127.0.0.1", listener.Addr().(*net.TCPAddr).Port
		must(listener.Close())
	}
	s.Addr = net.JoinHostPort(host, strconv.Itoa(s.Port))

	global := map[string]string{
		"server role": "standalone server", "netbios name": "MISLAIDTEST", "workgroup": "TESTGROUP", "smb ports": strconv.Itoa(s.Port),
		"interfaces": host + "/32", "bind interfaces only": "yes", "disable netbios": "yes", "load printers": "no",
		"printcap name": "/dev/null", "disable spoolss": "yes", "map to guest": "Bad User", "guest account": "nobody",
		"passdb backend": "tdbsam:" + filepath.Join(s.Dir, "private", "passdb.tdb"), "log file": filepath.Join(s.Dir, "log.smbd"),
		"username map": filepath.Join(s.Dir, "users"), "log level": "1", "server min protocol": "SMB2_02",
		// A frozen server must not find out by itself that its clients are gone.
		"deadtime": "0", "keepalive": "0",
	}
	for setting, sub := range map[string]string{
		"state directory": "state", "cache directory": "cache", "lock directory": "lock", "private dir": "private",
		"pid directory": "pid", "ncalrpc dir": "ncalrpc",
	} {
		must(os.Mkdir(filepath.Join(s.Dir, sub), 0o755))
		global[setting] = filepath.Join(s.Dir, sub)
	}
	maps.Copy(global, s.config.Global)
	var conf, users bytes.Buffer
	section(&conf, "global", global)
	for _, name := range slices.Sorted(maps.Keys(s.config.Shares)) {
		settings := maps.Clone(s.config.Shares[name])
		if settings == nil {
			settings = make(map[string]string)
		}
		settings["path"] = s.Path(name)
		for key, value := range settings {
			settings[key] = strings.ReplaceAll(value, "%DIR%", s.Dir)
		}
		must(os.MkdirAll(s.Path(name), 0o755))
		section(&conf, name, settings)
	}
	must(os.WriteFile(s.conf(), conf.Bytes(), 0o644))
	accounts := unixNames
	if s.config.Unprivileged {
		accounts = map[string]string{Nobody: Nobody}
		must(filepath.WalkDir(s.Dir, func(path string, _ os.DirEntry, err error) error {
			if err == nil && os.Geteuid() == 0 {
				err = os.Chown(path, nobodyID, nobodyID)
			}
			return err
		}))
	} else {
		for name, unix := range accounts {
			fmt.Fprintf(&users, "%s = %s\n", unix, name)
		}
	}
	must(os.WriteFile(filepath.Join(s.Dir, "users"), users.Bytes(), 0o644))
	for name, unix := range accounts {
		s.passwords[name] = rand.Text()
		s.run(t, s.passwords[name]+"\n"+s.passwords[name]+"\n", "pdbedit", "-s", s.conf(), "-a", "-t", "-u", unix)
	}
}

// SetPassword changes a user's password.
func (s *Server) SetPassword(t testing.TB, user, password string) {
	t.Helper()
	s.run(t, password+"\n"+password+"\n", "smbpasswd", "-c", s.conf(), "-s", unixNames[user])
	s.passwords[user] = password
}

// SetLockout locks accounts after n wrong passwords.
func (s *Server) SetLockout(t testing.TB, n int) {
	t.Helper()
	s.run(t, "", "pdbedit", "-s", s.conf(), "-P", "bad lockout attempt", "-C", strconv.Itoa(n))
}

// WrongPasswords is how many the server has counted for a user.
func (s *Server) WrongPasswords(t testing.TB, user string) int {
	t.Helper()
	out, err := s.command(t, "pdbedit", "-s", s.conf(), "-v", "-u", unixNames[user]).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "Bad password count"); ok {
			n, err := strconv.Atoi(strings.Trim(text, " :\n"))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("pdbedit says nothing of wrong passwords:\n%s", out)
	return 0
}

// AddRoot makes root a user, who administers the server.
func (s *Server) AddRoot(t testing.TB) {
	t.Helper()
	s.passwords["root"] = rand.Text()
	s.run(t, s.passwords["root"]+"\n"+s.passwords["root"]+"\n", "pdbedit", "-s", s.conf(), "-a", "-t", "-u", "root")
}

func section(b *bytes.Buffer, name string, settings map[string]string) {
	fmt.Fprintf(b, "[%s]\n", name)
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(b, "  %s = %s\n", key, settings[key])
	}
}

// lookPath finds a program also where ordinary users do not look.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/" + name)
}

func (s *Server) command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := lookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = s.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.config.Unprivileged && os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobodyID, Gid: nobodyID}
	}
	return cmd
}

// run runs one of Samba's programs to its end.
func (s *Server) run(t testing.TB, stdin, name string, args ...string) {
	t.Helper()
	cmd := s.command(t, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// SetShareSecurity gives a share an ACL of its own, in SDDL.
func (s *Server) SetShareSecurity(t testing.TB, share, sddl string) {
	t.Helper()
	s.run(t, "", "sharesec", "-s", s.conf(), share, "--setsddl="+sddl)
}

// Restart starts smbd, again if it ran before, and waits until it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill()
	log, err := os.OpenFile(filepath.Join(s.Dir, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	s.log = log
	s.cmd = s.command(t, "smbd", "-F", "--no-process-group", "-s", s.conf())
	if s.cable != nil {
		s.cable.behind(s.cmd)
	}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr.Pdeathsig = 0 // bound to the thread that starts it: Cleanup ends it
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start smbd: %v", err)
	}
	for range 1000 {
		if nc, err := net.Dial("tcp", s.Addr); err == nil {
			_ = nc.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("smbd did not come up: %s", text)
}

// Kill ends smbd and all that it started, at once. It may be called again.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	for _, pid := range s.pids() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = s.cmd.Wait()
	for len(s.pids()) > 0 { // its helpers are nobody's children
		for _, pid := range s.pids() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(time.Millisecond)
	}
	_ = s.log.Close()
	s.cmd = nil
}

// Drop ends the processes that serve connections; smbd itself takes new ones.
func (s *Server) Drop() {
	for _, pid := range s.pids() {
		if pid != s.cmd.Process.Pid && strings.Contains(programOf(pid), "smbd") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// Freeze stops the server from answering while its port stays open.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	for _, pid := range s.pids() {
		_ = syscall.Kill(pid, sig)
	}
}

// pids are the processes that were started with our configuration. The path of
// it is ours alone.
func (s *Server) pids() []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if line, _ := os.ReadFile(dir + "/cmdline"); bytes.Contains(line, []byte(s.conf())) && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func programOf(pid int) string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	name, _, _ := bytes.Cut(line, []byte{0})
	return string(name)
}

// Log returns what smbd said, for tests that fail.
func (s *Server) Log() string {
	a, _ := os.ReadFile(filepath.Join(s.Dir, "output"))
	b, _ := os.ReadFile(filepath.Join(s.Dir, "log.smbd"))
	return string(a) + string(b)
}
