package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mislaid/internal/report"
	"mislaid/internal/scan"
	"mislaid/sources"
)

const explainHelp = `Explain reads one file as a scan would and says how it was judged: each part of a
credential that was found, what looked like one and was turned away by which
filter and why, how ids and secrets were weighed against each other, point by
point, and what came of it.

What lies in an archive, a document or a mail is explained place by place.

It is the scan's own code that tells, so it cannot say anything else than what a
scan does. Secrets are masked, nobody is asked about anything, and nothing is
written. FILE may be - for standard input.

Exit codes: 0 explained; 2 wrong usage; 3 it could not be read to its end.`

type explainFlags struct {
	detect  detectFlags
	inline  bool
	console consoleFlags
	format  choice
	extract extractFlags
}

func newExplainCommand(a *app) *cobra.Command {
	f := new(explainFlags)
	cmd := &cobra.Command{
		Use:     "explain FILE",
		Short:   "Say why a file's strings are, or are not, taken for credentials",
		Long:    explainHelp,
		Example: "  mislaid explain .env\n  mislaid explain --detectors all --format json config.yml\n  pbpaste | mislaid explain -",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.explain(cmd.Context(), f, args[0]) },
	}
	f.detect.define(cmd)
	cmd.Flags().BoolVar(&f.inline, "trust-inline", false, "look also for comments such as mislaid:allow")
	f.extract.define(cmd)
	f.console.defineColor(cmd)
	choiceVar(cmd, &f.format, "format", "format of the explanation", "text", "json")
	return cmd
}

// explain is the command.
func (a *app) explain(ctx context.Context, f *explainFlags, arg string) error {
	t, err := parseTarget(arg)
	if err != nil {
		return err
	}
	if t.scheme != schemeLocal && t.scheme != schemeStdin || t.scheme == schemeLocal && isDirectory(t.path) {
		return fmt.Errorf("%s: explain takes one file, or - for standard input", arg)
	}
	if err := f.extract.check(); err != nil {
		return err
	}
	unwrapping, err := f.extract.options()
	if err != nil {
		return err
	}
	found, err := f.detect.build(f.inline)
	if err != nil {
		return err
	}
	opened, err := openTargets(ctx, a, []target{t}, new(crawlFlags))
	if err != nil {
		return err
	}
	defer opened.close()
	if len(opened.failed) > 0 {
		return &exitError{exitGap, fmt.Errorf("%s: %s", arg, opened.failed[0].Error)}
	}
	src := opened.sources[0]
	it, err := onlyItem(ctx, src)
	if err != nil {
		return &exitError{exitGap, fmt.Errorf("%s: %w", arg, err)}
	}
	explained, readErr := scan.Explain(ctx, src, it, scan.Options{Set: found.set, Accept: found.accept, Extract: unwrapping})
	doc := newExplanation(arg, found.set.Name(), explained)
	if readErr != nil {
		doc.Error = readErr.Error()
	}
	w := bufio.NewWriter(a.stdout)
	if f.format.value == "json" {
		err = doc.writeJSON(w)
	} else {
		doc.writeText(w, report.Options{Color: f.console.colored(a.env, a.stdout)})
	}
	if err := errors.Join(err, w.Flush()); err != nil {
		return outputError("write the explanation: %w", err)
	}
	if readErr != nil {
		return &exitError{exitGap, fmt.Errorf("%s: not read to its end: %w", arg, readErr)}
	}
	if len(explained.Gaps) > 0 {
		return &exitError{exitGap, fmt.Errorf("%s: not all of what lies in it was read", arg)}
	}
	return nil
}

const exitGap = 3 // something could not be read

// onlyItem returns the item of a source that has one.
func onlyItem(ctx context.Context, src sources.Source) (sources.Item, error) {
	for c, err := range src.Containers(ctx) {
		if err != nil {
			return sources.Item{}, err
		}
		for it, err := range src.Items(ctx, c, "") {
			it.Container = c.ID
			return it, err
		}
	}
	return sources.Item{}, errors.New("there is nothing to read")
}

func (d *explanation) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}
