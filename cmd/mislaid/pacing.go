package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mislaid/internal/pace"
)

// pacingFlags say when and how gently places are read.
type pacingFlags struct {
	between  hours
	ops      opsRate
	deadline time.Duration
}

func (f *pacingFlags) define(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.Var(&f.between, "between", "list and read only at this time of the day, such as 20:00-06:00, by this machine's clock; pause outside it")
	fs.Var(&f.ops, "ops-limit", "open files and list directories at most this often per second and source, such as 50/s")
}

func (f *pacingFlags) defineDeadline(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.deadline, "source-deadline", 0, "give up a source after this `long`, such as 8h, pauses included; --resume goes on with it")
}

// gentle are the flags that a resumed run may have differently.
var gentle = []string{"jobs", "io-limit", "between", "ops-limit", "source-deadline", "slack-rate"}

func (f *pacingFlags) check() error {
	if f.deadline < 0 {
		return errors.New("--source-deadline: must not be negative")
	}
	return nil
}

// gate returns nil for all day.
func (f *pacingFlags) gate() *pace.Gate {
	if !f.between.set {
		return nil
	}
	return pace.NewGate(f.between.Hours)
}

// opsLimiter returns a new limiter of opens and listings, one for each source;
// nil for no limit.
func (f *crawlFlags) opsLimiter() pace.Limiter {
	if f.pacing.ops <= 0 {
		return nil
	}
	return pace.NewLimiter(float64(f.pacing.ops), 1)
}

// hours is a flag that takes a stretch of the day.
type hours struct {
	pace.Hours
	set bool
}

var _ pflag.Value = (*hours)(nil)

// String implements pflag.Value.
func (h *hours) String() string {
	if !h.set {
		return ""
	}
	return h.Hours.String()
}

// Type implements pflag.Value.
func (h *hours) Type() string { return "hours" }

// Set implements pflag.Value.
func (h *hours) Set(text string) (err error) {
	h.Hours, err = pace.ParseHours(text, time.Local)
	h.set = err == nil
	return err
}

// opsRate is a flag that takes a number of operations per second: 50/s, 0.5.
type opsRate float64

var _ pflag.Value = (*opsRate)(nil)

// String implements pflag.Value.
func (r *opsRate) String() string {
	if *r == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*r), 'f', -1, 64) + "/s"
}

// Type implements pflag.Value.
func (r *opsRate) Type() string { return "N/s" }

// Set implements pflag.Value.
func (r *opsRate) Set(text string) error {
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || !(n > 0) || math.IsInf(n, 0) {
		return fmt.Errorf("must be a number above 0 per second, such as 50/s or 0.5/s")
	}
	*r = opsRate(n)
	return nil
}
