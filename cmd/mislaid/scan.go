package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"mislaid/detectors"
	"mislaid/internal/journal"
	"mislaid/internal/scan"
	"mislaid/sources"
)

const scanHelp = `Scan crawls the targets, finds credentials, asks AWS once per key whether it is
alive, and prints the leaks, the worst first, with who could have seen them.

What is sent: with --verify=on (the default) one call of sts:GetCallerIdentity
per key to the AWS Security Token Service, signed with the key. The secret
itself is not sent. The call overwrites the key's "last used" date, is logged in
the owner's CloudTrail, and may alert whoever set the key out as a decoy; known
decoys are not asked about. With --verify=off AWS is not contacted.

Everything found is kept in the journal, which holds no secret: after Ctrl-C, a
crash or a power cut, --resume goes on. "mislaid report" renders it again. With
--since JOURNAL only what changed since that scan is read, and what it found is
taken over: the new journal stands alone.`

const scanExamples = `  mislaid scan
  mislaid scan --verify=off --format json --output leaks.json ~/src
  mislaid scan --accounts 111122223333,444455556666 /srv/share
  mislaid scan --never-verify keys-under-watch.txt --case IR-7 --reason "laptop theft" /mnt/image
  mislaid scan --exclude '**/node_modules' --max-file-size 100MB --io-limit 20MB /srv
  tar xOf backup.tar | mislaid scan -
  mislaid scan --since monday.journal --journal tuesday.journal /srv/share
  mislaid scan --quick --never-open decoys.txt --between 20:00-06:00 --ops-limit 50/s /mnt/share
  mislaid scan --resume`

type scanFlags struct {
	crawl   crawlFlags
	detect  detectFlags
	known   suppressFlags
	verify  verifyFlags
	output  outputFlags
	console consoleFlags
	failOn  choice
	caseID  string
	reason  string
	journal string
	resume  bool
}

func newScanCommand(a *app) *cobra.Command {
	f := new(scanFlags)
	cmd := &cobra.Command{
		Use:     "scan [TARGET...]",
		Short:   "Find credentials in trees, on file servers, in Slack and on standard input",
		Long:    scanHelp + "\n\n" + targetHelp() + "\n\n" + accountMapHelp + "\n\n" + detectorsHelp + "\n\n" + suppressHelp + "\n\n" + exitHelp + "\n\n" + environmentHelp,
		Example: scanExamples,
		RunE:    func(cmd *cobra.Command, args []string) error { return a.scan(cmd, f, args) },
	}
	f.crawl.define(cmd)
	f.detect.define(cmd)
	f.known.define(cmd)
	f.verify.define(cmd)
	f.output.define(cmd)
	f.console.define(cmd)
	defineFailOn(cmd, &f.failOn)
	cmd.Flags().StringVar(&f.caseID, "case", "", "`ID` of the case this scan belongs to; it goes into the journal and every report")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why this scan is done, as a `text`; it goes into the journal and every report")
	cmd.Flags().StringVar(&f.journal, "journal", "", "keep the journal in this `file` (default: a new one in the state directory)")
	cmd.Flags().BoolVar(&f.resume, "resume", false, "go on with --journal, or with the latest unfinished scan of the same targets")
	return cmd
}

func defineFailOn(cmd *cobra.Command, c *choice) {
	choiceVar(cmd, c, "fail-on", "which leaks give exit code 1: any, those that are or may be live, or none", "any", "live", "never")
}

// scan is the command.
func (a *app) scan(cmd *cobra.Command, f *scanFlags, args []string) (err error) {
	if f.crawl.jobs < 0 {
		return errors.New("--jobs: must not be negative")
	}
	if err := errors.Join(f.verify.makeAbsolute(cmd), f.crawl.choose.makeAbsolute(cmd), f.crawl.pacing.check(), f.crawl.extract.check()); err != nil {
		return err
	}
	if err := makePathsAbsolute(cmd, "rules", "ignore", "password-file", "ad-ca", "smb-keytab", "smb-krb5-conf"); err != nil {
		return err
	}
	if args, err = a.withMore(cmd.Context(), args, &f.crawl); err != nil {
		return err
	}
	targets, err := parseTargets(args)
	if err != nil {
		return err
	}

	p := newPast()
	var file *journal.File
	if f.resume {
		path, err := a.journalToResume(f, targets)
		if err != nil {
			return err
		}
		f.journal = path
		if file, p, err = resumePast(path); err != nil {
			return err
		}
		defer func() {
			if file != nil {
				_ = file.Close() // nothing was written
			}
		}()
		if err := p.restore(cmd, recognitionFlags); err != nil {
			return err
		}
	}
	found, err := f.detect.build(f.known.inline)
	if err != nil {
		return err
	}
	if targets, err = f.takeUp(cmd, p, targets, len(args) > 0, found.set); err != nil {
		return err
	}
	rules, err := f.crawl.choose.rules()
	if err != nil {
		return err
	}
	var before *earlier
	if path := f.crawl.choose.since; path != "" {
		if before, err = f.earlier(cmd, p, path, found.set.Name()); err != nil {
			return err
		}
	}
	run := a.newRun(cmd)
	run.ID, run.Case, run.Reason, run.Targets = newRunID(), f.caseID, f.reason, targetNames(targets)
	if len(p.runs) > 0 {
		run.ID, run.Part = p.first().ID, len(p.runs)
	}
	v, err := f.verify.build(cmd.Context(), run.ID)
	if err != nil {
		return err
	}
	var known *journal.Ignore
	if len(p.runs) == 0 || cmd.Flag("ignore").Changed {
		if known, err = f.known.record(targets, run.Started); err != nil {
			return err
		}
	}
	run.Detectors, run.Contacts, run.UserAgent = found.set.Name(), v.hosts(), v.agent
	if f.journal == "" {
		if f.journal, err = a.newJournalPath(run); err != nil {
			return err
		}
	}
	if f.journal, err = filepath.Abs(f.journal); err != nil {
		return fmt.Errorf("--journal: %w", err)
	}
	f.crawl.own, f.crawl.scans, f.crawl.reason = a.ownFiles(f), true, f.reason
	opened, err := openTargets(cmd.Context(), a, targets, &f.crawl)
	if err != nil {
		return err
	}
	defer opened.close()
	if before != nil {
		before.about(opened)
	}
	for _, src := range opened.sources {
		for _, host := range src.Info().Hosts {
			if !slices.Contains(run.Contacts, host) {
				run.Contacts = append(run.Contacts, host)
			}
		}
	}
	out, err := f.output.open(a, &f.console)
	if err != nil {
		return err
	}
	if file == nil {
		if file, err = createJournal(f.journal, cmd.Flag("journal").Changed); err != nil {
			return err
		}
	}
	if before != nil {
		before.maxAge = v.maxAge
	}
	s := &session{
		app: a, cmd: cmd, flags: &f.console, failOn: f.failOn.value, run: run, past: p,
		verification: v, found: found, known: known, crawl: &f.crawl, opened: opened, out: out, journalPath: f.journal,
		rules: rules, gate: f.crawl.pacing.gate(), earlier: before,
	}
	taken := file
	file = nil // the session closes it
	return s.do(cmd.Context(), taken, func(ctx context.Context, o scan.Options) error {
		if len(p.runs) > 0 && v.how != verifyOff {
			if err := s.reopen(ctx, s.left(), o); err != nil {
				return err
			}
		}
		return scan.Run(ctx, s.opened.sources, o)
	})
}

