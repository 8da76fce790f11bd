package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"mislaid/internal/ignore"
	"mislaid/internal/journal"
	"mislaid/internal/pace"
	"mislaid/internal/report"
	"mislaid/internal/scan"
	"mislaid/verify"
)

// session is one part of a run from its banner to its exit code: it joins the
// crawl, the journal, the verify queue and the report.
type session struct {
	app          *app
	cmd          *cobra.Command
	flags        *consoleFlags
	failOn       string
	run          journal.Run
	past         *past
	verification *verification
	found        recognition
	known        *journal.Ignore // nil: nothing new is suppressed
	crawl        *crawlFlags
	opened       opened
	out          *output
	journalPath  string
	rules        scan.Rules
	gate         *pace.Gate // nil: all day
	earlier      *earlier   // what the scan builds on; nil: nothing

	console   *console
	rec       *recorder
	announced map[string]journal.Severity
	submitted atomic.Pointer[func(verify.Request)]
}

// do runs work with everything around it. It closes file.
func (s *session) do(ctx context.Context, file *journal.File, work func(context.Context, scan.Options) error) error {
	s.console = &console{w: s.app.stderr}
	s.announced = make(map[string]journal.Severity)
	for _, l := range s.past.folder.Summary().Leaks {
		if l.Settled {
			s.announced[l.ID] = l.Severity
		}
	}
	s.rec = &recorder{file: file, folder: s.past.folder, settled: s.settled}
	s.rec.begin(context.WithoutCancel(ctx), s.firstRecords)
	s.banner()
	s.verification.hinted = s.hinted()
	if err := s.verification.start(ctx); err != nil {
		if closeErr := s.rec.close(); closeErr != nil {
			return outputError("%w", closeErr)
		}
		return err // nothing was crawled; the journal can be gone on with
	}
	workErr := s.takeOver(ctx)
	if workErr == nil {
		workErr = s.verifyBeside(ctx, work)
	}
	return s.end(ctx, workErr)
}

// hinted says once on stderr, before it is asked, which partition the text
// beside a key names.
func (s *session) hinted() func(partition, host string) {
	var mu sync.Mutex
	told := make(map[string]bool)
	return func(partition, host string) {
		mu.Lock()
		defer mu.Unlock()
		if !told[partition] {
			told[partition] = true
			fmt.Fprintf(s.console, "mislaid: the text beside a key names the partition %s: asking %s\n", partition, host)
		}
	}
}

// firstRecords says who runs what. The crawl begins while the program's hash is
// still taken, and its first commit waits for this one.
func (s *session) firstRecords() []journal.Record {
	run := s.run
	run.BinarySHA256 = binarySum()
	records := []journal.Record{{Run: &run}}
	if s.known != nil {
		records = append(records, journal.Record{Ignore: s.known})
	}
	for i := range s.opened.failed {
		records = append(records, journal.Record{Source: &s.opened.failed[i]})
	}
	return append(records, s.verification.records()...)
}

// verifyBeside does work while the verify queue runs, and waits for both.
func (s *session) verifyBeside(ctx context.Context, work func(context.Context, scan.Options) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c := s.verification.queue()
	c.Known, c.Carried = s.past.known(s.verification.maxAge), s.carried()
	c.Answer = func(a verify.Answer) {
		if err := s.rec.answer(context.WithoutCancel(ctx), a); err != nil {
			stop(err)
		}
	}
	unwrapping, err := s.crawl.extract.options()
	if err != nil {
		return err
	}
	q := verify.NewQueue(c)
	log := s.console.logger(s.flags.debug)
	o := scan.Options{
		Set: s.found.set, Accept: s.found.accept, Sink: s.rec, Jobs: s.crawl.jobs, MaxFileSize: int64(s.crawl.maxFileSize), Reads: readLimiter(int64(s.crawl.ioLimit)),
		From: s.past.checkpoints(), Progress: new(scan.Progress), Log: log, Rules: s.rules, Deadline: s.crawl.pacing.deadline,
		Reading: reading(s.cmd), Extract: unwrapping,
		Submit: func(r verify.Request) {
			if note := s.submitted.Load(); note != nil {
				(*note)(r)
			}
			q.Submit(r)
		},
	}
	if s.gate != nil {
		o.Gate = s.gate
	}
	o.Since, o.Salt = s.sinceOptions()
	if len(s.past.runs) > 0 && s.rules.Likely != nil {
		if o.ReadFirst, err = journal.LoadSeen(s.journalPath, true); err != nil {
			return err
		}
	}
	defer s.flags.showProgress(s.console, o.Progress, s.gate, log)()

	verified := make(chan error, 1)
	go func() { verified <- q.Run(ctx) }()
	err = work(ctx, o)
	if err != nil {
		stop(err)
	}
	q.Close()
	if verr := <-verified; err == nil {
		err = verr
	}
	return err
}

// carried takes over verdicts of other journals, as far as they are young enough.
func (s *session) carried() []verify.Answer {
	dir, err := stateDir(runtime.GOOS, s.app.env)
	if s.verification.maxAge == 0 || err != nil {
		return nil
	}
	answers, problems := carried(dir, s.journalPath, now().Add(-s.verification.maxAge))
	for _, p := range problems {
		fmt.Fprintln(s.console, "mislaid: "+report.Clean(p))
	}
	return answers
}

