package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"mislaid/internal/journal"
	"mislaid/internal/scan"
	"mislaid/verify"
)

const recheckHelp = `Recheck asks AWS about the keys of a journal that have no settled verdict: those
that were pending when the scan was stopped, could not be decided, or were left
out by --verify=off or a budget. It opens again the places where they stand,
since the journal holds no secret, appends what it learns to the same journal,
and prints the report.`

type recheckFlags struct {
	crawl   crawlFlags // how the places are reached
	known   suppressFlags
	verify  verifyFlags
	output  outputFlags
	console consoleFlags
	failOn  choice
}

func newRecheckCommand(a *app) *cobra.Command {
	f := new(recheckFlags)
	cmd := &cobra.Command{
		Use:     "recheck JOURNAL",
		Short:   "Verify what a scan left without a verdict",
		Long:    recheckHelp + "\n\n" + exitHelp,
		Example: "  mislaid recheck ~/.local/state/mislaid/20261124T101500Z-3f9c0d1e2a4b.journal",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.recheck(cmd, f, args[0]) },
	}
	f.crawl.choose.defineNever(cmd)
	f.crawl.pacing.define(cmd)
	f.crawl.extract.define(cmd)
	f.crawl.defineConnectors(cmd)
	f.known.defineIgnore(cmd)
	f.verify.define(cmd)
	f.output.define(cmd)
	f.console.define(cmd)
	defineFailOn(cmd, &f.failOn)
	return cmd
}

// recheck is the command.
func (a *app) recheck(cmd *cobra.Command, f *recheckFlags, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if !journalExists(path) {
		return fmt.Errorf("there is no journal %s", path)
	}
	if err := errors.Join(f.verify.makeAbsolute(cmd), f.crawl.choose.makeAbsolute(cmd), f.crawl.extract.check()); err != nil {
		return err
	}
	if err := makePathsAbsolute(cmd, "ignore", "password-file"); err != nil {
		return err
	}
	found, err := new(detectFlags).build(false) // only AWS keys are asked about
	if err != nil {
		return err
	}
	file, p, err := resumePast(path)
	if err != nil {
		return err
	}
	s, err := a.recheckSession(cmd, f, p, path)
	if err != nil {
		_ = file.Close() // nothing was written
		return err
	}
	s.found, s.run.Detectors = found, found.set.Name()
	defer s.opened.close()
	return s.do(cmd.Context(), file, func(ctx context.Context, o scan.Options) error {
		return s.reopen(ctx, unsettled(s.rec.summary()), o)
	})
}

func (a *app) recheckSession(cmd *cobra.Command, f *recheckFlags, p *past, path string) (*session, error) {
	if len(p.runs) == 0 {
		return nil, fmt.Errorf("the journal %s is empty", path)
	}
	targets, err := parseTargets(p.first().Targets)
	if err != nil {
		return nil, err
	}
	targets = slices.DeleteFunc(targets, func(t target) bool { return t.scheme == schemeStdin })
	if len(targets) == 0 {
		return nil, errOnce
	}
	if err := p.restore(cmd, slices.Concat(connectorFlags(), extractionFlags, verificationFlags, []string{"never-open", "password-file"})); err != nil {
		return nil, err
	}
	rules, err := f.crawl.choose.rules()
	if err != nil {
		return nil, err
	}
	v, err := f.verify.build(cmd.Context(), p.first().ID)
	if err != nil {
		return nil, err
	}
	out, err := f.output.open(a, &f.console)
	if err != nil {
		return nil, err
	}
	opened, err := openTargets(cmd.Context(), a, targets, &f.crawl)
	if err != nil {
		return nil, err
	}
	run := a.newRun(cmd)
	run.ID, run.Part, run.Targets = p.first().ID, len(p.runs), p.first().Targets
	run.Case, run.Reason, run.Contacts, run.UserAgent = p.first().Case, p.first().Reason, v.hosts(), v.agent
	known, err := f.known.record(targets, run.Started)
	if err != nil {
		opened.close()
		return nil, err
	}
	return &session{
		app: a, cmd: cmd, flags: &f.console, failOn: f.failOn.value, run: run, past: p, verification: v, known: known,
		crawl: &f.crawl, opened: opened, out: out, journalPath: path, rules: rules, gate: f.crawl.pacing.gate(),
	}, nil
}

// reopen submits credentials by opening again the places where they stand: one
// place of each, and the next one where that did not give it.
func (s *session) reopen(ctx context.Context, credentials [][]journal.Place, o scan.Options) error {
	var mu sync.Mutex
	seen := make(map[credentialKey]bool)
	note := func(r verify.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[credentialKey{r.Credential.ID, r.Credential.Fingerprint()}] = true
	}
	s.submitted.Store(&note)
	defer s.submitted.Store(nil)
	for len(credentials) > 0 {
		var round []journal.Place
		for _, places := range credentials {
			round = append(round, places[0])
		}
		if err := scan.Recheck(ctx, s.opened.sources, round, o); err != nil {
			return err
		}
		var left [][]journal.Place
		mu.Lock()
		for _, places := range credentials {
			if !seen[credentialKey{places[0].KeyID, places[0].Fingerprint}] && len(places) > 1 {
				left = append(left, places[1:])
			}
		}
		mu.Unlock()
		credentials = left
	}
	return nil
}
