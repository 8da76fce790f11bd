//go:build linux

package smbtest

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
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
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"
)

// The domain that a DC serves.
const (
	Realm     = "lab.example"
	NetBIOS   = "LABDOM"
	BaseDN    = "DC=lab,DC=example"
	userDN    = "CN=%s,CN=Users," + BaseDN
	systemDN  = "CN=System," + BaseDN
	passwords = "CN=Password Settings Container," + systemDN
)

// DC is a running Samba domain controller.
type DC struct {
	Host string // its DNS name, with LDAP, LDAPS, Kerberos and SMB on their usual ports
	Dir  string
	TLS  *tls.Config // trusts its certificate

	CA string // the file with who vouches for it

	admin string // password
	conn  *ldap.Conn
}

// DCConfig says what a domain controller has besides the domain.
type DCConfig struct {
	// Shares are sections of smb.conf. A share gets a directory of its own.
	Shares map[string]map[string]string
	// Global are settings added to the section [global].
	Global map[string]string
	// LDIF is added to the database before the controller starts, as nobody
	// could do it later: trusts.
	LDIF string
}

// StartDC makes a domain and starts its controller, inside the namespaces of
// Main; it takes about seven seconds. A missing samba fails the test.
func StartDC(t testing.TB, c DCConfig) *DC {
	t.Helper()
	if os.Getenv(inside) == "" {
		t.Fatal("TestMain must call smbtest.Main")
	}
	for _, program := range []string{"samba", "samba-tool", "ldbadd"} {
		if _, err := lookPath(program); err != nil {
			t.Fatalf("%s is missing: run make deps as root (apt-get install samba samba-ad-dc samba-ad-provision samba-dsdb-modules winbind ldb-tools)", program)
		}
	}
	dir, err := os.MkdirTemp("/tmp", "mislaid-dc-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 { // what was killed may still be writing
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	d := &DC{Host: dcHost, Dir: dir, admin: "A1-" + rand.Text()}
	d.run(t, "samba-tool", "domain", "provision", "--realm="+Realm, "--domain="+NetBIOS, "--host-name=dc1", "--adminpass="+d.admin,
		"--server-role=dc", "--dns-backend=SAMBA_INTERNAL", "--targetdir="+dir, "--host-ip="+dcAddress,
		"--option=interfaces=lo", "--option=bind interfaces only=no")
	d.configure(t, c)
	if c.LDIF != "" {
		file := filepath.Join(dir, "more.ldif")
		if err := os.WriteFile(file, []byte(c.LDIF), 0o600); err != nil {
			t.Fatal(err)
		}
		d.run(t, "ldbadd", "-H", filepath.Join(dir, "private", "sam.ldb"), "--relax", file)
	}
	d.start(t)
	return d
}

func (d *DC) conf() string { return filepath.Join(d.Dir, "etc", "smb.conf") }

func (d *DC) run(t testing.TB, name string, args ...string) {
	t.Helper()
	path, err := lookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// configure adds our settings to what the provision wrote.
func (d *DC) configure(t testing.TB, c DCConfig) {
	t.Helper()
	ca, cert, key := d.certificate(t)
	d.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
	d.TLS.RootCAs.AppendCertsFromPEM(ca)
	global := map[string]string{"load printers": "no", "printcap name": "/dev/null", "disable spoolss": "yes"}
	for name, text := range map[string][]byte{"cafile": ca, "certfile": cert, "keyfile": key} {
		file := filepath.Join(d.Dir, name+".pem")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		global["tls "+name] = file
	}
	d.CA = global["tls cafile"]
	maps.Copy(global, c.Global)
	old, err := os.ReadFile(d.conf())
	if err != nil {
		t.Fatal(err)
	}
	var more bytes.Buffer
	section(&more, "global", global)
	for _, name := range slices.Sorted(maps.Keys(c.Shares)) {
		settings := map[string]string{"path": d.Path(name), "read only": "no"}
		maps.Copy(settings, c.Shares[name])
		if err := os.MkdirAll(settings["path"], 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(settings["path"], 0o777); err != nil {
			t.Fatal(err)
		}
		section(&more, name, settings)
	}
	if err := os.Chmod(d.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.conf(), append(old, more.Bytes()...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Path is the directory that a share shares.
func (d *DC) Path(share string) string { return filepath.Join(d.Dir, "shares", share) }

// Kerberos is a krb5.conf for the domain.
func (d *DC) Kerberos() string {
	return fmt.Sprintf("[libdefaults]\n default_realm = %s\n dns_lookup_kdc = false\n udp_preference_limit = 1\n[realms]\n %s = {\n  kdc = %s:88\n }\n[domain_realm]\n .%s = %s\n",
		strings.ToUpper(Realm), strings.ToUpper(Realm), dcAddress, Realm, strings.ToUpper(Realm))
}

func (d *DC) start(t testing.TB) {
	t.Helper()
	path, err := lookPath("samba")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(d.Dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(path, "-F", "--no-process-group", "-s", d.conf(), "--debug-stdout")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.conn != nil {
			_ = d.conn.Close()
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		d.kill()
		_ = cmd.Wait()
	})
	deadline := time.Now().Add(60 * time.Second)
	for _, port := range []string{"88", "389", "636", "445"} {
		for {
			nc, err := net.Dial("tcp", net.JoinHostPort(dcAddress, port))
			if err == nil {
				_ = nc.Close()
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("samba did not come up: port %s: %v\n%s", port, err, d.Log())
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	for {
		err = d.connect()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("administrator's LDAP: %v\n%s", err, d.Log())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// kill ends what left the process group.
func (d *DC) kill() {
	s := Server{Dir: filepath.Join(d.Dir, "etc")}
	for range 100 {
		pids := s.pids()
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// DropConnections ends all SMB connections, as a server does that restarts.
func (d *DC) DropConnections(t testing.TB) {
	t.Helper()
	out, err := exec.Command("smbstatus", "-s", d.conf(), "-p").Output()
	if err != nil {
		t.Fatalf("smbstatus: %v", err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if pid, err := strconv.Atoi(fields[0]); err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			n++
		}
	}
	if n == 0 {
		t.Fatalf("no connection to end:\n%s", out)
	}
}

// Log returns what the controller said, for tests that fail.
func (d *DC) Log() string {
	text, _ := os.ReadFile(filepath.Join(d.Dir, "output"))
	return string(text[max(0, len(text)-4000):])
}

func (d *DC) connect() error {
	conn, err := ldap.DialURL("ldaps://"+d.Host, ldap.DialWithTLSConfig(d.TLS))
	if err != nil {
		return err
	}
	if err := conn.Bind("Administrator@"+Realm, d.admin); err != nil {
		_ = conn.Close()
		return err
	}
	d.conn = conn
	return nil
}

// Administrator is the password of the domain's administrator.
func (d *DC) Administrator() string { return d.admin }

// Add adds an entry to the directory.
func (d *DC) Add(t testing.TB, dn string, attributes map[string][]string) {
	t.Helper()
	req := ldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		req.Attribute(name, values)
	}
	if err := d.conn.Add(req); err != nil {
		t.Fatalf("add %s: %v", dn, err)
	}
}

// Set replaces attributes of an entry.
func (d *DC) Set(t testing.TB, dn string, attributes map[string][]string) {
	t.Helper()
	req := ldap.NewModifyRequest(dn, nil)
	for name, values := range attributes {
		req.Replace(name, values)
	}
	if err := d.conn.Modify(req); err != nil {
		t.Fatalf("change %s: %v", dn, err)
	}
}

// UserDN is where a user, group or computer of the tests lies.
func UserDN(name string) string { return fmt.Sprintf(userDN, name) }

// AddUser adds an enabled user and returns its password.
func (d *DC) AddUser(t testing.TB, name string) (password string) {
	t.Helper()
	password = "P1-" + rand.Text()
	d.Add(t, UserDN(name), map[string][]string{
		"objectClass": {"user"}, "sAMAccountName": {name}, "userPrincipalName": {name + "@" + Realm},
		"userAccountControl": {"512"}, "unicodePwd": {quoted(password)},
	})
	return password
}

// SetPassword changes a user's password as an administrator does.
func (d *DC) SetPassword(t testing.TB, name, password string) {
	t.Helper()
	d.Set(t, UserDN(name), map[string][]string{"unicodePwd": {quoted(password)}})
}

// quoted is a password as MS-ADTS 3.1.1.3.1.5.1 wants it.
func quoted(password string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(`"` + password + `"`)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// AddServer adds a file server to the directory: one of Hosts, which all lead to
// the controller. Tickets for it are good there.
func (d *DC) AddServer(t testing.TB, host string) {
	t.Helper()
	name, _, _ := strings.Cut(host, ".")
	d.Add(t, "CN="+name+",CN=Computers,"+BaseDN, map[string][]string{
		"objectClass": {"computer"}, "sAMAccountName": {name + "$"}, "userAccountControl": {"4096"},
		"dNSHostName": {host}, "operatingSystem": {"Windows Server 2022 Standard"},
	})
	req := ldap.NewModifyRequest("CN=DC1,OU=Domain Controllers,"+BaseDN, nil)
	req.Add("servicePrincipalName", []string{"cifs/" + host})
	if err := d.conn.Modify(req); err != nil {
		t.Fatalf("a name for %s: %v", host, err)
	}
}

// Keytab writes a file with a user's key, and returns its path.
func (d *DC) Keytab(t testing.TB, user string) string {
	t.Helper()
	path := filepath.Join(d.Dir, user+".keytab")
	d.run(t, "samba-tool", "domain", "exportkeytab", path, "--principal="+user, "-s", d.conf())
	return path
}

// AddGroup adds a global group with members, users or groups of the tests.
func (d *DC) AddGroup(t testing.TB, name string, members ...string) {
	t.Helper()
	attributes := map[string][]string{"objectClass": {"group"}, "sAMAccountName": {name}}
	for _, m := range members {
		attributes["member"] = append(attributes["member"], UserDN(m))
	}
	d.Add(t, UserDN(name), attributes)
}

// AddLocalGroup adds a domain local group with members that the domain keeps as
// foreign, such as S-1-5-11.
func (d *DC) AddLocalGroup(t testing.TB, name string, sids ...string) {
	t.Helper()
	const local = "-2147483644" // GROUP_TYPE_SECURITY_ENABLED and GROUP_TYPE_RESOURCE_GROUP; MS-ADTS 2.2.12
	attributes := map[string][]string{"objectClass": {"group"}, "sAMAccountName": {name}, "groupType": {local}}
	for _, s := range sids {
		attributes["member"] = append(attributes["member"], "CN="+s+",CN=ForeignSecurityPrincipals,"+BaseDN)
	}
	d.Add(t, UserDN(name), attributes)
}

// Allow adds an entry, in SDDL, to the list that guards an entry of the
// directory.
func (d *DC) Allow(t testing.TB, name, sddl string) {
	t.Helper()
	d.run(t, "samba-tool", "dsacl", "set", "-H", filepath.Join(d.Dir, "private", "sam.ldb"), "-s", d.conf(),
		"--objectdn="+UserDN(name), "--sddl="+sddl)
}

// SetShareSecurity gives a share an ACL of its own, in SDDL.
func (d *DC) SetShareSecurity(t testing.TB, share, sddl string) {
	t.Helper()
	d.run(t, "sharesec", "-s", d.conf(), share, "--setsddl="+sddl)
}

// Get reads an attribute of an entry as the administrator.
func (d *DC) Get(t testing.TB, dn, attribute string) string {
	t.Helper()
	r, err := d.conn.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, false, "(objectClass=*)", []string{attribute}, nil))
	if err != nil || len(r.Entries) != 1 {
		t.Fatalf("read %s: %v", dn, err)
	}
	return r.Entries[0].GetAttributeValue(attribute)
}

// PasswordPolicies is where fine-grained password policies lie.
func PasswordPolicies() string { return passwords }
