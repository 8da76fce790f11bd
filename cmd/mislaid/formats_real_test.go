//go:build real

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"mislaid/internal/extract/extracttest"
	"mislaid/internal/journal"
)

// TestFormatsOfRealPrograms: the pair that stands anywhere in a document which
// LibreOffice, Ghostscript, cairo, qpdf, 7z or sqlite3 made is found whole, in
// its place.
func TestFormatsOfRealPrograms(t *testing.T) {
	dir := openDirectory(t)
	keys := newKeyMaker(uint64(time.Now().UnixNano()))
	pairs := make(map[string]planted)
	say := func(file, position string) string {
		at := file + " " + position
		k, ok := pairs[at]
		if !ok {
			k, _ = planting(keys, "dead")
			pairs[at] = k
		}
		return "aws_access_key_id=" + k.id + " aws_secret_access_key=" + k.secret
	}
	all, err := extracttest.Build(t.Context(), dir, say)
	if err != nil {
		t.Fatalf("make deps installs what is missing: %v", err)
	}
	want := make(map[string]map[string]bool) // file!place by key id
	for _, p := range all {
		at := p.File + " " + p.Position
		if _, own := pairs[at]; !own {
			at = p.Position // it stands in another file first
		}
		id := pairs[at].id
		if want[id] == nil {
			want[id] = make(map[string]bool)
		}
		want[id][strings.TrimSuffix(p.File+"!"+p.Place, "!")] = true
	}
	secrets := 0
	found := make(map[string]map[string]bool)
	r := reported(t, dir)
	for _, l := range r.Leaks {
		found[l.ID] = make(map[string]bool)
		if slices.ContainsFunc(l.Sightings, func(s sighting) bool { return s.Fingerprint != "" }) {
			secrets++
		}
		for _, s := range l.Sightings {
			for _, at := range append(s.Positions, position{}) {
				place := s.Path[strings.LastIndexByte(strings.SplitN(s.Path, "!", 2)[0], '/')+1:]
				if at.Name != "" {
					place += "!" + at.Name
				}
				found[l.ID][strings.Replace(place, "!!", "!", 1)] = true
			}
		}
	}
	for id, places := range want {
		for place := range places {
			if !found[id][place] {
				t.Errorf("%s: not found; it stands at %v", place, found[id])
			}
		}
	}
	if secrets < len(pairs) {
		t.Errorf("of %d pairs %d were found with a secret", len(pairs), secrets)
	}
	t.Logf("%d places of %d pairs", len(all), len(pairs))
}

// position is a position in a report.
type position struct{ Name string }

// reported is what a scan of a directory without a network reports.
type reportedLeaks struct {
	Leaks []struct {
		ID        string
		Sightings []sighting
	}
}

// sighting is a sighting in a report. Its fingerprint is that of the secret.
type sighting struct {
	Path, Fingerprint string
	Positions         []position
}

func reported(t *testing.T, dir string, args ...string) (r reportedLeaks) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := []string{"HOME=" + t.TempDir(), "TERM=dumb"}
	args = append([]string{"scan", "--verify=off", "--format", "json", dir}, args...)
	if code := run(t.Context(), args, env, strings.NewReader(""), &stdout, &stderr); code != journal.ExitLeaksGaps && code != journal.ExitLeaks {
		t.Fatalf("exit code %d\n%s", code, stderr.Bytes())
	}
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOCR: the key id in a screenshot is found with --ocr and not without.
func TestOCR(t *testing.T) {
	dir := openDirectory(t)
	k, _ := planting(newKeyMaker(uint64(time.Now().UnixNano())), "dead")
	cmd := exec.CommandContext(t.Context(), "convert", "-background", "white", "-fill", "black", "-font", "DejaVu-Sans-Mono", "-pointsize", "28",
		fmt.Sprintf("label:aws_access_key_id = %s\naws_secret_access_key = %s", k.id, k.secret), "-strip", "+set", "label", "shot.png")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("convert: %v: %s", err, out)
	}
	if r := reported(t, dir, "--ocr"); len(r.Leaks) != 1 || r.Leaks[0].ID != k.id || !strings.HasSuffix(r.Leaks[0].Sightings[0].Path, "shot.png!ocr") {
		t.Errorf("%s is read as %+v", k.id, r.Leaks)
	}
}
