package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/internal/report"
)

const checkHelp = `Check says, before anything is crawled: who we are at each target, what we can
and cannot see there, what a scan will cost, and what is missing, with the exact
remedy. It reads no content.

Exit codes: 0 all is well; 3 something is missing, so a scan would have gaps;
5 a target cannot be read at all.`

// checkState is how one answer of check stands.
type checkState string

// The states of an answer.
const (
	checkOK      checkState = "ok"
	checkWarning checkState = "warning" // works, but the user must know
	checkMissing checkState = "missing" // a scan would have gaps
	checkUnknown checkState = "unknown" // could not be found out
)

// checked is one answer of check.
type checked struct {
	Topic  string     `json:"topic"` // a short word: "who", "access", "cost"
	State  checkState `json:"state"`
	Text   string     `json:"text"`
	Remedy string     `json:"remedy,omitempty"` // what to do, exactly
}

func newCheckCommand(a *app) *cobra.Command {
	f, format := new(crawlFlags), new(choice)
	cmd := &cobra.Command{
		Use:     "check [TARGET...]",
		Short:   "Say who we are at a target, what we can see, and what it will cost",
		Long:    checkHelp + "\n\n" + targetHelp(),
		Example: "  mislaid check /srv/share",
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := a.withMore(cmd.Context(), args, f)
			if err != nil {
				return err
			}
			targets, err := parseTargets(args)
			if err != nil {
				return err
			}
			return a.check(cmd.Context(), targets, f, format.value)
		},
	}
	f.defineConnectors(cmd)
	choiceVar(cmd, format, "format", "format of the answers", "text", "json")
	return cmd
}

// check is the command.
func (a *app) check(ctx context.Context, targets []target, f *crawlFlags, format string) error {
	w := bufio.NewWriter(a.stdout)
	code := 0
	for _, t := range targets {
		c, _ := connectorOf(t.scheme)
		if c.check == nil {
			return fmt.Errorf("check: %s is %s: there is nothing to check", t, c.what)
		}
		answers, err := c.check(ctx, a, t, f)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			code = journal.ExitNoSource
			answers = append(answers, checked{Topic: "access", State: checkMissing, Text: err.Error()})
		}
		for _, answer := range answers {
			if answer.State == checkMissing {
				code = max(code, journal.ExitGaps)
			}
		}
		if err := writeChecked(w, t, answers, format); err != nil {
			return outputError("write the answers: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return outputError("write the answers: %w", err)
	}
	if code != 0 {
		return &exitError{code: code}
	}
	return nil
}

func writeChecked(w io.Writer, t target, answers []checked, format string) error {
	if format == "json" {
		b, err := json.Marshal(struct {
			Target  string    `json:"target"`
			Answers []checked `json:"answers"`
		}{t.String(), answers})
		if err != nil {
			return err
		}
		_, err = w.Write(append(b, '\n'))
		return err
	}
	_, err := fmt.Fprintf(w, "%s\n", report.Clean(t.String()))
	for _, c := range answers {
		_, werr := fmt.Fprintf(w, "  %-8s %-10s %s\n", c.State, report.Clean(c.Topic), report.Clean(c.Text))
		err = errors.Join(err, werr)
		if c.Remedy != "" {
			_, werr := fmt.Fprintf(w, "  %-8s %-10s → %s\n", "", "", report.Clean(c.Remedy))
			err = errors.Join(err, werr)
		}
	}
	return err
}