// earlier opens the journal of --since. A resumed run whose own journal has what
// was taken over goes on without it, reading everything that is left.
func (f *scanFlags) earlier(cmd *cobra.Command, p *past, path, detectors string) (*earlier, error) {
	if own, err := filepath.Abs(f.journal); err == nil && f.journal != "" && own == path {
		return nil, errors.New("--since: that is the journal of this scan itself; name an earlier one")
	}
	e, err := openEarlier(cmd, path, detectors)
	if err != nil && p.since != nil {
		e = &earlier{past: newPast(), summary: new(journal.Summary), gaps: make(map[sources.Ref]bool), Since: *p.since}
		e.missing = err.Error()
		return e, nil
	}
	return e, err
}

// takeUp makes the flags and targets those of the journal's run.
func (f *scanFlags) takeUp(cmd *cobra.Command, p *past, targets []target, given bool, set *detectors.Set) ([]target, error) {
	if len(p.runs) == 0 {
		return targets, nil // a new scan, or one that was stopped before its first record
	}
	if err := p.checkCoverage(cmd, targets, given, set.Name()); err != nil {
		return nil, err
	}
	if err := p.restore(cmd, slices.Concat(coverageFlags(), connectorFlags(), verificationFlags, []string{"verify"})); err != nil {
		return nil, err
	}
	if !cmd.Flag("case").Changed {
		f.caseID = p.first().Case
	}
	if !cmd.Flag("reason").Changed {
		f.reason = p.first().Reason
	}
	targets, err := parseTargets(p.first().Targets)
	if slices.ContainsFunc(targets, func(t target) bool { return t.scheme == schemeStdin }) {
		return nil, fmt.Errorf("--resume: %w", errOnce)
	}
	return targets, err
}

// journalToResume returns the path of the journal to go on with.
func (a *app) journalToResume(f *scanFlags, targets []target) (string, error) {
	if f.journal != "" {
		if !journalExists(f.journal) {
			return "", fmt.Errorf("--resume: there is no journal %s", f.journal)
		}
		return filepath.Abs(f.journal)
	}
	dir, err := stateDir(runtime.GOOS, a.env)
	if err != nil {
		return "", err
	}
	return latestUnfinished(dir, targets)
}

// newJournalPath returns where a run's journal is kept when nobody says.
func (a *app) newJournalPath(run journal.Run) (string, error) {
	dir, err := stateDir(runtime.GOOS, a.env)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, journalName(run.Started, run.ID)), nil
}

// createJournal makes the run's journal. named says that the user chose the
// path.
func createJournal(path string, named bool) (*journal.File, error) {
	file, err := journal.Create(path)
	switch {
	case err == nil:
		return file, nil
	case named && errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("--journal %s: it exists; go on with it by --resume, or name a new file", path)
	case named:
		return nil, fmt.Errorf("--journal %s: %w", path, err)
	}
	return nil, fmt.Errorf("the journal cannot be kept in its usual place: %w; name another with --journal FILE", err)
}

// ownFiles returns what a scan leaves out because we wrote it: journals and
// reports hold key ids.
func (a *app) ownFiles(f *scanFlags) []string {
	own := []string{f.journal}
	if dir, err := stateDir(runtime.GOOS, a.env); err == nil {
		own = append(own, dir)
	}
	if f.output.path != "" {
		if path, err := filepath.Abs(f.output.path); err == nil {
			own = append(own, path)
		}
	}
	return own
}

// resumeHint is what a user types to go on.
func (s *session) resumeHint() string {
	again := words(s.cmd, append([]string{"format", "output", "fail-on"}, gentle...))
	return shellQuoted(slices.Concat([]string{"mislaid", "scan", "--resume", "--journal", s.journalPath}, again))
}

// now returns the time for a record.
func now() time.Time { return time.Now().UTC() }
