package extract

import (
	"os/exec"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// confine takes from this process what a reader of documents has no use for:
// files to write, core dumps, and memory without end.
func confine() {
	for what, most := range map[int]uint64{
		unix.RLIMIT_DATA: maxProcess, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0,
	} {
		_ = unix.Setrlimit(what, &unix.Rlimit{Cur: most, Max: most}) // it is one guard of several
	}
	debug.SetMemoryLimit(maxProcess * 3 / 4)
}

// dieWithParent makes the kernel end the child with us.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// limitProcess bounds the memory, in bytes, and the time of a program that we
// started and that has nothing to read yet, and lets it write no file.
func limitProcess(pid int, memory uint64, timeout time.Duration) {
	for what, most := range map[int]uint64{
		unix.RLIMIT_AS: memory, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0, unix.RLIMIT_CPU: uint64(timeout.Seconds()) + 1,
	} {
		_ = unix.Prlimit(pid, what, &unix.Rlimit{Cur: most, Max: most}, nil) // it is one guard of several
	}
}
