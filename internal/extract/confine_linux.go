package extract

import (
	"os/exec"
	"runtime/debug"
	"syscall"

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
