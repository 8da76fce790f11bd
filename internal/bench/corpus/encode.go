package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"mime/quotedprintable"
	"slices"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	xja "golang.org/x/text/encoding/japanese"
)

// encoding says how a shape's text is written down. Zero functions leave it as
// it is.
type coding struct {
	name   string
	syntax []string // of the shapes that it suits; none: all
	value  func(r *rand.Rand, v string) string
	text   func(w *writer, text string) string // a file that carries the text
	bytes  func(text string) (string, error)
	ja     bool // for Japanese text alone
}

// suits reports whether s can be written so.
func (c *coding) suits(s *shape) bool {
	return (len(c.syntax) == 0 || slices.Contains(c.syntax, s.syntax)) && (!c.ja || s.ja) && (!s.alone || c.value == nil && c.text == nil)
}

// each writes the characters of set as f does.
func each(set string, f func(c byte) string) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, v string) string {
		var b strings.Builder
		for i := range len(v) {
			if strings.IndexByte(set, v[i]) >= 0 {
				b.WriteString(f(v[i]))
			} else {
				b.WriteByte(v[i])
			}
		}
		return b.String()
	}
}

func format(f string) func(byte) string { return func(c byte) string { return fmt.Sprintf(f, c) } }

// around puts one of several pairs of texts around a value.
func around(pairs ...string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, v string) string {
		open, shut, _ := strings.Cut(pairs[r.IntN(len(pairs))], " ")
		return open + v + shut
	}
}

var (
	quoted  = []string{"json", "js"}
	markup  = []string{"xml", "html"}
	written = []string{"prose", "md", "mail"}
)

