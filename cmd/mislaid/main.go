// Mislaid finds credentials that people left lying around, asks the vendor
// whether each one is alive, and says who could have seen it.
//
// main does nothing but call run, which is a function of the arguments, the
// environment and three streams. Every command has its own file; sources.go and
// detectors.go are the registries.
//
// This package knows the command line: flags, files, terminals, signals and exit
// codes. It does not know how anything is crawled, found, verified or rendered.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
)

func main() { os.Exit(start()) }

func start() int {
	disableCoreDumps()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from then on a second signal kills at once
	return run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
}

// run is the whole program. It returns the exit code.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			reportPanic(stderr, p)
			code = exitBug
		}
	}()
	a := &app{env: newEnvironment(env), stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return a.exit(cmd, err)
}

// app is what the commands share: the environment and the streams of one run.
type app struct {
	env    environment
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// reportPanic says where the program failed. The panic's value and the
// arguments on the stack are left out: they could quote what was scanned.
func reportPanic(w io.Writer, p any) {
	fmt.Fprintf(w, "mislaid: internal error (%T). This is our bug, please report it together with these lines:\n", p)
	var pcs [48]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(w, "  %s:%d\n", f.Function, f.Line)
		}
		if !more {
			return
		}
	}
}
