//go:build unix && !linux

package awstest

import "os/exec"

func dieWithUs(*exec.Cmd) {}
