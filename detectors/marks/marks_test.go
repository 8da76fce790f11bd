package marks

import (
	"testing"

	"mislaid/detectors"
	"mislaid/detectors/detectortest"
)

func TestMarks(t *testing.T) {
	set, err := detectors.NewSet(New())
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("a\nkey # mislaid:allow\n// gitleaks:allow trufflehog:ignore\ng\x00i\x00t\x00l\x00e\x00a\x00k\x00s\x00:\x00a\x00l\x00l\x00o\x00w\x00\nmislaid: allow MISLAID:ALLOW\n")
	for size := 1; size < len(text); size += 7 {
		var got []string
		lines := 0
		for _, a := range detectortest.Atoms(set, text, size) {
			got = append(got, a.ID)
			lines = lines*10 + a.Line
		}
		if len(got) != 4 || got[0] != words[0] || got[1] != words[1] || got[2] != words[2] || lines != 2334 {
			t.Fatalf("windows of %d: %q on lines %d", size, got, lines)
		}
	}
	if cs := detectortest.Scan(set, text, 100); len(cs) != 0 {
		t.Errorf("%d candidates", len(cs))
	}
}