// codings is every way of writing a text down but the plain one.
var codings = []coding{
	// How a value is escaped within its own syntax.
	{name: "json \\/", syntax: quoted, value: each("/", func(byte) string { return `\/` })},
	{name: "json \\u002B", syntax: quoted, value: each("+/", format(`\u%04X`))},
	{name: "json \\u002f", syntax: quoted, value: each("+/", format(`\u%04x`))},
	{name: "json \\u all", syntax: quoted, value: each(alnumSet+"+/=", format(`\u%04x`))},
	{name: "percent value", syntax: []string{"url"}, value: func(_ *rand.Rand, v string) string { return percent(v) }},
	{name: "percent value, lower case", syntax: []string{"url"}, value: each("+/=", format("%%%02x"))},
	{name: "percent value twice", syntax: []string{"url"}, value: func(_ *rand.Rand, v string) string { return percent(percent(v)) }},
	{name: "entities decimal", syntax: markup, value: each("+/=", format("&#%d;"))},
	{name: "entities hex", syntax: markup, value: each("+/=", format("&#x%X;"))},
	{name: "entities hex, lower case, padded", syntax: markup, value: each("+/", format("&#x00%02x;"))},
	{name: "entities named", syntax: []string{"html"}, value: func(_ *rand.Rand, v string) string {
		return strings.NewReplacer("+", "&plus;", "/", "&sol;", "=", "&equals;").Replace(v)
	}},
	{name: "zero-width around value", syntax: append([]string{"ini", "env", "yaml"}, written...), value: around("\u200b ", "\u200b \u200b", "\ufeff ", "\u2060 \u2060", "\u200e ", "\u00a0 ", " \u200b")},
	{name: "smart quotes around value", syntax: append([]string{"ini", "env"}, written...), value: around("“ ”", "‘ ’", "„ “", "« »", "「 」", "” ”")},
	{name: "terminal colours around value", syntax: []string{"none", "ini", "env", "sh", "yaml"}, value: around("\x1b[32m \x1b[0m", "\x1b[01;31m\x1b[K \x1b[m\x1b[K", "\x1b[38;5;214m \x1b[39m")},
	{name: "js \\x2f", syntax: []string{"js"}, value: each("+/", format(`\x%02x`))},
	{name: "mark-up around value", syntax: []string{"md"}, value: around("** **", "` `", "*` `*", "<code> </code>", "_ _", "== ==", "~~ ~~")},

	// Every line of the text with something ahead of it.
	{name: "lines quoted", text: func(w *writer, t string) string { return ahead(t, func(int) string { return "> " }) }},
	{name: "lines numbered", text: func(w *writer, t string) string {
		return ahead(t, func(n int) string { return fmt.Sprintf("%6d\t", n) })
	}},
	{name: "lines of a patch", text: func(w *writer, t string) string {
		return w.expand("diff --git a/x b/x\nindex ⟦HEX8⟧..⟦HEX8⟧\n@@ -0,0 +1,9 @@\n") + ahead(t, func(int) string { return "+" })
	}},
	{name: "lines of a log", text: func(w *writer, t string) string {
		return ahead(t, func(int) string { return w.expand("⟦STAMP⟧ web_1  | ") })
	}},
	{name: "lines of a chat", text: func(w *writer, t string) string {
		return ahead(t, func(int) string { return w.expand("[⟦TIME⟧] alice: ") })
	}},
	{name: "lines indented by tabs", text: func(w *writer, t string) string { return ahead(t, func(int) string { return "\t\t" }) }},
	{name: "lines of comments", text: func(w *writer, t string) string { return ahead(t, func(int) string { return " * " }) }},
	{name: "cell of a CSV", text: func(w *writer, t string) string {
		return w.expand("id,owner,notes\n1,⟦PLAINUSER⟧,ok\n2,⟦PLAINUSER⟧,\"") + strings.ReplaceAll(t, `"`, `""`) + "\"\n3,bob,-\n"
	}},

	// A file of another kind that carries the whole text.
	{name: "json string", text: func(w *writer, t string) string { return carry(w, quoteJSON(t)) }},
	{name: "json string, PHP", text: func(w *writer, t string) string { return carry(w, quotePHP(t)) }},
	{name: "json string, .NET", text: func(w *writer, t string) string { return carry(w, quoteNET(t)) }},
	{name: "json in json", text: func(w *writer, t string) string { return carry(w, quoteJSON(carry(w, quoteJSON(t)))) }},
	{name: "json in json in json", text: func(w *writer, t string) string {
		return carry(w, quoteJSON(carry(w, quoteJSON(carry(w, quoteJSON(t))))))
	}},
	{name: "percent", text: func(w *writer, t string) string {
		return w.expand("⟦STAMP⟧ GET /paste?lang=text&body=") + percent(t) + "&save=1 HTTP/1.1 200\n"
	}},
	{name: "form", text: func(w *writer, t string) string {
		return "user=" + w.fill("PLAINUSER") + "&comment=" + strings.ReplaceAll(percent(t), "%20", "+") + "&submit=Send"
	}},
	{name: "percent twice", text: func(w *writer, t string) string {
		return "https://login.example.org/redirect?next=" + percent("/paste?body="+percent(t)) + "\n"
	}},
	{name: "xml text", text: func(w *writer, t string) string {
		return w.expand("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<page id=\"⟦DIGITS6⟧\"><author>⟦PLAINUSER⟧</author><body>") + escapeXML(t) + "</body></page>\n"
	}},
	{name: "xml attribute", text: func(w *writer, t string) string {
		return `<item name="note" text="` + strings.ReplaceAll(escapeXML(t), "\n", "&#10;") + "\" />\n"
	}},
	{name: "html lines", text: func(w *writer, t string) string {
		return "<html><body><div class=\"msg\">" + strings.ReplaceAll(strings.ReplaceAll(html.EscapeString(t), "+", "&#43;"), "\n", "<br/>\n") + "</div></body></html>\n"
	}},
	{name: "html one line", text: func(w *writer, t string) string {
		return "<p>" + strings.ReplaceAll(html.EscapeString(strings.TrimSpace(t)), "\n", "<br>") + "</p>\n"
	}},
	{name: "quoted-printable", text: func(w *writer, t string) string { return mail(w, "quoted-printable", qp(t)) }},
	{name: "mail base64", text: func(w *writer, t string) string { return mail(w, "base64", lines(b64(t), 76, "\r\n")) }},
	{name: "base64", text: func(w *writer, t string) string { return carryLine(w, b64(t)) }},
	{name: "base64 unpadded", text: func(w *writer, t string) string { return carryLine(w, strings.TrimRight(b64(t), "=")) }},
	{name: "base64url", text: func(w *writer, t string) string { return carryLine(w, base64.URLEncoding.EncodeToString([]byte(t))) }},
	{name: "base64url unpadded", text: func(w *writer, t string) string {
		return "https://app.example.org/#/import?state=" + base64.RawURLEncoding.EncodeToString([]byte(t)) + "\n"
	}},
	{name: "base64 in lines of 64", text: func(w *writer, t string) string { return lines(b64(t), 64, "\n") }},
	{name: "base64 in lines of 76, indented", text: func(w *writer, t string) string {
		return "  userdata: |\n    " + lines(b64(t), 76, "\n    ") + "  owner: " + w.fill("PLAINUSER") + "\n"
	}},
	{name: "base64 in json", text: func(w *writer, t string) string { return carry(w, `"`+b64(t)+`"`) }},
	{name: "base64 in json, \\/", text: func(w *writer, t string) string { return carry(w, `"`+strings.ReplaceAll(b64(t), "/", `\/`)+`"`) }},
	{name: "data URI", text: func(w *writer, t string) string {
		return `<a download="keys.txt" href="data:text/plain;base64,` + b64(t) + `">keys</a>` + "\n"
	}},
	{name: "PowerShell -EncodedCommand", text: func(w *writer, t string) string {
		return "powershell.exe -NoProfile -EncodedCommand " + b64(utf16Bytes(t, false)) + "\r\n"
	}},

	// Nested.
	{name: "base64 twice", text: func(w *writer, t string) string { return carryLine(w, b64(b64(t))) }},
	{name: "base64 three times", text: func(w *writer, t string) string { return carryLine(w, b64(b64(b64(t)))) }},
	{name: "base64 of json string", text: func(w *writer, t string) string { return carryLine(w, b64(carry(w, quotePHP(t)))) }},
	{name: "percent of base64", text: func(w *writer, t string) string {
		return "https://app.example.org/load?data=" + percent(b64(t)) + "&v=2\n"
	}},
	{name: "base64 of percent", text: func(w *writer, t string) string { return carryLine(w, b64("body="+percent(t))) }},
	{name: "base64 of json of base64", text: func(w *writer, t string) string { return carryLine(w, b64(carry(w, `"`+b64(t)+`"`))) }},
	{name: "xml of json", text: func(w *writer, t string) string {
		return "<payload>" + escapeXML(carry(w, quoteJSON(t))) + "</payload>\n"
	}},
	{name: "quoted-printable of html", text: func(w *writer, t string) string {
		return mail(w, "quoted-printable", qp("<p>"+strings.ReplaceAll(html.EscapeString(t), "\n", "<br>\n")+"</p>\n"))
	}},
	{name: "mail base64 of html", text: func(w *writer, t string) string {
		return mail(w, "base64", lines(b64("<p>"+strings.ReplaceAll(html.EscapeString(t), "\n", "<br>\n")+"</p>\n"), 76, "\r\n"))
	}},

	// Another character set, or other line ends.
	{name: "CRLF", bytes: func(t string) (string, error) {
		return strings.ReplaceAll(strings.ReplaceAll(t, "\r\n", "\n"), "\n", "\r\n"), nil
	}},
	{name: "CR", bytes: func(t string) (string, error) { return strings.ReplaceAll(t, "\n", "\r"), nil }},
	{name: "UTF-8 BOM", bytes: func(t string) (string, error) { return "\ufeff" + t, nil }},
	{name: "UTF-16LE BOM", bytes: func(t string) (string, error) { return "\xff\xfe" + utf16Bytes(t, false), nil }},
	{name: "UTF-16BE BOM", bytes: func(t string) (string, error) { return "\xfe\xff" + utf16Bytes(t, true), nil }},
	{name: "UTF-16LE", bytes: func(t string) (string, error) { return utf16Bytes(t, false), nil }},
	{name: "UTF-16BE", bytes: func(t string) (string, error) { return utf16Bytes(t, true), nil }},
	{name: "UTF-16LE BOM CRLF", bytes: func(t string) (string, error) {
		return "\xff\xfe" + utf16Bytes(strings.ReplaceAll(t, "\n", "\r\n"), false), nil
	}},
	{name: "Shift_JIS", ja: true, bytes: charset(xja.ShiftJIS)},
	{name: "ISO-2022-JP", ja: true, bytes: charset(xja.ISO2022JP)},
	{name: "EUC-JP", ja: true, bytes: charset(xja.EUCJP)},
}

