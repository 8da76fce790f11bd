package paths

import (
	"encoding/json"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestEscape(t *testing.T) {
	for raw, want := range map[string]string{
		"plain.txt": "plain.txt", "シ ü": "シ ü", "a\nb": `a\x0ab`, "\xff": `\xff`, "\u0085": `\xc2\x85`, "\x7f": `\x7f`,
		`a\b`: `a\b`, `\x41`: `\x5cx41`, `\x4`: `\x4`, `\x4G`: `\x4G`, `\xAB`: `\xAB`, `\\x41`: `\\x5cx41`, "\\x4\xff": `\x4\xff`,
		"\ufffd": "\ufffd", "": "",
	} {
		if got := string(Escape(nil, []byte(raw))); got != want {
			t.Errorf("Escape(%q) = %s, want %s", raw, got, want)
		}
		if got := Unescape(want); got != raw {
			t.Errorf("Unescape(%s) = %q, want %q", want, got, raw)
		}
	}
}

func checkRoundTrip(t interface{ Errorf(string, ...any) }, raw []byte) {
	id := string(Escape(nil, raw))
	if got := Unescape(id); got != string(raw) {
		t.Errorf("%q → %s → %q", raw, id, got)
	}
	if !utf8.ValidString(id) {
		t.Errorf("%q → %q is not UTF-8", raw, id)
	}
	for _, r := range id {
		if unicode.IsControl(r) {
			t.Errorf("%q → %q holds a control character", raw, id)
		}
	}
	blob, err := json.Marshal(id)
	var back string
	if err != nil || json.Unmarshal(blob, &back) != nil || back != id {
		t.Errorf("%q does not live in JSON", id)
	}
}

func TestEscapeRoundTrip(t *testing.T) {
	part := rapid.OneOf(
		rapid.SampledFrom([]string{`\`, `\x`, "x", "41", "5c", "\x01", "\xff", "\xe2\x82", "\u0085", "/"}),
		rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		var raw []byte
		for _, p := range rapid.SliceOf(part).Draw(t, "parts") {
			raw = append(raw, p...)
		}
		checkRoundTrip(t, raw)
	})
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", `\x41`, "\\\x01", `\x5cx41`, "\xc2", "\\x4\xff", "a/b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) { checkRoundTrip(t, raw) })
}

func TestSplitID(t *testing.T) {
	for id, want := range map[string][2]string{
		"a": {"", "a"}, "a/b": {"a", "b"}, "a/b/c": {"a/b", "c"}, `a\x0a/b`: {"a\n", "b"}, `\x2fa/b`: {}, "...": {"", "..."},
		"": {}, ".": {}, "..": {}, "a/..": {}, "../a": {}, "a/../b": {}, "/a": {}, "a/": {}, "a//b": {}, "a/./b": {}, "a\x00": {}, `\x2e\x2e/a`: {},
	} {
		dir, name, ok := SplitID(id)
		if ok != (want[1] != "") || dir != want[0] || name != want[1] {
			t.Errorf("SplitID(%q) = %q, %q, %v", id, dir, name, ok)
		}
	}
}
