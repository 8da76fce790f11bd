package awstest

import (
	"os/exec"
	"syscall"
)

// dieWithUs ends the server even when the test program is killed.
func dieWithUs(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
