package unwrap

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// anything wants every block that decodes to printable text.
func anything(b []byte) bool {
	for _, c := range bytes.ReplaceAll(b, []byte{0}, nil) {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(b)
}

func read(s string, how Reading) string {
	var t Text
	if how.Wanted == nil {
		how.Wanted = anything
	}
	if changed, _ := t.Layer([]byte(s), 0, len(s), how); !changed {
		return s
	}
	return string(t.Bytes)
}

func TestLayer(t *testing.T) {
	for in, want := range map[string]string{
		`a\/b\u002b\u003D\"x\"`: `a/b+="x"`, `\x2f\057\n\t|\_`: "//\n\t|_", `\ud83d\ude00`: "\U0001f600", `\u00e9`: "é", `C:\dir`: `C:\dir`, "a\\\nb": "ab", "a\\\r\nb": "ab",
		"%2F%2b%3D%25": "/+=%", "%zz%2": "%zz%2", "%u002F": "/", "100%": "100%",
		"&amp;&#43;&#x2F;&plus;&sol;&lt;": "&+/+/<", "&nope;&#;&#x;&#xfffffff;": "&nope;&#;&#x;&#xfffffff;", "a&ZeroWidthSpace;b&#8203;c": "abc", "wo<wbr>rd<WBR/>s": "words",
		"a=3Db=2Fc=20d": "a=b/c d", "soft=\r\nbreak, soft=\nbreak": "softbreak, softbreak", "x=BAcd": "x=BAcd", "=E3=82=A2": "ア", "=41=4B=49=41": "AKIA", "KEY=2Fabc": "KEY=2Fabc", "KEY=3Dabc": "KEY=abc",
		"a\u200bb\ufeffc\u00add": "abcd", "“x” ‘y’ 「z」": `"x" 'y' "z"`, "ＡＫＩＡ：＝": "AKIA:=", "a\u00a0b\u3000c": "a b c", "→": ">", "é キー": "é キー",
		"\x1b[1;32mgreen\x1b[0m": "green", `\e[0m`: "\x1b[0m", "\x1b$B%7!<\x1b(BAKIA": "\x01\x01AKIA", "\x83A\x83N\x83Z\x83X\x81[\x81FAKIA": "アクセスー:AKIA", "\x82`\x82\x81\x82O": "Aa0",
	} {
		if got := read(in, Reading{}); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestForm(t *testing.T) {
	const in = "key+is%3Aab%2Bc+d"
	if got := read(in, Reading{}); got != "key+is:ab+c+d" {
		t.Errorf("as a link: %q", got)
	}
	var text Text
	if _, form := text.Layer([]byte(in), 0, len(in), Reading{Wanted: anything}); !form {
		t.Error("it is not taken for a form")
	}
	if got := read(in, Reading{Form: true}); got != "key is:ab+c d" {
		t.Errorf("as a form: %q", got)
	}
	if far := strings.Repeat("x", 500) + " a+b"; read("%20"+far, Reading{Form: true}) != " "+far {
		t.Error("a plus far from any escape is a space")
	}
}

func TestBlocks(t *testing.T) {
	plain := strings.Repeat("the quick brown fox jumps over the lazy dog?~>\n", 9)
	wrapped := func(n int, end string) string {
		s := base64.StdEncoding.EncodeToString([]byte(plain))
		var b strings.Builder
		for ; len(s) > n; s = s[n:] {
			b.WriteString(s[:n] + end)
		}
		return b.String() + s
	}
	wide := make([]byte, 0, 2*len(plain))
	for _, u := range utf16.Encode([]rune(plain)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, in := range map[string]string{
		"one line": wrapped(1<<20, ""), "64": wrapped(64, "\n"), "76, CRLF": wrapped(76, "\r\n"), "indented": wrapped(60, "\n    "), "quoted": wrapped(72, "\n> "), "escaped line ends": wrapped(76, `\n`),
		"quoted-printable": wrapped(75, "=\r\n"), "unpadded, url alphabet": base64.RawURLEncoding.EncodeToString([]byte(plain)), "UTF-16": base64.StdEncoding.EncodeToString(wide),
	} {
		if got := read("x: "+in+"\n", Reading{}); got != "x: "+plain+"\n" {
			t.Errorf("%s: %q", name, got)
		}
		// Its beginning is out of sight: what is left is still read.
		if cut := read(in[len(in)/3:], Reading{Cut: true}); name != "UTF-16" && !strings.Contains(cut, "over the lazy dog") {
			t.Errorf("%s, cut: %q", name, cut)
		}
	}
	if in := base64.StdEncoding.EncodeToString([]byte{0, 1, 2, 250, 251, 252, 253, 254, 255, 3, 4, 5, 6, 7, 8, 9}); read(in, Reading{}) != in {
		t.Error("a block that is not wanted was decoded")
	}
	token := strings.Repeat("Fwo1", 30) + "Fw==\n"
	if read("aws_session_token="+token, Reading{Wanted: func([]byte) bool { return false }}) != "aws_session_token="+token {
		t.Error("padding at the end of a line was taken for a soft line break")
	}
}

// TestRoundTrips encodes any text in every way and reads it back, and checks
// that each byte is placed where it is written.
func TestRoundTrips(t *testing.T) {
	codings := map[string]func(string) string{
		"json": func(s string) string { b, _ := json.Marshal(s); return string(b[1 : len(b)-1]) },
		"percent": func(s string) string {
			return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
		},
		"html": html.EscapeString,
		"qp": func(s string) string {
			var b strings.Builder
			w := quotedprintable.NewWriter(&b)
			_, _ = w.Write([]byte(s))
			_ = w.Close()
			return b.String()
		},
		"entities": func(s string) string {
			var b strings.Builder
			for _, c := range s {
				fmt.Fprintf(&b, "&#%d;", c)
			}
			return b.String()
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[A-Za-z0-9 ,.:_/+-]{0,90}`).Draw(t, "text")
		for name, code := range codings {
			in := code(s)
			var text Text
			changed, _ := text.Layer([]byte(in), 0, len(in), Reading{Wanted: func([]byte) bool { return false }})
			if !changed && in == s {
				continue
			}
			if name == "qp" && strings.HasSuffix(s, " ") {
				continue // written as "=20", and a line end may follow
			}
			if string(text.Bytes) != s {
				t.Fatalf("%s: %q became %q, read as %q", name, s, in, text.Bytes)
			}
			check(t, &text, in)
		}
	})
}

func check(t interface{ Fatalf(string, ...any) }, text *Text, in string) {
	if len(text.At) != len(text.Bytes)+1 {
		t.Fatalf("%d places for %d bytes", len(text.At), len(text.Bytes))
	}
	for i := 1; i < len(text.At); i++ {
		if text.At[i] < text.At[i-1] || int(text.At[i]) > len(in) {
			t.Fatalf("byte %d is at %d after %d", i, text.At[i], text.At[i-1])
		}
	}
}

// FuzzLayer reads anything in every way.
func FuzzLayer(f *testing.F) {
	for _, s := range []string{`\u0041\/`, "%41%2f+x", "&#65;&amp;", "=41=\r\n=3D", "\x1b$B%7\x1b(B", "\x83A\x81", "QUtJQUFBQUFBQUFBQUFBQUFBQUFB\nQUtJQQ==", strings.Repeat("QUJD", 30) + `\n` + strings.Repeat("QUJD", 30), "a<wbr>b"} {
		f.Add([]byte(s), uint8(0), false, false)
		f.Add([]byte(s), uint8(3), true, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, from uint8, cut, form bool) {
		lo := min(int(from), len(b))
		before := bytes.Clone(b)
		for _, wanted := range []func([]byte) bool{anything, func([]byte) bool { return true }, func([]byte) bool { return false }} {
			var text Text
			how := Reading{Wanted: wanted, Cut: cut, Form: form}
			changed, _ := text.Layer(b, lo, len(b), how)
			if !changed {
				if len(text.Bytes) != 0 {
					t.Fatalf("%q is said to be unchanged, and reads as %q", b[lo:], text.Bytes)
				}
				continue
			}
			check(t, &text, string(b))
			if len(text.Bytes) > 3*len(b)+4 {
				t.Fatalf("%d bytes became %d", len(b), len(text.Bytes))
			}
			for i := range b {
				if isBase64(b[i]) {
					block, _ := BlockAround(b, i, cut)
					if block.From > block.To || block.To > len(b) {
						t.Fatalf("a block from %d to %d of %d bytes", block.From, block.To, len(b))
					}
					break
				}
			}
		}
		if !bytes.Equal(b, before) {
			t.Fatal("the source was changed")
		}
	})
}
