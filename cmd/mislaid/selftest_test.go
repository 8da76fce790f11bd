package main

import (
	"testing"

	"mislaid/detectors"
	"mislaid/detectors/aws"
	"mislaid/detectors/detectortest"
)

// TestSyntheticKeys: the selftest must not fail by bad luck.
func TestSyntheticKeys(t *testing.T) {
	set, err := detectors.NewSet(aws.New())
	if err != nil {
		t.Fatal(err)
	}
	for range 300 {
		for _, s := range selfShapes {
			if s.file == "far.log" {
				continue // two megabytes of nothing each time
			}
			id := syntheticID()
			text := s.write(id, syntheticSecret())
			got := detectortest.Scan(set, text, len(text))
			if len(got) != 1 || got[0].Credential.ID != id || got[0].Credential.Kind != s.kind || got[0].Placeholder {
				t.Errorf("%s: %d finds", s.file, len(got))
			}
		}
	}
}
