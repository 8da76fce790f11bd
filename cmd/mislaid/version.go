package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// build says which program this is.
type build struct {
	version string // of the module; "(devel)" when built from a working tree
	commit  string // "" unknown; ends in "+dirty" if the tree was changed
	time    time.Time
}

// readBuild reads what the Go tool wrote into the program.
func readBuild() build {
	b := build{version: "(devel)"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.version = info.Main.Version
	}
	dirty := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		case "vcs.time":
			b.time, _ = time.Parse(time.RFC3339, s.Value)
		}
	}
	if dirty && b.commit != "" {
		b.commit += "+dirty"
	}
	return b
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// String returns the lines that `mislaid version` prints.
func (b build) String() string {
	commit := b.commit
	if commit == "" {
		commit = "unknown"
	}
	return strings.Join([]string{
		"mislaid " + b.version, "commit " + commit, runtime.Version(), platform(),
	}, "\n")
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit and the Go version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), readBuild())
			return err
		},
	}
}
