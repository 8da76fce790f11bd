package aws

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"mislaid/detectors"
	"mislaid/detectors/detectortest"
)

// TestLookAlikes puts what looks like a secret and is not beside an id, where
// it would count: the id must stay alone.
func TestLookAlikes(t *testing.T) {
	m := maker{detectortest.NewKeys(rand.New(rand.NewPCG(3, 4)))}
	set, err := detectors.NewSet(New())
	if err != nil {
		t.Fatal(err)
	}
	b64 := func(n int) string {
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(m.Secret(), 1+n/40)[:n]))
	}
	for name, line := range map[string]string{
		"SHA-1":             fmt.Sprintf("%x", sha1.Sum([]byte("x"))),
		"SHA-1 upper":       fmt.Sprintf("%X", sha1.Sum([]byte("x"))),
		"SHA-256":           fmt.Sprintf("%x", sha256.Sum256([]byte("x"))),
		"part of a digest":  "objects/ab/" + hex.EncodeToString([]byte("0123456789abcde"))[:29],
		"npm integrity":     "sha512-" + base64.StdEncoding.EncodeToString(sum512("x")),
		"npm old integrity": "sha1-" + base64.StdEncoding.EncodeToString([]byte("01234567890123456789")),
		"UUIDs":             "6ba7b810-9dad-11d1-80b4-00c04fd430c8 6ba7b8119dad11d180b400c04fd430c86ba7b811",
		"JWT":               "eyJhbGciOiJIUzI1NiJ9." + b64(30) + "." + strings.ReplaceAll(b64(30), "/", "_"),
		"image":             "data:image/png;base64," + b64(3000) + "==",
		"padded":            b64(32)[:43] + "=",
		"longer":            m.Secret() + "x",
		"shorter":           m.Secret()[:39],
		"import path":       "github.com/aws/aws/sdk/go/service/kinesisvideoMedia/v2",
		"path of 40":        "usr/local/share/Documents2/CompanyReport",
		"identifier":        "createAccessKeyRequestMarshallerFactory9",
		"permalink":         "https://x.slack.com/archives/C024BE91L/p1401383885000061",
		"base64url":         "abc-" + m.Secret() + "_def",
		"dotted":            "v1." + m.Secret() + ".x",
		"object key":        "s3://bucket/2024/Backup/Daily/12/AccountingExport9/data",
		"alphabet":          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123",
		"one letter":        "secret=" + strings.Repeat("aB3/", 10),
		"OAuth":             "client_secret = " + hex.EncodeToString([]byte(m.Secret()))[:40],
		"minified":          "function(e,t){return e.AKIA||t.aws_secret_access_key}",
		"variable":          "aws_secret_access_key = var.secret_access_key_of_the_production_account",
	} {
		id := m.id()
		text := []byte("id " + id + "\n" + line + "\n")
		cs := detectortest.Scan(set, text, len(text))
		if len(cs) != 1 || cs[0].Credential.ID != id || !cs[0].Credential.Secret.IsZero() {
			t.Errorf("%s: %d candidates, or a secret where there is none", name, len(cs))
		}
		// Without an id beside it, nothing is found at all.
		if cs := detectortest.Scan(set, []byte(line+"\n"), 1<<20); len(cs) != 0 {
			t.Errorf("%s alone: %d candidates", name, len(cs))
		}
	}
}

func sum512(s string) []byte { b := sha512.Sum512([]byte(s)); return b[:] }

// TestBareRuns are secrets in all but context: unlabelled, far from any id.
func TestBareRuns(t *testing.T) {
	m := maker{detectortest.NewKeys(rand.New(rand.NewPCG(5, 6)))}
	set, err := detectors.NewSet(New())
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(m.Secret() + "\n" + strings.Repeat("line\n", 9) + "id " + m.id() + strings.Repeat("\nline", 9) + "\n" + m.Secret() + " client_secret: " + m.Secret())
	cs := detectortest.Scan(set, text, len(text))
	if len(cs) != 1 || !cs[0].Credential.Secret.IsZero() {
		t.Errorf("%d candidates, want the id alone", len(cs))
	}
}

// TestLosses measures what the filters cost: random keys that are refused.
func TestLosses(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const n = 20_000
	var random, text, ids int
	raw := make([]byte, 30)
	for range n {
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		b := []byte(base64.StdEncoding.EncodeToString(raw))
		switch {
		case !isRandom(b):
			random++
		case looksLikeText(b, false):
			text++
		}
		id := []byte("AKIA")
		for range 16 {
			id = append(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[r.IntN(32)])
		}
		if isMadeUp(id) {
			ids++
		}
	}
	t.Logf("of %d: %d secrets refused, %d more without a label, %d ids", n, random, text, ids)
	if random > n/2000 || text > n/100 || ids > n/1000 {
		t.Errorf("of %d random keys too many are refused: %d secrets, %d more without a label, %d ids", n, random, text, ids)
	}
}

func TestAccount(t *testing.T) {
	for _, tt := range []struct {
		id, account string
		from        origin
	}{
		{"ASIAY34F" + "ZKBOKMUTVV7A", "609629065308", decoded},
		{"ASIAQNZG" + "KIQY56JQ7WML", "029608264753", decoded},
		{"AKIASP2T" + "PHJSQH3FJRUX", "171436882533", decoded},
		{"AKIARZPU" + "ZDIKGB2VALC4", "123456789012", decoded},
		{"ASIAQAAA" + "AAAAGMKEM7X5", "000000000000", decoded},
		{"AKIAIOSF" + "ODNN7" + "EXAMPLE", "", unknowable},
		{"AKIARZPU" + "ZDIKG" + "EXAMPLE", "", unknowable},
		{"AKIAJABC" + "ZDIKGB2VALC4", "", unknowable},
		{"AKIA7ABC" + "ZDIKGB2VALC4", "", impossible},
		{"AKIA1ABC" + "ZDIKGB2VALC4", "", unknowable},
		{"AKIA", "", unknowable},
	} {
		if account, from := accountOf(tt.id); account != tt.account || from != tt.from {
			t.Errorf("%s…: %q (%d), want %q (%d)", tt.id[:min(8, len(tt.id))], account, from, tt.account, tt.from)
		}
	}
	for _, want := range []uint64{0, 1, 999_999_999_999, 123456789012} {
		if got, _ := accountOf(detectortest.KeyID("AKIA", want)); got != fmt.Sprintf("%012d", want) {
			t.Errorf("made for %012d, decoded as %s", want, got)
		}
	}
}

// TestBoundaries glues things to an id.
func TestBoundaries(t *testing.T) {
	id := detectortest.KeyID("AKIA", account)
	for _, tt := range []struct {
		before, after string
		want          bool
	}{
		{"", "", true}, {" ", " ", true}, {"aws_access_key_id", "\x00", true}, {"1", "", true}, {"_", "_", true},
		{"キー", "です", true}, {"", "a", true},
		{"X", "", false}, {"", "X", false}, {"", "7", false}, {"", "0", false}, {"A3T", "", false}, {"g3D", "", false}, {"=3D", "=\n", false},
	} {
		got := appendIDs(nil, &detectors.Near{Bytes: []byte(tt.before + id + tt.after)})
		if (len(got) == 1) != tt.want {
			t.Errorf("%q id %q: found %v, want %v", tt.before, tt.after, len(got) == 1, tt.want)
		}
		if len(got) == 1 && got[0].from != len(tt.before) {
			t.Errorf("%q id %q: found at %d", tt.before, tt.after, got[0].from)
		}
	}
}
