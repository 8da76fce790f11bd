package main

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/sources"
	"mislaid/sources/local"
)

// openers is the registry of sources: by scheme, how a target is opened.
var openers = map[string]func(a *app, t target, f treeFlags) (sources.Source, error){
	schemeLocal: openLocal,
	schemeStdin: openStdin,
}

// treeFlags say which part of a tree is crawled, and how fast.
type treeFlags struct {
	include, exclude []string
	maxFileSize      size
	oneFileSystem    bool
	followSymlinks   bool
	jobs             int
	ioLimit          byteRate

	own []string // absolute paths of ours that are left out: journals hold key ids
}

func (f *treeFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVar(&f.include, "include", nil, "read only items that match this `glob` (repeatable)")
	fs.StringArrayVar(&f.exclude, "exclude", nil, "leave out what matches this `glob` (repeatable)")
	fs.Var(&f.maxFileSize, "max-file-size", "leave out larger files, such as 50MB (default: none)")
	fs.BoolVar(&f.oneFileSystem, "one-file-system", false, "do not cross into other file systems")
	fs.BoolVar(&f.followSymlinks, "follow-symlinks", false, "follow symbolic links")
	fs.IntVar(&f.jobs, "jobs", 0, "scan with this `many` goroutines (default: four more than there are processors)")
	fs.Var(&f.ioLimit, "io-limit", "read at most this much per second, such as 20MB")
}

func openLocal(_ *app, t target, f treeFlags) (sources.Source, error) {
	exclude := f.exclude
	for _, path := range f.own {
		if rel, err := filepath.Rel(t.path, path); err == nil && filepath.IsLocal(rel) && rel != "." {
			exclude = append(exclude[:len(exclude):len(exclude)], "/"+globLiteral(filepath.ToSlash(rel))) // the slash ties it to the root
		}
	}
	src, err := local.New(local.Config{
		Root: t.path, Include: f.include, Exclude: exclude,
		OneFileSystem: f.oneFileSystem, FollowSymlinks: f.followSymlinks,
	})
	if err != nil {
		return nil, err // not src: a nil pointer is no nil interface
	}
	return src, nil
}

func openStdin(a *app, _ target, _ treeFlags) (sources.Source, error) {
	return local.NewStdin(a.stdin), nil
}

// globLiteral returns the pattern that matches path and nothing else.
func globLiteral(path string) string {
	var b strings.Builder
	for _, r := range path {
		if strings.ContainsRune(`\*?[]{}!`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// opened is the sources of a run, and the records of those that cannot be read
// at all.
type opened struct {
	sources []sources.Source
	failed  []journal.Source
}

// openTargets opens the targets. Its error is one of usage, such as a pattern
// that is none; a target that cannot be read at all is in the answer.
func openTargets(a *app, targets []target, f treeFlags) (o opened, err error) {
	for _, t := range targets {
		src, err := openers[t.scheme](a, t, f)
		if unreadable := new(local.RootError); errors.As(err, &unreadable) {
			o.failed = append(o.failed, journal.Source{
				Name: t.scheme + "://" + filepath.ToSlash(t.path), Type: t.scheme, Title: t.String(), Error: unreadable.Err.Error(),
			})
			continue
		}
		if err != nil {
			o.close()
			return opened{}, err
		}
		o.sources = append(o.sources, src)
	}
	return o, nil
}

func (o opened) close() {
	for _, s := range o.sources {
		_ = s.Close() // they only read: nothing can be lost
	}
}

// once reports whether a source can be read only once.
func (o opened) once() bool {
	for _, s := range o.sources {
		if s.Info().Once {
			return true
		}
	}
	return false
}
