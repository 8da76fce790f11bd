package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"text/tabwriter"

	"mislaid/sources/smb/smbtest"
)

// shared is what a bench of a file server needs to know.
type shared struct {
	dir    string // for what is written
	rounds int
	tree   tree
	scan   func(target string, more ...string) []string
	fresh  func() error
}

// share measures a scan of a share of a real smbd, a second scan that builds on
// the first, and smbclient getting the same files, in turn.
func (s shared) share(out io.Writer) (err error) {
	t := &bench{}
	defer t.end(&err)
	// smbd becomes the user who signs in, and the files are that user's: it looks
	// long for who owns the files of strangers.
	if err := os.Chmod(s.dir, 0o711); err != nil {
		return err
	}
	server := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{"tree": {"path": s.tree.path, "read only": "yes"}}})
	if err := s.give(server.UnixUser(t, "alice")); err != nil {
		return err
	}
	secrets, err := os.MkdirTemp(s.dir, "secrets-")
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = os.RemoveAll(secrets) })
	password, login := filepath.Join(secrets, "password"), filepath.Join(secrets, "login")
	if err := errors.Join(
		os.WriteFile(password, []byte(server.Password("alice")), 0o600),
		os.WriteFile(login, []byte("username = alice\npassword = "+server.Password("alice")+"\n"), 0o600),
	); err != nil {
		return err
	}
	copied := filepath.Join(s.dir, "copied")
	t.Cleanup(func() { _ = os.RemoveAll(copied) })
	second := filepath.Join(s.dir, "second.journal")
	before := func() error {
		return errors.Join(s.fresh(), os.RemoveAll(second), os.RemoveAll(copied), os.Mkdir(copied, 0o700))
	}
	first := s.scan("smb://alice@"+server.Addr+"/tree", "--smb-password=file:"+password)
	again := append(slices.Clone(first), "--since="+filepath.Join(s.dir, "run.journal"), "--journal="+second)
	commands := []command{
		{"mislaid scan", first, exitGaps},
		{"smbclient mget", []string{
			"smbclient", "//127.0.0.1/tree", "-p", strconv.Itoa(server.Port), "-A", login, "-c", `recurse; prompt off; lcd "` + copied + `"; mget *`,
		}, 0},
		{"mislaid --since", again, exitGaps},
	}
	samples := make([][]sample, len(commands))
	for range s.rounds {
		if err := before(); err != nil {
			return err
		}
		for i, c := range commands {
			one, err := c.run()
			if err != nil {
				return err
			}
			samples[i] = append(samples[i], one)
		}
	}
	return s.table(out, commands, samples)
}

// table prints the medians, with what each command does in a second.
func (s shared) table(out io.Writer, commands []command, samples [][]sample) error {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "command\twall median (min–max)\tfiles/s\tMB/s\tCPU median\tpeak memory\tbeside mislaid scan")
	var one float64
	for i, c := range commands {
		w, cpu, m := column(samples[i])
		median := w[len(w)/2]
		if i == 0 {
			one = median
		}
		fmt.Fprintf(tw, "%s\t%.2f s (%.2f–%.2f)\t%.0f\t%.1f\t%.2f s\t%d MB\t%.2f times as long\n", c.name, median, w[0], w[len(w)-1],
			float64(s.tree.files)/median, float64(s.tree.bytes)/1e6/median, cpu[len(cpu)/2], m>>20, median/one)
	}
	return tw.Flush()
}

// give makes everything in the tree belong to a user.
func (s shared) give(uid, gid int) error {
	return filepath.WalkDir(s.tree.path, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
}

// bench is a testing.TB outside a test: what fails ends the function that
// deferred end with an error.
type bench struct {
	testing.TB
	cleanups []func()
}

type failure struct{ error }

// Helper does nothing.
func (*bench) Helper() {}

// Cleanup has f called by end.
func (b *bench) Cleanup(f func()) { b.cleanups = append(b.cleanups, f) }

// Fatal ends the bench.
func (*bench) Fatal(args ...any) { panic(failure{errors.New(fmt.Sprint(args...))}) }

// Fatalf ends the bench.
func (*bench) Fatalf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// end cleans up and turns a failure into the error.
func (b *bench) end(err *error) {
	p := recover()
	for _, f := range slices.Backward(b.cleanups) {
		f()
	}
	if f, ok := p.(failure); ok {
		*err = f.error
	} else if p != nil {
		panic(p)
	}
}
