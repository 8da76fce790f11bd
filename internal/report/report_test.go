package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"mislaid/internal/journal"
	"mislaid/internal/secret"
	"mislaid/verify"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func render(t testing.TB, format string, s *journal.Summary, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, format, s, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var fixtures = map[string]func() *fixture{"full": full, "untroubled": untroubled, "hostile": hostile, "since": since, "known": known}

func TestGolden(t *testing.T) {
	for name, make := range fixtures {
		for _, format := range Formats() {
			t.Run(name+"."+format, func(t *testing.T) {
				f := make()
				golden(t, name+"."+format, f.mask(render(t, format, f.summary(), Options{Width: 100})))
			})
		}
		t.Run(name+".lines", func(t *testing.T) {
			f := make()
			var b strings.Builder
			for _, l := range f.summary().Leaks {
				b.WriteString(Line(l, Options{}) + "\n")
			}
			golden(t, name+".lines", f.mask(b.String()))
		})
	}
	for _, format := range Formats() {
		f := known()
		golden(t, "known.shown."+format, f.mask(render(t, format, f.summary(), Options{Width: 100, ShowSuppressed: true})))
	}
	f := full()
	golden(t, "full.colour.text", f.mask(render(t, "text", f.summary(), Options{Color: true, Width: 60})))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; go test -update rewrites it\n%s", path, diff)
	}
	if regexp.MustCompile(`A[KS]IA[A-Z2-7]{16}`).MatchString(got) {
		t.Errorf("%s holds a key id", path)
	}
}

// TestNothingHostileIsPrinted: whatever the format, no character that moves a
// cursor or turns a line reaches the terminal.
func TestNothingHostileIsPrinted(t *testing.T) {
	s := hostile().summary()
	outputs := map[string]string{"line": Line(s.Leaks[0], Options{})}
	for _, format := range Formats() {
		outputs[format] = render(t, format, s, Options{})
	}
	for format, out := range outputs {
		for i, r := range out {
			if r == '\n' || r == '\r' && format == "csv" && out[i+1] == '\n' {
				continue
			}
			if !unicode.IsPrint(r) && r != ideographicSpace || r == utf8.RuneError {
				t.Errorf("%s: %q at %d: %q", format, r, i, out[max(0, i-20):min(len(out), i+20)])
				break
			}
		}
		if !strings.Contains(out, "日本語") {
			t.Errorf("%s: letters were lost", format)
		}
	}
	if strings.Count(outputs["line"], "\n") != 0 {
		t.Error("the line has more than one")
	}
}

func TestCSVStartsNoFormula(t *testing.T) {
	s := hostile().summary()
	out := render(t, "csv", s, Options{})
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || len(rows[0]) != len(csvHeader) {
		t.Fatalf("%d rows of %d", len(rows), len(rows[0]))
	}
	for _, row := range rows {
		for i, c := range row {
			if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
				t.Errorf("column %s starts a formula: %q", rows[0][i], c)
			}
		}
	}
	for in, want := range map[string]string{
		"=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": `\x09=1`, "\r=1": `\x0d=1`, " =1": "' =1", "＝1": "'＝1", "a=1": "a=1", "": "",
	} {
		if got := cell(in); got != want {
			t.Errorf("cell(%q) = %q, want %q", in, got, want)
		}
	}
	if !strings.Contains(out, "\r\n") || strings.Contains(strings.ReplaceAll(out, "\r\n", ""), "\n") {
		t.Error("lines do not end in CRLF")
	}
}

// compile returns the published schema, made strict: a field that it does not
// describe is an error here, though readers must let it pass.
func compile(t *testing.T, ref string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	strict(t, doc, "")
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	sch, err := c.Compile("schema.json" + ref)
	if err != nil {
		t.Fatal(err)
	}
	return sch
}

// strict forbids what is not described, and fails on what is described without
// words.
func strict(t *testing.T, node any, at string) {
	switch n := node.(type) {
	case map[string]any:
		delete(n, "$id")
		props, ok := n["properties"].(map[string]any)
		if ok && n["type"] == "object" {
			n["additionalProperties"] = false
			for name, p := range props {
				p := p.(map[string]any)
				if p["description"] == nil && p["$ref"] == nil {
					t.Errorf("%s/%s has no description", at, name)
				}
			}
		}
		for k, v := range n {
			strict(t, v, at+"/"+k)
		}
	case []any:
		for _, v := range n {
			strict(t, v, at)
		}
	}
}

func validate(t *testing.T, sch *jsonschema.Schema, raw string) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in %.200s", err, raw)
	}
	if err := sch.Validate(v); err != nil {
		t.Errorf("%v", err)
	}
}

