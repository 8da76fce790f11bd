package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// target is a place to crawl as the user named it.
type target struct {
	scheme string // of a connector
	path   string // its normal form; for a local tree absolute and clean
}

// plannedSchemes are spelled like targets but belong to other versions.
var plannedSchemes = []string{"gdrive:"}

var webAddress = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://`)

// parseTargets reads what the user wants crawled. None means the current
// directory, and the same one twice counts once. It is the one place that knows
// the grammar.
func parseTargets(args []string) ([]target, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	var targets []target
	for _, arg := range args {
		t, err := parseTarget(arg)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(targets, t) {
			targets = append(targets, t)
		}
	}
	return targets, nil
}

// withMore adds to the arguments the targets that flags name.
func (a *app) withMore(ctx context.Context, args []string, f *crawlFlags) ([]string, error) {
	for _, c := range connectors {
		if c.more == nil {
			continue
		}
		more, err := c.more(ctx, a, args, f)
		if err != nil {
			return nil, err
		}
		args = append(args[:len(args):len(args)], more...)
	}
	return args, nil
}

func parseTarget(arg string) (target, error) {
	if arg == "" {
		return target{}, errors.New("a target is empty; the current directory is written as a dot")
	}
	for _, c := range connectors {
		if !c.claims(arg) {
			continue
		}
		t, err := c.parse(arg)
		if err != nil {
			return target{}, fmt.Errorf("target %q: %w", arg, err)
		}
		return t, nil
	}
	for _, scheme := range plannedSchemes {
		if strings.HasPrefix(arg, scheme) {
			return target{}, fmt.Errorf("target %q: %s is not supported by this version; a path of that name is written ./%s", arg, scheme, arg)
		}
	}
	return target{}, fmt.Errorf("target %q: this version crawls nothing that is spelled like that.\n%s", arg, targetHelp())
}

// String returns the target so that parseTarget gives the same again.
func (t target) String() string { return t.path }

func targetNames(targets []target) []string {
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.String()
	}
	return names
}
