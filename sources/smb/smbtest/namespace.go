//go:build linux

package smbtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// inside marks the process that runs in the namespaces.
const inside = "MISLAIDTEST_NAMESPACE"

// The address of a domain controller, and the names that lead to it.
const (
	dcAddress = "10.99.0.1"
	dcHost    = "dc1." + Realm
)

// Main runs the tests of a package inside network, mount, host name and process
// namespaces of their own, where a domain controller can have its ports and its
// names, and where nothing outlives the tests. It is called by TestMain and
// returns the exit code; the tests write to out and errs. It takes root.
func Main(m *testing.M, out, errs io.Writer) int {
	if os.Getenv(inside) != "" {
		if err := furnish(); err != nil {
			fmt.Fprintln(errs, err)
			return 1
		}
		return m.Run()
	}
	if os.Geteuid() != 0 {
		fmt.Fprintln(errs, "a domain controller of its own takes root, for network namespaces")
		return 1
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	args := []string{"--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", self}
	cmd := exec.Command("unshare", append(args, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdout, cmd.Stderr = out, errs
	runtime.LockOSThread() // Pdeathsig follows the thread
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1)
	case err != nil:
		fmt.Fprintf(errs, "unshare: %v: run make deps as root (apt-get install util-linux)\n", err)
		return 1
	}
	return 0
}

// Hosts are further names and addresses of the controller: servers that all ask
// one domain who somebody is.
var Hosts = map[string]string{
	"files1." + Realm: "10.99.0.11", "files2." + Realm: "10.99.0.12", "files3." + Realm: "10.99.0.13", "files4." + Realm: "10.99.0.14",
}

// furnish gives the namespaces addresses and names.
func furnish() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	names := "127.0.0.1 localhost\n" + dcAddress + " " + dcHost + " dc1\n"
	commands := [][]string{{"link", "set", "lo", "up"}, {"address", "add", dcAddress + "/24", "dev", "lo"}}
	for name, address := range Hosts {
		commands = append(commands, []string{"address", "add", address + "/24", "dev", "lo"})
		names += address + " " + name + "\n"
	}
	for _, args := range commands {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s (apt-get install iproute2)", args, err, out)
		}
	}
	// Where Samba keeps what only one controller on a machine can have.
	for _, dir := range []string{"/run/samba", "/var/lib/samba", "/var/cache/samba"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
			return fmt.Errorf("%s of our own: %w", dir, err)
		}
	}
	for file, text := range map[string]string{
		"/etc/resolv.conf": "nameserver 127.0.0.1\n",
		"/etc/hosts":       names,
	} {
		own, err := os.CreateTemp("", "mislaid-etc-")
		if err != nil {
			return err
		}
		_, err = own.WriteString(text)
		err = errors.Join(err, own.Chmod(0o644), own.Close())
		if err == nil {
			err = syscall.Mount(own.Name(), file, "", syscall.MS_BIND, "")
		}
		_ = os.Remove(own.Name()) // the mount keeps it
		if err != nil {
			return fmt.Errorf("%s of our own: %w", file, err)
		}
	}
	return syscall.Sethostname([]byte("dc1"))
}
