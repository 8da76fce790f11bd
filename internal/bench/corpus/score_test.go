package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summary is the part of the figures that the reports in testdata differ in.
type summary struct {
	ID, Paired, Right, Lone, Others               string
	Findings, Wrong, Halves, Invented, Lookalikes int
}

// TestScore: a report of each scanner about a tree of three pairs, a lone id, a
// Bedrock key and a lock file gives the figures that were counted by hand.
func TestScore(t *testing.T) {
	k := newKeys(rand.New(rand.NewPCG(1, 2)))
	ids, secrets := make(map[string]string), map[string]string{"0": ""}
	ids["0"] = ""
	for _, n := range strings.Split("1234589", "") {
		ids[n], secrets[n] = k.maker.KeyID("AKIA", k.account()), k.secret()
	}
	made := &truth{}
	add := func(path string, c class, n string) {
		p := plant{Path: path, Class: c, Shape: path, Kinds: []string{"bedrock"}}
		made.Plants = append(made.Plants, p.of(credential{id: ids[n], secret: secrets[n]}))
	}
	add("a/one.env", pair, "1")
	add("a/two.csv", pair, "2")
	add("a/three.txt", pair, "3")
	add("a/four.txt", loneID, "4")
	add("a/bedrock.env", other, "5")
	add("a/lock.json", lookalike, "8")

	hole := regexp.MustCompile(`⟦(B64)?([A-Z]+)(\d)(\d?)⟧`)
	for _, c := range []struct {
		file, format string
		want         summary
	}{
		{"mislaid.json", "mislaid", summary{"3 of 3", "2 of 3", "1 of 3", "1 of 1", "1 of 1", 7, 1, 2, 1, 1}},
		{"trufflehog.json", "trufflehog", summary{"2 of 3", "2 of 3", "1 of 3", "0 of 1", "0 of 1", 3, 1, 0, 1, 1}},
		{"gitleaks.json", "gitleaks", summary{"1 of 3", "0 of 3", "0 of 3", "1 of 1", "1 of 1", 4, 0, 1, 1, 1}},
		{"betterleaks.json", "betterleaks", summary{"1 of 3", "1 of 3", "1 of 3", "1 of 1", "0 of 1", 3, 1, 0, 0, 0}},
		{"betterleaks2.json", "betterleaks", summary{"1 of 3", "1 of 3", "1 of 3", "1 of 1", "0 of 1", 3, 1, 0, 0, 0}},
		{"titus.json", "titus", summary{"1 of 3", "1 of 3", "1 of 3", "1 of 1", "0 of 1", 3, 0, 1, 0, 0}},
	} {
		t.Run(c.file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", c.file))
			if err != nil {
				t.Fatal(err)
			}
			text = hole.ReplaceAllFunc(text, func(m []byte) []byte {
				p := hole.FindSubmatch(m)
				v := ids[string(p[3])]
				switch string(p[2]) {
				case "SECRET":
					v = secrets[string(p[3])]
				case "FP":
					v = fingerprint(v, secrets[string(p[4])])
				}
				if len(p[1]) > 0 {
					v = b64(v)
				}
				return []byte(v)
			})
			findings, err := formats[c.format](bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			f := score(made, findings)
			got := summary{counts(f.id), counts(f.paired), counts(f.right), counts(f.lone), counts(f.others["a/bedrock.env"]), f.findings, f.wrongPairs, f.halves, f.invented, f.lookalikes}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			var out bytes.Buffer
			f.print(&out, true)
			for n, s := range secrets {
				if s != "" && strings.Contains(out.String(), s) {
					t.Errorf("the secret %s is printed", n)
				}
			}
		})
	}
}

// TestFormatsRefuse: another scanner's report is an error, never a bad score.
func TestFormatsRefuse(t *testing.T) {
	for name, read := range formats {
		if _, err := read(strings.NewReader("not JSON {")); err == nil && name != "trufflehog" {
			t.Errorf("%s reads anything", name)
		}
	}
	if _, err := readMislaid(strings.NewReader(`{"schema":"other"}`)); err == nil {
		t.Error("mislaid reads any object")
	}
	if _, err := readTrufflehog(strings.NewReader(`{"DetectorName":`)); err == nil {
		t.Error("trufflehog reads half a line")
	}
}

// counts is a rate as it is counted by hand.
func counts(r rate) string {
	return fmt.Sprintf("%d of %d", r.hit, r.of)
}
