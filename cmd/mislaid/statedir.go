package main

import (
	"errors"
	"path/filepath"
	"time"
)

// stateDir returns the directory in which journals are kept on a platform.
func stateDir(goos string, env environment) (string, error) {
	if dir := env["XDG_STATE_HOME"]; filepath.IsAbs(dir) { // a relative one is to be ignored: XDG Base Directory Specification 0.8
		return filepath.Join(dir, "mislaid"), nil
	}
	home := env["HOME"]
	switch {
	case goos == "windows" && filepath.IsAbs(env["LOCALAPPDATA"]):
		return filepath.Join(env["LOCALAPPDATA"], "mislaid"), nil
	case goos == "windows":
		return "", errors.New("there is no place for the journal: LOCALAPPDATA is not set; name one with --journal FILE")
	case !filepath.IsAbs(home):
		return "", errors.New("there is no place for the journal: neither XDG_STATE_HOME nor HOME is an absolute path; name one with --journal FILE")
	case goos == "darwin":
		return filepath.Join(home, "Library", "Application Support", "mislaid"), nil
	}
	return filepath.Join(home, ".local", "state", "mislaid"), nil
}

// journalName names the journal of a run that began at t.
func journalName(t time.Time, runID string) string {
	return t.UTC().Format("20060102T150405Z") + "-" + runID + ".journal"
}
