//go:build !linux

package extract

import (
	"os/exec"
	"runtime/debug"
	"time"
)

// confine keeps this process's memory small.
func confine() { debug.SetMemoryLimit(maxProcess * 3 / 4) }

// dieWithParent has nothing to set: the child ends when its pipe does.
func dieWithParent(*exec.Cmd) {}

func limitProcess(int, uint64, time.Duration) {}
