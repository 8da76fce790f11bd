package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/sources"
)

// crawlFlags say what is crawled and how fast. Those of one connector alone are
// in a struct of its own.
type crawlFlags struct {
	include, exclude []string
	maxFileSize      size
	jobs             int
	ioLimit          byteRate
	choose           chooseFlags
	pacing           pacingFlags
	extract          extractFlags
	local            localFlags
	smb              smbFlags
	slack            slackFlags
	drive            driveFlags

	scans  bool     // content is read, not only listed
	reason string   // why, as the user said
	own    []string // absolute paths of ours that are left out: journals hold key ids
}

func (f *crawlFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVar(&f.include, "include", nil, "read only items that match this `glob` (repeatable)")
	fs.StringArrayVar(&f.exclude, "exclude", nil, "leave out what matches this `glob` (repeatable)")
	fs.Var(&f.maxFileSize, "max-file-size", "leave out larger files, such as 50MB (default: none)")
	fs.IntVar(&f.jobs, "jobs", 0, "scan with this `many` goroutines (default: four more than there are processors)")
	fs.Var(&f.ioLimit, "io-limit", "read at most this much per second, such as 20MB")
	f.choose.define(cmd)
	f.pacing.define(cmd)
	f.pacing.defineDeadline(cmd)
	f.extract.define(cmd)
	f.defineConnectors(cmd)
}

// defineConnectors adds the flags that one connector alone has.
func (f *crawlFlags) defineConnectors(cmd *cobra.Command) {
	for _, c := range connectors {
		if c.define != nil {
			c.define(cmd, f)
		}
	}
}

// opened is the sources of a run, and the records of those that cannot be read
// at all.
type opened struct {
	sources []sources.Source
	failed  []journal.Source
}

// openTargets opens the targets. Its error is one of usage, such as a pattern
// that is none; a target that cannot be read at all is in the answer.
func openTargets(ctx context.Context, a *app, targets []target, f *crawlFlags) (o opened, err error) {
	for _, t := range targets {
		c, _ := connectorOf(t.scheme) // parseTarget made it
		srcs, err := c.open(ctx, a, t, f)
		o.sources = append(o.sources, srcs...)
		if unreadable := new(sources.RootError); errors.As(err, &unreadable) {
			o.failed = append(o.failed, journal.Source{
				Name: unreadable.Source, Type: t.scheme, Title: t.String(), Error: unreadable.Err.Error(),
			})
			continue
		}
		if err != nil {
			o.close()
			return opened{}, err
		}
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
