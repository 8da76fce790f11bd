package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
}

// String implements pflag.Value.
func (c *choice) String() string { return c.value }

// Type implements pflag.Value.
func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

// Set implements pflag.Value.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	c.value = s
	return nil
}

// choiceVar defines a flag of a few words, the first one the default.
func choiceVar(cmd *cobra.Command, c *choice, name, usage string, allowed ...string) {
	*c = choice{value: allowed[0], allowed: allowed}
	cmd.Flags().Var(c, name, usage)
	complete := cobra.FixedCompletions(allowed, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc(name, complete); err != nil {
		panic("a flag was defined twice: " + name)
	}
}

// size is a flag that takes a number of bytes: 4096, 10MB, 2GiB.
type size int64

var _ pflag.Value = (*size)(nil)

// String implements pflag.Value.
func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type implements pflag.Value.
func (s *size) Type() string { return "size" }

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	n, err := parseSize(text)
	*s = size(n)
	return err
}

// byteRate is a flag that takes a number of bytes per second: 20MB.
type byteRate int64

var _ pflag.Value = (*byteRate)(nil)

// String implements pflag.Value.
func (r *byteRate) String() string { return (*size)(r).String() }

// Type implements pflag.Value.
func (r *byteRate) Type() string { return "size/s" }

// Set implements pflag.Value.
func (r *byteRate) Set(text string) error { return (*size)(r).Set(strings.TrimSuffix(text, "/s")) }

var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// parseSize reads a number of bytes greater than zero: digits, and a unit or
// none.
func parseSize(text string) (int64, error) {
	digits, factor := text, int64(1)
	for _, u := range units {
		if d, ok := strings.CutSuffix(text, u.name); ok {
			digits, factor = d, u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 || digits[0] == '+' {
		return 0, fmt.Errorf("must be a whole number above 0 with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 10MB")
	}
	if int64(n) > math.MaxInt64/factor {
		return 0, fmt.Errorf("is more than %d bytes", int64(math.MaxInt64))
	}
	return int64(n) * factor, nil
}

// formatBytes returns n for people: 1.4 MB.
func formatBytes(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}} {
		if n >= u.bytes {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
