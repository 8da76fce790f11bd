package main

import (
	"context"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mislaid/sources"
	"mislaid/sources/local"
)

const (
	schemeLocal = "file"
	schemeStdin = "stdin"
)

var stdinConnector = connector{
	scheme: schemeStdin, what: "standard input", spelled: "-",
	claims: func(arg string) bool { return arg == "-" },
	parse:  func(string) (target, error) { return target{scheme: schemeStdin, path: "-"}, nil },
	open: func(_ context.Context, a *app, _ target, _ *crawlFlags) ([]sources.Source, error) {
		return []sources.Source{local.NewStdin(a.stdin)}, nil
	},
}

var localConnector = connector{
	scheme: schemeLocal, what: "a directory tree or a file; none means the current directory", spelled: "PATH",
	claims: func(arg string) bool {
		return !strings.HasPrefix(arg, `\\`) && !strings.HasPrefix(arg, "//") && !webAddress.MatchString(arg)
	},
	parse: func(arg string) (target, error) {
		path, err := filepath.Abs(arg)
		return target{scheme: schemeLocal, path: path}, err
	},
	define:      func(cmd *cobra.Command, f *crawlFlags) { f.local.define(cmd) },
	coverage:    []string{"one-file-system", "follow-symlinks"},
	open:        openLocal,
	list:        listLocal,
	check:       checkLocal,
	permissions: permissionsLocal,
}

// localFlags are those of local trees alone.
type localFlags struct {
	oneFileSystem  bool
	followSymlinks bool
}

func (f *localFlags) define(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.oneFileSystem, "one-file-system", false, "local trees: do not cross into other file systems")
	cmd.Flags().BoolVar(&f.followSymlinks, "follow-symlinks", false, "local trees: follow symbolic links")
}

func openLocal(_ context.Context, _ *app, t target, f *crawlFlags) ([]sources.Source, error) {
	src, err := newLocal(t, f)
	if err != nil {
		return nil, err
	}
	return []sources.Source{src}, nil
}

func newLocal(t target, f *crawlFlags) (*local.Source, error) {
	exclude := f.exclude
	for _, path := range f.own {
		if rel, err := filepath.Rel(t.path, path); err == nil && filepath.IsLocal(rel) && rel != "." {
			exclude = append(exclude[:len(exclude):len(exclude)], "/"+globLiteral(filepath.ToSlash(rel))) // the slash ties it to the root
		}
	}
	return local.New(local.Config{
		Root: t.path, Include: f.include, Exclude: exclude,
		OneFileSystem: f.local.oneFileSystem, FollowSymlinks: f.local.followSymlinks,
		Attrs: f.attrs(), Ops: f.opsLimiter(),
	})
}

// listLocal lists the tree's root: a tree is crawled as one.
func listLocal(ctx context.Context, _ *app, t target, f *crawlFlags) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		src, err := newLocal(t, f)
		if err != nil {
			yield(listed{}, err)
			return
		}
		defer func() { _ = src.Close() }()
		listSource(ctx, src, "directory tree", yield)
	}
}

// checkLocal says what a crawl of a tree would see.
func checkLocal(_ context.Context, a *app, t target, f *crawlFlags) ([]checked, error) {
	src, err := newLocal(t, f)
	if err != nil {
		return nil, err
	}
	defer func() { _ = src.Close() }()
	checks := []checked{
		{Topic: "who", State: checkOK, Text: "this machine's user " + a.userName()},
		{Topic: "access", State: checkOK, Text: t.path + " can be opened; what lies in it and is closed to this user will be a gap"},
		{Topic: "network", State: checkOK, Text: "reading it contacts no host"},
	}
	for _, note := range src.Info().Notes {
		checks = append(checks, checked{Topic: "note", State: checkWarning, Text: note})
	}
	return checks, nil
}

func permissionsLocal(w io.Writer) error {
	_, err := io.WriteString(w, `A local tree needs no grant: mislaid reads what its user may read, and everything
closed to that user is a gap in the report. To see everything, and everyone's
ACLs, run it as root or with the capability CAP_DAC_READ_SEARCH alone:

  sudo setpriv --inh-caps +dac_read_search --ambient-caps +dac_read_search \
    --reuid "$USER" --init-groups mislaid scan /srv/share

It writes nothing below what it scans.
`)
	return err
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
