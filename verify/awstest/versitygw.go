//go:build unix

package awstest

import (
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Server is a running versitygw, an IAM and STS server that checks signatures.
// It answers every key with account 000000000000, whatever its ARN says.
type Server struct {
	URL      string
	Live     Key // an active user
	Inactive Key // a user whose key was switched off
	Root     Key // a key with the ARN of a root user
	Session  Key // a session that is not over, with its token
	Admin    Key // the server's own administrator, who may ask about all of them

	cmd *exec.Cmd
}

// Start starts versitygw with keys made for this test, and ends it with the
// test. The program is the one that MISLAID_VERSITYGW names, else bin/versitygw
// at the root of the repository; a missing one fails the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		Live:     Key{ID: KeyID("AKIA", Account), Secret: Secret(), ARN: "arn:aws:iam::" + Account + ":user/team/alice", UserID: userID()},
		Inactive: Key{ID: KeyID("AKIA", Account), Secret: Secret(), ARN: "arn:aws:iam::" + Account + ":user/team/bob", UserID: userID(), Inactive: true},
		Root:     Key{ID: KeyID("AKIA", Account), Secret: Secret(), ARN: "arn:aws:iam::" + Account + ":root", UserID: userID()},
		Session:  Key{ID: KeyID("ASIA", Account), Secret: Secret(), Token: Token(), ARN: "arn:aws:sts::000000000000:assumed-role/deploy/ci"},
	}
	dir := t.TempDir()
	s.seed(t, filepath.Join(dir, "iam.json"))
	address := freeAddress(t)
	s.URL = "http://" + address
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	s.Admin = Key{ID: KeyID("AKIA", Account), Secret: Secret()}
	s.cmd = exec.Command(program(t), "--health", "/healthz", "-p", address, "-a", s.Admin.ID, "-s", s.Admin.Secret, "iam", "--quiet", "--dir", dir)
	s.cmd.Env = []string{"HOME=" + dir}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	dieWithUs(s.cmd)
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start versitygw: %v", err)
	}
	t.Cleanup(func() {
		s.Stop()
		_ = log.Close()
	})
	s.awaitHealth(t, log.Name())
	return s
}

// Stop ends the server. It may be called again.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Freeze stops the server from answering while its port stays open.
func (s *Server) Freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) awaitHealth(t testing.TB, log string) {
	t.Helper()
	for range 1000 {
		resp, err := http.Get(s.URL + "/healthz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, _ := os.ReadFile(log)
	t.Fatalf("versitygw did not come up: %s", text)
}

type object = map[string]any

// seed writes the server's database: users and roles carry Go field names,
// sessions camel case.
func (s *Server) seed(t testing.TB, path string) {
	const created = "2020-01-01T00:00:00Z"
	users, keys, names := object{}, object{}, object{}
	for name, k := range map[string]Key{"alice": s.Live, "bob": s.Inactive, "root": s.Root} {
		status := "Active"
		if k.Inactive {
			status = "Inactive"
		}
		users[name] = object{"Path": "/team/", "UserName": name, "UserID": k.UserID, "Arn": k.ARN, "CreateDate": created, "Policies": object{},
			"AccessKeys": []object{{"AccessKeyId": k.ID, "SecretAccessKey": k.Secret, "Status": status, "CreateDate": created}}}
		keys[k.ID], names[name] = name, name
	}
	role, roleID := "arn:aws:iam::"+Account+":role/deploy", "AROA"+userID()[4:]
	doc := object{
		"users": users, "accessKeyIndex": keys, "userNameIndex": names,
		"roles":         object{"deploy": object{"Path": "/", "RoleName": "deploy", "RoleID": roleID, "Arn": role, "CreateDate": created, "MaxSessionDuration": 3600}},
		"roleNameIndex": object{"deploy": "deploy"}, "oidcProviders": object{},
		"sessions": object{s.Session.ID: object{"accessKeyId": s.Session.ID, "secretAccessKey": s.Session.Secret, "sessionToken": s.Session.Token,
			"roleArn": role, "roleName": "deploy", "roleId": roleID, "roleSessionName": "ci", "provider": "x", "audience": "x", "subject": "x",
			"createDate": created, "expiration": "2099-01-01T00:00:00Z"}},
	}
	text, err := json.Marshal(doc)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// userID returns a new unique id of a user.
func userID() string { return "AIDA" + KeyID("", Account) + "Z" }

// program finds versitygw from the test's folder upwards.
func program(t testing.TB) string {
	t.Helper()
	path := os.Getenv("MISLAID_VERSITYGW")
	if path == "" {
		path = filepath.Join(moduleRoot(t), "bin", "versitygw")
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		t.Fatalf("there is no versitygw at %s: make deps builds it, or MISLAID_VERSITYGW names one", cmp.Or(path, "?"))
	}
	return path
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test runs outside of the module")
		}
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
