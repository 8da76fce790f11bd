package extract

import (
	"os"
	"syscall"
)

// peakMemory is the most memory that a process held, in bytes.
func peakMemory(ps *os.ProcessState) int64 {
	if ru, ok := ps.SysUsage().(*syscall.Rusage); ok {
		return ru.Maxrss << 10 // getrusage(2)
	}
	return 0
}
