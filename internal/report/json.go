package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mislaid/internal/journal"
)

// writeJSON writes the document leak by leak, so that a large report does not
// stand in memory twice.
func writeJSON(w io.Writer, s *journal.Summary, o Options) error {
	runs := make([]journal.Run, len(s.Runs))
	for i, r := range s.Runs {
		runs[i] = newRun(r)
	}
	d := docWriter{w: w}
	d.field("schema", SchemaID)
	d.field("runs", runs)
	d.field("summary", newSummary(s))
	d.leaks("leaks", s.Leaks)
	d.leaks("placeholders", s.Placeholders)
	if o.ShowSuppressed {
		d.leaks("suppressed", s.Suppressed)
	}
	d.field("habits", newHabits(s.Habits))
	d.field("coverage", newCoverage(&s.Coverage, true))
	d.field("chain", docChain{s.Chain.Records, s.Chain.Torn, text(s.Chain.Err)})
	d.raw("\n}\n")
	return d.err
}

// docWriter writes one JSON object, field by field.
type docWriter struct {
	w     io.Writer
	begun bool
	err   error
}

func (d *docWriter) raw(s string) {
	if d.err == nil {
		_, d.err = io.WriteString(d.w, s)
	}
}

func (d *docWriter) name(name string) {
	if d.begun {
		d.raw(",")
	} else {
		d.raw("{")
	}
	d.begun = true
	d.raw(fmt.Sprintf("\n  %q: ", name))
}

func (d *docWriter) value(v any, indent string) {
	if d.err != nil {
		return
	}
	raw, err := encode(v)
	if err != nil {
		d.err = err
		return
	}
	var b bytes.Buffer
	if d.err = json.Indent(&b, raw, indent, "  "); d.err == nil {
		_, d.err = d.w.Write(b.Bytes())
	}
}

func (d *docWriter) field(name string, v any) {
	d.name(name)
	d.value(v, "  ")
}

func (d *docWriter) leaks(name string, leaks []journal.Leak) {
	d.name(name)
	d.raw("[")
	for i := range leaks {
		if i > 0 {
			d.raw(",")
		}
		d.raw("\n    ")
		d.value(newLeak(&leaks[i]), "    ")
	}
	if len(leaks) > 0 {
		d.raw("\n  ")
	}
	d.raw("]")
}

// encode is json.Marshal that leaves <, > and & as they are and writes
// characters that would move or hide text on a terminal as \uNNNN: the value
// is the same, and printing it is harmless.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	raw := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if isClean(string(raw)) {
		return raw, nil
	}
	var out bytes.Buffer
	for _, r := range string(raw) {
		switch {
		case printable(r):
			out.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return out.Bytes(), nil
}

// text returns s with every byte that is not UTF-8, which JSON cannot hold,
// written as \xNN.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func texts(in []string) []string {
	var out []string
	for _, s := range in {
		out = append(out, text(s))
	}
	return out
}