// end commits the last record, prints the report and returns how the program
// ends.
func (s *session) end(ctx context.Context, workErr error) error {
	interrupted := ctx.Err() != nil
	failed := s.rec.err()
	if failed == nil && workErr != nil && !interrupted {
		failed = workErr
	}
	if failed == nil {
		reason := journal.EndComplete
		if interrupted {
			reason = journal.EndInterrupted
		}
		failed = s.rec.Commit(context.WithoutCancel(ctx), []journal.Record{{End: &journal.End{Time: now(), Reason: reason}}})
	}
	summary := s.rec.summary()
	if err := s.rec.close(); failed == nil {
		failed = err
	}
	if err := s.out.finish(summary); err != nil && failed == nil {
		failed = fmt.Errorf("write the report: %w; it is kept: mislaid report %s", err, shellWord(s.journalPath))
	}
	if failed != nil {
		return outputError("%w", failed)
	}
	if interrupted {
		s.sayHowToGoOn()
		return &exitError{code: exitCancelled}
	}
	if code := journal.ExitCode(summary, s.failOn); code != 0 {
		return &exitError{code: code}
	}
	return nil
}

func (s *session) sayHowToGoOn() {
	switch {
	case s.run.Command != "scan":
		fmt.Fprintf(s.console, "mislaid: stopped. Go on with:\n  mislaid %s %s\n", s.run.Command, shellWord(s.journalPath))
	case s.opened.once():
		fmt.Fprint(s.console, "mislaid: stopped. Standard input cannot be read again; what was found is above and in the journal.\n")
	default:
		fmt.Fprintf(s.console, "mislaid: stopped. Go on with:\n  %s\n", s.resumeHint())
	}
}

// settled prints a grave leak the moment it settles, and passes it on to a
// streamed report.
func (s *session) settled(l journal.Leak) error {
	before, known := s.announced[l.ID]
	if l.Severity >= journal.High && (!known || l.Severity > before) {
		s.announced[l.ID] = l.Severity
		line := report.Line(l, report.Options{Color: s.flags.colored(s.app.env, s.app.stderr), Width: columns(s.app.stderr)})
		fmt.Fprintln(s.console, strings.TrimSuffix(line, "\n"))
	}
	return s.out.leak(l)
}

// banner says who we are and what is about to happen.
func (s *session) banner() {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s "+format+"\n", append([]any{label}, args...)...)
	}
	fmt.Fprintf(&b, "mislaid %s (%s)\n", s.run.Version, strings.Join([]string{commitShort(s.run.Commit), s.run.Go, s.run.Platform}, ", "))
	contacts := s.bannerSources(line)
	for _, src := range s.opened.failed {
		line("cannot", "read %s: %s", report.Clean(src.Title), report.Clean(src.Error))
	}
	s.verification.banner(line, contacts == 0)
	if s.known != nil {
		line("ignores", "what %d entries of ignore files cover; a key that is live is shown all the same", len(s.known.Entries))
		for _, e := range ignore.NewMatcher(s.known.Entries, s.known.At).Expired() {
			line("expired", "%s:%d (%s), on %s: it suppresses nothing any more", report.Clean(e.List), e.Line, report.Clean(e.Reason), e.Expires)
		}
	}
	line("journal", "%s", report.Clean(s.journalPath))
	if s.earlier != nil {
		line("since", "%s", s.earlier.line())
	}
	if s.gate != nil {
		line("reads", "between %s only, by this machine's clock (%s)", &s.crawl.pacing.between, s.crawl.pacing.between.Zone())
	}
	if n := s.rules.Never.Len(); n > 0 {
		line("leaves", "alone what %d lines of %s name", n, report.Clean(s.crawl.choose.neverOpen))
	}
	if s.run.Part > 0 {
		line("resumes", "run %s, part %d", report.Clean(s.run.ID), s.run.Part)
	}
	_, _ = fmt.Fprint(s.console, b.String()) // stderr is gone: so is whoever would read it
}

// mostNamed is how many sources and hosts the banner names; the journal has all.
const mostNamed = 12

// bannerSources says what is crawled and who is contacted for it. It returns how
// many hosts.
func (s *session) bannerSources(line func(label, format string, args ...any)) int {
	var hosts, notes []string
	for i, src := range s.opened.sources {
		info := src.Info()
		if i < mostNamed {
			line("crawls", "%s", report.Clean(info.Title))
		}
		for _, note := range info.Notes {
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
		for _, host := range info.Hosts {
			if !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	if more := len(s.opened.sources) - mostNamed; more > 0 {
		line("", "and %d more", more)
	}
	for _, note := range notes {
		line("note", "%s", report.Clean(note))
	}
	for i, host := range hosts {
		if i == mostNamed {
			line("", "and %d more hosts", len(hosts)-i)
			break
		}
		line("contacts", "%s", report.Clean(host))
	}
	return len(hosts)
}

func commitShort(commit string) string {
	if commit == "" {
		return "commit unknown"
	}
	hash, dirty, _ := strings.Cut(commit, "+")
	if dirty != "" {
		dirty = "+" + dirty
	}
	return "commit " + hash[:min(12, len(hash))] + dirty
}

// readLimiter returns nil for no limit. What may be read at once is a tenth of a
// second's worth.
func readLimiter(perSecond int64) pace.Limiter {
	if perSecond <= 0 {
		return nil
	}
	return pace.NewLimiter(float64(perSecond), int(max(perSecond/10, 64<<10)))
}
