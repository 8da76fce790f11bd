//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peak is the largest resident memory of a finished process, in bytes.
func peak(ps *os.ProcessState) int64 {
	ru, ok := ps.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" { // counts bytes, the others kilobytes (getrusage(2))
		return int64(ru.Maxrss)
	}
	return int64(ru.Maxrss) << 10
}
