package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// exitGaps is the exit code of a scan that could not read everything, when
// leaks are no reason to fail. The gaps are left to the scanner's own tests.
const exitGaps = 3

// scanWith runs a mislaid program over the tree below dir; "" builds it from
// this source.
func scanWith(program, dir string) ([]finding, error) {
	if program == "" {
		program = filepath.Join(dir, "mislaid")
		build := exec.Command("go", "build", "-o", program, "mislaid/cmd/mislaid")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("build: %w", err)
		}
	}
	return scanTree(program, filepath.Join(dir, treeName), dir)
}

// scanTree scans tree and reads the report; its files are written into dir and
// removed.
func scanTree(program, tree, dir string) ([]finding, error) {
	report, journal := filepath.Join(dir, "report.json"), filepath.Join(dir, "run.journal")
	cmd := exec.Command(program, "scan", tree, "--verify=off", "--format=json", "--output="+report, "--journal="+journal, "--progress=never", "--fail-on=never")
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != exitGaps {
		return nil, fmt.Errorf("scan: %w\n%s", err, out)
	}
	f, err := os.Open(report)
	if err != nil {
		return nil, err
	}
	findings, err := readMislaid(f)
	for i := range findings {
		findings[i].Path = relative(tree, findings[i].Path)
	}
	return findings, errors.Join(err, f.Close(), os.Remove(report), os.Remove(journal))
}
