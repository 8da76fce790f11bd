package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages into a directory",
		Example: "  mislaid man /usr/local/share/man/man1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return outputError("make the directory for the manual pages: %w", err)
			}
			built := readBuild()
			date := built.time
			if date.IsZero() {
				date = time.Now()
			}
			header := &doc.GenManHeader{Title: "MISLAID", Section: "1", Source: "mislaid " + built.version, Manual: "mislaid", Date: &date}
			if err := doc.GenManTree(cmd.Root(), header, args[0]); err != nil {
				return outputError("write the manual pages: %w", err)
			}
			return nil
		},
	}
}