func TestSchema(t *testing.T) {
	document, line := compile(t, ""), compile(t, "#/$defs/line")
	for name, make := range fixtures {
		t.Run(name, func(t *testing.T) {
			s := make().summary()
			validate(t, document, render(t, "json", s, Options{ShowSuppressed: true}))
			for l := range strings.Lines(render(t, "jsonl", s, Options{ShowSuppressed: true})) {
				validate(t, line, l)
			}
		})
	}
	empty := render(t, "json", &journal.Summary{}, Options{})
	validate(t, document, empty)
	if !strings.Contains(empty, `"leaks": []`) {
		t.Error("leaks is not an empty array")
	}
	for _, bad := range []string{`{"type":"leak"}`, `{"type":"summary","schema":"mislaid/report/v1"}`, `{"type":"other"}`} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if line.Validate(v) == nil {
			t.Errorf("%s passes", bad)
		}
	}
}

// TestSchemaHoldsTheTable: the exposure table is published with the schema. With
// -update it is rewritten.
func TestSchemaHoldsTheTable(t *testing.T) {
	type row struct {
		ID       string    `json:"id"`
		Key      string    `json:"key"`
		Severity [4]string `json:"severity"`
	}
	var want []row
	for _, r := range journal.ExposureTable() {
		w := row{ID: r.ID, Key: r.Key}
		for i, s := range r.Severity {
			w.Severity[i] = s.String()
		}
		want = append(want, w)
	}
	if *update {
		raw, err := json.MarshalIndent(want, "  ", "  ")
		if err != nil {
			t.Fatal(err)
		}
		text := regexp.MustCompile(`(?s)"x-exposure-table": \[.*?\](,\n  "\$defs")`).ReplaceAllString(Schema(), `"x-exposure-table": `+string(raw)+`$1`)
		if err := os.WriteFile("schema.json", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("written; run again")
	}
	var got struct {
		Table []row `json:"x-exposure-table"`
	}
	if err := json.Unmarshal([]byte(Schema()), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Table); diff != "" {
		t.Errorf("go test -update rewrites it (-want +got)\n%s", diff)
	}
}

// flushes counts lines and flushes.
type flushes struct {
	bytes.Buffer
	n int
}

func (f *flushes) Flush() error { f.n++; return nil }

func TestStream(t *testing.T) {
	f := full()
	end := f.summary()
	early := end.Leaks[0]
	early.Verdict = verify.Verdict{State: verify.Unknown, Why: verify.WhyPending}
	var w flushes
	s := NewStream(&w, Options{})
	for _, err := range []error{s.Run(end.Runs[0]), s.Leak(early), s.Leak(end.Leaks[1]), s.Leak(end.Leaks[0]), s.Leak(end.Leaks[1])} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(w.String(), "\n"); got != 3 || w.n != 3 {
		t.Fatalf("%d lines, %d flushes before the end", got, w.n)
	}
	if err := s.Close(end); err != nil {
		t.Fatal(err)
	}
	types := map[string]int{}
	leaks := map[string]int{}
	last := ""
	for l := range strings.Lines(w.String()) {
		var d struct {
			Type string
			Leak struct {
				LeakID string `json:"leak_id"`
			}
		}
		if err := json.Unmarshal([]byte(l), &d); err != nil {
			t.Fatal(err)
		}
		types[d.Type]++
		last = d.Type
		if d.Type == "leak" {
			leaks[d.Leak.LeakID]++
		}
	}
	want := map[string]int{"run": 1, "leak": len(end.Leaks), "update": 1, "placeholder": 1, "gap": 8, "summary": 1}
	if diff := cmp.Diff(want, types); diff != "" || last != "summary" || len(leaks) != len(end.Leaks) {
		t.Errorf("%s; last %s, %d leaks", diff, last, len(leaks))
	}
	if w.n != strings.Count(w.String(), "\n") {
		t.Errorf("%d flushes", w.n)
	}
}

// failing takes n bytes.
type failing struct{ n int }

var errFull = errors.New("no space")

func (f *failing) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	s := full().summary()
	for _, format := range Formats() {
		size := len(render(t, format, s, Options{}))
		for _, n := range []int{0, size - 1} {
			if err := Write(&failing{n}, format, s, Options{}); !errors.Is(err, errFull) {
				t.Errorf("%s into %d bytes: %v", format, n, err)
			}
		}
	}
	if err := Write(io.Discard, "xml", s, Options{}); err == nil {
		t.Error("xml is a format")
	}
}

func TestCommandsQuote(t *testing.T) {
	for in, want := range map[string]string{"bob": "bob", "": "''", "o'brien": `'o'\''brien'`, "$(x)": "'$(x)'", "a b": "'a b'"} {
		if got := shell(in); got != want {
			t.Errorf("shell(%q) = %s, want %s", in, got, want)
		}
	}
	if got := sql("a'b"); got != "'a''b'" {
		t.Errorf("sql: %s", got)
	}
}

