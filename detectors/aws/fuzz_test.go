package aws

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mislaid/detectors"
	"mislaid/detectors/detectortest"
	"mislaid/internal/secret"
)

// FuzzFind feeds Find regions: it does not panic, its atoms lie in the region,
// hold what they should, and are the same twice.
func FuzzFind(f *testing.F) {
	k := detectortest.NewKeys(rand.New(rand.NewPCG(2, 3)))
	id, temp, sec, token := k.KeyID("AKIA", account), k.KeyID("ASIA", account), k.SecretWith(), k.TokenOf(200)
	for _, s := range []string{
		"", id, id + ":" + sec, "[p]\naws_access_key_id=" + id + "\naws_secret_access_key=" + sec,
		`{"a":"` + id + `","b":"` + strings.ReplaceAll(sec, "/", `\/`) + `"}`, "s3://" + id + ":" + strings.ReplaceAll(sec, "+", "%2B"),
		temp + " " + sec + " " + token, "aws_session_token=" + token + "==\n" + temp, "Access key ID,Secret access key\n" + id + "," + sec,
		id + "=\n" + sec[:20] + "=\n" + sec[20:], "<name>" + id + "</name><value>" + sec + "&#x2F;", "expiration 2026-01-02T03:04:05Z " + temp,
		"endpoint: http://x:9000 " + id + " us-gov-west-1 \\", id + "\\n" + sec, "%" + id + "%2", "&" + id + "&#", strings.Repeat("\xff", 90) + " Secret: " + sec + " " + id, id + "=\r\n",
	} {
		f.Add([]byte(s), []byte("Access key ID,Secret access key\n"))
		f.Add([]byte(s), []byte("a;secret"))
	}
	f.Fuzz(func(t *testing.T, near, head []byte) {
		const base = 1000
		d := New()
		got := d.Find(nil, detectors.Near{Head: head, Bytes: near, Base: base})
		again := d.Find(nil, detectors.Near{Head: head, Bytes: slices.Clone(near), Base: base})
		if len(got) != len(again) {
			t.Fatal("not the same twice")
		}
		for i, a := range got {
			if detectortest.Describe(a) != detectortest.Describe(again[i]) {
				t.Fatal("not the same twice")
			}
			if a.Off < base || a.End <= a.Off || a.End > base+int64(len(near)) || a.Record < 0 || a.Record > a.Off+1 {
				t.Fatalf("out of range: %s", detectortest.Describe(a))
			}
			for _, hint := range []string{a.Label, a.Hints.Profile, a.Hints.Label, a.Hints.Endpoint, a.Hints.Region} {
				if len(hint) > maxHint {
					t.Fatalf("a hint of %d bytes", len(hint))
				}
			}
			switch a.Part {
			case detectors.PartID:
				if a.ID != string(near[a.Off-base:a.End-base]) || len(a.ID) != idLen {
					t.Fatalf("an id that is not there: %s", detectortest.Describe(a))
				}
			case detectors.PartSecret:
				if len(a.Value.Reveal()) != secretLen {
					t.Fatalf("a secret of %d characters", len(a.Value.Reveal()))
				}
			case detectors.PartToken:
				if n := len(a.Value.Reveal()); n > int(a.End-a.Off) {
					t.Fatalf("a token of %d characters in %d bytes", n, a.End-a.Off)
				}
			}
		}
		d.Join(nil, got, nil)
	})
}

// FuzzJoin builds atoms out of bytes: Join does not panic, and every id comes
// out at least once and at most maxSecrets times.
func FuzzJoin(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 1, 0, 1, 1, 1, 2, 0, 1})
	f.Add([]byte{1, 200, 255, 0, 3, 7, 1, 3, 7, 6, 1, 1})
	k := detectortest.NewKeys(rand.New(rand.NewPCG(2, 4)))
	ids := []string{k.KeyID("AKIA", account), k.KeyID("AKIA", account), k.KeyID("ASIA", account)}
	secrets := []string{k.Secret(), k.Secret(), k.Secret()}
	f.Fuzz(func(t *testing.T, b []byte) {
		var in []detectors.Atom
		var off int64
		line, want := 0, 0
		for ; len(b) >= 3; b = b[3:] {
			off += int64(b[1]) * 16
			line += int(b[2] & 7)
			a := atomOf(b, ids, secrets)
			a.Off, a.End, a.Line = off, off+idLen, line
			off = a.End
			if a.Part == detectors.PartID {
				want++
			}
			in = append(in, a)
		}
		got := map[int64]int{}
		for _, c := range join(nil, in, nil) {
			if c.Atoms[0].Part == detectors.PartID {
				got[c.Atoms[0].Off]++
			}
		}
		if len(got) != want {
			t.Fatalf("%d of %d ids", len(got), want)
		}
		for _, n := range got {
			if n > maxSecrets {
				t.Fatalf("%d candidates of one id at one place", n)
			}
		}
	})
}

// atomOf makes an atom from three bytes.
func atomOf(b []byte, ids, secrets []string) detectors.Atom {
	a := detectors.Atom{
		Part:        detectors.Part(b[0]%3 + 1),
		Record:      int64(b[2] >> 6),
		Labelled:    b[0]&32 != 0,
		Placeholder: b[0]&192 == 192,
	}
	if a.Labelled {
		a.Label = "aws_secret_access_key"
	}
	which := int(b[2]>>3) % 3
	if a.Part == detectors.PartID {
		a.ID = ids[which]
	} else {
		a.Value = secret.New([]byte(secrets[which]))
	}
	return a
}
