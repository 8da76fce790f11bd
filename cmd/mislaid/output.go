package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/internal/report"
)

// streamed is the format that is written while the scan runs.
const streamed = "jsonl"

// outputFlags say where the report goes, and how it looks.
type outputFlags struct {
	format     choice
	path       string
	suppressed bool
}

func (f *outputFlags) define(cmd *cobra.Command) {
	choiceVar(cmd, &f.format, "format", "format of the report", report.Formats()...)
	f.format.value = "text"
	cmd.Flags().Lookup("format").DefValue = "text"
	cmd.Flags().BoolVar(&f.suppressed, "show-suppressed", false, "list in the report what is suppressed; it is counted in any case")
	cmd.Flags().StringVar(&f.path, "output", "", "write the report into this `file`, mode 0600, instead of stdout")
}

// output is where a report goes. Its leak method belongs to one goroutine at a
// time.
type output struct {
	format  string
	path    string // "": w
	w       io.Writer
	options report.Options
	stream  *report.Stream // not nil: the format is streamed
	file    *os.File       // of a stream; nil: w
}

// open checks that the report can be written, before anything is scanned.
func (f *outputFlags) open(a *app, c *consoleFlags) (*output, error) {
	o := &output{format: f.format.value, path: f.path, w: a.stdout}
	if f.path == "" {
		o.options = report.Options{Color: c.colored(a.env, a.stdout), Width: columns(a.stdout), ShowSuppressed: f.suppressed}
		if f.format.value == streamed {
			o.stream = report.NewStream(a.stdout, o.options)
		}
		return o, nil
	}
	o.options = report.Options{Color: c.color.value == "always", ShowSuppressed: f.suppressed}
	if err := checkReplaceable(f.path); err != nil {
		return nil, err
	}
	tmp, err := createBeside(f.path)
	if err != nil {
		return nil, fmt.Errorf("--output %s: %w", f.path, err)
	}
	if f.format.value != streamed {
		_ = tmp.Close()
		return o, os.Remove(tmp.Name())
	}
	if err := os.Rename(tmp.Name(), f.path); err != nil {
		_ = tmp.Close()
		_ = os.Remove(tmp.Name())
		return nil, fmt.Errorf("--output %s: %w", f.path, err)
	}
	o.file, o.stream = tmp, report.NewStream(tmp, o.options)
	return o, nil
}

// leak passes on a leak that has settled.
func (o *output) leak(l journal.Leak) error {
	if o.stream == nil {
		return nil
	}
	return o.stream.Leak(l)
}

// finish writes the report, or the rest of it.
func (o *output) finish(s *journal.Summary) error {
	switch {
	case o.stream != nil && o.file != nil:
		return errors.Join(o.stream.Close(s), o.file.Sync(), o.file.Close())
	case o.stream != nil:
		return o.stream.Close(s)
	case o.path != "":
		return replaceWhole(o.path, func(w io.Writer) error { return report.Write(w, o.format, s, o.options) })
	}
	w := bufio.NewWriter(o.w)
	return errors.Join(report.Write(w, o.format, s, o.options), w.Flush())
}

// checkReplaceable refuses to write a report where there is something other
// than a regular file.
func checkReplaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--output: %w", err)
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("--output %s: it is a symbolic link; name the file itself", path)
	case info.IsDir():
		return fmt.Errorf("--output %s: it is a directory; name a file in it", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("--output %s: it is not a regular file; write to stdout and redirect it instead", path)
	}
	return nil
}

// createBeside makes a file, mode 0600, in the directory of path.
func createBeside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), "."+strings.ReplaceAll(filepath.Base(path), "*", "_")+".*.tmp")
}

// replaceWhole writes a file whole or not at all, and never through a symbolic
// link.
func replaceWhole(path string, write func(io.Writer) error) (err error) {
	if err := checkReplaceable(path); err != nil {
		return err
	}
	tmp, err := createBeside(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	w := bufio.NewWriter(tmp)
	if err := write(w); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
