//go:build real && linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mislaid/sources/smb/smbtest"
)

// sightedSMB is what a report says of a place of a file server.
type sightedSMB struct {
	ID, State string
	Audience  struct {
		Witnessed []struct{ Who, Outcome, Detail string }
	}
	Copies []struct{ Where, Path string }
}

// placesSMB returns the places of a report by their paths.
func placesSMB(t *testing.T, report string) map[string]sightedSMB {
	t.Helper()
	var r struct {
		Leaks []struct {
			ID        string
			Sightings []struct {
				Path string
				sightedSMB
			}
		}
	}
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		t.Fatal(err)
	}
	places := make(map[string]sightedSMB)
	for _, l := range r.Leaks {
		for _, s := range l.Sightings {
			s.ID = l.ID
			places[s.Path] = s.sightedSMB
		}
	}
	return places
}

// TestSMBFileWithALeak: of a file with a find the streams are read, previous
// versions and the recycle bin are looked at, and the witness tries to open it;
// also by a run that builds on an earlier one, after the file is gone.
func TestSMBFileWithALeak(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{
		Global: map[string]string{"map to guest": "Never"},
		Shares: map[string]map[string]string{"data": {
			"vfs objects": "shadow_copy2 streams_xattr", "shadow:snapdir": ".snapshots", "shadow:mountpoint": "%DIR%/shares/data",
		}},
	})
	s.SetLockout(t, 3)
	keys := newKeyMaker(uint64(time.Now().UnixNano()))
	uid, gid := s.UnixUser(t, "alice")
	ids := make(map[string]string)
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		full := filepath.Join(s.Path("data"), path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(full, uid, gid); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(full, mode); err != nil {
			t.Fatal(err)
		}
	}
	texts := make(map[string]string)
	for path, mode := range map[string]os.FileMode{"d/open.txt": 0o644, "d/closed.txt": 0o600, "d/harmless.txt:notes": 0} {
		k, text := planting(keys, "dead")
		ids[path], texts[path] = k.id, text
		if mode != 0 {
			write(path, text, mode)
		}
	}
	write("d/harmless.txt", "nothing to see\n", 0o644)
	if err := unix.Setxattr(filepath.Join(s.Path("data"), "d/harmless.txt"), "user.DosStream.notes:$DATA", append([]byte(texts["d/harmless.txt:notes"]), 0), 0); err != nil {
		t.Fatal(err)
	}
	for i := range 14 {
		dir := time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(".snapshots/@GMT-2006.01.02-15.04.05/")
		write(dir+"d/open.txt", texts["d/open.txt"], 0o644)
		write(dir+"d/closed.txt", "it was not there then\n", 0o644)
	}
	write(".recycle/games/d/Copy #1 of open.txt", texts["d/open.txt"], 0o644)
	write(".recycle/games/d/closed.txt", texts["d/open.txt"], 0o644) // another key

	time.Sleep(6 * time.Second) // what changed just now is read again by every run

	first := filepath.Join(t.TempDir(), "first.journal")
	target := "smb://alice@" + s.Addr + "/data/d"
	got := mislaidSMB(t, s, "--journal", first, "--witness", "bob", "--witness-password", "env:WITNESS", target)
	places := placesSMB(t, got.stdout)
	if len(places) != len(ids) || len(got.gaps) > 0 {
		t.Fatalf("places %v, gaps %q\n%s", places, got.gaps, got.stderr)
	}
	for path, id := range ids {
		p, outcome, copies := places[strings.TrimPrefix(path, "d/")], "opened", 0
		if path == "d/closed.txt" {
			outcome = "refused"
		}
		if path == "d/open.txt" {
			copies = 15
		}
		if p.ID != id || len(p.Copies) != copies || len(p.Audience.Witnessed) != 1 || p.Audience.Witnessed[0].Outcome != outcome || p.Audience.Witnessed[0].Who != "bob" {
			t.Errorf("%s: %+v", path, p)
		}
	}
	text := reportText(t, first)
	for _, want := range []string{
		"opened by the witness bob", "refused to the witness bob", "harmless.txt:notes:2:",
		"14 previous versions (2026-01-01", "the recycle bin, as .recycle/games/d/Copy #1 of open.txt",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}

	if err := os.Remove(filepath.Join(s.Path("data"), "d/open.txt")); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(t.TempDir(), "second.journal")
	got = mislaidSMB(t, s, "--since", first, "--journal", second, "--witness", "bob", "--witness-password", "env:WRONG", target)
	places = placesSMB(t, got.stdout)
	if p := places["open.txt"]; p.State != "gone" || len(p.Copies) != 15 {
		t.Errorf("removed: %+v\n%s", p, got.stderr)
	}
	if p := places["harmless.txt:notes"]; p.State != "unchanged" || len(p.Audience.Witnessed) != 1 || p.Audience.Witnessed[0].Outcome != "unknown" {
		t.Errorf("unchanged: %+v", p)
	}
	if n := s.WrongPasswords(t, "bob"); n != 1 {
		t.Errorf("the witness's wrong password was tried %d times", n)
	}
	if text := reportText(t, second); !strings.Contains(text, "Removed here, still in 14 previous versions") {
		t.Errorf("the report does not say what is left:\n%s", text)
	}
}

func reportText(t *testing.T, journal string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	run(t.Context(), []string{"report", journal, "--format", "text"}, []string{"HOME=" + t.TempDir(), "TERM=dumb", "COLUMNS=400"}, strings.NewReader(""), &stdout, &stderr)
	return strings.Join(strings.Fields(stdout.String()), " ") + fmt.Sprint(stderr.String())
}

// TestSMBOffline: what a server would have to fetch from elsewhere is not
// fetched unless that is asked for.
func TestSMBOffline(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{"tape": {"vfs objects": "offline"}}})
	k, text := planting(newKeyMaker(uint64(time.Now().UnixNano())), "dead")
	if err := os.WriteFile(filepath.Join(s.Path("tape"), "f.txt"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got := mislaidSMB(t, s, "smb://alice@"+s.Addr+"/tape")
	if len(got.leaks) > 0 || len(got.gaps) != 1 || !strings.Contains(got.gaps[0], "--smb-recall") {
		t.Errorf("leaks %q, gaps %q", got.leaks, got.gaps)
	}
	got = mislaidSMB(t, s, "--smb-recall", "smb://alice@"+s.Addr+"/tape")
	if len(got.leaks) != 1 || got.leaks[0] != k.id || len(got.gaps) > 0 {
		t.Errorf("asked for: leaks %q, gaps %q", got.leaks, got.gaps)
	}
}
