package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"mislaid/sources/slack/slacktest"
)

// makeExport writes the ZIP of a Slack export of size bytes of JSON to path, unless
// it is there, and returns how many bytes of JSON are in it.
func makeExport(path string, size int64) (int64, error) {
	if _, err := os.Stat(path); err == nil {
		return size, nil
	}
	f, err := os.Create(path + ".new")
	if err != nil {
		return 0, err
	}
	_, _, err = slacktest.Large(f, size, 1, nil)
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(path+".new", path)
}

// speed runs a command that reads size bytes, and prints how many it read in a
// second of one processor.
func speed(out io.Writer, rounds int, before func() error, c command, size int64) error {
	var samples []sample
	for range rounds {
		if err := before(); err != nil {
			return err
		}
		s, err := c.run()
		if err != nil {
			return err
		}
		samples = append(samples, s)
	}
	wall, cpu, rss := column(samples)
	mid := cpu[len(cpu)/2]
	fmt.Fprintf(out, "%s: %.3f s wall (median), %.3f s of processors, %.0f MB/s a processor, peak memory %d MB\n", c.name, wall[len(wall)/2], mid, float64(size)/1e6/mid, rss>>20)
	return nil
}
