//go:build linux

package smbtest

import (
	"fmt"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
)

// cable leads from the network of the tests to another with one server.
type cable struct {
	address string // of the server
	near    string // our end
	holder  *exec.Cmd
}

var cables atomic.Int32 // laid so far: each has addresses of its own

// layCable makes a network and a cable to it; both end with the test.
func layCable(t testing.TB) *cable {
	t.Helper()
	n := cables.Add(1)
	near, far := fmt.Sprintf("10.98.%d.1", n), fmt.Sprintf("10.98.%d.2", n)
	c := &cable{address: far, near: fmt.Sprintf("mislaid%d", n), holder: exec.Command("sleep", "infinity")}
	c.holder.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Cloneflags: syscall.CLONE_NEWNET} // it begins there
	if err := c.holder.Start(); err != nil {
		t.Fatalf("a network of its own, which needs root: %v", err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.holder.Process.Pid, syscall.SIGKILL)
		_ = c.holder.Wait()
		_ = exec.Command("ip", "link", "delete", c.near).Run() // if the end of the network has not
	})
	pid := strconv.Itoa(c.holder.Process.Pid)
	for _, args := range [][]string{
		{"ip", "link", "add", c.near, "type", "veth", "peer", "name", "eth0", "netns", pid},
		{"ip", "address", "add", near + "/24", "dev", c.near},
		{"ip", "link", "set", c.near, "up"},
		{"nsenter", "--net", "--target", pid, "ip", "address", "add", far + "/24", "dev", "eth0"},
		{"nsenter", "--net", "--target", pid, "ip", "link", "set", "eth0", "up"},
	} {
		c.do(t, args...)
	}
	return c
}

func (c *cable) do(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
}

// behind makes a command run at the other end.
func (c *cable) behind(cmd *exec.Cmd) {
	cmd.Args = append([]string{"nsenter", "--net", "--target", strconv.Itoa(c.holder.Process.Pid), cmd.Path}, cmd.Args[1:]...)
	cmd.Path, cmd.Err = "/usr/bin/nsenter", nil
}

// Cut cuts the cable: at our end, which notices, or at the server's, where what
// is sent is lost without a word.
func (s *Server) Cut(t testing.TB, ours bool) { s.set(t, ours, "down") }

// Mend ends Cut.
func (s *Server) Mend(t testing.TB, ours bool) { s.set(t, ours, "up") }

func (s *Server) set(t testing.TB, ours bool, state string) {
	t.Helper()
	if ours {
		s.cable.do(t, "ip", "link", "set", s.cable.near, state)
		return
	}
	s.cable.do(t, "nsenter", "--net", "--target", strconv.Itoa(s.cable.holder.Process.Pid), "ip", "link", "set", "eth0", state)
}