func charset(e encoding.Encoding) func(string) (string, error) {
	return func(t string) (string, error) { return e.NewEncoder().String(t) }
}

// ahead puts something ahead of every line, which are counted from 1.
func ahead(text string, prefix func(n int) string) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		n++
		b.WriteString(prefix(n) + line)
	}
	return b.String()
}

// carry is a JSON document around a value.
func carry(w *writer, value string) string {
	return w.expand(pick(w.r,
		`{"id":"⟦UUID⟧","type":"note","author":"⟦PLAINUSER⟧","content":`, `{"ok":true,"sha":"⟦HEX40⟧","data":`,
		`[{"ts":"⟦SLACKTS⟧","text":`)) + value + w.expand(pick(w.r, `,"rev":⟦DIGITS3⟧}`, `,"updated":"⟦STAMP⟧"}`, "}"))
}

// carryLine is a line of configuration around base64.
func carryLine(w *writer, value string) string {
	return w.expand(pick(w.r, "⟦PROJECT⟧_CONFIG_B64=", "  credentials: ", "data=", "user_data = \"", "<string>", "")) + value + pick(w.r, "\n", "\"\n", "</string>\n")
}

func quoteJSON(s string) string {
	b, _ := json.Marshal(s) // a string never fails
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

// quotePHP is json_encode without flags: slashes and everything but ASCII are escaped.
func quotePHP(s string) string { return ascii(strings.ReplaceAll(quoteJSON(s), "/", `\/`)) }

// quoteNET is System.Text.Json: quotes, +, &, <, > and everything but ASCII are escaped.
func quoteNET(s string) string {
	q := quoteJSON(s)
	q = strings.NewReplacer(`\"`, `\u0022`, "+", `\u002B`, "&", `\u0026`, "<", `\u003C`, ">", `\u003E`, "'", `\u0027`, "`", `\u0060`).Replace(q)
	return ascii(q)
}

func ascii(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, u)
		}
	}
	return b.String()
}

