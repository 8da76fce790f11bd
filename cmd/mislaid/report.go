package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/internal/report"
)

const reportHelp = `Report renders journals again without scanning again. Several journals are
folded into one report. It says when a journal was cut off, or when its chain of
hashes is broken: then records were changed or removed.

With --follow it renders a scan that is still running: each grave leak as it
settles, and the whole report at the end.

With --ignore FILE it suppresses what the file lists, in the format that
"mislaid scan --help" describes, besides what the scan itself suppressed.`

const reportExamples = `  mislaid report ~/.local/state/mislaid/20261124T101500Z-3f9c0d1e2a4b.journal
  mislaid report --format sarif --output leaks.sarif monday.journal tuesday.journal
  mislaid report --follow running.journal`

// followEvery is how often a journal is looked at that is being written.
const followEvery = 250 * time.Millisecond

type reportFlags struct {
	known   suppressFlags
	output  outputFlags
	console consoleFlags
	failOn  choice
	follow  bool
}

func newReportCommand(a *app) *cobra.Command {
	f := new(reportFlags)
	cmd := &cobra.Command{
		Use:     "report JOURNAL...",
		Short:   "Render a journal again, or a running scan",
		Long:    reportHelp + "\n\n" + exitHelp,
		Example: reportExamples,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.report(cmd, f, args) },
	}
	f.known.defineIgnore(cmd)
	f.output.define(cmd)
	f.console.defineColor(cmd)
	defineFailOn(cmd, &f.failOn)
	cmd.Flags().BoolVar(&f.follow, "follow", false, "follow a running scan to its end")
	return cmd
}

// report is the command.
func (a *app) report(cmd *cobra.Command, f *reportFlags, paths []string) error {
	if f.follow && len(paths) != 1 {
		return errors.New("--follow takes one journal")
	}
	for _, path := range paths {
		if !journalExists(path) {
			return fmt.Errorf("there is no journal %s", path)
		}
	}
	entries, err := f.known.entries()
	if err != nil {
		return err
	}
	out, err := f.output.open(a, &f.console)
	if err != nil {
		return err
	}
	folder := journal.NewFolder()
	folder.Suppress(entries, now())
	var summary *journal.Summary
	if f.follow {
		summary, err = a.follow(cmd.Context(), f, out, folder, paths[0])
	} else {
		summary, err = folder.Load(paths...)
	}
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	if summary.Chain.Err != "" {
		fmt.Fprintf(a.stderr, "mislaid: the journal cannot be trusted: %s\n", report.Clean(summary.Chain.Err))
	}
	if err := out.finish(summary); err != nil {
		return outputError("write the report: %w", err)
	}
	if cmd.Context().Err() != nil {
		return &exitError{code: exitCancelled}
	}
	if code := journal.ExitCode(summary, f.failOn.value); code != 0 {
		return &exitError{code: code}
	}
	return nil
}

// follow renders a running scan.
func (a *app) follow(ctx context.Context, f *reportFlags, out *output, folder *journal.Folder, path string) (*journal.Summary, error) {
	var chain journal.Chain
	announced := make(map[string]journal.Severity)
	o := report.Options{Color: f.console.colored(a.env, a.stderr), Width: columns(a.stderr)}
	for r, err := range journal.Follow(ctx, path, followEvery, &chain) {
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return nil, err
		}
		for _, id := range folder.Add(r) {
			l, ok := folder.Leak(id)
			if !ok || !l.Settled || l.Suppressed {
				continue
			}
			if before, known := announced[id]; l.Severity >= journal.High && (!known || l.Severity > before) {
				announced[id] = l.Severity
				fmt.Fprintln(a.stderr, report.Line(l, o))
			}
			if err := out.leak(l); err != nil {
				return nil, outputError("write the report: %w", err)
			}
		}
	}
	s := folder.Summary()
	s.Chain = chain
	return s, nil
}
