package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mislaid/sources"
)

// connectors is the registry of the kinds of places that can be crawled. Adding
// one is a file of its own and a line here; the order is that of help texts.
// The first that claims a target's spelling gets it, and a path is what nobody
// else claims.
var connectors = []connector{
	stdinConnector,
	smbConnector,
	slackConnector,
	slackExportConnector,
	localConnector,
}

// connector is how the command line reaches one kind of place. A field that is
// nil means that the kind has no such thing, which the command says.
type connector struct {
	scheme  string // names the kind in a target: "file", "smb", "slack"
	what    string // what it is, for help: "a file server"
	spelled string // how its targets are spelled, for help: "smb://HOST/SHARE"

	// claims reports whether an argument is spelled like one of its targets.
	claims func(arg string) bool
	// parse reads such an argument. target.path is its normal form, and parse
	// gives the same target for target.String(). It holds no secret.
	parse func(arg string) (target, error)
	// more returns targets, as arguments, that flags of this kind name besides
	// those on the command line, args.
	more func(ctx context.Context, a *app, args []string, f *crawlFlags) ([]string, error)
	// define adds the flags that only this kind has, to every command that
	// opens a target.
	define func(cmd *cobra.Command, f *crawlFlags)
	// coverage names those of its flags that say what is covered: a scan is not
	// resumed with other values.
	coverage []string
	// open returns the sources that a target stands for. A target that cannot
	// be read at all gives a *sources.RootError; other errors are of usage.
	open func(ctx context.Context, a *app, t target, f *crawlFlags) ([]sources.Source, error)

	// list yields what a crawl would visit, without reading content. An error
	// with an entry is about that entry; an error with a zero entry ends it.
	list func(ctx context.Context, a *app, t target, f *crawlFlags) iter.Seq2[listed, error]
	// check says who we are there, what we can see, and what it will cost. An
	// error means that it could not be found out at all.
	check func(ctx context.Context, a *app, t target, f *crawlFlags) ([]checked, error)
	// permissions writes what to grant so that a crawl can see everything.
	permissions func(w io.Writer) error
}

// connectorOf returns the connector of a scheme.
func connectorOf(scheme string) (connector, bool) {
	i := slices.IndexFunc(connectors, func(c connector) bool { return c.scheme == scheme })
	if i < 0 {
		return connector{}, false
	}
	return connectors[i], true
}

// connectorFlags are the names of the flags that one connector alone has.
func connectorFlags() (names []string) {
	cmd := new(cobra.Command)
	new(crawlFlags).defineConnectors(cmd)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// coverageFlags are those that say what a scan covers.
func coverageFlags() []string {
	names := slices.Concat([]string{"include", "exclude", "max-file-size", "password-file"}, chosenCoverage, extractionFlags)
	for _, c := range connectors {
		names = append(names, c.coverage...)
	}
	return names
}

// targetHelp lists how targets are spelled.
func targetHelp() string {
	var b strings.Builder
	b.WriteString("Targets:\n")
	for _, c := range connectors {
		fmt.Fprintf(&b, "  %-28s %s\n", c.spelled, c.what)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
