package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"text/tabwriter"
	"time"
)

// command is a program to time, with its arguments, and the one exit status
// beside 0 that is no failure.
type command struct {
	name string
	argv []string
	exit int
}

// sample is one run of a command.
type sample struct {
	wall, cpu time.Duration
	rss       int64 // bytes, 0 unknown
}

// compare runs two commands in turn, A B A B …, and prints each one's medians
// and the ratio of A to B. before runs ahead of every run.
func compare(out io.Writer, rounds int, before func() error, a, b command) error {
	var as, bs []sample
	var walls, cpus []float64
	for i := range rounds + 1 {
		if err := before(); err != nil {
			return err
		}
		sa, err := a.run()
		if err != nil {
			return err
		}
		if err := before(); err != nil {
			return err
		}
		sb, err := b.run()
		if err != nil {
			return err
		}
		if i == 0 {
			continue // warm-up
		}
		as, bs = append(as, sa), append(bs, sb)
		walls = append(walls, sa.wall.Seconds()/sb.wall.Seconds())
		cpus = append(cpus, sa.cpu.Seconds()/sb.cpu.Seconds())
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "command\twall median (min–max)\tcpu median\tpeak memory")
	for _, x := range []struct {
		name string
		s    []sample
	}{{a.name, as}, {b.name, bs}} {
		w, c, m := column(x.s)
		fmt.Fprintf(tw, "%s\t%.3f s (%.3f–%.3f)\t%.3f s\t%d MB\n", x.name, w[len(w)/2], w[0], w[len(w)-1], c[len(c)/2], m>>20)
	}
	slices.Sort(walls)
	fmt.Fprintf(tw, "ratio\t%.2f (%.2f–%.2f)\t%.2f\t\n", walls[len(walls)/2], walls[0], walls[len(walls)-1], median(cpus))
	return tw.Flush()
}

// median sorts values and returns the one in the middle.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// column returns the sorted wall and CPU seconds, and the largest memory.
func column(samples []sample) (wall, cpu []float64, rss int64) {
	for _, s := range samples {
		wall = append(wall, s.wall.Seconds())
		cpu = append(cpu, s.cpu.Seconds())
		rss = max(rss, s.rss)
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	return wall, cpu, rss
}

// run runs the command once and throws its output away.
//
// The command is started by a small process of its own: Linux counts the memory
// of the process that forks towards the peak of the one that it becomes.
func (c command) run() (s sample, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	out, err := exec.Command(self, append([]string{"-launch"}, c.argv...)...).Output()
	if err != nil {
		return s, fmt.Errorf("%s: %w", c.name, err)
	}
	var exit int
	if _, err := fmt.Sscan(string(out), &exit, (*int64)(&s.wall), (*int64)(&s.cpu), &s.rss); err != nil {
		return s, fmt.Errorf("%s: %w", c.name, err)
	}
	if exit != 0 && exit != c.exit {
		return s, fmt.Errorf("%s: exit status %d", c.name, exit)
	}
	return s, nil
}

// launch runs argv and prints its exit status, wall and CPU nanoseconds, and
// peak memory in bytes.
func launch(out io.Writer, argv []string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	begin := time.Now()
	err := cmd.Run()
	wall := time.Since(begin)
	ps := cmd.ProcessState
	if ps == nil {
		return err
	}
	_, err = fmt.Fprintln(out, ps.ExitCode(), int64(wall), int64(ps.UserTime()+ps.SystemTime()), peak(ps))
	return err
}
