package ad

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// parseTargets reads msDFS-TargetListv2: XML in UTF-16 or UTF-8 with a target in
// each element; MS-DFSNM 2.3.3.
func parseTargets(raw []byte) ([]Target, error) {
	text := strings.TrimPrefix(targetText(raw), "\uFEFF")
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is decoded
	var list struct {
		Targets []struct {
			State string `xml:"state,attr"`
			Path  string `xml:",chardata"`
		} `xml:"target"`
	}
	if err := dec.Decode(&list); err != nil {
		return nil, errors.New("malformed list of DFS targets")
	}
	var targets []Target
	for _, t := range list.Targets {
		path := strings.TrimSpace(t.Path)
		if !strings.HasPrefix(path, `\\`) {
			return nil, fmt.Errorf("malformed DFS target")
		}
		targets = append(targets, Target{Path: path, Online: !strings.EqualFold(t.State, "offline")})
	}
	return targets, nil
}

func targetText(raw []byte) string {
	order := func(lo, hi byte) uint16 { return uint16(lo) | uint16(hi)<<8 }
	switch {
	case len(raw) >= 2 && raw[0] == 0xFE && raw[1] == 0xFF:
		order = func(hi, lo byte) uint16 { return uint16(lo) | uint16(hi)<<8 }
	case len(raw) >= 2 && (raw[0] == 0xFF && raw[1] == 0xFE || raw[1] == 0):
	default:
		return string(raw)
	}
	units := make([]uint16, 0, len(raw)/2)
	for i := 0; i+1 < len(raw); i += 2 {
		units = append(units, order(raw[i], raw[i+1]))
	}
	return string(utf16.Decode(units))
}
