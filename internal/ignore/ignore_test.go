package ignore

import (
	"strings"
	"testing"
	"time"
)

const print32 = "0123456789abcdef0123456789abcdef"

func TestParse(t *testing.T) {
	got, err := Parse("l.toml", []byte("# ours\n[[ignore]]\nkey_id = 'AKIA"+"IGNOREIGNOREIGNO'\nreason = 'rotated '\nexpires = 2026-12-31\n\n[[ignore]]\npath = 'docs/**'\naccount = '111122223333'\nreason = 'samples'\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{KeyID: "AKIA" + "IGNOREIGNOREIGNO", Reason: "rotated", Expires: "2026-12-31", List: "l.toml", Line: 2},
		{Path: "docs/**", Account: "111122223333", Reason: "samples", List: "l.toml", Line: 7},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v", got)
	}
	if got, err := Parse("l", nil); err != nil || len(got) != 0 {
		t.Errorf("an empty list: %v, %v", got, err)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing named":   {"[[ignore]]\nreason = 'x'\n", "l:1: the entry names no"},
		"no reason":       {"[[ignore]]\npath = 'x'\n", "l:1: a reason is needed"},
		"empty reason":    {"[[ignore]]\npath = 'x'\nreason = ' '\n", "l:3: a reason is needed"},
		"long reason":     {"[[ignore]]\npath = 'x'\nreason = '" + strings.Repeat("x", 501) + "'\n", "l:3: the reason is longer"},
		"odd fingerprint": {"[[ignore]]\nfingerprint = 'hunter2'\nreason = 'x'\n", "l:2: a fingerprint is 32"},
		"odd key id":      {"[[ignore]]\nkey_id = 'hunter2'\nreason = 'x'\n", "l:2: a key id is"},
		"odd account":     {"[[ignore]]\naccount = '12'\nreason = 'x'\n", "l:2: an account is"},
		"bad glob":        {"[[ignore]]\npath = 'a['\nreason = 'x'\n", "l:2: the path is no valid glob"},
		"all paths":       {"[[ignore]]\npath = '/**'\nreason = 'x'\n", "l:2: the path covers everything"},
		"no such day":     {"[[ignore]]\npath = 'a'\nreason = 'x'\nexpires = 2026-13-31\n", "l:4:"},
		"unknown":         {"[[ignore]]\npath = 'a'\nreson = 'x'\n", `l:3:1: unknown key "reson"; an entry takes`},
		"unknown table":   {"[[ignored]]\npath = 'a'\n", `l:1:3: unknown key "ignored"; the file is made of`},
		"too large":       {strings.Repeat("#", MaxFile+1), "larger than"},
	} {
		_, err := Parse("l", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	day := time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)
	find := Find{Fingerprint: print32, KeyID: "AKIA1", Account: "111122223333", Source: "file:///srv/share", Path: "ops/a/b.env"}
	for name, c := range map[string]struct {
		e    Entry
		want bool
	}{
		"fingerprint":           {Entry{Fingerprint: print32}, true},
		"other fingerprint":     {Entry{Fingerprint: strings.Repeat("0", 32)}, false},
		"key id":                {Entry{KeyID: "AKIA1"}, true},
		"account":               {Entry{Account: "111122223333"}, true},
		"both":                  {Entry{KeyID: "AKIA1", Path: "ops/**"}, true},
		"one of both":           {Entry{KeyID: "AKIA1", Path: "dev/**"}, false},
		"name":                  {Entry{Path: "*.env"}, true},
		"directory by name":     {Entry{Path: "a"}, true},
		"directory":             {Entry{Path: "ops/a/"}, true},
		"directory, anchored":   {Entry{Path: "/ops"}, true},
		"whole path":            {Entry{Path: "/srv/share/ops/**"}, true},
		"other place":           {Entry{Path: "/srv/other/**"}, false},
		"part of a name":        {Entry{Path: "op"}, false},
		"source":                {Entry{Path: "*.env", Source: "file:///srv/share"}, true},
		"other source":          {Entry{Path: "*.env", Source: "file:///srv"}, false},
		"last day":              {Entry{Path: "*.env", Expires: "2026-12-31"}, true},
		"day after":             {Entry{Path: "*.env", Expires: "2026-12-30"}, false},
		"path that is a prefix": {Entry{Path: "ops/a/b"}, false},
	} {
		m := NewMatcher([]Entry{c.e}, day)
		if _, got := m.Match(find); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if expired := len(m.Expired()) == 1; expired != (name == "day after") {
			t.Errorf("%s: expired %v", name, expired)
		}
	}
	if _, ok := (*Matcher)(nil).Match(find); ok {
		t.Error("nothing covers something")
	}
	if _, ok := NewMatcher([]Entry{{Fingerprint: print32}}, day).Match(Find{Path: "x"}); ok {
		t.Error("a find without a name was covered")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[[ignore]]\npath='a/**'\nreason='x'\nexpires=2026-01-01\n"))
	f.Add([]byte("ignore=[{path='{a,b}[', reason='x'}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := Parse("l", text)
		if err != nil {
			return
		}
		m := NewMatcher(entries, time.Unix(0, 0))
		m.Match(Find{Path: "a/b/c.env", Source: "file:///x", KeyID: "AKIA"})
	})
}
