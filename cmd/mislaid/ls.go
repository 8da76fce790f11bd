package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/internal/report"
	"mislaid/sources"
)

const lsHelp = `Ls lists what a scan of the targets would crawl, part by part: shares, channels,
drives, trees. It reads no content. Where the source tells, it says who can read
each part, and what of it this user cannot see.`

// listed is one entry of ls: a container, or what is left out in its place.
type listed struct {
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`              // "share", "private channel"
	Access   string            `json:"access,omitempty"`  // what we may do there: "read", "denied", "read as guest"
	Comment  string            `json:"comment,omitempty"` // what the source says of it
	Skipped  string            `json:"skipped,omitempty"` // why a scan leaves it out
	Audience *sources.Audience `json:"audience,omitempty"`
}

func newLsCommand(a *app) *cobra.Command {
	f, console, format := new(crawlFlags), new(consoleFlags), new(choice)
	cmd := &cobra.Command{
		Use:     "ls [TARGET...]",
		Short:   "List what a scan would crawl, and who can read it",
		Long:    lsHelp + "\n\n" + targetHelp(),
		Example: "  mislaid ls /srv/share\n  mislaid ls --format json .",
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := a.withMore(cmd.Context(), args, f)
			if err != nil {
				return err
			}
			targets, err := parseTargets(args)
			if err != nil {
				return err
			}
			o := report.Options{Color: console.colored(a.env, a.stdout), Width: columns(a.stdout)}
			return a.ls(cmd.Context(), targets, f, format.value, o)
		},
	}
	f.defineConnectors(cmd)
	console.defineColor(cmd)
	choiceVar(cmd, format, "format", "format of the list", "text", "json")
	return cmd
}

// ls is the command. An entry that could not be read makes its exit code 3, a
// target of which nothing could be read 5.
func (a *app) ls(ctx context.Context, targets []target, f *crawlFlags, format string, o report.Options) error {
	w := bufio.NewWriter(a.stdout)
	write := writeListedText
	if format == "json" {
		write = writeListedJSON
	}
	code := 0
	for _, t := range targets {
		c, _ := connectorOf(t.scheme)
		if c.list == nil {
			return fmt.Errorf("ls: %s is %s: there is nothing to list", t, c.what)
		}
		entries := 0
		for e, err := range c.list(ctx, a, t, f) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil && e == (listed{}) {
				code = max(code, journal.ExitNoSource)
				if entries > 0 {
					code = max(code, journal.ExitGaps)
				}
			} else if err != nil {
				code = max(code, journal.ExitGaps)
			}
			entries++
			if werr := write(w, o, t, e, err); werr != nil {
				return outputError("write the list: %w", werr)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return outputError("write the list: %w", err)
	}
	if code != 0 {
		return &exitError{code: code}
	}
	return nil
}

func writeListedJSON(w io.Writer, _ report.Options, t target, e listed, err error) error {
	line := struct {
		Target string `json:"target"`
		listed
		Error string `json:"error,omitempty"`
	}{Target: t.String(), listed: e}
	if err != nil {
		line.Error = err.Error()
	}
	b, merr := json.Marshal(line)
	if merr != nil {
		return merr
	}
	_, werr := w.Write(append(b, '\n'))
	return werr
}

func writeListedText(w io.Writer, o report.Options, t target, e listed, err error) error {
	name := e.Name
	if name == "" {
		name = t.String()
	}
	out := report.Clean(name)
	for _, part := range []string{e.Kind, e.Access, e.Comment} {
		if part != "" {
			out += "  " + report.Clean(part)
		}
	}
	if e.Skipped != "" {
		out += "  left out: " + report.Clean(e.Skipped)
	}
	out += "\n"
	if err != nil {
		out += "      cannot be read: " + report.Clean(err.Error()) + "\n"
	}
	if _, err := io.WriteString(w, out); err != nil || e.Audience == nil {
		return err
	}
	return report.WriteAudience(w, *e.Audience, o)
}

// listSource yields the containers of a source whose connector knows no more of
// them.
func listSource(ctx context.Context, src sources.Source, kind string, yield func(listed, error) bool) {
	for c, err := range src.Containers(ctx) {
		e := listed{Name: c.Name, Kind: kind, Access: "read"}
		if err != nil {
			e.Access = ""
			if c == (sources.Container{}) {
				e = listed{}
			}
		}
		if !yield(e, err) {
			return
		}
	}
}