func escapeXML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(s)
}

func qp(s string) string {
	var b strings.Builder
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(s)) // a strings.Builder never fails
	_ = q.Close()
	return b.String()
}

// mail is a message with one text part, as mail programs store it.
func mail(w *writer, encoding, body string) string {
	kind := "plain"
	if strings.Contains(body, "<br") {
		kind = "html"
	}
	return strings.ReplaceAll(w.expand("From: ⟦PLAINUSER⟧@example.org\nTo: it@example.org\nDate: Mon, 3 Mar 2025 10:12:44 +0100\nMessage-ID: <⟦UUID⟧@mail.example.org>\n"+
		"Subject: "+pick(w.r, "Re: access", "keys", "Fwd: bucket for the backups")+"\nMIME-Version: 1.0\nContent-Type: text/"+kind+"; charset=\"utf-8\"\nContent-Transfer-Encoding: "+encoding+"\n\n"), "\n", "\r\n") + body
}

// lines cuts s into lines of n characters.
func lines(s string, n int, end string) string {
	var b strings.Builder
	for ; len(s) > n; s = s[n:] {
		b.WriteString(s[:n] + end)
	}
	return b.String() + s + "\n"
}

func utf16Bytes(s string, big bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b.WriteString(string([]byte{byte(u >> 8), byte(u)}))
		} else {
			b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
		}
	}
	return b.String()
}
