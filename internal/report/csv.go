package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"mislaid/internal/journal"
	"mislaid/verify"
)

// csvHeader names the columns of the CSV format: one row per place.
var csvHeader = [...]string{
	"severity", "verdict", "why_not", "code", "id", "account", "arn", "rule", "source", "container", "path",
	"line", "column", "offset", "positions", "kind", "fingerprint", "confidence", "author", "time", "audience",
	"heads_min", "heads_max", "since", "link", "version", "sha256", "verified_at", "leak_id",
	"state", "last_read", "suppressed_by", "suppressed_reason",
}

// writeCSV writes RFC 4180 with a header. Names are cleaned as for a terminal,
// and no cell can start a formula.
func writeCSV(w io.Writer, s *journal.Summary, o Options) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	err := c.Write(csvHeader[:])
	lists := [][]journal.Leak{s.Leaks, s.Placeholders}
	if o.ShowSuppressed {
		lists = append(lists, s.Suppressed)
	}
	for _, leaks := range lists {
		for i := range leaks {
			for j := range leaks[i].Places {
				if err == nil {
					err = c.Write(csvRow(&leaks[i], &leaks[i].Places[j]))
				}
			}
		}
	}
	c.Flush()
	if err == nil {
		err = c.Error()
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func csvRow(l *journal.Leak, p *journal.Place) []string {
	var first journal.Position
	if len(p.Positions) > 0 {
		first = p.Positions[0]
	}
	v := verdictOf(l, p)
	audience, since, headsMin, headsMax := "not resolved", "", "", ""
	if a := p.Audience; a != nil {
		audience, since = reachWords(a.Now), stamp(a.Since)
		headsMin = strconv.Itoa(a.Heads.Min)
		if a.Heads.Max >= 0 {
			headsMax = strconv.Itoa(a.Heads.Max)
		}
	}
	var hidden journal.Suppression
	if p.Suppressed != nil {
		hidden = *p.Suppressed
	}
	row := []string{
		l.Severity.String(), string(v.State), v.Why, v.Code, l.KeyID, l.Account, v.ARN, l.Rule,
		p.Ref.Source, p.Ref.Container, whole(p.Path, p.Inner),
		number(int64(first.Line)), number(int64(first.Column)), strconv.FormatInt(first.Offset, 10), strconv.Itoa(p.Total),
		string(p.Kind), string(p.Fingerprint), string(p.Confidence), p.Author, stamp(p.ModTime), audience,
		headsMin, headsMax, since, p.Link, p.Version, p.SHA256, stamp(v.Time), l.ID,
		string(p.State), stamp(p.Found), hidden.By, hidden.Reason,
	}
	for i := range row {
		row[i] = cell(row[i])
	}
	return row
}

// verdictOf is the verdict of the credential at a place; the leak's own for a
// key id beside other credentials.
func verdictOf(l *journal.Leak, p *journal.Place) verify.Verdict {
	for _, c := range l.Credentials {
		if c.Kind == p.Kind && c.Fingerprint == p.Fingerprint {
			return c.Verdict
		}
	}
	return l.Verdict
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// cell makes a value safe in a spreadsheet: a cell that begins like a formula,
// also in the wide forms that some programs take for the same, gets a leading
// apostrophe.
func cell(s string) string {
	s = Clean(s)
	if t := strings.TrimLeft(s, " \u3000"); t != "" && strings.ContainsAny(firstRune(t), "=+-@＝＋－＠") {
		return "'" + s
	}
	return s
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