func TestLeaversAreNamed(t *testing.T) {
	for _, left := range []bool{true, false} {
		if got := authorWords("uid 1003", left); strings.Contains(got, "leaver") != left || !strings.HasPrefix(got, "uid 1003") {
			t.Errorf("%v: %q", left, got)
		}
	}
}

// TestRemedyByIdentity: each kind of identity has steps of its own, none of which
// uses the leaked key, and all of which look back.
func TestRemedyByIdentity(t *testing.T) {
	arns := map[identityKind]string{
		identityUser:    "arn:aws:iam::123456789012:user/ops/ann",
		identityRole:    "arn:aws:sts::123456789012:assumed-role/deploy/i-1",
		identityCenter:  "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/ann",
		identityRoot:    "arn:aws:iam::123456789012:root",
		identityFederal: "arn:aws:sts::123456789012:federated-user/x",
		identityService: "arn:aws:iam::123456789012:user/mail",
		identityUnknown: "",
	}
	if len(arns) != len(remedies) {
		t.Fatalf("%d kinds", len(remedies))
	}
	says := map[identityKind]string{
		identityUser: "update-access-key", identityRole: "AWSRevokeOlderSessions", identityCenter: "put-inline-policy-to-permission-set",
		identityRoot: "Sign in to the console as root", identityFederal: "GetFederationToken", identityService: "update-service-specific-credential",
		identityUnknown: "The events name the role",
	}
	for kind, arn := range arns {
		l := journal.Leak{KeyID: "ID", Verdict: live("123456789012", arn), Began: noon, Credentials: []journal.LeakCredential{{Kind: secret.AccessKey}}, Places: make([]journal.Place, 1)}
		switch kind {
		case identityService:
			l.Credentials[0].Kind = "aws-bedrock-key"
		case identityUnknown:
			l.Credentials[0].Kind = secret.SessionKey
		}
		if got := identityOf(&l); got != kind {
			t.Errorf("%s: %s", arn, got)
		}
		var b strings.Builder
		for _, s := range Remedy(&l) {
			b.WriteString(s.Do + "\n" + s.Command + "\n")
			for _, command := range strings.Split(s.Command, "aws ")[1:] {
				if !strings.HasPrefix(command, "--profile RESPONDER") {
					t.Errorf("%s: not with the responder's profile: %s", kind, s.Command)
				}
			}
		}
		if !strings.Contains(b.String(), says[kind]) || !strings.Contains(b.String(), "lookup-events") {
			t.Errorf("%s:\n%s", kind, b.String())
		}
		if !strings.Contains(b.String(), "eventtime >= '\\''2026-03-04T12:00:00Z'\\''") {
			t.Errorf("%s: the window is missing:\n%s", kind, b.String())
		}
	}
}

func TestURI(t *testing.T) {
	for in, want := range map[string]string{
		"/srv/a b.txt":   "file:///srv/a%20b.txt",
		"a/b#c?d%.txt":   "a/b%23c%3Fd%25.txt",
		"c:d":            "./c:d",
		`C:\x y\z`:       "file:///C:/x%20y/z",
		`\\srv\share\a`:  "file://srv/share/a",
		"caf\xe9":        "caf%E9",
		"日":              "%E6%97%A5",
		"\x1b]0;x\u202e": "%1B%5D0;x%E2%80%AE",
	} {
		if got := uri(in); got != want {
			t.Errorf("uri(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestWrapAndWidth(t *testing.T) {
	if got := columns("日本e\u0301"); got != 5 {
		t.Errorf("columns = %d", got)
	}
	lines := wrap("日本 日本 日本 abcdefghijklmnop x", 9)
	if diff := cmp.Diff([]string{"日本 日本", "日本", "abcdefghijklmnop", "x"}, lines); diff != "" {
		t.Error(diff)
	}
	for in, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_950: "1.0 MB", 4_300_000_000: "4.3 GB"} {
		if got := byteWords(in); got != want {
			t.Errorf("byteWords(%d) = %s, want %s", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(evil)
	f.Add("plain")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		for _, r := range got {
			if !printable(r) {
				t.Fatalf("%q in %q", r, got)
			}
		}
		if Clean(got) != got {
			t.Fatal("not idempotent")
		}
		raw, err := encode(map[string]string{"s": text(s)})
		if err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal(raw, &back); err != nil || back["s"] != text(s) {
			t.Fatalf("%q came back as %q: %v", text(s), back["s"], err)
		}
		if !isClean(string(raw)) {
			t.Fatalf("not clean: %q", raw)
		}
	})
}
