package journal

import (
	"slices"

	"mislaid/verify"
)

// What a caller may be told to fail on.
const (
	FailAny   = "any"   // every leak; also what an unknown word means
	FailLive  = "live"  // leaks that are live, or of which nobody knows that they are not
	FailNever = "never" // no leak
)

// Exit codes of a run that came to its end. Usage errors, bugs and cancellation
// are the command's to tell.
const (
	ExitClean     = 0 // complete, no leaks
	ExitLeaks     = 1 // complete, leaks
	ExitGaps      = 3 // incomplete, no leaks
	ExitLeaksGaps = 4 // incomplete, leaks
	ExitNoSource  = 5 // a source could not be read at all
)

// ExitCode says how the run of a summary ends. A broken chain, and a journal
// without an End, are incomplete. With FailLive a key counts unless it is dead,
// expired, cannot be asked about because a part is missing, or was not called for
// a reason that stands. What is suppressed counts as no leak.
func ExitCode(s *Summary, failOn string) int {
	if s.Coverage.sourceFailed() {
		return ExitNoSource
	}
	leaks := slices.ContainsFunc(s.Leaks, func(l Leak) bool { return fails(&l, failOn) })
	switch {
	case leaks && s.Complete():
		return ExitLeaks
	case leaks:
		return ExitLeaksGaps
	case s.Complete():
		return ExitClean
	}
	return ExitGaps
}

func fails(l *Leak, failOn string) bool {
	switch failOn {
	case FailNever:
		return false
	case FailLive:
		return slices.ContainsFunc(l.Credentials, func(c LeakCredential) bool { return mayBeLive(c.Verdict) })
	}
	return true
}

func mayBeLive(v verify.Verdict) bool {
	switch v.State {
	case verify.Dead, verify.Expired:
		return false
	case verify.Unverifiable:
		return v.Why == verify.WhyNoVerifier
	case verify.NotCalled:
		return !v.Settled()
	}
	return true
}

func (c *Coverage) sourceFailed() bool {
	return slices.ContainsFunc(c.Sources, func(s SourceCoverage) bool { return s.Error != "" })
}
